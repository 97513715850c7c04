"""Which stretches of a source to list for some days: few requests, and little read that is not wanted. No I/O."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_NEAR = dt.timedelta(days=3)
_MANY = 62
_HIGH = "~~~~"


@dataclass(frozen=True, slots=True, order=True)
class ListRange:
    """Keys that begin with `prefix`, come after `start_after`, and are not past those that begin with `stop`.

    An empty bound is none. S3 lists in the order of UTF-8 bytes, which is that of code points.
    """

    prefix: str
    start_after: str = ""
    stop: str = ""

    def past(self, key: str) -> bool:
        """Whether a listing in order that has come to `key` is done."""
        return bool(self.stop) and key[: len(self.stop)] > self.stop

    def holds(self, key: str) -> bool:
        """Whether `key` lies in this stretch."""
        return key.startswith(self.prefix) and key > self.start_after and not self.past(key)

    def may_hold_below(self, folder: str) -> bool:
        """Whether a key below `folder`, which ends with a slash, may lie in this stretch."""
        if not (folder.startswith(self.prefix) or self.prefix.startswith(folder)):
            return False
        before = folder < self.start_after and not self.start_after.startswith(folder)
        return not before and not (bool(self.stop) and folder[: len(self.stop)] > self.stop[: len(folder)])


def plan(prefixes: Mapping[dt.date, str], *, sorts: bool) -> tuple[ListRange, ...]:
    """Plan the listing of some days, each with the longest prefix known of its keys.

    Where prefixes sort as their days do, each run of near days is one stretch with bounds on both sides. Where they
    do not, each prefix is listed, and very many give way to what they have in common.
    """
    wanted = dict(sorted(prefixes.items()))
    if sorts:
        return tuple(_stretch(wanted[first], wanted[last]) for first, last in _runs(wanted))
    distinct = sorted(set(wanted.values()))
    if len(distinct) > _MANY:
        return (ListRange(_common(distinct[0], distinct[-1])),)
    return tuple(ListRange(prefix) for prefix in distinct)


def _runs(wanted: Mapping[dt.date, str]) -> Iterator[tuple[dt.date, dt.date]]:
    """First and last of days that share a prefix, or lie so near that reading on costs less than another request."""
    first: dt.date | None = None
    last = dt.date.min
    for day, prefix in wanted.items():
        if first is not None and day - last > _NEAR and prefix != wanted[last]:
            yield first, last
            first = None
        first, last = first or day, day
    if first is not None:
        yield first, last


def _stretch(first: str, last: str) -> ListRange:
    if first == last:
        return ListRange(first)
    return ListRange(_common(first, last), _before(first), last)


def _before(prefix: str) -> str:
    """A key that comes before all that begin with `prefix`, and after nearly all that come before those."""
    return f"{prefix[:-1]}{chr(ord(prefix[-1]) - 1)}{_HIGH}"


def _common(first: str, last: str) -> str:
    """What two texts, and all that sort between them, begin with."""
    length = next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), None)
    return first[:length] if length is not None else min(first, last, key=len)
