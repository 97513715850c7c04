"""One task after the other, in the calling thread: for tests, debugging, and `run: {jobs: 1}`."""

from collections import deque

from mtc.executor.base import Handler, StageRunners, StopSign, WorkerDesk, perform
from mtc.plan.model import Task


class InlineExecutor:
    """Does a task whenever it is pumped."""

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
        desk = WorkerDesk(
            lambda facts: self._handler.facts(task, facts),
            lambda size, lines: self._handler.progress(task, size, lines),
            self._sign,
        )
        self._handler.started(task)
        self._handler.ended(task, perform(self._runners, task, desk))
        return True

    def stop(self, signal_number: int) -> None:
        """Do no further task."""
        self._sign.signal_number = signal_number

    def close(self) -> None:
        """Nothing is left running."""
