"""Which hits are stored in Matomo, by its log of visits: this decides whether hits may be sent again.

"Not found" proves nothing while the server may still be processing the request: the caller has to wait for that. A
wrong "not found" would store hits twice, so hits that may be stored although they are not listed are `hidden`.

`Live.getLastVisitsDetails` lists the visits whose *last* action is later than `minTimestamp`, in the order of that last
action. While hits come in, a visit's last action moves on, and so does the position of every visit after it: paging by
offset would skip some. So a page starts at the time at which the one before it ended; a visit that has moved on is
listed again, later.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from mtc.matomo.api import call
from mtc.matomo.client import MatomoClient, NotMatomoError

_METHOD = "Live.getLastVisitsDetails"
_ALL = -1
_DEFAULT_ACTION_LIMIT = 500  # Matomo's visitor_log_maximum_actions_per_visit
_GLANCE_LIMIT = 5  # visits
_PAGE_SIZES = (100,)  # visits


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit: its first and last action in seconds since the epoch (None if unknown), and the `pv_id`s of its hits.

    `cut` is whether it has more actions than the server lists.
    """

    first: int | None
    last: int | None
    pv_ids: frozenset[str]
    cut: bool

    def may_hide(self, time: int) -> bool:
        """Whether a hit at `time` (seconds since the epoch) may be among the actions that are not listed."""
        return self.cut and (self.first or 0) <= time and (self.last is None or time <= self.last)


@dataclass(frozen=True, slots=True)
class VisitsLog:
    """The visits of one day of a site; `day` is in the time zone that the site has in Matomo."""

    client: MatomoClient
    site_id: int
    day: dt.date

    def page(self, after: int, limit: int) -> list[Visit]:
        """List the earliest `limit` visits (-1: all) whose last action is later than `after`, seconds since the epoch.

        Raises:
            StepError: the server did not answer, or with an error, or not with a list.
        """
        answer = call(
            self.client,
            _METHOD,
            idSite=self.site_id,
            period="day",
            date=self.day.isoformat(),
            minTimestamp=after,
            filter_sort_order="asc",
            filter_limit=limit,
        )
        if not isinstance(answer, list):
            raise NotMatomoError(
                "Matomo's answer is not a list of visits", where=f"{self.client.server.url}: {_METHOD}"
            )
        return [_visit(item) for item in answer]

    def since(self, after: int, sizes: tuple[int, ...]) -> Iterator[Visit]:
        """Read every visit whose last action is later than `after`, in pages of `sizes`; the last size is repeated.

        A visit may be listed twice. The end is an empty page, not a short one.

        Raises:
            StepError: as for `page`.
        """
        page_number, size = 0, sizes[0]
        while page := self.page(after, size):
            yield from page
            if not _in_order(page):
                yield from self.page(after, _ALL)
                return
            newest = page[-1].last or 0
            if newest <= after and len(page) < size:
                return  # nothing later: the server ignores `minTimestamp`
            page_number = min(page_number + 1, len(sizes) - 1)
            reached = newest if len(page) < size else newest - 1  # others may have ended in the same second
            size = sizes[page_number] if reached > after else size * 4
            after = max(after, reached)


def _in_order(page: list[Visit]) -> bool:
    times = [visit.last for visit in page]
    known = [time for time in times if time is not None]
    return len(known) == len(times) and known == sorted(known)


def _visit(item: object) -> Visit:
    if not isinstance(item, dict):
        return Visit(None, None, frozenset(), cut=True)
    details = item.get("actionDetails")
    listed = [action for action in details if isinstance(action, dict)] if isinstance(details, list) else []
    ids = frozenset(value for action in listed if isinstance(value := action.get("idpageview"), str) and value)
    return Visit(
        _seconds(item.get("firstActionTimestamp")),
        _seconds(item.get("lastActionTimestamp")),
        ids,
        _is_cut(_seconds(item.get("actions")), len(listed)),
    )


def _is_cut(actions: int | None, listed: int) -> bool:
    return listed >= _DEFAULT_ACTION_LIMIT if actions is None else actions > listed


def _seconds(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:18])
    return value if type(value) is int else None


@dataclass(frozen=True, slots=True)
class Probe:
    """A hit to look up: its `pv_id`, and its time in UTC."""

    pv_id: str
    time: dt.datetime

    @property
    def seconds(self) -> int:
        """The time as Matomo stores it, in seconds since the epoch."""
        return int(self.time.timestamp())


@dataclass(frozen=True, slots=True)
class Stored:
    """The `pv_id`s of the hits that are stored. `hidden` ones may be: a visit at that time has actions not listed."""

    found: frozenset[str]
    hidden: frozenset[str] = frozenset()


def glance(client: MatomoClient, site_id: int, timezone: dt.tzinfo, probes: Sequence[Probe]) -> bool:
    """Whether any probe is among the first visits that end after it. False means "not seen", and proves nothing.

    `timezone` is the time zone that the site has *in Matomo*. Probes may be of several days; those of short visits are
    found best.

    Raises:
        ValueError: there is no probe.
        StepError: the server did not answer, or with an error.
    """
    if not probes:
        raise ValueError("a look-up needs a probe")
    pv_ids = frozenset(probe.pv_id for probe in probes)
    for probe in probes:
        visits = VisitsLog(client, site_id, probe.time.astimezone(timezone).date())
        if any(visit.pv_ids & pv_ids for visit in visits.page(probe.seconds - 1, _GLANCE_LIMIT)):
            return True
    return False


def stored(client: MatomoClient, site_id: int, timezone: dt.tzinfo, hits: Sequence[Probe]) -> Stored:
    """Which of the hits are stored, by every visit that may contain one; `timezone` as for `glance`.

    Raises:
        StepError: the server did not answer, or with an error.
    """
    found: set[str] = set()
    hidden: set[str] = set()
    for day, hits_of_day in _by_day(hits, timezone):
        seen, cut = _find(VisitsLog(client, site_id, day), hits_of_day)
        found |= seen
        missing = (hit for hit in hits_of_day if hit.pv_id not in seen)
        hidden |= {hit.pv_id for hit in missing if any(visit.may_hide(hit.seconds) for visit in cut)}
    return Stored(frozenset(found), frozenset(hidden))


def _find(visits: VisitsLog, hits: Sequence[Probe]) -> tuple[set[str], list[Visit]]:
    """The `pv_id`s of a day's hits that are listed, and the visits that are not listed in full."""
    pv_ids = frozenset(hit.pv_id for hit in hits)
    found: set[str] = set()
    cut = []
    for visit in visits.since(min(hit.seconds for hit in hits) - 1, _PAGE_SIZES):
        found |= visit.pv_ids & pv_ids
        if visit.cut:
            cut.append(visit)
        if found == pv_ids:
            break
    return found, cut


def _by_day(hits: Sequence[Probe], timezone: dt.tzinfo) -> Iterator[tuple[dt.date, list[Probe]]]:
    def day(hit: Probe) -> dt.date:
        return hit.time.astimezone(timezone).date()

    for date, hits_of_day in groupby(sorted(hits, key=lambda hit: hit.time), key=day):
        yield date, list(hits_of_day)
