"""The seam between coordinator and executor.

An executor hands everything to the `Handler` in the thread that calls `pump`, so that the coordinator alone touches
the state. A worker that records a fact waits until the handler has taken it.

One task after the other, in the calling thread: for tests, debugging, and `run: {jobs: 1}`.

Several tasks at a time, in threads of this process, so that `kill -9` ends them all together.

What a worker has to say goes through one queue. A worker that records facts sleeps until the coordinator's thread has
taken them, and gets the error if it could not.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from mtc.core.errors import InterruptedRunError
from mtc.core.model import Stage
from mtc.plan.work import Task
from mtc.stages.stage import Fact, StageRunner

StageRunners = Mapping[Stage, StageRunner]


class Handler(Protocol):
    """The coordinator, as an executor sees it."""

    def started(self, task: Task) -> None:
        """A task is begun."""

    def facts(self, task: Task, facts: tuple[Fact, ...]) -> None:
        """Facts to record for good before this returns."""

    def progress(self, task: Task, size: int, lines: int) -> None:
        """So much more is done."""

    def ended(self, task: Task, error: Exception | None) -> None:
        """A task is over; `error` is why its unrecorded steps failed."""


class Executor(Protocol):
    """Does tasks."""

    @property
    def slots(self) -> int:
        """How many tasks it does at a time."""

    def submit(self, task: Task) -> None:
        """Take a task."""

    def pump(self, timeout: float) -> bool:
        """Hand on what has happened, waiting up to `timeout` seconds for something; False when no task is left."""

    def stop(self, signal_number: int) -> None:
        """Start no new task, and have the running ones stop at their next safe point."""

    def close(self) -> None:
        """Wait for what runs, and let go of everything."""


@dataclass(slots=True)
class StopSign:
    """Says whether a run was asked to stop, and by which signal. Shared by the workers."""

    signal_number: int = 0

    def check(self) -> None:
        """Raise when it is up."""
        if self.signal_number:
            raise InterruptedRunError(self.signal_number)


def perform(runners: StageRunners, task: Task, desk: "WorkerDesk") -> Exception | None:
    """Do a task; gives the error that ended it, if one did."""
    try:
        desk.check()
        runners[task.stage].run(task, desk)
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to this task and is reported with it
        return error
    return None


@dataclass(frozen=True, slots=True)
class WorkerDesk:
    """A `FactRecorder` made of plain functions."""

    send_facts: Callable[[tuple[Fact, ...]], None]
    send_progress: Callable[[int, int], None]
    sign: StopSign

    def record(self, *facts: Fact) -> None:
        """Wait until the facts are recorded."""
        if facts:
            self.send_facts(facts)

    def progress(self, *, size: int = 0, lines: int = 0) -> None:
        """Pass it on."""
        self.send_progress(size, lines)

    def check(self) -> None:
        """Raise InterruptedRunError when the run is to stop."""
        self.sign.check()


class InlineExecutor:
    """Does a task whenever it is pumped."""

    slots = 1

    def __init__(self, runners: StageRunners, handler: Handler) -> None:
        self._runners = runners
        self._handler = handler
        self._tasks: deque[Task] = deque()
        self._sign = StopSign()

    def submit(self, task: Task) -> None:
        """Take a task."""
        self._tasks.append(task)

    def pump(self, timeout: float) -> bool:
        """Do one task."""
        del timeout
        if not self._tasks or self._sign.signal_number:
            return False
        task = self._tasks.popleft()
        lost: list[Exception] = []
        desk = WorkerDesk(
            lambda facts: _heard(lambda: self._handler.facts(task, facts), lost),
            lambda size, lines: _heard(lambda: self._handler.progress(task, size, lines), lost),
            self._sign,
        )
        self._handler.started(task)
        error = perform(self._runners, task, desk)
        if lost:
            raise lost[0]
        self._handler.ended(task, error)
        return True

    def stop(self, signal_number: int) -> None:
        """Do no further task."""
        self._sign.signal_number = signal_number

    def close(self) -> None:
        """Nothing is left running."""


def _heard(tell: Callable[[], None], lost: list[Exception]) -> None:
    """Tell the handler; what it cannot take is its own failure, not that of the task which told it."""
    try:
        tell()
    except Exception as error:
        lost.append(error)
        raise


@dataclass(slots=True)
class _Message:
    """Something to do in the coordinator's thread, and whether it has been done."""

    action: Callable[[], None]
    done: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None
    last: bool = False


class PoolExecutor:
    """Does up to `jobs` tasks at a time."""

    def __init__(self, runners: StageRunners, handler: Handler, jobs: int) -> None:
        self.slots = jobs
        self._runners = runners
        self._handler = handler
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="mtc")
        self._messages: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        self._sign = StopSign()
        self._open = 0

    def submit(self, task: Task) -> None:
        """Take a task."""
        self._open += 1
        self._pool.submit(self._work, task)

    def pump(self, timeout: float) -> bool:
        """Hand on what has happened."""
        if not self._open:
            return False
        try:
            message = self._messages.get(timeout=timeout)
        except queue.Empty:
            return True
        self._take(message)
        return True

    def _take(self, message: _Message) -> None:
        try:
            message.action()
        except BaseException as error:
            message.error = error
            raise
        finally:
            self._open -= message.last
            message.done.set()

    def stop(self, signal_number: int) -> None:
        """Have every worker stop at its next safe point."""
        self._sign.signal_number = signal_number

    def close(self) -> None:
        """Wait for the workers; what they still say is not heard, and so not done."""
        self._sign.signal_number = self._sign.signal_number or 15
        while self._open:
            message = self._messages.get()
            message.error = RuntimeError("the coordinator has gone")
            self._open -= message.last
            message.done.set()
        self._pool.shutdown(wait=True)

    def _work(self, task: Task) -> None:
        if self._sign.signal_number:  # it waited for its turn: no new step starts
            self._post(lambda: self._handler.ended(task, InterruptedRunError(self._sign.signal_number)), last=True)
            return
        error: Exception | None = None
        try:
            self._send(lambda: self._handler.started(task))
            desk = WorkerDesk(
                lambda facts: self._facts(task, facts),
                lambda size, lines: self._post(lambda: self._handler.progress(task, size, lines)),
                self._sign,
            )
            error = perform(self._runners, task, desk)
        except Exception as failed:  # noqa: BLE001 - the coordinator could not begin it
            error = failed
        self._post(lambda: self._handler.ended(task, error), last=True)

    def _facts(self, task: Task, facts: tuple[Fact, ...]) -> None:
        self._send(lambda: self._handler.facts(task, facts))

    def _post(self, action: Callable[[], None], *, last: bool = False) -> None:
        self._messages.put(_Message(action, last=last))

    def _send(self, action: Callable[[], None]) -> None:
        message = _Message(action)
        self._messages.put(message)
        message.done.wait()
        if message.error is not None:
            raise RuntimeError("the coordinator could not take it") from message.error
