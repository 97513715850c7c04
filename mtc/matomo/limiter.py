"""How many requests may be under way to one server at once: fewer when it slows, more when it answers well."""

import threading
import time
from collections.abc import Callable

_GOOD_IN_A_ROW = 20


class Limiter:
    """The limiter of all threads that send to one server: `with limiter: ...` is one request.

    `clock` and `sleep` are in seconds. `sleep` is called without a lock being held; it may raise, to stop waiting.
    """

    def __init__(
        self,
        limit: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        *,
        good_in_a_row: int = _GOOD_IN_A_ROW,
    ) -> None:
        if limit < 1:
            raise ValueError("a limiter lets at least one request through")
        self._limit = limit
        self._clock = clock
        self._sleep = sleep
        self._enough = good_in_a_row
        self._room = threading.Condition()
        self._width = limit
        self._under_way = 0
        self._good = 0
        self._opens = 0.0

    @property
    def width(self) -> int:
        """How many may be under way now."""
        with self._room:
            return self._width

    @property
    def under_way(self) -> int:
        """How many are under way."""
        with self._room:
            return self._under_way

    @property
    def free(self) -> bool:
        """Whether there is room for one more now; another thread may take it meanwhile."""
        with self._room:
            return self._under_way < self._width

    def shut_for(self) -> float:
        """For how many seconds everybody is asked to wait."""
        with self._room:
            return max(0.0, self._opens - self._clock())

    def __enter__(self) -> None:
        while (pause := self._try_to_enter()) > 0:
            self._sleep(pause)

    def __exit__(self, *_: object) -> None:
        with self._room:
            self._under_way -= 1
            self._room.notify()

    def slowed(self, retry_after: float | None = None) -> None:
        """Tell that the server asks for less, or was too slow: half as many from now on, and a pause for everybody."""
        with self._room:
            self._width = max(1, self._width // 2)
            self._good = 0
            self._opens = max(self._opens, self._clock() + (retry_after or 0.0))

    def well(self) -> None:
        """Tell of a good answer; enough of them in a row make room for one more."""
        with self._room:
            self._good += 1
            if self._good >= self._enough and self._width < self._limit:
                self._width += 1
                self._good = 0
                self._room.notify()

    def _try_to_enter(self) -> float:
        """Take a place, waiting for one to be free; or say for how long nobody may enter."""
        with self._room:
            self._room.wait_for(lambda: self._under_way < self._width)
            pause = self._opens - self._clock()
            if pause <= 0:
                self._under_way += 1
                return 0.0
            self._room.notify()  # the place is not taken after all
            return pause
