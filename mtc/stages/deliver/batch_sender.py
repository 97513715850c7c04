"""The life of one batch: planned, sending, recorded; or in doubt, and looked up before anything is sent again.

`mtc.matomo.tracking` reads Matomo's answers; this module decides what follows from them. Nothing is sent that may be
recorded already: a batch without an answer is looked up until the server can no longer be processing it.

A lane sends its batches one after the other, in order of time: Matomo joins hits into visits only in order.
"""

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mtc.core import crash_points
from mtc.core.deliveries import Batch, BatchId, BatchStatus
from mtc.core.errors import PermanentError, StepError, TransientError
from mtc.core.model import StepId
from mtc.core.retry import backoff
from mtc.manifest.project import SiteSettings
from mtc.matomo.tracking import InDoubt, NotRecorded, Recorded, Refused, Short, TrackingResult, send
from mtc.stages.deliver.batching import Batching
from mtc.stages.deliver.bisection import BatchRecorder, Bisection, PieceRecorder, Pieces, cut_up, remember_failing
from mtc.stages.deliver.lanes import FirstBatches, LaneRecorder, SetAsideError
from mtc.stages.deliver.probes import BatchLookup, Presence, unsure
from mtc.stages.deliver.requests import no_op_request
from mtc.stages.deliver.tracker import MatomoTracker, TrackedSite
from mtc.stages.stage import BatchesMoved

_TRIES = 8
_TRIES_IN_DOUBT = 2  # each of them may take as long as `settle`
# After a server has finished a request, its hits are visible after `settle` divided by this; a replica may lag behind.
_FINISHED = 60
_STORED_IN_PART = 12
_GROWTH = 4  # that wait is this many times as long for each failure in a row: a server that is down may recover
_MOST_SET_ASIDE = 8  # in a row; if Matomo crashes over more batches than that, it is an outage
_PAUSE = 0.5  # seconds
_LONGEST_PAUSE = 10.0  # seconds
_LOST_AGAIN = "Matomo loses hits again and again: its database does not get a lock in time"


@dataclass(slots=True)
class BatchSender:
    """Sends a lane's batches to a site, one at a time."""

    tracker: MatomoTracker
    settings: SiteSettings
    site: TrackedSite
    batching: Batching
    batch_recorder: BatchRecorder
    firsts: FirstBatches
    _unwritten: tuple[Batch, ...] = ()

    @property
    def _lookup(self) -> BatchLookup:
        return BatchLookup(self.tracker, self.site, self.batching, self.batch_recorder.sleep)

    def send(self, batch: Batch, requests: Sequence[str], *, last: bool = False) -> None:
        """Send a batch until it is recorded.

        `requests` are those of all its hits, in order; `last` is whether no other batch follows.

        Raises:
            SetAsideError: every hit that is left of it fails: it has to be sent again after other batches.
            TransientError: the server does not take it now.
            PermanentError: the server will not take it until something is changed.
        """
        with self._exclusive(batch):
            if batch.status in {BatchStatus.SENDING, BatchStatus.IN_DOUBT}:  # by an earlier run
                batch = self._resolved(batch, self._processed_until(batch), as_one=batch.left is None)
            bisection, tries = self.tracker.evidence.take_back(self.batching.cut, batch, last=last), 0
            while batch.status is not BatchStatus.RECORDED:
                if bisection is not None:
                    batch = self._in_pieces(Pieces(batch, bisection), requests, last=last)
                    continue
                before = len(batch.places)
                batch, result = self.send_once(batch, [requests[place] for place in batch.places], tries)
                tries = tries + 1 if len(batch.places) == before else 0
                if batch.status is not BatchStatus.RECORDED:
                    self.pause(result, tries)
                    if isinstance(result, InDoubt) and tries:
                        bisection = self._doubted(batch, result, tries)

    def _in_pieces(self, pieces: Pieces, requests: Sequence[str], *, last: bool) -> Batch:
        """Send what is left of a batch piece by piece, until all is recorded except hits that make Matomo fail."""
        self.flush()
        batch_recorder = PieceRecorder(self.batch_recorder)
        pieces.send(dataclasses.replace(self, batch_recorder=batch_recorder), batch_recorder, requests)
        batch, bisection, evidence = pieces.batch, pieces.bisection, self.tracker.evidence
        remember_failing(evidence, batch, bisection.refused, self.batching)
        if not bisection.left:
            return self._recorded(batch, 0, ())
        set_aside = self._set_aside(self._move(batch, BatchStatus.PLANNED), bisection)
        if last:  # a later attempt of the step goes on with it
            raise TransientError(bisection.reason, where=self.tracker.client.server.url)
        raise set_aside

    def _doubted(self, batch: Batch, result: InDoubt, tries: int) -> Bisection | None:
        """Decide how to go on after an error that stored nothing: send it again, in pieces, or later."""
        set_aside = self.tracker.evidence.count_set_aside(self.site.id)
        if set_aside >= (_MOST_SET_ASIDE if result.died else 1):
            raise TransientError(result.reason, where=self.tracker.client.server.url)
        if not set_aside:
            return cut_up(batch, self.batching) if tries >= _TRIES_IN_DOUBT else None
        bisection = cut_up(batch, self.batching)
        bisection.reason = result.reason
        raise self._set_aside(batch, bisection)

    def _set_aside(self, batch: Batch, bisection: Bisection) -> SetAsideError:
        self.tracker.evidence.set_aside(self.site.id, self.batching.cut, batch.id, bisection)
        return SetAsideError(batch)

    @contextlib.contextmanager
    def _exclusive(self, batch: Batch) -> Iterator[None]:
        """While the first batch of a day is being sent, no other batch with hits of that day is."""
        days = frozenset((self.site.id, day) for day in self.batching.days(batch, self.site.zone))
        if self.firsts.must_wait(days):
            self.flush()
        with self.firsts.exclusive(days, lambda: self.batch_recorder.sleep(0.0)):
            yield

    def flush(self) -> None:
        """Record the changes that were kept back to be recorded together with the next one."""
        if self._unwritten:
            unwritten, self._unwritten = self._unwritten, ()
            self.batch_recorder.record(*unwritten)

    def send_once(self, batch: Batch, requests: Sequence[str], strain: int) -> tuple[Batch, TrackingResult]:
        """Send what is left of a batch, once; `strain` is how many requests in a row have failed before.

        Returns the batch as it is then (recorded, or planned with the hits that are left), and the result.
        """
        limiter = self.tracker.client.limiter
        while (pause := limiter.pause_left()) > 0:
            self.flush()
            self.batch_recorder.sleep(pause)
        if not limiter.free:
            self.flush()
        with limiter:
            unwritten, self._unwritten = self._unwritten, ()
            self.batch_recorder.record(*unwritten, self._now(batch, BatchStatus.SENDING))
            crash_points.point("deliver.sending")
            result = send(self.tracker.client, requests)
        crash_points.point("deliver.sent")
        return self._after(batch, result, strain), result

    def is_answering(self) -> bool:
        """Whether the server answers a request that stores nothing as it should: it runs, and knows token and site."""
        with self.tracker.client.limiter:
            result = send(self.tracker.client, [no_op_request(self.site.id)])
        return isinstance(result, Recorded) and result.tracked == 1

    def _after(self, batch: Batch, result: TrackingResult, strain: int) -> Batch:
        match result:
            case Recorded():
                self._note_success(result)
                return self._recorded(batch, result.invalid, self._refused_places(batch, result))
            case Short():
                return self._completed(batch, result)
            case NotRecorded():
                self.tracker.client.limiter.slow_down(result.retry_after)
                return self._move(batch, BatchStatus.PLANNED)
            case InDoubt():
                if result.in_part or not result.finished:  # an immediate failure is not a sign of overload
                    self.tracker.client.limiter.slow_down(result.retry_after)
                left = batch.places if result.in_part else batch.left
                batch = self._move(dataclasses.replace(batch, left=left), BatchStatus.IN_DOUBT)
                crash_points.point("deliver.doubt")
                until = self.tracker.clock() + self._settling_time(result, strain)
                return self._resolved(batch, until, as_one=not result.in_part)
            case Refused():
                return self._refused(batch, result)

    def _note_success(self, result: Recorded) -> None:
        self.tracker.client.limiter.succeeded()
        if result.tracked:
            self.tracker.evidence.count_stored(self.site.id)

    def _settling_time(self, result: InDoubt, strain: int) -> dt.timedelta:
        """How long after an answer hits may still appear; longer after each failure, so that the server can recover."""
        settle = self.tracker.settle
        if not result.finished:
            return settle
        return min(settle, settle / (_STORED_IN_PART if result.in_part else _FINISHED) * float(_GROWTH**strain))

    def _refused_places(self, batch: Batch, result: Recorded) -> tuple[int, ...]:
        """The places of invalid hits. If the token may not see their indices, they are the hits that are not stored."""
        if not result.invalid or result.invalid_indices is not None:
            return _places(batch, result.invalid_indices)
        found = self._lookup.presence(batch, batch.places)
        absent = (*found.missing, *found.hidden)
        return tuple(sorted(absent)) if len(absent) == result.invalid else ()

    def pause(self, result: TrackingResult, tries: int) -> None:
        """Wait after `tries` failed tries; raises when this attempt of the step should be given up."""
        where = self.tracker.client.server.url
        if isinstance(result, InDoubt):  # resolving it took long enough
            if tries and result.hint:
                raise PermanentError(result.reason, where=where, hint=result.hint)
            return
        if tries >= _TRIES:
            raise TransientError(result.reason if isinstance(result, NotRecorded) else _LOST_AGAIN, where=where)
        if tries:
            self.batch_recorder.sleep(backoff(_PAUSE, tries, _LONGEST_PAUSE))

    def _refused(self, batch: Batch, result: Refused) -> Batch:
        """Handle an answer that took no hit. If site and token are right, it is the hits that Matomo refuses."""
        if result.invalid and result.invalid == len(batch.places):
            try:
                self.tracker.recheck(self.settings)
            except StepError:  # because of the token or the site, or unknown: no hit is stored in either case
                self._move(batch, BatchStatus.PLANNED)
                raise
            return self._recorded(batch, result.invalid, batch.places)
        self._move(batch, BatchStatus.PLANNED)
        raise PermanentError(result.reason, where=self.tracker.client.server.url, hint=result.hint)

    def _processed_until(self, batch: Batch) -> dt.datetime:
        """When the server has certainly stopped processing the request of an earlier run, which was killed.

        The request was sent right after the batch was marked as sending. The run waited for its answer for `timeout` at
        most, or until it was killed.
        """
        now = self.tracker.clock()
        begun = batch.moved or now
        return min(now, begun + self.tracker.timeout) + self.tracker.settle

    def _resolved(self, batch: Batch, until: dt.datetime, *, as_one: bool = False) -> Batch:
        """Look up a batch in doubt until all of it is found, or no more hits can appear; then plan what is missing.

        `as_one` is whether it was sent in one request which, as far as is known, is stored completely or not at all. As
        long as the server may be processing it, missing hits can still appear, even if some are stored.
        """
        probes, pause = self._lookup.probes(batch), _PAUSE
        while True:
            over = self.tracker.clock() >= until
            if over or self._lookup.glance(probes):
                found = self._lookup.presence(batch, batch.places)
                found = found.as_one() if as_one else found
                if found.whole:
                    return self._recorded(batch, 0, ())
                if over:
                    return self._missing_planned(batch, found)
            remaining = (until - self.tracker.clock()).total_seconds()
            self.batch_recorder.sleep(max(0.0, min(pause, remaining)))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _missing_planned(self, batch: Batch, found: Presence) -> Batch:
        """Plan to send the missing hits alone."""
        if found.unsure:
            raise unsure(self.tracker.client.server.url)
        left = found.missing if found.there else batch.left
        return self._move(dataclasses.replace(batch, left=left), BatchStatus.PLANNED)

    def _completed(self, batch: Batch, result: Short) -> Batch:
        """Plan to send the lost hits of a recorded batch: those that are missing, as many as the answer implies."""
        refused = _places(batch, result.invalid_indices)
        expected = [place for place in batch.places if place not in refused]
        found = self._lookup.presence(batch, expected)
        absent = tuple(sorted((*found.missing, *found.hidden)))
        batch = dataclasses.replace(
            batch, left=absent, invalid=batch.invalid + len(refused), refused=(*batch.refused, *refused)
        )
        if not absent:
            return self._recorded(batch, 0, ())
        if len(absent) <= len(expected) - result.tracked:
            return self._move(batch, BatchStatus.PLANNED)
        # More are missing than were lost: some of them will still appear. That is resolved here or by a later run.
        batch = self._move(batch, BatchStatus.IN_DOUBT)
        if found.unsure:
            raise unsure(self.tracker.client.server.url)
        return self._resolved(batch, self.tracker.clock() + self.tracker.settle)

    def _recorded(self, batch: Batch, invalid: int, refused: Iterable[int]) -> Batch:
        """Mark the batch as recorded; that is written together with the lane's next change, or by `flush`."""
        batch = dataclasses.replace(
            batch, left=None, invalid=batch.invalid + invalid, refused=(*batch.refused, *refused)
        )
        batch = self._now(batch, BatchStatus.RECORDED)
        self._unwritten = (*self._unwritten, batch)
        return batch

    def _move(self, batch: Batch, status: BatchStatus) -> Batch:
        batch = self._now(batch, status)
        self.flush()
        self.batch_recorder.record(batch)
        return batch

    def _now(self, batch: Batch, status: BatchStatus) -> Batch:
        return dataclasses.replace(batch, status=status, moved=self.tracker.clock())


def _places(batch: Batch, indices: Sequence[int] | None) -> tuple[int, ...]:
    """The places in the batch of the hits at these indices of the last request."""
    sent = batch.places
    return tuple(sent[index] for index in indices or () if 0 <= index < len(sent))


_READ_AHEAD = 10_000  # how many hits are read from the database at once


@dataclass(frozen=True, slots=True)
class LaneBatchRecorder:
    """Records the status of a delivery's batches. `batches` are all of them, as they are now."""

    lane_recorder: LaneRecorder
    step: StepId
    delivery: int
    batches: dict[BatchId, Batch]

    def record(self, *batches: Batch) -> None:
        """Record batches with a new status; returns when that is durable."""
        self.lane_recorder.record(BatchesMoved(self.step, self.delivery, batches))
        self.batches.update((batch.id, batch) for batch in batches)

    def sleep(self, seconds: float) -> None:
        """Sleep; raises LaneStoppedError as soon as the lane should end."""
        self.lane_recorder.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Lane:
    """The batches of a lane, including those that are recorded, and their sender."""

    batches: Sequence[Batch]
    batching: Batching
    sender: BatchSender
    lane_recorder: LaneRecorder
    resend_set_aside: bool = True

    def run(self) -> None:
        """Send every batch that is not recorded; those set aside come last, and only if `resend_set_aside`."""
        requests, set_aside = _ReadAhead(self.batching), []
        try:
            for batch in self.batches:
                if batch.status is not BatchStatus.RECORDED:
                    self.lane_recorder.check()
                    try:
                        self.sender.send(batch, requests.of(batch))
                    except SetAsideError as error:
                        set_aside.append(error.batch)
            for batch in set_aside if self.resend_set_aside else ():
                self.lane_recorder.check()
                self.sender.send(batch, self.batching.requests(batch.id, 1)[0], last=True)
        finally:
            self.sender.flush()


class _ReadAhead:
    """The requests of a lane's batches in order, read from the database for many batches at a time."""

    def __init__(self, batching: Batching) -> None:
        self._batching = batching
        self._next: BatchId | None = None
        self._requests: Iterator[list[str]] = iter(())

    def of(self, batch: Batch) -> list[str]:
        requests = next(self._requests, None) if batch.id == self._next else None
        if requests is None:
            self._requests = iter(self._batching.requests(batch.id, max(1, _READ_AHEAD // batch.hits)))
            requests = next(self._requests)
        self._next = BatchId(batch.id.lane, batch.id.number + 1)
        return requests
