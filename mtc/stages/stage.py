"""The seam between who coordinates and who does: what a stage is, and what it may say while at work."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from mtc.core.deliveries import Batch, DeliveredObject, Delivery
from mtc.core.model import LoadedObject, Receipt, StepId
from mtc.plan.model import Task


@dataclass(frozen=True, slots=True)
class ObjectLoaded:
    """An object's parts are in place. It replaces whatever was loaded under the same key for this step."""

    step: StepId
    loaded: LoadedObject


@dataclass(frozen=True, slots=True)
class ObjectDropped:
    """An object's hits leave the warehouse."""

    step: StepId
    key: str


@dataclass(frozen=True, slots=True)
class PartsDigested:
    """The digests of part files, relative to the warehouse, that were read for the first time since there are any."""

    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ObjectArchived:
    """An object's copy is in the archive, verified."""

    step: StepId
    key: str
    url: str


@dataclass(frozen=True, slots=True)
class ObjectCarried:
    """An object that was loaded again has the hits that a delivery covered before: it covers them still."""

    step: StepId
    before: DeliveredObject
    after: DeliveredObject


@dataclass(frozen=True, slots=True)
class HitsTakenBack:
    """An operator lets the hits of these objects be sent to Matomo again; open deliveries are given up."""

    step: StepId
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeliveryCut:
    """A delivery is laid out, and nothing of it sent yet."""

    step: StepId
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class BatchesMoved:
    """Batches of a delivery have come to another status."""

    step: StepId
    number: int
    batches: tuple[Batch, ...]


@dataclass(frozen=True, slots=True)
class DeliveryEnded:
    """All batches of a delivery are recorded."""

    step: StepId
    number: int


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step is complete."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class StepFailed:
    """A step of a set cannot go on; the rest of the set does."""

    step: StepId
    error: Exception


DeliveryFact = ObjectCarried | HitsTakenBack | DeliveryCut | BatchesMoved | DeliveryEnded
ObjectFact = ObjectLoaded | ObjectDropped | ObjectArchived | PartsDigested
Fact = ObjectFact | DeliveryFact | StepDone | StepFailed


class Desk(Protocol):
    """A stage's line to its coordinator."""

    def record(self, *facts: Fact) -> None:
        """Have facts written to the state, all or none; returns when they are there for good."""

    def progress(self, *, size: int = 0, lines: int = 0) -> None:
        """Say that so much more has been done."""

    def check(self) -> None:
        """Raise InterruptedRunError when the run has been asked to stop: called at safe points."""


class StageRunner(Protocol):
    """Does the tasks of one stage. An error that it raises fails every step of the task not yet recorded."""

    def run(self, task: Task, desk: Desk) -> None:
        """Do the task."""


@dataclass(slots=True)
class RecordingDesk:
    """A desk for tests: keeps all that it is told."""

    facts: list[Fact] = field(default_factory=list)
    size: int = 0
    lines: int = 0

    def record(self, *facts: Fact) -> None:
        """Keep them."""
        self.facts.extend(facts)

    def progress(self, *, size: int = 0, lines: int = 0) -> None:
        """Add it up."""
        self.size += size
        self.lines += lines

    def check(self) -> None:
        """Never stop."""

    @property
    def receipts(self) -> Mapping[StepId, Receipt]:
        """The receipts recorded, by step."""
        return {fact.receipt.step: fact.receipt for fact in self.facts if isinstance(fact, StepDone)}
