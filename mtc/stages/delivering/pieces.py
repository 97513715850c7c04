"""A batch that fails as a whole, sent in pieces: what `Bisection` wants sent is sent, and it is told what came of it.

What is recorded at each move is the batch: a piece that is sent and the rest that is not are both `left`, so that a run
that is killed leaves nothing but hits to be looked up. How small the pieces were is found out again.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mtc.delivery import Batch, BatchStatus
from mtc.matomo.outcomes import InDoubt, Outcome
from mtc.stages.delivering.bisecting import Bisection
from mtc.stages.delivering.evidence import Evidence
from mtc.stages.delivering.layout import Layout


class Ledger(Protocol):
    """Where moves of batches are recorded, and how a lane waits."""

    def moved(self, *batches: Batch) -> None:
        """Record for good how far batches have come."""

    def rest(self, seconds: float) -> None:
        """Wait; raises when the lane should end instead."""


class Sender(Protocol):
    """Sends what is left of a batch, once, and sees to it that it is not in doubt afterwards."""

    def sent(self, batch: Batch, requests: Sequence[str], strain: int) -> tuple[Batch, Outcome]:
        """The batch as it is then: recorded, or planned with what is left."""

    def pause(self, outcome: Outcome, tries: int) -> None:
        """Wait after an outcome that was not good; raises when it is of no use to go on."""

    def answers(self) -> bool:
        """Whether the server answers well to a request that stores nothing."""

    def flush(self) -> None:
        """Record what was held back."""


@dataclass(slots=True)
class PieceLedger:
    """Records the moves of a piece as those of its batch, in which `others` are left too."""

    ledger: Ledger
    others: tuple[int, ...] = ()

    def moved(self, *batches: Batch) -> None:
        """Record the last of these: it follows from those before it. That all is done is told by whoever sends all."""
        piece = batches[-1]
        if piece.status is not BatchStatus.RECORDED:
            left = tuple(sorted((*piece.places, *self.others)))
            self.ledger.moved(dataclasses.replace(piece, left=left))
        elif self.others:
            self.ledger.moved(dataclasses.replace(piece, status=BatchStatus.PLANNED, left=self.others))

    def rest(self, seconds: float) -> None:
        """Wait; raises when the lane should end instead."""
        self.ledger.rest(seconds)


@dataclass(slots=True)
class Pieces:
    """A batch and how it is divided."""

    batch: Batch
    bisection: Bisection

    def send(self, sender: Sender, ledger: PieceLedger, requests: Sequence[str]) -> None:
        """Send until all is settled or nothing more can be; `requests` are those of all the batch's hits."""
        tries = 0
        try:
            while piece := self.bisection.piece() or self._at_last(sender):
                ledger.others = tuple(place for place in self.bisection.left if place not in set(piece))
                part = dataclasses.replace(self.batch, left=piece)
                part, outcome = sender.sent(part, [requests[place] for place in piece], self.bisection.strain)
                moved = self._told(piece, part, outcome)
                tries = 0 if moved else tries + 1
                if part.status is not BatchStatus.RECORDED:
                    sender.pause(outcome, max(1, tries))
        finally:
            sender.flush()

    def _told(self, piece: tuple[int, ...], part: Batch, outcome: Outcome) -> bool:
        """Take in what became of a piece; whether there is anything new."""
        missing = () if part.status is BatchStatus.RECORDED else part.places
        stored = len(piece) - len(missing) > part.invalid - self.batch.invalid
        self.batch = dataclasses.replace(part, left=self.bisection.left)
        if settled := [place for place in piece if place not in missing]:
            self.bisection.took(settled, stored=stored)
        if isinstance(outcome, InDoubt) and missing:
            self._failed(missing, outcome, alone=len(piece) == 1)
        self.batch = dataclasses.replace(self.batch, left=self.bisection.left)
        return bool(settled) or isinstance(outcome, InDoubt)

    def _at_last(self, sender: Sender) -> tuple[int, ...]:
        """What can be sent still, of a few hits that are left over each of which the server's code dies."""
        bisection = self.bisection
        if bisection.few and bisection.died and not bisection.answers:
            bisection.answers = sender.answers()
        return bisection.piece()

    def _failed(self, missing: tuple[int, ...], outcome: InDoubt, *, alone: bool) -> None:
        refused = self.bisection.failed(missing, alone=alone, died=outcome.died, reason=outcome.reason)
        self.batch = dataclasses.replace(
            self.batch, invalid=self.batch.invalid + len(refused), refused=(*self.batch.refused, *refused)
        )


def cut_up(batch: Batch, layout: Layout) -> Bisection:
    """A batch's hits, to be sent in pieces."""
    hits = layout.sent(batch)
    taken = batch.hits - len(batch.places) - batch.invalid
    return Bisection({place: hits[place].visitor for place in batch.places}, taken)


def remember(evidence: Evidence, batch: Batch, refused: Sequence[int], layout: Layout) -> None:
    """Keep which hits it is that Matomo fails over."""
    if refused:
        hits = layout.sent(batch)
        evidence.failing.update(hits[place].pv_id for place in refused)
