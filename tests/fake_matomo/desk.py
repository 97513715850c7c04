"""The desk that takes bulk requests: one transaction each, and what a fault does to it and to the answer."""

import dataclasses

from tests.fake_matomo.answers import CRASHED, DROPPED, NO_CONTENT, NOT_A_BULK, NOTHING, Answer, Fate, tracked
from tests.fake_matomo.bulk import Bulk, decode, is_bulk
from tests.fake_matomo.faults import Fault, Planned
from tests.fake_matomo.mishaps import BAD_GATEWAY, GATEWAY_TIMEOUT, lost
from tests.fake_matomo.tracker import Caller, CrashError, Tally
from tests.fake_matomo.visits import Transaction
from tests.fake_matomo.world import World

COMMITTED = {
    Fault.COMMIT_THEN_DROP: DROPPED,
    Fault.COMMIT_THEN_BAD_GATEWAY: BAD_GATEWAY,
    Fault.COMMIT_THEN_GATEWAY_TIMEOUT: GATEWAY_TIMEOUT,
}
"""All is kept, and the client is told something else."""

DEADLOCKS = {
    Fault.DEADLOCK,
    Fault.DEADLOCK_KEEPS_ALL,
    Fault.DEADLOCK_KEEPS_NONE,
    Fault.DEADLOCK_THEN_DROP,
    Fault.DEADLOCK_THEN_GATEWAY_TIMEOUT,
}
"""The database ends the transaction."""

LATE = {Fault.DROP_THEN_COMMIT: DROPPED, Fault.GATEWAY_TIMEOUT_THEN_COMMIT: GATEWAY_TIMEOUT}
"""The client is told something while the transaction is still open."""


class Desk:
    """Answers bulk requests."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(
        self, body: bytes, asked_by: str, sender: tuple[str, str], planned: Planned | None, location: str
    ) -> Answer:
        """Answer a body that came in whole.

        `asked_by` is the token of the query string, of little use here; `sender` an address and a user agent.
        """
        bulk = decode(body)
        with self._world.traffic.bulk(len(bulk.entries) if bulk else 0):
            mishap = lost(planned, location) if planned else None
            if mishap:
                return mishap
            if not is_bulk(body):
                return NOT_A_BULK
            if bulk is None:
                return NOTHING
            return self._refuse(bulk) or self._track(bulk, asked_by, Caller(bulk.token, *sender), planned)

    def _refuse(self, bulk: Bulk) -> Answer | None:
        """The answer to a whole bulk, where the server is set to ask for more than it usually does."""
        if not self._world.settings.require_authentication:
            return None
        if not self._world.rights.known(bulk.token):
            return tracked(0, [], indices=False, ok=False, status=500)
        if not all(self._world.tracker.knows(entry) for entry in bulk.entries):
            return tracked(0, [], indices=False, ok=False, status=400)
        return None

    def _track(self, bulk: Bulk, asked_by: str, caller: Caller, planned: Planned | None) -> Answer:
        transaction = self._world.store.begin()
        fault = planned.fault if planned else None
        dead_end = len(bulk.entries) // 2 if planned is None or planned.hit is None else planned.hit
        if fault is Fault.DEADLOCK_KEEPS_ALL or fault is Fault.DEADLOCK_KEEPS_NONE:
            dead_end = 0 if fault is Fault.DEADLOCK_KEEPS_ALL else len(bulk.entries)
        deadlock = dead_end if fault in DEADLOCKS else None
        without = dead_end if fault is Fault.LOCK_WAIT else None
        try:
            tally = self._world.tracker.process(bulk, caller, transaction, deadlock=deadlock, without=without)
        except CrashError:
            self._world.store.roll_back(transaction)
            return CRASHED
        if tally.deadlocked:
            return self._deadlocked(bulk, asked_by, tally, planned)
        return self._end(transaction, self._success(bulk, asked_by, tally), planned)

    def _deadlocked(self, bulk: Bulk, asked_by: str, tally: Tally, planned: Planned | None) -> Answer:
        """What came after is stored hit by hit, and at the end there is no transaction to commit."""
        if planned and planned.fault is Fault.DEADLOCK_THEN_GATEWAY_TIMEOUT:
            half, store = len(tally.loose) // 2, self._world.store
            self._world.later.do(planned.seconds / 2, lambda: store.commit_each(tally.loose[:half]))
            self._world.later.do(planned.seconds, lambda: store.commit_each(tally.loose[half:]))
            return GATEWAY_TIMEOUT
        self._world.store.commit_each(tally.loose)
        if planned and planned.fault is Fault.DEADLOCK_THEN_DROP:
            return DROPPED
        indices = self._tells_places(bulk, asked_by)
        return tracked(tally.tracked, tally.invalid, indices=indices, ok=False, status=500)

    def _success(self, bulk: Bulk, asked_by: str, tally: Tally) -> Answer:
        if not bulk.image:
            return NO_CONTENT
        return tracked(tally.tracked, tally.invalid, indices=self._tells_places(bulk, asked_by))

    def _tells_places(self, bulk: Bulk, asked_by: str) -> bool:
        return bool(bulk.entries) and any(self._world.rights.is_super(token) for token in (bulk.token, asked_by))

    def _end(self, transaction: Transaction, success: Answer, planned: Planned | None) -> Answer:
        if planned and planned.fault in LATE:
            self._world.later.do(planned.seconds, lambda: self._world.store.commit(transaction))
            return LATE[planned.fault]
        if planned and planned.fault is Fault.SLOW and not self._world.later.wait(planned.seconds):
            return DROPPED
        if not self._world.store.commit(transaction):
            return DROPPED
        if planned and planned.fault is Fault.CUT:
            return dataclasses.replace(success, fate=Fate.CUT)
        return COMMITTED.get(planned.fault, success) if planned else success
