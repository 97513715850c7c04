"""Limits how many requests are in flight to one server: fewer when it is slow, more when it answers well."""

import threading
import time
from collections.abc import Callable

_SUCCESSES_NEEDED = 20


class Limiter:
    """The limiter of all threads that send to one server: each request is made within `with limiter: ...`.

    `clock` and `sleep` are in seconds. `sleep` is called without a lock being held; it may raise, to stop waiting.
    After `successes_needed` good answers in a row, one more request may be in flight, up to `limit`.

    Raises:
        ValueError: the limit is below 1.
    """

    def __init__(
        self,
        limit: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        *,
        successes_needed: int = _SUCCESSES_NEEDED,
    ) -> None:
        if limit < 1:
            raise ValueError("a limiter lets at least one request through")
        self._limit = limit
        self._clock = clock
        self._sleep = sleep
        self._successes_needed = successes_needed
        self._changed = threading.Condition()
        self._width = limit
        self._in_flight = 0
        self._successes = 0
        self._paused_until = 0.0

    @property
    def width(self) -> int:
        """How many requests may be in flight now."""
        with self._changed:
            return self._width

    @property
    def in_flight(self) -> int:
        """How many requests are in flight."""
        with self._changed:
            return self._in_flight

    @property
    def free(self) -> bool:
        """Whether one more request may start now; another thread may start one first."""
        with self._changed:
            return self._in_flight < self._width

    def pause_left(self) -> float:
        """For how many seconds no request may start, as the server has asked for a pause; 0 if it has not."""
        with self._changed:
            return max(0.0, self._paused_until - self._clock())

    def __enter__(self) -> None:
        while (pause := self._try_to_enter()) > 0:
            self._sleep(pause)

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._in_flight -= 1
            self._changed.notify()

    def slow_down(self, retry_after: float | None = None) -> None:
        """Halve the limit, as the server failed or was too slow; pause all requests for `retry_after` seconds."""
        with self._changed:
            self._width = max(1, self._width // 2)
            self._successes = 0
            self._paused_until = max(self._paused_until, self._clock() + (retry_after or 0.0))

    def succeeded(self) -> None:
        """Count a good answer; enough of them in a row raise the limit by one."""
        with self._changed:
            self._successes += 1
            if self._successes >= self._successes_needed and self._width < self._limit:
                self._width += 1
                self._successes = 0
                self._changed.notify()

    def _try_to_enter(self) -> float:
        """Start a request as soon as one may be in flight; or return for how many seconds none may start."""
        with self._changed:
            self._changed.wait_for(lambda: self._in_flight < self._width)
            pause = self._paused_until - self._clock()
            if pause <= 0:
                self._in_flight += 1
                return 0.0
            self._changed.notify()  # this thread does not start one: let another try
            return pause
