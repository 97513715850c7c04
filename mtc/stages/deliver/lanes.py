"""Runs the lanes of a delivery in threads: records their facts, and sends the first batch of a site's day alone.

Facts are recorded in the step's own thread, many in one transaction; a lane waits until its facts are durable. When a
lane fails or the run is asked to stop, the other lanes end at their next safe point.

With a day's first hit Matomo creates an option for that day. Two requests that both create it are a deadlock: the
database rolls one transaction back, whose hits are then stored one by one, and whose answer is an error. So the first
batch of a site's day is recorded before another one with hits of that day is sent.
"""

import contextlib
import datetime as dt
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from mtc.core.deliveries import Batch
from mtc.core.errors import InterruptedRunError, MtcError, TransientError
from mtc.stages.stage import Fact, FactRecorder

_POLL = 0.1  # seconds


class LaneStoppedError(Exception):
    """Another lane failed, or the run is asked to stop: the lane ends at a point where nothing is lost."""


@dataclass(slots=True)
class _LaneFacts:
    """Facts of a lane that wait to be recorded; `last` is whether the lane has ended."""

    facts: tuple[Fact, ...] = ()
    last: bool = False
    done: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


class LaneRecorder:
    """Runs each lane in a thread, and records their facts through `recorder`, in the calling thread."""

    def __init__(self, recorder: FactRecorder) -> None:
        self._recorder = recorder
        self._waiting: queue.SimpleQueue[_LaneFacts] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._errors: list[BaseException] = []

    def run(self, lanes: Iterable[Callable[[], None]]) -> None:
        """Run every lane to its end. Of several errors the most important one is raised, of equal ones the first."""
        threads = [threading.Thread(target=self._lane, args=(lane,), name="lane", daemon=True) for lane in lanes]
        for thread in threads:
            thread.start()
        running = len(threads)
        while running:
            running -= self._record_next()
        for error in sorted(self._errors, key=_rank):
            raise error

    def record(self, *facts: Fact) -> None:
        """Called by a lane: record facts, and wait until they are durable; raises LaneStoppedError if that fails."""
        item = _LaneFacts(facts)
        self._waiting.put(item)
        item.done.wait()
        if item.error is not None:
            raise LaneStoppedError

    def check(self) -> None:
        """Called by a lane at a safe point: raises LaneStoppedError if it should end."""
        if self._stopped.is_set():
            raise LaneStoppedError

    def sleep(self, seconds: float) -> None:
        """Called by a lane: sleep; raises LaneStoppedError as soon as it should end."""
        if self._stopped.wait(seconds):
            raise LaneStoppedError

    def _lane(self, lane: Callable[[], None]) -> None:
        try:
            lane()
        except LaneStoppedError:
            pass
        except BaseException as error:  # noqa: BLE001 - `run` raises it in the step's thread
            self._fail(error)
        finally:
            self._waiting.put(_LaneFacts(last=True))

    def _fail(self, error: BaseException) -> None:
        self._errors.append(error)
        self._stopped.set()

    def _record_next(self) -> int:
        """Record the waiting facts in one transaction; returns how many lanes have ended."""
        waiting: list[_LaneFacts] = []
        with contextlib.suppress(queue.Empty):
            waiting.append(self._waiting.get(timeout=_POLL))
            while True:
                waiting.append(self._waiting.get_nowait())
        if not self._stopped.is_set():
            try:
                self._recorder.check()
            except InterruptedRunError as error:
                self._fail(error)
        if unrecorded := [item for item in waiting if not item.last]:
            self._record(unrecorded)
        return len(waiting) - len(unrecorded)

    def _record(self, waiting: list[_LaneFacts]) -> None:
        error: BaseException | None = None
        try:
            self._recorder.record(*(fact for item in waiting for fact in item.facts))
        except Exception as failed:  # noqa: BLE001 - whatever it is, the lanes must not go on
            error = failed
            self._fail(failed)
        for item in waiting:
            item.error = error
            item.done.set()


def _rank(error: BaseException) -> int:
    """The rank of an error: a bug first, then the run's stop, a permanent error, a temporary one."""
    if not isinstance(error, MtcError):
        return 0
    if isinstance(error, InterruptedRunError):
        return 1
    return 3 if isinstance(error, TransientError) else 2


_RECHECK = 0.2  # seconds

SiteDay = tuple[int, dt.date]
"""A site's number in Matomo, and a day in its zone there."""


class SetAsideError(Exception):
    """A batch cannot be settled before other batches are sent. None of its hits is in flight or in doubt."""

    def __init__(self, batch: Batch) -> None:
        super().__init__("a batch is set aside")
        self.batch = batch


class FirstBatches:
    """Coordinates the lanes of a delivery, so that the first batch of each day is sent alone.

    `begun` are the days with recorded hits; days are added to it.
    """

    def __init__(self, begun: set[SiteDay] | None = None) -> None:
        self._changed = threading.Condition()
        self._begun = set() if begun is None else begun
        self._beginning: set[SiteDay] = set()
        self._failed: set[SiteDay] = set()

    def mark_begun(self, days: Iterable[SiteDay]) -> None:
        """Mark days of which hits were recorded before."""
        with self._changed:
            self._begun.update(days)

    def not_begun(self, days: frozenset[SiteDay]) -> frozenset[SiteDay]:
        """The days among these of which no hit is known to be recorded."""
        with self._changed:
            return days - self._begun

    def must_wait(self, days: frozenset[SiteDay]) -> bool:
        """Whether the first batch of one of the days is being sent."""
        with self._changed:
            return bool(days & self._beginning)

    @contextlib.contextmanager
    def exclusive(self, days: frozenset[SiteDay], check: Callable[[], None]) -> Iterator[None]:
        """Hold this while a batch with hits of these days is sent; exclusively if it is the first of one of them.

        `check` is called while it waits; it may raise to stop waiting.

        Raises:
            LaneStoppedError: the first batch of one of the days was not recorded; the server may still process it.
        """
        claimed = self._claim(days, check)
        try:
            yield
        except SetAsideError:
            self._end(claimed, set())
            raise
        except BaseException:
            self._end(claimed, self._failed)
            raise
        self._end(claimed, self._begun)

    def _claim(self, days: frozenset[SiteDay], check: Callable[[], None]) -> frozenset[SiteDay]:
        """Wait until no first batch of these days is being sent; returns the days of which this batch is the first."""
        with self._changed:
            while days & self._beginning:
                check()
                self._changed.wait(_RECHECK)
            if days & self._failed:
                raise LaneStoppedError
            claimed = days - self._begun
            self._beginning |= claimed
            return claimed

    def _end(self, claimed: frozenset[SiteDay], outcome: set[SiteDay]) -> None:
        with self._changed:
            outcome |= claimed
            self._beginning -= claimed
            self._changed.notify_all()
