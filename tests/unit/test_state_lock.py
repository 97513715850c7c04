"""The lock within one process: what it writes, how it waits, what it says."""

import datetime as dt
import errno
import json
import os
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mtc.core.errors import LockedError, StateError
from mtc.state.lock import Owner, RunLock, _is_at, lock_path, no_lock, owner_at_work, read_owner

SINCE = dt.datetime(2026, 5, 2, 6, tzinfo=dt.UTC)
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
KERNEL = BOOT_ID.read_text().strip() if BOOT_ID.exists() else ""


@dataclass
class Sleeper:
    """Passes no time; records the pauses asked for, and may call something at the n-th of them."""

    slept: list[float] = field(default_factory=list)
    release_at: int = -1
    lock: RunLock | None = None

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.lock is not None and len(self.slept) == self.release_at:
            self.lock.release()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where a state file would be."""
    return tmp_path / ".mtc" / "state.db"


def test_the_owner_is_written_inside_for_people(state: Path) -> None:
    """Pid, host, command, since and the running system, in a private file beside the state."""
    with RunLock.acquire(state, "mtc apply daily.yaml", clock=lambda: SINCE) as lock:
        assert lock.path == state.with_name("state.db.lock")
        assert lock.path.stat().st_mode & 0o777 == 0o600
        fields = json.loads(lock.path.read_text())
        assert fields == {
            "pid": os.getpid(),
            "host": os.uname().nodename,
            "command": "mtc apply daily.yaml",
            "since": "2026-05-02T06:00:00+00:00",
            "kernel": KERNEL,
        }
        assert not os.get_inheritable(lock._handle), "a program that is started must not keep the lock"
    assert read_owner(state.with_name("state.db.lock")) is None, "nobody is named who has it no more"


def test_a_second_run_is_told_who_is_at_work(state: Path) -> None:
    """At once, with exit code 75 and how to wait."""
    with RunLock.acquire(state, "mtc apply", clock=lambda: SINCE), pytest.raises(LockedError) as caught:
        RunLock.acquire(state, "mtc stat")
    assert caught.value.exit_code == 75
    text = str(caught.value)
    assert f"`mtc apply` (pid {os.getpid()} on {os.uname().nodename}, since 2026-05-02T06:00:00+00:00)" in text
    assert "--wait 10m" in text


def test_a_released_lock_is_free(state: Path) -> None:
    """Releasing twice does no harm, also not to the next owner."""
    lock = RunLock.acquire(state, "one")
    lock.release()
    with RunLock.acquire(state, "two"):
        lock.release()
        with pytest.raises(LockedError):
            RunLock.acquire(state, "three")


def test_waiting_ends_with_the_other_run(state: Path) -> None:
    """The wait is announced once, with the owner; the lock is taken when it is free."""
    waited_for: list[Owner | None] = []
    sleeper = Sleeper(release_at=3, lock=RunLock.acquire(state, "first"))
    with RunLock.acquire(state, "second", wait=600, sleep=sleeper, on_wait=waited_for.append) as lock:
        owner = read_owner(lock.path)
    assert owner is not None
    assert owner.command == "second"
    assert [owner.command for owner in waited_for if owner] == ["first"]
    assert len(sleeper.slept) == 3


def test_waiting_ends_with_the_deadline(state: Path) -> None:
    """Not later than asked for, and the message says how long it was."""
    sleeper = Sleeper()
    with RunLock.acquire(state, "first"), pytest.raises(LockedError, match=r"still at work after 1\.2 s"):
        RunLock.acquire(state, "second", wait=1.2, sleep=sleeper)
    assert sum(sleeper.slept) == pytest.approx(1.2)


def test_a_wait_of_nothing_waits_not_at_all(state: Path) -> None:
    """`--wait 0s` is like no wait."""
    sleeper = Sleeper()
    with RunLock.acquire(state, "first"), pytest.raises(LockedError):
        RunLock.acquire(state, "second", wait=0, sleep=sleeper)
    assert sleeper.slept == []


def test_two_links_to_one_state_have_one_lock(state: Path, tmp_path: Path) -> None:
    """What is locked is the state file, whatever it is called."""
    state.parent.mkdir()
    state.write_text("")
    link = tmp_path / "link.db"
    link.symlink_to(state)
    assert lock_path(link) == lock_path(state)
    with RunLock.acquire(state, "first"), pytest.raises(LockedError):
        RunLock.acquire(link, "second")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff", b"{}", b'{"pid": 1, "host": "h"}'])
def test_an_owner_that_cannot_be_read_is_nobody(state: Path, content: bytes) -> None:
    """The file is for people; the lock holds whatever is in it."""
    with RunLock.acquire(state, "first") as lock:
        lock.path.write_bytes(content)
        assert read_owner(lock.path) is None
        with pytest.raises(LockedError, match=r"another run is active\. "):
            RunLock.acquire(state, "second")


def test_what_an_owner_file_says_steers_no_terminal(state: Path) -> None:
    """Control characters are taken out before anything is shown."""
    with RunLock.acquire(state, "mtc \x1b[2J\u202e apply"), pytest.raises(LockedError) as caught:
        RunLock.acquire(state, "second")
    assert "`mtc ?[2J? apply`" in str(caught.value)


def test_a_lock_file_that_was_removed_keeps_nobody_out_but_the_next_one_does(state: Path) -> None:
    """A lock is taken on the file that others will find, never on one that has lost its name."""
    first = RunLock.acquire(state, "first")
    first.path.unlink()
    with RunLock.acquire(state, "second") as second:
        assert os.path.samestat(os.fstat(second._handle), second.path.stat())
        with pytest.raises(LockedError, match="`second`"):
            RunLock.acquire(state, "third")
    first.release()


def test_a_file_that_lost_its_name_before_it_was_locked_is_noticed(tmp_path: Path) -> None:
    """Between opening and locking another may remove the file, or put a new one there."""
    path = tmp_path / "state.db.lock"
    with path.open("w") as stream:
        assert _is_at(stream.fileno(), path)
        path.unlink()
        assert not _is_at(stream.fileno(), path)
        path.write_text("")
        assert not _is_at(stream.fileno(), path)


def test_a_file_where_the_folder_should_be_is_explained(tmp_path: Path) -> None:
    """No traceback: the path and the reason."""
    (tmp_path / ".mtc").write_text("")
    with pytest.raises(
        StateError,
        match=r"cannot open the lock file: a file, or a link that leads nowhere, is where a folder should be",
    ):
        RunLock.acquire(tmp_path / ".mtc" / "state.db", "first")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_explained(number: int) -> None:
    """Some network file systems know no flock: the state belongs on a local disk."""
    error = no_lock(OSError(number, os.strerror(number)), Path("/net/state.db.lock"))
    assert "the file system cannot lock files" in error.what
    assert "local disk" in error.hint
    assert error.where == "/net/state.db.lock"


def test_who_is_at_work_is_seen_without_touching_the_lock(state: Path) -> None:
    """A killed owner leaves its name and does not count; one of another host cannot be checked and counts."""
    assert owner_at_work(state) is None
    with RunLock.acquire(state, "mtc apply"):
        found = owner_at_work(state)
        assert found is not None
        assert found.command == "mtc apply"
    assert owner_at_work(state) is None
    gone = subprocess.Popen(["true"])
    gone.wait()
    for host, there in ((socket.gethostname(), False), ("elsewhere", True)):
        name = {"pid": gone.pid, "host": host, "command": "mtc apply", "since": "2026-05-02T06:00:00+00:00"}
        lock_path(state).write_text(json.dumps(name))
        assert (owner_at_work(state) is not None) is there


@pytest.mark.parametrize("free", [True, False])
@pytest.mark.parametrize(
    ("host", "kernel", "here"),
    [(socket.gethostname(), "another-boot", True), ("container", KERNEL, True), ("elsewhere", "", False)],
)
def test_a_name_without_a_lock_counts_only_from_where_the_lock_may_not_reach(
    state: Path, host: str, kernel: str, *, here: bool, free: bool
) -> None:
    """Of this machine, before it was started again or in another container, the lock is seen; of others perhaps not."""
    if here and not (kernel or host == socket.gethostname()):
        pytest.skip("this system does not tell one of its starts from another")
    lock = RunLock.acquire(state, "mtc apply")
    name = {"pid": 1, "host": host, "command": "mtc import", "since": "2026-05-02T06:00:00+00:00", "kernel": kernel}
    if free:
        lock.release()
    lock.path.write_text(json.dumps(name))
    found = owner_at_work(state)
    lock.release()
    assert (found is None) is (here and free)
    assert found is None or found.command == "mtc import"


@pytest.mark.parametrize("content", [b"", b"{", b"\0\0"])
def test_an_owner_without_a_name_is_at_work(state: Path, content: bytes) -> None:
    """It may be about to write it, or the disk is full: what counts is the lock."""
    with RunLock.acquire(state, "mtc apply") as lock:
        lock.path.write_bytes(content)
        assert str(owner_at_work(state)) == "one that the lock file does not name"
    assert owner_at_work(state) is None


def test_looking_makes_no_file(state: Path) -> None:
    """Nor the folder that it would be in; nobody is at work in what is not a folder."""
    assert owner_at_work(state) is None
    assert not state.parent.exists()
    state.parent.write_text("in the way")
    assert owner_at_work(state) is None


def test_a_lock_that_cannot_be_looked_at_is_not_taken_for_a_free_one(state: Path) -> None:
    """Here a folder has its name."""
    lock_path(state).mkdir(parents=True)
    with pytest.raises(StateError, match="cannot open the lock file"):
        owner_at_work(state)
