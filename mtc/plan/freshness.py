"""Whether a site's logs have stopped coming, which would go unnoticed as nothing fails. Pure."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from mtc.core.frozen_model import seconds
from mtc.core.records import History
from mtc.manifest.dates import is_relative
from mtc.manifest.project import Project, SiteSettings
from mtc.plan.growing import days_with_hits
from mtc.plan.world import Listing, Selection

_USUAL = 7
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stale:
    """A site whose last logs are of `last`, `ago` days ago; `overdue` if longer than `freshness.error_after` allows."""

    site: str
    last: dt.date
    ago: int
    overdue: bool

    def __str__(self) -> str:
        return f"{self.site}: no logs since those of {self.last}, {self.ago} days ago: have they stopped coming?"


def stale(site: SiteSettings, history: History, listing: Listing, now: dt.datetime) -> Stale | None:
    """The site if its logs are stale; None if they are fresh, if it never had any, or if freshness is not checked.

    A day has logs if an object of it was loaded or is listed; where logs grow, if a slice of them has hits of it.
    Delays count from when the source has settled after the end of the last day with logs.
    """
    freshness, today = site.freshness, now.astimezone(site.tzinfo).date()
    days = {day for day in _with_logs(site, history, listing) if day <= today}
    if freshness is None or not days or listing.error:
        return None
    last = max(days)
    settled = site.day_end(last) + dt.timedelta(seconds=seconds(site.source.settle))

    def longer_than(duration: str | None) -> bool:
        return duration is not None and now >= settled + max(dt.timedelta(seconds=seconds(duration)), _DAY)

    warned = longer_than(freshness.warn_after or ("1d" if _is_daily(last, days) else None))
    overdue = longer_than(freshness.error_after)
    return Stale(site.name, last, (today - last).days, overdue) if warned or overdue else None


def stale_sites(
    project: Project, selection: Selection, history: History, listings: Mapping[str, Listing], now: dt.datetime
) -> Iterator[Stale]:
    """The selected sites that are stale. Freshness is checked only with relative dates, not with named days."""
    if selection.exact or not is_relative(project.dates):
        return
    for name in selection.days:
        if found := stale(project.sites[name], history, listings.get(name, Listing()), now):
            yield found


def _is_daily(last: dt.date, days: Collection[dt.date]) -> bool:
    """Whether each of the seven days up to and including `last` had logs."""
    return all(last - back * _DAY in days for back in range(_USUAL))


def _with_logs(site: SiteSettings, history: History, listing: Listing) -> set[dt.date]:
    loaded = {
        step.day
        for step in history.imports_of(site.name)
        if any(not history.is_of_growing_log(site.name, item) for item in history.objects[step])
    }
    is_dated = site.name in history.dated
    listed = {day for day, objects in listing.days.items() if any(is_dated or item.slice is None for item in objects)}
    grown = set() if is_dated else {*days_with_hits(site.name, history), *_days_of_new(site, history, listing)}
    return loaded | listed | grown


def _days_of_new(site: SiteSettings, history: History, listing: Listing) -> Iterator[dt.date]:
    """The days on which logs were last written to that have grown since they were loaded."""
    known = {item.object.key for step in history.imports_of(site.name) for item in history.objects[step]}
    for objects in listing.days.values():
        for item in objects:
            if item.slice is not None and item.key not in known:
                yield item.modified_at.astimezone(site.tzinfo).date()
