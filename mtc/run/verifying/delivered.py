"""What of a site's hits was delivered to Matomo, as the state has it, and what of that disagrees. No I/O."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mtc.delivery import BatchStatus, DeliveredObject, Delivery, DeliveryStatus, uncovered
from mtc.manifest.project import SiteSettings
from mtc.model import LoadedObject, Stage, StepId
from mtc.plan.copies import sent_texts
from mtc.plan.hits import DayHits
from mtc.plan.model import History
from mtc.plan.sent import own_deliveries, sent_hits
from mtc.run.verifying.values import Disagreement, differ
from mtc.sources.keys import printable


@dataclass(frozen=True, slots=True)
class Delivered:
    """How many hits of a day were delivered, and how many of them Matomo may lack, refused or not to be sent."""

    hits: int
    lost: int
    disagreements: tuple[Disagreement, ...] = ()


def delivered(site: SiteSettings, history: History, day: dt.date, hits: Sequence[DayHits]) -> Delivered | None:
    """The deliveries of a day's import, and what was delivered of the day's `hits`; None where nothing is."""
    if site.matomo is None:
        return None
    sent = sent_hits(site, history, hits)
    step = StepId(Stage.IMPORT, site.name, day)
    wrong = _of_step(own_deliveries(site, history, step), history.objects.get(step, ()), _left(site, history, step))
    return Delivered(sent.hits, sent.lost, tuple(wrong))


def unfinished_days(site: SiteSettings, history: History) -> frozenset[dt.date]:
    """The days with hits of deliveries that are not finished: what Matomo counts of them is in between."""
    steps = [step for step in history.deliveries if step.site == site.name]
    opened = [
        step for step in steps if any(one.status is DeliveryStatus.OPEN for one in own_deliveries(site, history, step))
    ]
    parts = (part.day for step in opened for item in history.objects.get(step, ()) for part in item.parts)
    return frozenset({*(step.day for step in opened), *parts})


def _name(loaded: LoadedObject) -> tuple[str, str, str]:
    """What an object has to have in common with what was delivered, so that those are its hits."""
    return loaded.object.key, loaded.object_id, loaded.made_with


def _name_of(item: DeliveredObject) -> tuple[str, str, str]:
    return item.key, item.object_id, item.made_with


def _left(site: SiteSettings, history: History, step: StepId) -> tuple[LoadedObject, ...]:
    """The objects of a step that no delivery covers, nor is their every line in one of another day."""
    sent = sent_texts(site, history)
    covered = (item for one in own_deliveries(site, history, step) for item in one.objects)
    return tuple(item for item in uncovered(history.counted(step), covered) if item.text not in sent)


def _of_step(
    deliveries: Sequence[Delivery], loaded: Sequence[LoadedObject], missing: Sequence[LoadedObject]
) -> Iterator[Disagreement]:
    """What disagrees between the objects of a step and its deliveries. Of those `missing`, no delivery has hits."""
    for delivery in deliveries:
        if delivery.status is DeliveryStatus.OPEN:
            yield _open(delivery)
        elif delivery.status is DeliveryStatus.DONE:
            yield from _done(delivery, loaded)
    hits = sum(part.hits for item in missing for part in item.parts)
    if hits:
        files = "1 log file" if len(missing) == 1 else f"{len(missing):,} log files"
        yield Disagreement(f"{hits:,} hits of {files} are not delivered", hits)


def _open(delivery: Delivery) -> Disagreement:
    recorded = sum(batch.hits for batch in delivery.batches if batch.status is BatchStatus.RECORDED)
    what = f"delivery {delivery.number} is not finished: {recorded:,} of {delivery.hits:,} hits are recorded"
    return Disagreement(what, delivery.hits - recorded)


def _done(delivery: Delivery, loaded: Sequence[LoadedObject]) -> Iterator[Disagreement]:
    hits = {_name(item): sum(part.hits for part in item.parts) for item in loaded}
    changed = [one for one in delivery.objects if _name_of(one) not in hits]
    for one in changed:
        yield Disagreement(f"{printable(one.key)} was delivered, and is not what is loaded now")
    if delivery.objects and not changed:
        mine = sum(hits[_name_of(one)] for one in delivery.objects)
        what = f"delivery {delivery.number} has {{one}} hits, its log files {{other}}"
        yield from differ(what, delivery.hits + delivery.unsendable, mine)
