"""What a step is made from, for `why`: its objects, parts or `.stat` file, from plan and history."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from mtc.model import LoadedObject, SourceObject, Stage, StepId
from mtc.plan.model import History, ImportWork, PlannedStep


class InputState(StrEnum):
    """How far an input has come."""

    LOADED = "loaded"
    TO_LOAD = "to load"
    TO_LOAD_AGAIN = "to load again"
    TO_TAKE_OUT = "to take out"
    USED = "used"


@dataclass(frozen=True, slots=True)
class Input:
    """One input: an object, a part or a `.stat` file. What does not apply to its kind is None or empty."""

    kind: str
    name: str
    state: InputState
    size: int | None = None
    lines: int | None = None
    hits: int | None = None
    format: str = ""
    archived: str = ""


def inputs_of(step: StepId, planned: PlannedStep | None, history: History) -> tuple[Input, ...]:
    """Every input that is known, by name; those still to load too."""
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
    again = {item.key for item in work.load}
    gone = {item.object.key for item in work.drop}
    known = {item.object.key: _loaded(item, again, gone) for item in loaded}
    fresh = {item.key: _fresh(item) for item in work.load if item.key not in known}
    return tuple(item for _, item in sorted((known | fresh).items()))


def _loaded(item: LoadedObject, again: set[str], gone: set[str]) -> Input:
    key = item.object.key
    state = InputState.LOADED
    if key in again:
        state = InputState.TO_LOAD_AGAIN
    elif key in gone:
        state = InputState.TO_TAKE_OUT
    lines, hits = item.accounting.lines, item.accounting.hits
    return Input("object", key, state, item.object.size, lines, hits, item.format, item.archived)


def _fresh(item: SourceObject) -> Input:
    return Input("object", item.key, InputState.TO_LOAD, item.size)


def _parts(step: StepId, history: History) -> tuple[Input, ...]:
    """Every part with hits of the step's day, whichever day's object they came from."""
    found = [
        (loaded.object.key, part)
        for of in history.objects
        for loaded in history.counted(of)
        for part in loaded.parts
        if (part.site, part.day) == (step.site, step.day)
    ]
    return tuple(Input("part", f"{part.file} of {key}", InputState.USED, hits=part.hits) for key, part in sorted(found))
