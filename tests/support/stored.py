"""Queries of a state file for tests."""

import datetime as dt

from mtc.core.deliveries import Delivery
from mtc.core.model import Part, Status, StepId
from mtc.state.rows import StepFilter
from mtc.state.store import Store


def parts_of(store: Store, site: str, day: dt.date) -> tuple[Part, ...]:
    """Return every part with hits of a site's day, of any object and step, ordered by file and object."""
    loaded = (item for objects in store.history((site,)).objects.values() for item in objects)
    parts = (part for item in loaded for part in item.parts if part.day == day)
    return tuple(sorted(parts, key=lambda part: (part.file, part.object_id)))


def deliveries_of(store: Store, step: StepId) -> tuple[Delivery, ...]:
    """Return the deliveries of an import step, oldest first."""
    return store.history((step.site,)).deliveries.get(step, ())


def is_unclean(store: Store) -> bool:
    """Return whether a run or a step is open: with the lock held, a sign of a killed run."""
    return bool(store.open_runs() or store.list_steps(StepFilter(statuses=(Status.RUNNING,))))
