"""Which hits are stored in Matomo: the question that decides whether hits may be sent again.

"Not found" proves nothing while the server may still be at work on the request: the caller has to wait for that. A
wrong "not found" would double hits, so hits that may be there although they are not listed are told apart.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from mtc.matomo.client import MatomoClient
from mtc.matomo.visits_log import Visit, VisitsLog

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
    """Whether any probe is among the first visits that end after it. False means "not seen", and proves nothing.

    `timezone` is the site's zone *as Matomo has it*. The probes need not lie on one day; best are those whose visits
    are short.

    Raises:
        ValueError: there is no probe.
        StepError: the server did not answer, or with an error.
    """
    if not probes:
        raise ValueError("a look-up needs a probe")
    pv_ids = frozenset(probe.pv_id for probe in probes)
    for probe in probes:
        visits = VisitsLog(client, site_id, probe.time.astimezone(timezone).date())
        if any(visit.pv_ids & pv_ids for visit in visits.page(probe.seconds - 1, _GLANCE)):
            return True
    return False


def stored(client: MatomoClient, site_id: int, timezone: dt.tzinfo, hits: Sequence[Probe]) -> Stored:
    """Which of the hits are stored, by every visit that may hold one; `timezone` as for `glance`.

    Raises:
        StepError: the server did not answer, or with an error.
    """
    found: set[str] = set()
    hidden: set[str] = set()
    for day, hits_of_day in _by_day(hits, timezone):
        seen, cut = _read(VisitsLog(client, site_id, day), hits_of_day)
        found |= seen
        missing = (hit for hit in hits_of_day if hit.pv_id not in seen)
        hidden |= {hit.pv_id for hit in missing if any(visit.may_hide(hit.seconds) for visit in cut)}
    return Stored(frozenset(found), frozenset(hidden))


def _read(visits: VisitsLog, hits: Sequence[Probe]) -> tuple[set[str], list[Visit]]:
    """The hits of a day that are listed, and the visits that are listed in part."""
    pv_ids = frozenset(hit.pv_id for hit in hits)
    found: set[str] = set()
    cut = []
    for visit in visits.since(min(hit.seconds for hit in hits) - 1, _PAGES):
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
