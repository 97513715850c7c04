"""What the lanes of a delivery have to say, told to the coordinator by the step's own thread, many at once.

A lane waits until what it said is recorded for good. When one lane fails, or the run is to stop, the others end at
their next safe point.
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
class _Note:
    """What a lane says; the last is that it has ended."""

    facts: tuple[Fact, ...] = ()
    last: bool = False
    done: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


class LaneRecorder:
    """Runs lanes in threads of their own, and records what they say through `desk`."""

    def __init__(self, desk: FactRecorder) -> None:
        self._desk = desk
        self._notes: queue.SimpleQueue[_Note] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._errors: list[BaseException] = []

    def run(self, lanes: Iterable[Callable[[], None]]) -> None:
        """Run every lane to its end; raises the error of any that says most, the first of these."""
        threads = [threading.Thread(target=self._lane, args=(lane,), name="lane", daemon=True) for lane in lanes]
        for thread in threads:
            thread.start()
        running = len(threads)
        while running:
            running -= self._record_next()
        for error in sorted(self._errors, key=_weight):
            raise error

    def record(self, *facts: Fact) -> None:
        """Called by a lane: have facts recorded, and wait for it. LaneStoppedError when they could not be."""
        note = _Note(facts)
        self._notes.put(note)
        note.done.wait()
        if note.error is not None:
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
            self._notes.put(_Note(last=True))

    def _fail(self, error: BaseException) -> None:
        self._errors.append(error)
        self._stopped.set()

    def _record_next(self) -> int:
        """Record what the lanes have said since, in one transaction; gives how many have ended."""
        notes: list[_Note] = []
        with contextlib.suppress(queue.Empty):
            notes.append(self._notes.get(timeout=_LOOK))
            while True:
                notes.append(self._notes.get_nowait())
        if not self._stopped.is_set():
            try:
                self._desk.check()
            except InterruptedRunError as error:
                self._fail(error)
        if unrecorded := [note for note in notes if not note.last]:
            self._record(unrecorded)
        return len(notes) - len(unrecorded)

    def _record(self, notes: list[_Note]) -> None:
        error: BaseException | None = None
        try:
            self._desk.record(*(fact for note in notes for fact in note.facts))
        except Exception as failed:  # noqa: BLE001 - whatever it is, the lanes must not go on
            error = failed
            self._fail(failed)
        for note in notes:
            note.error = error
            note.done.set()


def _weight(error: BaseException) -> int:
    """What says most comes first: a bug, the run's stop, an error that stays, one that may pass."""
    if not isinstance(error, MtcError):
        return 0
    if isinstance(error, InterruptedRunError):
        return 1
    return 3 if isinstance(error, TransientError) else 2
