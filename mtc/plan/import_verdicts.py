"""Verdicts for import steps: what the source holds against what was loaded."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mtc.core.model import RECIPES, LoadedObject, SourceObject, Stage, StepId, Verdict
from mtc.core.records import History, StepRecord
from mtc.manifest.project import Project, SiteSettings
from mtc.plan.archiving import Archiving
from mtc.plan.delivery_verdicts import Delivering
from mtc.plan.duplicates import sent_texts
from mtc.plan.fingerprint import Fingerprint, digest, import_settings, is_older, load_settings
from mtc.plan.losses import Losing
from mtc.plan.object_changes import Difference, compare
from mtc.plan.verdicts import (
    Finding,
    changed_object,
    digest_of,
    few,
    lost_object,
    older_recipe,
    setting_changes,
    unchanged,
    unfinished,
)
from mtc.plan.work import ImportWork, PlannedStep
from mtc.plan.world import Listing, Selection, World

_SHOWN = 3
_CAUGHT_UP = "caught up: no run came to it when it was due"
_OLDER = "counted by an older mtc"


@dataclass(frozen=True, slots=True)
class ImportPlanner:
    """Plans the import steps of one site. `stopped` is why none of them may be done, or empty."""

    project: Project
    site: SiteSettings
    listing: Listing
    world: World
    history: History
    now: dt.datetime
    selection: Selection
    losing: Losing
    stopped: str
    settings: Mapping[str, str]
    made_with: str
    sent: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        project: Project,
        site: SiteSettings,
        world: World,
        history: History,
        now: dt.datetime,
        selection: Selection,
        losing: Losing,
    ) -> "ImportPlanner":
        """The planner of a site's days."""
        listing = world.listings.get(site.name, Listing())
        stopped = losing.no_warehouse() or losing.no_source(listing, selection.days[site.name], history)
        settings, made_with, sent = import_settings(site), digest(load_settings(site)), sent_texts(site, history)
        return cls(project, site, listing, world, history, now, selection, losing, stopped, settings, made_with, sent)

    def plan(self, day: dt.date) -> PlannedStep:
        """The step of that day."""
        step = StepId(Stage.IMPORT, self.site.name, day)
        if (waiting := self._not_due(day)) is not None:
            return PlannedStep(step, Verdict.NOT_DUE, (waiting,))
        if stopped := self._unlisted() or self.stopped:
            return PlannedStep(step, Verdict.BLOCKED, (stopped,))
        delivering = Delivering(
            self.site,
            step,
            self.history.deliveries.get(step, ()),
            self.made_with,
            step in self.selection.accepted,
            self.history.copies.get(step, {}).keys(),
            self.sent,
        )
        return _Judged(self, step, self.history.steps.get(step), delivering).plan(self.listing.days.get(day, ()))

    def _unlisted(self) -> str:
        hint = f" ({self.listing.hint})" if self.listing.hint else ""
        return f"the source cannot be listed: {self.listing.error}{hint}" if self.listing.error else ""

    def _not_due(self, day: dt.date) -> str | None:
        end = self.site.day_end(day)
        if end <= self.now:
            return None
        if day not in self.selection.named:
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
        made_with, settings = self.planner.made_with, self.planner.settings
        loaded = self.planner.history.objects.get(self.step, ())
        recipe = RECIPES[Stage.IMPORT] if self.planner.selection.remake else 0
        found = compare(objects, loaded, made_with, self.planner.world.missing, recipe)
        inputs = self._inputs(objects, found)
        now = Fingerprint.of(Stage.IMPORT, settings, inputs)
        verdict, reasons = self._verdict(found, now, len(objects))
        work = self._work(found, made_with) if verdict.is_work else None
        cost = sum(item.size for item in work.load) if work else 0
        digested = digest_of(self.record, verdict) or now.digest
        return PlannedStep(self.step, verdict, reasons, digested, settings, inputs, work, cost)

    def _inputs(self, objects: Iterable[SourceObject], found: Difference) -> dict[str, str]:
        """The version of each object that is there, or stays loaded."""
        there = {item.key: item.version for item in objects}
        return there | {old.object.key: old.object.version for old in self._kept(found)}

    def _loads(self, found: Difference) -> tuple[SourceObject, ...]:
        """What is to be loaded, and what is empty now in the place of what is taken out."""
        dropped = {old.object.key for old in self._dropped(found)}
        return (*found.to_load, *(item for item in found.emptied if item.key in dropped))

    def _held(self, found: Difference) -> tuple[LoadedObject, ...]:
        """What would have to go, cannot be loaded again, and stays until that is accepted."""
        return self.planner.losing.held(self.step, found)

    def _kept(self, found: Difference) -> list[LoadedObject]:
        """What stays loaded though the source has it no more."""
        if not found.gone:
            return []
        held = self._held(found)
        return [old for old in found.gone if old in held or not (self._drops or old in found.lost)]

    def _verdict(self, found: Difference, now: Fingerprint, count: int) -> Finding:
        """The first finding gives the verdict; the reasons are those of all."""
        twice = self.delivering.twice(found, drops=self._drops)
        if twice and not self.delivering.opened:
            return Verdict.COUNTED_TWICE, (*_first(twice), f"to count them again: --accept {self.step}")
        seen = f"{count} object{'' if count == 1 else 's'}" if count else "no objects yet"
        new = (seen, _CAUGHT_UP) if (self.site.name, self.step.day) in self.planner.selection.caught_up else (seen,)
        if (open_ := unfinished(self.record, new)) is not None:
            return open_
        findings = [finding for finding in self._findings(found, now) if finding[1]]
        findings += [(Verdict.WOULD_LOSE, losses)] if (losses := self._losses(found)) else []
        if not findings:
            return unchanged(self.record, self._notes(found))
        return findings[0][0], tuple(reason for _, reasons in findings for reason in reasons)

    def _losses(self, found: Difference) -> tuple[str, ...]:
        """Why what is held cannot be loaded again, and what lets it go."""
        held = self._held(found)
        told = (lost_object(old, part=old in found.lost) for old in held)
        reasons = few("nothing would be left" if self._drops else "hits lost", told)
        return (*reasons, f"to go on without: --accept {self.step}") if held else ()

    def _notes(self, found: Difference) -> tuple[str, ...]:
        """What there is to say of a step that is as it should be."""
        kept = few("kept, though gone from the source", (old.object.key for old in found.gone))
        record = self.record
        older = [old.recipe for old in found.same if old.recipe < RECIPES[Stage.IMPORT]]
        if record is None or not (older and is_older(record)):
            return kept
        return (*kept, f"{older_recipe(min(older), RECIPES[Stage.IMPORT])}; --remake imports it again")

    def _findings(self, found: Difference, now: Fingerprint) -> Iterator[Finding]:
        record = self.record
        changes: tuple[str, ...] = ()
        if record is not None and (now.inputs or record.inputs):  # for a day without objects no setting matters
            changes = setting_changes(self.planner.project, self.site.name, Fingerprint.recorded(record), now)
        others = few("loaded with other settings", (new.key for _, new in found.other_settings))
        yield Verdict.MANIFEST_CHANGED, changes or others
        yield Verdict.INPUTS_CHANGED, few("changed", (changed_object(old, new) for old, new in found.changed))
        yield Verdict.INPUTS_CHANGED, few("moved", (f"{old.object.key} → {new.key}" for old, new in found.moved))
        yield Verdict.INPUTS_CHANGED, few("gone from the source", (old.object.key for old in self._dropped(found)))
        yield Verdict.LATE_OBJECTS, few("late", (item.key for item in found.late))
        yield Verdict.OUTPUT_MISSING, few("part missing", (new.key for _, new in found.lost_parts))
        yield Verdict.RECIPE_CHANGED, few(_OLDER, (new.key for _, new in found.older))
        yield Verdict.OUTPUT_MISSING, few("not delivered", (old.object.key for old in self._undelivered(found)))

    def _dropped(self, found: Difference) -> list[LoadedObject]:
        """What is taken out: as the manifest says, or as was accepted."""
        kept = self._kept(found)
        return [old for old in found.gone if old not in kept]

    def _undelivered(self, found: Difference) -> tuple[LoadedObject, ...]:
        """Loaded objects that stay as they are, and that Matomo was not given."""
        return self.delivering.missing((*found.same, *self._kept(found)))

    def _work(self, found: Difference, made_with: str) -> ImportWork:
        archiving = Archiving(self.site, self.step.day, self.record)
        archive = archiving.missing(found.same)
        replaced = (old for old, _ in (*found.changed, *found.other_settings, *found.lost_parts, *found.older))
        return ImportWork(
            load=self._loads(found),
            replaced=tuple(archiving.earlier(replaced, archive)),
            made_with=made_with,
            archive=archive,
            drop=(*(old for old, _ in found.moved), *self._dropped(found)),
            keep=(*found.same, *self._kept(found)),
            deliver=self.delivering.work(found, self.delivering.twice(found, drops=self._drops), drops=self._drops),
        )


def _first(reasons: tuple[str, ...]) -> tuple[str, ...]:
    """The first few reasons, and how many more there are."""
    return (*reasons[:_SHOWN], f"{len(reasons) - _SHOWN} more") if len(reasons) > _SHOWN else reasons
