"""Was it recorded? The question that decides whether hits may be sent again.

"Not found" proves nothing while the server may still be at work on the request: waiting is up to who asks. A wrong
"not found" would double hits, so what may be there though it is not listed is told apart.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from mtc.matomo.connection import Connection
from mtc.matomo.server import Server
from mtc.matomo.visits import Live, Visit

_GLANCE = 5
_PAGES = (100,)


@dataclass(frozen=True, slots=True)
class Witness:
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


def glance(
    connection: Connection, server: Server, site_id: int, timezone: dt.tzinfo, witnesses: Sequence[Witness]
) -> bool:
    """Whether any of the witnesses is among the first visits that end after it: "no" means "not seen", and no more.

    `timezone` is the site's zone *as Matomo has it*. The witnesses need not lie on one day; best are those whose visits
    are short.

    Raises:
        ValueError: there is no witness.
        StepError: the server did not answer, or with an error.
    """
    if not witnesses:
        raise ValueError("a look-up needs a witness")
    wanted = frozenset(witness.pv_id for witness in witnesses)
    for witness in witnesses:
        live = Live(connection, server, site_id, witness.time.astimezone(timezone).date())
        if any(visit.pv_ids & wanted for visit in live.page(witness.seconds - 1, _GLANCE)):
            return True
    return False


def stored(
    connection: Connection, server: Server, site_id: int, timezone: dt.tzinfo, hits: Sequence[Witness]
) -> Stored:
    """Which of the hits are stored, by every visit that may hold one; `timezone` as for `glance`.

    Raises:
        StepError: the server did not answer, or with an error.
    """
    found: set[str] = set()
    hidden: set[str] = set()
    for day, own in _by_day(hits, timezone):
        seen, cut = _read(Live(connection, server, site_id, day), own)
        found |= seen
        missing = (hit for hit in own if hit.pv_id not in seen)
        hidden |= {hit.pv_id for hit in missing if any(visit.may_hide(hit.seconds) for visit in cut)}
    return Stored(frozenset(found), frozenset(hidden))


def _read(live: Live, hits: Sequence[Witness]) -> tuple[set[str], list[Visit]]:
    """The hits of a day that are listed, and the visits that are listed in part."""
    wanted = frozenset(hit.pv_id for hit in hits)
    found: set[str] = set()
    cut = []
    for visit in live.since(min(hit.seconds for hit in hits) - 1, _PAGES):
        found |= visit.pv_ids & wanted
        if visit.cut:
            cut.append(visit)
        if found == wanted:
            break
    return found, cut


def _by_day(hits: Sequence[Witness], timezone: dt.tzinfo) -> Iterator[tuple[dt.date, list[Witness]]]:
    def day(hit: Witness) -> dt.date:
        return hit.time.astimezone(timezone).date()

    for date, own in groupby(sorted(hits, key=lambda one: one.time), key=day):
        yield date, list(own)
