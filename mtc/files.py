"""The one place that writes files so that a reader sees all of a file or none of it."""

import contextlib
import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from mtc.errors import MtcError, PermanentError, of_machine

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
