"""Verdicts for import steps: the objects in the source compared with those that are loaded and archived. Pure."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from mtc.core.errors import StepError
from mtc.core.model import RECIPES, LoadedObject, SourceObject, Stage, StepId, Verdict
from mtc.core.records import History, StepRecord
from mtc.manifest.project import Project, SiteSettings
from mtc.plan.delivery_verdicts import StepDeliveries
from mtc.plan.duplicates import sent_texts
from mtc.plan.fingerprint import digest, import_settings, is_older, load_settings
from mtc.plan.growing import days_with_hits, new_in_logs
from mtc.plan.losses import Losses
from mtc.plan.object_changes import ObjectChanges, compare
from mtc.plan.step_inputs import ObjectInputs
from mtc.plan.verdicts import (
    Finding,
    TodaysSettings,
    changed_object,
    is_done,
    known_step,
    lost_object,
    older_recipe,
    one_copy,
    one_tuple,
    reasons_for,
    unchanged,
    unfinished,
)
from mtc.plan.work import ImportWork, PlannedStep
from mtc.plan.world import Listing, Selection, World
from mtc.sources.url_pattern import ArchiveUrl

_SHOWN = 3
_CAUGHT_UP = "caught up: no run imported it when it was due"
_ELSEWHERE = "its hits are in logs that were loaded for other days"
_OLDER = "counted by an older mtc"


@dataclass(frozen=True, slots=True)
class ImportPlanner:
    """Plans the import steps of one site.

    `stopped` is why none of them may be done, or empty. `today` are the settings of all of them,
    `made_with` the digest of today's load settings, and `sent` are the digests of logs whose lines Matomo has.
    `hit_days` are the days of which growing logs have hits.
    """

    project: Project
    site: SiteSettings
    listing: Listing
    world: World
    history: History
    now: dt.datetime
    selection: Selection
    losses: Losses
    stopped: str
    today: TodaysSettings
    made_with: str
    sent: frozenset[str] = frozenset()
    hit_days: frozenset[dt.date] = frozenset()

    @classmethod
    def of(
        cls,
        project: Project,
        site: SiteSettings,
        world: World,
        history: History,
        now: dt.datetime,
        selection: Selection,
        losses: Losses,
    ) -> "ImportPlanner":
        """The planner of a site's days.

        Args:
            project: the manifest.
            site: the site to plan for.
            world: what exists now; without a listing of the site its source counts as empty.
            history: what the state holds, with copies found.
            now: the time, with a zone.
            selection: the days and what is accepted; it has days of this site.
            losses: what the site may lose in this plan.
        """
        listing = world.listings.get(site.name, Listing())
        stopped = losses.no_warehouse() or losses.no_source(listing, selection.days[site.name], history)
        today = TodaysSettings(project, site.name, Stage.IMPORT, import_settings(site))
        made_with, sent = digest(load_settings(site)), sent_texts(site, history)
        return cls(
            project,
            site,
            listing,
            world,
            history,
            now,
            selection,
            losses,
            stopped,
            today,
            made_with,
            sent,
            days_with_hits(site.name, history),
        )

    def plan(self, day: dt.date) -> PlannedStep:
        """Plan the import step of a day."""
        step = StepId(Stage.IMPORT, self.site.name, day)
        if (waiting := self._not_due(day)) is not None:
            return PlannedStep(step, Verdict.NOT_DUE, (waiting,))
        if stopped := self._unlisted() or self.stopped:
            return PlannedStep(step, Verdict.BLOCKED, (stopped,))
        deliveries = StepDeliveries(
            self.site,
            step,
            self.history.deliveries.get(step, ()),
            self.made_with,
            step in self.selection.accepted,
            self.history.copies.get(step, {}).keys(),
            self.sent,
        )
        unreadable = self.listing.unreadable.get(day, ())
        record = self.history.steps.get(step)
        listed = _ListedDay(self, known_step(step, record), record, deliveries, unreadable)
        return listed.plan(self.listing.days.get(day, ()))

    def _unlisted(self) -> str:
        hint = f" ({self.listing.hint})" if self.listing.hint else ""
        return f"the source cannot be listed: {self.listing.error}{hint}" if self.listing.error else ""

    def _not_due(self, day: dt.date) -> str | None:
        if self.site.has_ended(day, self.now):
            return None
        if day not in self.selection.named:
            return f"the day ends at {self.site.day_end(day).isoformat(timespec='minutes')}"
        begin = self.site.day_end(day - dt.timedelta(days=1))
        return f"the day begins at {begin.isoformat(timespec='minutes')}" if begin > self.now else None


@dataclass(frozen=True, slots=True)
class _ListedDay:
    """The import step of one day that is due and whose source was listed."""

    planner: ImportPlanner
    step: StepId
    record: StepRecord | None
    deliveries: StepDeliveries
    unreadable: tuple[str, ...] = ()

    @property
    def site(self) -> SiteSettings:
        return self.planner.site

    @property
    def _drops(self) -> bool:
        return self.site.source.vanished == "drop"

    def plan(self, objects: tuple[SourceObject, ...]) -> PlannedStep:
        made_with, today = self.planner.made_with, self.planner.today
        loaded = self.planner.history.objects.get(self.step, ())
        recipe = RECIPES[Stage.IMPORT] if self.planner.selection.remake else 0
        found = compare(objects, loaded, made_with, self.planner.world.missing, recipe)
        inputs = self._inputs(objects, found)
        verdict, reasons = self._verdict(found, inputs, len(objects))
        work = self._work(found, made_with, objects) if verdict.is_work else None
        return PlannedStep(self.step, verdict, reasons, today.values, one_copy(inputs, self.record), work)

    def _inputs(self, objects: tuple[SourceObject, ...], found: ObjectChanges) -> Mapping[str, str]:
        """The version of each object that the source lists or that stays loaded, by key."""
        return ObjectInputs((*objects, *(old.object for old in self._retained(found))) if found.vanished else objects)

    def _loads(self, found: ObjectChanges) -> tuple[SourceObject, ...]:
        """The objects to load, and empty ones that replace removed ones."""
        dropped = {old.object.key for old in self._dropped(found)}
        return (*found.to_load, *(item for item in found.emptied if item.key in dropped))

    def _blocked_removals(self, found: ObjectChanges) -> tuple[LoadedObject, ...]:
        """Objects that would be lost, and that are kept until the loss is accepted."""
        return self.planner.losses.unaccepted(self.step, found)

    def _retained(self, found: ObjectChanges) -> list[LoadedObject]:
        """Objects that stay loaded although they are no longer in the source."""
        if not found.vanished:
            return []
        blocked = self._blocked_removals(found)
        return [old for old in found.vanished if old in blocked or not (self._drops or old in found.unrecoverable)]

    def _verdict(self, found: ObjectChanges, inputs: Mapping[str, str], count: int) -> Finding:
        """The verdict of the first finding, with the reasons of all findings."""
        twice = self.deliveries.double_counts(found, drops=self._drops)
        if twice and not self.deliveries.opened:
            return Verdict.COUNTED_TWICE, (*_first(twice), f"to count them again: --accept {self.step}")
        if (not_done := unfinished(self.record)) is not None:
            return (Verdict.NEW, self._new(count)) if not_done[0] is Verdict.NEW else not_done
        findings = [finding for finding in self._findings(found, inputs) if finding[1]]
        if not findings:
            return unchanged(self.record, self._notes(found))
        if len(findings) == 1:
            return findings[0]
        return findings[0][0], tuple(reason for _, reasons in findings for reason in reasons)

    def _new(self, count: int) -> tuple[str, ...]:
        """The reasons of a step that was never tried: what the source has for it."""
        is_caught_up = (self.site.name, self.step.day) in self.planner.selection.caught_up
        seen = (self._seen(count), _CAUGHT_UP) if is_caught_up else (self._seen(count),)
        return (*seen, *reasons_for("cannot be read", self.unreadable))

    def _loss_reasons(self, found: ObjectChanges) -> tuple[str, ...]:
        """Why objects are kept, and how to accept their loss."""
        blocked = self._blocked_removals(found)
        lost = (lost_object(old, part=old in found.unrecoverable) for old in blocked)
        reasons = reasons_for("nothing would be left" if self._drops else "hits lost", lost)
        return (*reasons, f"to continue without: --accept {self.step}") if blocked else ()

    def _notes(self, found: ObjectChanges) -> tuple[str, ...]:
        """The notes of a step that is up to date."""
        kept = (old.object.label for old in found.vanished)
        retained = reasons_for("kept, though gone from the source", kept) if found.vanished else ()
        record = self.record
        if not found.same and not retained and self.step.day in self.planner.hit_days:
            return (_ELSEWHERE,)
        older = [old.recipe for old in found.same if old.recipe < RECIPES[Stage.IMPORT]]
        if record is None or not (older and is_older(record)):
            return retained
        return (*retained, f"{older_recipe(min(older), RECIPES[Stage.IMPORT])}; --remake imports it again")

    def _findings(self, found: ObjectChanges, inputs: Mapping[str, str]) -> Iterator[Finding]:
        """What is to be done, the most direct first; those without reasons are none."""
        yield Verdict.MANIFEST_CHANGED, self._changed_settings(found, inputs)
        if not found.is_same:
            yield from self._changed_objects(found)
        if undelivered := self._undelivered(found):
            yield Verdict.OUTPUT_MISSING, reasons_for("not delivered", (old.object.label for old in undelivered))
        if self.unreadable:
            yield Verdict.INPUTS_CHANGED, reasons_for("cannot be read", self.unreadable)
        if found.vanished:
            yield Verdict.WOULD_LOSE, self._loss_reasons(found)

    def _changed_settings(self, found: ObjectChanges, inputs: Mapping[str, str]) -> tuple[str, ...]:
        record = self.record
        changes: tuple[str, ...] = ()
        if record is not None and (record.inputs or inputs):  # for a day without objects no setting matters
            changes = self.planner.today.changes(record)
        if changes or not found.other_settings:
            return changes
        return reasons_for("loaded with other settings", (new.label for _, new in found.other_settings))

    def _changed_objects(self, found: ObjectChanges) -> Iterator[Finding]:
        yield Verdict.INPUTS_CHANGED, reasons_for("changed", (changed_object(old, new) for old, new in found.changed))
        yield (
            Verdict.INPUTS_CHANGED,
            reasons_for("moved", (f"{old.object.label} → {new.label}" for old, new in found.moved)),
        )
        yield (
            Verdict.INPUTS_CHANGED,
            reasons_for("gone from the source", (old.object.label for old in self._dropped(found))),
        )
        yield self._late(found)
        yield Verdict.OUTPUT_MISSING, reasons_for("part missing", (new.label for _, new in found.missing_parts))
        yield Verdict.RECIPE_CHANGED, reasons_for(_OLDER, (new.label for _, new in found.older))

    def _late(self, found: ObjectChanges) -> Finding:
        """What came after the day was imported: what is new in logs that grow, or whole objects."""
        if any(item.slice is not None for item in found.late):
            return Verdict.GROWN, _first(tuple(new_in_logs(found.late, self.site.tzinfo, self.step.day)))
        return Verdict.LATE_OBJECTS, reasons_for("late", (item.key for item in found.late))

    def _seen(self, count: int) -> str:
        """What the source has for the day, for a day that was never imported."""
        if count:
            return f"{count} object{'' if count == 1 else 's'}"
        return _ELSEWHERE if self.step.day in self.planner.hit_days else "no objects yet"

    def _dropped(self, found: ObjectChanges) -> list[LoadedObject]:
        """Vanished objects that are removed, as the manifest says or the operator accepts."""
        if not found.vanished:
            return []
        retained = self._retained(found)
        return [old for old in found.vanished if old not in retained]

    def _undelivered(self, found: ObjectChanges) -> tuple[LoadedObject, ...]:
        """Loaded objects that stay as they are and were not delivered to Matomo."""
        return self.deliveries.missing((*found.same, *self._retained(found))) if self.deliveries.enabled else ()

    def _work(self, found: ObjectChanges, made_with: str, objects: tuple[SourceObject, ...]) -> ImportWork:
        step_archive = StepArchive(self.site, self.step.day, self.record)
        archive = step_archive.missing(found.same)
        refused = self.deliveries.double_counts(found, drops=self._drops)
        loaded = self.planner.history.objects.get(self.step, ())
        replaced = (old for old, _ in (*found.changed, *found.other_settings, *found.missing_parts, *found.older))
        return ImportWork(
            load=one_tuple(self._loads(found), objects),
            replaced=one_tuple(tuple(step_archive.earlier(replaced, archive)), loaded),
            made_with=made_with,
            archive=archive,
            drop=(*(old for old, _ in found.moved), *self._dropped(found)),
            keep=(*found.same, *self._retained(found)),
            deliver=self.deliveries.work(found, refused, drops=self._drops),
            unreadable=self.unreadable,
        )


def _first(reasons: tuple[str, ...]) -> tuple[str, ...]:
    """The first few reasons, then how many more there are."""
    return (*reasons[:_SHOWN], f"{len(reasons) - _SHOWN} more") if len(reasons) > _SHOWN else reasons


@dataclass(frozen=True, slots=True)
class StepArchive:
    """What one import step has to archive. `record` is what the state holds of the step."""

    site: SiteSettings
    day: dt.date
    record: StepRecord | None

    def missing(self, loaded: Iterable[LoadedObject]) -> tuple[LoadedObject, ...]:
        """The loaded objects that have no copy in the manifest's archive."""
        if self.site.archive is None:
            return ()
        if is_done(self.record) and self._same_archive():
            return tuple(item for item in loaded if not item.archived)
        return tuple(item for item in loaded if item.archived != self._copy_url(item.object) or not item.archived)

    def earlier(self, replaced: Iterable[LoadedObject], missing: Iterable[LoadedObject]) -> Iterator[LoadedObject]:
        """The earlier versions, with their copies, of objects that are to be archived again: these may be overwritten.

        If a run was killed after it had loaded a new version, that is recorded without a copy. The copy of the earlier
        version, which the last success recorded, is still at the URL of the new one.
        """
        for item in replaced:
            yield item if item.archived or not self._has_earlier_copy(item) else self._with_copy(item)
        for item in missing:
            if not item.archived and self._has_earlier_copy(item):
                yield self._with_copy(item)

    def _with_copy(self, item: LoadedObject) -> LoadedObject:
        return replace(item, archived=self._copy_url(item.object))

    def _has_earlier_copy(self, item: LoadedObject) -> bool:
        before = self.record.inputs.get(item.object.key) if self.record else None
        return before not in {None, item.object.version} and self._same_archive()

    def _same_archive(self) -> bool:
        """Whether the last success archived to the manifest's archive."""
        archive = self.site.archive
        return (
            archive is not None and self.record is not None and self.record.settings.get("archive.url") == archive.url
        )

    def _copy_url(self, item: SourceObject) -> str:
        """The URL of the object's copy; empty for a key that cannot be archived: the stage reports that."""
        if self.site.archive is None:
            return ""
        try:
            template = ArchiveUrl.compile(self.site.archive.url, self.site.name)
            return template.copy_url(template.render(self.day, item))
        except StepError:
            return ""
