"""Was it recorded? The one question that decides whether a batch may be sent again.

"Not found" proves nothing while the server may still be at work on the request: waiting is up to who asks. A wrong
"not found" would double hits, so every doubt here is an error or is told.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby

from mtc.matomo.connection import Connection
from mtc.matomo.errors import LookupUnsureError
from mtc.matomo.server import Server
from mtc.matomo.visits import Live

_GLANCE = 5
_PAGES = (5, 20, 100)
_WHOLE_PAGES = (100,)


@dataclass(frozen=True, slots=True)
class Witness:
    """A hit that answers for its batch: its `pv_id`, and its time in UTC. Best one whose visit is short."""

    pv_id: str
    time: dt.datetime

    @property
    def seconds(self) -> int:
        """The time as Matomo stores it."""
        return int(self.time.timestamp())


@dataclass(frozen=True, slots=True)
class Stored:
    """Which hits are there. If `unsure`, a visit has more actions than are listed: what is not found may be there."""

    found: frozenset[str]
    unsure: bool


class _Seen(Enum):
    YES = 1
    NO = 2
    UNSURE = 3


def find(
    connection: Connection,
    server: Server,
    site_id: int,
    timezone: dt.tzinfo,
    witnesses: Sequence[Witness],
    *,
    quick: bool = False,
) -> bool:
    """Whether any of the witnesses is stored.

    Looks near each first, then through all visits that may hold one. With `quick` it looks near them only: then "no"
    means "not seen", enough to ask again later, and not to send again.

    Args:
        connection: where to ask.
        server: whom to ask.
        site_id: the site's number in Matomo.
        timezone: the site's zone *as Matomo has it*.
        witnesses: at least one; they need not lie on one day.
        quick: only a glance.

    Raises:
        ValueError: there is no witness.
        LookupUnsureError: none is found, but each may be in a visit of which not all actions are listed.
        StepError: the server did not answer, or with an error.
    """
    if not witnesses:
        raise ValueError("a look-up needs a witness")
    wanted = frozenset(witness.pv_id for witness in witnesses)
    for witness in witnesses:
        live = Live(connection, server, site_id, witness.time.astimezone(timezone).date())
        if any(visit.pv_ids & wanted for visit in live.page(witness.seconds - 1, _GLANCE)):
            return True
    return not quick and _search(_days(connection, server, site_id, timezone, witnesses))


def stored(
    connection: Connection,
    server: Server,
    site_id: int,
    timezone: dt.tzinfo,
    first: dt.datetime,
    last: dt.datetime,
    wanted: frozenset[str],
) -> Stored:
    """Which of the wanted hits are stored; `first` and `last` are the times of the earliest and the latest, in UTC.

    Raises:
        StepError: the server did not answer, or with an error.
    """
    found: set[str] = set()
    unsure = False
    start, end = int(first.timestamp()), int(last.timestamp())
    for day in _dates(first.astimezone(timezone).date(), last.astimezone(timezone).date()):
        for visit in Live(connection, server, site_id, day).since(start - 1, _WHOLE_PAGES):
            found |= visit.pv_ids & wanted
            if found == wanted:
                return Stored(wanted, unsure=False)
            unsure = unsure or (visit.cut and (visit.first or 0) <= end)
    return Stored(frozenset(found), unsure)


def _search(days: Iterator[tuple[Live, list[Witness]]]) -> bool:
    seen = set()
    for live, witnesses in days:
        seen.add(_thorough(live, witnesses))
        if _Seen.YES in seen:
            return True
    if _Seen.NO not in seen:
        raise LookupUnsureError(
            "whether a batch is stored cannot be told: its hits are in visits of which Matomo lists only some actions",
            hint="set a higher visitor_log_maximum_actions_per_visit in [General] of Matomo's config.ini.php",
        )
    return False


def _thorough(live: Live, witnesses: Sequence[Witness]) -> _Seen:
    """Look through every visit that may hold one of a day's witnesses."""
    wanted = frozenset(witness.pv_id for witness in witnesses)
    hidden: set[str] = set()
    for visit in live.since(min(witness.seconds for witness in witnesses) - 1, _PAGES):
        if visit.pv_ids & wanted:
            return _Seen.YES
        hidden |= {witness.pv_id for witness in witnesses if visit.may_hide(witness.seconds)}
    return _Seen.UNSURE if hidden == wanted else _Seen.NO


def _days(
    connection: Connection, server: Server, site_id: int, timezone: dt.tzinfo, witnesses: Sequence[Witness]
) -> Iterator[tuple[Live, list[Witness]]]:
    def day(witness: Witness) -> dt.date:
        return witness.time.astimezone(timezone).date()

    for date, own in groupby(sorted(witnesses, key=lambda one: one.time), key=day):
        yield Live(connection, server, site_id, date), list(own)


def _dates(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(days=count) for count in range((last - first).days + 1)]
