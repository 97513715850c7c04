"""The planner: manifest, world, history and the time give a plan. Pure functions: everything comes in as an argument.

`make_plan` plans all stages at once, as far as possible before any of them has run. A run plans each stage when the one
before it has ended (`plan_imports`, `plan_stats`, `plan_csv`), and passes on the steps that were not done.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from mtc.core.model import Stage, Status, StepId, Verdict
from mtc.core.records import History
from mtc.manifest.project import Project
from mtc.plan.day_selection import (
    Records,
    outdated,
    stale_rows,
    unfinished_days,
    unsettled_days,
    with_touched_days,
)
from mtc.plan.growing import GrowingLogs, growing_days
from mtc.plan.import_verdicts import ImportPlanner
from mtc.plan.losses import Losses, vanished
from mtc.plan.neighbours import Neighbours
from mtc.plan.stat_inputs import PartsByDay, recorded_digests
from mtc.plan.stat_verdicts import StatPlanner, remade
from mtc.plan.work import Plan, PlannedStep
from mtc.plan.world import Listing, Selection, World

__all__ = ["Steps", "make_plan", "plan_csv", "plan_imports", "plan_stats", "unfinished_days", "unsettled_days"]

Steps = dict[StepId, PlannedStep]


def make_plan(project: Project, selection: Selection, world: World, history: History, now: dt.datetime) -> Plan:
    """Give every selected step its verdict. `now` has a time zone."""
    imports: Steps = {}
    stats: Steps = {}
    csvs: Steps = {}
    if Stage.IMPORT in selection.stages:
        imports = plan_imports(project, selection, world, history, now)
    if Stage.STAT in selection.stages:
        stats = plan_stats(project, selection, world, history, imports)
    if Stage.CSV in selection.stages:
        csvs = plan_csv(project, selection, world, history, stats)
    return Plan((*imports.values(), *stats.values(), *csvs.values()))


def with_steps_under_way(plan: Plan, history: History) -> Plan:
    """The plan while another run is active: the steps that it is running have not failed, and have no work."""

    def settled(planned: PlannedStep) -> PlannedStep:
        record = history.steps.get(planned.step)
        if record is None or record.status is not Status.RUNNING:
            return planned
        return replace(planned, verdict=Verdict.UNDER_WAY, reasons=("another run is at it",), work=None)

    return Plan(tuple(map(settled, plan.steps)))


def plan_imports(project: Project, selection: Selection, world: World, history: History, now: dt.datetime) -> Steps:
    """The import steps of the selection's days."""
    steps: Steps = {}
    for name in sorted(selection.days):
        losses = _losses_of(project, name, selection, world, history)
        planner = ImportPlanner.of(project, project.sites[name], world, history, now, selection, losses)
        steps |= {planned.step: planned for planned in map(planner.plan, selection.imports_of(name))}
    return steps


def _losses_of(project: Project, name: str, selection: Selection, world: World, history: History) -> Losses:
    """What a site may lose in a plan of these days."""
    missing = vanished(name, world.listings.get(name, Listing()), selection.days[name], history)
    return Losses(project.sites[name], selection, world, PartsByDay(name, history), missing, history.objects)


def plan_stats(
    project: Project, selection: Selection, world: World, history: History, before: Mapping[StepId, PlannedStep]
) -> Steps:
    """The stat steps of the selection's days and of the days that its imports touch.

    `before` are the import steps of the same plan; statistics come after those that have work.
    """
    steps: Steps = {}
    again = remade(before.values())
    for name, days, records in _touched(selection, history):
        hits = PartsByDay(name, history)
        losses = Losses(project.sites[name], selection, world, hits)
        planner = StatPlanner(
            project,
            name,
            world,
            history,
            hits,
            before,
            Neighbours(name, history),
            again,
            losses,
            losses.no_warehouse(),
            growing=GrowingLogs.of(project.sites[name], history),
        )
        waiting = () if selection.exact else growing_days(records)
        asked = _with_outdated(Stage.STAT, {*days, *waiting}, selection, records)
        steps |= {planned.step: planned for planned in map(planner.stat, asked)}
    return steps


def plan_csv(
    project: Project, selection: Selection, world: World, history: History, before: Mapping[StepId, PlannedStep]
) -> Steps:
    """The csv steps: of the same days as the stat steps, and of those whose statistics have changed since.

    `before` are the stat steps of the same plan.
    """
    steps: Steps = {}
    for name, days, records in _touched(selection, history):
        planner = StatPlanner(
            project,
            name,
            world,
            history,
            PartsByDay(),
            before,
            Neighbours(name, history),
            recorded=recorded_digests(records),
        )
        asked = set(_with_outdated(Stage.CSV, days, selection, records))
        rows = asked | stale_rows(name, asked, world, history, records)
        steps |= {planned.step: planned for planned in map(planner.csv, sorted(rows))}
    return steps


def _with_outdated(
    stage: Stage, days: Iterable[dt.date], selection: Selection, records: Records
) -> tuple[dt.date, ...]:
    """The days, and unless days were named on the command line, every other one with an older recipe; in order."""
    older = set() if selection.exact else outdated(stage, records)
    return tuple(sorted(older.union(days)))


def _touched(selection: Selection, history: History) -> Iterator[tuple[str, tuple[dt.date, ...], Records]]:
    """Each site with its days and records; if the days are imported, with the days whose hits their logs hold too."""
    touching = Stage.IMPORT in selection.stages
    for name, days in sorted(selection.days.items()):
        added = selection.added.get(name, ())
        asked = with_touched_days(name, days, history, added) if touching else tuple(sorted(set(days)))
        yield name, asked, history.records_of(name)
