"""The lock within one process: its content, waiting, and messages."""

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
    """Records the pauses without waiting, and may call a function at one of them."""

    slept: list[float] = field(default_factory=list)
    release_at: int = -1
    lock: RunLock | None = None

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.lock is not None and len(self.slept) == self.release_at:
            self.lock.release()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The path of a state file."""
    return tmp_path / ".mtc" / "state.db"


def test_the_owner_is_written_into_the_lock_file(state: Path) -> None:
    """Process id, host, command, start and boot id are in a private file next to the state."""
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


def test_a_second_run_is_refused_with_the_owner(state: Path) -> None:
    """It ends at once with exit code 75, and says how to wait."""
    with RunLock.acquire(state, "mtc apply", clock=lambda: SINCE), pytest.raises(LockedError) as caught:
        RunLock.acquire(state, "mtc stat")
    assert caught.value.exit_code == 75
    text = str(caught.value)
    assert f"`mtc apply` (pid {os.getpid()} on {os.uname().nodename}, since 2026-05-02T06:00:00+00:00)" in text
    assert "--wait 10m" in text


def test_a_released_lock_is_free(state: Path) -> None:
    """A second release does no harm, also not to the next owner."""
    lock = RunLock.acquire(state, "one")
    lock.release()
    with RunLock.acquire(state, "two"):
        lock.release()
        with pytest.raises(LockedError):
            RunLock.acquire(state, "three")


def test_waiting_ends_when_the_other_run_ends(state: Path) -> None:
    """The wait is announced once, with the owner; the lock is taken when it is free."""
    waited_for: list[Owner | None] = []
    sleeper = Sleeper(release_at=3, lock=RunLock.acquire(state, "first"))
    with RunLock.acquire(state, "second", wait=600, sleep=sleeper, on_wait=waited_for.append) as lock:
        owner = read_owner(lock.path)
    assert owner is not None
    assert owner.command == "second"
    assert [owner.command for owner in waited_for if owner] == ["first"]
    assert len(sleeper.slept) == 3


def test_waiting_ends_at_the_deadline(state: Path) -> None:
    """The message says how long it was."""
    sleeper = Sleeper()
    with RunLock.acquire(state, "first"), pytest.raises(LockedError, match=r"still at work after 1\.2 s"):
        RunLock.acquire(state, "second", wait=1.2, sleep=sleeper)
    assert sum(sleeper.slept) == pytest.approx(1.2)


def test_a_wait_of_zero_does_not_wait(state: Path) -> None:
    """`--wait 0s` is the same as no wait."""
    sleeper = Sleeper()
    with RunLock.acquire(state, "first"), pytest.raises(LockedError):
        RunLock.acquire(state, "second", wait=0, sleep=sleeper)
    assert sleeper.slept == []


def test_two_links_to_one_state_have_one_lock(state: Path, tmp_path: Path) -> None:
    """The state file is locked, whatever its path."""
    state.parent.mkdir()
    state.write_text("")
    link = tmp_path / "link.db"
    link.symlink_to(state)
    assert lock_path(link) == lock_path(state)
    with RunLock.acquire(state, "first"), pytest.raises(LockedError):
        RunLock.acquire(link, "second")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff", b"{}", b'{"pid": 1, "host": "h"}'])
def test_an_unreadable_owner_is_unknown(state: Path, content: bytes) -> None:
    """The content is for people; the lock holds whatever it is."""
    with RunLock.acquire(state, "first") as lock:
        lock.path.write_bytes(content)
        assert read_owner(lock.path) is None
        with pytest.raises(LockedError, match=r"another run is active\. "):
            RunLock.acquire(state, "second")


def test_the_content_of_a_lock_file_is_escaped(state: Path) -> None:
    """Control characters are removed before it is shown."""
    with RunLock.acquire(state, "mtc \x1b[2J\u202e apply"), pytest.raises(LockedError) as caught:
        RunLock.acquire(state, "second")
    assert "`mtc ?[2J? apply`" in str(caught.value)


def test_a_removed_lock_file_is_replaced_by_the_next_owner(state: Path) -> None:
    """A lock is taken on the file that others will open, never on a file without a name."""
    first = RunLock.acquire(state, "first")
    first.path.unlink()
    with RunLock.acquire(state, "second") as second:
        assert os.path.samestat(os.fstat(second._handle), second.path.stat())
        with pytest.raises(LockedError, match="`second`"):
            RunLock.acquire(state, "third")
    first.release()


def test_a_lock_file_replaced_before_it_was_locked_is_noticed(tmp_path: Path) -> None:
    """Between opening and locking another process may remove or replace the file."""
    path = tmp_path / "state.db.lock"
    with path.open("w") as stream:
        assert _is_at(stream.fileno(), path)
        path.unlink()
        assert not _is_at(stream.fileno(), path)
        path.write_text("")
        assert not _is_at(stream.fileno(), path)


def test_a_file_in_place_of_the_folder_is_explained(tmp_path: Path) -> None:
    """The error has path and reason, without a traceback."""
    (tmp_path / ".mtc").write_text("")
    with pytest.raises(
        StateError,
        match=r"cannot open the lock file: a file, or a link that leads nowhere, is where a folder should be",
    ):
        RunLock.acquire(tmp_path / ".mtc" / "state.db", "first")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_explained(number: int) -> None:
    """Some network file systems do not support flock: the state belongs on a local disk."""
    error = no_lock(OSError(number, os.strerror(number)), Path("/net/state.db.lock"))
    assert "the file system cannot lock files" in error.what
    assert "local disk" in error.hint
    assert error.where == "/net/state.db.lock"


def test_the_owner_is_found_without_touching_the_lock(state: Path) -> None:
    """A killed owner does not count; one on another host cannot be checked and counts."""
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
def test_an_owner_without_a_lock_counts_only_if_its_lock_may_be_invisible(
    state: Path, host: str, kernel: str, *, here: bool, free: bool
) -> None:
    """Locks on this machine are visible after a restart and from containers; those of other machines may not be."""
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
def test_a_lock_without_an_owner_counts(state: Path, content: bytes) -> None:
    """The owner may be about to be written, or the disk full."""
    with RunLock.acquire(state, "mtc apply") as lock:
        lock.path.write_bytes(content)
        assert str(owner_at_work(state)) == "one that the lock file does not name"
    assert owner_at_work(state) is None


def test_looking_at_the_lock_creates_no_file(state: Path) -> None:
    """Its folder is not created either; a path below a file has no owner."""
    assert owner_at_work(state) is None
    assert not state.parent.exists()
    state.parent.write_text("in the way")
    assert owner_at_work(state) is None


def test_a_lock_that_cannot_be_checked_does_not_count_as_free(state: Path) -> None:
    """The lock's path is a folder here."""
    lock_path(state).mkdir(parents=True)
    with pytest.raises(StateError, match="cannot open the lock file"):
        owner_at_work(state)
