"""The lock: one run at a time for one state file.

`flock` on a file beside the state. The kernel gives it back when its owner dies, however that happens; what is
written inside is for people only. Worker processes that are forked (not spawned) share the lock, and keep it until
the last of them has gone.

Who is at work on a state file, for anybody who asks. What the lock file says is for people; the lock is the truth.

A killed owner leaves its name, and no lock. An owner may be on another machine, with the file on a disk that both
have: whether a lock reaches from there to here depends on how that is mounted, so a name from there counts by itself.

The kernel's lock on an open file: taken, or only looked at. Neither waits for an owner; looking keeps nobody out.

There is no way to see such a lock but to try one. Whoever looks takes a shared lock and gives it back at once; whoever
takes the lock tells that from an owner's, which is never shared, and waits it out.
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
"""What a file system says that cannot lock files."""

_HELD = {errno.EWOULDBLOCK, errno.EACCES}
_MOMENT = 0.001
_MOMENTS = 5_000


def take(handle: int) -> bool:
    """Lock the file; False when an owner has it.

    Raises OSError where it cannot be locked.
    """
    for _ in range(_MOMENTS):
        if _try(handle, fcntl.LOCK_EX):
            return True
        if is_held(handle):
            return False
        time.sleep(_MOMENT)
    return False


def is_held(handle: int) -> bool:
    """Whether an owner has the file locked, through another handle.

    Raises OSError where it cannot be locked.
    """
    if not _try(handle, fcntl.LOCK_SH):
        return True
    fcntl.flock(handle, fcntl.LOCK_UN)  # closing it would not do, while a child that was just forked has it too
    return False


def _try(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True


_MOST_BYTES = 4096
_KERNEL = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds the lock, as far as the file says; without a `pid` it says nothing. `command` is safe to show.

    `kernel` is an id of the running system, if it has one: containers on one machine have it in common.
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
    def here(cls, command: str, since: str) -> Self:
        """This process."""
        return cls(os.getpid(), socket.gethostname(), command, since, _kernel())

    @property
    def is_here(self) -> bool:
        """Whether it is, or was, on this machine, so that its lock is seen from here."""
        return self.host == socket.gethostname() or (self.kernel != "" and self.kernel == _kernel())


NAMELESS = Owner(0, "", "", "")
"""An owner that has not written its name, or could not."""


def lock_path(state: Path) -> Path:
    """Where the lock of a state file is: the same place whichever link leads to the state."""
    real = state.resolve()
    return real.with_name(real.name + ".lock")


def read_owner(path: Path) -> Owner | None:
    """Who wrote into the lock file; None when nobody did, or not (yet) in a way that can be read."""
    try:
        with path.open("rb") as stream:
            fields = json.loads(stream.read(_MOST_BYTES))
        host, command, since = (replace_unprintable(str(fields[name])) for name in ("host", "command", "since"))
        return Owner(int(fields["pid"]), host, command, since, replace_unprintable(str(fields.get("kernel", ""))))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def owner_at_work(state: Path) -> Owner | None:
    """Who is at work on the state file now; None when nobody is. A run that begins meanwhile is not kept out.

    Raises StateError when it cannot be told.
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
        return owner or NAMELESS
    return None if owner is None or owner.is_here else owner


def no_lock(error: OSError, path: Path) -> StateError:
    """Why there can be no lock here, in words."""
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
    """What tells one start of one machine from every other; empty where the system does not say."""
    try:
        return _KERNEL.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


POLL_SECONDS = 0.5


def _nobody_to_tell(owner: Owner | None) -> None:
    """Wait in silence."""


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
        on_wait: Callable[[Owner | None], None] = _nobody_to_tell,
    ) -> Self:
        """Take the lock of the state file at `state`.

        Args:
            state: the state file; it need not be there yet.
            command: what the owner is doing, for people; it holds no secret.
            wait: for how many seconds to wait for another run; None not at all.
            clock: tells the time that is written into the file.
            sleep: passes the time between two tries.
            on_wait: called once, with the owner, before waiting.

        Raises LockedError when another run has it, StateError when there can be no lock here.
        """
        path = lock_path(state)
        handle = _take(path)
        if handle is None and wait:
            on_wait(read_owner(path))
        waited = 0.0
        while handle is None and wait is not None and waited < wait:
            pause = min(POLL_SECONDS, wait - waited)
            sleep(pause)
            waited += pause
            handle = _take(path)
        if handle is None:
            raise _locked(path, waited)
        _sign(handle, Owner.here(command, clock().isoformat(timespec="seconds")))
        return cls(path, handle)

    def release(self) -> None:
        """Give the lock back; a second time does nothing. The file stays, empty."""
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


def _take(path: Path) -> int | None:
    """An open file with the lock on it; None when another has it."""
    try:
        make_folder(path.parent, 0o700)
        while True:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
            with contextlib.ExitStack() as unless_taken:
                unless_taken.callback(os.close, handle)
                if not take(handle):
                    return None
                if _is_at(handle, path):
                    unless_taken.pop_all()
                    return handle
                # somebody removed the file meanwhile: a lock on it would keep nobody out
    except OSError as error:
        raise no_lock(error, path) from error


def _is_at(handle: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(handle), there)


def _sign(handle: int, owner: Owner) -> None:
    """Write the owner into the file. A full disk is no reason not to run: the lock holds without it."""
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(asdict(owner)).encode() + b"\n", 0)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise


def _locked(path: Path, waited: float) -> LockedError:
    owner = read_owner(path)
    who = f"another run is at work: {owner}" if owner else "another run is at work"
    if waited:
        who += f"; it was still at work after {waited:g} s"
    return LockedError(who, where=str(path), hint="let it end, or wait for it with --wait 10m")
