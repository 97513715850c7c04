"""What a state file holds, as tests look at it."""

import datetime as dt

from mtc.core.deliveries import Delivery
from mtc.core.model import Part, Status, StepId
from mtc.state.rows import StepFilter
from mtc.state.store import Store


def parts_of(store: Store, site: str, day: dt.date) -> tuple[Part, ...]:
    """Every part with hits of a site's day, whichever object and step it came from, in order of file and object."""
    loaded = (item for objects in store.history((site,)).objects.values() for item in objects)
    parts = (part for item in loaded for part in item.parts if part.day == day)
    return tuple(sorted(parts, key=lambda part: (part.file, part.object_id)))


def deliveries_of(store: Store, step: StepId) -> tuple[Delivery, ...]:
    """What was sent to Matomo of an import step, the first delivery first."""
    return store.history((step.site,)).deliveries.get(step, ())


def is_unclean(store: Store) -> bool:
    """Whether a run or a step is open: with the lock held, a sign that a run was killed."""
    return bool(store.open_runs() or store.list_steps(StepFilter(statuses=(Status.RUNNING,))))
