"""The database: committed visits, and the days whose reports are to be made again. Lists behind one lock.

A restart loses the transactions that are open; what is committed stays.
"""

import datetime as dt
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.fake_matomo.hits import Hit
from tests.fake_matomo.visits import Key, Transaction, Visit

Day = tuple[int, dt.date]
"""A site and a day in its zone."""

Loose = tuple[Hit, dt.date]
"""A hit that is in no transaction of its bulk, and its day in the site's zone."""


@dataclass(frozen=True, slots=True)
class StoredHit:
    """A stored action, for tests to look at. `visit` and `visitor` tell what it was joined to; `time` is in seconds."""

    site: int
    visit: int
    visitor: str
    pv_id: str
    url: str
    time: int
    kind: str
    ip: str
    agent: str
    query: str


@dataclass(frozen=True, slots=True)
class SeenVisit:
    """A visit as it was committed at one moment. `hits` are in the order of their arrival."""

    id: int
    site: int
    day: dt.date
    visitor: str
    first: int
    last: int
    seconds: int
    hits: tuple[Hit, ...]

    @property
    def actions(self) -> int:
        """How many actions it had."""
        return len(self.hits)


class Store:
    """What is committed, and what is under way."""

    def __init__(self, look_back: int, created: Mapping[int, dt.date] | None = None) -> None:
        self._lock = threading.Lock()
        self._created = dict(created or {})
        self._stuck: set[int] = set()
        self._begun: dict[Day, Transaction | None] = {}
        self.collisions = 0
        """How often two transactions at once were each the first of a day."""
        self._look_back = look_back
        self._commits = 0
        self._epoch = 0
        self._visits: list[Visit] = []
        self._by_key: dict[Key, list[Visit]] = {}
        self._by_day: dict[Day, list[Visit]] = {}
        self._marked: set[Day] = set()

    def begin(self) -> Transaction:
        """Open a transaction on what is committed now."""
        with self._lock:
            return Transaction(self._commits, self._epoch, self._look_back, self._seen)

    def commit(self, transaction: Transaction) -> bool:
        """Make a transaction's hits visible, all at once; False if a restart has ended it."""
        with self._lock:
            if transaction.epoch != self._epoch:
                self._forget(transaction)
                return False
            self._commits += 1
            self._begun.update((day, None) for day, owner in self._begun.items() if owner is transaction)
            for draft in transaction.drafts:
                if draft.hits:
                    self._begin_earlier(draft.site, draft.day)
                    visit = draft.base or self._insert(Visit(len(self._visits) + 1, draft))
                    last, seconds = (visit.last, visit.seconds) if visit.states else (0, 0)
                    visit.hits.extend(draft.hits)
                    visit.states.append((self._commits, max(last, draft.last), max(seconds, draft.seconds)))
            return True

    def commit_each(self, loose: Iterable[Loose]) -> None:
        """Store hits one by one, each visible at once."""
        for hit, day in loose:
            transaction = self.begin()
            transaction.add(hit, day)
            self.commit(transaction)
            with self._lock:
                self._begun.setdefault((hit.site, day), None)

    def roll_back(self, transaction: Transaction) -> None:
        """Lose what a transaction holds. Where it was a site's first, the site's beginning stays from then on."""
        with self._lock:
            self._forget(transaction)
            full = {visit.site for visit in self._visits}
            self._stuck |= {draft.site for draft in transaction.drafts} - full

    def first_of_day(self, day: Day, transaction: Transaction) -> bool:
        """Insert the option that the first hit of a day brings, unless it is there.

        False where another open transaction has inserted it: this one is ended then.
        """
        with self._lock:
            alone = self._begun.setdefault(day, transaction) in {None, transaction}
            self.collisions += not alone
            return alone

    def created(self, site: int) -> dt.date:
        """The day that a site begins with: the reports of days before are empty."""
        with self._lock:
            return self._created.get(site, dt.date.min)

    def create(self, site: int, day: dt.date) -> None:
        """Have a site begin with that day."""
        with self._lock:
            self._created[site] = day

    def _forget(self, transaction: Transaction) -> None:
        for day in [day for day, owner in self._begun.items() if owner is transaction]:
            del self._begun[day]

    def _begin_earlier(self, site: int, day: dt.date) -> None:
        if day < self._created.get(site, dt.date.min) and site not in self._stuck:
            self._created[site] = day

    def restart(self) -> None:
        """End every open transaction."""
        with self._lock:
            self._epoch += 1
            self._begun = {day: None for day, owner in self._begun.items() if owner is None}

    def mark(self, day: Day) -> None:
        """Have a day's reports made again when they are next read."""
        self._marked.add(day)

    def unmark(self, day: Day) -> bool:
        """Take a day's mark away; says whether it was there."""
        with self._lock:
            marked = day in self._marked
            self._marked.discard(day)
            return marked

    def visits(self, site: int | None = None, day: dt.date | None = None, *, after: int = -1) -> list[SeenVisit]:
        """The committed visits, of a site, of a day, or all; those whose last action came after a moment."""
        with self._lock:
            if site is not None and day is not None:
                chosen = self._by_day.get((site, day), [])
            else:
                chosen = [visit for visit in self._visits if site in {None, visit.site}]
            return [
                SeenVisit(v.id, v.site, v.day, v.visitor, v.first, v.last, v.seconds, tuple(v.hits))
                for v in chosen
                if v.last > after
            ]

    def hits(self, site: int | None = None) -> list[StoredHit]:
        """Every stored action, in the order of visits."""
        return [
            StoredHit(v.site, v.id, v.visitor, h.pv_id, h.url, h.time, h.kind, h.ip, h.agent, h.query)
            for v in self.visits(site)
            for h in v.hits
        ]

    def doubles(self) -> dict[tuple[int, str], int]:
        """Every `pv_id` that a site has more than once, and how often."""
        counts = Counter((hit.site, hit.pv_id) for visit in self.visits() for hit in visit.hits if hit.pv_id)
        return {key: count for key, count in counts.items() if count > 1}

    def _seen(self, key: Key) -> list[Visit]:
        return list(self._by_key.get(key, ()))

    def _insert(self, visit: Visit) -> Visit:
        self._visits.append(visit)
        self._by_day.setdefault((visit.site, visit.day), []).append(visit)
        for key in visit.keys:
            self._by_key.setdefault(key, []).append(visit)
        return visit
