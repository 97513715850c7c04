"""The selection of a run: the manifest's dates and stages, narrowed by the command line, and days to catch up."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mtc.core.errors import UsageError
from mtc.core.model import Stage
from mtc.core.records import History
from mtc.core.suggest import nearest
from mtc.manifest.dates import Dates, is_relative, is_single_day
from mtc.manifest.dates import days as days_of
from mtc.manifest.project import Project
from mtc.plan.day_selection import MissedDays, by_site, missed_days
from mtc.plan.planner import unfinished_days, unsettled_days
from mtc.plan.world import Selection


@dataclass(frozen=True, slots=True)
class Scope:
    """The sites, stages and dates that the command line names. Empty or None: as in the manifest."""

    sites: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    dates: Dates | None = None


def sites_of(project: Project, scope: Scope) -> tuple[str, ...]:
    """The names of the selected sites, in the manifest's order.

    Raises:
        UsageError: a name is unknown; the hint has the nearest one.
    """
    for name in scope.sites:
        if name not in project.sites:
            suggestion = nearest(name, project.sites)
            hint = f"did you mean {suggestion}?" if suggestion else f"the manifest has: {', '.join(project.sites)}"
            raise UsageError(f"no site is called {name!r}", where=str(project.manifest), hint=hint)
    return tuple(name for name in project.sites if not scope.sites or name in scope.sites)


def select(project: Project, scope: Scope, history: History, now: dt.datetime) -> Selection:
    """Make the selection. A site's `yesterday` is by its own time zone. `now` has a zone.

    Unless the command line names days, earlier days are added that are unfinished, that were imported before their
    source had settled, or that no run has come to.
    """
    sites = sites_of(project, scope)
    stages = tuple(stage for stage in Stage if stage in (scope.stages or project.stages))
    dates = project.dates if scope.dates is None else scope.dates
    days = {name: set(days_of(dates, now.astimezone(project.sites[name].tzinfo).date())) for name in sites}
    named = frozenset[dt.date]().union(*days.values()) if is_single_day(dates) else frozenset[dt.date]()
    exact = scope.dates is not None
    caught_up: set[tuple[str, dt.date]] = set()
    notes: list[str] = []
    if not exact:
        for name, missed in _missed(project, stages, history, days, now):
            caught_up |= {(name, day) for day in missed.days}
            notes += [_too_old(name, missed.too_old)] if missed.too_old else []
        for name, day in (*caught_up, *_unfinished(project, sites, stages, history)):
            days[name].add(day)
    chosen = {name: tuple(sorted(site_days)) for name, site_days in days.items()}
    return Selection(stages, chosen, named, exact, caught_up=frozenset(caught_up), notes=tuple(notes))


def _missed(
    project: Project,
    stages: tuple[Stage, ...],
    history: History,
    days: Mapping[str, Collection[dt.date]],
    now: dt.datetime,
) -> Iterator[tuple[str, MissedDays]]:
    """Each site's days that no run has come to, where dates move with the calendar and `catch_up` is set."""
    if not is_relative(project.dates) or not project.catch_up:
        return
    known = by_site(history)
    for name, site_days in days.items():
        today = now.astimezone(project.sites[name].tzinfo).date()
        first, last = today - dt.timedelta(days=project.catch_up), min(site_days) - dt.timedelta(days=1)
        yield name, missed_days(stages[0], known.get(name, {}), first, last)


def _too_old(name: str, days: Sequence[dt.date]) -> str:
    count = "1 day" if len(days) == 1 else f"{len(days)} days"
    return (
        f"{name}: no run came to {count} from {days[0]} to {days[-1]}, which is more than `catch_up` days ago: "
        f"`mtc import {name} {days[0]} {days[-1]}`"
    )


def _unfinished(
    project: Project, sites: tuple[str, ...], stages: tuple[Stage, ...], history: History
) -> Iterator[tuple[str, dt.date]]:
    yield from unfinished_days(sites, history)
    if Stage.IMPORT in stages:
        yield from unsettled_days(project, sites, history)
