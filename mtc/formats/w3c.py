"""W3C extended logs and their dialects, whose columns a header names.

`#Fields` names the columns and may be repeated and change in mid-file (`FormatSwitches`); `#Date` dates lines that have
only a time of day. A format is bound to a header: equal headers give the same object. Nothing is guessed: without
`#Fields` no line is read, and without a date no line has a time.

A `Dialect` says which columns it has, what they mean, and how its header is recognised. Sources: W3C, "Extended Log
File Format" (WD-logfile); Microsoft, "W3C Logging" and "IIS Advanced Logging" (time taken in milliseconds, against the
standard's seconds); Citrix, "Web Server Logging"; Imperva, "Log File Structure"; SHOUTcast DNAS, "W3C logging"; Amazon
CloudFront Developer Guide, "Standard logging reference" and, of 2015, "RTMP Distribution Log File Format".
"""

import itertools
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial, reduce

from mtc.core.sql import literal
from mtc.formats.aws import CLOUDFRONT_FIELDS, decoded_user_agent, headerless_field_count, percent_decoded
from mtc.formats.columns import BLANK, MIXED, QUOTES, TAB, Columns
from mtc.formats.model import Format, HeaderChanges, Time
from mtc.formats.sql import address, host_name

Names = tuple[str, ...]
ColumnNames = tuple[tuple[str, Names], ...]
Meaning = tuple[tuple[str, str], ...]

_COLUMNS: ColumnNames = (
    ("host", ("x-host-header", "cs-host", "cs(host)")),
    ("ip", ("c-ip",)),
    ("forwarded_for", ("x-forwarded-for", "cs(x-forwarded-for)", "cs-x-forwarded-for", "forwarded", "cs(forwarded)")),
    (
        "real_ip",
        (
            "x-real-ip",
            "cs(x-real-ip)",
            "true-client-ip",
            "cs(true-client-ip)",
            "cf-connecting-ip",
            "cs(cf-connecting-ip)",
            "x-client-ip",
            "cs(x-client-ip)",
            "x-azure-clientip",
            "fastly-client-ip",
        ),
    ),
    ("user", ("cs-username", "c-auth-id")),
    ("date", ("date", "date-utc", "date-local")),
    ("clock", ("time", "time-utc", "time-local")),
    ("time", ("timestamp(ms)",)),
    ("method", ("cs-method",)),
    ("path", ("cs-uri-stem", "cs-uri-path")),
    ("query", ("cs-uri-query",)),
    ("target", ("cs-uri",)),
    ("protocol", ("cs-version", "cs-protocol-version")),
    ("status", ("sc-status", "c-status")),
    ("bytes", ("sc-bytes", "bytes")),
    ("time_taken", ("time-taken", "x-duration")),
    ("referrer", ("cs(referer)", "cs(referrer)", "c-referrer")),
    ("user_agent", ("cs(user-agent)", "c-user-agent", "cs-user-agent", "cs(useragent)", "user-agent", "x-user-agent")),
)


def _with(*changed: tuple[str, Names]) -> ColumnNames:
    """The standard's columns with those of some fields replaced; a field without names is removed."""
    return tuple((name, names) for name, names in {**dict(_COLUMNS), **dict(changed)}.items() if names)


@dataclass(frozen=True)
class Dialect:
    """A dialect of W3C extended logs.

    `columns` are the names that a field may have in the header, in lower case, the preferred first. `software` and
    `markers` identify the dialect: texts of the line `#Software`, and beginnings of column names.
    `per_millisecond`, `derive` and `other` are as in a format; `derive` overrides what all dialects share. `separator`
    and `plus` are as in `Columns`. With `bare`, a file without a header may be in this dialect.
    """

    name: str
    title: str
    software: Names
    markers: Names = ()
    columns: ColumnNames = _COLUMNS
    per_millisecond: float = 0.001
    derive: Meaning = ()
    other: str = ""
    separator: str = BLANK
    plus: Names = ("user_agent",)
    bare: bool = False

    def matches(self, software: str, fields: Names) -> bool:
        """Whether a header is in this dialect."""
        known = any(mark in software for mark in self.software)
        return known or any(field.startswith(mark) for field in fields for mark in self.markers)

    def default(self, line: str) -> Names:
        """The fields of a file that has no header and begins with this line; empty if unknown."""
        count = headerless_field_count(line) if self.bare else 0
        return (*CLOUDFRONT_FIELDS, *([""] * count))[:count]


_SITE = "split_part(z.path, '/', 1)"
_FRAME = "({line} = '|==|' OR regexp_full_match({line}, '[a-zA-Z]+:\\S*'))"

W3C = Dialect("w3c", "W3C extended log format", software=("",))
IIS = Dialect(
    "iis",
    "W3C extended log format of Microsoft IIS",
    software=("microsoft", "iis "),
    markers=("sc-win32-status", "sc-substatus", "s-sitename", "timetakenms", "date-local", "time-local"),
    columns=_with(("time_taken", ("time-taken", "timetakenms"))),
    per_millisecond=1,
)
NETSCALER = Dialect("netscaler", "W3C extended log format of Citrix NetScaler", ("netscaler",), ("sc-servicename",))
INCAPSULA = Dialect(
    "incapsula",
    "W3C extended log format of Imperva (Incapsula)",
    software=("incapsula", "imperva"),
    markers=("cs-clapp", "cs-vid", "s-suid"),
    # cs-uri is host and path, cs-version the scheme.
    columns=_with(("path", ("cs-uri",)), ("target", ()), ("host", ()), ("protocol", ()), ("bytes", ("cs-bytes",))),
    derive=(
        ("host", host_name(_SITE)),
        ("path", f"CASE WHEN z.path <> '' THEN concat('/', substr(z.path, length({_SITE}) + 2)) END"),
    ),
    other=_FRAME,
    separator=QUOTES,
    plus=(),
)
SHOUTCAST = Dialect(
    "shoutcast",
    "SHOUTcast DNAS W3C log",
    software=("shoutcast",),
    markers=("avgbandwidth",),
    derive=(("user_agent", percent_decoded("z.user_agent")),),
    plus=(),
)
CLOUDFRONT = Dialect(
    "cloudfront",
    "Amazon CloudFront standard log (W3C)",
    software=("cloudfront",),
    markers=("x-edge-", "x-host-header", "fle-", "timestamp(ms)", "distributionid"),
    derive=(("user_agent", decoded_user_agent("z.user_agent")),),
    separator=TAB,
    plus=(),
    bare=True,
)
CLOUDFRONT_RTMP = Dialect(
    "cloudfront_rtmp",
    "Amazon CloudFront log of RTMP distributions",
    software=(),
    markers=("x-cf-status", "x-cf-client-id", "x-sname"),
    columns=_with(("status", ())),
    derive=(("user_agent", decoded_user_agent("z.user_agent")),),
    separator=TAB,
    plus=(),
)

DIALECTS = (INCAPSULA, NETSCALER, SHOUTCAST, CLOUDFRONT_RTMP, CLOUDFRONT, IIS, W3C)

_USED_NAMES = re.compile(r"\bz\.(\w+)")


def meaning(dialect: Dialect, names: Collection[str]) -> Meaning:
    """SQL for the fields whose value is not their text, as a format's `derive`."""
    shared = {"ip": address("z.ip")}
    if "host" in names:
        shared["host"] = host_name("z.host")
    if "time" in names and "clock" in names:
        shared |= {"date": "CASE WHEN coalesce(z.time, '-') = '-' THEN z.date END", "clock": _clock()}
    derived = {name: sql for name, sql in dialect.derive if set(_USED_NAMES.findall(sql)) <= set(names)}
    return tuple((shared | derived).items())


def _clock() -> str:
    """SQL: milliseconds since 1970 if present, which are finer than date and time."""
    return "coalesce(nullif(z.time, '-'), z.clock)"


_FIELDS, _DATE, _START = "#Fields:", "#Date:", "#Start-Date:"
_DAY = re.compile(r"\s*(\d{4}-\d\d-\d\d)\b", re.ASCII)
_LOOK = 100
_MOST_FIELDS = 200
_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M")


@dataclass(frozen=True)
class Header:
    """The state of the headers so far. `sure` means that they identify the dialect."""

    dialect: Dialect
    fields: Names = ()
    date: str = ""
    separator: str = BLANK
    sure: bool = False

    @property
    def marks(self) -> tuple[bytes, ...]:
        """The headers with fields and dates."""
        return (_FIELDS.encode(), _DATE.encode(), _START.encode())

    @property
    def format(self) -> Format:
        """The format of the following lines. The header's date is ignored if each line has a date."""
        dated = any(name in self.fields for name in dict(self.dialect.columns).get("date", ()))
        return bound(replace(self, date="") if dated else self)

    def after(self, line: str) -> "Header":
        """The state after one more header line."""
        if line.startswith(_FIELDS):
            named = tuple(line.removeprefix(_FIELDS).lower().split())
            return replace(self, fields=named if len(named) <= _MOST_FIELDS else ())
        day = _DAY.match(line.partition(":")[2]) if line.startswith((_DATE, _START)) else None
        return replace(self, date=day[1]) if day else self


def binder(dialect: Dialect) -> Callable[[Sequence[str]], Format | None]:
    """The binder of a dialect, for the registry."""
    return partial(_bind, dialect)


def _bind(dialect: Dialect, sample: Sequence[str]) -> Format | None:
    lines = [line for line in sample[:_LOOK] if line.strip()]
    behind = list(itertools.dropwhile(lambda line: not line.startswith("#"), lines))
    header = tuple(itertools.takewhile(lambda line: line.startswith("#"), behind))
    data = behind[len(header)] if len(header) < len(behind) else ""
    if header:
        return _bound_to(dialect, header, _separator(dialect, data))
    if not lines:
        return Header(dialect, separator=dialect.separator).format
    default = dialect.default(lines[0])
    return Header(dialect, default, separator=TAB, sure=True).format if default else None


def _separator(dialect: Dialect, line: str) -> str:
    """The separator of the dialect, unless the first line has another."""
    if dialect.separator == BLANK and ' "' in line:
        return MIXED
    if dialect.separator in line or not line:
        return dialect.separator
    return TAB if TAB in line else BLANK


@lru_cache(maxsize=4096)
def _bound_to(dialect: Dialect, header: Names, separator: str) -> Format:
    state = reduce(Header.after, header, Header(dialect, separator=separator))
    return replace(state, sure=_dialect_of(header, state.fields) is dialect).format


def _dialect_of(header: Names, fields: Names) -> Dialect:
    """The dialect of a header; the last one matches every header."""
    software = " ".join(line for line in header if line.startswith("#Software:")).lower()
    return next(dialect for dialect in DIALECTS if dialect.matches(software, fields))


@lru_cache(maxsize=4096)
def bound(header: Header) -> Format:
    """The format of the lines after a header; equal headers give the same object."""
    dialect = header.dialect
    columns = _columns(dialect, header.fields)
    shape = Columns(columns, header.separator if columns else MIXED, dialect.plus)
    return Format(
        name=dialect.name,
        title=dialect.title,
        shape=shape,
        time=Time(_TIMES, utc=not _is_local(dialect, header.fields), epoch=1000 if "time" in shape.names else 0),
        per_millisecond=dialect.per_millisecond,
        derive=(*meaning(dialect, shape.names), *_dated(header, shape)),
        header="starts_with({line}, '#')",
        other=dialect.other,
        detectable=header.sure,
        changes=header,
    )


def _is_local(dialect: Dialect, fields: Names) -> bool:
    """Whether the time of day is local: IIS Advanced Logging may log it in addition to UTC or instead."""
    clocks = dict(dialect.columns).get("clock", ())
    return next((name for name in clocks if name in fields), "").endswith("-local")


def _columns(dialect: Dialect, fields: Names) -> Names:
    """The field of each column. Without a column for the query, the path may include it."""
    found = {name: next((column for column in columns if column in fields), "") for name, columns in dialect.columns}
    if _is_local(dialect, fields) and "date-local" in fields:
        found["date"] = "date-local"  # the day of UTC may be another
    chosen = {column: name for name, column in found.items() if column}
    names = tuple(chosen.get(field, "") for field in fields)
    if "query" in names or "path" in dict(dialect.derive):
        return names
    return tuple("target" if name == "path" else name for name in names)


def _dated(header: Header, shape: Columns) -> tuple[tuple[str, str], ...]:
    """SQL for the date, from the header, of lines that have only a time of day."""
    if "date" in shape.names or "time" in shape.names:
        return ()
    clock = "z.clock" if "clock" in shape.names else "NULL"
    return (("date", literal(header.date) if header.date else "NULL"), ("clock", clock))


# How many lines of a header before the one that changes the format are searched for its beginning.
_BEFORE = 16


@dataclass(slots=True)
class FormatSwitches:
    """Splits the lines of an object, block by block, where a header changes their format.

    `format` is that of the next line.
    """

    format: Format
    _state: HeaderChanges | None = None
    _last: bytes = b""

    def cut(self, block: bytes) -> Iterator[tuple[Format, bytes]]:
        """Yield the pieces of a block of whole lines, each with its format; no piece is empty."""
        begun, current = 0, self.format
        for at, after in self._changes(block):
            if at > begun:
                yield current, block[begun:at]
            begun, current = at, after
        if begun < len(block):
            yield current, block[begun:]

    def _changes(self, block: bytes) -> Iterator[tuple[int, Format]]:
        """Yield where the format changes, and to which: at the first line of the header that changes it."""
        state = self._state or self.format.changes
        for at in _headers(block, state.marks) if state else ():
            line = block[at : block.find(b"\n", at)]
            if state is None or line == self._last:
                continue
            self._last = line
            state = self._state = state.after(line.decode("utf-8", "backslashreplace"))
            if state.format is not self.format:
                self.format = state.format
                yield _beginning(block, at), state.format


@dataclass(slots=True)
class HeaderLines:
    """What tells how to read the lines that come next, of a text that is added block by block.

    That is the last header that names fields, and a later line with the date. Without `is_kept` nothing is looked for.
    """

    header: bytes = b""
    is_kept: bool = True

    def add(self, block: bytes) -> None:
        """Look at more whole lines."""
        if not self.is_kept:
            return
        fields, date = _last_line(block, b"#Fields:"), _last_line(block, b"#Date:")
        if fields >= 0:
            self.header = block[_beginning(block, fields) : block.find(b"\n", fields) + 1]
        if date > fields and self.header:
            kept = [line for line in self.header.splitlines(keepends=True) if not line.startswith(b"#Date:")]
            self.header = b"".join((block[date : block.find(b"\n", date) + 1], *kept))

    @property
    def text(self) -> str:
        """The header as text."""
        return self.header.decode("utf-8", "backslashreplace")


def _last_line(block: bytes, begin: bytes) -> int:
    """Where the last line begins that begins so; -1 where there is none."""
    at = block.rfind(begin)
    while at > 0 and block[at - 1 : at] != b"\n":
        at = block.rfind(begin, 0, at)
    return at


def _headers(block: bytes, marks: tuple[bytes, ...]) -> Iterator[int]:
    """Yield where lines with one of the marks begin."""
    at = 0 if block.startswith(b"#") else _next(block, 0)
    while at >= 0:
        if block.startswith(marks, at):
            yield at
        at = _next(block, at)


def _next(block: bytes, at: int) -> int:
    """Where the next line with a `#` begins; -1 if there is none."""
    found = block.find(b"\n#", at)
    return -1 if found < 0 else found + 1


def _beginning(block: bytes, at: int) -> int:
    """Where the header begins that contains the line at `at`."""
    start = at
    for _ in range(_BEFORE):
        before = block.rfind(b"\n", 0, max(start - 1, 0)) + 1
        if start == 0 or not block.startswith(b"#", before):
            break
        start = before
    return start
