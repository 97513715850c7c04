"""The spool's text files: objects written one behind the other until a bundle is full, or its format another.

An object that does not fit is cut at a line end: it goes on in the next bundle.
"""

import itertools
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from mtc.files import sha256
from mtc.formats.base import Format
from mtc.formats.clean import BOM, tidy, unmarked, whole_lines
from mtc.formats.compression import blocks
from mtc.stages.importing.bundle import Bundle, Chooser, Fetched, Segment, Sizes, fits_in_place, in_place, sample_lines

_BLOCK = 4 << 20


def bundles(fetched: Iterable[Fetched], spool: Path, choose: Chooser, *, sizes: Sizes) -> Generator[Bundle]:
    """Turn objects into bundles, in order."""
    writer = _Writer(spool, sizes.bundle)
    try:
        for item in fetched:
            if fits_in_place(item.path, sizes):
                yield from writer.flush()
                yield in_place(item, choose)
            else:
                yield from writer.add(item, choose)
        yield from writer.flush()
    finally:
        writer.close()


@dataclass(slots=True)
class _Open:
    """A bundle being written."""

    path: Path
    format: Format
    stream: BinaryIO
    size: int = 0
    lines: int = 0
    segments: list[Segment] = field(default_factory=list)

    def write(self, block: bytes) -> int:
        """Write whole lines; returns how many."""
        self.stream.write(block)
        self.size += len(block)
        lines = block.count(b"\n")
        self.lines += lines
        return lines


@dataclass(slots=True)
class _Writer:
    """Writes bundles, one at a time. The current one is closed when it is full or an object of another format comes."""

    spool: Path
    limit: int
    number: int = 0
    current: _Open | None = None

    def add(self, item: Fetched, choose: Chooser) -> Iterator[Bundle]:
        """Write an object's lines; yields each bundle that gets full on the way."""
        text = _text(item, self.limit)
        block = next(text, b"")
        form = choose(sample_lines(block) if block else (), item.object.key)
        if self.current is not None and self.current.format is not form:
            yield from self.flush()
        bundle = self._bundle(form)
        first, written, offset = bundle.lines, 0, 0
        for piece in itertools.chain([block.removeprefix(BOM)], text):
            written += bundle.write(piece)
            if bundle.size >= self.limit:
                bundle.segments.append(Segment(item.object, first, written, offset, last=False))
                yield from self.flush()
                bundle = self._bundle(form)
                first, offset, written = 0, offset + written, 0
        bundle.segments.append(Segment(item.object, first, written, offset, content=sha256(item.path)))

    def _bundle(self, form: Format) -> _Open:
        if self.current is None:
            self.spool.mkdir(parents=True, exist_ok=True)
            path = self.spool / f"bundle-{self.number}.txt"
            self.number += 1
            self.current = _Open(path, form, path.open("wb"))
        return self.current

    def close(self) -> None:
        """Let go of a bundle that nobody will read, as an object of it could not be read."""
        if self.current is not None:
            self.current.stream.close()

    def flush(self) -> Iterator[Bundle]:
        """Close the bundle, if there is one."""
        closing, self.current = self.current, None
        if closing is not None:
            closing.stream.close()
            if closing.segments:
                yield Bundle(closing.path, closing.format, tuple(closing.segments), temporary=True)


def _text(item: Fetched, limit: int) -> Iterator[bytes]:
    """The object's whole lines, in pieces that do not overshoot a bundle by much."""
    return map(tidy, whole_lines(unmarked(_pieces(blocks(item.path, where=item.object.key), min(limit, _BLOCK)))))


def _pieces(stream: Iterable[bytes], size: int) -> Iterator[bytes]:
    for block in stream:
        for at in range(0, len(block), size):
            yield block[at : at + size]
