"""Several tasks at a time, in threads of this process, so that `kill -9` ends them all together.

What a worker has to say goes through one queue. A worker that records facts sleeps until the coordinator's thread has
taken them, and gets the error if it could not.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from mtc.errors import InterruptedRunError
from mtc.executor.base import Handler, StageRunners, StopSign, WorkerDesk, perform
from mtc.plan.model import Task
from mtc.stages.base import Fact


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
