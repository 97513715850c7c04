"""Verdicts for stat and csv steps: today's inputs and settings compared with the recorded ones. Pure."""

import datetime as dt
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mtc.core.hit_order import slice_places
from mtc.core.model import RECIPES, Stage, Status, StepId, Verdict
from mtc.core.records import History, StepRecord
from mtc.manifest.project import Project
from mtc.plan.fingerprint import csv_settings, recipe_of, stat_settings
from mtc.plan.growing import GrowingLogs
from mtc.plan.losses import Losses
from mtc.plan.neighbours import Neighbours
from mtc.plan.stat_inputs import DayInputs, PartsByDay, count_delivered_hits, stat_version
from mtc.plan.verdicts import (
    Finding,
    TodaysSettings,
    input_changes,
    is_done,
    known_step,
    older_recipe,
    one_copy,
    reasons_for,
    unchanged,
    unfinished,
)
from mtc.plan.work import CsvWork, ImportWork, PlannedStep, StatWork
from mtc.plan.world import World

_STUCK = {
    Verdict.BLOCKED: "is blocked",
    Verdict.COUNTED_TWICE: "would count twice",
    Verdict.WOULD_LOSE: "would lose hits",
}
_NEW: Finding = (Verdict.NEW, ())
_UP_TO_DATE: Finding = (Verdict.UP_TO_DATE, ())


@dataclass(frozen=True)
class StatPlanner:
    """Plans the stat and csv steps of one site.

    `before` are the steps of the previous stage in the same plan, `remade` the objects that these remove or load again.
    `stopped` is why nothing of the site may be counted, or empty; `recorded` the digests of its `.stat` files by day.
    """

    project: Project
    site: str
    world: World
    history: History
    hits: PartsByDay
    before: Mapping[StepId, PlannedStep]
    neighbours: Neighbours
    remade: frozenset[tuple[StepId, str]] = frozenset()
    losses: Losses | None = None
    stopped: str = ""
    recorded: Mapping[dt.date, str] = field(default_factory=dict)
    growing: GrowingLogs | None = None

    @functools.cached_property
    def _statistics(self) -> TodaysSettings:
        return TodaysSettings(self.project, self.site, Stage.STAT, stat_settings(self.project.sites[self.site]))

    @functools.cached_property
    def _rows(self) -> TodaysSettings:
        return TodaysSettings(self.project, self.site, Stage.CSV, csv_settings())

    def stat(self, day: dt.date) -> PlannedStep:
        """Plan the stat step of a day."""
        step = StepId(Stage.STAT, self.site, day)
        if self.stopped:
            return PlannedStep(step, Verdict.BLOCKED, (self.stopped,))
        if (early := self._before(step, Stage.IMPORT)) is not None:
            return early
        today, record = self._statistics, self.history.steps.get(step)
        work, made = self._stat_work(day)
        inputs = one_copy(made, record)
        verdict, reasons = self._stat_verdict(step, self._verdict(record, today, inputs), work, record)
        reasons = (*reasons, *work.lacking) if work.lacking else reasons
        done = work if verdict.is_work else None
        return PlannedStep(known_step(step, record), verdict, reasons, today.values, inputs, done)

    def _stat_verdict(self, step: StepId, found: Finding, work: StatWork, record: StepRecord | None) -> Finding:
        verdict, reasons = found
        touching = self._touching(step.day)
        if verdict is Verdict.UP_TO_DATE:
            verdict, reasons = touching or self._stat_file(record, step.day)
        if self.losses is None or touching or not verdict.is_work:
            return verdict, reasons
        return self.losses.statistics(step, verdict, work, record) or (verdict, reasons)

    def _stat_work(self, day: dt.date) -> tuple[StatWork, DayInputs]:
        hits = self.hits.by_day.get(day, ())
        imported = self.history.steps.get(StepId(Stage.IMPORT, self.site, day))
        accounting = imported.accounting if imported else None
        lacking = self.neighbours.lacking(day) or (self.growing.lacking(day) if self.growing else ())
        site = self.project.sites[self.site]
        delivered = count_delivered_hits(site, self.history, hits).at_least if site.answers == "matomo" else 0
        places = slice_places(part.loaded for part in hits)
        work = StatWork(tuple(part.part for part in hits), accounting, lacking, delivered, places)
        return work, DayInputs(hits, work)

    def _touching(self, day: dt.date) -> Finding | None:
        """A finding if imports of other days in this plan remove or load again an object with hits of this day."""
        hits = self.hits.by_day.get(day, ()) if self.remade else ()
        steps = {part.step for part in hits if (part.step, part.loaded.object.key) in self.remade}
        return (Verdict.INPUTS_CHANGED, tuple(f"after {step}" for step in sorted(steps))) if steps else None

    def _stat_file(self, record: StepRecord | None, day: dt.date) -> Finding:
        """Whether the file of a step that is done exists with the recorded size."""
        if record is None or record.status is not Status.DONE:
            return _UP_TO_DATE
        size = self.world.stat_files.get((self.site, day))
        if size in {str(output.size) for output in record.outputs}:
            return _UP_TO_DATE
        how = "missing" if size is None else "not as it was written"
        return Verdict.OUTPUT_MISSING, reasons_for(how, (output.path for output in record.outputs))

    def csv(self, day: dt.date) -> PlannedStep:
        """Plan the csv step of a day."""
        step = StepId(Stage.CSV, self.site, day)
        if (early := self._before(step, Stage.STAT)) is not None:
            return early
        stat = stat_version(self.site, day, self.world, self.history)
        today, record = self._rows, self.history.steps.get(step)
        inputs = one_copy({"stat": stat}, record)
        verdict, reasons = self._verdict(record, today, inputs)
        if verdict is Verdict.UP_TO_DATE and self.world.csv_missing:
            verdict, reasons = Verdict.OUTPUT_MISSING, reasons_for("missing", self.world.csv_missing)
        work = CsvWork(stat, self.recorded) if verdict.is_work else None
        return PlannedStep(known_step(step, record), verdict, reasons, today.values, inputs, work)

    def _before(self, step: StepId, stage: Stage) -> PlannedStep | None:
        """The step while its predecessor of the previous stage is not done; None if that is done."""
        source = StepId(stage, self.site, step.day)
        planned = self.before.get(source)
        if planned is None or planned.verdict is Verdict.UP_TO_DATE:
            return self._unmet(step, source)
        if planned.verdict is Verdict.NOT_DUE:
            return PlannedStep(step, Verdict.NOT_DUE, planned.reasons)
        if planned.verdict.is_stuck:
            return PlannedStep(step, Verdict.BLOCKED, (f"{source} {_STUCK[planned.verdict]}", *planned.reasons[-1:]))
        after = (f"after {source}",)
        verdict, reasons = unfinished(self.history.steps.get(step)) or (Verdict.INPUTS_CHANGED, ())
        return PlannedStep(step, verdict, (*reasons, *after))

    def _unmet(self, step: StepId, source: StepId) -> PlannedStep | None:
        """The blocked step, if its predecessor failed or was never done; else None."""
        record = self.history.steps.get(source)
        if is_done(record) or (_is_unknown(record) and self._is_there(source)):
            return None
        return PlannedStep(step, Verdict.BLOCKED, (_why_not(source, record),))

    def _is_there(self, source: StepId) -> bool:
        """Whether a step's output exists although the state has no record of it, such as older `.stat` files."""
        if source.stage is Stage.STAT:
            return (self.site, source.day) in self.world.stat_files
        return bool(self.hits.by_day.get(source.day))

    def _verdict(self, record: StepRecord | None, today: TodaysSettings, inputs: Mapping[str, str]) -> Finding:
        not_done = unfinished(record)
        if record is None or not_done is not None:
            return not_done or _NEW
        if settings := today.changes(record):
            return Verdict.MANIFEST_CHANGED, settings
        if changed := input_changes(record, inputs):
            return Verdict.INPUTS_CHANGED, changed
        before, now = recipe_of(record), RECIPES[today.stage]
        return (Verdict.RECIPE_CHANGED, (older_recipe(before, now),)) if before < now else unchanged(record)


def remade(steps: Iterable[PlannedStep]) -> frozenset[tuple[StepId, str]]:
    """The objects, by step and key, that these import steps remove or load again."""
    found: set[tuple[StepId, str]] = set()
    for planned in steps:
        if isinstance(planned.work, ImportWork):
            dropped = (old.object.key for old in planned.work.drop)
            found.update((planned.step, key) for key in (*dropped, *(new.key for new in planned.work.load)))
    return frozenset(found)


def _why_not(source: StepId, record: StepRecord | None) -> str:
    if record is not None and record.error:
        what = "is blocked" if record.status is Status.BLOCKED else "failed"
        return f"{source} {what}; `mtc why {source}` shows why"
    return f"{source} has not been done; run `mtc {source.stage.value} {source.site} {source.day}`"


def _is_unknown(record: StepRecord | None) -> bool:
    return record is None or (record.status is Status.PLANNED and not record.attempts)
