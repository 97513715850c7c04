"""Who is at work on a state file, for anybody who asks. What the lock file says is for people; the lock is the truth.

A killed owner leaves its name, and no lock. An owner may be on another machine, with the file on a disk that both
have: whether a lock reaches from there to here depends on how that is mounted, so a name from there counts by itself.
"""

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from mtc.errors import StateError
from mtc.state import faults
from mtc.state.flock import NO_FLOCK, is_held

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
        host, command, since = (_shown(fields[name]) for name in ("host", "command", "since"))
        return Owner(int(fields["pid"]), host, command, since, _shown(fields.get("kernel", "")))
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
    return faults.of_system(error, path, "open the lock file")


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


def _shown(value: object) -> str:
    """A text of the file with what could steer a terminal taken out."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(value))
