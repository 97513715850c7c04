"""A state file of mtc 0.2.0 opens unchanged, and no step that it records as done is run again.

`state-0.2.0.sql` is the dump of a file that mtc 0.2.0 wrote in the project below, and `state-0.2.0.jsonl` is the output
of its `mtc state export`. The server's answers came from the fake Matomo.
"""

import io
import json
import os
import sqlite3
from pathlib import Path

import pytest
from applied import AGENT, Applied

from mtc.core.deliveries import DeliveryStatus
from mtc.core.model import StepId, Verdict
from mtc.plan.work import ImportWork
from mtc.state.store import Store

DATA = Path(__file__).parents[1] / "data"
VERSION = "0.2.0"
WRITTEN = 1_780_000_000_000_000_000  # ns: the modification time of the logs, which is part of their versions

MANIFEST = """\
version: 1
dates: {from: 2026-05-01, to: 2026-05-02}
source: {url: "logs/{site}/{date:%Y-%m-%d}*.log", duplicates: skip}
matomo: {url: "http://127.0.0.1:18765", token: "${TOKEN}", settle: 1s}
run: {jobs: 1, retries: 0}
sites:
  docs:
    url: "https://docs.example.org"
    matomo_id: 1
    archive: {url: "archive/{site}/{date:%Y/%m/%d}/{name}"}
  shop: {matomo: false, timezone: Europe/Paris}
  blog: {matomo: false}
"""
LOGS = {
    "docs/2026-05-01.log": (
        ("01/May/2026:10:00:00", "/"),
        ("01/May/2026:10:00:07", "/a"),
        ("02/May/2026:00:00:01", "/b"),
    ),
    "docs/2026-05-02.log": (("02/May/2026:09:30:00", "/"), ("02/May/2026:23:59:59", "/c")),
    "docs/2026-05-02-copy.log": (("02/May/2026:09:30:00", "/"), ("02/May/2026:23:59:59", "/c")),
    "shop/2026-05-01.log": (("01/May/2026:12:00:00", "/sh\xc3\xb6p"),),
    "shop/2026-05-02.log": (("02/May/2026:12:00:00", "/"), ("02/May/2026:12:00:01", "/style.css")),
}
FAILED = StepId.parse("import:blog:2026-05-01")


@pytest.fixture
def applied(tmp_path: Path) -> Applied:
    """The project with its logs and the state file, and output files of the recorded sizes."""
    applied = Applied(tmp_path, {"TOKEN": "0" * 32})
    (tmp_path / "mtc.yaml").write_text(MANIFEST)
    for key, hits in LOGS.items():
        _write_log(applied, key, "".join(_line(*hit) for hit in hits))
    _write_log(applied, "blog/2026-05-01.log", "no log at all\n" * 9)
    (tmp_path / ".mtc").mkdir()
    _state_file(tmp_path / ".mtc" / "state.db")
    _write_outputs(tmp_path)
    return applied


def _line(time: str, path: str) -> str:
    return f'192.0.2.1 - - [{time} +0000] "GET {path} HTTP/1.1" 200 100 "-" "{AGENT}"\n'


def _write_log(applied: Applied, key: str, text: str) -> None:
    os.utime(applied.log(key, text.encode("latin-1")), ns=(WRITTEN, WRITTEN))


def _state_file(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript((DATA / f"state-{VERSION}.sql").read_text("utf-8"))
    connection.close()


def _write_outputs(root: Path) -> None:
    with Store.open(root / ".mtc" / "state.db", readonly=True) as store:
        outputs = [*store.csv_outputs(), *(output for record in store.list_steps() for output in record.outputs)]
        sizes = {root / output.path: output.size for output in outputs}
        sizes |= {root / "warehouse" / file: 1 for file in store.listed_files()}
    for path, size in sizes.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)


def _values(path: Path) -> dict[str, list[dict[str, object]]]:
    """Return the rows of every table, without NULL values."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}
        return {
            name: [{key: row[key] for key in row.keys() if row[key] is not None} for row in found]  # noqa: SIM118
            for name, found in rows.items()
        }
    finally:
        connection.close()


def test_older_rows_stay_unchanged(applied: Applied) -> None:
    """Opening for writing keeps every row; new columns are NULL and new tables are empty."""
    path = applied.root / ".mtc" / "state.db"
    before = _values(path)
    Store.open(path).close()
    assert _values(path) == before


@pytest.mark.parametrize("readonly", [True, False])
def test_the_export_equals_that_of_the_older_version(applied: Applied, *, readonly: bool) -> None:
    """The export equals the older one, except for the schema version and the new fields, which are null."""
    stream = io.StringIO()
    with Store.open(applied.root / ".mtc" / "state.db", readonly=readonly) as store:
        store.export(stream)
    written = [json.loads(line) for line in (DATA / f"state-{VERSION}.jsonl").read_text("utf-8").splitlines()]
    exported = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert exported[0].pop("version") > written[0].pop("version")
    assert {item.pop("slice") for item in exported if item["kind"] == "object"} == {None}
    assert exported == written


def test_steps_done_by_the_older_version_are_up_to_date(applied: Applied) -> None:
    """Current fingerprints equal the recorded ones; only the failed step and its dependants are to run."""
    verdicts = {planned.step: planned.verdict for planned in applied.plan().steps}
    assert len(verdicts) == 18
    assert verdicts.pop(FAILED) is Verdict.FAILED
    waiting = [verdicts.pop(StepId.parse(f"{stage}:blog:2026-05-01")) for stage in ("stat", "csv")]
    assert waiting == [Verdict.NEW, Verdict.NEW]
    assert set(verdicts.values()) == {Verdict.UP_TO_DATE}


def test_only_the_tail_of_a_grown_log_is_planned(applied: Applied) -> None:
    """Only the tail of a grown log is planned, whether or not it was delivered to Matomo."""
    for name in ("docs", "shop"):
        log = applied.root / "logs" / name / "2026-05-01.log"
        _write_log(
            applied,
            f"{name}/2026-05-01.log",
            log.read_bytes().decode("latin-1") + _line("01/May/2026:20:00:00", "/new"),
        )
    planned = {step.step: step for step in applied.plan().steps if step.verdict is not Verdict.UP_TO_DATE}
    for name in ("docs", "shop"):
        step = planned[StepId.parse(f"import:{name}:2026-05-01")]
        assert step.verdict is Verdict.GROWN
        assert isinstance(step.work, ImportWork)
        [new] = step.work.load
        assert new.size == len(_line("01/May/2026:20:00:00", "/new"))


def test_older_deliveries_and_runs_are_read(applied: Applied) -> None:
    """Recorded deliveries, exit codes of runs and outcomes of attempts are read."""
    with Store.open(applied.root / ".mtc" / "state.db", readonly=True) as store:
        history, runs = store.history(["docs"]), store.runs()
        attempts = store.attempts(FAILED)
    sent = {
        str(step): [(one.number, one.hits, one.status) for one in made] for step, made in history.deliveries.items()
    }
    assert sent == {
        "import:docs:2026-05-01": [(1, 3, DeliveryStatus.DONE)],
        "import:docs:2026-05-02": [(1, 2, DeliveryStatus.DONE)],
    }
    assert [run.exit_code for run in runs] == [3, 3]
    assert [attempt.outcome for attempt in attempts] == ["failed", "failed"]
