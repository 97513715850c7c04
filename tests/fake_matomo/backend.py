"""Everything behind the HTTP server: clock, rights, database, tracker, faults; and the counts of requests."""

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator

from tests.fake_matomo.archive import Archive
from tests.fake_matomo.clock import Clock
from tests.fake_matomo.faults import Faults
from tests.fake_matomo.scheduler import Scheduler
from tests.fake_matomo.settings import Rights, Settings, Site
from tests.fake_matomo.store import Store
from tests.fake_matomo.tracker import Tracker


class RequestCounts:
    """Counts complete bulk requests, the hits in them, the most at one time, and API calls by method."""

    def __init__(self) -> None:
        self.bulks = 0
        self.requests = 0
        self.peak = 0
        self.calls: Counter[str] = Counter()
        self._open = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def bulk(self, requests: int) -> Iterator[None]:
        """Count a bulk request while it is being processed."""
        with self._lock:
            self.bulks += 1
            self.requests += requests
            self._open += 1
            self.peak = max(self.peak, self._open)
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1

    def called(self, method: str) -> None:
        """Count a call of the API."""
        with self._lock:
            self.calls[method] += 1


class Backend:
    """The parts of a server; each of them knows only those that it needs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock(settings.clock_skew)
        self.rights = Rights(settings)
        self.store = Store(settings.look_back, {site.id: site.created for site in settings.sites})
        self.tracker = Tracker(settings, self.rights, self.store, self.clock)
        self.archive = Archive(settings, self.store, self.clock)
        self.faults = Faults()
        self.traffic = RequestCounts()
        self.scheduler = Scheduler()
        self.sites = {site.id: site for site in settings.sites}

    def site(self, number: int) -> Site | None:
        """A site by its id."""
        return self.sites.get(number)
