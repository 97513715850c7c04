"""The first batch of a site's day is recorded before another one with hits of that day is sent.

With a day's first hit Matomo makes an option of its own. Two requests that both make it are a deadlock: the database
ends the transaction of one, whose hits are then stored one by one, and whose answer is an error.
"""

import contextlib
import datetime as dt
import threading
from collections.abc import Callable, Iterable, Iterator

from mtc.core.deliveries import Batch
from mtc.stages.deliver.recorder import LaneStoppedError

_LOOK = 0.2

SiteDay = tuple[int, dt.date]
"""A site's number in Matomo, and a day in its zone there."""


class SetAsideError(Exception):
    """A batch cannot be settled before others are sent. None of its hits is under way or in doubt."""

    def __init__(self, batch: Batch) -> None:
        super().__init__("a batch is set aside")
        self.batch = batch


class FirstBatches:
    """The first batches of one delivery, for its lanes. `begun` are the days with recorded hits; it grows."""

    def __init__(self, begun: set[SiteDay] | None = None) -> None:
        self._changed = threading.Condition()
        self._begun = set() if begun is None else begun
        self._beginning: set[SiteDay] = set()
        self._failed: set[SiteDay] = set()

    def know(self, days: Iterable[SiteDay]) -> None:
        """These days have begun: hits of them were recorded before."""
        with self._changed:
            self._begun.update(days)

    def new(self, days: frozenset[SiteDay]) -> frozenset[SiteDay]:
        """Those of the days that have not begun, as far as is known."""
        with self._changed:
            return days - self._begun

    def must_wait(self, days: frozenset[SiteDay]) -> bool:
        """Whether the first batch of one of the days is under way."""
        with self._changed:
            return bool(days & self._beginning)

    @contextlib.contextmanager
    def alone(self, days: frozenset[SiteDay], check: Callable[[], None]) -> Iterator[None]:
        """Hold this while a batch with hits of these days is sent: alone where it is the first of one of them.

        `check` is called while it waits; it may raise to stop.

        Raises:
            LaneStoppedError: the first batch of one of the days was not recorded. The server may be at work on it.
        """
        claimed = self._claim(days, check)
        try:
            yield
        except SetAsideError:
            self._end(claimed, set())
            raise
        except BaseException:
            self._end(claimed, self._failed)
            raise
        self._end(claimed, self._begun)

    def _claim(self, days: frozenset[SiteDay], check: Callable[[], None]) -> frozenset[SiteDay]:
        """Wait until no first batch of these days is under way; the days of which this one is the first."""
        with self._changed:
            while days & self._beginning:
                check()
                self._changed.wait(_LOOK)
            if days & self._failed:
                raise LaneStoppedError
            claimed = days - self._begun
            self._beginning |= claimed
            return claimed

    def _end(self, claimed: frozenset[SiteDay], outcome: set[SiteDay]) -> None:
        with self._changed:
            outcome |= claimed
            self._beginning -= claimed
            self._changed.notify_all()
