"""The events of a run: one frozen class each, for the console, JSON lines and the run record alike.

An event never holds a secret. `to_json` makes the line that `--json` prints.
"""

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from mtc.core.model import Status, StepId, Verdict


@dataclass(frozen=True, slots=True)
class Event:
    """The base class of all events."""


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """A run has taken the lock and begins."""

    run: str
    manifest: str
    command: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class PlanMade(Event):
    """The plan of a run, or of its next stage, is made. `steps` and `work` are counts; `size` is the bytes to load."""

    stage: str
    steps: int
    work: int
    verdicts: Mapping[str, int]
    size: int = 0


@dataclass(frozen=True, slots=True)
class StepStarted(Event):
    """A step has started."""

    step: StepId
    verdict: Verdict
    attempt: int
    size: int = 0


@dataclass(frozen=True, slots=True)
class StepProgress(Event):
    """Progress of a task since the last such event. `delivered` counts hits that Matomo has accepted."""

    task: str
    size: int = 0
    lines: int = 0
    delivered: int = 0


@dataclass(frozen=True, slots=True)
class StepFinished(Event):
    """A step has ended and its result is recorded."""

    step: StepId
    status: Status
    seconds: float
    figures: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class StepRetried(Event):
    """A step failed with an error that may pass, and is tried again after `delay` seconds."""

    step: StepId
    error: str
    attempt: int
    delay: float


@dataclass(frozen=True, slots=True)
class StepBlocked(Event):
    """A step is not tried because one that it depends on failed."""

    step: StepId
    reason: str


@dataclass(frozen=True, slots=True)
class Notice(Event):
    """Information for the operator; it stops nothing."""

    text: str


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """A warning that is shown even in a quiet run; it stops nothing."""

    text: str


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """A run has ended. Counts are of steps; `lines` and `hits` are those loaded in this run."""

    run: str
    exit_code: int
    seconds: float
    done: int
    up_to_date: int
    failed: int
    blocked: int
    empty: int
    not_due: int
    lines: int
    hits: int
    next: str


class Reporter(Protocol):
    """Receives events. `close` is called once, at the end, also after an error."""

    def tell(self, event: Event) -> None:
        """Receive an event."""

    def close(self) -> None:
        """Restore the terminal."""


def _plain(value: object) -> object:
    if isinstance(value, StepId):
        return str(value)
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def to_json(event: Event) -> str:
    """One line of JSON: the event's class name, then its fields."""
    fields: dict[str, Any] = {item.name: _plain(getattr(event, item.name)) for item in dataclasses.fields(event)}
    return json.dumps({"event": type(event).__name__, **fields}, ensure_ascii=True)
