"""The lock: one run at a time for one state file, and who holds it.

This is `flock` on a file beside the state. The kernel releases it when its owner dies in any way; the content of the
file is for people only. Worker processes that are forked (not spawned) share the lock until the last of them has ended.

A killed owner leaves its name in the file, but no lock. An owner may be on another machine, with the file on a shared
disk: whether this machine sees its lock depends on how that disk is mounted, so the name of an owner on another machine
counts as a lock.

The only way to see a lock is to try it. `is_held` takes a shared lock and releases it at once. An owner's lock is never
shared, so `try_lock` can distinguish the two, and waits until a shared lock is released.
"""

import contextlib
import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from mtc.core.atomic_files import PRIVATE, make_folder
from mtc.core.clock import Clock, utc_now
from mtc.core.errors import LockedError, StateError
from mtc.core.sanitize import replace_unprintable
from mtc.state import state_errors

NO_FLOCK = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
"""The error numbers of a file system that cannot lock files."""

_HELD = {errno.EWOULDBLOCK, errno.EACCES}
_PAUSE_SECONDS = 0.001
_TRIES = 5_000


def try_lock(handle: int) -> bool:
    """Lock the file; False if an owner has it locked.

    Raises OSError if it cannot be locked at all.
    """
    for _ in range(_TRIES):
        if _flock(handle, fcntl.LOCK_EX):
            return True
        if is_held(handle):
            return False
        time.sleep(_PAUSE_SECONDS)
    return False


def is_held(handle: int) -> bool:
    """Whether an owner has the file locked, through another handle.

    Raises OSError if it cannot be locked at all.
    """
    if not _flock(handle, fcntl.LOCK_SH):
        return True
    fcntl.flock(handle, fcntl.LOCK_UN)  # closing is not enough while a forked child has it open too
    return False


def _flock(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True


_MAX_BYTES = 4096
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds the lock, as the lock file says; `pid` is 0 if it does not say. `command` is safe to show.

    `kernel` is the boot id of the system, if it has one: containers on one machine have the same.
    """

    pid: int
    host: str
    command: str
    since: str
    kernel: str = ""

    def __str__(self) -> str:
        if not self.pid:
            return "one that the lock file does not name"
        return f"`{self.command}` (pid {self.pid} on {self.host}, since {self.since})"

    @classmethod
    def of_this_process(cls, command: str, since: str) -> Self:
        """This process."""
        return cls(os.getpid(), socket.gethostname(), command, since, _kernel())

    @property
    def is_local(self) -> bool:
        """Whether the owner is, or was, on this machine, so that this process can see its lock."""
        return self.host == socket.gethostname() or (self.kernel != "" and self.kernel == _kernel())


UNNAMED = Owner(0, "", "", "")
"""An owner that has not written its name yet, or could not."""


def lock_path(state: Path) -> Path:
    """The lock file of a state file: the same one for every link to the state."""
    real = state.resolve()
    return real.with_name(real.name + ".lock")


def read_owner(path: Path) -> Owner | None:
    """The owner that the lock file names; None if it names none or cannot be read."""
    try:
        with path.open("rb") as stream:
            fields = json.loads(stream.read(_MAX_BYTES))
        host, command, since = (replace_unprintable(str(fields[name])) for name in ("host", "command", "since"))
        return Owner(int(fields["pid"]), host, command, since, replace_unprintable(str(fields.get("kernel", ""))))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def owner_at_work(state: Path) -> Owner | None:
    """The owner of the run that is at work on the state file now; None if there is none. A run may begin at any time.

    Raises StateError if that cannot be found out.
    """
    path = lock_path(state)
    try:
        held = _is_locked(path)
    except OSError as error:
        if error.errno not in NO_FLOCK:
            raise no_lock(error, path) from error
        return read_owner(path)
    owner = read_owner(path)
    if held:
        return owner or UNNAMED
    return None if owner is None or owner.is_local else owner


def no_lock(error: OSError, path: Path) -> StateError:
    """The error that this file cannot be locked."""
    if error.errno in NO_FLOCK:
        hint = "put the state on a local disk: `state:` in the manifest, or `--state`"
        return StateError(f"the file system cannot lock files ({error.strerror})", where=str(path), hint=hint)
    return state_errors.of_system(error, path, "open the lock file")


def _is_locked(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return is_held(stream.fileno())
    except (FileNotFoundError, NotADirectoryError):
        return False


def _kernel() -> str:
    """The boot id of this machine; empty if the system has none."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


POLL_SECONDS = 0.5


def _wait_silently(owner: Owner | None) -> None:
    """Report nothing."""


class RunLock:
    """The lock of one state file, held from `acquire` to `release`."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle

    @classmethod
    def acquire(
        cls,
        state: Path,
        command: str,
        *,
        wait: float | None = None,
        clock: Clock = utc_now,
        sleep: Callable[[float], None] = time.sleep,
        on_wait: Callable[[Owner | None], None] = _wait_silently,
    ) -> Self:
        """Take the lock of a state file.

        Args:
            state: the state file; it need not exist yet.
            command: the command of the run, for people; it holds no secret.
            wait: how many seconds to wait for another run; None for not at all.
            clock: gives the time that is written into the file.
            sleep: pauses for some seconds between two attempts.
            on_wait: called once, with the owner, before waiting.

        Raises:
            LockedError: another run has the lock.
            StateError: the file cannot be locked.
        """
        path = lock_path(state)
        handle = _open_locked(path)
        if handle is None and wait:
            on_wait(read_owner(path))
        waited = 0.0
        while handle is None and wait is not None and waited < wait:
            pause = min(POLL_SECONDS, wait - waited)
            sleep(pause)
            waited += pause
            handle = _open_locked(path)
        if handle is None:
            raise _locked(path, waited)
        _sign(handle, Owner.of_this_process(command, clock().isoformat(timespec="seconds")))
        return cls(path, handle)

    def release(self) -> None:
        """Release the lock; a second call does nothing. The file stays, empty."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.ftruncate(handle, 0)
            os.close(handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _open_locked(path: Path) -> int | None:
    """Open the lock file and lock it; None if another process has the lock."""
    try:
        make_folder(path.parent, 0o700)
        while True:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
            with contextlib.ExitStack() as unless_taken:
                unless_taken.callback(os.close, handle)
                if not try_lock(handle):
                    return None
                if _is_at(handle, path):
                    unless_taken.pop_all()
                    return handle
                # the file was removed meanwhile: a lock on it would exclude no other run
    except OSError as error:
        raise no_lock(error, path) from error


def _is_at(handle: int, path: Path) -> bool:
    try:
        current = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(handle), current)


def _sign(handle: int, owner: Owner) -> None:
    """Write the owner into the file. A full disk is ignored: the lock holds without the name."""
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(asdict(owner)).encode() + b"\n", 0)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise


def _locked(path: Path, waited: float) -> LockedError:
    owner = read_owner(path)
    who = f"another run is active: {owner}" if owner else "another run is active"
    if waited:
        who += f"; it was still at work after {waited:g} s"
    return LockedError(who, where=str(path), hint="let it end, or wait for it with --wait 10m")
