"""The records of runs."""

import datetime as dt
import json
import os
from pathlib import Path

import pytest

from mtc.core.errors import StateError
from mtc.core.model import Stage, Status, StepId, Verdict
from mtc.state.run_records import RunRecord, StepOutcome, run_id, write_record

AT = dt.datetime(2026, 5, 2, 6, tzinfo=dt.UTC)
STEP = StepId(Stage.IMPORT, "docs", dt.date(2026, 5, 1))


def record(run: str) -> RunRecord:
    outcome = StepOutcome(STEP, Status.FAILED, Verdict.NEW, 1.25, 3, {"hits": 7.0}, "no such host \x1b[2J caf\udce9")
    return RunRecord(run, "daily", "mtc apply", AT, AT, 3, {"failed": 1}, (outcome,), ("disk lost",))


def test_a_record_is_json_in_ascii(tmp_path: Path) -> None:
    """Machines read it; nothing in it steers a terminal, and only its owner can open it."""
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


def test_only_the_last_records_are_kept(tmp_path: Path) -> None:
    """The oldest go; the one just written stays, also when its time is the oldest."""
    for number in range(5):
        path = write_record(tmp_path, record(f"r{number}"), most=3)
        os.utime(path, (1000 + number, 1000 + number))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["r2.json", "r3.json", "r4.json"]
    for one in tmp_path.iterdir():
        os.utime(one, (1e10, 1e10))
    assert write_record(tmp_path, record("r9"), most=1).name == "r9.json"
    assert [one.name for one in tmp_path.iterdir()] == ["r9.json"]


def test_a_hundred_records_are_kept(tmp_path: Path) -> None:
    """So many runs can be looked back on."""
    for number in range(103):
        write_record(tmp_path, RunRecord(f"r{number}", "daily", "mtc apply", AT, AT, 0))
    assert len(list(tmp_path.iterdir())) == 100


def test_ids_of_runs_sort_by_time() -> None:
    """The name says when, in UTC, and two of one second differ."""
    paris = dt.timezone(dt.timedelta(hours=2))
    assert run_id(dt.datetime(2026, 5, 1, 12, tzinfo=paris), "ab12") == "20260501T100000Z-ab12"
    assert run_id(AT, "x") < run_id(AT + dt.timedelta(seconds=1), "a")


@pytest.mark.parametrize("name", ["../out", "", "a/b", ".hidden", "a" * 200])
def test_an_id_leads_no_path_out_of_the_folder(tmp_path: Path, name: str) -> None:
    """An id is a plain file name."""
    with pytest.raises(ValueError, match="not a run id"):
        write_record(tmp_path, record(name))


def test_what_cannot_be_written_is_explained(tmp_path: Path) -> None:
    """A file where the folder should be."""
    blocked = tmp_path / "runs"
    blocked.write_text("{}")
    with pytest.raises(StateError, match="cannot write the run record"):
        write_record(blocked, record("r1"))
