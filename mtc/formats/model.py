"""What a log format is: a declaration that DuckDB executes.

A format says how a line is split into named texts (`FIELDS`), and what these mean: how to read the time, the unit of
durations, which lines are headers. `line_sql` turns the declaration into SQL. How a line is split is its *shape*:

    LinePattern   one RE2 expression for the whole line, with a fast path where speed matters
    Columns       fields between separators, in a known order
    Cells         CSV, whose header row names the columns
    JsonLines     one JSON object a line, one or several paths for each field
    Pairs         names and values, such as LTSV and logfmt

A line that its shape does not match is rejected; one that belongs to the format but is not a request is filtered.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

# The fields that a shape may give, in order. `request` is split into method, target and protocol, `target` into host,
# path and query; `date` and `clock` together are `time`. `ip` is the client as the server sees it, `forwarded_for` the
# list of proxies, `real_ip` the client as a proxy sees it; each may be any text that contains an address.
FIELDS: tuple[str, ...] = (
    *("host", "ip", "user", "time", "date", "clock", "request", "method", "target", "path", "query", "protocol"),
    *("status", "bytes", "time_taken", "referrer", "user_agent", "forwarded_for", "real_ip"),
)

# Seconds, milliseconds, microseconds or nanoseconds since 1970.
ANY_EPOCH = -1

# Common Log Format time, with its offset: 17/May/2015:10:05:03 +0000.
CLF_TIME = "%d/%b/%Y:%H:%M:%S %z"


@dataclass(frozen=True)
class Time:
    """How to read the text of a time.

    `formats` are strptime formats, tried in order. One without `%z` is a local time: in UTC if the log format is
    defined so (`utc`), else in the time zone of the source. With `epoch`, the number of units in a second (1, 1000
    ...), the text is a number of such units since 1970, and `formats` are tried if it is not a number; with
    `ANY_EPOCH`, its size tells seconds from milli-, micro- and nanoseconds. With `iso`, ISO 8601 is read before
    `formats`: with an offset, `Z` or none, and with any fraction. Unless it is `strict`, any other time that servers
    write is tried last (`sql.fallback_micros`).
    """

    formats: tuple[str, ...] = (CLF_TIME,)
    utc: bool = False
    epoch: int = 0
    iso: bool = False
    strict: bool = False


class Shape(Protocol):
    """How a line is split into named texts."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the texts."""

    @property
    def separator(self) -> str:
        """The text at which the reader splits lines; empty for whole lines."""

    @property
    def pieces(self) -> int:
        """The most pieces into which the reader splits a line; a file with more in a line is read on the exact path."""

    def fits(self, line: str) -> int:
        """How well a line of a sample fits: higher if more fields have a value; 0 for a line that is not a request."""

    def head(self, names: Collection[str], *, exact: bool) -> str:
        """SQL over the pieces `c0 ... cN`, computed once and known as `head` to `fields` of these names."""

    def fields(self, line: str, names: Collection[str], *, exact: bool) -> str:
        """SQL over the pieces and `head`: a struct of these of its names. `line` is SQL for the whole line.

        The texts of a line that does not match are empty or NULL. With `exact`, lines are read whole, as `c0`.
        """


class WholeLines:
    """The base of shapes whose lines the reader does not split."""

    @property
    def separator(self) -> str:
        """Empty: lines are read whole."""
        return ""

    @property
    def pieces(self) -> int:
        """One: the line."""
        return 1


@dataclass(frozen=True)
class Layer:
    """A text that a relay puts around a line, such as syslog's header or docker's JSON object.

    What `pattern` matches (RE2 and Python `re` alike; it begins with `^`) is replaced by `instead`; or, with a `key`, a
    JSON object with that key is replaced by the key's value. Any other line stays as it is. The program that wrote a
    line is in the groups `tag` or `app`, or under the object's keys `programs`. A layer that is `sure` is unmistakable.
    Lines that `foreign` matches are messages of the relay, not requests. With `pieces`, a value must be a text, and a
    long one that does not end in a line feed is only a piece of a line.
    """

    name: str
    pattern: str = ""
    instead: str = ""
    key: str = ""
    programs: tuple[str, ...] = ()
    sure: bool = False
    foreign: str = ""
    pieces: bool = False


@dataclass(frozen=True)
class Prefix:
    """The layers around every line of a file. They are removed, from the outside in, before the shape reads a line.

    If the layers name the program that wrote a line, an unmatched line of a program not in `programs` is `other`.
    """

    layers: tuple[Layer, ...]
    programs: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The names of the layers, from the outside in."""
        return ", ".join(layer.name for layer in self.layers)


class HeaderChanges(Protocol):
    """How the following lines are read, by the headers so far; a header in mid-file may change it."""

    @property
    def marks(self) -> tuple[bytes, ...]:
        """The beginnings of header lines that may change it; each begins with `#`."""

    @property
    def format(self) -> "Format":
        """The format of the following lines; equal headers give the same object."""

    def after(self, line: str) -> "HeaderChanges":
        """The state after this header line."""


@dataclass(frozen=True)
class Format:
    """A log format.

    `derive` is SQL for fields whose value is not the shape's text, over `z`, the struct of the shape's fields
    (`z.user_agent`). `header` and `other` are SQL conditions over `{line}`, for lines that do not match: comments, and
    lines that belong to the format but are not requests. `per_millisecond` is how many units of `time_taken` make a
    millisecond (1000 for microseconds); 0 if the format has no duration. `prefix` are the layers around every line.
    `changes` is for headers in mid-file. `forwarded_pattern` is an RE2 expression whose one group finds the forwarded
    addresses of a line, where the shape does not read them.
    """

    name: str
    title: str
    shape: Shape
    time: Time = field(default=Time())
    per_millisecond: float = 0
    derive: tuple[tuple[str, str], ...] = ()
    header: str = ""
    other: str = ""
    detectable: bool = True
    prefix: Prefix | None = None
    changes: HeaderChanges | None = None
    forwarded_pattern: str = ""
