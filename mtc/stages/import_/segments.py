"""A bundle as the loader reads it: text lines of one or several objects, all in one format."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mtc.core.model import SourceObject
from mtc.formats.compression import blocks
from mtc.formats.line_cleaning import unmarked
from mtc.formats.model import Format

MOST_LINES = 2_000_000
"""About how many lines a bundle may have: a row needs memory however short its line is."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive lines of a bundle that belong to one object.

    `first` is the bundle's line (from 0) at which they begin; `offset` counts the lines of the object in earlier
    bundles. `last` is whether the object ends here; then `content` is the digest of its bytes, `text` that of its
    decompressed lines, and of a slice `header` what tells how to read the lines that follow it.
    """

    object: SourceObject
    first: int
    lines: int
    offset: int = 0
    last: bool = True
    content: str = ""
    text: str = ""
    header: str = ""


class Bundle(Protocol):
    """Lines to be loaded together.

    A bundle that is not `temporary` is, or is part of, a file of the source, which is never removed. `tidy` ones need
    no cleaning. How many lines there are may be known only when they have been read once.
    """

    @property
    def format(self) -> Format:
        """The format of all lines."""

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The objects that the lines are of, in order."""

    @property
    def temporary(self) -> bool:
        """Whether the lines are in a file of their own."""

    @property
    def tidy(self) -> bool:
        """Whether the lines need no cleaning."""

    @property
    def path(self) -> Path:
        """The file that has the lines."""

    def opened(self) -> AbstractContextManager[Path]:
        """What the database reads the lines from, once."""

    def text(self) -> Iterator[bytes]:
        """The bytes of the lines again, in blocks, to be cleaned."""

    def discard(self) -> None:
        """Remove the file, if it is a temporary one."""


def lines_of(bundle: Bundle) -> int:
    """How many lines a bundle has."""
    return sum(segment.lines for segment in bundle.segments)


def name_of(segments: tuple[Segment, ...]) -> str:
    """The name of these objects in an error message."""
    first = segments[0].object.key
    return first if len(segments) == 1 else f"{first} and {len(segments) - 1} more"


@dataclass(frozen=True, slots=True)
class FileBundle:
    """A bundle that is a file."""

    path: Path
    format: Format
    segments: tuple[Segment, ...]
    temporary: bool
    tidy: bool = True

    def opened(self) -> AbstractContextManager[Path]:
        """The path of the file."""
        return nullcontext(self.path)

    def text(self) -> Iterator[bytes]:
        """The file's bytes. In a source's file, what looks like the mark of a cut line is escaped."""
        raw = blocks(self.path, where=name_of(self.segments))
        return raw if self.temporary else unmarked(raw)

    def discard(self) -> None:
        """Remove the file, if it is a temporary one."""
        if self.temporary:
            self.path.unlink(missing_ok=True)
