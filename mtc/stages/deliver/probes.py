"""Looks up which hits of a batch are in Matomo. Nothing is sent here.

A batch usually is one transaction, stored completely or not at all. If the database rolled it back, Matomo stores the
hits one by one: then some, none or all are stored, and only a look-up of each hit shows which.

A glance looks for a few hits of the batch, its probes: any of them proves that the batch, or part of it, is stored.
Matomo lists only the first 500 actions of a visit, in order of the visits' last actions: the last hit of a visitor with
few hits is found soonest. There are several probes, of several visitors if possible, as a single hit may be lost.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mtc.core.deliveries import Batch
from mtc.core.retry import RetryPolicy
from mtc.matomo.client import LookupUnsureError
from mtc.matomo.lookup import Probe, glance, stored
from mtc.stages.deliver.batching import BatchHit, Batching
from mtc.stages.deliver.tracker import MatomoTracker, TrackedSite

PROBES = 4


def probes(batch: Batch, hits: Sequence[BatchHit], visitors: Mapping[str, int]) -> tuple[Probe, ...]:
    """Choose the probes of a batch in doubt.

    `hits` are all hits of the batch, `visitors` counts the hits of each visitor in the delivery so far.
    """
    last = {hits[place].visitor: place for place in batch.places}  # in ascending order: the last one is kept
    others = (place for place in batch.places if last[hits[place].visitor] != place)

    def ease(place: int) -> tuple[int, str]:
        return visitors.get(hits[place].visitor, 0), hits[place].pv_id

    chosen = [*sorted(last.values(), key=ease)[:PROBES], *itertools.islice(others, PROBES)][:PROBES]
    return tuple(Probe(hits[place].pv_id, hits[place].time) for place in chosen)


_PAUSE = 0.5
_HINT = "set a higher visitor_log_maximum_actions_per_visit in [General] of Matomo's config.ini.php"

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Presence:
    """The places of the hits that were looked up: stored (`there`), `missing`, or unknown (`hidden`).

    A hit is hidden if a visit at its time has more actions than Matomo lists.
    """

    there: tuple[int, ...]
    missing: tuple[int, ...]
    hidden: tuple[int, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every hit is stored."""
        return not self.missing and not self.hidden

    @property
    def unsure(self) -> bool:
        """Whether it is unknown of a hit whether it is stored."""
        return bool(self.hidden)

    def as_one(self) -> "Presence":
        """Assume one transaction: hidden hits are stored, or missing, as all others are. Unchanged if those differ."""
        if self.there and not self.missing:
            return Presence((*self.there, *self.hidden), ())
        if self.missing and not self.there:
            return Presence((), tuple(sorted((*self.missing, *self.hidden))))
        return self


@dataclass(frozen=True, slots=True)
class BatchLookup:
    """Looks up the hits of batches. `sleep` waits between the tries of a look-up that failed; it may raise, to stop."""

    tracker: MatomoTracker
    site: TrackedSite
    batching: Batching
    sleep: Callable[[float], None]

    def probes(self, batch: Batch) -> tuple[Probe, ...]:
        """The probes of a batch in doubt, to glance for again and again."""
        return probes(batch, self.batching.hits_of(batch), self.batching.visitors(batch))

    def glance(self, chosen: Sequence[Probe]) -> bool:
        """Whether any of a batch's probes is stored. False proves nothing.

        Raises:
            StepError: the server did not answer, or with an error, again and again.
        """
        tracker, site = self.tracker, self.site
        return self._retried(lambda: glance(tracker.client, site.id, site.zone, chosen))

    def presence(self, batch: Batch, places: Sequence[int]) -> Presence:
        """Look up the hits at these places; raises as `glance` does."""
        hits = self.batching.hits_of(batch)
        return self._presence({place: hits[place] for place in places})

    def _presence(self, hits: dict[int, BatchHit]) -> Presence:
        if not hits:
            return Presence((), ())
        tracker, site = self.tracker, self.site
        probes = tuple(Probe(hit.pv_id, hit.time) for hit in hits.values())
        found = self._retried(lambda: stored(tracker.client, site.id, site.zone, probes))
        there = tuple(place for place, hit in hits.items() if hit.pv_id in found.found)
        hidden = tuple(place for place, hit in hits.items() if hit.pv_id in found.hidden - found.found)
        missing = tuple(place for place in hits if place not in {*there, *hidden})
        return Presence(there, missing, hidden)

    def _retried(self, read: Callable[[], Read]) -> Read:
        """Read, and retry temporary errors: a read may always be repeated."""
        return RetryPolicy(self.sleep, first_pause=_PAUSE).run(read)


def unsure(where: str) -> LookupUnsureError:
    """The error for a batch of which it is unknown which hits are stored."""
    return LookupUnsureError(
        "it is not known which hits of a batch are lost: Matomo lists only some actions of their visits",
        where=where,
        hint=_HINT,
    )
