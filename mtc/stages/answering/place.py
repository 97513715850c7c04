"""The site on its server, looked up by who only wants to read: no right to write is asked for."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from mtc.errors import PermanentError
from mtc.manifest.project import SiteSettings
from mtc.matomo import sites
from mtc.stages.delivering.target import Target, zone_of

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
