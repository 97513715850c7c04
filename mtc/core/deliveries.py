"""Deliveries of hits to Matomo, as frozen values. No I/O.

A *delivery* is a set of objects of one import step, sent to one site of one server. Its *cut* says how its hits are
partitioned: into lanes (all hits of a visitor are in one lane), each in order of time and divided into batches. The cut
is recorded before the first hit is sent, and the same cut of the same parts always gives the same batches.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mtc.core.model import LoadedObject


class BatchStatus(StrEnum):
    """The progress of a batch.

    `sending` is recorded before the first byte is sent. A batch that a later run finds in this status is in doubt, as
    is one whose response was lost or is unclear; it is looked up in Matomo before anything is sent again.
    """

    PLANNED = "planned"
    SENDING = "sending"
    IN_DOUBT = "in doubt"
    RECORDED = "recorded"


class DeliveryStatus(StrEnum):
    """The progress of a delivery: `done` when all batches are recorded, `given up` when an operator has voided it."""

    OPEN = "open"
    DONE = "done"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class Cut:
    """How the hits of a delivery are partitioned: into `lanes`, in batches of `size` hits.

    Hits after `until`, or over 20 years before it, are not sent. The ids of the hits are derived from `uid`.
    """

    uid: str
    lanes: int
    size: int
    until: dt.datetime


@dataclass(frozen=True, slots=True, order=True)
class BatchId:
    """A batch's position in its delivery; both numbers count from 0."""

    lane: int
    number: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive hits of a lane.

    `moved` is when its status last changed. `left` are the positions (from 0) of the hits still to be sent, None for
    all. `invalid` counts the hits that Matomo refused; `refused` are their positions, where it said which.
    """

    id: BatchId
    hits: int
    status: BatchStatus = BatchStatus.PLANNED
    moved: dt.datetime | None = None
    left: tuple[int, ...] | None = None
    invalid: int = 0
    refused: tuple[int, ...] = ()

    @property
    def places(self) -> tuple[int, ...]:
        """The positions of the hits that are still to be sent, or in doubt."""
        return tuple(range(self.hits)) if self.left is None else self.left


@dataclass(frozen=True, slots=True, order=True)
class DeliveredObject:
    """An object whose hits belong to a delivery, as it was loaded then.

    `accounting_digest` is a digest of its accounting, `text` one of its lines (empty where not known).
    """

    key: str
    version: str
    object_id: str
    made_with: str
    accounting_digest: str
    text: str = ""

    @classmethod
    def of(cls, loaded: LoadedObject) -> "DeliveredObject":
        """The object as it is loaded now."""
        found = loaded.object
        return cls(found.key, found.version, loaded.object_id, loaded.made_with, accounting_digest(loaded), loaded.text)

    def has_lines_of(self, loaded: LoadedObject) -> bool:
        """Whether an object that was loaded again has the delivered lines, even under another key."""
        return self.accounting_digest == accounting_digest(loaded)

    def covers(self, loaded: LoadedObject) -> bool:
        """Whether the delivered hits are those of the object as it is loaded now."""
        return (self.key, self.object_id, self.made_with) == (loaded.object.key, loaded.object_id, loaded.made_with)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as the state records it. Only an open delivery has `batches`.

    `server` is the name of a Matomo server, `site_id` the site's id on it. `objects` excludes those that an operator
    has voided. `unsendable` counts hits at times that Matomo does not store; `invalid` those that it refused.
    """

    number: int
    server: str
    site_id: int
    cut: Cut
    objects: tuple[DeliveredObject, ...]
    hits: int
    unsendable: int = 0
    invalid: int = 0
    status: DeliveryStatus = DeliveryStatus.OPEN
    batches: tuple[Batch, ...] = ()


def accounting_digest(loaded: LoadedObject) -> str:
    """A digest of an object's accounting: the same lines give the same digest, also when compressed or copied since."""
    accounting = loaded.accounting
    days: dict[str, int] = {}
    for part in loaded.parts:
        days[part.day.isoformat()] = days.get(part.day.isoformat(), 0) + part.hits
    counts = [accounting.lines, accounting.hits, dict(accounting.filtered), dict(accounting.rejected), days]
    return hashlib.sha256(json.dumps(counts, sort_keys=True).encode()).hexdigest()[:20]


def undelivered(loaded: Iterable[LoadedObject], delivered: Iterable[DeliveredObject]) -> tuple[LoadedObject, ...]:
    """The loaded objects whose hits are in no delivery, in order of their keys."""
    known = {(item.key, item.object_id, item.made_with) for item in delivered}
    return tuple(
        item
        for item in sorted(loaded, key=lambda item: item.object.key)
        if (item.object.key, item.object_id, item.made_with) not in known
    )
