"""Bundles: texts of a bounded size, made from many small objects or from a slice of a large one.

The size of a bundle, in bytes and lines, bounds memory and DuckDB's tables; the size of a day does not. A large plain
file is read where it is, in slices (`file_slices`); everything else is decompressed into the spool, object after
object, until a bundle is full or the next object has another format. An object that does not fit is cut at a line end
and continues in the next bundle. An object whose headers change the format within the file is written to several
bundles, one for each format, however often the formats alternate. Nothing is parsed here.
"""

import contextlib
import itertools
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from mtc.core.model import SourceObject
from mtc.formats.compression import UTF8, blocks, encoding_of_file, is_plain
from mtc.formats.line_cleaning import BOM, is_tidy, whole_lines
from mtc.formats.model import Format
from mtc.formats.w3c import FormatSwitches
from mtc.stages.import_.file_slices import slices
from mtc.stages.import_.object_text import ChooseFormat, FetchedObject, TextDigest, digested, text_blocks
from mtc.stages.import_.segments import MOST_LINES, Bundle, FileBundle, Segment

_MOST_OPEN = 8  # bundles
_MOST_SEGMENTS = 100_000  # of a bundle


@dataclass(frozen=True, slots=True)
class BundleSizes:
    """Sizes in bytes of text: of a full bundle, and of the smallest plain file that is read where it is.

    With it is the largest that is read as one bundle.
    """

    bundle: int = 128 << 20
    in_place: tuple[int, int] = (8 << 20, 256 << 20)


def is_large(item: FetchedObject, sizes: BundleSizes) -> bool:
    """Whether a file should be read where it is: it is uncompressed UTF-8, and not too small."""
    smallest, largest = sizes.in_place
    if smallest > largest or item.path.stat().st_size < smallest or not is_plain(item.path):
        return False
    return encoding_of_file(item.path, item.encoding, where=item.object.label) == UTF8


def _made_of_file(
    item: FetchedObject, choose: ChooseFormat, writer: "_BundleWriter", sizes: BundleSizes
) -> Iterator[Bundle]:
    """The bundles of a large plain file, which is not copied unless a header changes its format."""
    largest = sizes.in_place[1]
    fits = item.path.stat().st_size <= largest
    with contextlib.closing(slices(item, largest if fits else sizes.bundle, choose)) as found:
        first = next(found, None)
        if first is not None:
            yield from writer.flush()
            yield first
            yield from found
            return
    whole = in_place(item, choose) if fits else None
    if whole is None:
        yield from writer.add(item, choose)
    else:
        yield from writer.flush()
        yield whole


def in_place(item: FetchedObject, choose: ChooseFormat) -> FileBundle | None:
    """Make a bundle of a plain file where it is; the file is read once, to count its lines.

    For formats that a header may change. Returns None if one does, or if the file has too many lines for a bundle.
    """
    digest = TextDigest()
    lines = 0
    tidy = True
    format_: Format | None = None
    switches: FormatSwitches | None = None
    headers = item.headers()
    for block in whole_lines(digested(blocks(item.path, where=item.object.label), digest.update)):
        format_ = format_ or item.format(block, choose)
        headers.add(block)
        switches = switches or FormatSwitches(format_)
        if any(after is not format_ for after, _ in switches.cut(block)):
            return None
        lines += block.count(b"\n")
        if lines > MOST_LINES:
            return None
        tidy = tidy and is_tidy(block)
    content = item.digest() if item.origin else digest.written()
    segment = Segment(item.object, 0, lines, content=content, text=digest.lines(), header=headers.text)
    return FileBundle(item.path, format_ or item.format(b"", choose), (segment,), temporary=False, tidy=tidy)


def make_bundles(
    fetched: Iterable[FetchedObject], spool: Path, choose: ChooseFormat, *, sizes: BundleSizes
) -> Generator[Bundle]:
    """Turn objects into bundles. The bundle with an object's last segment follows all others of that object."""
    writer = _BundleWriter(spool, sizes.bundle)
    try:
        for item in fetched:
            if is_large(item, sizes):
                yield from _made_of_file(item, choose, writer, sizes)
            else:
                yield from writer.add(item, choose)
        yield from writer.flush()
    finally:
        writer.close()


@dataclass(slots=True, eq=False)
class _OpenBundle:
    """A bundle being written."""

    path: Path
    format: Format
    stream: BinaryIO
    size: int = 0
    lines: int = 0
    segments: list[Segment] = field(default_factory=list)

    def full(self, limit: int) -> bool:
        """Whether no more lines should be written to it; `limit` is in bytes."""
        return self.size >= limit or self.lines >= MOST_LINES or len(self.segments) >= _MOST_SEGMENTS

    def closed(self) -> Bundle:
        """Close the file, and return the bundle."""
        self.stream.close()
        return FileBundle(self.path, self.format, tuple(self.segments), temporary=True)


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
        self.bundle.stream.write(block)
        self.bundle.size += len(block)
        lines = block.count(b"\n")
        self.bundle.lines += lines
        self.lines += lines

    def end(self, content: str = "", text: str = "", header: str = "") -> int:
        """Add the segment to its bundle, as the last one if `content` is given; returns the object's lines so far."""
        if self.lines or content:
            last = bool(content)
            segment = Segment(self.object, self.first, self.lines, self.offset, last, content, text, header)
            self.bundle.segments.append(segment)
        return self.offset + self.lines


@dataclass(slots=True)
class _BundleWriter:
    """Writes bundles. Between two objects at most one is open; it is closed when the next object has another format."""

    spool: Path
    limit: int
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
        if len(self.open) > 1:
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
            self.spool.mkdir(parents=True, exist_ok=True)
            path = self.spool / f"bundle-{self.number}.txt"
            self.number += 1
            bundle = _OpenBundle(path, format_, path.open("wb"))
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
        """Close the files after an error, without making bundles of them."""
        for bundle in self.open:
            bundle.stream.close()


def _limit_lines(block: bytes) -> Iterator[bytes]:
    """Divide a block of whole lines that has more lines than a bundle should have."""
    start = 0
    while block.count(b"\n", start) > MOST_LINES:
        end = block.rfind(b"\n", start, start + MOST_LINES) + 1 or block.find(b"\n", start) + 1
        yield block[start:end]
        start = end
    yield block[start:]
