"""The days of a site are delivered in order: a visitor's hits around midnight may lie in the logs of two days."""

import contextlib
import threading
from collections.abc import Callable, Iterator

from mtc.core.model import StepId

_LOOK = 0.2


class Turns:
    """Which steps of a run have ended. A step is begun before those that wait for it, so that no wait is for ever."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._ended: set[StepId] = set()

    @contextlib.contextmanager
    def taking_part(self, step: StepId) -> Iterator[None]:
        """Around a whole step: those behind it wait while it lasts, and until it has begun."""
        with self._changed:
            self._ended.discard(step)
        try:
            yield
        finally:
            with self._changed:
                self._ended.add(step)
                self._changed.notify_all()

    def wait(self, after: StepId | None, check: Callable[[], None]) -> None:
        """Wait until the step `after` has ended, well or not. `check` is called meanwhile; it may raise to stop."""
        with self._changed:
            while after is not None and after not in self._ended:
                check()
                self._changed.wait(_LOOK)
