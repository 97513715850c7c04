"""How many of a day's hits Matomo was given, as far as the state knows. Pure.

Deliveries are of import steps, and each may have hits of several days. Hits of a delivery that were not sent, or that
Matomo refused, are known by number only: any day of the delivery may lack as many.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mtc.core.deliveries import Delivery, DeliveryStatus
from mtc.core.model import StepId
from mtc.core.records import History
from mtc.manifest.project import SiteSettings
from mtc.plan.stat_inputs import DayPart


@dataclass(frozen=True, slots=True)
class DeliveredHits:
    """How many hits of a day were delivered, and how many of them Matomo may lack: refused, or not sent."""

    hits: int = 0
    lacking: int = 0

    @property
    def at_least(self) -> int:
        """The least number of hits that Matomo has."""
        return max(0, self.hits - self.lacking)


def deliveries_to_site(site: SiteSettings, history: History, step: StepId) -> list[Delivery]:
    """The deliveries of an import step to the server and the site of today's manifest."""
    matomo = site.matomo
    return [
        delivery
        for delivery in history.deliveries.get(step, ())
        if matomo and delivery.server == matomo.server and site.matomo_id in {None, delivery.site_id}
    ]


def count_delivered_hits(site: SiteSettings, history: History, hits: Sequence[DayPart]) -> DeliveredHits:
    """What was delivered of a day's hits."""
    count = lacking = 0
    for step in {part.step for part in hits}:
        for delivery in deliveries_to_site(site, history, step):
            covered = [part.part.hits for part in hits if part.step == step and _covers(delivery, part)]
            if covered and delivery.status is DeliveryStatus.DONE:
                count += sum(covered)
                lacking += delivery.invalid + delivery.unsendable
    return DeliveredHits(count, lacking)


def _covers(delivery: Delivery, part: DayPart) -> bool:
    return any(item.covers(part.loaded) for item in delivery.objects)
