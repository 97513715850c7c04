"""The server's clock: its skew, and what day a moment is in a time zone."""

import datetime as dt
import functools
import time
from zoneinfo import ZoneInfo


class Clock:
    """Seconds since the epoch as the server believes them. `frozen`, if set, stands still."""

    def __init__(self, skew: float = 0) -> None:
        self.skew = skew
        self.frozen: float | None = None

    def now(self) -> float:
        """The server's time."""
        return (time.time() if self.frozen is None else self.frozen) + self.skew


@functools.cache
def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name."""
    return ZoneInfo(name)


def day_of(zone: str, moment: int) -> dt.date:
    """The calendar day of a moment in a zone. Zones change by quarters of an hour, so that few answers are kept."""
    return _day_of(zone, moment // 900)


@functools.lru_cache(maxsize=200_000)
def _day_of(zone: str, quarter: int) -> dt.date:
    return dt.datetime.fromtimestamp(quarter * 900, zone_of(zone)).date()


def local(zone: str, moment: int) -> dt.datetime:
    """A moment as a zone's clock shows it."""
    return dt.datetime.fromtimestamp(moment, zone_of(zone))
