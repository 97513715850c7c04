r"""Squid's `logformat`. Source: Squid, "logformat".

The text may be the format alone, the whole directive, or the name of a built-in format: `squid`, `common`, `combined`.
A code may say how it is encoded, how wide it is and which header is meant: `%"-10{User-Agent}>h`. Unknown
codes, such as hierarchies and tags, are matched and ignored.
"""

import functools
import re
from collections.abc import Iterator, Sequence

from mtc.formats.layouts.apache import HEADERS
from mtc.formats.layouts.layout import CLF, LayoutError, Piece, TextLayout, Value, assemble, scanned, spelled_out

_CODE = re.compile(
    r"%(?P<encoding>[\"'\[#/])?(?P<width>-?0?\d*(?:\.\d+)?)(?:\{(?P<argument>[^}]*)\})?"
    r"(?P<code>%|[<>]?[A-Za-z_]+(?:::[<>]?[A-Za-z_]+)?)(?:\{(?P<behind>[^}]*)\})?"
)
_DIRECTIVE = re.compile(r"\s*logformat\s+\S+\s+(?P<rest>.*)", re.DOTALL)
_NCSA = '%>a - %[un [%tl] "%rm %ru HTTP/%rv" %>Hs %<st'
_BUILT_IN = {
    "squid": "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt",
    "common": f"{_NCSA} %Ss:%Sh",
    "combined": f'{_NCSA} "%{{Referer}}>h" "%{{User-Agent}}>h" %Ss:%Sh',
}
_CODES = {
    ">a": Value("ip", "word"),
    ">A": Value("ip", "word", 1),
    "un": Value("user", "text"),
    "ul": Value("user", "text", 1),
    "ts": Value(kind="number", clock="epoch:1"),
    "tu": Value(kind="number", clock="fraction"),
    "tr": Value("time_ms", "signed"),
    "rm": Value("method", "word", 1),
    ">rm": Value("method", "word"),
    "ru": Value("target", "text", 1),
    ">ru": Value("target", "text"),
    "rp": Value("target", "text", 3),
    ">rp": Value("target", "text", 2),
    "rv": Value("protocol", "word", 1),
    ">rv": Value("protocol", "word"),
    "Hs": Value("status", "number", 1),
    ">Hs": Value("status", "number"),
    "<st": Value("bytes", "number"),
    "st": Value("bytes", "number", 1),
}


@functools.lru_cache(maxsize=256)
def compile_squid(text: str) -> TextLayout:
    """The layout of a logformat.

    Raises:
        LayoutError: the text is not a logformat, or no request could be read with it.
    """
    directive = _DIRECTIVE.fullmatch(text)
    inner = (directive["rest"] if directive else text).strip()
    return assemble(_protocols(list(_pieces(_BUILT_IN.get(inner, inner)))), "the logformat")


def _pieces(text: str) -> Iterator[Piece]:
    for found in scanned(text, _CODE, _unknown):
        yield from ((found,) if isinstance(found, str) else _item(found))


def _unknown(rest: str, place: int) -> LayoutError:
    what = f"`{rest.split(maxsplit=1)[0][:20]}` at character {place + 1} is not a code of a logformat"
    return LayoutError(what, "write `%%` for a percent sign")


def _item(found: re.Match[str]) -> Iterator[Piece]:
    """The pieces that a code writes, with the blanks that pad it to its width."""
    if found["code"] == "%":
        yield "%"
        return
    value = _value(found["code"], found["argument"] or found["behind"] or "")
    wide = found["width"].lstrip("-")
    padded = bool(wide) and not wide.startswith("0")
    if padded and not found["width"].startswith("-"):
        yield Value(kind="blanks")
    yield value
    if padded and found["width"].startswith("-"):
        yield Value(kind="blanks")


def _value(code: str, argument: str) -> Value:
    if code in {"tl", "tg"}:
        return Value(kind="text", clock=spelled_out(argument)) if argument else Value(kind="clf", clock=CLF)
    if code in {">h", ">ha"} and argument:
        return HEADERS.get(argument.partition(":")[0].lower(), Value())
    return _CODES.get(code.rpartition("::")[2], Value())


def _protocols(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces with `HTTP/` before a protocol's version made part of the value."""
    out: list[Piece] = []
    for piece in pieces:
        before = out[-1] if out else ""
        if isinstance(piece, Value) and piece.field == "protocol" and isinstance(before, str):
            out[-1:] = [before.removesuffix("HTTP/")] if before != "HTTP/" else []
        out.append(piece)
    return out
