r"""The pattern of Tomcat's access log valve, and of Jetty's request log, which derives from it.

Sources: Apache Tomcat, "The Valve Component", Access Log Valve; Eclipse Jetty, `CustomRequestLog`; Java,
`SimpleDateFormat`, whose formats of times become those of `strptime`.

The text may be the pattern, the name of a built-in one (`common`, `combined`), or the whole `<Valve ...
pattern="..."/>`. `%D` is milliseconds up to Tomcat 9; for Tomcat 10 and later, where it is microseconds, write `%{us}T`
in its place. Where the pattern has what only Jetty knows (`%O`, `%{client}a`), `%D` is microseconds. Unknown
codes, such as cookies and sessions, are matched and ignored.
"""

import functools
import html
import re
from collections.abc import Iterator

from mtc.formats.layouts.apache import HEADERS
from mtc.formats.layouts.layout import CLF, LayoutError, Piece, TextLayout, Value, assemble, scanned

_DATE_TOKEN = re.compile(r"'(?P<quoted>(?:[^']|'')*)'|(?P<letters>([A-Za-z])\3*)|(?P<other>[^A-Za-z'])")
_DATE_LETTERS = {
    **dict.fromkeys(("yyyy", "uuuu", "y", "u"), "%Y"),
    "yy": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    **dict.fromkeys(("MM", "M", "L", "LL"), "%m"),
    **dict.fromkeys(("dd", "d"), "%d"),
    **dict.fromkeys(("HH", "H"), "%H"),
    **dict.fromkeys(("hh", "h"), "%I"),
    **dict.fromkeys(("mm", "m"), "%M"),
    **dict.fromkeys(("ss", "s"), "%S"),
    **dict.fromkeys(("SSS", "SS", "S"), "%g"),
    "SSSSSS": "%f",
    "a": "%p",
    **dict.fromkeys(("DDD", "D"), "%j"),
    "EEEE": "%A",
    **dict.fromkeys(("EEE", "EE", "E"), "%a"),
    **dict.fromkeys(("Z", "ZZ", "ZZZ", "XXX", "XX", "X", "xxx", "xx", "x"), "%z"),
}


def strptime_format(text: str) -> str:
    """Convert a format of `SimpleDateFormat` to one of `strptime`.

    Raises:
        LayoutError: a letter has no counterpart, or a quote is not closed.
    """
    out, at = [], 0
    while at < len(text):
        found = _DATE_TOKEN.match(text, at)
        if found is None:
            raise LayoutError(f"the quote at character {at + 1} of the time does not end", "close it with `'`")
        out.append(_directive(found))
        at = found.end()
    return "".join(out)


def _directive(found: re.Match[str]) -> str:
    if found["letters"]:
        if found["letters"] not in _DATE_LETTERS:
            raise LayoutError(
                f"`{found['letters']}` in the time's format is not supported",
                "use yyyy MM MMM dd HH hh mm ss SSS a Z XXX and texts in single quotes",
            )
        return _DATE_LETTERS[found["letters"]]
    text = found["other"] or found["quoted"].replace("''", "'") or "'"
    return text.replace("%", "%%")


_CODE_AT_PERCENT = re.compile(r"%[!0-9,]*(?:\{(?P<argument>[^}]*)\})?(?P<letter>[A-Za-z%])")
_VALVE = re.compile(r"\s*<Valve\s.*?\bpattern\s*=\s*(?P<quote>[\"'])(?P<pattern>.*?)(?P=quote).*", re.DOTALL)
_COMMON = '%h %l %u %t "%r" %s %b'
_BUILT_IN = {"common": _COMMON, "combined": f'{_COMMON} "%{{Referer}}i" "%{{User-Agent}}i"'}
_JETTY = re.compile(r"%[!0-9,]*(?:O|k|R|\{(?:client|server|local)\}a|\{[^}]*\|[^}]*\}t)")

_CODES = {
    "a": Value("ip", "word"),
    "h": Value("ip", "word", 1),
    "u": Value("user", "text"),
    "t": Value(kind="bracketed", clock=f"[{CLF}]"),
    "r": Value("request", "text"),
    "m": Value("method", "word"),
    "U": Value("path", "text"),
    "q": Value("query", "text"),
    "H": Value("protocol", "word"),
    "s": Value("status", "number"),
    "b": Value("bytes", "number"),
    "B": Value("bytes", "number"),
    "O": Value("bytes", "number", 1),
    "D": Value("time_ms", "number"),
    "T": Value("time_s", "number"),
    "v": Value("host", "word"),
    "p": Value(kind="number"),
    "F": Value(kind="number"),
    "k": Value(kind="number"),
    "A": Value(kind="word"),
    "l": Value(kind="word"),
    "X": Value(kind="word"),
    "R": Value(kind="text"),
    "I": Value(kind="text"),
    "S": Value(kind="text"),
}
_WITH_ARGUMENT = frozenset("iocCrsLeuaptT")
_UNITS = {"s": "time_s", "fracsec": "time_s", "ms": "time_ms", "us": "time_us", "ns": "time_ns"}
_CLOCKS = {"sec": "epoch:1", "msec": "epoch:1000", "msec_frac": "fraction"}
_REMOTE = "org.apache.catalina.AccessLog.RemoteAddr"


@functools.lru_cache(maxsize=256)
def compile_tomcat(text: str) -> TextLayout:
    """The layout of a pattern.

    Raises:
        LayoutError: the text is not a pattern, or no request could be read with it.
    """
    inner = _pattern_of(text)
    return assemble(list(_pieces(inner, jetty=_JETTY.search(inner) is not None)), "the pattern")


def _pattern_of(text: str) -> str:
    """The pattern, without `<Valve>`; of a built-in pattern its definition."""
    if re.match(r"\s*<Valve\b", text):
        valve = _VALVE.fullmatch(text)
        if valve is None:
            raise LayoutError("there is no pattern in the Valve", 'one looks like <Valve ... pattern="common"/>')
        text = valve["pattern"]
    inner = html.unescape(text) if "&quot;" in text else text
    return _BUILT_IN.get(inner.strip(), inner)


def _pieces(text: str, *, jetty: bool) -> Iterator[Piece]:
    for found in scanned(text, _CODE_AT_PERCENT, lambda rest, place: _unknown(rest[:8], place)):
        if isinstance(found, str):
            yield found
        else:
            yield "%" if found["letter"] == "%" else _value(found, text[found.end() :], jetty=jetty)


def _value(found: re.Match[str], behind: str, *, jetty: bool) -> Value:
    """The value that a code writes. `behind` is the rest of the pattern: the unit may follow a time taken."""
    letter, argument = found["letter"], found["argument"]
    known = _CODES.get(letter)
    if known is None and not (argument is not None and letter in _WITH_ARGUMENT):
        other = letter.swapcase()
        hint = f"did you mean %{other}?" if other in _CODES else "write `%%` for a percent sign"
        raise _unknown(found[0], found.start(), hint)
    if letter == "D":
        named_unit = re.match(r"\s?(ms|us|µs|μs)\b", behind)
        milliseconds = named_unit[1] == "ms" if named_unit else not jetty
        return Value("time_ms" if milliseconds else "time_us", "number")
    if argument is not None:
        return _with_argument(letter, argument)
    return known or Value()


def _with_argument(letter: str, argument: str) -> Value:
    if letter == "i":
        return HEADERS.get(argument.lower(), Value())
    if letter == "t":
        return _time(argument.removeprefix("begin:").removeprefix("end:"))
    if letter == "T":
        return Value(_UNITS.get(argument, ""), "number")
    if letter == "a":
        return (
            Value("ip", "word", {"client": 0, "remote": 0, "peer": 2}.get(argument, 9))
            if (argument in {"client", "remote", "peer"})
            else Value(kind="word")
        )
    if letter == "r":
        return Value("ip", "word", 3) if argument == _REMOTE else Value()
    return Value(kind="number") if letter == "p" else Value("user", "text") if letter == "u" else Value()


def _time(time_format: str) -> Value:
    if time_format in _CLOCKS:
        return Value(kind="number", clock=_CLOCKS[time_format])
    written = strptime_format(time_format.partition("|")[0])
    # An offset may be written `Z`: times of ISO 8601 are read in any of their forms.
    if re.match(r"%Y-%m-%d.?[T ]", written) and "X" in time_format:
        return Value("time", "text")
    return Value(kind="text", clock=written)


def _unknown(what: str, place: int, hint: str = "write `%%` for a percent sign") -> LayoutError:
    return LayoutError(f"`{what}` at character {place + 1} is not a code of a pattern", hint)
