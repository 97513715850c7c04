"""The one retry policy: which errors may pass, how often to retry, and how long to wait.

A read may always be repeated. This module does not repeat writes, such as hits sent to Matomo: their caller first finds
out whether the last attempt took effect.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from mtc.core.errors import TransientError

LONGEST_PAUSE = 60.0
_Result = TypeVar("_Result")


def may_pass(error: Exception) -> bool:
    """Whether a retry may succeed."""
    return isinstance(error, TransientError | ConnectionError | TimeoutError)


def backoff(first: float, attempt: int, longest: float = LONGEST_PAUSE) -> float:
    """Seconds to wait after attempt number `attempt` (from 1): `first`, doubled each time, `longest` at most."""
    return float(min(longest, first * 2 ** (attempt - 1)))


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to try, and how long to wait in between.

    `attempts` counts all attempts. `first_pause` is in seconds, doubles with each attempt, and is varied by half either
    way with `jitter`, so that clients do not retry all at once. `sleep` takes seconds.
    """

    sleep: Callable[[float], None] = time.sleep
    attempts: int = 4
    first_pause: float = 1.0
    jitter: random.Random = field(default_factory=random.Random)

    def allows_retry(self, error: Exception, attempt: int) -> bool:
        """Whether to retry after attempt number `attempt` (from 1) ended with this error."""
        return may_pass(error) and attempt < self.attempts

    def pause(self, attempt: int, error: Exception | None = None) -> float:
        """Seconds to wait after attempt number `attempt` (from 1): never less than the error's `retry_after`."""
        requested = error.retry_after if isinstance(error, TransientError) else None
        usual: float = backoff(self.first_pause, attempt) * self.jitter.uniform(0.5, 1.5)
        return max(usual, requested or 0.0)

    def run(self, read: Callable[[], _Result]) -> _Result:
        """Call `read`, and again after a TransientError; the last error is raised."""
        for attempt in range(1, self.attempts):
            try:
                return read()
            except TransientError as error:
                self.sleep(self.pause(attempt, error))
        return read()
