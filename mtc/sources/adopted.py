"""Whole objects as slices: a log that was loaded as one object, and has grown or is read as a growing log since.

Of a whole object the state has the size and the SHA-256 of its bytes, which are hashed once to find out that a text
begins with them.
"""

import dataclasses
import hashlib
import itertools
import re
from collections.abc import Collection, Iterator

from mtc.core.model import LoadedObject, Slice
from mtc.formats.compression import as_utf8
from mtc.formats.line_cleaning import tidy, unmarked, whole_lines
from mtc.formats.w3c import HeaderLines
from mtc.sources.log_identity import ID_LENGTH, digest
from mtc.sources.log_slices import line_end
from mtc.sources.log_text import HEAD, LogText

_COMPRESSED = re.compile(r"\.(gz|bz2|xz|zst)\Z")
_EMPTY = digest(b"")


def as_slice(item: LoadedObject, text: LogText, taken: Collection[str], encoding: str | None) -> Slice | None:
    """The slice that a whole object is of a text that begins with its bytes; None if the text does not.

    None as well if the object ends in the middle of a line. `taken` are the ids of other logs.
    """
    size = item.object.size
    if not 0 < size <= text.size:
        return None
    reader = _Reader(item.format, encoding)
    if reader.read(text.blocks(0, size)) != item.content:
        return None
    stop = _line_stop(text, size, encoding)
    if not stop:
        return None
    head, tail = min(stop, HEAD), min(stop, HEAD)
    start = text.read(0, head)
    name = digest(start)[:ID_LENGTH]
    ids = itertools.chain((name,), (f"{name}-{number}" for number in itertools.count(2)))
    log = next(each for each in ids if each not in taken)
    end = digest(text.read(stop - tail, stop))
    return Slice(log, item.object.key, 0, stop, digest(start), head, end, tail, item.format, next_header=reader.header)


def before_slices(item: LoadedObject, first: Slice) -> Slice:
    """The slice that a whole object is of a log whose next slice is `first`. It has no tail."""
    return dataclasses.replace(
        first,
        file=item.object.key,
        start=0,
        stop=first.start,
        tail=_EMPTY,
        tail_size=0,
        header="",
        next_header="",
        pieces=(),
    )


def without_compression(key: str) -> str:
    """The key that a log had before it was compressed, or would have."""
    return _COMPRESSED.sub("", key)


def _line_stop(text: LogText, size: int, encoding: str | None) -> int:
    """Where the line ends that a whole object ends with: at its end, or behind a line end that came later; else 0."""
    ends = line_end(text.read(0, HEAD), encoding)
    if text.read(max(size - len(ends), 0), size) == ends or size == text.size:
        return size
    for end in (ends, ends.replace(b"\n", b"\r") + ends):
        if text.read(size, size + len(end)) == end:
            return size + len(end)
    return 0


class _Reader:
    """Hashes a text, and keeps the header for what comes next."""

    def __init__(self, log_format: str, encoding: str | None) -> None:
        self._format, self._encoding = log_format, encoding
        self._hash = hashlib.sha256()
        self.header = ""

    def read(self, blocks: Iterator[bytes]) -> str:
        """Read it all; returns the digest, in hex."""
        headers, first = HeaderLines(), b""
        for block in whole_lines(unmarked(as_utf8(self._hashed(blocks), self._encoding))):
            cleaned = tidy(block)
            first = first or cleaned[: cleaned.find(b"\n") + 1]
            headers.add(cleaned)
        self.header = first.decode("utf-8", "backslashreplace") if self._format == "csv" else headers.text
        return self._hash.hexdigest()

    def _hashed(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._hash.update(block)
            yield block
