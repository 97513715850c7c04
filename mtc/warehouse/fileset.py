"""Files that belong together: staged beside their targets, made durable, then renamed into place.

A reader sees each file whole, old or new. Until `publish` nothing is seen at all; what a killed process leaves is
named so that `sweep` finds it. One flush of a folder serves all files in it.
"""

import re
import secrets
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from mtc.files import fsync_dir, fsync_file

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


def sweep(folder: Path, ours: Callable[[str], bool]) -> None:
    """Remove what a killed process left of the files whose names are `ours`."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        match = _LEFTOVER.fullmatch(path.name)
        if match and ours(match["name"]):
            path.unlink(missing_ok=True)
