"""A step's deliveries: open ones are finished; then the hits that no delivery covers are cut, recorded and sent."""

import contextlib
import dataclasses
import itertools
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from mtc.core import crash_points
from mtc.core.database import Connect
from mtc.core.deliveries import Batch, BatchStatus, Cut, DeliveredObject, Delivery
from mtc.core.errors import PermanentError
from mtc.core.model import LoadedObject
from mtc.manifest.project import SiteSettings
from mtc.matomo.client import LookupUnsureError
from mtc.stages.deliver.batch_sender import BatchSender, Lane, LaneBatchRecorder
from mtc.stages.deliver.batching import Batching, RequestContext, unsendable
from mtc.stages.deliver.lanes import FirstBatches, LaneRecorder, SiteDay
from mtc.stages.deliver.step_delivery import DeliveryJob, DeliverySummary
from mtc.stages.deliver.tracker import MatomoTracker, TrackedSite
from mtc.stages.stage import DeliveryCut, DeliveryEnded

_SHOWN = 20  # refused lines in a step's notes


@dataclass(slots=True)
class Deliverer:
    """Delivers to one server. All steps and threads of a run share it.

    The caller has to deliver the days of a site one after the other, in order.

    Two things are kept in this process for the length of a run. An executor in other processes has to pass them on:
    - `_objects_by_text`: by site, which object each text that this run delivers comes from, so that copies of it are
      not sent. `DeliverWork.sent` has the texts of earlier runs alone. Without it, a copy would be sent twice.
    - `_refusals`: by site, the error with which the server has refused a delivery. It only saves requests that would be
      refused as well.
    """

    tracker: MatomoTracker
    warehouse: Path
    connect: Connect
    _refusals: dict[str, PermanentError] = field(default_factory=dict)
    _objects_by_text: dict[str, dict[str, str]] = field(default_factory=dict)

    def finish(
        self, job: DeliveryJob, opened: Sequence[Delivery], loaded: Sequence[LoadedObject]
    ) -> tuple[DeliverySummary, tuple[Delivery, ...]]:
        """Finish the open deliveries whose parts exist; returns also the deliveries that could not be finished.

        `loaded` are the step's loaded objects.

        Raises:
            TransientError: the server does not answer, or does not take the hits now.
            PermanentError: it refuses them, or it is unknown whether a batch is stored.
        """
        done, unfinished = DeliverySummary(), []
        for delivery in opened:
            objects = _objects_of(delivery, loaded)
            if objects is None or not all(
                (self.warehouse / part.file).exists() for item in objects for part in item.parts
            ):
                unfinished.append(delivery)
                continue
            self._check_not_refused(job)
            with self._batching(job, delivery.cut, objects, delivery.site_id) as batching:
                note = self._unsendable(objects, delivery.cut) if delivery.unsendable else DeliverySummary()
                done += self._send(job, _OpenDelivery(delivery, _keys(objects), note), batching)
        return done, tuple(unfinished)

    def deliver(self, job: DeliveryJob, number: int, new: Sequence[LoadedObject]) -> DeliverySummary:
        """Cut and send the hits of objects that no delivery covers, as delivery `number` of the step.

        Raises:
            TransientError: the server does not answer, or does not take the hits now.
            PermanentError: it refuses them, or it is unknown whether a batch is stored.
        """
        if not new:
            return DeliverySummary()
        self._check_not_refused(job)
        if not (new := self._not_copied(job.site, new)):
            return DeliverySummary()
        cut = self._new_cut(new)
        with self._batching(job, cut, new, self._site(job).id) as batching:
            return self._send(job, self._cut(job, number, new, batching, cut), batching)

    def _not_copied(self, site: SiteSettings, new: Sequence[LoadedObject]) -> tuple[LoadedObject, ...]:
        """The objects that are not copies of another one in this run; all of them where duplicates are kept."""
        if site.source.duplicates == "keep":
            return tuple(new)
        known = self._objects_by_text.setdefault(site.name, {})
        for item in new:
            if item.text:
                known.setdefault(item.text, item.object_id)
        return tuple(item for item in new if known.get(item.text, item.object_id) == item.object_id)

    def _cut(
        self, job: DeliveryJob, number: int, new: Sequence[LoadedObject], batching: Batching, cut: Cut
    ) -> "_OpenDelivery":
        """Record a delivery before its first hit is sent."""
        note = self._unsendable(new, cut) if batching.hits < _hits(new) else DeliverySummary()
        delivery = Delivery(
            number,
            self.tracker.settings.server,
            self._site(job).id,
            cut,
            tuple(DeliveredObject.of(item) for item in new),
            batching.hits,
            note.unsendable,
            batches=batching.batches(),
        )
        job.recorder.record(DeliveryCut(job.step, delivery))
        crash_points.point("deliver.cut")
        return _OpenDelivery(delivery, _keys(new), note)

    def _new_cut(self, new: Sequence[LoadedObject]) -> Cut:
        settings = self.tracker.settings
        lanes = max(1, min(settings.jobs, -(-_hits(new) // settings.batch)))
        return Cut(secrets.token_hex(8), lanes, settings.batch, self.tracker.clock().replace(microsecond=0))

    def _check_not_refused(self, job: DeliveryJob) -> None:
        """Raise the error with which the server has refused another day of the site: it would refuse this one too."""
        if (refusal := self._refusals.get(job.site.name)) is not None:
            raise refusal

    @contextlib.contextmanager
    def _remembering_refusal(self, job: DeliveryJob) -> Iterator[None]:
        """Remember the server's refusal for all days of the site, except an unsure look-up, which concerns one day."""
        try:
            yield
        except PermanentError as error:
            if not isinstance(error, LookupUnsureError):
                self._refusals[job.site.name] = error
            raise

    def _send(self, job: DeliveryJob, opened: "_OpenDelivery", batching: Batching) -> DeliverySummary:
        """Send every batch that is not recorded; lanes run in parallel."""
        delivery = opened.delivery
        batching.check(delivery.batches)
        site = dataclasses.replace(self._site(job), id=delivery.site_id)
        lane_recorder, firsts = LaneRecorder(job.recorder), FirstBatches(self.tracker.begun)
        batch_recorder = LaneBatchRecorder(
            lane_recorder, job.step, delivery.number, {batch.id: batch for batch in delivery.batches}
        )
        with self._remembering_refusal(job):
            for selected in (self._firsts_in_doubt(delivery, batching, site, firsts), delivery.batches):
                batches = [batch_recorder.batches[batch.id] for batch in selected]
                lane_recorder.run(
                    Lane(
                        tuple(batches_of_lane),
                        batching,
                        BatchSender(self.tracker, job.site, site, batching, batch_recorder, firsts),
                        lane_recorder,
                        resend_set_aside=selected is delivery.batches,
                    ).run
                    for _, batches_of_lane in groupby(batches, key=lambda batch: batch.id.lane)
                )
        job.recorder.record(DeliveryEnded(job.step, delivery.number))
        crash_points.point("deliver.ended")
        invalid = sum(batch.invalid for batch in batch_recorder.batches.values())
        return opened.note + DeliverySummary(
            delivery.hits, invalid, 0, tuple(self._refused(batching, batch_recorder, opened.keys))
        )

    def _refused(self, batching: Batching, batch_recorder: LaneBatchRecorder, keys: Mapping[str, str]) -> Iterator[str]:
        """Notes on the first lines that Matomo refused. The reason is unknown for those sent by an earlier run."""
        sent = ((batching.hits_of(batch), batch.refused) for batch in batch_recorder.batches.values() if batch.refused)
        refused = (hits[place] for hits, places in sent for place in places)
        for hit in itertools.islice(refused, _SHOWN):
            why = ": Matomo fails over this hit" if hit.pv_id in self.tracker.evidence.failing else ""
            yield f"refused by Matomo: {keys[hit.object_id]} line {hit.line}{why}"

    @staticmethod
    def _firsts_in_doubt(
        delivery: Delivery, batching: Batching, site: TrackedSite, firsts: FirstBatches
    ) -> list[Batch]:
        """The batches that an earlier run left in doubt and that have hits of days without recorded hits.

        The server may still be processing them: they are settled before another lane sends hits of those days.
        """

        def days(batch: Batch) -> frozenset[SiteDay]:
            return frozenset((site.id, day) for day in batching.days(batch, site.zone))

        for batch in delivery.batches:
            if batch.status is BatchStatus.RECORDED:
                firsts.mark_begun(days(batch))
        in_doubt = {BatchStatus.SENDING, BatchStatus.IN_DOUBT}
        return [batch for batch in delivery.batches if batch.status in in_doubt and firsts.not_begun(days(batch))]

    def _site(self, job: DeliveryJob) -> TrackedSite:
        with self._remembering_refusal(job):
            return self.tracker.site(job.site)

    def _batching(self, job: DeliveryJob, cut: Cut, objects: Sequence[LoadedObject], site_id: int) -> Batching:
        batching = Batching(self.connect(), cut)
        dimensions = tuple(sorted(self.tracker.settings.dimensions.items()))
        batching.lay_out(self.warehouse, objects, RequestContext(site_id, self._site(job).base, dimensions))
        return batching

    def _unsendable(self, new: Sequence[LoadedObject], cut: Cut) -> DeliverySummary:
        with contextlib.closing(self.connect()) as connection:
            count, lines = unsendable(connection, self.warehouse, new, cut)
        keys = _keys(new)
        why = "not sent, as Matomo would not keep its time"
        return DeliverySummary(
            unsendable=count, notes=tuple(f"{why}: {keys[object_id]} line {line}" for object_id, line in lines)
        )


@dataclass(frozen=True, slots=True)
class _OpenDelivery:
    """A delivery to be sent, the keys of its objects by id, and a note on hits that its cut leaves out."""

    delivery: Delivery
    keys: Mapping[str, str]
    note: DeliverySummary = DeliverySummary()  # noqa: RUF009 - a frozen value


def _keys(objects: Iterable[LoadedObject]) -> dict[str, str]:
    """The keys of objects by id."""
    return {item.object_id: item.object.key for item in objects}


def _hits(objects: Iterable[LoadedObject]) -> int:
    """How many hits the objects have."""
    return sum(part.hits for item in objects for part in item.parts)


def _objects_of(delivery: Delivery, loaded: Iterable[LoadedObject]) -> tuple[LoadedObject, ...] | None:
    """The loaded objects that a delivery covers; None if one of them is no longer loaded."""
    found = {item.object.key: item for item in loaded if any(covered.covers(item) for covered in delivery.objects)}
    return tuple(found.values()) if len(found) == len(delivery.objects) else None
