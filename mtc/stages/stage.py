"""The seam between the coordinator and the stages: what a stage is, and the facts that it reports while it works.

A fact is written to the state by the coordinator alone; a stage never opens the state.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from mtc.core.deliveries import Batch, DeliveredObject, Delivery
from mtc.core.model import LoadedObject, Receipt, StepId
from mtc.plan.work import LoadedStep, Task


@dataclass(frozen=True, slots=True)
class ObjectLoaded:
    """An object's parts are in place. It replaces whatever was loaded under the same key for this step."""

    step: StepId
    loaded: LoadedObject


@dataclass(frozen=True, slots=True)
class ObjectDropped:
    """An object's hits are removed from the warehouse."""

    step: StepId
    key: str


@dataclass(frozen=True, slots=True)
class PartsDigested:
    """The digests of part files (relative to the warehouse) that an earlier mtc recorded without one."""

    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ObjectArchived:
    """An object's copy is in the archive, verified."""

    step: StepId
    key: str
    url: str


@dataclass(frozen=True, slots=True)
class ObjectCarried:
    """An object was loaded again and has the same hits as before: the delivery of `before` covers `after`."""

    step: StepId
    before: DeliveredObject
    after: DeliveredObject


@dataclass(frozen=True, slots=True)
class ResendAllowed:
    """An operator allows the hits of these objects to be sent to Matomo again; open deliveries are abandoned."""

    step: StepId
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeliveryCut:
    """A delivery is cut into batches, none of which is sent yet."""

    step: StepId
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class BatchesMoved:
    """Batches of a delivery have a new status."""

    step: StepId
    number: int
    batches: tuple[Batch, ...]


@dataclass(frozen=True, slots=True)
class DeliveryEnded:
    """All batches of a delivery are recorded."""

    step: StepId
    number: int


@dataclass(frozen=True, slots=True)
class StepLoaded:
    """An import step is loaded and may not deliver yet. The task ends; the rest of the step is a task of its own.

    It is kept for this run only: what is recorded of the step are the objects.
    """

    step: StepId
    loaded: LoadedStep


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step is complete."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class StepFailed:
    """One step of a task failed; the others go on."""

    step: StepId
    error: Exception


DeliveryFact = ObjectCarried | ResendAllowed | DeliveryCut | BatchesMoved | DeliveryEnded
ObjectFact = ObjectLoaded | ObjectDropped | ObjectArchived | PartsDigested
Fact = ObjectFact | DeliveryFact | StepLoaded | StepDone | StepFailed


class FactRecorder(Protocol):
    """What a stage reports to: its facts, its progress, and whether it may go on."""

    def record(self, *facts: Fact) -> None:
        """Write facts to the state, all or none; returns when they are durable."""

    def progress(self, *, size: int = 0, lines: int = 0) -> None:
        """Add to what is shown as done: `size` in bytes, and `lines`."""

    def check(self) -> None:
        """Called at safe points.

        Raises:
            InterruptedRunError: the run has been asked to stop.
        """


class StageRunner(Protocol):
    """Does the tasks of one stage."""

    def run(self, task: Task, recorder: FactRecorder) -> None:
        """Do the task. An error that it raises fails every step of the task that is not recorded yet."""
