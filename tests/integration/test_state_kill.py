"""A state file whose writer is killed at any moment: it holds the state before a transition or after it.

This file is also the writer: `python test_state_kill.py write|create PATH`.
"""

import contextlib
import datetime as dt
import itertools
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from mtc.core.model import Accounting, LoadedObject, Part, Receipt, SourceObject, Stage, Status, StepId
from mtc.core.records import StepRecord
from mtc.state.rows import StepResult
from mtc.state.store import Store

AT = dt.datetime(2026, 5, 2, 6, tzinfo=dt.UTC)
FIRST = dt.date(1900, 1, 1)
ROUNDS = 12
LINES = Accounting(3, 3)


def step_number(number: int) -> StepId:
    return StepId(Stage.IMPORT, "docs", FIRST + dt.timedelta(number))


def object_of(step: StepId, version: int) -> LoadedObject:
    """Return an object with three parts, all of one version."""
    parts = tuple(Part("docs", step.day, f"{step.day}-{version}-{piece}", f"o{version}", 1) for piece in range(3))
    return LoadedObject(SourceObject("a.log", 9, f"e{version}"), f"o{version}", "c", "combined", LINES, parts)


def write(path: Path) -> None:
    """Import one day after another, each twice in separate transactions, and print each number once it is recorded."""
    with Store.open(path) as store:
        store.close_killed(AT)
        begun = len(store.runs(most=-1))
        store.begin_run(f"r{begun}", manifest="daily", command="mtc apply", at=AT)
        done = {record.step for record in store.list_steps() if record.status is Status.DONE}
        for number in itertools.count():
            step = step_number(number)
            if step not in done:
                import_day(store, step, f"r{begun}")
                say(number)


def say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def import_day(store: Store, step: StepId, run: str) -> None:
    store.step_started(step, run=run, attempt=1, at=AT)
    store.object_loaded(step, object_of(step, 1))
    store.object_loaded(step, object_of(step, 2))
    store.object_archived(step, "a.log", "s3://archive/a.log")
    store.steps_done((StepResult(Receipt(step, Status.DONE), f"f-{step}"),), at=AT)


def create(folder: Path) -> None:
    """Create one state file after another."""
    for number in itertools.count():
        Store.open(folder / f"{number}.db").close()
        say(number)


def numbers_before_kill(do: str, path: Path, seconds: float) -> list[int]:
    """Run a child process for some time after its first line, kill it, and return the numbers that it printed."""
    with subprocess.Popen([sys.executable, __file__, do, str(path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(seconds)
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read()
    assert child.returncode == -signal.SIGKILL
    return [int(line) for line in (first + rest).splitlines(keepends=True) if line.endswith("\n")]


def assert_consistent(record: StepRecord, objects: tuple[LoadedObject, ...]) -> None:
    """Assert that a step's objects belong to one transaction, and that a done step has them all."""
    for one in objects:
        assert len(one.parts) == 3
        assert {part.object_id for part in one.parts} == {one.object_id}
    if record.status is Status.DONE:
        assert [(one.object_id, one.archived) for one in objects] == [("o2", "s3://archive/a.log")]
        assert record.fingerprint == f"f-{record.step}"


def test_a_killed_writer_loses_no_recorded_step(tmp_path: Path) -> None:
    """After each kill, every acknowledged step is done, nothing is half recorded, and the next run continues."""
    path = tmp_path / "state.db"
    chance = random.Random(7)
    acknowledged: set[int] = set()
    for _ in range(ROUNDS):
        acknowledged.update(numbers_before_kill("write", path, chance.uniform(0, 0.12)))
        with Store.open(path, readonly=True) as reader:
            history = reader.history(["docs"])
        with Store.open(path) as store:
            store.check()
            assert len(store.open_runs()) == 1
        for step, record in history.steps.items():
            assert_consistent(record, history.objects.get(step, ()))
        done = {step for step, record in history.steps.items() if record.status is Status.DONE}
        assert {step_number(number) for number in acknowledged} <= done
        assert sum(record.status is Status.RUNNING for record in history.steps.values()) <= 1
    assert len(acknowledged) > ROUNDS


def test_a_killed_creation_leaves_no_incomplete_file(tmp_path: Path) -> None:
    """A killed creation leaves either a complete state file or none."""
    chance = random.Random(8)
    for number in range(6):
        folder = tmp_path / str(number)
        said = numbers_before_kill("create", folder, chance.uniform(0, 0.05))
        names = {path.name for path in folder.glob("[0-9]*.db")}
        assert {f"{one}.db" for one in said} <= names
        for name in names:
            with Store.open(folder / name, readonly=True) as store:
                assert len(store.lineage) == 32
        with Store.open(folder / f"{max(said) + 1}.db") as store:  # the file that was being created
            store.check()
        assert not list(folder.glob(f".{max(said) + 1}.db*")), "what the killed creation left is swept"


def test_concurrent_creations_make_one_file(tmp_path: Path) -> None:
    """Processes that create the same state file at once all get one file with one lineage."""
    path = tmp_path / "state.db"
    script = "import sys; from pathlib import Path; from mtc.state.store import Store\n"
    script += "with Store.open(Path(sys.argv[1])) as store: print(store.lineage)"
    command = [sys.executable, "-c", script, str(path)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    lineages = {child.communicate(timeout=60)[0] for child in children}
    assert len(lineages) == 1
    assert len(lineages.pop().strip()) == 32
    assert [one.name for one in tmp_path.iterdir()] == ["state.db"]


def test_a_reader_sees_whole_transactions_while_a_run_writes(tmp_path: Path) -> None:
    """A reader takes no lock, and sees the state between two transactions."""
    path = tmp_path / "state.db"
    with subprocess.Popen([sys.executable, __file__, "write", str(path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        seen = 0
        for _ in range(40):
            with Store.open(path, readonly=True) as reader:
                history = reader.history(["docs"])
            for step, record in history.steps.items():
                assert_consistent(record, history.objects.get(step, ()))
            assert len(history.steps) >= seen
            seen = len(history.steps)
        child.kill()
    assert seen > 1


def test_a_copied_write_ahead_log_is_read_without_its_shm_file(tmp_path: Path) -> None:
    """A copy of the state file and its write-ahead log, without the shared-memory file, can be read completely."""
    path = tmp_path / "state.db"
    said = numbers_before_kill("write", path, 0.05)
    copy = tmp_path / "copy" / "state.db"
    copy.parent.mkdir()
    for end in ("", "-wal"):
        copy.with_name(copy.name + end).write_bytes(path.with_name(path.name + end).read_bytes())
    with Store.open(copy, readonly=True) as reader, contextlib.closing(sqlite3.connect(path)):
        done = {record.step for record in reader.list_steps() if record.status is Status.DONE}
    assert {step_number(number) for number in said} <= done


if __name__ == "__main__":
    {"write": write, "create": create}[sys.argv[1]](Path(sys.argv[2]))
