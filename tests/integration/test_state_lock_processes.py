"""The run lock between real processes, including killed ones."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lock_lookers import lookers

from mtc.core.errors import LockedError
from mtc.state.lock import Owner, RunLock, owner_at_work

OWNER = """
import sys, time
from pathlib import Path
from mtc.state.lock import RunLock
lock = RunLock.acquire(Path(sys.argv[1]), "mtc apply " + sys.argv[2])
print("locked", flush=True)
{then}
"""


@contextlib.contextmanager
def owner(state: Path, name: str = "one", then: str = "time.sleep(60)") -> Iterator[subprocess.Popen[str]]:
    """Start a process that holds the lock."""
    command = [sys.executable, "-c", OWNER.format(then=then), str(state), name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "locked\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The path of a state file that does not exist yet."""
    return tmp_path / ".mtc" / "state.db"


def test_the_run_of_another_process_is_reported(state: Path) -> None:
    """A second run fails with the command and the process id of the first."""
    with owner(state) as process, pytest.raises(LockedError, match=rf"`mtc apply one` \(pid {process.pid} on "):
        RunLock.acquire(state, "mtc apply two")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_of_a_dead_process_is_released(state: Path, number: signal.Signals) -> None:
    """The kernel releases the lock of a dead process, whatever signal killed it."""
    with owner(state) as process:
        process.send_signal(number)
        process.wait()
        with RunLock.acquire(state, "mtc apply two") as lock:
            assert "mtc apply two" in lock.path.read_text()


def test_a_waiting_run_continues_when_the_other_is_killed(state: Path) -> None:
    """A waiting run continues soon after the other is killed, and not only at its deadline."""
    waited: list[Owner | None] = []
    with owner(state) as process:

        def kill(seconds: float) -> None:
            process.kill()
            time.sleep(min(seconds, 0.05))

        begun = time.monotonic()
        with RunLock.acquire(state, "mtc apply two", wait=300, sleep=kill, on_wait=waited.append):
            assert time.monotonic() - begun < 60
    assert [one.command for one in waited if one] == ["mtc apply one"]


def test_a_program_started_by_the_owner_does_not_hold_the_lock(state: Path) -> None:
    """The lock file is closed on exec, so a surviving child program does not hold the lock."""
    then = "import subprocess; child = subprocess.Popen(['sleep', '60'], stdout=-3, close_fds=False)"
    with owner(state, then=f"{then}; print(child.pid, flush=True); time.sleep(60)") as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        try:
            process.kill()
            process.wait()
            RunLock.acquire(state, "mtc apply two").release()
        finally:
            os.kill(child, signal.SIGKILL)


def test_only_one_of_many_processes_holds_the_lock_at_a_time(state: Path) -> None:
    """Processes that increment a counter under the lock lose no increment."""
    state.parent.mkdir()
    counter = state.with_name("counter")
    counter.write_text("0")
    script = (
        "import sys\nfrom pathlib import Path\nfrom mtc.state.lock import RunLock\nimport time\n"
        "state, counter = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "for _ in range(25):\n"
        "    with RunLock.acquire(state, 'mtc', wait=60, sleep=lambda s: time.sleep(0.001)):\n"
        "        counter.write_text(str(int(counter.read_text()) + 1))\n"
    )
    command = [sys.executable, "-c", script, str(state), str(counter)]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert counter.read_text() == "75"


def test_workers_that_outlive_their_run_hold_the_lock(state: Path) -> None:
    """Forked workers share the lock, so it is held until the last of them ends."""
    then = "import os; child = os.fork(); child and print(child, flush=True); time.sleep(60)"
    with owner(state, then=then) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        try:
            process.kill()
            process.wait()
            found = owner_at_work(state)
            assert found is not None
            assert found.pid == process.pid
        finally:
            os.kill(child, signal.SIGKILL)
    with RunLock.acquire(state, "mtc apply two", wait=60):  # until the worker has ended
        pass
    assert owner_at_work(state) is None


def test_checking_the_lock_never_blocks_a_run(state: Path) -> None:
    """While other processes check the lock, a run gets a free lock at once, and no two runs hold it."""
    RunLock.acquire(state, "before").release()
    with lookers(state):
        for number in range(1_000):
            with RunLock.acquire(state, f"mtc apply {number}"):
                found = owner_at_work(state)
                assert found is not None
                assert found.command == f"mtc apply {number}"
                if number % 100 == 0:
                    with pytest.raises(LockedError):
                        RunLock.acquire(state, "another")
            assert owner_at_work(state) is None
