"""The transitions of deliveries: what was sent to Matomo, and the progress of each batch. One transaction each.

Deliveries belong to a site and a day, not to a step's row: Matomo keeps the hits of a step that the state forgets.
"""

import datetime as dt
from collections.abc import Iterable

from mtc.core.deliveries import Batch, DeliveredObject, Delivery, DeliveryStatus
from mtc.core.model import Stage, StepId
from mtc.state.connection import StateConnection
from mtc.state.rows import to_json, to_text, to_timestamp

_CUT = """
    INSERT INTO deliveries
        (site, day, number, server, site_id, uid, lanes, size, until, hits, unsendable, status, made)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?)
"""
_COVER = """
    INSERT INTO delivered (delivery, key, version, object_id, made_with, account, text) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_BATCH = "INSERT INTO batches (delivery, lane, number, hits, status) VALUES (?, ?, ?, ?, ?)"
_FIND = "SELECT id FROM deliveries WHERE site = ? AND day = ? AND number = ? AND status = ?"
_MOVE = """
    UPDATE batches SET status = ?, moved = ?, places = ?, invalid = ?, refused = ?
    WHERE delivery = ? AND lane = ? AND number = ?
"""
_UNRECORDED = "SELECT count(*) FROM batches WHERE delivery = ? AND status <> 'recorded'"
_END = """
    UPDATE deliveries
    SET status = 'done', ended = ?, invalid = (SELECT coalesce(sum(invalid), 0) FROM batches WHERE delivery = id)
    WHERE id = ?
"""
_DROP_BATCHES = "DELETE FROM batches WHERE delivery = ?"
# Hits are looked up by ids that are derived from their objects' ids: in an open delivery these must not change.
_CARRY = """
    UPDATE delivered SET key = ?1, version = ?2, object_id = ?3, made_with = ?4, account = ?5, text = ?6
    WHERE key = ?7 AND object_id = ?8 AND taken_back IS NULL
      AND delivery IN (SELECT id FROM deliveries WHERE site = ?9 AND day = ?10 AND (status <> 'open' OR ?8 = ?3))
"""
# A key whose hits may be sent again is removed from the same delivery; it stays in the acceptances.
_MAKE_WAY = """
    DELETE FROM delivered
    WHERE key = ? AND taken_back IS NOT NULL
      AND delivery IN (
          SELECT o.delivery FROM delivered AS o JOIN deliveries AS d ON d.id = o.delivery
          WHERE o.key = ? AND o.object_id = ? AND o.taken_back IS NULL AND d.site = ? AND d.day = ?
      )
"""
_UNCOVER = "DELETE FROM delivered WHERE delivery = ? AND (key = ? OR taken_back IS NOT NULL)"
_MOVE_COVERED = "UPDATE delivered SET delivery = ? WHERE delivery = ?"
_ADD_UP = """
    UPDATE deliveries
    SET hits = deliveries.hits + other.hits, unsendable = deliveries.unsendable + other.unsendable,
        invalid = deliveries.invalid + other.invalid, made = min(deliveries.made, other.made)
    FROM (SELECT hits, unsendable, invalid, made FROM deliveries WHERE id = ?) AS other
    WHERE deliveries.id = ?
"""
_DROP_DELIVERY = "DELETE FROM deliveries WHERE id = ?"
_OPEN = "SELECT id FROM deliveries WHERE site = ? AND day = ? AND status = 'open'"
_GIVE_UP = "UPDATE deliveries SET status = ?, ended = ? WHERE id = ?"
_RESEND_ALL = "UPDATE delivered SET taken_back = ? WHERE delivery = ? AND taken_back IS NULL"
_RESEND = """
    UPDATE delivered SET taken_back = ?
    WHERE key = ? AND taken_back IS NULL AND delivery IN (SELECT id FROM deliveries WHERE site = ? AND day = ?)
"""
_ACCEPT = "INSERT INTO acceptances (site, day, run, at, keys) VALUES (?, ?, ?, ?, ?)"


class DeliveryTransitions:
    """Changes of deliveries. Every method is one transaction, and raises StateError when it fails."""

    def __init__(self, connection: StateConnection) -> None:
        self._connection = connection

    def cut(self, step: StepId, delivery: Delivery, *, at: dt.datetime) -> None:
        """Record a new delivery and how it is cut into batches, before its first hit is sent."""
        cut = delivery.cut
        cut_columns = (cut.uid, cut.lanes, cut.size, to_timestamp(cut.until))
        target = (delivery.number, to_text(delivery.server), delivery.site_id)
        columns = (*_day(step), *target, *cut_columns, delivery.hits, delivery.unsendable, to_timestamp(at))
        with self._connection.transaction():
            row = self._connection.execute(_CUT, columns).lastrowid
            self._connection.execute_many(_COVER, ((row, *_object_columns(item)) for item in delivery.objects))
            self._connection.execute_many(
                _BATCH,
                ((row, batch.id.lane, batch.id.number, batch.hits, batch.status.value) for batch in delivery.batches),
            )

    def batches_moved(self, step: StepId, number: int, batches: Iterable[Batch]) -> None:
        """Record the progress of batches of an open delivery. Raises ValueError for an unknown batch."""
        with self._connection.transaction():
            row = self._delivery_row(step, number)
            for batch in batches:
                unsent = None if batch.left is None else to_json(batch.left)
                moved = (batch.status.value, to_timestamp(batch.moved), unsent, batch.invalid, to_json(batch.refused))
                if not self._connection.execute(_MOVE, (*moved, row, batch.id.lane, batch.id.number)).rowcount:
                    raise ValueError(f"{step}: delivery {number} has no batch {batch.id}")

    def ended(self, step: StepId, number: int, *, at: dt.datetime) -> None:
        """Record that a delivery has ended. Raises ValueError if a batch of it is not recorded."""
        with self._connection.transaction():
            row = self._delivery_row(step, number)
            (unrecorded,) = self._connection.execute(_UNRECORDED, (row,)).fetchone()
            if unrecorded:
                raise ValueError(f"{step}: {unrecorded} batches of delivery {number} are not recorded")
            self._connection.execute(_END, (to_timestamp(at), row))
            self._connection.execute(_DROP_BATCHES, (row,))

    def object_carried(self, step: StepId, before: DeliveredObject, after: DeliveredObject) -> None:
        """Record that an object was loaded again with the same hits: its delivery covers the new version.

        In an open delivery this applies only to an object of the same id.
        """
        covering = (to_text(before.key), before.object_id, *_day(step))
        with self._connection.transaction():
            self._connection.execute(_MAKE_WAY, (to_text(after.key), *covering))
            self._connection.execute(_CARRY, (*_object_columns(after), *covering))

    def merged(self, step: StepId, numbers: Iterable[int], keys: Iterable[str], merged: DeliveredObject) -> None:
        """Record that objects which finished deliveries to one site cover are one now, and the deliveries as well.

        Raises:
            ValueError: one of the deliveries is not finished.
        """
        with self._connection.transaction():
            rows = [self._delivery_row(step, number, DeliveryStatus.DONE) for number in sorted(numbers)]
            names = [to_text(key) for key in keys]
            uncovered = [(row, name) for row in rows for name in names]
            self._connection.execute_many(_UNCOVER, uncovered)
            *others, kept = rows
            for row in others:
                self._connection.execute(_MOVE_COVERED, (kept, row))
                self._connection.execute(_ADD_UP, (row, kept))
                self._connection.execute(_DROP_DELIVERY, (row,))
            self._connection.execute(_COVER, (kept, *_object_columns(merged)))

    def resend_allowed(self, step: StepId, keys: Iterable[str], *, run: str, at: dt.datetime) -> None:
        """Record an operator's consent to send the hits of these objects again; open deliveries are given up."""
        named = tuple(keys)
        accepted = to_timestamp(at)
        with self._connection.transaction():
            for (row,) in self._connection.execute(_OPEN, _day(step)).fetchall():
                self._connection.execute(_GIVE_UP, (DeliveryStatus.GIVEN_UP.value, accepted, row))
                self._connection.execute(_RESEND_ALL, (accepted, row))
                self._connection.execute(_DROP_BATCHES, (row,))
            for key in named:
                self._connection.execute(_RESEND, (accepted, to_text(key), *_day(step)))
            self._connection.execute(_ACCEPT, (*_day(step), run, accepted, to_json(named)))

    def _delivery_row(self, step: StepId, number: int, status: DeliveryStatus = DeliveryStatus.OPEN) -> int:
        columns = (*_day(step), number, status.value)
        found: tuple[int] | None = self._connection.execute(_FIND, columns).fetchone()
        if found is None:
            raise ValueError(f"{step} has no {status.value} delivery {number}")
        return found[0]


def _day(step: StepId) -> tuple[str, str]:
    if step.stage is not Stage.IMPORT:
        raise ValueError(f"{step} delivers nothing")
    return step.site, step.day.isoformat()


def _object_columns(item: DeliveredObject) -> tuple[str | bytes, ...]:
    return to_text(item.key), to_text(item.version), item.object_id, item.made_with, item.accounting_digest, item.text
