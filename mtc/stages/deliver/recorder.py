"""Runs the lanes of a delivery in threads, and records their facts in the step's own thread, many in one transaction.

A lane waits until its facts are durable. When one lane fails, or the run is to stop, the others end at their next safe
point.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from mtc.core.errors import InterruptedRunError, MtcError, TransientError
from mtc.stages.stage import Fact, FactRecorder

_LOOK = 0.1


class LaneStoppedError(Exception):
    """Another lane failed, or the run is to stop: this one ends where nothing is lost."""


@dataclass(slots=True)
class _LaneFacts:
    """Facts of a lane that wait to be recorded; `last` is that the lane has ended."""

    facts: tuple[Fact, ...] = ()
    last: bool = False
    done: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


class LaneRecorder:
    """Runs lanes in threads of their own, and records their facts through `recorder`."""

    def __init__(self, recorder: FactRecorder) -> None:
        self._recorder = recorder
        self._waiting: queue.SimpleQueue[_LaneFacts] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._errors: list[BaseException] = []

    def run(self, lanes: Iterable[Callable[[], None]]) -> None:
        """Run every lane to its end. Of several errors the most telling one is raised, of equals the first."""
        threads = [threading.Thread(target=self._lane, args=(lane,), name="lane", daemon=True) for lane in lanes]
        for thread in threads:
            thread.start()
        running = len(threads)
        while running:
            running -= self._record_next()
        for error in sorted(self._errors, key=_weight):
            raise error

    def record(self, *facts: Fact) -> None:
        """Called by a lane: wait until facts are recorded; raises LaneStoppedError when they could not be."""
        item = _LaneFacts(facts)
        self._waiting.put(item)
        item.done.wait()
        if item.error is not None:
            raise LaneStoppedError

    def check(self) -> None:
        """Called by a lane at a safe point: raises LaneStoppedError when it should end."""
        if self._stopped.is_set():
            raise LaneStoppedError

    def sleep(self, seconds: float) -> None:
        """Called by a lane: wait; raises LaneStoppedError when it should end instead."""
        if self._stopped.wait(seconds):
            raise LaneStoppedError

    def _lane(self, lane: Callable[[], None]) -> None:
        try:
            lane()
        except LaneStoppedError:
            pass
        except BaseException as error:  # noqa: BLE001 - it is raised in the step's own thread
            self._fail(error)
        finally:
            self._waiting.put(_LaneFacts(last=True))

    def _fail(self, error: BaseException) -> None:
        self._errors.append(error)
        self._stopped.set()

    def _record_next(self) -> int:
        """Record the facts that wait, in one transaction; returns how many lanes have ended."""
        waiting: list[_LaneFacts] = []
        with contextlib.suppress(queue.Empty):
            waiting.append(self._waiting.get(timeout=_LOOK))
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


def _weight(error: BaseException) -> int:
    """The most telling error comes first: a bug, the run's stop, an error that stays, one that may pass."""
    if not isinstance(error, MtcError):
        return 0
    if isinstance(error, InterruptedRunError):
        return 1
    return 3 if isinstance(error, TransientError) else 2
