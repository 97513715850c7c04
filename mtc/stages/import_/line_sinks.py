"""Where the lines of a bundle go: to the native reader, or into a text file for the database."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from mtc.formats.line_cleaning import valid_utf8
from mtc.formats.model import Format
from mtc.formats.native.library import PlainLines, PlainSettings
from mtc.formats.native.reading import NativeReading
from mtc.stages.import_.segments import Bundle, PlainBundle, Segment, TextBundle

_TRIED = 64 << 10  # bytes


class LineSink(Protocol):
    """Takes the lines of a bundle."""

    def write(self, block: bytes) -> int:
        """Add whole lines; returns how many they are."""

    def filtered(self) -> Counter[str]:
        """How many lines were left out since this was last asked, by reason."""

    def closed(self, format_: Format, segments: tuple[Segment, ...]) -> Bundle:
        """No more lines follow: the bundle of all of them."""

    def abandon(self) -> None:
        """No more lines follow, and nobody needs those that came."""


@dataclass(slots=True)
class _TextFile:
    """A text file."""

    path: Path
    stream: BinaryIO

    def write(self, block: bytes) -> int:
        self.stream.write(block)
        return block.count(b"\n")

    def filtered(self) -> Counter[str]:
        return Counter()

    def closed(self, format_: Format, segments: tuple[Segment, ...]) -> TextBundle:
        self.stream.close()
        return TextBundle(self.path, format_, segments)

    def abandon(self) -> None:
        self.stream.close()


@dataclass(slots=True)
class _Native:
    """The native reader. `counted` are the filtered lines that were asked for."""

    native: NativeReading
    lines: PlainLines
    counted: Counter[str] = field(default_factory=Counter)

    def write(self, block: bytes) -> int:
        return self.lines.feed(valid_utf8(block))

    def filtered(self) -> Counter[str]:
        before, self.counted = self.counted, Counter(self.lines.counts().filtered)
        return self.counted - before

    def closed(self, format_: Format, segments: tuple[Segment, ...]) -> PlainBundle:
        return PlainBundle(self.lines, self.native, format_, segments)

    def abandon(self) -> None:
        self.lines.close()


def open_sink(path: Path, native: NativeReading | None, first: bytes) -> LineSink:
    """Open the native reader if most of the first lines are plain, else a text file at `path`."""
    if native is not None and _mostly_plain(native.settings, first):
        return _Native(native, PlainLines(native.settings))
    path.parent.mkdir(parents=True, exist_ok=True)
    return _TextFile(path, path.open("wb"))


def _mostly_plain(settings: PlainSettings, block: bytes) -> bool:
    tried = block[: block.rfind(b"\n", 0, _TRIED) + 1] or block
    lines = PlainLines(settings)
    try:
        count = lines.feed(valid_utf8(tried))
        return 2 * lines.counts().odd <= count
    finally:
        lines.close()
