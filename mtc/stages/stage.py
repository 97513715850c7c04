"""The interface between the coordinator and the stages: how a stage runs a task, and the facts that it reports.

The coordinator alone writes facts to the state; a stage never opens the state.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from mtc.core.deliveries import Batch, DeliveredObject, Delivery
from mtc.core.model import LoadedObject, Receipt, StepId
from mtc.plan.work import LoadedStep, Task


@dataclass(frozen=True, slots=True)
class ObjectLoaded:
    """An object's parts are published. It replaces the object that was loaded under the same key for this step."""

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
    """An object's copy in the archive is verified."""

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
    """A delivery is divided into batches, none of which is sent yet."""

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
    """An import step is loaded and may not deliver yet. The task ends; the rest of the step becomes another task.

    This is not written to the state, which has the step's objects alone: it is kept in memory for this run.
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
    """Takes the facts and the progress of a stage, and tells it to stop."""

    def record(self, *facts: Fact) -> None:
        """Have facts written to the state, all or none; returns when they are durable."""

    def progress(self, *, size: int = 0, lines: int = 0) -> None:
        """Add to the progress that is shown: `size` in bytes, and a number of lines."""

    def check(self) -> None:
        """Check at a safe point whether to stop.

        Raises:
            InterruptedRunError: the run has been asked to stop.
        """


class StageRunner(Protocol):
    """Runs the tasks of one stage."""

    def run(self, task: Task, recorder: FactRecorder) -> None:
        """Run the task. An error that it raises fails every step of the task that is not recorded as done."""
