"""The grid of `mtc status`: the state of every step of each site and day, and the reason for it. Pure."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from mtc.core.frozen_model import seconds
from mtc.core.model import Stage, Status, StepId, Verdict
from mtc.core.records import History, StepRecord
from mtc.manifest.project import Project, SiteSettings
from mtc.plan.growing import days_with_hits
from mtc.plan.neighbours import NEIGHBOUR, NOT_WHOLE
from mtc.plan.work import ImportWork, Plan, PlannedStep


class State(StrEnum):
    """The state of a step, the worst first. A step that is not whole is done, and its day may get more hits."""

    FAILED = "failed"
    MISSING = "missing"
    BLOCKED = "blocked"
    STALE = "stale"
    UNDER_WAY = "under way"
    NOT_TRIED = "not tried"
    EMPTY = "empty"
    NOT_WHOLE = "not whole"
    DONE = "done"
    NOT_DUE = "not due"


_BY_VERDICT = {
    Verdict.NEW: State.NOT_TRIED,
    Verdict.FAILED: State.FAILED,
    Verdict.INPUTS_CHANGED: State.STALE,
    Verdict.MANIFEST_CHANGED: State.STALE,
    Verdict.OUTPUT_MISSING: State.STALE,
    Verdict.LATE_OBJECTS: State.STALE,
    Verdict.GROWN: State.STALE,
    Verdict.UNDER_WAY: State.UNDER_WAY,
    Verdict.RECIPE_CHANGED: State.STALE,
    Verdict.UP_TO_DATE: State.DONE,
    Verdict.BLOCKED: State.BLOCKED,
    Verdict.COUNTED_TWICE: State.BLOCKED,
    Verdict.WOULD_LOSE: State.BLOCKED,
    Verdict.NOT_DUE: State.NOT_DUE,
}
_BY_STATUS = {
    Status.PLANNED: State.NOT_TRIED,
    Status.RUNNING: State.NOT_TRIED,
    Status.DONE: State.DONE,
    Status.EMPTY: State.EMPTY,
    Status.FAILED: State.FAILED,
    Status.BLOCKED: State.BLOCKED,
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A step's state and the reason for it, empty where the state is enough.

    `accept` is true if the step runs only when its inputs are restored, or with `--accept`.
    """

    state: State
    reason: str = ""
    accept: bool = False


@dataclass(frozen=True, slots=True)
class StatusGrid:
    """A state for each stage, site and day, without gaps. `sources` are the URLs of the logs, by site.

    `manifest` and `environment` are named in the commands that fix problems.
    """

    name: str
    now: dt.datetime
    sites: tuple[str, ...]
    stages: tuple[Stage, ...]
    days: tuple[dt.date, ...]
    cells: Mapping[StepId, Cell]
    manifest: str = ""
    environment: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)

    def count(self) -> dict[State, int]:
        """How many steps are in each state, the worst state first."""
        counts = Counter(cell.state for cell in self.cells.values())
        return {state: counts[state] for state in State if counts[state]}


def make_grid(
    history: History,
    project: Project,
    days: Sequence[dt.date],
    now: dt.datetime,
    plan: Plan | None = None,
    *,
    manifest: str = "",
) -> StatusGrid:
    """Make the grid. `plan` is a plan made now; without it the grid shows what the state file says.

    `manifest` is the manifest as given on the command line, empty for the default one. `now` has a time zone.
    """
    planned = {item.step: item for item in plan.steps} if plan else {}
    ordered = tuple(sorted(set(days)))
    cells: dict[StepId, Cell] = {}
    for site in project.sites.values():
        hit_days = days_with_hits(site.name, history)
        for step in (StepId(stage, site.name, day) for stage in project.stages for day in ordered):
            cell = _cell(history.steps.get(step), planned.get(step), site, step, now)
            cells[step] = _of_growing(cell, planned.get(step), site, step, hit_days) if hit_days else cell
    for step in (step for step in cells if step.stage is Stage.CSV):
        cells[step] = _after_stat(cells[step], cells.get(step._replace(stage=Stage.STAT)))
    sites = tuple(site.name for site in project.sites.values())
    sources = {site.name: site.source.url.replace("{site}", site.name) for site in project.sites.values()}
    return StatusGrid(project.name, now, sites, project.stages, ordered, cells, manifest, project.environment, sources)


def _cell(
    record: StepRecord | None, planned: PlannedStep | None, site: SiteSettings, step: StepId, now: dt.datetime
) -> Cell:
    state = _state(record, planned, now >= site.day_end(step.day))
    is_selected = record is None or NEIGHBOUR not in record.figures
    if state is State.EMPTY and step.stage is Stage.IMPORT and is_selected and _settled(site, step.day, now):
        return Cell(State.MISSING, _missing("objects", site))
    if state is State.DONE and record and (note := _not_whole(record)):
        return Cell(State.NOT_WHOLE, note)
    accept = planned is not None and planned.verdict in {Verdict.COUNTED_TWICE, Verdict.WOULD_LOSE}
    return Cell(state, _reason(state, record, planned), accept)


def _of_growing(
    cell: Cell, planned: PlannedStep | None, site: SiteSettings, step: StepId, hit_days: Collection[dt.date]
) -> Cell:
    """The cell of a site with growing logs, whose slices may have hits of any day.

    A day whose hits are loaded is done, although nothing was loaded for the day itself. Nothing is missing of a day
    without hits if the logs go on behind it.
    """
    to_load = planned is not None and isinstance(planned.work, ImportWork) and planned.work.load
    if step.stage is not Stage.IMPORT or to_load or cell.state not in {State.NOT_TRIED, State.EMPTY, State.MISSING}:
        return cell
    if step.day in hit_days:
        return Cell(State.DONE)
    if cell.state is State.MISSING:
        return Cell(State.EMPTY) if step.day < max(hit_days) else replace(cell, reason=_missing("hits", site))
    return cell


def _after_stat(cell: Cell, stat: Cell | None) -> Cell:
    """The cell of CSV rows: not whole where the statistics that they are made of are not."""
    is_whole = cell.state is not State.DONE or stat is None or stat.state is not State.NOT_WHOLE
    return cell if is_whole else Cell(State.NOT_WHOLE)


def _state(record: StepRecord | None, planned: PlannedStep | None, day_is_over: bool) -> State:  # noqa: FBT001 - a fact, not a switch
    state = _BY_VERDICT[planned.verdict] if planned else State.DONE
    if state is not State.DONE:
        return state
    if record is not None:
        state = _BY_STATUS[record.status]
    elif planned is None:
        state = State.NOT_TRIED
    return State.NOT_DUE if state is State.NOT_TRIED and not day_is_over else state


def _missing(what: str, site: SiteSettings) -> str:
    return f"no {what} {site.source.settle} after the day's end"


def _not_whole(record: StepRecord) -> str:
    """Why the step's day may not be whole; empty if it is."""
    return next((note for note in record.notes if note.startswith(NOT_WHOLE)), "")


def _settled(site: SiteSettings, day: dt.date, now: dt.datetime) -> bool:
    return now >= site.day_end(day) + dt.timedelta(seconds=seconds(site.source.settle))


def _reason(state: State, record: StepRecord | None, planned: PlannedStep | None) -> str:
    if state is State.FAILED and record and record.error:
        return record.error
    reason = planned.reasons[0] if planned and planned.reasons else ""
    if state is State.BLOCKED and not reason and record:
        return record.error
    if state is State.STALE and planned:
        return f"{planned.verdict.value}: {reason}" if reason else planned.verdict.value
    return reason if state in {State.FAILED, State.BLOCKED, State.NOT_TRIED, State.NOT_DUE} else ""
