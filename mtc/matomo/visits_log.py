"""A day's visits as `Live.getLastVisitsDetails` lists them: paged so that none is skipped while others are delivered.

Matomo lists the visits whose *last* action is later than `minTimestamp`, in the order of that last action. While hits
come in, a visit's last action moves on, and with it the place of every visit behind: pages by offset would skip some.
So a page begins where the one before has ended, by time; a visit that moves on is met again, later.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from mtc.matomo.api import call
from mtc.matomo.client import MatomoClient, NotMatomoError

_METHOD = "Live.getLastVisitsDetails"
_ALL = -1
_USUALLY_LISTED = 500


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit: its first and last action in seconds since the epoch (None if unknown), and the ids of its hits.

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
        page_number, size = 0, sizes[0]
        while page := self.page(after, size):
            yield from page
            if not _in_order(page):
                yield from self.page(after, _ALL)
                return
            newest = page[-1].last or 0
            if newest <= after and len(page) < size:
                return  # nothing later: the server does not heed the time that was asked for
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
    return listed >= _USUALLY_LISTED if actions is None else actions > listed


def _seconds(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:18])
    return value if type(value) is int else None
