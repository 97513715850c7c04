"""The records of runs."""

import datetime as dt
import json
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from mtc.core.errors import StateError
from mtc.core.model import Stage, Status, StepId, Verdict
from mtc.state.run_records import Retention, RunRecord, StepOutcome, run_id, write_record

AT = dt.datetime(2026, 5, 2, 6, tzinfo=dt.UTC)
STEP = StepId(Stage.IMPORT, "docs", dt.date(2026, 5, 1))


def record(run: str) -> RunRecord:
    outcome = StepOutcome(STEP, Status.FAILED, Verdict.NEW, 1.25, 3, {"hits": 7.0}, "no such host \x1b[2J caf\udce9")
    return RunRecord(run, "daily", "mtc apply", AT, AT, 3, {"failed": 1}, (outcome,), ("disk lost",))


def test_a_record_is_json_in_ascii(tmp_path: Path) -> None:
    """Programs read it; it contains no control characters, and only its owner can open it."""
    path = write_record(tmp_path / "runs", record("r1"))
    text = path.read_text()
    assert text.isascii()
    assert "\x1b" not in text
    at = AT.isoformat()
    assert json.loads(text) == {
        "version": 1, "run": "r1", "manifest": "daily", "command": "mtc apply", "started": at, "ended": at,
        "exit_code": 3, "counts": {"failed": 1}, "errors": ["disk lost"],
        "steps": [{
            "step": "import:docs:2026-05-01", "status": "failed", "verdict": "new", "seconds": 1.25, "attempts": 3,
            "figures": {"hits": 7.0}, "error": "no such host \x1b[2J caf\udce9",
        }],
    }  # fmt: skip
    assert path.stat().st_mode & 0o777 == 0o600


def write(folder: Path, ages: Iterable[float], retention: Retention, now: dt.datetime = AT) -> list[int]:
    """Write records of these ages in days, the oldest first, then a current one; return the numbers that are kept."""
    folder.mkdir(exist_ok=True)
    for number, age in enumerate(ages):
        path = folder / f"r{number}.json"
        path.write_text("x" * 100)
        os.utime(path, ((now - dt.timedelta(days=age)).timestamp(),) * 2)
    path = write_record(folder, RunRecord("now", "daily", "mtc apply", now, now, 0), retention=retention)
    assert path.exists()
    return sorted(int(one.stem[1:]) for one in folder.iterdir() if one != path)


def test_the_last_records_are_kept_whatever_their_age(tmp_path: Path) -> None:
    """A hundred records are three months of daily runs."""
    assert write(tmp_path, range(120, 0, -1), Retention()) == list(range(21, 120))


def test_records_of_the_last_days_are_kept_whatever_their_number(tmp_path: Path) -> None:
    """With a run every ten minutes a hundred records cover only 16 hours."""
    every_hour = [hours / 24 for hours in range(20 * 24, 0, -1)]
    assert write(tmp_path, every_hour, Retention()) == list(range(6 * 24, 20 * 24))


@pytest.mark.parametrize(
    ("retention", "kept"), [(Retention(3, 14, 6), 5), (Retention(3, 14, 99, 1000), 7), (Retention(5, 14, 99, 300), 4)]
)
def test_records_of_the_last_days_are_limited(tmp_path: Path, retention: Retention, kept: int) -> None:
    """Number and bytes are limited, including the new record; the minimum number has no limit."""
    ages = [number / 100 for number in range(20, 0, -1)]
    assert write(tmp_path, ages, retention) == list(range(20 - kept, 20))


def test_the_record_just_written_is_kept(tmp_path: Path) -> None:
    """The clock may have been set back, so that the others are in the future."""
    assert write(tmp_path, [-400.0, -300.0], Retention(1, 14, 1)) == []


def test_ids_of_runs_sort_by_time() -> None:
    """The name contains the time in UTC, and two ids of one second differ."""
    paris = dt.timezone(dt.timedelta(hours=2))
    assert run_id(dt.datetime(2026, 5, 1, 12, tzinfo=paris), "ab12") == "20260501T100000Z-ab12"
    assert run_id(AT, "x") < run_id(AT + dt.timedelta(seconds=1), "a")


@pytest.mark.parametrize("name", ["../out", "", "a/b", ".hidden", "a" * 200])
def test_an_id_leads_no_path_out_of_the_folder(tmp_path: Path, name: str) -> None:
    """An id is a plain file name."""
    with pytest.raises(ValueError, match="not a run id"):
        write_record(tmp_path, record(name))


def test_a_record_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    """A file is in place of the folder."""
    blocked = tmp_path / "runs"
    blocked.write_text("{}")
    with pytest.raises(StateError, match="cannot write the run record"):
        write_record(blocked, record("r1"))
