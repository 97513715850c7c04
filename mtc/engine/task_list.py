"""Which steps are asked for: the manifest's dates and stages, cut by what the command line says.

Planned steps into tasks: an import step each, the days of a site's statistics in sets, all CSV as one.
"""

import datetime as dt
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mtc.core.errors import UsageError
from mtc.core.model import Stage
from mtc.core.records import History
from mtc.core.suggest import nearest
from mtc.manifest.dates import Dates, is_relative, is_single_day
from mtc.manifest.dates import days as days_of
from mtc.manifest.project import Project
from mtc.plan.day_selection import Missed, by_site, missed_days
from mtc.plan.planner import unfinished_days, unsettled_days
from mtc.plan.work import PlannedStep, Task
from mtc.plan.world import Selection


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

    Days that the manifest's dates have left behind, unfinished or before their source had settled, or that no run came
    to, are taken along, unless days are named on the command line.
    """
    sites = sites_of(project, wanted)
    stages = tuple(stage for stage in Stage if stage in (wanted.stages or project.stages))
    dates = project.dates if wanted.dates is None else wanted.dates
    days = {name: set(days_of(dates, now.astimezone(project.sites[name].tzinfo).date())) for name in sites}
    named = frozenset[dt.date]().union(*days.values()) if is_single_day(dates) else frozenset[dt.date]()
    exact = wanted.dates is not None
    caught_up: set[tuple[str, dt.date]] = set()
    notes: list[str] = []
    if not exact:
        for name, missed in _missed(project, stages, history, days, now):
            caught_up |= {(name, day) for day in missed.days}
            notes += [_too_old(name, missed.too_old)] if missed.too_old else []
        for name, day in (*caught_up, *_left_behind(project, sites, stages, history)):
            days[name].add(day)
    chosen = {name: tuple(sorted(own)) for name, own in days.items()}
    return Selection(stages, chosen, named, exact, caught_up=frozenset(caught_up), notes=tuple(notes))


def _missed(
    project: Project,
    stages: tuple[Stage, ...],
    history: History,
    days: Mapping[str, Collection[dt.date]],
    now: dt.datetime,
) -> Iterator[tuple[str, Missed]]:
    """What each site's runs did not come to, where days move with the calendar and are to be caught up."""
    if not is_relative(project.dates) or not project.catch_up:
        return
    known = by_site(history)
    for name, own in days.items():
        today = now.astimezone(project.sites[name].tzinfo).date()
        first, last = today - dt.timedelta(days=project.catch_up), min(own) - dt.timedelta(days=1)
        yield name, missed_days(stages[0], known.get(name, {}), first, last)


def _too_old(name: str, days: Sequence[dt.date]) -> str:
    count = "1 day" if len(days) == 1 else f"{len(days)} days"
    return (
        f"{name}: no run came to {count} from {days[0]} to {days[-1]}, which is more than `catch_up` days ago: "
        f"`mtc import {name} {days[0]} {days[-1]}`"
    )


def _left_behind(
    project: Project, sites: tuple[str, ...], stages: tuple[Stage, ...], history: History
) -> Iterator[tuple[str, dt.date]]:
    yield from unfinished_days(sites, history)
    if Stage.IMPORT in stages:
        yield from unsettled_days(project, sites, history)


_STAT_SET = 400


@dataclass(slots=True)
class OpenStep:
    """A step that is under way, or waits to be tried again. `looked` is when its source was listed for this plan."""

    planned: PlannedStep
    looked: dt.datetime | None = None
    waits: bool = False
    attempt: int = 0
    began: float = 0.0


def tasks(steps: Iterable[PlannedStep]) -> Iterator[Task]:
    """Group the steps of one stage."""
    for (stage, site), group in itertools.groupby(steps, key=_group):
        if stage is Stage.IMPORT:
            yield from (Task(stage, (planned,)) for planned in group)
        elif stage is Stage.STAT:
            yield from (Task(stage, some) for some in _chunks(group, _STAT_SET))
        else:
            yield Task(stage, tuple(group))
        del site


def _group(planned: PlannedStep) -> tuple[Stage, str]:
    stage = planned.step.stage
    return stage, "" if stage is Stage.CSV else planned.step.site


def _chunks(steps: Iterable[PlannedStep], size: int) -> Iterator[tuple[PlannedStep, ...]]:
    rest = iter(steps)
    while chunk := tuple(itertools.islice(rest, size)):
        yield chunk
