"""What a layout is: an expression, or paths into JSON, whose names are fields, and how its time reads.

Also the formats of times as `strptime` has them, in the dialect that DuckDB reads.
"""

import re
from dataclasses import dataclass
from itertools import zip_longest

# What a name stands for. A time taken is named after its unit, so that the unit is never guessed.
NAMES: frozenset[str] = frozenset(
    {
        *("host", "ip", "user", "time", "date", "clock", "zone", "request", "method", "target", "path", "query"),
        *("protocol", "status", "bytes", "referrer", "user_agent"),
        *("time_taken", "time_s", "time_ms", "time_us", "time_ns", "forwarded_for", "real_ip"),
    }
)

# Other names for the same, those of Matomo's importer among them.
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

# Names of the importer for what mtc does not keep.
IGNORED: frozenset[str] = frozenset({"event_category", "event_action", "event_name", "session_time"})


# What may hold the client's address, the one that says it best first.
ADDRESSES = ("ip", "real_ip", "forwarded_for")


class LayoutError(ValueError):
    """What is wrong with a layout, and what to do about it."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class TimeLayout:
    """How the time reads: the groups that, joined by `joint`, are its text, and what that text is.

    `formats` are strptime formats; with `epoch`, the text is a number of so many a second. With neither it may be in
    any of the usual forms.
    """

    groups: tuple[str, ...] = ("time",)
    joint: str = " "
    formats: tuple[str, ...] = ()
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class TextLayout:
    """An expression over a whole line whose groups are named after fields, or are those of its clock."""

    pattern: str
    names: tuple[str, ...]
    clock: TimeLayout = TimeLayout()


@dataclass(frozen=True, slots=True)
class JsonLayout:
    """Where in an object each field is: keys and indices."""

    paths: tuple[tuple[str, tuple[str | int, ...]], ...]
    clock: TimeLayout = TimeLayout()

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that have a path."""
        return tuple(name for name, _ in self.paths)


Layout = TextLayout | JsonLayout


def require(names: frozenset[str], what: str, how: str) -> None:
    """Refuse a layout from which no request could be read. `how` shows how a field is written."""
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
    """The format with only such directives as the database has; a LayoutError for one that it has not."""
    written = re.sub(r"%[TFDRhe]", lambda match: _LONG[match[0]], text)
    for found in _DIRECTIVE.findall(written):
        if found.removeprefix("-") not in _KNOWN:
            raise LayoutError(
                f"%{found} is no directive of a time's format", "use %Y %m %b %d %H %M %S %f %p %z and the like"
            )
    return written


def expression_of(time_format: str) -> str:
    """An expression, RE2 and Python `re` alike, for what a format writes; names of days and months are one word."""
    pieces = _DIRECTIVE.split(time_format)
    literals = (re.escape(piece) if at % 2 == 0 else "" for at, piece in enumerate(pieces))
    found = (_WRITTEN.get(each.removeprefix("-"), r"[^\s\d/]+") for each in pieces[1::2])
    return "".join(text for both in zip_longest([*literals][::2], found, fillvalue="") for text in both)


def directives(text: str) -> frozenset[str]:
    """The letters of the directives."""
    return frozenset(found.removeprefix("-") for found in _DIRECTIVE.findall(text))


def has_date(letters: frozenset[str]) -> bool:
    """Whether these say a day."""
    return bool(letters & set("yY")) and ("j" in letters or ("d" in letters and bool(letters & set("mbB"))))


def has_clock(letters: frozenset[str]) -> bool:
    """Whether these say a time of day."""
    return bool(letters & set("HI"))


def check_time(text: str) -> str:
    """A time's format of a user's, spelled out."""
    written = spelled_out(text)
    letters = directives(written)
    if not has_date(letters) or not has_clock(letters):
        raise LayoutError(
            "the format of the time has no whole date and time of day", "one looks like %Y-%m-%d %H:%M:%S %z"
        )
    return written
