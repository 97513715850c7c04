"""Steps that wait for their next attempt, by the time at which it is due. Knows no state and no executor."""

import heapq
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from mtc.core.model import StepId


@dataclass(slots=True)
class RetryQueue:
    """Groups of steps, each with the time of its next attempt; groups that are due at once come in order of arrival."""

    _waiting: list[tuple[float, int, tuple[StepId, ...]]] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def __bool__(self) -> bool:
        """Whether any steps wait."""
        return bool(self._waiting)

    def add(self, steps: tuple[StepId, ...], delay: float) -> None:
        """Have steps tried again, together, in `delay` seconds."""
        heapq.heappush(self._waiting, (time.monotonic() + delay, next(self._numbers), steps))

    def due(self) -> Iterator[tuple[StepId, ...]]:
        """Take out the groups whose time has come."""
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            yield heapq.heappop(self._waiting)[2]

    def seconds_to_next(self) -> float:
        """Seconds until the first group is due; there has to be one."""
        return max(0.0, self._waiting[0][0] - time.monotonic())

    def clear(self) -> None:
        """Try nothing again."""
        self._waiting.clear()
