"""Formats whose lines are named by a header: W3C extended logs and their dialects.

Source: W3C, "Extended Log File Format" (WD-logfile). `#Fields` names the columns and may come again and change; `#Date`
dates lines that have a time only. A format is bound to what the header says: equal headers give the same object. What a
header does not say is not guessed: without `#Fields` no line is read, without a date none has a time.
"""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial, reduce

from mtc.formats.base import Format, Time
from mtc.formats.columns import BLANK, MIXED, TAB, Columns
from mtc.formats.dialects import DIALECTS, Dialect, Names, meaning
from mtc.warehouse.quoting import literal

_FIELDS, _DATE, _START = "#Fields:", "#Date:", "#Start-Date:"
_DAY = re.compile(r"\s*(\d{4}-\d\d-\d\d)\b", re.ASCII)
_LOOK = 100
_MOST_FIELDS = 200
_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M")


@dataclass(frozen=True)
class Header:
    """What a file has said about the lines that follow. `sure` says that it has shown which dialect it is in."""

    dialect: Dialect
    fields: Names = ()
    date: str = ""
    separator: str = BLANK
    sure: bool = False

    @property
    def marks(self) -> tuple[bytes, ...]:
        """Fields and dates."""
        return (_FIELDS.encode(), _DATE.encode(), _START.encode())

    @property
    def format(self) -> Format:
        """A date says nothing where every line has its own."""
        dated = any(name in self.fields for name in dict(self.dialect.columns).get("date", ()))
        return bound(replace(self, date="") if dated else self)

    def after(self, line: str) -> "Header":
        """What is known when the file has said this as well."""
        if line.startswith(_FIELDS):
            named = tuple(line.removeprefix(_FIELDS).lower().split())
            return replace(self, fields=named if len(named) <= _MOST_FIELDS else ())
        day = _DAY.match(line.partition(":")[2]) if line.startswith((_DATE, _START)) else None
        return replace(self, date=day[1]) if day else self


def binder(dialect: Dialect) -> Callable[[Sequence[str]], Format | None]:
    """What binds the dialect's format to the first lines of a file."""
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
    """The dialect's, unless the first line is otherwise."""
    if dialect.separator == BLANK and ' "' in line:
        return MIXED
    if dialect.separator in line or not line:
        return dialect.separator
    return TAB if TAB in line else BLANK


@lru_cache(maxsize=4096)
def _bound_to(dialect: Dialect, header: Names, separator: str) -> Format:
    said = reduce(Header.after, header, Header(dialect, separator=separator))
    return replace(said, sure=_spoken(header, said.fields) is dialect).format


def _spoken(header: Names, fields: Names) -> Dialect:
    """The one dialect that a header is in; the last takes what no other knows."""
    software = " ".join(line for line in header if line.startswith("#Software:")).lower()
    return next(one for one in DIALECTS if one.speaks(software, fields))


@lru_cache(maxsize=4096)
def bound(header: Header) -> Format:
    """The format of the lines behind a header."""
    dialect = header.dialect
    columns = _columns(dialect, header.fields)
    shape = Columns(columns, header.separator if columns else MIXED, dialect.plus)
    return Format(
        name=dialect.name,
        title=dialect.title,
        shape=shape,
        time=Time(_TIMES, utc=not _is_local(dialect, header.fields), epoch=1000 if "time" in shape.names else 0),
        taken=dialect.taken,
        derive=(*meaning(dialect, shape.names), *_dated(header, shape)),
        header="starts_with({line}, '#')",
        other=dialect.other,
        detectable=header.sure,
        changes=header,
    )


def _is_local(dialect: Dialect, fields: Names) -> bool:
    """Whether the time of day is that of the server's zone: IIS Advanced Logging has it beside UTC or instead."""
    clocks = dict(dialect.columns).get("clock", ())
    return next((name for name in clocks if name in fields), "").endswith("-local")


def _columns(dialect: Dialect, fields: Names) -> Names:
    """The name of each column's field. A path without a column for the query may have it behind a question mark."""
    found = {name: next((column for column in columns if column in fields), "") for name, columns in dialect.columns}
    if _is_local(dialect, fields) and "date-local" in fields:
        found["date"] = "date-local"  # the day of UTC may be another
    chosen = {column: name for name, column in found.items() if column}
    names = tuple(chosen.get(field, "") for field in fields)
    if "query" in names or "path" in dict(dialect.derive):
        return names
    return tuple("target" if name == "path" else name for name in names)


def _dated(header: Header, shape: Columns) -> tuple[tuple[str, str], ...]:
    """The date of lines that have none themselves."""
    if "date" in shape.names or "time" in shape.names:
        return ()
    clock = "z.clock" if "clock" in shape.names else "NULL"
    return (("date", literal(header.date) if header.date else "NULL"), ("clock", clock))
