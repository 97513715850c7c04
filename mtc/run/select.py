"""Which steps are asked for: the manifest's dates and stages, cut by what the command line says."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from mtc.errors import UsageError
from mtc.manifest.dates import days as days_of
from mtc.manifest.dates import named as is_named
from mtc.manifest.models import Dates
from mtc.manifest.near import nearest
from mtc.manifest.project import Project
from mtc.model import Stage
from mtc.plan.model import History, Selection
from mtc.plan.planner import unfinished_days, unsettled_days


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says. Empty or None means: as the manifest says."""

    sites: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    dates: Dates | None = None


def sites_of(project: Project, wanted: Wanted) -> tuple[str, ...]:
    """The sites asked for, in the manifest's order; an unknown one is a UsageError with the nearest."""
    for name in wanted.sites:
        if name not in project.sites:
            near = nearest(name, project.sites)
            hint = f"did you mean {near}?" if near else f"the manifest has: {', '.join(project.sites)}"
            raise UsageError(f"no site is called {name!r}", where=str(project.manifest), hint=hint)
    return tuple(name for name in project.sites if not wanted.sites or name in wanted.sites)


def select(project: Project, wanted: Wanted, history: History, now: dt.datetime) -> Selection:
    """Put the selection together. A site's `yesterday` is its own, by its time zone.

    Days that the manifest's dates have left behind, unfinished or before their source had settled, are taken along,
    unless days are named on the command line.
    """
    sites = sites_of(project, wanted)
    stages = tuple(stage for stage in Stage if stage in (wanted.stages or project.stages))
    dates = project.dates if wanted.dates is None else wanted.dates
    days = {name: set(days_of(dates, now.astimezone(project.sites[name].tzinfo).date())) for name in sites}
    named = frozenset[dt.date]().union(*days.values()) if is_named(dates) else frozenset[dt.date]()
    exact = wanted.dates is not None
    if not exact:
        for name, day in _left_behind(project, sites, stages, history):
            days[name].add(day)
    return Selection(stages, {name: tuple(sorted(own)) for name, own in days.items()}, named, exact)


def _left_behind(
    project: Project, sites: tuple[str, ...], stages: tuple[Stage, ...], history: History
) -> Iterator[tuple[str, dt.date]]:
    yield from unfinished_days(sites, history)
    if Stage.IMPORT in stages:
        yield from unsettled_days(project, sites, history)
