"""How the rows of deliveries become records. A row that does not decode raises ValueError, KeyError or TypeError."""

import datetime as dt
from collections.abc import Iterable

from mtc.delivery import Batch, BatchId, BatchStatus, Cut, DeliveredObject, Delivery, DeliveryStatus
from mtc.model import Stage, StepId
from mtc.state.codec import from_json, from_moment, from_text
from mtc.state.decoder import Row

DELIVERIES = """
    SELECT id, site, day, number, server, site_id, uid, lanes, size, until, hits, unsendable, invalid, status
    FROM deliveries
    WHERE site IN (SELECT value FROM json_each(:sites)) AND (:day IS NULL OR day = :day)
    ORDER BY site, day, number
"""
DELIVERED = """
    SELECT o.delivery, o.key, o.version, o.object_id, o.made_with, o.account, o.text
    FROM delivered AS o JOIN deliveries AS d ON d.id = o.delivery
    WHERE o.taken_back IS NULL
      AND d.site IN (SELECT value FROM json_each(:sites)) AND (:day IS NULL OR d.day = :day)
    ORDER BY o.delivery, o.key
"""
BATCHES = """
    SELECT b.delivery, b.lane, b.number, b.hits, b.status, b.moved, b.places, b.invalid, b.refused
    FROM batches AS b JOIN deliveries AS d ON d.id = b.delivery
    WHERE d.site IN (SELECT value FROM json_each(:sites)) AND (:day IS NULL OR d.day = :day)
    ORDER BY b.delivery, b.lane, b.number
"""


def grouped(
    deliveries: Iterable[Row], delivered: Iterable[Row], batches: Iterable[Row]
) -> dict[StepId, tuple[Delivery, ...]]:
    """Deliveries by their import step, each with the objects that it covers and its batches."""
    objects: dict[int, list[DeliveredObject]] = {}
    for row, *columns in delivered:
        objects.setdefault(row, []).append(_object(*columns))
    open_: dict[int, list[Batch]] = {}
    for row, *columns in batches:
        open_.setdefault(row, []).append(_batch(*columns))
    found: dict[StepId, list[Delivery]] = {}
    for row, site, day, *columns in deliveries:
        step = StepId(Stage.IMPORT, site, dt.date.fromisoformat(day))
        one = _delivery(tuple(columns), tuple(objects.get(row, ())), tuple(open_.get(row, ())))
        found.setdefault(step, []).append(one)
    return {step: tuple(made) for step, made in found.items()}


def _delivery(columns: Row, objects: tuple[DeliveredObject, ...], batches: tuple[Batch, ...]) -> Delivery:
    number, server, site_id, uid, lanes, size, until, hits, unsendable, invalid, status = columns
    cut = Cut(uid, lanes, size, dt.datetime.fromisoformat(until))
    counts = (hits, unsendable, invalid)
    return Delivery(number, from_text(server), site_id, cut, objects, *counts, DeliveryStatus(status), batches)


def _object(key: str, version: str, *digests: str) -> DeliveredObject:
    return DeliveredObject(from_text(key), from_text(version), *digests)


def _batch(  # noqa: PLR0913, PLR0917 - a row's columns
    lane: int, number: int, hits: int, status: str, moved: str | None, places: str | None, invalid: int, refused: str
) -> Batch:
    left = None if places is None else tuple(from_json(places, list))
    told = tuple(from_json(refused, list))
    return Batch(BatchId(lane, number), hits, BatchStatus(status), from_moment(moved), left, invalid, told)
