"""The lock: one run at a time for one state file.

`flock` on a file beside the state. The kernel gives it back when its owner dies, however that happens; what is
written inside is for people only. Worker processes that are forked (not spawned) share the lock, and keep it until
the last of them has gone.
"""

import contextlib
import datetime as dt
import errno
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from mtc.errors import LockedError
from mtc.files import make_folder
from mtc.state import flock
from mtc.state.once import PRIVATE
from mtc.state.owner import Owner, lock_path, no_lock, read_owner

POLL_SECONDS = 0.5


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


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
        clock: Callable[[], dt.datetime] = _utc_now,
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
                if not flock.take(handle):
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
