"""Dates as ranges, so that a year of steps takes one line. Knows dates, nothing else."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from mtc.report.text import first_few, plural

_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class DayRange:
    """Days without a gap, both ends included."""

    first: dt.date
    last: dt.date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"


def day_ranges(days: Iterable[dt.date]) -> tuple[DayRange, ...]:
    """The fewest ranges that hold just these days, in order; the same day twice counts once."""
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
