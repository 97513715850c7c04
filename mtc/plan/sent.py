"""How many of a day's hits Matomo was given, as the state has it.

Deliveries are of import steps, and each may have hits of several days. What is not sent of a delivery, or refused by
Matomo, is known by number only, so that a day of one may lack as many.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mtc.delivery import Delivery, DeliveryStatus
from mtc.manifest.project import SiteSettings
from mtc.model import StepId
from mtc.plan.hits import DayHits
from mtc.plan.model import History


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
