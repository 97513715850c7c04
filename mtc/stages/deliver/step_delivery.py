"""A step whose hits are delivered, and what came of it. Needs nothing of Matomo, as most imports are not delivered."""

from dataclasses import dataclass

from mtc.core.model import StepId
from mtc.manifest.project import SiteSettings
from mtc.stages.stage import FactRecorder


@dataclass(frozen=True, slots=True)
class DeliverySummary:
    """What a step delivered in this attempt: hits sent, of these refused by Matomo, hits that cannot be sent; notes."""

    hits: int = 0
    invalid: int = 0
    unsendable: int = 0
    notes: tuple[str, ...] = ()

    @property
    def figures(self) -> dict[str, float]:
        """The counts for a receipt; those that are 0 are left out."""
        counts = {"delivered": self.hits, "invalid": self.invalid, "unsendable": self.unsendable}
        return {name: count for name, count in counts.items() if count}

    def __add__(self, other: "DeliverySummary") -> "DeliverySummary":
        return DeliverySummary(
            self.hits + other.hits,
            self.invalid + other.invalid,
            self.unsendable + other.unsendable,
            (*self.notes, *other.notes),
        )


@dataclass(frozen=True, slots=True)
class DeliveryJob:
    """A step whose hits are delivered."""

    site: SiteSettings
    step: StepId
    recorder: FactRecorder
