"""Ranges of keys to list for some days: few requests, and few keys read that are of other days. No I/O."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_NEAR_DAYS = dt.timedelta(days=3)
_MAX_RANGES = 62
_LAST_KEY = "~~~~"


@dataclass(frozen=True, slots=True, order=True)
class ListRange:
    """Keys that begin with `prefix`, come after `start_after`, and are not past those that begin with `stop`.

    An empty bound is no bound. S3 lists in the order of UTF-8 bytes, which is that of code points.
    """

    prefix: str
    start_after: str = ""
    stop: str = ""

    def is_past(self, key: str) -> bool:
        """Whether a listing in order that has come to `key` is done."""
        return bool(self.stop) and key[: len(self.stop)] > self.stop

    def holds(self, key: str) -> bool:
        """Whether `key` lies in this range."""
        return key.startswith(self.prefix) and key > self.start_after and not self.is_past(key)

    def may_hold_below(self, folder: str) -> bool:
        """Whether a key below `folder`, which ends with a slash, may lie in this range."""
        if not (folder.startswith(self.prefix) or self.prefix.startswith(folder)):
            return False
        before = folder < self.start_after and not self.start_after.startswith(folder)
        return not before and not (bool(self.stop) and folder[: len(self.stop)] > self.stop[: len(folder)])


def plan_ranges(prefixes: Mapping[dt.date, str], *, in_order: bool) -> tuple[ListRange, ...]:
    """Plan the listing of some days, each with the longest known prefix of its keys.

    With `in_order` the prefixes sort as their days do, and each run of near days is one range with bounds on both
    sides. Without it each prefix is listed, and very many are replaced by what they have in common.
    """
    prefix_of = dict(sorted(prefixes.items()))
    if in_order:
        return tuple(_range(prefix_of[first], prefix_of[last]) for first, last in _runs(prefix_of))
    distinct = sorted(set(prefix_of.values()))
    if len(distinct) > _MAX_RANGES:
        return (ListRange(_common(distinct[0], distinct[-1])),)
    return tuple(ListRange(prefix) for prefix in distinct)


def _runs(prefix_of: Mapping[dt.date, str]) -> Iterator[tuple[dt.date, dt.date]]:
    """First and last of days that share a prefix, or lie so near that reading on costs less than another request."""
    first: dt.date | None = None
    last = dt.date.min
    for day, prefix in prefix_of.items():
        if first is not None and day - last > _NEAR_DAYS and prefix != prefix_of[last]:
            yield first, last
            first = None
        first, last = first or day, day
    if first is not None:
        yield first, last


def _range(first: str, last: str) -> ListRange:
    if first == last:
        return ListRange(first)
    return ListRange(_common(first, last), _before(first), last)


def _before(prefix: str) -> str:
    """A key that comes before all that begin with `prefix`, and after nearly all that come before those."""
    return f"{prefix[:-1]}{chr(ord(prefix[-1]) - 1)}{_LAST_KEY}"


def _common(first: str, last: str) -> str:
    """What two texts, and all that sort between them, begin with."""
    length = next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), None)
    return first[:length] if length is not None else min(first, last, key=len)
