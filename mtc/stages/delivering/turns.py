"""The days of a site are delivered in order: a visitor's hits around midnight may lie in the logs of two days."""

import contextlib
import datetime as dt
import threading
from collections.abc import Callable, Iterator

_LOOK = 0.2


class Turns:
    """Who of a site's days may deliver. Steps are begun in order of days, so that the first is never kept waiting."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._under_way: dict[str, list[dt.date]] = {}

    @contextlib.contextmanager
    def taking_part(self, site: str, day: dt.date) -> Iterator[None]:
        """Around a whole step: later days wait for this one while it lasts."""
        with self._changed:
            self._under_way.setdefault(site, []).append(day)
        try:
            yield
        finally:
            with self._changed:
                self._under_way[site].remove(day)
                self._changed.notify_all()

    def wait(self, site: str, day: dt.date, check: Callable[[], None]) -> None:
        """Wait until no earlier day is under way. `check` is called now and then; it may raise to stop waiting."""
        with self._changed:
            while min(self._under_way.get(site, [day])) < day:
                check()
                self._changed.wait(_LOOK)
