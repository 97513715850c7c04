"""Apache's `LogFormat`. Source: mod_log_config, "Custom Log Formats"; mod_logio for %I and %O.

The text may be the format alone, with or without the backslashes of httpd.conf, or the whole directive. Unknown
directives, such as those of other modules, are matched and ignored.
"""

import functools
import re
from collections.abc import Iterator

from mtc.formats.layouts.layout import CLF, LayoutError, Piece, TextLayout, Value, assemble, scanned, spelled_out

_DIRECTIVE = re.compile(r"%(?P<rest>(?:[!<>,0-9]|\{[^}]*\})*)(?P<letter>\^[A-Za-z]{2}|[A-Za-z%])")
_ARGUMENT = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|[^\s"\']\S*'
_WHOLE = re.compile(rf"\s*LogFormat\s+(?P<text>{_ARGUMENT})(?:\s+\S+)?\s*", re.IGNORECASE)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}

_LETTERS = {
    "a": Value("ip", "word"),
    "h": Value("ip", "word", 1),
    "l": Value(kind="word"),
    "u": Value("user", "text"),
    "t": Value(kind="bracketed", clock=f"[{CLF}]"),
    "r": Value("request", "text"),
    "m": Value("method", "word"),
    "U": Value("path", "text"),
    "q": Value("query", "text"),
    "H": Value("protocol", "word"),
    "s": Value("status", "number", 1),
    "b": Value("bytes", "number"),
    "B": Value("bytes", "number"),
    "O": Value("bytes", "number", 1),
    "D": Value("time_us", "number"),
    "T": Value("time_s", "number"),
    "V": Value("host", "word"),
    "v": Value("host", "word", 1),
    "p": Value(kind="number"),
    "P": Value(kind="number"),
    "I": Value(kind="number"),
    "k": Value(kind="number"),
}
HEADERS = {
    "host": Value("host", "word", 2),
    "referer": Value("referrer", "text"),
    "user-agent": Value("user_agent", "text"),
    "x-forwarded-for": Value("forwarded_for", "list"),
    "forwarded": Value("forwarded_for", "text", 1),
    **{
        name: Value("real_ip", "list", rank)
        for rank, name in enumerate(("cf-connecting-ip", "true-client-ip", "x-real-ip", "x-client-ip", "client-ip"))
    },
}
"""The request headers that are fields, by their names in lower case."""
_UNITS = {"s": "time_s", "ms": "time_ms", "us": "time_us"}
_CLOCKS = {
    "sec": "epoch:1",
    "msec": "epoch:1000",
    "usec": "epoch:1000000",
    "msec_frac": "fraction",
    "usec_frac": "fraction",
}


@functools.lru_cache(maxsize=256)
def compile_apache(text: str) -> TextLayout:
    """The layout of a LogFormat.

    Raises:
        LayoutError: the text is not a LogFormat, or no request could be read with it.
    """
    return assemble(list(_pieces(_format_of(text))), "the LogFormat")


def _format_of(text: str) -> str:
    """The format without directive and quotes, unescaped."""
    inner = text
    if re.match(r"\s*LogFormat\s", text, re.IGNORECASE):
        whole = _WHOLE.fullmatch(text)
        if whole is None:
            raise LayoutError("the LogFormat directive is not whole", 'one looks like LogFormat "%h %l ..." name')
        inner = whole["text"]
    if inner[:1] in {'"', "'"} and inner[-1:] == inner[:1] and len(inner) > 1:
        inner = inner[1:-1]
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), inner)


def _pieces(text: str) -> Iterator[Piece]:
    for found in scanned(text, _DIRECTIVE, _unknown):
        if isinstance(found, str):
            yield found
        else:
            yield "%" if found["letter"] == "%" else _value(found["letter"], found["rest"])


def _unknown(rest: str, _: int) -> LayoutError:
    return LayoutError(f"`{rest[:8]}` is not a directive of a LogFormat", "write `%%` for a percent sign")


def _value(letter: str, rest: str) -> Value:
    """The value that a directive writes. `rest` is the text between the percent sign and its letter."""
    argument = match[1] if (match := re.search(r"\{([^}]*)\}", rest)) else None
    if letter == "i":
        return HEADERS.get((argument or "").lower(), Value())
    if letter == "t" and argument:
        return _time(argument.removeprefix("begin:").removeprefix("end:"))
    if letter == "T" and argument:
        return Value(_UNITS.get(argument, ""), "number")
    if letter == "s" and ">" in rest:
        return Value("status", "number")
    if letter == "a" and argument:
        return Value("ip", "word", 2)
    return Value() if argument and letter not in "ap" else _LETTERS.get(letter, Value())


def _time(time_format: str) -> Value:
    if time_format in _CLOCKS:
        return Value(kind="number", clock=_CLOCKS[time_format])
    return Value(kind="text", clock=spelled_out(time_format))
