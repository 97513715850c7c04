"""Files that come into being whole, private and exactly once: never half-made, never over one that is there."""

import contextlib
import fcntl
import glob
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from mtc.errors import MtcError
from mtc.files import fsync_dir, fsync_file

PRIVATE = 0o600
_TRIES = 20


def create_once(target: Path, write: Callable[[Path], None]) -> bool:
    """Have `write` fill an empty private file beside `target`, then give it that name.

    Returns False, and changes nothing, when `target` is there already. What a killed creation left behind is
    swept by the next one.
    Raises OSError, and what `write` raises.
    """
    for _ in range(_TRIES):
        if os.path.lexists(target):
            return False
        sweep(target)
        made = _create(target, write)
        if made is not None:
            return made
    raise FileNotFoundError(f"{target} is being created and removed again and again")


def _create(target: Path, write: Callable[[Path], None]) -> bool | None:
    """Whether the file was made; None when a rival took it for a leftover and swept it."""
    staged = target.with_name(f".{target.name}.{secrets.token_hex(4)}.new")
    handle = os.open(staged, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE)
    try:
        _at_work(handle)
        write(staged)
        fsync_file(staged)
        made = _name(staged, target)
    except (OSError, MtcError):
        if staged.exists():
            raise
        return None
    finally:
        staged.unlink(missing_ok=True)
        os.close(handle)
    fsync_dir(target.parent)
    return made


def _name(staged: Path, target: Path) -> bool:
    try:
        os.link(staged, target)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            return False
        staged.rename(target)
    return True


def _at_work(handle: int) -> bool:
    """Mark a file as one that somebody is filling; False when somebody else is, or where nothing can be marked."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def sweep(target: Path) -> None:
    """Remove what nobody is filling beside `target`: a killed process's mark goes with it."""
    for leftover in target.parent.glob(f".{glob.escape(target.name)}.*.new"):
        with contextlib.suppress(OSError):  # gone, or not ours
            handle = os.open(leftover, os.O_RDWR)
            try:
                if _at_work(handle):
                    leftover.unlink()
            finally:
                os.close(handle)
