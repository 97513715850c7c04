"""Which hits of a batch are in Matomo, by looking them up. Nothing is sent here.

A batch usually is one transaction, kept whole or not at all. Where the database has ended that transaction, Matomo
stores the hits one by one: then some, none or all are there, and only the hits themselves tell which.

A glance looks for a few hits of the batch, its probes: any of them proves that the batch, or part of it, is there.
Matomo lists only the first 500 actions of a visit, in order of the visits' last actions: the last hit of a visitor with
few hits is found soonest. There are several probes, of several visitors where there are so many, as one hit may have
been lost by itself.
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
    """The probes of a batch in doubt. `hits` are all of the batch, `visitors` how many hits each visitor has."""
    last = {hits[place].visitor: place for place in batch.places}  # places ascend, so the latest stays
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
    """The places of the hits that were looked up: there, missing, or unknown.

    A hit is `hidden` where a visit of its time has more actions than Matomo lists.
    """

    there: tuple[int, ...]
    missing: tuple[int, ...]
    hidden: tuple[int, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every hit is there."""
        return not self.missing and not self.hidden

    @property
    def unsure(self) -> bool:
        """Whether a hit may be there or not."""
        return bool(self.hidden)

    def as_one(self) -> "Presence":
        """The hidden hits are where the others are, as in one transaction; unchanged where the others differ."""
        if self.there and not self.missing:
            return Presence((*self.there, *self.hidden), ())
        if self.missing and not self.there:
            return Presence((), tuple(sorted((*self.missing, *self.hidden))))
        return self


@dataclass(frozen=True, slots=True)
class BatchLookup:
    """Asks a server for the hits of batches. `rest` waits between tries of a question that failed."""

    tracker: MatomoTracker
    site: TrackedSite
    batching: Batching
    sleep: Callable[[float], None]

    def glance(self, batch: Batch) -> bool:
        """Whether any probe of the batch is there. False proves nothing."""
        hits = self.batching.hits_of(batch)
        asked = probes(batch, hits, self.batching.visitors(batch))
        tracker, site = self.tracker, self.site
        return self._retried(lambda: glance(tracker.client, site.id, site.zone, asked))

    def presence(self, batch: Batch, places: Sequence[int]) -> Presence:
        """Which of these hits are there."""
        hits = self.batching.hits_of(batch)
        return self._presence({place: hits[place] for place in places})

    def _presence(self, hits: dict[int, BatchHit]) -> Presence:
        if not hits:
            return Presence((), ())
        tracker, site = self.tracker, self.site
        asked = tuple(Probe(hit.pv_id, hit.time) for hit in hits.values())
        found = self._retried(lambda: stored(tracker.client, site.id, site.zone, asked))
        there = tuple(place for place, hit in hits.items() if hit.pv_id in found.found)
        hidden = tuple(place for place, hit in hits.items() if hit.pv_id in found.hidden - found.found)
        missing = tuple(place for place in hits if place not in {*there, *hidden})
        return Presence(there, missing, hidden)

    def _retried(self, read: Callable[[], Read]) -> Read:
        """Read until there is an answer; a read may always be repeated."""
        return RetryPolicy(self.sleep, first_pause=_PAUSE).run(read)


def unsure(where: str) -> LookupUnsureError:
    """The error of a batch of which it is unknown what is there."""
    return LookupUnsureError(
        "which hits of a batch are lost cannot be told: Matomo lists only some actions of their visits",
        where=where,
        hint=_HINT,
    )
