"""Bundles: lines of a bounded size, made from many small objects or from a slice of a large one.

The size of a bundle, in bytes and lines, bounds memory and DuckDB's tables; the size of a day does not. Each object is
read once: the bytes that its digest is made of are those that are loaded, whatever happens to the file meanwhile.
Object after object is added to a bundle until it is full or the next object has another format. An object that does not
fit is cut at a line end and continues in the next bundle. An object whose headers change the format within the file is
written to several bundles, one for each format, however often the formats alternate.

Lines go to the native reader, if it can read the format and the first lines of the bundle are mostly plain; else they
are written to a text file in the spool, for the database.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mtc.core.model import SourceObject
from mtc.formats.compression import is_plain
from mtc.formats.line_cleaning import BOM
from mtc.formats.model import Format
from mtc.formats.native.reading import NativeReading
from mtc.formats.w3c import FormatSwitches
from mtc.stages.import_.line_sinks import LineSink, open_sink
from mtc.stages.import_.object_text import ChooseFormat, FetchedObject, TextDigest, text_blocks
from mtc.stages.import_.segments import MOST_LINES, Bundle, Segment

ReadNatively = Callable[[Format], NativeReading | None]
"""How the native reader reads a format; None if it does not."""

_MOST_OPEN = 8  # bundles
_MOST_SEGMENTS = 100_000  # of a bundle


@dataclass(frozen=True, slots=True)
class Bundling:
    """How lines are bundled: the size of a full bundle, in bytes of text; whether the native reader may read lines."""

    size: int = 128 << 20
    native: bool = True


def make_bundles(
    fetched: Iterable[FetchedObject],
    spool: Path,
    choose: ChooseFormat,
    *,
    bundling: Bundling,
    native: ReadNatively | None = None,
) -> Generator[Bundle]:
    """Turn objects into bundles. The bundle with an object's last segment follows all others of that object.

    `native` says how the native reader reads a format; without it the database reads all of them.
    """
    writer = _BundleWriter(spool, bundling.size, native if bundling.native else None)
    try:
        for item in fetched:
            yield from writer.add(item, choose)
        yield from writer.flush()
    finally:
        writer.close()


@dataclass(slots=True, eq=False)
class _OpenBundle:
    """A bundle being filled. Its first lines decide what they go to."""

    path: Path
    format: Format
    native: NativeReading | None
    sink: LineSink | None = None
    size: int = 0
    lines: int = 0
    segments: list[Segment] = field(default_factory=list)

    def full(self, limit: int) -> bool:
        """Whether no more lines should be written to it; `limit` is in bytes."""
        return self.size >= limit or self.lines >= MOST_LINES or len(self.segments) >= _MOST_SEGMENTS

    def write(self, block: bytes) -> int:
        """Add whole lines; returns how many they are."""
        if self.sink is None:
            self.sink = open_sink(self.path, self.native, block)
        lines = self.sink.write(block)
        self.size += len(block)
        self.lines += lines
        return lines

    def filtered(self) -> Counter[str]:
        """How many lines were left out since this was last asked, by reason."""
        return self.sink.filtered() if self.sink else Counter()

    def closed(self) -> Bundle:
        """Close what the lines went to, and return the bundle."""
        self.sink = self.sink or open_sink(self.path, None, b"")
        return self.sink.closed(self.format, tuple(self.segments))

    def abandon(self) -> None:
        """Close what the lines went to, without a bundle."""
        if self.sink:
            self.sink.abandon()


@dataclass(slots=True)
class _OpenSegment:
    """Consecutive lines of an object that go into one bundle."""

    object: SourceObject
    bundle: _OpenBundle
    offset: int
    first: int
    lines: int = 0

    def write(self, block: bytes) -> None:
        """Write a block of whole lines."""
        self.lines += self.bundle.write(block)

    def end(self, content: str = "", text: str = "", header: str = "") -> int:
        """Add the segment to its bundle, as the last one if `content` is given; returns the object's lines so far."""
        if self.lines or content:
            last, filtered = bool(content), self.bundle.filtered()
            segment = Segment(self.object, self.first, self.lines, self.offset, last, content, text, header, filtered)
            self.bundle.segments.append(segment)
        return self.offset + self.lines


@dataclass(slots=True)
class _BundleWriter:
    """Writes bundles. Between two objects at most one is open; it is closed when the next object has another format."""

    spool: Path
    limit: int
    native: ReadNatively | None
    number: int = 0
    open: list[_OpenBundle] = field(default_factory=list)

    def add(self, item: FetchedObject, choose: ChooseFormat) -> Iterator[Bundle]:
        """Write an object's lines; yields each bundle that is closed meanwhile."""
        digest = TextDigest()
        text = text_blocks(item, self.limit, digest.update)
        block = next(text, b"").removeprefix(BOM)
        format_ = self._format(block, item, choose)
        if self.open and (self.open[-1].format is not format_ or self.open[-1].full(self.limit)):
            yield from self.flush()
        segment = self._begin(item.object, format_, 0)
        switches, headers = FormatSwitches(format_), item.headers()
        for piece in itertools.chain.from_iterable(map(_limit_lines, itertools.chain([block], text))):
            headers.add(piece)
            for after, lines in switches.cut(piece):
                if after is not segment.bundle.format:
                    segment = self._begin(item.object, after, segment.end())
                    yield from self._limit_open()
                if segment.bundle.full(self.limit):
                    offset = segment.end()
                    yield from self._close(segment.bundle)
                    segment = self._begin(item.object, after, offset)
                segment.write(lines)
        is_text = item.origin is None and (item.object.slice is not None or is_plain(item.path))
        content = digest.written() if is_text else item.digest()
        segment.end(content=content, text=digest.lines(), header=headers.text)
        if len(self.open) > 1 or segment.bundle.full(self.limit):
            yield from self.flush()

    def _format(self, block: bytes, item: FetchedObject, choose: ChooseFormat) -> Format:
        """The object's format; an object without lines gets that of the object before."""
        if not block and self.open:
            return self.open[-1].format
        return item.format(block, choose)

    def _begin(self, object_: SourceObject, format_: Format, offset: int) -> _OpenSegment:
        """Begin a segment in the open bundle of that format or a new one, which becomes the most recently used."""
        bundle = next((bundle for bundle in self.open if bundle.format is format_), None)
        if bundle is None:
            path = self.spool / f"bundle-{self.number}.txt"
            self.number += 1
            bundle = _OpenBundle(path, format_, self.native(format_) if self.native else None)
        else:
            self.open.remove(bundle)
        self.open.append(bundle)
        return _OpenSegment(object_, bundle, offset, bundle.lines)

    def _limit_open(self) -> Iterator[Bundle]:
        """Close the least recently used bundle if too many are open."""
        if len(self.open) > _MOST_OPEN:
            yield from self._close(self.open[0])

    def _close(self, bundle: _OpenBundle) -> Iterator[Bundle]:
        """Close a bundle and yield it; an empty one is removed."""
        self.open.remove(bundle)
        made = bundle.closed()
        if made.segments:
            yield made
        else:
            made.discard()

    def flush(self) -> Iterator[Bundle]:
        """Close all open bundles, the most recently used one last."""
        while self.open:
            yield from self._close(self.open[0])

    def close(self) -> None:
        """Close the bundles after an error, without finishing them."""
        for bundle in self.open:
            bundle.abandon()


def _limit_lines(block: bytes) -> Iterator[bytes]:
    """Divide a block of whole lines that has more lines than a bundle should have."""
    start = 0
    while block.count(b"\n", start) > MOST_LINES:
        end = block.rfind(b"\n", start, start + MOST_LINES) + 1 or block.find(b"\n", start) + 1
        yield block[start:end]
        start = end
    yield block[start:]
