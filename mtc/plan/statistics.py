"""Verdicts for stat and csv steps: what they are made from against what they were made from."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mtc.manifest.project import Project
from mtc.model import Accounting, LoadedObject, Part, Stage, Status, StepId, Verdict
from mtc.plan.fingerprint import csv_settings, fingerprint, stat_settings
from mtc.plan.inputs import input_name, stat_version
from mtc.plan.model import CsvWork, History, ImportWork, PlannedStep, StatWork, StepRecord, World
from mtc.plan.reasons import few, setting_changes
from mtc.plan.records import Finding, digest_of, is_done, unchanged, unfinished

_STUCK = {Verdict.BLOCKED: "is blocked", Verdict.COUNTED_TWICE: "would count twice"}
_NEW: Finding = (Verdict.NEW, ())
_UP_TO_DATE: Finding = (Verdict.UP_TO_DATE, ())


@dataclass(frozen=True, slots=True)
class DayHits:
    """A part with hits of a day, the object it came from, and the import step that loaded it."""

    part: Part
    loaded: LoadedObject
    step: StepId

    def name(self, day: dt.date) -> str:
        """How it is called among the inputs of a stat step; one that another day's import made says so."""
        return input_name(self.loaded.object.key, self.part.file, None if self.step.day == day else self.step)


@dataclass(frozen=True, slots=True)
class Hits:
    """Every listed part of a site by the day of its hits."""

    by_day: Mapping[dt.date, tuple[DayHits, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, site: str, history: History) -> "Hits":
        """Sort a site's parts by day."""
        days: dict[dt.date, list[DayHits]] = {}
        for step in history.objects:
            if step.site == site:
                for item in history.counted(step):
                    for part in item.parts:
                        days.setdefault(part.day, []).append(DayHits(part, item, step))
        return cls({day: tuple(sorted(hits, key=_order)) for day, hits in days.items()})


def _order(hits: DayHits) -> tuple[Part, StepId]:
    return hits.part, hits.step


@dataclass(frozen=True, slots=True)
class StatPlanner:
    """Plans the stat and csv steps of one site.

    `before` are the steps of the stage before in the same plan, `remade` the objects that these take out or load again.
    """

    project: Project
    site: str
    world: World
    history: History
    hits: Hits
    before: Mapping[StepId, PlannedStep]
    remade: frozenset[tuple[StepId, str]] = frozenset()

    def stat(self, day: dt.date) -> PlannedStep:
        """The stat step of that day."""
        step = StepId(Stage.STAT, self.site, day)
        if (early := self._before(step, Stage.IMPORT)) is not None:
            return early
        settings = stat_settings(self.project.sites[self.site])
        work, inputs = self._stat_work(day)
        record = self.history.steps.get(step)
        verdict, reasons = self._verdict(record, settings, inputs)
        if verdict is Verdict.UP_TO_DATE:
            verdict, reasons = self._touching(day) or self._stat_file(record, day)
        digest = digest_of(record, verdict) or fingerprint(Stage.STAT, settings, inputs)
        return PlannedStep(step, verdict, reasons, digest, settings, inputs, work if verdict.is_work else None)

    def _stat_work(self, day: dt.date) -> tuple[StatWork, dict[str, str]]:
        hits = self.hits.by_day.get(day, ())
        inputs = {one.name(day): f"{one.part.hits} {one.loaded.made_with}" for one in hits}
        imported = self.history.steps.get(StepId(Stage.IMPORT, self.site, day))
        accounting = imported.accounting if imported else None
        if accounting is not None:
            inputs["accounting"] = _version(accounting)
        return StatWork(tuple(one.part for one in hits), accounting), inputs

    def _touching(self, day: dt.date) -> Finding | None:
        """Imports of other days in this plan that take out or make again an object with hits of this day."""
        hits = self.hits.by_day.get(day, ())
        steps = {one.step for one in hits if (one.step, one.loaded.object.key) in self.remade}
        return (Verdict.INPUTS_CHANGED, tuple(f"after {step}" for step in sorted(steps))) if steps else None

    def _stat_file(self, record: StepRecord | None, day: dt.date) -> Finding:
        """Whether the file of a step that is done is there, as far as its size can tell."""
        if record is None or record.status is not Status.DONE:
            return _UP_TO_DATE
        size = self.world.stat_files.get((self.site, day))
        if size in {str(output.size) for output in record.outputs}:
            return _UP_TO_DATE
        how = "missing" if size is None else "not as it was written"
        return Verdict.OUTPUT_MISSING, few(how, (output.path for output in record.outputs))

    def csv(self, day: dt.date) -> PlannedStep:
        """The csv step of that day."""
        step = StepId(Stage.CSV, self.site, day)
        if (early := self._before(step, Stage.STAT)) is not None:
            return early
        settings = csv_settings()
        work = CsvWork(stat_version(self.site, day, self.world, self.history))
        inputs = {"stat": work.stat}
        record = self.history.steps.get(step)
        verdict, reasons = self._verdict(record, settings, inputs)
        if verdict is Verdict.UP_TO_DATE and self.world.csv_missing:
            verdict, reasons = Verdict.OUTPUT_MISSING, few("missing", self.world.csv_missing)
        digest = digest_of(record, verdict) or fingerprint(Stage.CSV, settings, inputs)
        return PlannedStep(step, verdict, reasons, digest, settings, inputs, work if verdict.is_work else None)

    def _before(self, step: StepId, stage: Stage) -> PlannedStep | None:
        """What the step of the stage before says about this one: wait, or come after it; None when it is done."""
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
        """A step is blocked by one that it needs and that has failed or never been done."""
        record = self.history.steps.get(source)
        if is_done(record) or (_is_unknown(record) and self._is_there(source)):
            return None
        return PlannedStep(step, Verdict.BLOCKED, (_why_not(source, record),))

    def _is_there(self, source: StepId) -> bool:
        """Whether what a step would make is there though the state does not know it, such as older `.stat` files."""
        if source.stage is Stage.STAT:
            return (self.site, source.day) in self.world.stat_files
        return bool(self.hits.by_day.get(source.day))

    def _verdict(self, record: StepRecord | None, settings: Mapping[str, str], inputs: Mapping[str, str]) -> Finding:
        open_ = unfinished(record)
        if record is None or open_ is not None:
            return open_ or _NEW
        if changes := setting_changes(self.project, self.site, record.settings, settings):
            return Verdict.MANIFEST_CHANGED, changes
        if changes := _input_changes(record.inputs, inputs):
            return Verdict.INPUTS_CHANGED, changes
        return unchanged(record)


def remade(steps: Iterable[PlannedStep]) -> frozenset[tuple[StepId, str]]:
    """The objects, by step and key, whose hits these import steps take out or make again."""
    found: set[tuple[StepId, str]] = set()
    for planned in steps:
        if isinstance(planned.work, ImportWork):
            gone = (old.object.key for old in planned.work.drop)
            found.update((planned.step, key) for key in (*gone, *(new.key for new in planned.work.load)))
    return frozenset(found)


def _why_not(source: StepId, record: StepRecord | None) -> str:
    if record is not None and record.error:
        what = "is blocked" if record.status is Status.BLOCKED else "failed"
        return f"{source} {what}; `mtc why {source}` tells why"
    return f"{source} has not been done; run `mtc {source.stage.value} {source.site} {source.day}`"


def _is_unknown(record: StepRecord | None) -> bool:
    return record is None or (record.status is Status.PLANNED and not record.attempts)


def _version(accounting: Accounting) -> str:
    counts = [accounting.lines, accounting.hits, dict(accounting.filtered), dict(accounting.rejected)]
    return hashlib.sha256(json.dumps(counts, sort_keys=True).encode()).hexdigest()[:16]


def _input_changes(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    added = few("new input", sorted(new.keys() - old.keys()))
    changed = few("changed input", sorted(name for name in new.keys() & old.keys() if new[name] != old[name]))
    gone = few("input gone", sorted(old.keys() - new.keys()))
    return (*added, *changed, *gone)
