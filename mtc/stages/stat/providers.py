"""What an answer for a day is, and who may give one. No I/O.

The choice between the warehouse and Matomo, site by site, as the manifest says. Nothing is counted here.

Days in windows: ranges that one request is good for. No I/O.

A window never holds a day that was not asked for. Matomo makes a report when it is read, and a day whose delivery is
not over would stay as it was in that moment.

The site on its server, looked up by who only wants to read: no right to write is asked for.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mtc.core.errors import PermanentError
from mtc.manifest.project import SiteSettings
from mtc.matomo import sites
from mtc.stages.deliver.tracker import Target, zone_of
from mtc.warehouse.stat_document import StatDocument
from mtc.warehouse.statistics import DayFailure, DayWork


@dataclass(frozen=True, slots=True)
class NotedDocument:
    """A document, and what there is to say of how it came about, for the step's receipt."""

    document: StatDocument
    notes: tuple[str, ...]


Answer = StatDocument | NotedDocument | DayFailure


class StatProvider(Protocol):
    """Who answers for a site's days; every `StatisticsSource` does."""

    def statistics(self, site: SiteSettings, days: Mapping[dt.date, DayWork]) -> Iterable[Answer]:
        """Give an answer for every day, in order of days.

        Raises:
            StepError: nobody answers for the days that are left; the answers given before hold.
        """


@dataclass(frozen=True, slots=True)
class Answers:
    """Lets whom `site.answers` names answer. `matomo` gives who speaks to the server; None without a server."""

    warehouse: StatProvider
    matomo: Callable[[], StatProvider] | None = None

    def statistics(self, site: SiteSettings, days: Mapping[dt.date, DayWork]) -> Iterable[Answer]:
        """Give an answer for every day, in order of days.

        Raises:
            StepError: who should answer cannot be asked, or does not answer.
        """
        return self._source(site).statistics(site, days)

    def _source(self, site: SiteSettings) -> StatProvider:
        if site.answers == "warehouse":
            return self.warehouse
        if self.matomo is None:
            raise PermanentError(
                f"the statistics of {site.name} are to come from Matomo, and the manifest names no server",
                hint="write `matomo:` into the manifest, or `stats: {from: warehouse}`",
            )
        return self.matomo()


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


_NOON = dt.time(12)


@dataclass(frozen=True, slots=True)
class Place:
    """A site as its server has it. `zone` is what the server calls its time zone.

    It has no reports of days before it was `created`; None where the server does not say when.
    """

    id: int
    zone: str
    created: dt.date | None = None


def find_place(target: Target, site: SiteSettings) -> Place:
    """Ask the server for the site.

    Raises:
        PermanentError: the server does not know the site, or the token lacks the right to see it.
        TransientError: the server does not answer.
    """
    number = site.matomo_id or sites.site_id(target.connection, target.server, site.url)
    info = sites.site_info(target.connection, target.server, number)
    if info is None:
        raise PermanentError(f"Matomo has no site {number}", where=target.server.url, hint="correct `matomo_id`")
    return Place(number, info.timezone, info.created)


def uncounted(place: Place, day: dt.date, hits: int, first: dt.date) -> PermanentError:
    """The error of a day of which Matomo has hits and counts none. `first` is the first day that hits were sent for."""
    what = f"Matomo counts none of the {hits:,} hits of {day} that were delivered to its site {place.id}"
    created = place.created or "a date that it does not tell"
    if place.created is not None and day >= place.created:
        hint = f"the site was created on {created}, which is not why: see whether Matomo's archiving fails, and its log"
        return PermanentError(what, hint=hint)
    return PermanentError(
        f"{what}: the site was created there on {created}, and of days before that Matomo makes no reports",
        hint=f"{moving_back(place.id, first)}; then run again",
    )


def moving_back(number: int, first: dt.date) -> str:
    """How a site is made to begin earlier."""
    return f"let a super user move the date back: SitesManager.updateSite with idSite={number} and startDate={first}"


def zone_note(target: Target, place: Place, site: SiteSettings, days: Iterable[dt.date]) -> tuple[str, ...]:
    """What to say where the server's days are not the manifest's: their numbers are of other hours."""
    mine, theirs = site.tzinfo, zone_of(place.zone, site.tzinfo)
    if all(_offset(day, mine) == _offset(day, theirs) for day in days):
        return ()
    zone = target.server.quote(place.zone)
    return (f"Matomo's days are those of {zone}, not of {site.zone}: correct the site's time zone in one of the two",)


def _offset(day: dt.date, zone: dt.tzinfo) -> dt.timedelta | None:
    return dt.datetime.combine(day, _NOON, zone).utcoffset()
