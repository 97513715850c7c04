"""Executors run tasks; this is the interface between them and the coordinator.

An executor calls the `Handler` only in the thread that calls `pump`, so that the coordinator alone touches the state. A
worker that records facts waits until the handler has recorded them, and gets an error if that failed.

- `InlineExecutor`: one task after the other, in the calling thread; for tests, debugging, and `run: {jobs: 1}`.
- `PoolExecutor`: several tasks at a time, in threads of this process, so that `kill -9` ends all of them at once.
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
    """Receives what an executor reports; implemented by the coordinator's `StepTracker`."""

    def started(self, task: Task) -> None:
        """A task has begun."""

    def facts(self, task: Task, facts: tuple[Fact, ...]) -> None:
        """Record facts durably before this returns."""

    def progress(self, task: Task, size: int, lines: int) -> None:
        """`size` more bytes and `lines` more lines are done."""

    def ended(self, task: Task, error: Exception | None) -> None:
        """A task has ended; `error` is why its unrecorded steps failed."""


class Executor(Protocol):
    """Runs tasks."""

    @property
    def slots(self) -> int:
        """How many tasks run at a time."""

    def submit(self, task: Task) -> None:
        """Take a task."""

    def pump(self, timeout: float) -> bool:
        """Report one event to the handler, waiting up to `timeout` seconds for it; False if no task is left."""

    def stop(self, signal_number: int) -> None:
        """Start no new task; running tasks stop at their next safe point."""

    def close(self) -> None:
        """Wait for the running tasks, and release all resources."""


@dataclass(slots=True)
class StopFlag:
    """The signal by which a run was asked to stop, or 0. Shared by all workers."""

    signal_number: int = 0

    def check(self) -> None:
        """Raise InterruptedRunError if the run is to stop."""
        if self.signal_number:
            raise InterruptedRunError(self.signal_number)


def perform(runners: StageRunners, task: Task, recorder: "WorkerRecorder") -> Exception | None:
    """Run a task; returns the error that ended it, or None."""
    try:
        recorder.check()
        runners[task.stage].run(task, recorder)
    except Exception as error:  # noqa: BLE001 - any error is reported as that of its task
        return error
    return None


@dataclass(frozen=True, slots=True)
class WorkerRecorder:
    """A `FactRecorder` that calls the functions it is given."""

    send_facts: Callable[[tuple[Fact, ...]], None]
    send_progress: Callable[[int, int], None]
    stop_flag: StopFlag

    def record(self, *facts: Fact) -> None:
        """Wait until the facts are recorded."""
        if facts:
            self.send_facts(facts)

    def progress(self, *, size: int = 0, lines: int = 0) -> None:
        """Report progress in bytes and lines."""
        self.send_progress(size, lines)

    def check(self) -> None:
        """Raise InterruptedRunError when the run is to stop."""
        self.stop_flag.check()


class InlineExecutor:
    """Runs one task in each call of `pump`."""

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
        """Run one task to its end. `timeout` is not used."""
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
        """Start no further task."""
        self._stop_flag.signal_number = signal_number

    def close(self) -> None:
        """Do nothing: no task runs outside of `pump`."""


def _handled(report: Callable[[], None], handler_errors: list[Exception]) -> None:
    """Call the handler, and note its error: that is not the error of the task that reported."""
    try:
        report()
    except Exception as error:
        handler_errors.append(error)
        raise


@dataclass(slots=True)
class _Message:
    """A call to make in the coordinator's thread, and its result. `last` marks the last message of a task."""

    action: Callable[[], None]
    done: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None
    last: bool = False


class PoolExecutor:
    """Runs up to `jobs` tasks at a time, each in a thread. `prepare` is called before each, in the coordinator's."""

    def __init__(
        self, runners: StageRunners, handler: Handler, jobs: int, prepare: Callable[[], None] = lambda: None
    ) -> None:
        self.slots = jobs
        self._prepare = prepare
        self._runners = runners
        self._handler = handler
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="mtc")
        self._messages: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        self._stop_flag = StopFlag()
        self._open = 0

    def submit(self, task: Task) -> None:
        """Take a task."""
        self._prepare()
        self._open += 1
        self._pool.submit(self._work, task)

    def pump(self, timeout: float) -> bool:
        """Handle one message of a worker, if one comes within `timeout` seconds."""
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
        """Ask every worker to stop at its next safe point."""
        self._stop_flag.signal_number = signal_number

    def close(self) -> None:
        """Wait for the workers. Facts that they still report are refused, so their steps count as not done."""
        self._stop_flag.signal_number = self._stop_flag.signal_number or 15
        while self._open:
            message = self._messages.get()
            message.error = RuntimeError("the coordinator has stopped")
            self._open -= message.last
            message.done.set()
        self._pool.shutdown(wait=True)

    def _work(self, task: Task) -> None:
        if self._stop_flag.signal_number:  # it was queued: no new step starts
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
        except Exception as failed:  # noqa: BLE001 - the coordinator could not record its start
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
            raise RuntimeError("the coordinator could not record it") from message.error
