"""What the state file holds besides steps and objects, and what is handed to it: frozen values, no SQL."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from mtc.model import Receipt, Stage, Status, StepId

INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class StepResult:
    """A finished step with all that its record needs, as the plan had it.

    `checked` is when the source was last listed for it; None keeps what is recorded.
    """

    receipt: Receipt
    fingerprint: str
    settings: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    checked: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class StepFilter:
    """Which steps to list. An empty tuple or None means all; both days are included."""

    sites: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    statuses: tuple[Status, ...] = ()
    first: dt.date | None = None
    last: dt.date | None = None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One try of one step in one run. `outcome` is a status, `interrupted`, or empty while it is under way."""

    step: StepId
    run: str
    number: int
    started: dt.datetime
    ended: dt.datetime | None = None
    outcome: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One `apply`. Without `ended` it is under way, or was killed and no later run has noticed yet."""

    run: str
    manifest: str
    command: str
    started: dt.datetime
    ended: dt.datetime | None = None
    exit_code: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def killed(self) -> bool:
        """Whether a later run found that this one had come to no end of its own."""
        return self.ended is not None and self.exit_code is None
