"""Ctrl-C and SIGTERM: a run ends soon, says how to go on, leaves nothing half-made, and is completed by the next."""

import signal
from pathlib import Path

import pytest
from endstate import State, leftovers
from prefork import Process
from trial import Trial, ended
from verdict import completes

from mtc.state.lock import RunLock

HOW_TO_GO_ON = "run the same command to continue"


def heard(process: Process, words: str) -> list[str]:
    """Wait until a process says something; gives all that it has said by then."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if words in line:
            return said
    pytest.fail(f"never said {words!r}, but: {''.join(said)}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", ["plan: import", "done    import", "plan: stat"])
def test_a_run_that_is_asked_to_stop_says_how_to_go_on(
    number: signal.Signals, moment: str, fresh: Trial, whole: State, tmp_path: Path
) -> None:
    """What was under way is finished or taken back; the same command completes the rest."""
    trial = fresh.copy(tmp_path / "project")
    process = trial.start("apply")
    heard(process, moment)
    process.send_signal(number)
    stopped = ended(process)
    assert stopped.code == 128 + number
    assert HOW_TO_GO_ON in stopped.last, stopped.err
    assert leftovers(trial.root) == []
    completes(trial, whole)


def test_a_second_signal_ends_a_run_at_once(fresh: Trial, whole: State, tmp_path: Path) -> None:
    """Who cannot wait for a safe point loses nothing: the exit code is the second signal's, and no recap is told."""
    trial = fresh.copy(tmp_path / "project")
    process = trial.start("apply", fresh=True)
    heard(process, "plan: import")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    stopped = ended(process)
    assert stopped.code == 128 + signal.SIGTERM
    assert HOW_TO_GO_ON not in stopped.err
    completes(trial, whole)


def test_a_run_that_waits_for_another_can_be_stopped(fresh: Trial, tmp_path: Path) -> None:
    """Waiting is no safe point that one must wait for."""
    trial = fresh.copy(tmp_path / "project")
    with RunLock.acquire(trial.root / ".mtc" / "state.db", "mtc apply nightly.yaml"):
        process = trial.start("apply", "--wait", "10m")
        heard(process, "waiting for")
        process.send_signal(signal.SIGTERM)
        stopped = ended(process)
    assert stopped.code == 128 + signal.SIGTERM
    assert HOW_TO_GO_ON in stopped.err
    assert "Traceback" not in stopped.err
