"""Days in windows: ranges that one request is good for. No I/O.

A window never holds a day that was not asked for. Matomo makes a report when it is read, and a day whose delivery is
not over would stay as it was in that moment.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from mtc.warehouse.statistics import DayWork

DAYS = 30
"""How many days a window has at the most."""

HITS = 500_000
"""How many hits a window has at the most, unless a day alone has more: the first read of a day takes the server about
a second for 16,000 of them."""

Window = tuple[dt.date, ...]


def windows(days: Mapping[dt.date, DayWork]) -> Iterator[Window]:
    """Cut days, in order, into ranges of consecutive days."""
    window: Window = ()
    hits = 0
    for day in sorted(days):
        more = sum(part.hits for part in days[day].parts)
        if window and (len(window) >= DAYS or day - window[-1] > dt.timedelta(days=1) or hits + more > HITS):
            yield window
            window, hits = (), 0
        window, hits = (*window, day), hits + more
    if window:
        yield window


def halves(window: Sequence[dt.date]) -> tuple[Window, Window]:
    """A window of several days as two."""
    middle = len(window) // 2
    return tuple(window[:middle]), tuple(window[middle:])
