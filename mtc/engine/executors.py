"""Executors do tasks; this is the seam between them and the coordinator.

An executor hands everything to the `Handler` in the thread that calls `pump`, so that the coordinator alone touches the
state. A worker that records facts waits until the handler has taken them, and gets the error if it could not.

- `InlineExecutor`: one task after the other, in the calling thread; for tests, debugging, and `run: {jobs: 1}`.
- `PoolExecutor`: several tasks at a time, in threads of this process, so that `kill -9` ends them all together.
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
    """What an executor reports to: the coordinator's side."""

    def started(self, task: Task) -> None:
        """A task has begun."""

    def facts(self, task: Task, facts: tuple[Fact, ...]) -> None:
        """Record facts durably before this returns."""

    def progress(self, task: Task, size: int, lines: int) -> None:
        """`size` more bytes and `lines` more lines are done."""

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
        """Pass on what has happened, waiting up to `timeout` seconds for something; False if no task is left."""

    def stop(self, signal_number: int) -> None:
        """Start no new task, and have the running ones stop at their next safe point."""

    def close(self) -> None:
        """Wait for what runs, and free everything."""


@dataclass(slots=True)
class StopFlag:
    """Whether a run was asked to stop, and by which signal. Shared by the workers."""

    signal_number: int = 0

    def check(self) -> None:
        """Raise InterruptedRunError if it is set."""
        if self.signal_number:
            raise InterruptedRunError(self.signal_number)


def perform(runners: StageRunners, task: Task, recorder: "WorkerRecorder") -> Exception | None:
    """Do a task; returns the error that ended it, if one did."""
    try:
        recorder.check()
        runners[task.stage].run(task, recorder)
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to this task and is reported with it
        return error
    return None


@dataclass(frozen=True, slots=True)
class WorkerRecorder:
    """A `FactRecorder` made of plain functions."""

    send_facts: Callable[[tuple[Fact, ...]], None]
    send_progress: Callable[[int, int], None]
    stop_flag: StopFlag

    def record(self, *facts: Fact) -> None:
        """Wait until the facts are recorded."""
        if facts:
            self.send_facts(facts)

    def progress(self, *, size: int = 0, lines: int = 0) -> None:
        """Pass it on."""
        self.send_progress(size, lines)

    def check(self) -> None:
        """Raise InterruptedRunError when the run is to stop."""
        self.stop_flag.check()


class InlineExecutor:
    """Does a task whenever it is pumped."""

    slots = 1

    def __init__(self, runners: StageRunners, handler: Handler) -> None:
        self._runners = runners
        self._handler = handler
        self._tasks: deque[Task] = deque()
        self._stop_flag = StopFlag()

    def submit(self, task: Task) -> None:
        """Take a task."""
        self._tasks.append(task)

    def pump(self, timeout: float) -> bool:
        """Do one task."""
        del timeout
        if not self._tasks or self._stop_flag.signal_number:
            return False
        task = self._tasks.popleft()
        handler_errors: list[Exception] = []
        recorder = WorkerRecorder(
            lambda facts: _handled(lambda: self._handler.facts(task, facts), handler_errors),
            lambda size, lines: _handled(lambda: self._handler.progress(task, size, lines), handler_errors),
            self._stop_flag,
        )
        self._handler.started(task)
        error = perform(self._runners, task, recorder)
        if handler_errors:
            raise handler_errors[0]
        self._handler.ended(task, error)
        return True

    def stop(self, signal_number: int) -> None:
        """Do no further task."""
        self._stop_flag.signal_number = signal_number

    def close(self) -> None:
        """Nothing is left running."""


def _handled(report: Callable[[], None], handler_errors: list[Exception]) -> None:
    """Call the handler; its failure is its own, not that of the task that reported."""
    try:
        report()
    except Exception as error:
        handler_errors.append(error)
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
        self._stop_flag = StopFlag()
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
        self._stop_flag.signal_number = signal_number

    def close(self) -> None:
        """Wait for the workers; what they still report is refused, and so not done."""
        self._stop_flag.signal_number = self._stop_flag.signal_number or 15
        while self._open:
            message = self._messages.get()
            message.error = RuntimeError("the coordinator has gone")
            self._open -= message.last
            message.done.set()
        self._pool.shutdown(wait=True)

    def _work(self, task: Task) -> None:
        if self._stop_flag.signal_number:  # it waited for its turn: no new step starts
            self._post(lambda: self._handler.ended(task, InterruptedRunError(self._stop_flag.signal_number)), last=True)
            return
        error: Exception | None = None
        try:
            self._send(lambda: self._handler.started(task))
            recorder = WorkerRecorder(
                lambda facts: self._facts(task, facts),
                lambda size, lines: self._post(lambda: self._handler.progress(task, size, lines)),
                self._stop_flag,
            )
            error = perform(self._runners, task, recorder)
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
