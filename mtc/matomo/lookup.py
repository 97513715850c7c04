"""Was it recorded? The question that decides whether hits may be sent again.

"Not found" proves nothing while the server may still be at work on the request: waiting is up to who asks. A wrong
"not found" would double hits, so what may be there though it is not listed is told apart.

Visits as `Live.getLastVisitsDetails` lists them: read, and paged so that none is skipped while others are delivered.

What Live does: a day's visits whose *last* action is later than `minTimestamp`, in the order of that last action. While
hits come in, a visit's last action moves on, and with it the place of every visit behind: pages by offset would skip
some. So a page begins where the one before has ended, by time; a visit that moves on is met again, later.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from mtc.matomo.api import call
from mtc.matomo.client import MatomoClient, NotMatomoError

_METHOD = "Live.getLastVisitsDetails"
_ALL = -1
_USUALLY_LISTED = 500


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit: its first and last action in seconds since the epoch (None if not told), and the ids of its hits.

    `cut` says that it had more actions than the server lists.
    """

    first: int | None
    last: int | None
    pv_ids: frozenset[str]
    cut: bool

    def may_hide(self, time: int) -> bool:
        """Whether a hit at that time may be among the actions that are not listed."""
        return self.cut and (self.first or 0) <= time and (self.last is None or time <= self.last)


@dataclass(frozen=True, slots=True)
class VisitsLog:
    """The visits of one day of a site; `day` is in the site's zone as Matomo has it."""

    client: MatomoClient
    site_id: int
    day: dt.date

    def page(self, after: int, limit: int) -> list[Visit]:
        """At most `limit` visits, the earliest of those whose last action is later than `after`; -1 for all of them."""
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
            raise NotMatomoError("Matomo's list of visits is none", where=f"{self.client.server.url}: {_METHOD}")
        return [_visit(item) for item in answer]

    def since(self, after: int, sizes: tuple[int, ...]) -> Iterator[Visit]:
        """Every visit whose last action is later than `after`; `sizes` of pages, the last one from then on.

        A visit may come twice. The end is where nothing comes, not where a page is short.
        """
        turn, size = 0, sizes[0]
        while page := self.page(after, size):
            yield from page
            if not _in_order(page):
                yield from self.page(after, _ALL)
                return
            newest = page[-1].last or 0
            if newest <= after and len(page) < size:
                return  # nothing later: the server does not heed the time that was asked for
            turn = min(turn + 1, len(sizes) - 1)
            reached = newest if len(page) < size else newest - 1  # others may have ended in the same second
            size = sizes[turn] if reached > after else size * 4
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
    return listed >= _USUALLY_LISTED if actions is None else actions > listed


def _seconds(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:18])
    return value if type(value) is int else None


_GLANCE = 5
_PAGES = (100,)


@dataclass(frozen=True, slots=True)
class Probe:
    """A hit that is looked for: its `pv_id`, and its time in UTC."""

    pv_id: str
    time: dt.datetime

    @property
    def seconds(self) -> int:
        """The time as Matomo stores it."""
        return int(self.time.timestamp())


@dataclass(frozen=True, slots=True)
class Stored:
    """Which hits are there. `hidden` may be there too: a visit of their time has more actions than are listed."""

    found: frozenset[str]
    hidden: frozenset[str] = frozenset()


def glance(client: MatomoClient, site_id: int, timezone: dt.tzinfo, probes: Sequence[Probe]) -> bool:
    """Whether any of the witnesses is among the first visits that end after it: "no" means "not seen", and no more.

    `timezone` is the site's zone *as Matomo has it*. The witnesses need not lie on one day; best are those whose visits
    are short.

    Raises:
        ValueError: there is no witness.
        StepError: the server did not answer, or with an error.
    """
    if not probes:
        raise ValueError("a look-up needs a witness")
    wanted = frozenset(probe.pv_id for probe in probes)
    for probe in probes:
        visits = VisitsLog(client, site_id, probe.time.astimezone(timezone).date())
        if any(visit.pv_ids & wanted for visit in visits.page(probe.seconds - 1, _GLANCE)):
            return True
    return False


def stored(client: MatomoClient, site_id: int, timezone: dt.tzinfo, hits: Sequence[Probe]) -> Stored:
    """Which of the hits are stored, by every visit that may hold one; `timezone` as for `glance`.

    Raises:
        StepError: the server did not answer, or with an error.
    """
    found: set[str] = set()
    hidden: set[str] = set()
    for day, own in _by_day(hits, timezone):
        seen, cut = _read(VisitsLog(client, site_id, day), own)
        found |= seen
        missing = (hit for hit in own if hit.pv_id not in seen)
        hidden |= {hit.pv_id for hit in missing if any(visit.may_hide(hit.seconds) for visit in cut)}
    return Stored(frozenset(found), frozenset(hidden))


def _read(visits: VisitsLog, hits: Sequence[Probe]) -> tuple[set[str], list[Visit]]:
    """The hits of a day that are listed, and the visits that are listed in part."""
    wanted = frozenset(hit.pv_id for hit in hits)
    found: set[str] = set()
    cut = []
    for visit in visits.since(min(hit.seconds for hit in hits) - 1, _PAGES):
        found |= visit.pv_ids & wanted
        if visit.cut:
            cut.append(visit)
        if found == wanted:
            break
    return found, cut


def _by_day(hits: Sequence[Probe], timezone: dt.tzinfo) -> Iterator[tuple[dt.date, list[Probe]]]:
    def day(hit: Probe) -> dt.date:
        return hit.time.astimezone(timezone).date()

    for date, own in groupby(sorted(hits, key=lambda one: one.time), key=day):
        yield date, list(own)
