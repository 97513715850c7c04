"""Bundles: text files of a bounded size, made from many small objects or from a slice of a large one.

Memory and DuckDB's tables stay bounded by the bundle, in bytes and lines, not by the day. A plain file of fitting size
is used where it lies; everything else is decompressed into the spool. Nothing is parsed here.

The spool's text files: objects written one behind the other until a bundle is full, or its format another.

An object that does not fit is cut at a line end: it goes on in the next bundle. One whose headers change the format in
mid-file is written to several bundles, one for each format, however often the formats alternate.
"""

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from mtc.core.atomic_files import sha256
from mtc.core.model import SourceObject
from mtc.formats.compression import UTF8, as_utf8, blocks, encoding_of_file, is_plain
from mtc.formats.header_changes import FormatSwitches
from mtc.formats.line_cleaning import BOM, is_tidy, tidy, unmarked, whole_lines
from mtc.formats.model import Format
from mtc.stages.import_.text_digest import TextDigest

_SAMPLE_BYTES = 256 << 10
MOST_LINES = 2_000_000
"""How many lines a bundle may have, about: a row costs memory however short its line is."""

Chooser = Callable[[Sequence[str], str], Format]
"""Gives an object's format from a sample of its lines and its key."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """In bytes of text: when a bundle is full, and from where to where a plain file is read in place."""

    bundle: int = 128 << 20
    in_place: tuple[int, int] = (8 << 20, 256 << 20)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An object and where its text lies on this machine, maybe compressed.

    `origin` is where its bytes lie, if that is another file as it was no text. `encoding` is that of the text where no
    mark in it says another; None is UTF-8.
    """

    object: SourceObject
    path: Path
    origin: Path | None = None
    encoding: str | None = None

    def digest(self) -> str:
        """The digest of its bytes."""
        return sha256(self.origin or self.path)


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive lines of a bundle that belong to one object.

    `first` is the bundle's line (from 0) at which they begin; `offset` is how many lines of the object lie in earlier
    bundles. `last` says that the object ends here; then `content` is the digest of its bytes, and `text` that of its
    lines, decompressed.
    """

    object: SourceObject
    first: int
    lines: int
    offset: int = 0
    last: bool = True
    content: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A text file and whose lines it holds.

    A file that is not `temporary` is somebody else's: never removed, and `tidy` only if it may be read as it is.
    """

    path: Path
    format: Format
    segments: tuple[Segment, ...]
    temporary: bool
    tidy: bool = True

    @property
    def lines(self) -> int:
        """How many lines the file has."""
        return sum(segment.lines for segment in self.segments)

    @property
    def where(self) -> str:
        """The bundle in an error message."""
        first = self.segments[0].object.key
        return first if len(self.segments) == 1 else f"{first} and {len(self.segments) - 1} more"

    def discard(self) -> None:
        """Remove the file if it is ours."""
        if self.temporary:
            self.path.unlink(missing_ok=True)


def fits_in_place(item: Fetched, sizes: Sizes) -> bool:
    """Whether a file is best read where it lies: UTF-8 that is not compressed, and neither small nor large."""
    smallest, largest = sizes.in_place
    if not smallest <= item.path.stat().st_size <= largest or not is_plain(item.path):
        return False
    return encoding_of_file(item.path, item.encoding, where=item.object.key) == UTF8


def in_place(item: Fetched, choose: Chooser) -> Bundle | None:
    """A plain file as a bundle of its own, read once to count its lines.

    None where its format changes in mid-file, or its lines are too many for one bundle.
    """
    digest = TextDigest()
    lines = 0
    tidy = True
    form: Format | None = None
    turns: FormatSwitches | None = None
    for block in whole_lines(digested(blocks(item.path, where=item.object.key), digest.update)):
        form = form or choose(sample_lines(block), item.object.key)
        turns = turns or FormatSwitches(form)
        if any(after is not form for after, _ in turns.cut(block)):
            return None
        lines += block.count(b"\n")
        if lines > MOST_LINES:
            return None
        tidy = tidy and is_tidy(block)
    content = item.digest() if item.origin else digest.written()
    segment = Segment(item.object, 0, lines, content=content, text=digest.lines())
    return Bundle(item.path, form or choose((), item.object.key), (segment,), temporary=False, tidy=tidy)


def sample_lines(block: bytes) -> Sequence[str]:
    """The first whole lines of a block, decoded so that any byte passes."""
    head = block[:_SAMPLE_BYTES]
    end = head.rfind(b"\n")
    text = head if end < 0 or len(head) == len(block) else head[:end]
    lines = text.decode("utf-8-sig", "backslashreplace").split("\n")
    return [line.rstrip("\r") for line in lines] if b"\r" in text else lines


def digested(stream: Iterable[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    """The same blocks, each told to a digest."""
    for block in stream:
        update(block)
        yield block


_BLOCK = 4 << 20
_MOST_OPEN = 8
_MOST_SEGMENTS = 100_000


def bundles(fetched: Iterable[Fetched], spool: Path, choose: Chooser, *, sizes: Sizes) -> Generator[Bundle]:
    """Turn objects into bundles. When one with the last segment of an object comes, all others of it have come."""
    writer = _Writer(spool, sizes.bundle)
    try:
        for item in fetched:
            whole = in_place(item, choose) if fits_in_place(item, sizes) else None
            if whole is None:
                yield from writer.add(item, choose)
            else:
                yield from writer.flush()
                yield whole
        yield from writer.flush()
    finally:
        writer.close()


@dataclass(slots=True, eq=False)
class _Open:
    """A bundle being written."""

    path: Path
    format: Format
    stream: BinaryIO
    size: int = 0
    lines: int = 0
    segments: list[Segment] = field(default_factory=list)

    def full(self, limit: int) -> bool:
        """Whether nothing more should be written to it."""
        return self.size >= limit or self.lines >= MOST_LINES or len(self.segments) >= _MOST_SEGMENTS

    def closed(self) -> Bundle:
        """What was written."""
        self.stream.close()
        return Bundle(self.path, self.format, tuple(self.segments), temporary=True)


@dataclass(slots=True)
class _Run:
    """Consecutive lines of an object that go into one bundle."""

    object: SourceObject
    bundle: _Open
    offset: int
    first: int
    lines: int = 0

    def write(self, block: bytes) -> None:
        """Write whole lines."""
        self.bundle.stream.write(block)
        self.bundle.size += len(block)
        lines = block.count(b"\n")
        self.bundle.lines += lines
        self.lines += lines

    def end(self, content: str = "", text: str = "") -> int:
        """Make it a segment, the last one where the object's `content` is given; returns the lines up to here."""
        if self.lines or content:
            last = bool(content)
            segment = Segment(self.object, self.first, self.lines, self.offset, last, content, text)
            self.bundle.segments.append(segment)
        return self.offset + self.lines


@dataclass(slots=True)
class _Writer:
    """Writes bundles. Between two objects one is open at most; it is closed when the next one's format is another."""

    spool: Path
    limit: int
    number: int = 0
    open: list[_Open] = field(default_factory=list)

    def add(self, item: Fetched, choose: Chooser) -> Iterator[Bundle]:
        """Write an object's lines; yields each bundle that is closed on the way."""
        digest = TextDigest()
        text = _text(item, self.limit, digest.update)
        block = next(text, b"").removeprefix(BOM)
        form = self._format(block, item, choose)
        if self.open and (self.open[-1].format is not form or self.open[-1].full(self.limit)):
            yield from self.flush()
        run = self._run(item.object, form, 0)
        turns = FormatSwitches(form)
        for piece in itertools.chain.from_iterable(map(_of_few_lines, itertools.chain([block], text))):
            for after, lines in turns.cut(piece):
                if after is not run.bundle.format:
                    run = self._run(item.object, after, run.end())
                    yield from self._spare()
                if run.bundle.full(self.limit):
                    offset = run.end()
                    yield from self._close(run.bundle)
                    run = self._run(item.object, after, offset)
                run.write(lines)
        plain = item.origin is None and is_plain(item.path)
        run.end(content=digest.written() if plain else item.digest(), text=digest.lines())
        if len(self.open) > 1:
            yield from self.flush()

    def _format(self, block: bytes, item: Fetched, choose: Chooser) -> Format:
        """An object without lines has whatever format the last one had."""
        if not block and self.open:
            return self.open[-1].format
        return choose(sample_lines(block) if block else (), item.object.key)

    def _run(self, object_: SourceObject, form: Format, offset: int) -> _Run:
        """Go on in the bundle of that format, which becomes the last one."""
        bundle = next((one for one in self.open if one.format is form), None)
        if bundle is None:
            self.spool.mkdir(parents=True, exist_ok=True)
            path = self.spool / f"bundle-{self.number}.txt"
            self.number += 1
            bundle = _Open(path, form, path.open("wb"))
        else:
            self.open.remove(bundle)
        self.open.append(bundle)
        return _Run(object_, bundle, offset, bundle.lines)

    def _spare(self) -> Iterator[Bundle]:
        """Close what was longest not written to, where too many are open."""
        if len(self.open) > _MOST_OPEN:
            yield from self._close(self.open[0])

    def _close(self, bundle: _Open) -> Iterator[Bundle]:
        """Give out a bundle; one that nothing came into is gone."""
        self.open.remove(bundle)
        made = bundle.closed()
        if made.segments:
            yield made
        else:
            made.discard()

    def flush(self) -> Iterator[Bundle]:
        """Close what is open. The one with the last segments comes last."""
        while self.open:
            yield from self._close(self.open[0])

    def close(self) -> None:
        """Let go of what nobody will read, as an object of it could not be read."""
        for bundle in self.open:
            bundle.stream.close()


def _of_few_lines(block: bytes) -> Iterator[bytes]:
    """Whole lines, cut where they are more than a bundle should have."""
    begun = 0
    while block.count(b"\n", begun) > MOST_LINES:
        end = block.rfind(b"\n", begun, begun + MOST_LINES) + 1 or block.find(b"\n", begun) + 1
        yield block[begun:end]
        begun = end
    yield block[begun:]


def _text(item: Fetched, limit: int, digest: Callable[[bytes], None]) -> Iterator[bytes]:
    """The object's whole lines, in pieces that do not overshoot a bundle by much; `digest` is told of its text."""
    text = as_utf8(digested(blocks(item.path, where=item.object.key), digest), item.encoding)
    return map(tidy, whole_lines(unmarked(_pieces(text, min(limit, _BLOCK)))))


def _pieces(stream: Iterable[bytes], size: int) -> Iterator[bytes]:
    for block in stream:
        for at in range(0, len(block), size):
            yield block[at : at + size]
