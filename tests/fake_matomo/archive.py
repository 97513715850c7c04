"""The reports' cache: which state of a day its reports are made of.

A past day is looked at again when it carries a mark, which tracking sets when a hit comes in and not when it is
committed. A read in between takes the mark away, and the day stays wrong until it is invalidated. Today is looked at
again after a while.
"""

import datetime as dt
import threading

from tests.fake_matomo.clock import Clock, day_of
from tests.fake_matomo.facts import DayFacts, day_facts, is_today
from tests.fake_matomo.settings import Settings, Site
from tests.fake_matomo.store import Day, Store


class Archive:
    """Gives the facts of a day, as old as the server's reports would be."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self._today_cache = settings.today_cache
        self._assistants = settings.assistants
        self._store = store
        self._clock = clock
        self._days: dict[Day, DayFacts] = {}
        self._lock = threading.Lock()

    def day(self, site: Site, day: dt.date) -> DayFacts:
        """What the reports of a day are made of."""
        key = (site.id, day)
        with self._lock:
            kept = self._days.get(key)
            stale = self._stale(site, day, kept)
            if kept is None or stale:
                visits = self._store.visits(site.id, day) if day >= self._store.created(site.id) else ()
                now = self._clock.now()
                kept = self._days[key] = day_facts(site, visits, now, assistants=self._assistants)
            return kept

    def invalidate(self, site: int, day: dt.date) -> None:
        """Have a day looked at again."""
        with self._lock:
            self._days.pop((site, day), None)
            self._store.unmark((site, day))

    def forget(self) -> None:
        """Have every day looked at again."""
        with self._lock:
            self._days.clear()

    def _stale(self, site: Site, day: dt.date, kept: DayFacts | None) -> bool:
        marked = self._store.unmark((site.id, day))
        if kept is None:
            return True
        now = self._clock.now()
        if is_today(day, day_of(site.timezone, int(now))):
            return now - kept.at >= self._today_cache
        return marked or is_today(day, day_of(site.timezone, int(kept.at)))
