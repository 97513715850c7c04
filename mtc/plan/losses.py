"""Results that a plan would remove and that cannot be made again: kept until an operator accepts the loss. Pure.

Hits cannot be made again when their log is gone from the source; statistics cannot when there is nothing left to count.
A warehouse with none of its parts, or a source with none of its objects, is more likely a disk that is not mounted: it
blocks all steps of its site.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mtc.core.model import LoadedObject, Stage, StepId, Verdict
from mtc.core.records import History, StepRecord
from mtc.manifest.project import SiteSettings
from mtc.plan.object_changes import ObjectChanges
from mtc.plan.stat_inputs import DayPart, PartsByDay, import_named
from mtc.plan.verdicts import Finding, reasons_for
from mtc.plan.work import StatWork
from mtc.plan.world import Listing, Selection, World

_SUSPICIOUS = 2
"""How many objects, or days with parts, must be missing at once to suspect that a disk is not mounted."""

Loaded = tuple[StepId, str]
"""An object that is loaded: its import step and its key."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What one site may lose in a plan.

    `vanished` are objects that were loaded and are not listed any more; `loaded` are all objects, copies as well.
    """

    site: SiteSettings
    selection: Selection
    world: World
    hits: PartsByDay
    vanished: frozenset[Loaded] = frozenset()
    loaded: Mapping[StepId, tuple[LoadedObject, ...]] = field(default_factory=dict)

    @property
    def _all_accepted(self) -> bool:
        return self.site.name in self.selection.accepted_sites

    def no_warehouse(self) -> str:
        """Why the site is blocked, if the warehouse has none of its parts; empty if it has any."""
        if not self.world.missing:
            return ""
        files = {item.part.file for item in self.hits}
        if self._all_accepted or len(self.hits.by_day) < _SUSPICIOUS or not files <= self.world.missing:
            return ""
        return (
            f"the warehouse has none of the {len(files)} parts that the state lists: is its disk mounted? "
            f"To continue without them: --accept site:{self.site.name}"
        )

    def no_source(self, listing: Listing, days: Iterable[dt.date], history: History) -> str:
        """Why the site is blocked, if all loaded objects of these days would be dropped at once; else empty."""
        steps = {StepId(Stage.IMPORT, self.site.name, day) for day in days} - self.selection.accepted
        known = sum(len(history.objects.get(step, ())) for step in steps)
        is_listed = any(listing.days.get(step.day) for step in steps)
        if self._all_accepted or is_listed or known < _SUSPICIOUS or self.site.source.vanished != "drop":
            return ""
        return (
            f"the source has none of the {known} objects that were loaded: is its disk mounted, is its url right? "
            f"To drop their hits: --accept site:{self.site.name}"
        )

    def unaccepted(self, step: StepId, found: ObjectChanges) -> tuple[LoadedObject, ...]:
        """The objects of an import step that would be lost, and whose loss is not accepted: they are kept."""
        drops = self.site.source.vanished == "drop"
        removed = [old for old in found.vanished if self._empties(step, old, found)] if drops else found.unrecoverable
        return tuple(old for old in removed if not (self._accepted(step, old) or self._has_copy(step, old)))

    def _has_copy(self, step: StepId, old: LoadedObject) -> bool:
        """Whether another object that stays has the same lines, and all its parts."""
        if not old.text:
            return False
        copies = (
            item
            for other, items in self.loaded.items()
            if other.site == self.site.name
            for item in items
            if item.text == old.text and (other, item.object.key) != (step, old.object.key)
            if self.site.source.vanished == "keep" or (other, item.object.key) not in self.vanished
        )
        return any(all(part.file not in self.world.missing for part in item.parts) for item in copies)

    def _empties(self, step: StepId, old: LoadedObject, found: ObjectChanges) -> bool:
        """Whether a day would have no hits left without the object, as far as is known.

        Considered are the object's day, and other days that have statistics.
        """
        if any(new.size for new in found.to_load):
            return False
        days = {part.day for part in old.parts if part.hits}
        counted = {day for day in days if day == step.day or (self.site.name, day) in self.world.stat_files}
        return any(not self._has_other_hits(day) for day in counted)

    def _has_other_hits(self, day: dt.date) -> bool:
        hits = self.hits.by_day.get(day, ())
        return any(item.part.hits and (item.step, item.loaded.object.key) not in self.vanished for item in hits)

    def _accepted(self, step: StepId, old: LoadedObject) -> bool:
        days = {part.day for part in old.parts if part.hits}
        stats = {StepId(Stage.STAT, self.site.name, day) for day in days}
        accepted = self.selection.accepted
        return self._all_accepted or step in accepted or (bool(stats) and stats <= accepted)

    def statistics(self, step: StepId, verdict: Verdict, work: StatWork, record: StepRecord | None) -> Finding | None:
        """The verdict for a stat step whose work would lose statistics; None if it would not."""
        missing = [item for item in self.hits.by_day.get(step.day, ()) if item.part.file in self.world.missing]
        if missing and self.site.answers == "warehouse":
            reasons = (*reasons_for("part missing", (item.part.file for item in missing)), *_remedies(missing))
        elif self._removes(step, work) and not self._accepted_statistics(step, record):
            reasons = ("nothing is left of what it was counted from", f"to remove it: --accept {step}")
        else:
            return None
        if verdict is Verdict.RECIPE_CHANGED:
            return Verdict.UP_TO_DATE, ("counted by an older mtc, and cannot be made again", *reasons[:1])
        return Verdict.WOULD_LOSE if self._is_there(step) else Verdict.BLOCKED, reasons

    def _removes(self, step: StepId, work: StatWork) -> bool:
        lines = work.accounting.lines if work.accounting else 0
        return not work.parts and not lines and self._is_there(step)

    def _is_there(self, step: StepId) -> bool:
        return (step.site, step.day) in self.world.stat_files

    def _accepted_statistics(self, step: StepId, record: StepRecord | None) -> bool:
        """Whether the loss is accepted: for the site, the step itself, or an import that its hits came from."""
        accepted = self.selection.accepted
        imports = {str(named) for named in accepted if named.stage is Stage.IMPORT}
        inputs = record.inputs if record else ()
        import_of_day = StepId(Stage.IMPORT, step.site, step.day)
        return (
            self._all_accepted
            or step in accepted
            or import_of_day in accepted
            or any(import_named(n) in imports for n in inputs)
        )


def _remedies(missing: Iterable[DayPart]) -> Iterable[str]:
    """A hint for each import whose parts are lost."""
    steps = sorted({item.step for item in missing})
    for step in steps:
        again = f"`mtc import {step.site} {step.day}` reads the log again if it is there"
        yield f"{again}; to continue without: --accept {step}"


def vanished(site: str, listing: Listing, days: Iterable[dt.date], history: History) -> frozenset[Loaded]:
    """The objects loaded for these days that are no longer listed, or are empty now."""
    found: set[Loaded] = set()
    for day in days:
        step = StepId(Stage.IMPORT, site, day)
        listed = {item.key for item in listing.days.get(day, ()) if item.size}
        found.update((step, old.object.key) for old in history.objects.get(step, ()) if old.object.key not in listed)
    return frozenset(found)
