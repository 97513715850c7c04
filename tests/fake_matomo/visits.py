"""Visits, and how a transaction joins hits to them.

A hit joins the visitor's latest visit if that one's last action lies less than 30 minutes away, before or after, and on
the same day in the site's zone. A visit's first action is the one that came first, its last the latest one: hits in
reverse order therefore make visits of 0 seconds, and new ones after half an hour. A transaction sees what was committed
when it began, and its own.
"""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator

from tests.fake_matomo.hits import Hit

VISIT_GAP = 1800
"""From how many seconds on a new visit begins."""

Key = tuple[int, dt.date, tuple[str, ...]]
"""Who can be known again: a site, a day, and a fingerprint or an id."""


class Visit:
    """A committed visit. `states` are (commit, last action, seconds), a further one for each commit."""

    __slots__ = ("day", "first", "hits", "id", "keys", "site", "states", "visitor")

    def __init__(self, number: int, draft: "Draft") -> None:
        self.id = number
        self.site = draft.site
        self.day = draft.day
        self.keys = draft.keys
        self.visitor = draft.visitor
        self.first = draft.first
        self.hits: list[Hit] = []
        self.states: list[tuple[int, int, int]] = []

    @property
    def last(self) -> int:
        """When the last action was."""
        return self.states[-1][1]

    @property
    def seconds(self) -> int:
        """How long the visit was."""
        return self.states[-1][2]

    def seen_at(self, snapshot: int) -> tuple[int, int, int] | None:
        """The state at a snapshot, or None if it was not there yet."""
        return next((state for state in reversed(self.states) if state[0] <= snapshot), None)


class Draft:
    """A visit as an open transaction sees it: a committed one, or a new one."""

    __slots__ = ("base", "day", "first", "hits", "keys", "last", "seconds", "site", "visitor")

    def __init__(self, site: int, day: dt.date, visitor: str, first: int, base: Visit | None = None) -> None:
        self.base = base
        self.site = site
        self.day = day
        self.visitor = visitor
        self.first = first
        self.last = first
        self.seconds = 0
        self.keys: list[Key] = []
        self.hits: list[Hit] = []

    @classmethod
    def of(cls, visit: Visit, state: tuple[int, int, int]) -> "Draft":
        """A committed visit in one of its states."""
        draft = cls(visit.site, visit.day, visit.visitor, visit.first, visit)
        draft.last, draft.seconds = state[1:]
        return draft

    def add(self, hit: Hit) -> None:
        """Take a further action."""
        if self.hits or self.base:
            self.seconds = max(self.seconds, 1 + hit.time - self.first)
        self.last = max(self.last, hit.time)
        self.hits.append(hit)


class Transaction:
    """The visits of one bulk, until `Store.commit` takes them. `seen` finds the committed visits of a key."""

    def __init__(self, snapshot: int, epoch: int, look_back: int, seen: Callable[[Key], list[Visit]]) -> None:
        self.snapshot = snapshot
        self.epoch = epoch
        self.drafts: list[Draft] = []
        self._look_back = max(look_back, VISIT_GAP)
        self._seen = seen
        self._by_key: dict[Key, list[Draft]] = {}
        self._by_visit: dict[int, Draft] = {}

    def add(self, hit: Hit, day: dt.date) -> None:
        """Join a hit to a visit, or open one for it."""
        keys = _keys(hit, day)
        found = self._latest(hit, keys)
        if found is None or abs(found.last - hit.time) >= VISIT_GAP:
            found = self._open(hit, day, found.visitor if found else hit.visitor)
        found.add(hit)

    def _latest(self, hit: Hit, keys: list[Key]) -> Draft | None:
        for key in keys:
            near = [draft for draft in self._known(key) if abs(draft.last - hit.time) <= self._look_back]
            if near:
                return max(near, key=lambda draft: draft.last) if len(near) > 1 else near[0]
        return None

    def _known(self, key: Key) -> list[Draft]:
        known = self._by_key.get(key)
        if known is None:
            known = self._by_key[key] = list(self._committed(key))
        return known

    def _committed(self, key: Key) -> Iterator[Draft]:
        for visit in self._seen(key):
            state = visit.seen_at(self.snapshot)
            if state is not None:
                if visit.id not in self._by_visit:
                    draft = self._by_visit[visit.id] = Draft.of(visit, state)
                    self.drafts.append(draft)
                yield self._by_visit[visit.id]

    def _open(self, hit: Hit, day: dt.date, visitor: str) -> Draft:
        draft = Draft(hit.site, day, visitor or _new_visitor(), hit.time)
        draft.keys = _every_key(hit, day)
        for key in draft.keys:
            self._known(key).append(draft)
        self.drafts.append(draft)
        return draft


def _keys(hit: Hit, day: dt.date) -> list[Key]:
    """By what a visitor is looked for, in order."""
    if hit.forced:
        return [(hit.site, day, (hit.visitor,))]
    return _every_key(hit, day)


def _every_key(hit: Hit, day: dt.date) -> list[Key]:
    """By what a visit can be found later."""
    fingerprint = (hit.site, day, hit.config)
    return [(hit.site, day, (hit.visitor,)), fingerprint] if hit.visitor else [fingerprint]


_NUMBERS = itertools.count(1)


def _new_visitor() -> str:
    return f"{next(_NUMBERS) * 0x9E3779B97F4A7C15 % (1 << 64):016x}"
