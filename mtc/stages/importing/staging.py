"""Files on their way into the warehouse: written aside, moved into place when all that they belong to is ready.

What is not published when the folder is closed is gone: a step that fails leaves nothing behind.
"""

import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mtc.files import publish
from mtc.warehouse.parts import STAGING


@dataclass(slots=True)
class Staging:
    """A folder of staged files. A target is a path relative to the warehouse."""

    warehouse: Path
    folder: Path
    waiting: dict[str, Path] = field(default_factory=dict)
    number: int = 0

    def aside(self, name: str = "aside") -> Path:
        """A path for a file that is never published."""
        self.number += 1
        return self.folder / f"{name}-{self.number}"

    def stage(self, target: str) -> Path:
        """The path at which to write what shall become `target`."""
        self.waiting[target] = self.aside("staged")
        return self.waiting[target]

    def path_of(self, target: str) -> Path:
        """Where the file is now that is, or will be, `target`."""
        return self.waiting.get(target, self.warehouse / target)

    def publish(self, targets: Collection[str]) -> None:
        """Move those of the targets that wait into place, durably."""
        for target in [target for target in self.waiting if target in targets]:
            publish(self.waiting.pop(target), self.warehouse / target)


@contextmanager
def staging(warehouse: Path) -> Iterator[Staging]:
    """A staging folder of its own, on the warehouse's file system."""
    folder = warehouse / STAGING / secrets.token_hex(8)
    folder.mkdir(parents=True)
    try:
        yield Staging(warehouse, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
