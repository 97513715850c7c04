"""A batch that fails as a whole, sent in pieces, to find the hits that Matomo fails over.

One hit may cost its whole batch: Matomo meets an error in its own code, answers 500 and keeps nothing. What was sent is
halved until such a hit stands alone. It is refused only if it fails alone, then another hit of the batch is taken, and
then it fails alone again, in the same way: when a server is down every hit fails, and none of them is to blame. So some
hits are held back, of several visitors, to have one to try after the last failure.

Where none is left to try, less has to do: that other batches were taken meanwhile, or, of a few hits that are left of a
batch, that a request which stores nothing is answered well. That is enough only where the server's code dies over each
hit without a word, as a server that is down does not.

`Bisection` decides what to send next; it does no I/O. `Pieces` sends it and reports the result. Each move is recorded
as one of the whole batch: the piece that is sent and the rest that is not are both `left`, so that a run that is killed
leaves nothing but hits to be looked up. The size of the pieces is found out again. `FailureEvidence` keeps what a run
has seen of a server, which tells the server's failure from that of a hit; the lanes of all steps share it.
"""

import dataclasses
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mtc.core.deliveries import Batch, BatchId, BatchStatus, Cut
from mtc.matomo.tracking import InDoubt, TrackingResult
from mtc.stages.deliver.batching import Batching

_FEW = 2  # so many hits fail alone in a row, before one of another visitor is tried instead of the next
_PROBES = 3  # so many of these fail, before it is the server that fails
_SPARE = 3
_GROWTH = 4
_ENOUGH = 4  # failures alone, where a death of the server's code counts twice
_MOST = 12


class Bisection:
    """The hits of a batch that was not taken as a whole, by their places. Hits of a visitor are sent in their order.

    `piece` says what to send next, `took` and `failed` tell what became of it. It ends with an empty piece: all is
    settled, or `left` is what cannot be settled now.
    """

    def __init__(self, visitors: Mapping[int, str], taken: int = 0) -> None:
        """`visitors` are those of the hits, by place, in order; `taken` is how many others of the batch are stored."""
        self._taken = taken
        self._visitors = dict(visitors)
        self._spare = _held_back(self._visitors)
        self._todo = [place for place in self._visitors if place not in self._spare]
        self._bad = list(self._todo)  # the first of what is to do, with at least one that fails
        self._size = 1
        self._suspects: list[int] = []
        self._times: Counter[int] = Counter()  # how often each suspect has failed alone
        self._ways: dict[int, tuple[str, int]] = {}  # in which way, and how much that weighs
        self._alone = 0  # hits that have failed alone since one was taken
        self._proven = False  # whether one was taken at all
        self.refused: tuple[int, ...] = ()
        self.died = False
        """Whether the last failure was a death of the server's code."""
        self.reason = ""
        """What the server said last of a hit that failed."""
        self.elsewhere = False
        """Whether other batches of the site were taken since this one could not be settled."""
        self.answers = False
        """Whether the server was seen to answer since, to a request that stores nothing."""

    @property
    def left(self) -> tuple[int, ...]:
        """The places of what is neither taken nor refused."""
        return tuple(sorted((*self._todo, *self._spare, *self._suspects)))

    @property
    def few(self) -> bool:
        """Whether few hits are left of a batch of which others are stored."""
        return 0 < len(self.left) <= max(_SPARE, self._taken) and self._taken > 0

    @property
    def strain(self) -> int:
        """How many requests in a row have failed without a sign that it is not the server's fault."""
        if self.elsewhere or self.answers:
            return 0
        return self._alone if self._proven else _FEW + self._alone

    def piece(self) -> tuple[int, ...]:
        """The places of what is to be sent next; none when nothing more can be settled."""
        if not self._todo and not self._suspects:
            self._todo, self._spare, self._size = self._spare, [], max(1, len(self._spare))
        weak = self.elsewhere or self.answers
        if self._suspects and (not self._alone or (weak and not self._todo)):
            suspect = self._suspects[0]
            return (suspect,) if self._times[suspect] < _MOST else ()
        if not weak and (not self._proven or self._alone >= _FEW):
            return self._probe()
        if self._todo:
            ready = self._free(self._todo) or self._todo
            bad = self._free(self._bad) if ready is not self._todo else self._bad
            return tuple(bad[: max(1, len(bad) // 2)] or ready[: self._size])
        return tuple(self._spare[:1])

    def took(self, places: Sequence[int], *, stored: bool = True) -> None:
        """These are settled; `stored` says whether one of them is stored, and not all of them invalid to Matomo."""
        self._forget(places)
        if stored:
            self._proven, self._alone, self._taken = True, 0, self._taken + len(places)
        if not self._bad:
            self._size *= _GROWTH

    def failed(self, places: Sequence[int], *, alone: bool, died: bool, reason: str) -> tuple[int, ...]:
        """These are not stored; `alone` says that one was all that was sent. Gives what is refused for it.

        `died` says that the server's code has come to its end without a word, `reason` in which way it failed.
        """
        self.reason, self.died = reason, died
        if not died:  # a server that is down looks so too
            self.elsewhere, self.answers = self.elsewhere and self.few, False
        if not alone:
            self._bad, self._size = [place for place in self._todo if place in set(places)], 1
            return ()
        (place,) = places
        self._times[place] += 1
        before, weight = self._ways.get(place, (reason, 0))
        weight = (weight if before == reason else 0) + (_ENOUGH // 2 if died else 1)
        self._ways[place] = reason, weight
        if place not in self._suspects:
            self._suspect(place)
        elif before != reason:
            self._alone += 1
        elif weight >= _ENOUGH and (not self._alone or self.elsewhere or self.answers):
            self._suspects.remove(place)
            self.refused = (*self.refused, place)
            return (place,)
        return ()

    def _suspect(self, place: int) -> None:
        self._forget((place,))
        self._bad, self._size = [], 1
        self._suspects.append(place)
        self._alone += 1

    def _free(self, places: Sequence[int]) -> list[int]:
        """Those of the places that can be sent without getting ahead of a suspect of the same visitor."""
        known = {self._visitors[place] for place in self._suspects}
        return [place for place in places if self._visitors[place] not in known]

    def _probe(self) -> tuple[int, ...]:
        """One hit, of a visitor of whom none has failed if there is one. The first of a visitor: those keep order."""
        if self._alone >= _PROBES + (_FEW if self._proven else 0):
            return ()
        firsts: dict[str, int] = {}
        for place in self._free(self._todo):
            firsts.setdefault(self._visitors[place], place)
        others = [*firsts.values()]
        behind = {self._visitors[place] for place in self._todo}
        spare = [place for place in self._spare if self._visitors[place] not in behind] or self._spare
        return tuple(others[len(others) // 2 :][:1] or spare[:1] or self._todo[:1])

    def _forget(self, places: Sequence[int]) -> None:
        settled = set(places)
        for group in (self._todo, self._bad, self._spare, self._suspects):
            group[:] = [place for place in group if place not in settled]


def _held_back(visitors: Mapping[int, str]) -> list[int]:
    """The last hits of some visitors, from all over the batch: whatever is sent before them keeps its order."""
    places, lasts = list(visitors), sorted({visitor: place for place, visitor in visitors.items()}.values())
    count = min(_SPARE, len(visitors) // 2, len(lasts))
    held: list[int] = []
    for number in range(count):
        middle = places[len(places) * (number + 1) // (count + 1)]
        free = [last for last in lasts if last not in held]
        held.append(min(free, key=lambda last: abs(last - middle)))
    return sorted(held)


_Key = tuple[str, BatchId]


class FailureEvidence:
    """Counts the requests that a site's hits were taken with, and keeps the batches that could not be settled."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[int] = Counter()
        self._aside: dict[_Key, tuple[int, int, Bisection]] = {}
        self.failing: set[str] = set()
        """The ids of the hits that Matomo fails over."""

    def took(self, site: int) -> None:
        """Hits of a site were stored."""
        with self._lock:
            self._taken[site] += 1

    def set_aside(self, site: int, cut: Cut, batch: BatchId, pieces: Bisection) -> None:
        """Keep what is known of a batch that cannot be settled before others are taken."""
        with self._lock:
            self._aside[(cut.uid, batch)] = site, self._taken[site], pieces

    def back(self, cut: Cut, batch: Batch, *, last: bool) -> Bisection | None:
        """Go on with what was set aside, if others were taken since, or if this is the `last` that can be done."""
        with self._lock:
            site, taken, pieces = self._aside.pop((cut.uid, batch.id), (0, 0, None))
            if pieces is None or pieces.left != batch.places:
                return None
            pieces.elsewhere = self._taken[site] > taken
            return pieces if pieces.elsewhere or last else None

    def waiting(self, site: int) -> int:
        """How many batches of a site are set aside, with nothing of it taken since."""
        with self._lock:
            return sum(other == site and self._taken[other] == taken for other, taken, _ in self._aside.values())


class BatchRecorder(Protocol):
    """Records how far batches have come, and lets a lane wait."""

    def record(self, *batches: Batch) -> None:
        """Record how far batches have come; returns when that is durable."""

    def sleep(self, seconds: float) -> None:
        """Wait; raises when the lane should end instead."""


class Sender(Protocol):
    """Sends what is left of a batch, once, and sees to it that it is not in doubt afterwards."""

    def send_once(self, batch: Batch, requests: Sequence[str], strain: int) -> tuple[Batch, TrackingResult]:
        """The batch as it is then: recorded, or planned with what is left."""

    def pause(self, result: TrackingResult, tries: int) -> None:
        """Wait after an outcome that was not good; raises when it is of no use to go on."""

    def is_answering(self) -> bool:
        """Whether the server answers well to a request that stores nothing."""

    def flush(self) -> None:
        """Record what was held back."""


@dataclass(slots=True)
class PieceRecorder:
    """Records the moves of a piece as moves of its batch, in which `others` are still to be sent as well."""

    batch_recorder: BatchRecorder
    others: tuple[int, ...] = ()

    def record(self, *batches: Batch) -> None:
        """Record the last of these: it follows from those before it. Who sends all records its end."""
        piece = batches[-1]
        if piece.status is not BatchStatus.RECORDED:
            left = tuple(sorted((*piece.places, *self.others)))
            self.batch_recorder.record(dataclasses.replace(piece, left=left))
        elif self.others:
            self.batch_recorder.record(dataclasses.replace(piece, status=BatchStatus.PLANNED, left=self.others))

    def sleep(self, seconds: float) -> None:
        """Wait; raises when the lane should end instead."""
        self.batch_recorder.sleep(seconds)


@dataclass(slots=True)
class Pieces:
    """A batch and how it is divided."""

    batch: Batch
    bisection: Bisection

    def send(self, sender: Sender, batch_recorder: PieceRecorder, requests: Sequence[str]) -> None:
        """Send until all is settled or nothing more can be; `requests` are those of all the batch's hits."""
        tries = 0
        try:
            while piece := self.bisection.piece() or self._at_last(sender):
                batch_recorder.others = tuple(place for place in self.bisection.left if place not in set(piece))
                part = dataclasses.replace(self.batch, left=piece)
                part, result = sender.send_once(part, [requests[place] for place in piece], self.bisection.strain)
                moved = self._take_in(piece, part, result)
                tries = 0 if moved else tries + 1
                if part.status is not BatchStatus.RECORDED:
                    sender.pause(result, max(1, tries))
        finally:
            sender.flush()

    def _take_in(self, piece: tuple[int, ...], part: Batch, result: TrackingResult) -> bool:
        """Apply the result of a piece; whether it changed anything."""
        missing = () if part.status is BatchStatus.RECORDED else part.places
        stored = len(piece) - len(missing) > part.invalid - self.batch.invalid
        self.batch = dataclasses.replace(part, left=self.bisection.left)
        if settled := [place for place in piece if place not in missing]:
            self.bisection.took(settled, stored=stored)
        if isinstance(result, InDoubt) and missing:
            self._failed(missing, result, alone=len(piece) == 1)
        self.batch = dataclasses.replace(self.batch, left=self.bisection.left)
        return bool(settled) or isinstance(result, InDoubt)

    def _at_last(self, sender: Sender) -> tuple[int, ...]:
        """What can be sent still, of a few hits that are left over each of which the server's code dies."""
        bisection = self.bisection
        if bisection.few and bisection.died and not bisection.answers:
            bisection.answers = sender.is_answering()
        return bisection.piece()

    def _failed(self, missing: tuple[int, ...], result: InDoubt, *, alone: bool) -> None:
        refused = self.bisection.failed(missing, alone=alone, died=result.died, reason=result.reason)
        self.batch = dataclasses.replace(
            self.batch, invalid=self.batch.invalid + len(refused), refused=(*self.batch.refused, *refused)
        )


def cut_up(batch: Batch, batching: Batching) -> Bisection:
    """The bisection of a batch's hits."""
    hits = batching.hits_of(batch)
    taken = batch.hits - len(batch.places) - batch.invalid
    return Bisection({place: hits[place].visitor for place in batch.places}, taken)


def remember(evidence: FailureEvidence, batch: Batch, refused: Sequence[int], batching: Batching) -> None:
    """Keep which hits it is that Matomo fails over."""
    if refused:
        hits = batching.hits_of(batch)
        evidence.failing.update(hits[place].pv_id for place in refused)
