"""The exit codes of `mtc`, each from a real process."""

import os
import signal
import sqlite3

import pytest
from e2e_project import DAY, MANIFEST, Place
from lock_lookers import lookers

from mtc.state.lock import RunLock

STATE = ".mtc/state.db"


def test_0_when_done_and_when_nothing_is_to_do(full: Place) -> None:
    """A complete run and a run without work both end with 0."""
    assert "finished: 12 done" in full.mtc("apply").err
    assert full.mtc("apply").err.count("nothing to do") == 3
    full.mtc("plan", "--exit-code")


def test_1_for_a_bug_with_the_path_of_its_crash_log(full: Place) -> None:
    """An unexpected exception gives one line and a private crash log, and the next run completes the steps."""
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
    """Usage errors run nothing and create no file."""
    done = place.mtc(*arguments, code=2)
    assert done.err or not arguments
    assert place.files() == {"manifests/daily.yaml"}


def test_3_when_a_step_failed_and_its_dependants_are_blocked(full: Place) -> None:
    """A failed step blocks its dependants only; the other site is done."""
    full.log("docs", DAY, "no log at all\n")
    done = full.mtc("apply", code=3)
    assert "not finished: 9 done, 1 failed, 2 blocked" in done.err
    assert done.lines[-1].startswith("  next: `mtc why import:docs:2026-05-01`")
    full.mtc("plan", "--exit-code", code=4)


def test_3_when_a_source_cannot_be_listed(place: Place) -> None:
    """Blocked steps alone end `apply`, and `plan --exit-code`, with 3."""
    assert "12 blocked" in place.mtc("apply", code=3).err
    place.mtc("plan", code=0)
    place.mtc("plan", "--exit-code", code=3)


def test_4_when_there_is_work_with_exit_code_option(full: Place) -> None:
    """`plan` ends with 0, and with `--exit-code` with 4 if there is work."""
    full.mtc("plan", code=0)
    full.mtc("plan", "--exit-code", code=4)


def test_6_for_a_damaged_state_file(full: Place) -> None:
    """A damaged state file is reported by every command, and not overwritten."""
    full.write(STATE, "this is no database, and longer than a header of SQLite " * 50)
    before = full.content(".mtc")
    for command in (("apply",), ("plan",), ("status",), ("state", "list")):
        done = full.mtc(*command, code=6)
        assert done.lines[0].startswith("ERROR ")
        assert STATE in done.err
    assert full.content(".mtc")[STATE] == before[STATE]


def test_6_for_a_state_file_of_a_newer_mtc(full: Place) -> None:
    """A state file of a newer schema version is not opened."""
    full.mtc("apply", "-q", "--site", "docs", "--date", "2026-05-01")
    with sqlite3.connect(full.root / STATE) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    assert "newer" in full.mtc("apply", code=6).err
    assert "newer" in full.mtc("plan", code=6).err


def test_75_when_another_run_is_active(full: Place) -> None:
    """A second run fails at once with the owner of the lock; read-only commands work."""
    with RunLock.acquire(full.root / STATE, "mtc apply nightly.yaml"):
        done = full.mtc("apply", "-q", code=75)
        assert f"another run is active: `mtc apply nightly.yaml` (pid {os.getpid()} on" in done.err
        assert "--wait" in done.err
        full.mtc("apply", "--wait", "1s", code=75)
        full.mtc("state", "list")
        full.mtc("plan", "--exit-code", code=4)
    full.mtc("apply", "-q", "--date", "2026-05-01", "--site", "docs")


def test_read_only_commands_never_make_a_run_end_with_75(full: Place) -> None:
    """Commands that check the lock never block a run that starts at the same moment."""
    with RunLock.acquire(full.root / STATE, "mtc apply") as lock:
        name = lock.path.read_text()
    lock.path.write_text(name)  # as after a killed run
    with lookers(full.root / STATE, 1):
        for _ in range(3):
            full.mtc("apply", "-q", "--site", "docs", "--date", "2026-05-01")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_130_and_143_when_interrupted_and_the_same_command_continues(full: Place, number: signal.Signals) -> None:
    """Completed steps are kept, and the second run does only the rest."""
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


def test_a_closed_pipe_is_not_an_error(full: Place) -> None:
    """A closed pipe, as with `mtc plan | head -1`, ends with 0 and an empty stderr."""
    process = full.start("state", "export")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process:
        assert process.stderr.read() == ""
    assert process.returncode == 0
