"""Values as text: counts, sizes, durations, ranges of days, tables and JSON documents as they are shown.

Text that comes from a log line, a key or an error goes through `mtc.core.sanitize` before it is shown.
"""

import datetime as dt
import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mtc.core.model import Accounting, Output

_MINUTE = 60
_HOUR = 3600
_DAY = 86400
_SOON = 10
_ONE_DAY = dt.timedelta(days=1)


def count(number: float) -> str:
    """A whole number with separators of thousands: 1,234,567."""
    return f"{number:,.0f}"


def plural(number: int, noun: str) -> str:
    """A number and its noun: 1 step, 2 steps."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def duration(seconds: float) -> str:
    """A length of time in at most two units: 0.4 s, 12 s, 3 min 20 s, 2 h 5 min, 3 d 4 h."""
    if seconds < _SOON:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    for unit, name, smaller, small_name in (
        (_DAY, "d", _HOUR, "h"),
        (_HOUR, "h", _MINUTE, "min"),
        (_MINUTE, "min", 1, "s"),
    ):
        if whole >= unit:
            rest = whole % unit // smaller
            return f"{whole // unit} {name} {rest} {small_name}" if rest else f"{whole // unit} {name}"
    return f"{whole} s"


def utc_time(at: dt.datetime) -> str:
    """A time in UTC, to the second: readers of all sites can convert it."""
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def rate(lines: int, seconds: float) -> str:
    """Lines per second; empty if there are no lines or no time."""
    return f"{count(lines / seconds)} lines/s" if lines and seconds > 0 else ""


def first_few(items: Iterable[str], first: int = 3) -> tuple[str, ...]:
    """The first few of the distinct items, in order, then "and 12 more"."""
    distinct = tuple(dict.fromkeys(items))
    if len(distinct) <= first:
        return distinct
    return (*distinct[:first], f"and {count(len(distinct) - first)} more")


@dataclass(frozen=True, slots=True, order=True)
class DayRange:
    """Consecutive days, both ends included."""

    first: dt.date
    last: dt.date

    @property
    def days(self) -> int:
        """The number of days."""
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"


def day_ranges(days: Iterable[dt.date]) -> tuple[DayRange, ...]:
    """The fewest ranges that cover exactly these days, in order; duplicates count once."""
    ranges: list[DayRange] = []
    for day in sorted(set(days)):
        # subtracted from the later day: adding to date.max would overflow
        if ranges and day - _ONE_DAY == ranges[-1].last:
            ranges[-1] = DayRange(ranges[-1].first, day)
        else:
            ranges.append(DayRange(day, day))
    return tuple(ranges)


def day_list(days: Iterable[dt.date], first: int = 4) -> str:
    """Days in words: `2026-05-01`, `2026-05-01..2026-05-07, 7 days`, `2026-05-01, 2026-05-03 and 9 more, 30 days`."""
    ranges = day_ranges(days)
    total = sum(item.days for item in ranges)
    shown = first_few(map(str, ranges), first)
    text = f"{', '.join(shown[:first])} {shown[first]}" if len(shown) > first else ", ".join(shown)
    return text if total <= 1 else f"{text}, {plural(total, 'day')}"


def wrapped(text: str, width: int, indent: str) -> list[str]:
    """Break text at its blanks into lines of at most `width`; all but the first are indented. Long words stay whole."""
    return textwrap.wrap(text, max(width, 20), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def table(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset(), gap: str = "  ") -> list[str]:
    """Line up columns, those in `right` to the right. Lines end without spaces; rows may be of any length."""
    widths = [
        max((len(row[at]) for row in rows if at < len(row)), default=0) for at in range(max(map(len, rows), default=0))
    ]
    return [
        gap.join(
            cell.rjust(widths[at]) if at in right else cell.ljust(widths[at]) for at, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]


def json_document(value: object) -> str:
    """One JSON document, for `--json`. Keys keep their order; only ASCII, so that it is safe on a terminal."""
    return json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False)


def accounting_json(accounting: Accounting) -> dict[str, object]:
    """Where every line went, for a JSON document."""
    return {
        "lines": accounting.lines,
        "hits": accounting.hits,
        "filtered": dict(accounting.filtered),
        "rejected": dict(accounting.rejected),
    }


def outputs_json(outputs: Iterable[Output]) -> list[dict[str, object]]:
    """The files that a step wrote, for a JSON document."""
    return [{"path": output.path, "size": output.size, "sha256": output.digest} for output in outputs]
