"""The facts that stages report of objects and deliveries, written to the state."""

import datetime as dt
from collections.abc import Iterable

from mtc.core.deliveries import BatchStatus
from mtc.stages.stage import (
    BatchesMoved,
    DeliveryCut,
    DeliveryEnded,
    DeliveryFact,
    Fact,
    ObjectArchived,
    ObjectCarried,
    ObjectDropped,
    ObjectFact,
    ObjectLoaded,
    PartsDigested,
    ResendAllowed,
)
from mtc.state.store import Store


def record_object(store: Store, fact: ObjectFact) -> tuple[str, ...]:
    """Record what became of an object or its parts; returns the part files that nothing lists any more."""
    match fact:
        case ObjectLoaded(step, loaded):
            return store.object_loaded(step, loaded)
        case ObjectDropped(step, key):
            return store.object_dropped(step, key)
        case ObjectArchived(step, key, url):
            store.object_archived(step, key, url)
        case PartsDigested(digests):
            store.parts_digested(digests)
    return ()


def record_delivery(store: Store, fact: DeliveryFact, *, run: str, at: dt.datetime) -> None:
    """Record one fact; the caller's transaction makes it one with others."""
    match fact:
        case ObjectCarried(step, before, after):
            store.object_carried(step, before, after)
        case ResendAllowed(step, keys):
            store.resend_allowed(step, keys, run=run, at=at)
        case DeliveryCut(step, delivery):
            store.delivery_cut(step, delivery, at=at)
        case BatchesMoved(step, number, batches):
            store.batches_moved(step, number, batches)
        case DeliveryEnded(step, number):
            store.delivery_ended(step, number, at=at)


def hits_delivered(fact: Fact) -> int:
    """How many hits Matomo has accepted, by this fact."""
    if not isinstance(fact, BatchesMoved):
        return 0
    return sum(batch.hits - batch.invalid for batch in fact.batches if batch.status is BatchStatus.RECORDED)


def files_loaded(facts: Iterable[Fact]) -> set[str]:
    """The part files that were just made."""
    loaded = (fact.loaded for fact in facts if isinstance(fact, ObjectLoaded))
    return {part.file for item in loaded for part in item.parts}
