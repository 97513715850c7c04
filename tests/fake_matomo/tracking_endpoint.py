"""The endpoint for bulk requests: a transaction for each, and what a fault does to it and to the response."""

import dataclasses

from tests.fake_matomo.backend import Backend
from tests.fake_matomo.faults import Fault, PlannedFault
from tests.fake_matomo.responses import (
    BAD_GATEWAY,
    CRASHED,
    DROPPED,
    GATEWAY_TIMEOUT,
    NO_CONTENT,
    NOT_A_BULK,
    NOTHING,
    Response,
    Transmission,
    failure_response,
    tracked,
)
from tests.fake_matomo.tracker import Bulk, Caller, CrashError, Tally, decode, is_bulk
from tests.fake_matomo.visits import Transaction

COMMITTED = {
    Fault.COMMIT_THEN_DROP: DROPPED,
    Fault.COMMIT_THEN_BAD_GATEWAY: BAD_GATEWAY,
    Fault.COMMIT_THEN_GATEWAY_TIMEOUT: GATEWAY_TIMEOUT,
}
"""Everything is stored, but the response says otherwise or is lost."""

DEADLOCKS = {
    Fault.DEADLOCK,
    Fault.DEADLOCK_KEEPS_ALL,
    Fault.DEADLOCK_KEEPS_NONE,
    Fault.DEADLOCK_THEN_DROP,
    Fault.DEADLOCK_THEN_GATEWAY_TIMEOUT,
}
"""The database rolls the transaction back."""

LATE = {Fault.DROP_THEN_COMMIT: DROPPED, Fault.GATEWAY_TIMEOUT_THEN_COMMIT: GATEWAY_TIMEOUT}
"""The response is sent, or lost, while the transaction is still open."""


class TrackingEndpoint:
    """Answers bulk requests."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def answer(
        self, body: bytes, asked_by: str, sender: tuple[str, str], planned: PlannedFault | None, location: str
    ) -> Response:
        """Answer a complete body.

        `asked_by` is the token of the query string, which has few rights here; `sender` is an address and a user agent.
        """
        bulk = decode(body)
        with self._backend.traffic.bulk(len(bulk.entries) if bulk else 0):
            failure = failure_response(planned, location) if planned else None
            if failure:
                return failure
            if not is_bulk(body):
                return NOT_A_BULK
            if bulk is None:
                return NOTHING
            return self._refuse(bulk) or self._track(bulk, asked_by, Caller(bulk.token, *sender), planned)

    def _refuse(self, bulk: Bulk) -> Response | None:
        """The answer to a whole bulk, where the server is set to ask for more than it usually does."""
        if not self._backend.settings.require_authentication:
            return None
        if not self._backend.rights.known(bulk.token):
            return tracked(0, [], indices=False, ok=False, status=500)
        if not all(self._backend.tracker.knows(entry) for entry in bulk.entries):
            return tracked(0, [], indices=False, ok=False, status=400)
        return None

    def _track(self, bulk: Bulk, asked_by: str, caller: Caller, planned: PlannedFault | None) -> Response:
        transaction = self._backend.store.begin()
        fault = planned.fault if planned else None
        failing_hit = len(bulk.entries) // 2 if planned is None or planned.hit is None else planned.hit
        if fault is Fault.DEADLOCK_KEEPS_ALL or fault is Fault.DEADLOCK_KEEPS_NONE:
            failing_hit = 0 if fault is Fault.DEADLOCK_KEEPS_ALL else len(bulk.entries)
        deadlock = failing_hit if fault in DEADLOCKS else None
        without = failing_hit if fault is Fault.LOCK_WAIT else None
        try:
            tally = self._backend.tracker.process(bulk, caller, transaction, deadlock=deadlock, without=without)
        except CrashError:
            self._backend.store.roll_back(transaction)
            return CRASHED
        if tally.deadlocked:
            return self._deadlocked(bulk, asked_by, tally, planned)
        return self._end(transaction, self._success(bulk, asked_by, tally), planned)

    def _deadlocked(self, bulk: Bulk, asked_by: str, tally: Tally, planned: PlannedFault | None) -> Response:
        """Store the hits after the deadlock one by one: there is no transaction to commit at the end."""
        if planned and planned.fault is Fault.DEADLOCK_THEN_GATEWAY_TIMEOUT:
            half, store = len(tally.loose) // 2, self._backend.store
            self._backend.scheduler.do(planned.seconds / 2, lambda: store.commit_each(tally.loose[:half]))
            self._backend.scheduler.do(planned.seconds, lambda: store.commit_each(tally.loose[half:]))
            return GATEWAY_TIMEOUT
        self._backend.store.commit_each(tally.loose)
        if planned and planned.fault is Fault.DEADLOCK_THEN_DROP:
            return DROPPED
        indices = self._may_see_indices(bulk, asked_by)
        return tracked(tally.tracked, tally.invalid, indices=indices, ok=False, status=500)

    def _success(self, bulk: Bulk, asked_by: str, tally: Tally) -> Response:
        if not bulk.image:
            return NO_CONTENT
        return tracked(tally.tracked, tally.invalid, indices=self._may_see_indices(bulk, asked_by))

    def _may_see_indices(self, bulk: Bulk, asked_by: str) -> bool:
        return bool(bulk.entries) and any(self._backend.rights.is_super(token) for token in (bulk.token, asked_by))

    def _end(self, transaction: Transaction, success: Response, planned: PlannedFault | None) -> Response:
        if planned and planned.fault in LATE:
            self._backend.scheduler.do(planned.seconds, lambda: self._backend.store.commit(transaction))
            return LATE[planned.fault]
        if planned and planned.fault is Fault.SLOW and not self._backend.scheduler.wait(planned.seconds):
            return DROPPED
        if not self._backend.store.commit(transaction):
            return DROPPED
        if planned and planned.fault is Fault.CUT:
            return dataclasses.replace(success, transmission=Transmission.CUT)
        return COMMITTED.get(planned.fault, success) if planned else success
