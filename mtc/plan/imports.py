"""Verdicts for import steps: what the source holds against what was loaded."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mtc.manifest.project import Project, SiteSettings
from mtc.model import LoadedObject, SourceObject, Stage, StepId, Verdict
from mtc.plan.archiving import Archiving
from mtc.plan.delivering import Delivering
from mtc.plan.difference import Difference, compare
from mtc.plan.fingerprint import fingerprint
from mtc.plan.model import History, ImportWork, Listing, PlannedStep, StepRecord, World
from mtc.plan.reasons import changed_object, few, lost_object, setting_changes
from mtc.plan.records import Finding, digest_of, unchanged, unfinished

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ImportPlanner:
    """Plans the import steps of one site."""

    project: Project
    site: SiteSettings
    listing: Listing
    world: World
    history: History
    now: dt.datetime
    named: frozenset[dt.date]
    settings: Mapping[str, str]
    made_with: str
    accepted: frozenset[StepId] = frozenset()
    sent: frozenset[str] = frozenset()

    def plan(self, day: dt.date) -> PlannedStep:
        """The step of that day."""
        step = StepId(Stage.IMPORT, self.site.name, day)
        if (waiting := self._not_due(day)) is not None:
            return PlannedStep(step, Verdict.NOT_DUE, (waiting,))
        if self.listing.error:
            hint = f" ({self.listing.hint})" if self.listing.hint else ""
            return PlannedStep(step, Verdict.BLOCKED, (f"the source cannot be listed: {self.listing.error}{hint}",))
        delivering = Delivering(
            self.site,
            step,
            self.history.deliveries.get(step, ()),
            self.made_with,
            step in self.accepted,
            self.history.copies.get(step, {}).keys(),
            self.sent,
        )
        return _Judged(self, step, self.history.steps.get(step), delivering).plan(self.listing.days.get(day, ()))

    def _not_due(self, day: dt.date) -> str | None:
        end = self.site.day_end(day)
        if end <= self.now:
            return None
        if day not in self.named:
            return f"the day ends at {end.isoformat(timespec='minutes')}"
        begin = self.site.day_end(day - dt.timedelta(days=1))
        return f"the day begins at {begin.isoformat(timespec='minutes')}" if begin > self.now else None


@dataclass(frozen=True, slots=True)
class _Judged:
    """One step of a day whose objects are known."""

    planner: ImportPlanner
    step: StepId
    record: StepRecord | None
    delivering: Delivering

    @property
    def site(self) -> SiteSettings:
        return self.planner.site

    @property
    def _drops(self) -> bool:
        return self.site.source.vanished == "drop"

    def plan(self, objects: tuple[SourceObject, ...]) -> PlannedStep:
        made_with = self.planner.made_with
        loaded = self.planner.history.objects.get(self.step, ())
        found = compare(objects, loaded, made_with, self.planner.world.missing)
        settings = self.planner.settings
        inputs = {item.key: item.version for item in (*objects, *(old.object for old in self._kept(found)))}
        verdict, reasons = self._verdict(found, settings, inputs, len(objects))
        work = self._work(found, made_with) if verdict.is_work else None
        cost = sum(item.size for item in work.load) if work else 0
        digested = digest_of(self.record, verdict) or fingerprint(Stage.IMPORT, settings, inputs)
        return PlannedStep(self.step, verdict, reasons, digested, settings, inputs, work, cost)

    def _kept(self, found: Difference) -> list[LoadedObject]:
        """What stays loaded though the source has it no more."""
        return [] if self._drops else [old for old in found.gone if old not in found.lost]

    def _verdict(
        self, found: Difference, settings: Mapping[str, str], inputs: Mapping[str, str], count: int
    ) -> Finding:
        """The first finding gives the verdict; the reasons are those of all."""
        twice = self.delivering.twice(found, drops=self._drops)
        if twice and not self.delivering.opened:
            return Verdict.COUNTED_TWICE, (*_first(twice), f"to count them again: --accept {self.step}")
        seen = f"{count} object{'' if count == 1 else 's'}" if count else "no objects yet"
        if (open_ := unfinished(self.record, (seen,))) is not None:
            return open_
        findings = [finding for finding in self._findings(found, settings, inputs) if finding[1]]
        if not findings:
            gone = (old.object.key for old in found.gone)
            return unchanged(self.record, few("kept, though gone from the source", gone))
        return findings[0][0], tuple(reason for _, reasons in findings for reason in reasons)

    def _findings(self, found: Difference, settings: Mapping[str, str], inputs: Mapping[str, str]) -> Iterator[Finding]:
        record = self.record
        changes: tuple[str, ...] = ()
        if record is not None and (inputs or record.inputs):  # for a day without objects no setting matters
            changes = setting_changes(self.planner.project, self.site.name, record.settings, settings)
        others = few("loaded with other settings", (new.key for _, new in found.other_settings))
        yield Verdict.MANIFEST_CHANGED, changes or others
        yield Verdict.INPUTS_CHANGED, few("changed", (changed_object(old, new) for old, new in found.changed))
        yield Verdict.INPUTS_CHANGED, few("moved", (f"{old.object.key} → {new.key}" for old, new in found.moved))
        if self._drops:
            yield Verdict.INPUTS_CHANGED, few("gone from the source", (old.object.key for old in found.gone))
        yield Verdict.LATE_OBJECTS, few("late", (item.key for item in found.late))
        yield Verdict.OUTPUT_MISSING, few("part missing", (new.key for _, new in found.lost_parts))
        if not self._drops:
            yield Verdict.OUTPUT_MISSING, few("hits lost", map(lost_object, found.lost))
        yield Verdict.OUTPUT_MISSING, few("not delivered", (old.object.key for old in self._undelivered(found)))

    def _undelivered(self, found: Difference) -> tuple[LoadedObject, ...]:
        """Loaded objects that stay as they are, and that Matomo was not given."""
        return self.delivering.missing((*found.same, *self._kept(found)))

    def _work(self, found: Difference, made_with: str) -> ImportWork:
        archiving = Archiving(self.site, self.step.day, self.record)
        archive = archiving.missing(found.same)
        replaced = (old for old, _ in (*found.changed, *found.other_settings, *found.lost_parts))
        return ImportWork(
            load=found.to_load,
            replaced=tuple(archiving.earlier(replaced, archive)),
            made_with=made_with,
            archive=archive,
            drop=(*(old for old, _ in found.moved), *(found.gone if self._drops else found.lost)),
            keep=(*found.same, *self._kept(found)),
            deliver=self.delivering.work(found, self.delivering.twice(found, drops=self._drops), drops=self._drops),
        )


def _first(reasons: tuple[str, ...]) -> tuple[str, ...]:
    """The first few reasons, and how many more there are."""
    return (*reasons[:_SHOWN], f"{len(reasons) - _SHOWN} more") if len(reasons) > _SHOWN else reasons
