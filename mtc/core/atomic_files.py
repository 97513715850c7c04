"""The one place that writes files so that a reader sees all of a file or none of it.

Files that come into being whole, private and exactly once: never half-made, never over one that is there.

Files that belong together: staged beside their targets, made durable, then renamed into place.

A reader sees each file whole, old or new. Until `publish` nothing is seen at all; what a killed process leaves is
named so that `sweep` finds it. One flush of a folder serves all files in it.
"""

import contextlib
import errno
import fcntl
import glob
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from mtc.core.errors import MtcError, PermanentError, of_machine

_CHUNK = 1 << 20
_STAGED = ".tmp"


def fsync_dir(folder: Path) -> None:
    """Make a rename in `folder` last through a power loss."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fsync_file(path: Path) -> None:
    """Make the content of `path` last through a power loss."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder, and those above it that are missing, each durably: a power loss must not take their names.

    `mode` is that of the folder itself; those above it get the usual one.
    """
    missing = []
    above = folder
    while not above.is_dir():
        missing.append(above)
        above = above.parent
    for each in reversed(missing):
        each.mkdir(mode=mode if each == folder else 0o777, exist_ok=True)
        fsync_dir(each.parent)


def publish(staged: Path, target: Path) -> None:
    """Move a complete staged file into place, durably. Both must be on one file system."""
    make_folder(target.parent)
    fsync_file(staged)
    staged.replace(target)
    fsync_dir(target.parent)


@contextlib.contextmanager
def staged_beside(target: Path, *, mark: str = "") -> Iterator[Path]:
    """Give a temporary path beside `target`; on a clean exit it becomes `target`, else it is removed.

    With a `mark` that no rival uses, what a killed process left under the same name is removed first.
    """
    make_folder(target.parent)
    staged = target.with_name(f".{target.name}.{mark or secrets.token_hex(4)}{_STAGED}")
    if mark:
        staged.unlink(missing_ok=True)
    try:
        yield staged
        publish(staged, target)
    finally:
        staged.unlink(missing_ok=True)


def write_atomic(target: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write `data` to `target`, whole or not at all."""
    with staged_beside(target) as staged:
        handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)


def sha256(path: Path) -> str:
    """Digest a file, hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def inside(root: Path, relative: str) -> Path:
    """Join `relative` to `root`; a path that would lead out of `root` is an error."""
    path = (root / relative).resolve()
    if not path.is_relative_to(root.resolve()):
        raise PermanentError("the path leads out of its folder", where=relative)
    return path


def explain_os_error(error: OSError, doing: str) -> MtcError:
    """Put an operating-system error into words with a remedy."""
    where = _place(error) or doing
    if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return PermanentError(f"cannot write: {error.strerror}", where=where, hint="check the folder's permissions")
    told = OSError(error.errno, error.strerror, where)
    return of_machine(told, where) or PermanentError(f"{error.strerror or error}", where=where)


def _place(error: OSError) -> str:
    """The file that was to be written: where a staged one was to be moved to, or the folder that it could not be in."""
    if error.filename2:
        return os.fsdecode(error.filename2)
    path = Path(os.fsdecode(error.filename or ""))
    return str(path.parent if path.name.startswith(".") and path.name.endswith(_STAGED) else path) if path.name else ""


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


_LEFTOVER = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}\.tmp")


class FileSet:
    """A set of staged files; leaving its `with` block without `publish` removes them."""

    def __init__(self) -> None:
        self._staged: dict[Path, Path] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for staged in self._staged.values():
            staged.unlink(missing_ok=True)

    def stage(self, target: Path) -> Path:
        """Give the path at which to write what shall become `target`."""
        staged = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
        self._staged[target] = staged
        return staged

    def drop(self, target: Path) -> None:
        """Leave `target` as it is."""
        self._staged.pop(target).unlink(missing_ok=True)

    def publish(self) -> None:
        """Put every staged file in its place, for good."""
        for staged in self._staged.values():
            fsync_file(staged)
        for target, staged in self._staged.items():
            staged.replace(target)
        for folder in {target.parent for target in self._staged}:
            fsync_dir(folder)
        self._staged.clear()


def sweep_staged(folder: Path, ours: Callable[[str], bool]) -> None:
    """Remove what a killed process left of the files whose names are `ours`."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        match = _LEFTOVER.fullmatch(path.name)
        if match and ours(match["name"]):
            path.unlink(missing_ok=True)
