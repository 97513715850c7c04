"""Every listed part of a site by the day of its hits, whichever import step loaded it; copies do not count."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mtc.model import LoadedObject, Part, StepId
from mtc.plan.inputs import input_name
from mtc.plan.model import History
from mtc.recipes import FIRST


@dataclass(frozen=True, slots=True)
class DayHits:
    """A part with hits of a day, the object it came from, and the import step that loaded it."""

    part: Part
    loaded: LoadedObject
    step: StepId

    def name(self, day: dt.date) -> str:
        """How it is called among the inputs of a stat step; one that another day's import made says so."""
        return input_name(self.loaded.object.key, self.part.file, None if self.step.day == day else self.step)

    @property
    def version(self) -> str:
        """What changes when the hits may be others."""
        recipe = f" {self.loaded.recipe}" if self.loaded.recipe != FIRST else ""
        return f"{self.part.hits} {self.loaded.made_with}{recipe}"


@dataclass(frozen=True, slots=True)
class Hits:
    """Every listed part of a site by the day of its hits."""

    by_day: Mapping[dt.date, tuple[DayHits, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, site: str, history: History) -> "Hits":
        """Sort a site's parts by day."""
        days: dict[dt.date, list[DayHits]] = {}
        for step in history.objects:
            if step.site == site:
                for item in history.counted(step):
                    for part in item.parts:
                        days.setdefault(part.day, []).append(DayHits(part, item, step))
        return cls({day: tuple(sorted(hits, key=_order)) for day, hits in days.items()})

    def __iter__(self) -> Iterator[DayHits]:
        """All of them."""
        return (one for hits in self.by_day.values() for one in hits)


def _order(hits: DayHits) -> tuple[Part, StepId]:
    return hits.part, hits.step
