"""What `plan` and `apply` are asked for, and the steps that this selects.

The manifest's dates and stages are narrowed by the command line and widened by days to catch up.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mtc.core.errors import UsageError
from mtc.core.model import Stage, StepId
from mtc.core.records import History
from mtc.core.suggest import nearest
from mtc.engine.observe import stat_sizes
from mtc.manifest.dates import Dates, is_relative, is_single_day
from mtc.manifest.dates import days as days_of
from mtc.manifest.project import Project, SiteSettings
from mtc.plan.day_selection import MissedDays, missed_days
from mtc.plan.neighbours import NEIGHBOUR, Neighbours
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
    """Select the steps of a command. `yesterday` is by each site's time zone; `now` has a zone.

    Unless the command line names days, earlier days are added: unfinished ones, those imported before their source had
    settled, and those that no run has come to.
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
    last = {name: _last_begun(project.sites[name], chosen[name], named, now) for name in sites}
    return Selection(stages, chosen, named, exact, caught_up=frozenset(caught_up), notes=tuple(notes), last=last)


def _last_begun(site: SiteSettings, days: Collection[dt.date], named: Collection[dt.date], now: dt.datetime) -> dt.date:
    """The last of the days whose import a run does now: one that has ended, or is named; yesterday before them all."""
    today = now.astimezone(site.tzinfo).date()
    due = [day for day in days if day < today or (day == today and day in named)]
    return max(due, default=today - dt.timedelta(days=1))


def _missed(
    project: Project,
    stages: tuple[Stage, ...],
    history: History,
    days: Mapping[str, Collection[dt.date]],
    now: dt.datetime,
) -> Iterator[tuple[str, MissedDays]]:
    """Each site's days that no run has reached, if dates are relative (`yesterday`) and `catch_up` is set."""
    if not is_relative(project.dates) or not project.catch_up:
        return
    for name, site_days in days.items():
        today = now.astimezone(project.sites[name].tzinfo).date()
        first, last = today - dt.timedelta(days=project.catch_up), min(site_days) - dt.timedelta(days=1)
        # The imports of growing logs are also of days that nobody asked for.
        stage = Stage.STAT if project.sites[name].grows and Stage.STAT in stages else stages[0]
        neighbours = Neighbours(name, history)
        records = {
            step: record
            for step, record in history.records_of(name).items()
            if NEIGHBOUR not in record.figures or not neighbours.only_for_others(step.day)
        }
        yield name, missed_days(stage, records, first, last)


def _too_old(name: str, days: Sequence[dt.date]) -> str:
    count = "1 day" if len(days) == 1 else f"{len(days)} days"
    return (
        f"{name}: no run has imported {count} from {days[0]} to {days[-1]}, which `catch_up` does not reach: "
        f"`mtc apply --site {name} {_days_as_options(days)}`"
    )


def _days_as_options(days: Sequence[dt.date]) -> str:
    return f"--date {days[0]}" if len(days) == 1 else f"--from {days[0]} --to {days[-1]}"


def _unfinished(
    project: Project, sites: tuple[str, ...], stages: tuple[Stage, ...], history: History
) -> Iterator[tuple[str, dt.date]]:
    """Each site's days to be looked at again; for a day that was imported for others, those it was imported for."""
    found = [*unfinished_days(sites, history)]
    if Stage.IMPORT in stages:
        found += unsettled_days(project, sites, history)
    for name, day in found:
        neighbours = Neighbours(name, history)
        for other in neighbours.served(day) if neighbours.only_for_others(day) else (day,):
            yield name, other


@dataclass(frozen=True, slots=True)
class ApplyRequest:
    """What to apply, and how. `command` is shown to people and holds no secret; `wait` is in seconds.

    `csv_as_found` asks for a CSV row of each `.stat` file there is, whatever the manifest's dates. `accepted` steps and
    `accepted_sites` may do what a run otherwise never does: count hits twice in Matomo, or lose results that cannot be
    made again. With `remake`, logs that an older mtc imported are imported again.
    """

    project: Project
    scope: Scope
    command: str
    wait: float | None = None
    csv_as_found: bool = False
    accepted: frozenset[StepId] = frozenset()
    accepted_sites: frozenset[str] = frozenset()
    remake: bool = False


def selection_for(request: ApplyRequest, history: History, now: dt.datetime) -> Selection:
    """The steps that a request selects. `now` has a zone."""
    if not request.csv_as_found:
        return _with_accepted(select(request.project, request.scope, history, now), request)
    names = sites_of(request.project, request.scope)
    days = {name: tuple(sorted(stat_sizes(request.project.stats / name))) for name in names}
    return Selection((Stage.CSV,), days, exact=True)


def _with_accepted(selection: Selection, request: ApplyRequest) -> Selection:
    """The selection with the steps and sites that the operator accepts.

    An accepted stat step may be of any day, as statistics can be of another day than the logs they are made from.

    Raises:
        UsageError: an accepted step or site is not in the selection.
    """
    hint = "name its site and day with --site and --date"
    for step in sorted(request.accepted):
        days = selection.days.get(step.site, ())
        if step.stage is Stage.CSV or not days or (step.stage is Stage.IMPORT and step.day not in days):
            what = "csv steps lose nothing" if step.stage is Stage.CSV else "it is not in this plan"
            raise UsageError(f"{step} cannot be accepted: {what}", hint=hint)
    for site in sorted(request.accepted_sites - selection.days.keys()):
        raise UsageError(f"site:{site} cannot be accepted: it is not in this plan", hint="name it with --site")
    return replace(selection, accepted=request.accepted, accepted_sites=request.accepted_sites, remake=request.remake)
