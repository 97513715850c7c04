"""Sends a batch that fails as a whole in pieces, to find the hits that make Matomo fail.

A single hit may lose its whole batch: Matomo meets an error in its own code, answers 500 and stores nothing. The batch
is halved until such a hit is sent alone. A hit is refused only if it fails alone, then another hit of the batch is
stored, and then it fails alone again, in the same way: when a server is down every hit fails, and none of them is the
cause. So some hits, of several visitors, are held back, to have one to try after the last failure.

If no hit is left to try, weaker evidence has to do: that other batches were stored meanwhile, or, for the last few hits
of a batch, that the server answers a request which stores nothing as it should. That is enough only if the server's
code crashes without a message over each of the hits: a server that is down fails in other ways.

`Bisection` decides what to send next, without I/O. `Pieces` sends it and reports the result. Each change is recorded as
one of the whole batch: both the piece that is sent and the hits that are not are `left`, so that a run that is killed
leaves hits to be looked up, and nothing else. A later run starts with the whole batch again. `FailureEvidence` keeps
what a run has seen of a server, to tell a failing server from a failing hit; the lanes of all steps share it.
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

_FAILURES_BEFORE_PROBE = 2  # hits that fail alone in a row, before one of another visitor is tried instead of the next
_PROBES = 3  # of these fail, before the server is taken to be failing
_HELD_BACK = 3  # hits
_GROWTH = 4
_WEIGHT_TO_REFUSE = 4  # failures alone; a crash of the server's code counts twice
_MOST_FAILURES = 12  # of a hit alone


class Bisection:
    """Decides which hits of a batch that failed as a whole to send next, by their places.

    `piece` returns what to send next; `took` and `failed` report the result. An empty piece is the end: every hit is
    stored or refused, or those `left` cannot be settled now. Hits of a visitor are sent in order.
    """

    def __init__(self, visitors: Mapping[int, str], taken: int = 0) -> None:
        """`visitors` maps the places of the hits, in order, to visitors; `taken` counts the batch's stored hits."""
        self._taken = taken
        self._visitors = dict(visitors)
        self._spare = _held_back(self._visitors)
        self._todo = [place for place in self._visitors if place not in self._spare]
        self._bad = list(self._todo)  # the first hits of `_todo`, at least one of which fails
        self._size = 1
        self._suspects: list[int] = []
        self._times: Counter[int] = Counter()  # how often each suspect has failed alone
        self._ways: dict[int, tuple[str, int]] = {}  # the reason, and the weight of the failures with that reason
        self._alone = 0  # hits that have failed alone since one was stored
        self._proven = False  # whether any hit was stored
        self.refused: tuple[int, ...] = ()
        self.died = False
        """Whether the last failure was a crash of the server's code without a message."""
        self.reason = ""
        """Why the last hits failed."""
        self.elsewhere = False
        """Whether other batches of the site were stored since this one was set aside."""
        self.answers = False
        """Whether the server has answered a request that stores nothing as it should since."""

    @property
    def left(self) -> tuple[int, ...]:
        """The places of the hits that are neither stored nor refused."""
        return tuple(sorted((*self._todo, *self._spare, *self._suspects)))

    @property
    def few(self) -> bool:
        """Whether few hits are left, and others of the batch are stored."""
        return 0 < len(self.left) <= max(_HELD_BACK, self._taken) and self._taken > 0

    @property
    def strain(self) -> int:
        """How many requests in a row have failed without evidence that the server works."""
        if self.elsewhere or self.answers:
            return 0
        return self._alone if self._proven else _FAILURES_BEFORE_PROBE + self._alone

    def piece(self) -> tuple[int, ...]:
        """The places of the hits to send next; none if nothing more can be settled."""
        if not self._todo and not self._suspects:
            self._todo, self._spare, self._size = self._spare, [], max(1, len(self._spare))
        weak = self.elsewhere or self.answers
        if self._suspects and (not self._alone or (weak and not self._todo)):
            suspect = self._suspects[0]
            return (suspect,) if self._times[suspect] < _MOST_FAILURES else ()
        if not weak and (not self._proven or self._alone >= _FAILURES_BEFORE_PROBE):
            return self._probe()
        if self._todo:
            ready = self._free(self._todo) or self._todo
            bad = self._free(self._bad) if ready is not self._todo else self._bad
            return tuple(bad[: max(1, len(bad) // 2)] or ready[: self._size])
        return tuple(self._spare[:1])

    def took(self, places: Sequence[int], *, stored: bool = True) -> None:
        """Report hits that Matomo took; `stored` is whether one of them is stored, that is, not all were invalid."""
        self._forget(places)
        if stored:
            self._proven, self._alone, self._taken = True, 0, self._taken + len(places)
        if not self._bad:
            self._size *= _GROWTH

    def failed(self, places: Sequence[int], *, alone: bool, died: bool, reason: str) -> tuple[int, ...]:
        """Report hits that are not stored; returns the places that are refused because of it.

        `alone` is whether a single hit was sent, `died` whether the server's code crashed without a message, `reason`
        how it failed.
        """
        self.reason, self.died = reason, died
        if not died:  # the server may be down
            self.elsewhere, self.answers = self.elsewhere and self.few, False
        if not alone:
            self._bad, self._size = [place for place in self._todo if place in set(places)], 1
            return ()
        (place,) = places
        self._times[place] += 1
        before, weight = self._ways.get(place, (reason, 0))
        weight = (weight if before == reason else 0) + (_WEIGHT_TO_REFUSE // 2 if died else 1)
        self._ways[place] = reason, weight
        if place not in self._suspects:
            self._suspect(place)
        elif before != reason:
            self._alone += 1
        elif weight >= _WEIGHT_TO_REFUSE and (not self._alone or self.elsewhere or self.answers):
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
        """The places that can be sent without overtaking a suspect of the same visitor."""
        known = {self._visitors[place] for place in self._suspects}
        return [place for place in places if self._visitors[place] not in known]

    def _probe(self) -> tuple[int, ...]:
        """Choose a hit to try: the first of a visitor, to keep the order; of one without failures if possible."""
        if self._alone >= _PROBES + (_FAILURES_BEFORE_PROBE if self._proven else 0):
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
    """Choose the hits to hold back: the last ones of some visitors, all over the batch, to keep the order."""
    places, lasts = list(visitors), sorted({visitor: place for place, visitor in visitors.items()}.values())
    count = min(_HELD_BACK, len(visitors) // 2, len(lasts))
    held: list[int] = []
    for number in range(count):
        middle = places[len(places) * (number + 1) // (count + 1)]
        free = [last for last in lasts if last not in held]
        held.append(min(free, key=lambda last: abs(last - middle)))
    return sorted(held)


_Key = tuple[str, BatchId]


class FailureEvidence:
    """Counts the requests of each site that stored hits, and keeps the batches that could not be settled.

    It lives as long as the run, in this process: a later run starts without it, and settles the same in more requests.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[int] = Counter()
        self._aside: dict[_Key, tuple[int, int, Bisection]] = {}
        self.failing: set[str] = set()
        """The `pv_id`s of the hits that make Matomo fail."""

    def count_stored(self, site: int) -> None:
        """Count a request that stored hits of a site."""
        with self._lock:
            self._taken[site] += 1

    def set_aside(self, site: int, cut: Cut, batch: BatchId, pieces: Bisection) -> None:
        """Keep the bisection of a batch that cannot be settled before other batches are stored."""
        with self._lock:
            self._aside[(cut.uid, batch)] = site, self._taken[site], pieces

    def take_back(self, cut: Cut, batch: Batch, *, last: bool) -> Bisection | None:
        """The bisection of a batch that was set aside, if others were stored since, or if nothing is left but this."""
        with self._lock:
            site, taken, pieces = self._aside.pop((cut.uid, batch.id), (0, 0, None))
            if pieces is None or pieces.left != batch.places:
                return None
            pieces.elsewhere = self._taken[site] > taken
            return pieces if pieces.elsewhere or last else None

    def count_set_aside(self, site: int) -> int:
        """How many batches of a site are set aside, with no hits of the site stored since."""
        with self._lock:
            return sum(other == site and self._taken[other] == taken for other, taken, _ in self._aside.values())


class BatchRecorder(Protocol):
    """Records the status of batches, and lets a lane wait."""

    def record(self, *batches: Batch) -> None:
        """Record batches with a new status; returns when that is durable."""

    def sleep(self, seconds: float) -> None:
        """Sleep; raises as soon as the lane should end."""


class Sender(Protocol):
    """Sends what is left of a batch once, and resolves any doubt about it."""

    def send_once(self, batch: Batch, requests: Sequence[str], strain: int) -> tuple[Batch, TrackingResult]:
        """Send; returns the batch as it is then: recorded, or planned with the hits that are left."""

    def pause(self, result: TrackingResult, tries: int) -> None:
        """Wait after a failure; raises if it is of no use to go on."""

    def is_answering(self) -> bool:
        """Whether the server answers a request that stores nothing as it should."""

    def flush(self) -> None:
        """Record the changes that were kept back."""


@dataclass(slots=True)
class PieceRecorder:
    """Records changes of a piece as changes of its batch, whose hits at `others` are still to be sent."""

    batch_recorder: BatchRecorder
    others: tuple[int, ...] = ()

    def record(self, *batches: Batch) -> None:
        """Record the last of these changes, which includes the others. The sender records the end of the batch."""
        piece = batches[-1]
        if piece.status is not BatchStatus.RECORDED:
            left = tuple(sorted((*piece.places, *self.others)))
            self.batch_recorder.record(dataclasses.replace(piece, left=left))
        elif self.others:
            self.batch_recorder.record(dataclasses.replace(piece, status=BatchStatus.PLANNED, left=self.others))

    def sleep(self, seconds: float) -> None:
        """Sleep; raises as soon as the lane should end."""
        self.batch_recorder.sleep(seconds)


@dataclass(slots=True)
class Pieces:
    """A batch that is sent in pieces, and the bisection that chooses them."""

    batch: Batch
    bisection: Bisection

    def send(self, sender: Sender, batch_recorder: PieceRecorder, requests: Sequence[str]) -> None:
        """Send pieces until every hit is settled or nothing more can be; `requests` are those of the whole batch."""
        tries = 0
        try:
            while piece := self.bisection.piece() or self._after_check(sender):
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
        """Apply the result of a piece; returns whether it settled hits or is in doubt."""
        missing = () if part.status is BatchStatus.RECORDED else part.places
        stored = len(piece) - len(missing) > part.invalid - self.batch.invalid
        self.batch = dataclasses.replace(part, left=self.bisection.left)
        if settled := [place for place in piece if place not in missing]:
            self.bisection.took(settled, stored=stored)
        if isinstance(result, InDoubt) and missing:
            self._failed(missing, result, alone=len(piece) == 1)
        self.batch = dataclasses.replace(self.batch, left=self.bisection.left)
        return bool(settled) or isinstance(result, InDoubt)

    def _after_check(self, sender: Sender) -> tuple[int, ...]:
        """The next piece, after a check that the server works, if few hits are left and its code crashes over them."""
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
    """Start the bisection of the hits that are left of a batch."""
    hits = batching.hits_of(batch)
    taken = batch.hits - len(batch.places) - batch.invalid
    return Bisection({place: hits[place].visitor for place in batch.places}, taken)


def remember_failing(evidence: FailureEvidence, batch: Batch, refused: Sequence[int], batching: Batching) -> None:
    """Remember the hits that make Matomo fail, for the step's notes."""
    if refused:
        hits = batching.hits_of(batch)
        evidence.failing.update(hits[place].pv_id for place in refused)
