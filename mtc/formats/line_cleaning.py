r"""Bytes of a log, made so that DuckDB reads every line of them: whole lines, valid UTF-8, one kind of line end.

The number of lines never changes here: a line is what ends with a line feed, and the last one may lack it. Bytes that
are no UTF-8 become `\xNN`, as Apache writes them; a carriage return that is no line end becomes `\r`; an empty line
becomes one blank; a line longer than `LONGEST` is cut and marked, to be counted as rejected. What becomes of a line
does not depend on the lines around it.
"""

from collections.abc import Iterable, Iterator

LONGEST = 1 << 20
SEPARATOR = "\x01"
TOO_LONG = "\x02"
BOM = b"\xef\xbb\xbf"
_SEPARATOR = SEPARATOR.encode()
_MARK = TOO_LONG.encode()
_KEPT = 2000
_STRIDE = LONGEST // 2


def unmarked(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Text as it comes from outside: a mark in it is none of ours."""
    for block in blocks:
        yield block.replace(_MARK, b"\\x02")


def whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a stream at line ends. Memory stays flat: a line that does not end within `LONGEST` is cut and marked."""
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


def is_tidy(block: bytes) -> bool:
    """Whether whole lines that come from outside may be read as they are; their UTF-8 and blank lines aside."""
    return not (b"\r" in block or _SEPARATOR in block or _MARK in block or _has_long_line(block))


def tidy(block: bytes) -> bytes:
    """Make whole lines safe to read, except for what is no UTF-8 and for blank lines, which cost more to find."""
    text = block
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\\r")
    text = text.replace(_SEPARATOR, b"\\x01")
    if _has_long_line(text):
        text = b"\n".join(_shorten(line) if len(line) > LONGEST else line for line in text.split(b"\n"))
    return text


def clean(block: bytes) -> bytes:
    """Make whole lines safe to read, line for line."""
    text = block
    if not text.isascii():
        text = text.decode("utf-8", "backslashreplace").encode()
    return _fill_blank_lines(tidy(text))


def _has_long_line(text: bytes) -> bool:
    """Whether a line may be longer than `LONGEST`: it would cover a whole stride without a line end."""
    return any(text.find(b"\n", at, at + _STRIDE) < 0 for at in range(0, len(text) - _STRIDE, _STRIDE))


def _shorten(line: bytes) -> bytes:
    return _MARK + line[:_KEPT].decode("utf-8", "backslashreplace").encode()


def _fill_blank_lines(text: bytes) -> bytes:
    filled = text
    while b"\n\n" in filled:
        filled = filled.replace(b"\n\n", b"\n \n")
    return b" " + filled if filled.startswith(b"\n") else filled
