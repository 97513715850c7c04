"""Deliveries to Matomo in the simulated world of planner tests: the recorded deliveries, and everything ever sent.

Nothing is really sent. An import step of `plan_world.House` uses this module like a real step uses its deliverer, and
can be interrupted between the start and the end of a delivery.
"""

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from mtc.core.deliveries import (
    Batch,
    BatchId,
    Cut,
    DeliveredObject,
    Delivery,
    DeliveryStatus,
    accounting_digest,
    undelivered,
)
from mtc.core.model import LoadedObject, StepId
from mtc.manifest.project import SiteSettings
from mtc.plan.work import DeliverWork

UNTIL = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


class RefusedStepError(Exception):
    """A step cannot continue; the message is its error."""


@dataclass(slots=True)
class Book:
    """Deliveries by step. `sent` counts how often the hits of each object were sent, by server and key."""

    deliveries: dict[StepId, list[Delivery]] = field(default_factory=dict)
    sent: Counter[tuple[str, str]] = field(default_factory=Counter)

    def finish(
        self, step: StepId, work: DeliverWork, listed: Iterable[LoadedObject], parts: set[str]
    ) -> tuple[Delivery, ...]:
        """Complete the open deliveries whose parts exist, before anything is loaded; return the others."""
        left = self.go_on(step, work.opened, list(listed), parts)
        if work.refused:
            raise RefusedStepError(f"would count twice: {work.refused[0]}")
        if not work.resend:
            return left
        self.take_back(step, work.resend)
        return ()

    def go_on(
        self, step: StepId, opened: Sequence[Delivery], loaded: Sequence[LoadedObject], parts: set[str]
    ) -> tuple[Delivery, ...]:
        """Complete the deliveries whose objects are loaded and have their parts; return the others."""
        left = []
        for one in opened:
            mine = [item for item in loaded if any(each.covers(item) for each in one.objects)]
            there = {item.object.key for item in mine} == {each.key for each in one.objects}
            if there and all(part.file in parts for item in mine for part in item.parts):
                self._put(step, dataclasses.replace(one, status=DeliveryStatus.DONE, batches=()))
            else:
                left.append(one)
        return tuple(left)

    def loaded(self, step: StepId, work: DeliverWork, item: LoadedObject) -> None:
        """Handle an object that was loaded again: still covered, refused, or withdrawn."""
        if (before := work.carried.get(item.object.key)) is None:
            return
        if before.accounting_digest == accounting_digest(item):
            self._carry(step, before, DeliveredObject.of(item))
        elif work.accepted:
            self.take_back(step, (before.key,))
        else:
            raise RefusedStepError(f"it holds other lines now: {item.object.key}")

    def deliver(
        self,
        site: SiteSettings,
        step: StepId,
        work: DeliverWork,
        loaded: Sequence[LoadedObject],
        fact: Callable[[], None],
    ) -> None:
        """Send what no delivery covers; `fact` is called at each record, and may interrupt."""
        again = ((item, work.carried.get(item.object.key)) for item in loaded)
        carried = [
            DeliveredObject.of(item) for item, one in again if one and one.accounting_digest == accounting_digest(item)
        ]
        if not (new := undelivered(loaded, (*work.covered, *carried))):
            return
        fact()
        one = self._cut(site, work.number, new)
        self.deliveries.setdefault(step, []).append(one)
        self.sent.update((one.server, item.key) for item in one.objects)
        fact()
        self._put(step, dataclasses.replace(one, status=DeliveryStatus.DONE, batches=()))

    def take_back(self, step: StepId, keys: Iterable[str]) -> None:
        """Withdraw objects as the state does: open deliveries are given up."""
        taken = set(keys)
        for one in list(self.deliveries.get(step, ())):
            if one.status is DeliveryStatus.OPEN:
                self._put(step, dataclasses.replace(one, status=DeliveryStatus.GIVEN_UP, objects=(), batches=()))
            else:
                kept = tuple(item for item in one.objects if item.key not in taken)
                self._put(step, dataclasses.replace(one, objects=kept))

    def _cut(self, site: SiteSettings, number: int, new: Sequence[LoadedObject]) -> Delivery:
        assert site.matomo is not None
        objects = tuple(DeliveredObject.of(item) for item in new)
        hits = sum(part.hits for item in new for part in item.parts)
        batches = (Batch(BatchId(0, 0), hits),)
        cut = Cut(f"cut{number}", 1, hits or 1, UNTIL)
        return Delivery(number, site.matomo.server, site.matomo_id or 1, cut, objects, hits, batches=batches)

    def _carry(self, step: StepId, before: DeliveredObject, after: DeliveredObject) -> None:
        for one in list(self.deliveries.get(step, ())):
            if one.status is DeliveryStatus.OPEN and before.object_id != after.object_id:
                continue  # its hits are those at the time it was created
            objects = tuple(sorted(after if item == before else item for item in one.objects))
            self._put(step, dataclasses.replace(one, objects=objects))

    def _put(self, step: StepId, one: Delivery) -> None:
        self.deliveries[step] = [one if old.number == one.number else old for old in self.deliveries[step]]
