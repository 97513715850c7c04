"""A bundle as the loader reads it: lines of one or several objects, all in one format, as text or already read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mtc.core.model import SourceObject
from mtc.formats.model import Format
from mtc.formats.native.library import PlainLines
from mtc.formats.native.reading import NativeReading

MOST_LINES = 2_000_000
"""About how many lines a bundle may have: a row needs memory however short its line is."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive lines of a bundle that belong to one object.

    `first` is the bundle's line (from 0) at which they begin; `offset` counts the lines of the object in earlier
    bundles. `last` is whether the object ends here; then `content` is the digest of its bytes, `text` that of its
    decompressed lines, and of a slice `header` what tells how to read the lines that follow it. `filtered` counts
    lines that were left out when they were read, by reason.
    """

    object: SourceObject
    first: int
    lines: int
    offset: int = 0
    last: bool = True
    content: str = ""
    text: str = ""
    header: str = ""
    filtered: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TextBundle:
    """Lines in a temporary file, which are cleaned as far as that is quick."""

    path: Path
    format: Format
    segments: tuple[Segment, ...]

    def discard(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class PlainBundle:
    """Lines that the native reader has read, and how."""

    plain: PlainLines
    native: NativeReading
    format: Format
    segments: tuple[Segment, ...]

    def discard(self) -> None:
        """Free the memory of the lines."""
        self.plain.close()


Bundle = TextBundle | PlainBundle
"""Lines to be loaded together. A text is read by the database."""


def lines_of(bundle: Bundle) -> int:
    """How many lines a bundle has."""
    return sum(segment.lines for segment in bundle.segments)


def name_of(segments: tuple[Segment, ...]) -> str:
    """The name of these objects in an error message."""
    first = segments[0].object.key
    return first if len(segments) == 1 else f"{first} and {len(segments) - 1} more"
