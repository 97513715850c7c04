"""Signals end a run soon, with how to continue and without incomplete files, and the next run completes it."""

import signal
from pathlib import Path

import pytest
from endstate import State, leftovers
from prefork import Process
from trial import Trial, ended
from verdict import completes

from mtc.state.lock import RunLock

HOW_TO_CONTINUE = "run the same command to continue"


def read_until(process: Process, words: str) -> list[str]:
    """Wait until a process writes some words; return all lines up to then."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if words in line:
            return said
    pytest.fail(f"never said {words!r}, but: {''.join(said)}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", ["plan: import", "done    import", "plan: stat"])
def test_an_interrupted_run_says_how_to_continue(
    number: signal.Signals, moment: str, fresh: Trial, whole: State, tmp_path: Path
) -> None:
    """The current step is finished or rolled back, and the same command completes the rest."""
    trial = fresh.copy(tmp_path / "project")
    process = trial.start("apply")
    read_until(process, moment)
    process.send_signal(number)
    stopped = ended(process)
    assert stopped.code == 128 + number
    assert HOW_TO_CONTINUE in stopped.last, stopped.err
    assert leftovers(trial.root) == []
    completes(trial, whole)


def test_a_second_signal_ends_a_run_at_once(fresh: Trial, whole: State, tmp_path: Path) -> None:
    """A second signal ends the run with its own exit code and without a summary, and loses nothing."""
    trial = fresh.copy(tmp_path / "project")
    process = trial.start("apply", fresh=True)
    read_until(process, "plan: import")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    stopped = ended(process)
    assert stopped.code == 128 + signal.SIGTERM
    assert HOW_TO_CONTINUE not in stopped.err
    completes(trial, whole)


def test_a_waiting_run_can_be_interrupted(fresh: Trial, tmp_path: Path) -> None:
    """A run that waits for the lock ends on a signal at once."""
    trial = fresh.copy(tmp_path / "project")
    with RunLock.acquire(trial.root / ".mtc" / "state.db", "mtc apply nightly.yaml"):
        process = trial.start("apply", "--wait", "10m")
        read_until(process, "waiting for")
        process.send_signal(signal.SIGTERM)
        stopped = ended(process)
    assert stopped.code == 128 + signal.SIGTERM
    assert HOW_TO_CONTINUE in stopped.err
    assert "Traceback" not in stopped.err
