"""What happens in a run: one frozen class per event, for the console, JSON lines and the run record alike.

An event never holds a secret. `to_json` gives the form that `--json` prints, a line each.
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
    """Anything that happens in a run."""


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """A run has the lock and begins."""

    run: str
    manifest: str
    command: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class PlanMade(Event):
    """A plan, or the plan of a further stage, is made. `steps` and `work` count; `size` is the bytes to be loaded."""

    stage: str
    steps: int
    work: int
    verdicts: Mapping[str, int]
    size: int = 0


@dataclass(frozen=True, slots=True)
class StepStarted(Event):
    """A step is being done."""

    step: StepId
    verdict: Verdict
    attempt: int
    size: int = 0


@dataclass(frozen=True, slots=True)
class StepProgress(Event):
    """Progress of a task since the event before. `delivered` counts hits that Matomo has taken."""

    task: str
    size: int = 0
    lines: int = 0
    delivered: int = 0


@dataclass(frozen=True, slots=True)
class StepFinished(Event):
    """A step has ended and is recorded."""

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
    """A step is not tried, as one that it depends on failed."""

    step: StepId
    reason: str


@dataclass(frozen=True, slots=True)
class Notice(Event):
    """Something that a person should know; nothing stops for it."""

    text: str


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """Something that a person must see even in a quiet run; nothing stops for it."""

    text: str


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """A run is over. Counts are of steps; `lines` and `hits` of what was loaded in this run."""

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
    """Takes events. `close` is called once, at the end, also after an error."""

    def tell(self, event: Event) -> None:
        """Take one event."""

    def close(self) -> None:
        """Put the terminal back as it was."""


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
    """One line of JSON: the event's name, then its fields."""
    fields: dict[str, Any] = {item.name: _plain(getattr(event, item.name)) for item in dataclasses.fields(event)}
    return json.dumps({"event": type(event).__name__, **fields}, ensure_ascii=True)
