"""Atomic, durable file writes: staged, flushed, then renamed. Every lasting file of mtc is written through this module.

Four ways, for four needs:

- one file: `staged_beside`, `write_atomic`
- several files that belong together, staged beside their targets: `StagedFiles`
- a file that is created once, though several processes may try: `create_once`
- many files, staged in a separate folder: `StagingFolder`

In each the content is flushed to disk, the file gets its name by a rename (or a link), and the folder is flushed, in
this order. Until then no reader sees it. `sweep` and `clear_staging` find what a killed process leaves by its name. A
staged file must be on its target's file system.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from mtc.core.errors import MtcError, PermanentError, StepError, explain_machine_error

PRIVATE = 0o600
STAGING = ".staging"

_CHUNK = 1 << 20
_ATTEMPTS = 20
_Ending = Literal[".tmp", ".new"]
_LEFTOVER = re.compile(r"\.(?P<target>.+)\.[0-9a-f]{8}(?P<ending>\.tmp|\.new)")


def fsync_dir(folder: Path) -> None:
    """Flush a folder, so that a rename in it survives a power loss."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fsync_file(path: Path) -> None:
    """Flush a file, so that its content survives a power loss."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Create a folder and its missing parents, each durably: the names survive a power loss.

    `mode` is that of the folder itself; its parents get the default one.
    """
    missing = []
    above = folder
    while not above.is_dir():
        missing.append(above)
        above = above.parent
    for each in reversed(missing):
        each.mkdir(mode=mode if each == folder else 0o777, exist_ok=True)
        fsync_dir(each.parent)


def _make_folders(folders: Collection[Path]) -> None:
    """Create several folders and their missing parents, durably; a folder that gets several of them is flushed once."""
    changed: set[Path] = set()
    for folder in folders:
        if not folder.is_dir():
            make_folder(folder.parent)
            folder.mkdir(exist_ok=True)
            changed.add(folder.parent)
    for folder in changed:
        fsync_dir(folder)


def publish(staged: Mapping[Path, Path]) -> None:
    """Move complete files into place, durably; `staged` maps targets to staged files. Flushes each folder once."""
    _make_folders({target.parent for target in staged})
    for path in staged.values():
        fsync_file(path)
    for target, path in staged.items():
        path.replace(target)
    for folder in {target.parent for target in staged}:
        fsync_dir(folder)


def _staged_path(target: Path, mark: str = "", ending: _Ending = ".tmp") -> Path:
    """A path beside `target` that `sweep` recognises; `mark` is 8 hex digits, random by default."""
    return target.with_name(f".{target.name}.{mark or secrets.token_hex(4)}{ending}")


@contextlib.contextmanager
def staged_beside(target: Path, *, mark: str = "") -> Iterator[Path]:
    """Yield a temporary path beside `target`; on a clean exit it becomes `target`, else it is removed.

    With a `mark` that no other process uses, the leftover of a killed process under the same name is removed first.
    """
    make_folder(target.parent)
    staged = _staged_path(target, mark)
    if mark:
        staged.unlink(missing_ok=True)
    try:
        yield staged
        publish({target: staged})
    finally:
        staged.unlink(missing_ok=True)


def write_atomic(target: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write `data` to `target`, whole or not at all."""
    with staged_beside(target) as staged:
        handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)


def read_json_cache(path: Path) -> dict[str, Any]:
    """The JSON object in a file that can be made again; empty if it cannot be read."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json_cache(path: Path, value: Mapping[str, Any]) -> None:
    """Write such a file; where that fails it is made again later."""
    with contextlib.suppress(OSError, StepError):
        write_atomic(path, json.dumps(value).encode())


class StagedFiles:
    """Files that belong together; leaving the `with` block without `publish` removes them."""

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
        """Return the path at which to write the file that becomes `target`."""
        self._staged[target] = _staged_path(target)
        return self._staged[target]

    def drop(self, target: Path) -> None:
        """Discard the staged file; `target` stays as it is."""
        self._staged.pop(target).unlink(missing_ok=True)

    def publish(self) -> None:
        """Move every staged file into place, durably."""
        publish(self._staged)
        self._staged.clear()


@dataclass(slots=True)
class StagingFolder:
    """A folder of files staged for targets below `root`. A target is a path relative to `root`."""

    root: Path
    folder: Path
    _staged: dict[str, Path] = field(default_factory=dict)
    _number: int = 0

    def temporary(self, name: str = "temporary") -> Path:
        """Return a new path for a file that is not published."""
        self._number += 1
        return self.folder / f"{name}-{self._number}"

    def stage(self, target: str) -> Path:
        """Return the path at which to write the file that becomes `target`."""
        self._staged[target] = self.temporary("staged")
        return self._staged[target]

    def path_of(self, target: str) -> Path:
        """Return where the file of `target` is now: staged, or in place."""
        return self._staged.get(target, self.root / target)

    def publish(self, targets: Collection[str]) -> None:
        """Move the staged files of these targets into place, durably."""
        publish({self.root / target: self._staged.pop(target) for target in list(self._staged) if target in targets})


@contextlib.contextmanager
def staging_folder(root: Path) -> Iterator[StagingFolder]:
    """Yield a new staging folder on the file system of `root`. Unpublished files are removed on exit."""
    folder = root / STAGING / secrets.token_hex(8)
    folder.mkdir(parents=True)
    try:
        yield StagingFolder(root, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear_staging(root: Path) -> None:
    """Remove the staging folders that killed processes left below `root`."""
    shutil.rmtree(root / STAGING, ignore_errors=True)


def create_once(target: Path, write: Callable[[Path], None]) -> bool:
    """Create `target` unless it exists: `write` fills an empty private file beside it, which is then renamed.

    Returns False, and changes nothing, when `target` exists. The leftover of a killed creation is removed by the next.

    Raises:
        OSError: the file cannot be created.
        MtcError: what `write` raises.
    """
    for _ in range(_ATTEMPTS):
        if os.path.lexists(target):
            return False
        sweep(target.parent, target.name.__eq__, ending=".new")
        created = _create(target, write)
        if created is not None:
            return created
    raise FileNotFoundError(f"{target} is being created and removed again and again")


def _create(target: Path, write: Callable[[Path], None]) -> bool | None:
    """Whether the file was created; None when another process took the staged file for a leftover and removed it."""
    staged = _staged_path(target, ending=".new")
    handle = os.open(staged, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE)
    try:
        _lock(handle)
        write(staged)
        fsync_file(staged)
        created = _rename_once(staged, target)
    except (OSError, MtcError):
        if staged.exists():
            raise
        return None
    finally:
        staged.unlink(missing_ok=True)
        os.close(handle)
    fsync_dir(target.parent)
    return created


def _rename_once(staged: Path, target: Path) -> bool:
    try:
        os.link(staged, target)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            return False
        staged.rename(target)
    return True


def _lock(handle: int) -> bool:
    """Lock a file that is being filled; False when another process has the lock, or where locks are not supported."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def sweep(folder: Path, is_target: Callable[[str], bool], *, ending: _Ending = ".tmp") -> None:
    """Remove leftovers of killed processes in `folder`: staged files of the targets whose names pass `is_target`.

    A `.new` file (of `create_once`) stays while another process fills it. A `.tmp` file belongs to the run that sweeps,
    so it is always a leftover.
    """
    for path in list(folder.glob(".*")):
        match = _LEFTOVER.fullmatch(path.name)
        if not match or match["ending"] != ending or not is_target(match["target"]):
            continue
        if ending == ".tmp":
            path.unlink(missing_ok=True)
        else:
            _unlink_unlocked(path)


def _unlink_unlocked(path: Path) -> None:
    """Remove a file that no process has locked. A killed process has lost its lock."""
    with contextlib.suppress(OSError):  # removed by another process, or not ours to remove
        handle = os.open(path, os.O_RDWR)
        try:
            if _lock(handle):
                path.unlink()
        finally:
            os.close(handle)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def path_inside(root: Path, relative: str) -> Path:
    """Join `relative` to `root`.

    Raises:
        PermanentError: the path leads out of `root`.
    """
    path = (root / relative).resolve()
    if not path.is_relative_to(root.resolve()):
        raise PermanentError("the path leads out of its folder", where=relative)
    return path


def explain_write_error(error: OSError, doing: str) -> MtcError:
    """Explain an operating-system error of a write, with a remedy; `doing` is the place if the error names none."""
    where = _place(error) or doing
    if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return PermanentError(f"cannot write: {error.strerror}", where=where, hint="check the folder's permissions")
    placed = OSError(error.errno, error.strerror, where)
    return explain_machine_error(placed, where) or PermanentError(f"{error.strerror or error}", where=where)


def _place(error: OSError) -> str:
    """The file that could not be written: the target of a staged file, or the folder where it could not be created."""
    if error.filename2:
        return os.fsdecode(error.filename2)
    path = Path(os.fsdecode(error.filename or ""))
    return str(path.parent if path.name.startswith(".") and path.name.endswith(".tmp") else path) if path.name else ""
