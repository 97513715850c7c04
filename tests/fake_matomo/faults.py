"""Faults on demand: which one comes next, for tracking or for reports, by count or by chance. Threads may share it."""

import random
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """Which requests a fault is for."""

    TRACKING = "tracking"
    REPORTS = "reports"


class Fault(StrEnum):
    """The kinds of faults. The first group stores nothing of a bulk request; the second is for tracking only.

    A deadlock rolls the transaction back at one hit (`PlannedFault.hit`): those before it are lost, the others are
    stored one by one, and the response is an error. It may store all hits, or none; or its response is lost; or after a
    time-out of the gateway the hits are stored bit by bit.
    """

    DROP = "drop"
    RESET = "reset"
    BAD_GATEWAY = "bad-gateway"
    GATEWAY_TIMEOUT = "gateway-timeout"
    SQLSTATE = "sqlstate"
    PROXY_PAGE = "proxy-page"
    DATABASE_DOWN = "database-down"
    TOO_MANY = "too-many"
    UNAVAILABLE = "unavailable"
    REDIRECT = "redirect"
    RESTART = "restart"
    SLOW = "slow"
    CUT = "cut"

    MAINTENANCE = "maintenance"
    DEADLOCK = "deadlock"
    DEADLOCK_KEEPS_ALL = "deadlock-keeps-all"
    DEADLOCK_KEEPS_NONE = "deadlock-keeps-none"
    DEADLOCK_THEN_DROP = "deadlock-then-drop"
    DEADLOCK_THEN_GATEWAY_TIMEOUT = "deadlock-then-gateway-timeout"
    LOCK_WAIT = "lock-wait"
    COMMIT_THEN_DROP = "commit-then-drop"
    COMMIT_THEN_BAD_GATEWAY = "commit-then-bad-gateway"
    COMMIT_THEN_GATEWAY_TIMEOUT = "commit-then-gateway-timeout"
    DROP_THEN_COMMIT = "drop-then-commit"
    GATEWAY_TIMEOUT_THEN_COMMIT = "gateway-timeout-then-commit"


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault that is to happen.

    `seconds` is how long a slow response or a late commit takes, `hit` the index of the hit at which a transaction
    fails (the middle, if None), `retry_after` the header of that name (none, if empty).
    """

    fault: Fault
    seconds: float = 1.0
    hit: int | None = None
    retry_after: str = "1"


class Faults:
    """The plan of faults. Those queued by `next` come before those of `always`, and these before chance."""

    def __init__(self) -> None:
        self.happened: Counter[Fault] = Counter()
        """How often each has happened."""
        self._lock = threading.Lock()
        self._queued: dict[Place, list[PlannedFault]] = {place: [] for place in Place}
        self._always: dict[Place, PlannedFault | None] = dict.fromkeys(Place)
        self._chances: dict[Place, tuple[random.Random, tuple[tuple[PlannedFault, float], ...]] | None] = dict.fromkeys(
            Place
        )

    def next(
        self,
        fault: Fault,
        *,
        count: int = 1,
        on: Place = Place.TRACKING,
        seconds: float = 1.0,
        hit: int | None = None,
        retry_after: str = "1",
    ) -> None:
        """Let the next `count` requests meet a fault."""
        with self._lock:
            self._queued[on] += [PlannedFault(fault, seconds, hit, retry_after)] * count

    def well(self, count: int = 1, *, on: Place = Place.TRACKING) -> None:
        """Let `count` requests pass before what is queued after them."""
        self.next(Fault.SLOW, count=count, on=on, seconds=0)

    def always(self, fault: Fault, *, on: Place = Place.TRACKING, seconds: float = 1.0, retry_after: str = "1") -> None:
        """Let every request meet a fault, until `clear`."""
        with self._lock:
            self._always[on] = PlannedFault(fault, seconds, None, retry_after)

    def chance(
        self, seed: int, chances: Mapping[Fault, float], *, on: Place = Place.TRACKING, seconds: float = 0.2
    ) -> None:
        """Let each request meet each fault with this probability; the rest go well."""
        plan = tuple((PlannedFault(fault, seconds, None, "0"), odds) for fault, odds in chances.items())
        with self._lock:
            self._chances[on] = (random.Random(seed), plan)

    def clear(self, places: Iterable[Place] = tuple(Place)) -> None:
        """Remove all planned faults."""
        with self._lock:
            for place in places:
                self._queued[place].clear()
                self._always[place] = self._chances[place] = None

    def take(self, place: Place) -> PlannedFault | None:
        """Take the fault of a request that begins now."""
        with self._lock:
            planned = self._queued[place].pop(0) if self._queued[place] else self._always[place] or self._roll(place)
            if planned and planned != PlannedFault(Fault.SLOW, 0):
                self.happened[planned.fault] += 1
            return planned

    def _roll(self, place: Place) -> PlannedFault | None:
        luck = self._chances[place]
        if luck is None:
            return None
        roll = luck[0].random()
        for planned, odds in luck[1]:
            roll -= odds
            if roll < 0:
                return planned
        return None
