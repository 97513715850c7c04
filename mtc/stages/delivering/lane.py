"""A lane: its batches one after the other, in order of time, as Matomo joins hits into visits only in order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mtc.delivery import Batch, BatchId, BatchStatus
from mtc.model import StepId
from mtc.stages.base import BatchesMoved
from mtc.stages.delivering.batch import Courier
from mtc.stages.delivering.firsts import SetAsideError
from mtc.stages.delivering.layout import Layout
from mtc.stages.delivering.office import Office

_AHEAD = 10_000  # how many hits are read from the database at once


@dataclass(frozen=True, slots=True)
class LaneLedger:
    """Records the moves of a delivery's batches through the office. `batches` are all of them, as they are now."""

    office: Office
    step: StepId
    delivery: int
    batches: dict[BatchId, Batch]

    def moved(self, *batches: Batch) -> None:
        """Record for good how far batches have come."""
        self.office.record(BatchesMoved(self.step, self.delivery, batches))
        self.batches.update((batch.id, batch) for batch in batches)

    def rest(self, seconds: float) -> None:
        """Wait, unless the lane should end."""
        self.office.rest(seconds)


@dataclass(frozen=True, slots=True)
class Lane:
    """The batches of a lane, those that are recorded among them."""

    batches: Sequence[Batch]
    layout: Layout
    courier: Courier
    office: Office
    to_the_end: bool = True

    def run(self) -> None:
        """Bring every batch that is not recorded; those that are set aside last, `to_the_end` says, or not at all."""
        texts, aside = _Ahead(self.layout), []
        try:
            for batch in self.batches:
                if batch.status is not BatchStatus.RECORDED:
                    self.office.check()
                    try:
                        self.courier.bring(batch, texts.of(batch))
                    except SetAsideError as error:
                        aside.append(error.batch)
            for batch in aside if self.to_the_end else ():
                self.office.check()
                self.courier.bring(batch, self.layout.requests(batch.id, 1)[0], last=True)
        finally:
            self.courier.flush()


class _Ahead:
    """The requests of batches that are asked for in order, read many at a time."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._next: BatchId | None = None
        self._texts: Iterator[list[str]] = iter(())

    def of(self, batch: Batch) -> list[str]:
        texts = next(self._texts, None) if batch.id == self._next else None
        if texts is None:
            self._texts = iter(self._layout.requests(batch.id, max(1, _AHEAD // batch.hits)))
            texts = next(self._texts)
        self._next = BatchId(batch.id.lane, batch.id.number + 1)
        return texts
