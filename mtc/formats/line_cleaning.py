r"""Cleans the bytes of a log so that DuckDB reads every line: whole lines, valid UTF-8, one kind of line end.

The number of lines never changes: a line ends with a line feed, which the last one may lack. Bytes that are not UTF-8
become `\xNN`, as Apache writes them; a carriage return that is not part of a line end becomes `\r`. A byte order mark
before a line is removed, as the database removes the first one. An empty line becomes one blank; a line longer than
`LONGEST` bytes is truncated and marked, to be counted as rejected. The result for a line does not depend on the lines
around it.
"""

from collections.abc import Iterable, Iterator

LONGEST = 1 << 20
SEPARATOR = "\x01"
TOO_LONG = "\x02"
BOM = b"\xef\xbb\xbf"
_SEPARATOR = SEPARATOR.encode()
_MARK = TOO_LONG.encode()
_KEPT_BYTES = 2000
_STRIDE = LONGEST // 2


def unmarked(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Escape the mark of truncated lines in text of a log, where it is not a mark."""
    for block in blocks:
        yield block.replace(_MARK, b"\\x02")


def whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield blocks of whole lines. Memory is bounded: a line longer than `LONGEST` bytes is truncated and marked."""
    rest = b""
    skipping = False
    for block in blocks:
        data = block
        if skipping:
            end = data.find(b"\n")
            if end < 0:
                continue
            data, skipping = data[end + 1 :], False
        end = data.rfind(b"\n") + 1
        if end:
            yield rest + data[:end] if rest else data[:end]
            rest = data[end:]
        else:
            rest += data
        if len(rest) > LONGEST + _STRIDE:
            yield _shorten(rest) + b"\n"
            rest, skipping = b"", True
    if rest:
        yield rest + b"\n"


def tidy(block: bytes) -> bytes:
    """Clean whole lines, except for invalid UTF-8 and blank lines, which cost more to find."""
    text = block if block.isascii() else _without_marks(block)
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\\r")
    text = text.replace(_SEPARATOR, b"\\x01")
    if _has_long_line(text):
        text = b"\n".join(_shorten(line) if len(line) > LONGEST else line for line in text.split(b"\n"))
    return text


def _without_marks(text: bytes) -> bytes:
    """Remove byte order marks at the beginnings of lines, as in files that were put together."""
    rest = text
    while rest.startswith(BOM):
        rest = rest[len(BOM) :]
    while b"\n" + BOM in rest:
        rest = rest.replace(b"\n" + BOM, b"\n")
    return rest


def clean(block: bytes) -> bytes:
    """Clean whole lines."""
    return _fill_blank_lines(tidy(valid_utf8(block)))


def valid_utf8(text: bytes) -> bytes:
    """Escape the bytes that are not UTF-8."""
    return text if text.isascii() else text.decode("utf-8", "backslashreplace").encode()


def _has_long_line(text: bytes) -> bool:
    """Whether a line may be longer than `LONGEST`: it would span a whole stride without a line end."""
    return any(text.find(b"\n", at, at + _STRIDE) < 0 for at in range(0, len(text) - _STRIDE, _STRIDE))


def _shorten(line: bytes) -> bytes:
    return _MARK + line[:_KEPT_BYTES].decode("utf-8", "backslashreplace").encode()


def _fill_blank_lines(text: bytes) -> bytes:
    filled = text
    while b"\n\n" in filled:
        filled = filled.replace(b"\n\n", b"\n \n")
    return b" " + filled if filled.startswith(b"\n") else filled
