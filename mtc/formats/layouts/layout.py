r"""What a layout is: an expression, or paths into JSON, whose names are fields, and how its time reads.

`assemble` makes a layout of the values between literal texts that a server's format names. A value's pattern takes as
little as the rest of the line leaves it, so what stands between two values decides where one ends. Within double quotes
no value holds a bare quote: servers write one as `\"` or `\x22`. Formats of times are those of `strptime`, in the
dialect that DuckDB reads.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

# The names that a layout may give. A time taken is named after its unit, so that the unit is never guessed.
NAMES: frozenset[str] = frozenset(
    {
        *("host", "ip", "user", "time", "date", "clock", "zone", "request", "method", "target", "path", "query"),
        *("protocol", "status", "bytes", "referrer", "user_agent"),
        *("time_taken", "time_s", "time_ms", "time_us", "time_ns", "forwarded_for", "real_ip"),
    }
)

# Alternative names, including those of Matomo's importer.
ALIASES: dict[str, str] = {
    "userid": "user",
    "length": "bytes",
    "query_string": "query",
    "timezone": "zone",
    "referer": "referrer",
    "x_forwarded_for": "forwarded_for",
    "x_real_ip": "real_ip",
    "generation_time_secs": "time_s",
    "generation_time_milli": "time_ms",
    "generation_time_micro": "time_us",
}

# Names of Matomo's importer for values that mtc does not keep.
IGNORED: frozenset[str] = frozenset({"event_category", "event_action", "event_name", "session_time"})


# The fields that may hold the client's address, the best first.
ADDRESSES = ("ip", "real_ip", "forwarded_for")


class LayoutError(ValueError):
    """A layout is not valid; `hint` says what to do about it."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class TimeLayout:
    """How to read the time: the texts of `groups` are joined by `joint`.

    `formats` are strptime formats. With `epoch`, the text is a number, in units of which that many make a second. With
    neither, the text may be in any of the usual forms.
    """

    groups: tuple[str, ...] = ("time",)
    joint: str = " "
    formats: tuple[str, ...] = ()
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class TextLayout:
    """An expression over a whole line; its groups are named after fields, or after the groups of `clock`."""

    pattern: str
    names: tuple[str, ...]
    clock: TimeLayout = TimeLayout()


@dataclass(frozen=True, slots=True)
class JsonLayout:
    """The path of each field in a JSON object: keys and indices."""

    paths: tuple[tuple[str, tuple[str | int, ...]], ...]
    clock: TimeLayout = TimeLayout()

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that have a path."""
        return tuple(name for name, _ in self.paths)


Layout = TextLayout | JsonLayout


def require(names: frozenset[str], what: str, how: str) -> None:
    """Refuse a layout from which no request could be read; `how` is a template of how to write a field.

    Raises:
        LayoutError: address, time or path is missing. `what` names the layout.
    """
    for alternatives in (("ip",), ("time", "date"), ("path", "request", "target")):
        if names.isdisjoint(alternatives if alternatives != ("ip",) else ADDRESSES):
            lacking = (
                f"none of {', '.join(alternatives[:-1])} and {alternatives[-1]}"
                if len(alternatives) > 1
                else f"no {alternatives[0]}"
            )
            raise LayoutError(f"{what} has {lacking}", f"add {how.format(alternatives[0])}")


_LONG = {"%T": "%H:%M:%S", "%F": "%Y-%m-%d", "%D": "%m/%d/%y", "%R": "%H:%M", "%h": "%b", "%e": "%d"}
_DIRECTIVE = re.compile(r"%(-?[A-Za-z%]|.?)")
_KNOWN = frozenset("aAbBdjmyYHIMSfgpz%")
CLF = "%d/%b/%Y:%H:%M:%S %z"
_WRITTEN = {
    "Y": r"\d{4}",
    "y": r"\d\d",
    "j": r"\d{1,3}",
    **dict.fromkeys("fg", r"\d+"),
    **dict.fromkeys("mdHIMS", r"\d{1,2}"),
    "p": r"[AaPp]\.?[Mm]\.?",
    "z": r"(?:[+-]\d\d:?(?:\d\d)?|Z)",
    "%": "%",
}


def spelled_out(text: str) -> str:
    """A strptime format with short directives (`%T`) spelled out.

    Raises:
        LayoutError: the format has a directive that DuckDB does not read.
    """
    written = re.sub(r"%[TFDRhe]", lambda match: _LONG[match[0]], text)
    for found in _DIRECTIVE.findall(written):
        if found.removeprefix("-") not in _KNOWN:
            raise LayoutError(
                f"%{found} is not a directive of a time's format", "use %Y %m %b %d %H %M %S %f %p %z and the like"
            )
    return written


def expression_of(time_format: str) -> str:
    """An expression, for RE2 and Python `re` alike, for times in this format; names of days and months are one word."""
    pieces = _DIRECTIVE.split(time_format)
    literals = (re.escape(piece) if at % 2 == 0 else "" for at, piece in enumerate(pieces))
    found = (_WRITTEN.get(each.removeprefix("-"), r"[^\s\d/]+") for each in pieces[1::2])
    return "".join(text for both in zip_longest([*literals][::2], found, fillvalue="") for text in both)


def directives(text: str) -> frozenset[str]:
    """The letters of a time format's directives."""
    return frozenset(found.removeprefix("-") for found in _DIRECTIVE.findall(text))


def has_date(letters: frozenset[str]) -> bool:
    """Whether these directives determine a date."""
    return bool(letters & set("yY")) and ("j" in letters or ("d" in letters and bool(letters & set("mbB"))))


def has_clock(letters: frozenset[str]) -> bool:
    """Whether these directives determine a time of day."""
    return bool(letters & set("HI"))


def check_time(text: str) -> str:
    """A user's time format, spelled out.

    Raises:
        LayoutError: it has no whole date and time of day, or an unknown directive.
    """
    written = spelled_out(text)
    letters = directives(written)
    if not has_date(letters) or not has_clock(letters):
        raise LayoutError(
            "the format of the time has no whole date and time of day", "one looks like %Y-%m-%d %H:%M:%S %z"
        )
    return written


_QUOTED = r'(?:[^"\\]|\\.)*?'
_PATTERNS = {
    "word": r"[^\s]*?",
    "number": r"(?:-|[0-9.]*)",
    "list": r"(?:-|[^\s,]+(?:, ?[^\s,]+)*)",
    "text": r".*?",
    "clf": r"\d{1,2}/\w+/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}",
    "bracketed": r"\[\d{1,2}/\w+/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]",
    "mark": r"\??",
    "signed": r"[+-]?[0-9.]*",
    "braced": r"(?:\{[^}]*\})?",
    "gap": " ?",
    "blanks": " *",
}
_STRICT = frozenset({"number", "clf", "bracketed", "mark", "signed", "braced", "gap", "blanks"})
_LONGEST = 4000


def scanned(
    text: str, code: re.Pattern[str], unknown: Callable[[str, int], LayoutError]
) -> Iterator["str | re.Match[str]"]:
    """Split a format at its percent signs: yield the literal texts, and the match of `code` at each sign, in order.

    `unknown` makes the error for a sign where `code` does not match, from the rest of the text and the sign's index.
    """
    at = 0
    while at < len(text):
        end = text.find("%", at)
        if end != at:
            yield text[at : end if end >= 0 else None]
        if end < 0:
            return
        found = code.match(text, end)
        if found is None:
            raise unknown(text[end:], end)
        yield found
        at = found.end()


@dataclass(frozen=True, slots=True)
class Value:
    """The value that a directive writes.

    Of several for a field the lowest `rank` counts; a value without a field is ignored. `clock` is the strptime format
    of a time, or `epoch:N` for a number with N units per second, or `fraction`.
    """

    field: str = ""
    kind: str = "text"
    rank: int = 0
    clock: str = ""


Piece = str | Value
DURATIONS = ("time_us", "time_ms", "time_s")


def assemble(pieces: Sequence[Piece], what: str) -> TextLayout:
    """Make a layout of literal texts and values.

    Raises:
        LayoutError: no request could be read with it, or it is too long. `what` names it.
    """
    pieces = [replace(piece) if isinstance(piece, Value) else piece for piece in pieces]  # one directive may come twice
    values = [piece for piece in pieces if isinstance(piece, Value)]
    chosen = choose(values)
    times, clock = _time_layout([value for value in values if value.clock])
    names = {id(value): name for name, value in chosen.items()} | {id(value): group for group, value in times.items()}
    found = frozenset(chosen) | ({"time"} if times else frozenset())
    require(found, what, "what writes the {0}")
    pattern = f"^{''.join(_written(pieces, names))}\\s*$"
    if len(pattern) > _LONGEST:
        raise LayoutError(f"{what} is too long", "leave out what follows the last field that counts")
    return TextLayout(pattern, tuple(names[id(value)] for value in values if id(value) in names), clock)


def choose(values: Iterable[Value]) -> dict[str, Value]:
    """The best value for each field; values whose meaning another field includes are dropped."""
    chosen: dict[str, Value] = {}
    for value in values:
        known = chosen.get(value.field)
        if value.field and (known is None or value.rank < known.rank):
            chosen[value.field] = value
    for better, worse in (
        ("request", ("method", "target", "path", "query", "protocol")),
        ("target", ("path", "query")),
        ("time_us", DURATIONS[1:]),
        ("time_ms", DURATIONS[2:]),
    ):
        if better in chosen:
            chosen = {name: value for name, value in chosen.items() if name not in worse}
    return chosen


def _written(pieces: Sequence[Piece], names: dict[int, str]) -> Iterable[str]:
    quoted = False
    for piece, after in zip(pieces, [*pieces[1:], ""], strict=True):
        if isinstance(piece, str):
            quoted ^= piece.count('"') % 2 == 1
            yield _literal(piece)
        else:
            pattern = _pattern(piece, quoted=quoted, joined=isinstance(after, Value))
            name = names.get(id(piece))
            yield f"(?P<{name}>{pattern})" if name else f"(?:{pattern})"


def _pattern(value: Value, *, quoted: bool, joined: bool) -> str:
    """The expression for a value. Directly before another one (`joined`), a path ends at `?` and a host at a slash."""
    if value.clock.startswith("%") and value.kind == "text":
        return expression_of(value.clock).replace("\\ ", " ")
    if value.field == "host" and joined:
        return r'[^\s"/?#]*'
    if value.field == "path" and joined:
        return r'(?:[^"\\?]|\\.)*' if quoted else r"[^?\s]*"
    return _QUOTED if quoted and value.kind not in _STRICT else _PATTERNS[value.kind]


def _literal(text: str) -> str:
    """The expression for a literal text, with blanks unescaped; RE2 reads what `re.escape` writes."""
    return re.escape(text).replace("\\ ", " ").replace("\\\t", "\t")


def _time_layout(values: Sequence[Value]) -> tuple[dict[str, Value], TimeLayout]:
    """The values that the time is read from, by group, and how to read it."""
    fraction = next((value for value in values if value.clock == "fraction"), None)
    epochs = [value for value in values if value.clock.startswith("epoch:")]
    if epochs:
        return _epoch(max(epochs, key=lambda value: int(value.clock[6:])), fraction)
    timed = [value for value in values if value.clock not in {"", "fraction"}]
    if not timed:
        return {}, TimeLayout()
    used = _sufficient(timed)
    groups = (
        {"time": used[0]} if len(used) == 1 and fraction is None else {f"t{at}": each for at, each in enumerate(used)}
    )
    time_format = " ".join(each.clock for each in used)
    if fraction is not None and not directives(time_format) & set("fg"):
        groups, time_format = {**groups, "fraction": fraction}, f"{time_format} %f"
    return groups, TimeLayout(tuple(groups), " ", (time_format,))


def _epoch(value: Value, fraction: Value | None) -> tuple[dict[str, Value], TimeLayout]:
    per_second = int(value.clock[6:])
    if per_second == 1 and fraction is not None:
        return {"time": value, "fraction": fraction}, TimeLayout(("time", "fraction"), ".", epoch=1)
    return {"time": value}, TimeLayout(("time",), epoch=per_second)


def _sufficient(values: Sequence[Value]) -> list[Value]:
    """The value with a whole date and time, and that of the offset if it has none; else all values of the time."""
    whole = next(
        (each for each in values if has_date(directives(each.clock)) and has_clock(directives(each.clock))), None
    )
    if whole is None:
        if not has_date(frozenset().union(*(directives(each.clock) for each in values))):
            raise LayoutError("the time has no date", f"write the whole of it, like {CLF}")
        return list(values)
    offset = [each for each in values if directives(each.clock) == {"z"} and "z" not in directives(whole.clock)]
    return [whole, *offset[:1]]
