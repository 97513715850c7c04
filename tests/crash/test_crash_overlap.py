"""Two runs of one project: the second leaves at once, or waits; a dead one is in nobody's way."""

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
    """A project of its own."""
    return fresh.copy(tmp_path / "project")


@pytest.fixture
def frozen(trial: Trial) -> Iterator[Process]:
    """A run in the middle of its work, which SIGCONT lets go on."""
    process = trial.start("apply")
    assert process.stderr is not None
    assert any("plan: import" in line for line in process.stderr)
    process.send_signal(signal.SIGSTOP)
    yield process
    process.kill()
    ended(process)


def test_a_second_run_leaves_at_once_and_names_the_first(frozen: Process, trial: Trial) -> None:
    """Never two at once; who is at work, since when, and what to do are in the message."""
    second = trial.apply(fresh=True)
    assert second.code == LOCKED
    for words in ("mtc apply -m mtc.yaml", f"pid {frozen.pid}", "since 20", "--wait"):
        assert words in second.err, second.err
    assert "Traceback" not in second.err


def test_looking_needs_no_lock(frozen: Process, trial: Trial) -> None:
    """Plans and calendars are for everybody, also while a run is at work."""
    for command in (("plan",), ("status", "--offline"), ("state", "list")):
        looked = trial.mtc(*command)
        assert looked.code == 0
        assert looked.err.startswith("note: another run is active: ") or (command[0] != "plan" and not looked.err)
        assert "docs" in looked.out
    assert frozen.poll() is None


def test_a_second_run_waits_as_long_as_it_is_told(frozen: Process, trial: Trial, whole: State) -> None:
    """It says whom it waits for; when the first is done it has its turn, and nothing to do."""
    impatient = trial.mtc("apply", "--wait", "1s")
    assert impatient.code == LOCKED
    second = trial.start("apply", "--wait", "60s")
    assert second.stderr is not None
    assert f"pid {frozen.pid}" in second.stderr.readline()
    frozen.send_signal(signal.SIGCONT)
    assert ended(frozen).code == 0
    assert has_nothing_to_do(ended(second))
    is_whole(trial, whole)


def test_a_killed_owner_of_the_lock_needs_no_clean_up(frozen: Process, trial: Trial, whole: State) -> None:
    """The lock goes with the process; what it wrote into the file stops nobody."""
    frozen.kill()
    ended(frozen)
    assert str(frozen.pid) in (trial.root / ".mtc" / "state.db.lock").read_text()
    completes(trial, whole)
