"""Two runs of one project: the second fails at once or waits, and a dead one does not block it."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from endstate import State
from prefork import Process
from trial import Trial, ended
from verdict import completes, has_nothing_to_do, is_whole

LOCKED = 75


@pytest.fixture
def trial(fresh: Trial, tmp_path: Path) -> Trial:
    """A copy of the project."""
    return fresh.copy(tmp_path / "project")


@pytest.fixture
def frozen(trial: Trial) -> Iterator[Process]:
    """A run stopped by SIGSTOP in the middle of its work, which SIGCONT continues."""
    process = trial.start("apply")
    assert process.stderr is not None
    assert any("plan: import" in line for line in process.stderr)
    process.send_signal(signal.SIGSTOP)
    yield process
    process.kill()
    ended(process)


def test_a_second_run_fails_at_once_and_reports_the_first(frozen: Process, trial: Trial) -> None:
    """The error gives the command, process id and start time of the first run, and the option to wait."""
    second = trial.apply(fresh=True)
    assert second.code == LOCKED
    for words in ("mtc apply -m mtc.yaml", f"pid {frozen.pid}", "since 20", "--wait"):
        assert words in second.err, second.err
    assert "Traceback" not in second.err


def test_read_only_commands_need_no_lock(frozen: Process, trial: Trial) -> None:
    """`plan`, `status` and `state list` work while a run is active."""
    for command in (("plan",), ("status", "--offline"), ("state", "list")):
        looked = trial.mtc(*command)
        assert looked.code == 0
        assert looked.err.startswith("note: another run is active: ") or (command[0] != "plan" and not looked.err)
        assert "docs" in looked.out
    assert frozen.poll() is None


def test_a_second_run_waits_as_long_as_requested(frozen: Process, trial: Trial, whole: State) -> None:
    """With `--wait` the second run names the first, waits for its end, and then has nothing to do."""
    impatient = trial.mtc("apply", "--wait", "1s")
    assert impatient.code == LOCKED
    second = trial.start("apply", "--wait", "60s")
    assert second.stderr is not None
    assert f"pid {frozen.pid}" in second.stderr.readline()
    frozen.send_signal(signal.SIGCONT)
    assert ended(frozen).code == 0
    assert has_nothing_to_do(ended(second))
    is_whole(trial, whole)


def test_the_lock_of_a_killed_run_is_released(frozen: Process, trial: Trial, whole: State) -> None:
    """The lock ends with its process; the text in the lock file blocks nobody."""
    frozen.kill()
    ended(frozen)
    assert str(frozen.pid) in (trial.root / ".mtc" / "state.db.lock").read_text()
    completes(trial, whole)
