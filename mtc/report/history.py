"""The history of one step, collected from plan, state and attempts. `step_text` puts it into words.

It has the step's inputs, what has changed since its last success (settings with their places in the manifest, and
inputs), accounting, outputs, deliveries and attempts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mtc.core.deliveries import Delivery
from mtc.core.model import Accounting, LoadedObject, Output, SourceObject, Stage, StepId, Verdict
from mtc.core.records import History, StepRecord
from mtc.manifest.project import SettingLocation
from mtc.plan.growing import LACKING
from mtc.plan.neighbours import StrayHits, find_stray_hits
from mtc.plan.stat_inputs import input_name
from mtc.plan.work import ImportWork, Plan, PlannedStep
from mtc.state.rows import AttemptRow


class InputState(StrEnum):
    """What has been or will be done with an input."""

    LOADED = "loaded"
    TO_LOAD = "to load"
    TO_LOAD_AGAIN = "to load again"
    TO_TAKE_OUT = "to take out"
    USED = "used"


@dataclass(frozen=True, slots=True)
class Input:
    """One input: an object, a part or a `.stat` file. Fields that do not apply to its kind are None or empty.

    `log` is the id of the log that it is a slice of, or that it has hits of a slice of; `file` is that slice's file.
    """

    kind: str
    name: str
    state: InputState
    size: int | None = None
    lines: int | None = None
    hits: int | None = None
    format: str = ""
    archived: str = ""
    log: str = ""
    file: str = ""


def inputs_of(step: StepId, planned: PlannedStep | None, history: History) -> tuple[Input, ...]:
    """Every known input, sorted by name, including objects that are still to be loaded."""
    match step.stage:
        case Stage.IMPORT:
            work = planned.work if planned and isinstance(planned.work, ImportWork) else ImportWork()
            return _objects(history.objects.get(step, ()), work)
        case Stage.STAT:
            return _parts(step, history)
        case Stage.CSV:
            record = history.steps.get(step)
            names = planned.inputs if planned and planned.inputs else record.inputs if record else {}
            return tuple(Input("stat", name, InputState.USED) for name in sorted(names))


def _objects(loaded: Sequence[LoadedObject], work: ImportWork) -> tuple[Input, ...]:
    reloaded = {item.key for item in work.load}
    dropped = {item.object.key for item in work.drop}
    by_key = {item.object.key: _loaded_object(item, reloaded, dropped) for item in loaded}
    new = {item.key: _new_object(item) for item in work.load if item.key not in by_key}
    return tuple(item for _, item in sorted((by_key | new).items()))


def _loaded_object(item: LoadedObject, reloaded: set[str], dropped: set[str]) -> Input:
    key = item.object.key
    state = InputState.LOADED
    if key in reloaded:
        state = InputState.TO_LOAD_AGAIN
    elif key in dropped:
        state = InputState.TO_TAKE_OUT
    lines, hits = item.accounting.lines, item.accounting.hits
    log, file = _log_of(item.object)
    return Input(
        "object", item.object.label, state, item.object.size, lines, hits, item.format, item.archived, log, file
    )


def _new_object(item: SourceObject) -> Input:
    log, file = _log_of(item)
    return Input("object", item.label, InputState.TO_LOAD, item.size, log=log, file=file)


def _log_of(item: SourceObject) -> tuple[str, str]:
    """The log that an object is a slice of, and the slice's file; both empty for a whole file."""
    return (item.slice.log, item.slice.file) if item.slice is not None else ("", "")


def _parts(step: StepId, history: History) -> tuple[Input, ...]:
    """Every part with hits of the step's day, also those from objects of other days."""
    found = [
        (loaded.object.label, part, *_log_of(loaded.object))
        for of in history.objects
        for loaded in history.counted(of)
        for part in loaded.parts
        if (part.site, part.day) == (step.site, step.day)
    ]
    return tuple(
        Input("part", f"{part.file} of {label}", InputState.USED, hits=part.hits, log=log, file=file)
        for label, part, log, file in sorted(found)
    )


_LACKING = "hits that may be lacking"

# settings that a site may give by a shorter name
_SHORT = {"source.format": "format"}


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting whose value differs from that at the last success. `place` is where the manifest sets it now."""

    name: str
    before: str | None
    after: str | None
    place: str


@dataclass(frozen=True, slots=True)
class InputChange:
    """An input that is `added`, `changed` or `gone` since the last success."""

    name: str
    change: str


def setting_changes(
    record: StepRecord, planned: PlannedStep, locations: Mapping[str, SettingLocation]
) -> tuple[SettingChange, ...]:
    """The settings whose values have changed, sorted by name."""
    before, after = record.settings, planned.settings
    return tuple(
        SettingChange(name, before.get(name), after.get(name), place_of(name, planned.step.site, locations))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )


def place_of(name: str, site: str, locations: Mapping[str, SettingLocation]) -> str:
    """Where a setting was written: in the site or the manifest, itself or the nearest section above it.

    Empty if it was written nowhere, so that its value is a default.
    """
    short = locations.get(f"sites.{site}.{_SHORT[name]}") if name in _SHORT else None
    if short:
        return str(short)
    pieces = name.split(".")
    for length in range(len(pieces), 0, -1):
        path = ".".join(pieces[:length])
        for candidate in (f"sites.{site}.{path}", path):
            if place := locations.get(candidate):
                return str(place)
    return ""


def input_changes(
    record: StepRecord, planned: PlannedStep, labels: Mapping[str, str] | None = None
) -> tuple[InputChange, ...]:
    """The inputs whose versions have changed, sorted by name. `labels` are the names of some of them for people."""
    before, after, shown = record.inputs, planned.inputs, labels or {}
    names = sorted({*before, *after})
    return tuple(
        InputChange(shown.get(name, name), _change(name, before, after))
        for name in names
        if before.get(name) != after.get(name)
    )


def _labels(step: StepId, planned: PlannedStep | None, history: History) -> dict[str, str]:
    """The names for people of a step's inputs that are slices of logs, or parts of them, by their recorded names."""
    if step.stage is Stage.STAT:
        parts = (
            (input_name(loaded.object.key, part.file, None if of.day == step.day else of), part, loaded.object)
            for of, objects in history.objects.items()
            for loaded in objects
            for part in loaded.parts
            if (part.site, part.day) == (step.site, step.day) and loaded.object.slice is not None
        )
        return {name: f"{part.file} of {item.label}" for name, part, item in parts} | {LACKING: _LACKING}
    work = planned.work if planned and isinstance(planned.work, ImportWork) else ImportWork()
    items = (*(loaded.object for loaded in history.objects.get(step, ())), *work.load)
    return {item.key: item.label for item in items if item.slice is not None}


def _change(name: str, before: Mapping[str, str], after: Mapping[str, str]) -> str:
    if name not in before:
        return "added"
    return "changed" if name in after else "gone"


@dataclass(frozen=True, slots=True)
class StepHistory:
    """All that is known of a step. `verdict` is None if no plan has the step, `record` if the state has none.

    `compared`: there was a success, and the current inputs are known, so that `settings` and `changes` are valid.
    """

    step: StepId
    verdict: Verdict | None
    reasons: tuple[str, ...]
    record: StepRecord | None
    inputs: tuple[Input, ...]
    settings: tuple[SettingChange, ...]
    changes: tuple[InputChange, ...]
    attempts: tuple[AttemptRow, ...]
    compared: bool
    deliveries: tuple[Delivery, ...] = ()
    elsewhere: tuple[StrayHits, ...] = ()

    @property
    def accounting(self) -> Accounting | None:
        """Where the lines went at the last success."""
        return self.record.accounting if self.record else None

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What the last success made."""
        return self.record.outputs if self.record else ()


def step_history(
    step: StepId,
    plan: Plan | None,
    history: History,
    attempts: Sequence[AttemptRow] = (),
    locations: Mapping[str, SettingLocation] | None = None,
) -> StepHistory:
    """Collect all that is known of one step.

    Args:
        step: the step.
        plan: a plan made now, or None.
        history: what the state holds of the step's site.
        attempts: its attempts, in any order.
        locations: where the manifest sets each setting, by the setting's name.
    """
    planned = next((item for item in plan.steps if item.step == step), None) if plan else None
    record = history.steps.get(step)
    pair = (record, planned) if record and planned and record.fingerprint and planned.fingerprint else None
    return StepHistory(
        step=step,
        verdict=planned.verdict if planned else None,
        reasons=planned.reasons if planned else (),
        record=record,
        inputs=inputs_of(step, planned, history),
        settings=setting_changes(*pair, locations or {}) if pair else (),
        changes=input_changes(*pair, _labels(step, planned, history)) if pair else (),
        attempts=tuple(sorted(attempts, key=lambda attempt: (attempt.started, attempt.number))),
        compared=pair is not None,
        deliveries=history.deliveries.get(step, ()),
        elsewhere=tuple(find_stray_hits(step, history)) if step.stage is Stage.IMPORT else (),
    )
