"""The verdict that a step's record alone gives, and the reasons of verdicts as text. Pure.

By its record a step is done, never tried, failed or blocked. Reasons name the setting, the object or the line of the
manifest.
"""

import datetime as dt
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from mtc.core.frozen_model import seconds
from mtc.core.model import LoadedObject, SourceObject, Stage, Status, StepId, Verdict
from mtc.core.records import StepRecord
from mtc.manifest.project import Project, SiteSettings
from mtc.plan.fingerprint import Fingerprint

DONE = frozenset({Status.DONE, Status.EMPTY})
_UNTRIED = frozenset({Status.PLANNED, Status.BLOCKED})

T = TypeVar("T")

Finding = tuple[Verdict, tuple[str, ...]]
"""A verdict and its reasons."""


def is_done(record: StepRecord | None) -> bool:
    """Whether the step's last attempt succeeded."""
    return record is not None and record.status in DONE


def is_unsettled(site: SiteSettings, record: StepRecord | None) -> bool:
    """Whether a day's source was last listed before it had settled, so that more objects may have come since."""
    if record is None or record.checked is None:
        return False
    return not site.has_ended(record.step.day, record.checked, dt.timedelta(seconds=seconds(site.source.settle)))


def unfinished(record: StepRecord | None) -> Finding | None:
    """The verdict of a step that never succeeded or whose last attempt failed; None for any other."""
    if record is None or _never_tried(record):
        return Verdict.NEW, ()
    if record.status in DONE or _done_and_blocked(record):
        return None
    return Verdict.FAILED, (record.error or "interrupted before it was done",)


def unchanged(record: StepRecord | None, notes: tuple[str, ...] = ()) -> Finding:
    """The verdict of a step without changes: up to date, unless it was blocked in a later run."""
    if record is not None and _done_and_blocked(record):
        return Verdict.FAILED, (f"blocked before: {record.error}" if record.error else "blocked before",)
    return Verdict.UP_TO_DATE, notes


def _never_tried(record: StepRecord) -> bool:
    return record.status in _UNTRIED and not record.attempts and not record.fingerprint


def _done_and_blocked(record: StepRecord) -> bool:
    """Whether the step succeeded once and was blocked in a later run."""
    return record.status is Status.BLOCKED and bool(record.fingerprint) and not record.attempts


def one_copy(inputs: Mapping[str, str], record: StepRecord | None) -> Mapping[str, str]:
    """The recorded inputs if these are the same: of very many steps that are up to date, two of each take up memory."""
    return record.inputs if record is not None and inputs == record.inputs else inputs


def one_tuple(made: tuple[T, ...], known: tuple[T, ...]) -> tuple[T, ...]:
    """The known tuple if it is the same, as for `one_copy`."""
    return known if made == known else made


def known_step(step: StepId, record: StepRecord | None) -> StepId:
    """The step as the record has it: of very many steps two of each take up memory."""
    return step if record is None else record.step


_SHOWN = 3


@dataclass(frozen=True)
class TodaysSettings:
    """The settings of a site's steps of one stage as the manifest has them today, beside those they were done with.

    Most steps of a site were done with the same settings. So each distinct set of them is compared once.
    """

    project: Project
    site: str
    stage: Stage
    values: Mapping[str, str]
    _compared: dict[tuple[tuple[str, str], ...], tuple[str, ...]] = field(default_factory=dict, init=False, repr=False)

    @functools.cached_property
    def _fingerprint(self) -> Fingerprint:
        return Fingerprint.of(self.stage, self.values, {})

    def changes(self, record: StepRecord) -> tuple[str, ...]:
        """Each setting that differs from the recorded one, with its file and line in the manifest."""
        recorded = tuple(record.settings.items())
        if recorded not in self._compared:
            before = Fingerprint.of(self.stage, record.settings, {})
            self._compared[recorded] = setting_changes(self.project, self.site, before, self._fingerprint)
        return self._compared[recorded]


def setting_changes(project: Project, site: str, before: Fingerprint, now: Fingerprint) -> tuple[str, ...]:
    """Each setting that differs from the recorded one, with its file and line in the manifest."""
    return tuple(
        f"{name}: {before.setting(name) or 'none'} → {now.setting(name) or 'none'}"
        f"{_place(project, site, name, unset=not now.setting(name))}"
        for name in now.since(before).settings
    )


def input_changes(record: StepRecord, inputs: Mapping[str, str]) -> tuple[str, ...]:
    """Which inputs are new, changed or removed since the step's last success."""
    if inputs is record.inputs:  # as `one_copy` returns them
        return ()
    stage = record.step.stage
    changes = Fingerprint(stage, inputs).since(Fingerprint(stage, record.inputs))
    return (
        *reasons_for("new input", changes.added),
        *reasons_for("changed input", changes.changed),
        *reasons_for("input gone", changes.removed),
    )


def older_recipe(before: int, now: int) -> str:
    """The reason for a result that an older recipe made."""
    return f"counted by an older mtc (recipe {before}, now {now})"


def _place(project: Project, site: str, name: str, *, unset: bool) -> str:
    """Where a setting is written, in the site first; for one that is now unset, its parent's location."""
    names = [name.partition(".")[0]] if unset else [name, name.removeprefix("source.")]
    for path in (*(f"sites.{site}.{each}" for each in names), names[0]):
        if path in project.setting_locations:
            return f" ({project.setting_locations[path]})"
    return ""


def reasons_for(prefix: str, names: Iterable[str]) -> tuple[str, ...]:
    """A reason for each of the first few names, then how many more there are."""
    every = list(names)
    shown = [f"{prefix}: {name}" for name in every[:_SHOWN]]
    return (*shown, f"{prefix}: {len(every) - _SHOWN} more") if len(every) > _SHOWN else tuple(shown)


def changed_object(old: LoadedObject, new: SourceObject) -> str:
    """How an object differs from what was loaded."""
    if old.object.size != new.size:
        return f"{new.label} ({old.object.size} → {new.size} bytes)"
    return f"{new.label} (same size, other {'ETag' if new.etag else 'time'})"


def lost_object(old: LoadedObject, *, part: bool) -> str:
    """Why an object cannot be loaded again: it is gone from the source, and with `part` its part file too."""
    copy = f"; its copy is {old.archived}" if old.archived else ""
    return f"{old.object.label} is gone from the source{', and so is its part' if part else ''}{copy}"
