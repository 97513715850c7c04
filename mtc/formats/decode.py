r"""Text in any encoding, as UTF-8: decoded block by block while it is spooled, never line by line.

A byte order mark at the beginning of a file says its encoding, whatever else was said. Bytes that are no text in it
become `\xNN`; the number of lines never changes for it. Marks further on (files that were put together have several)
are dropped.
"""

import codecs
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

from mtc.formats.compression import blocks

UTF8 = "utf-8"

# UTF-32's begins as UTF-16's does.
_MARKS = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LONGEST_MARK = 4
# What is read as UTF-8 anyway: ASCII is a part of it.
_SAME = frozenset({UTF8, "utf-8-sig", "ascii"})
_MARK = "\ufeff"


def marked(head: bytes) -> str:
    """The encoding that a byte order mark at the beginning says; empty where there is none."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), "")


def encoding_of(head: bytes, given: str | None) -> str:
    """The encoding of a text that begins so: as its mark says, else the one that was `given`, else UTF-8."""
    name = marked(head) or given or UTF8
    if name == "utf-32" and given and codecs.lookup(given).name == "utf-16":
        name = given  # the mark of UTF-16, and a NUL behind it
    return UTF8 if codecs.lookup(name).name in _SAME else name


def encoding_of_file(path: Path, given: str | None, *, where: str) -> str:
    """The same of a file, which may be compressed."""
    return encoding_of(next(iter(blocks(path, where=where)), b""), given)


def as_utf8(stream: Iterable[bytes], given: str | None) -> Iterator[bytes]:
    """The blocks of a text, as UTF-8. What is UTF-8 passes as it is."""
    coming = iter(stream)
    first = next(coming, b"")
    rest = itertools.chain([first], coming)
    name = encoding_of(first, given)
    yield from rest if name == UTF8 else _decoded(rest, name)


def _decoded(stream: Iterable[bytes], name: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(name)("backslashreplace")
    for block in stream:
        yield _encoded(decoder.decode(block))
    yield _encoded(decoder.decode(b"", final=True))


def _encoded(text: str) -> bytes:
    return text.replace(_MARK, "").encode(UTF8, "backslashreplace")
