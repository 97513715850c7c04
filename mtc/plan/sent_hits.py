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
from mtc.plan.stat_inputs import DayHits


@dataclass(frozen=True, slots=True)
class SentHits:
    """How many hits of a day were delivered, and how many of them Matomo may lack, refused or not to be sent."""

    hits: int = 0
    lost: int = 0

    @property
    def kept(self) -> int:
        """How many Matomo has at the least."""
        return max(0, self.hits - self.lost)


def own_deliveries(site: SiteSettings, history: History, step: StepId) -> list[Delivery]:
    """The deliveries of an import step to the server and the site of today's manifest."""
    matomo = site.matomo
    return [
        one
        for one in history.deliveries.get(step, ())
        if matomo and one.server == matomo.server and site.matomo_id in {None, one.site_id}
    ]


def sent_hits(site: SiteSettings, history: History, hits: Sequence[DayHits]) -> SentHits:
    """What was delivered of a day's hits."""
    count = lost = 0
    for step in {one.step for one in hits}:
        for delivery in own_deliveries(site, history, step):
            mine = [one.part.hits for one in hits if one.step == step and _covers(delivery, one)]
            if mine and delivery.status is DeliveryStatus.DONE:
                count += sum(mine)
                lost += delivery.invalid + delivery.unsendable
    return SentHits(count, lost)


def _covers(delivery: Delivery, one: DayHits) -> bool:
    return any(item.covers(one.loaded) for item in delivery.objects)
