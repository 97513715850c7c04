"""The exit codes of DESIGN §8, each from a real process."""

import os
import signal
import sqlite3

import pytest
from e2e_project import DAY, MANIFEST, Place
from lock_lookers import lookers

from mtc.state.lock import RunLock

STATE = ".mtc/state.db"


def test_0_when_done_and_when_there_is_nothing_to_do(full: Place) -> None:
    """Both are well; the second run says so."""
    assert "finished: 12 done" in full.mtc("apply").err
    assert full.mtc("apply").err.count("nothing to do") == 3
    full.mtc("plan", "--exit-code")


def test_1_for_a_bug_with_a_log_file_that_is_named(full: Place) -> None:
    """Something that nobody foresaw (here a broken installation): one line, a private log, and no step is lost."""
    full.write("broken/duckdb.py", "raise RuntimeError('no such luck')\n")
    full.manifest(MANIFEST.replace("retries: 0", "retries: 3"))
    path = os.pathsep.join([str(full.root / "broken"), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = full.mtc("apply", "-q", code=1, PYTHONPATH=path)
    [log] = (full.root / ".mtc").glob("crash-*.log")
    assert f"ERROR RuntimeError: the details are in {log}" in done.lines
    assert "this is a bug in mtc" in done.lines[-1]
    assert "Traceback" not in done.err
    assert "no such luck" in log.read_text("utf-8")
    assert log.stat().st_mode & 0o077 == 0
    assert full.statuses()["import:docs:2026-05-01"] == "failed"
    full.mtc("apply", "-q")


@pytest.mark.parametrize(
    "arguments",
    [
        ("apply", "nosuch.yaml"),
        ("aply",),
        ("apply", "--stage", "imprt"),
        ("apply", "--date", "2026-02-30"),
        ("import", "docs"),
        ("import", "dosc", "2026-05-01"),
        ("plan", "--env", "stagin"),
        ("why", "import:docs"),
        ("state", "show", "import:docs:2020-01-01"),
        ("validate", "nosuch"),
        (),
    ],
    ids=" ".join,
)
def test_2_for_usage_and_invalid_manifests(place: Place, arguments: tuple[str, ...]) -> None:
    """Nothing was done, and nothing is left behind."""
    done = place.mtc(*arguments, code=2)
    assert done.err or not arguments
    assert place.files() == {"manifests/daily.yaml"}


def test_3_when_a_step_failed_and_what_needs_it_is_blocked(full: Place) -> None:
    """The other site is done all the same."""
    full.log("docs", DAY, "no log at all\n")
    done = full.mtc("apply", code=3)
    assert "not finished: 9 done, 1 failed, 2 blocked" in done.err
    assert done.lines[-1].startswith("  next: `mtc why import:docs:2026-05-01`")
    full.mtc("plan", "--exit-code", code=4)


def test_3_when_a_source_cannot_be_listed(place: Place) -> None:
    """Blocked alone is as bad; and no plan calls it well when it is asked for a code."""
    assert "12 blocked" in place.mtc("apply", code=3).err
    place.mtc("plan", code=0)
    place.mtc("plan", "--exit-code", code=3)


def test_4_when_there_is_work_and_only_when_asked(full: Place) -> None:
    """`plan` alone ends with 0."""
    full.mtc("plan", code=0)
    full.mtc("plan", "--exit-code", code=4)


def test_6_for_a_damaged_state_file(full: Place) -> None:
    """It is neither overwritten nor taken for an empty one."""
    full.write(STATE, "this is no database, and longer than a header of SQLite " * 50)
    before = full.content(".mtc")
    for command in (("apply",), ("plan",), ("status",), ("state", "list")):
        done = full.mtc(*command, code=6)
        assert done.lines[0].startswith("ERROR ")
        assert STATE in done.err
    assert full.content(".mtc")[STATE] == before[STATE]


def test_6_for_a_state_file_of_a_newer_mtc(full: Place) -> None:
    """An older mtc does not write what it does not understand."""
    full.mtc("apply", "-q", "--site", "docs", "--date", "2026-05-01")
    with sqlite3.connect(full.root / STATE) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    assert "newer" in full.mtc("apply", code=6).err
    assert "newer" in full.mtc("plan", code=6).err


def test_75_when_another_run_is_at_work(full: Place) -> None:
    """At once, with the name of who holds the lock; looking is still possible."""
    with RunLock.acquire(full.root / STATE, "mtc apply nightly.yaml"):
        done = full.mtc("apply", "-q", code=75)
        assert f"another run is active: `mtc apply nightly.yaml` (pid {os.getpid()} on" in done.err
        assert "--wait" in done.err
        full.mtc("apply", "--wait", "1s", code=75)
        full.mtc("state", "list")
        full.mtc("plan", "--exit-code", code=4)
    full.mtc("apply", "-q", "--date", "2026-05-01", "--site", "docs")


def test_looking_never_makes_a_run_end_with_75(full: Place) -> None:
    """Plans, status, doctor and verify look who is at work; a run that begins in that moment begins."""
    with RunLock.acquire(full.root / STATE, "mtc apply") as lock:
        name = lock.path.read_text()
    lock.path.write_text(name)  # as a killed run leaves it
    with lookers(full.root / STATE, 1):
        for _ in range(3):
            full.mtc("apply", "-q", "--site", "docs", "--date", "2026-05-01")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_130_and_143_when_interrupted_and_the_same_command_goes_on(full: Place, number: signal.Signals) -> None:
    """What was done stays done: the second run does the rest and no more."""
    process = full.start("apply")
    assert process.stderr is not None
    for said in process.stderr:
        if said.startswith("done    import"):
            process.send_signal(number)
            break
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "run the same command to continue" in rest.splitlines()[-1]
    again = full.mtc("apply", "--json").events("StepFinished")
    imports = [event for event in again if event["step"].startswith("import:")]
    assert len(imports) < 4
    assert set(full.statuses().values()) == {"done"}


def test_a_reader_that_has_seen_enough_is_no_error(full: Place) -> None:
    """`mtc plan | head -1` ends well, with nothing on stderr."""
    process = full.start("state", "export")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process:
        assert process.stderr.read() == ""
    assert process.returncode == 0
