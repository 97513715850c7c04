"""One task after the other, in the calling thread: for tests, debugging, and `run: {jobs: 1}`."""

from collections import deque
from collections.abc import Callable

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
