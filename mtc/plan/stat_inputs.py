"""What stat and csv steps are made from: each day's parts, names and versions of inputs, hits given to Matomo. Pure."""

import datetime as dt
import functools
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mtc.core.deliveries import Delivery, DeliveryStatus
from mtc.core.model import FIRST_RECIPE, Accounting, LoadedObject, Part, Stage, Status, StepId
from mtc.core.records import History, StepRecord
from mtc.manifest.project import SiteSettings
from mtc.plan.growing import LACKING
from mtc.plan.step_inputs import StepInputs
from mtc.plan.work import StatWork
from mtc.plan.world import World

_OF = " of "


def input_name(key: str, file: str, step: StepId | None) -> str:
    """The name of a part among the inputs of a stat step; `step` is the import that made it if it is another day's."""
    return f"{key} {file}{_OF}{step}" if step else f"{key} {file}"


def import_named(name: str) -> str:
    """The import of another day that an input's name ends with, as text; a text that is not a step if there is none."""
    return name.rpartition(_OF)[2]


def stat_version(site: str, day: dt.date, world: World, history: History) -> str:
    """The version of a `.stat` file: its recorded digest if the size fits, else its size; empty if it is missing."""
    size = world.stat_files.get((site, day))
    if size is None:
        return ""
    record = history.steps.get(StepId(Stage.STAT, site, day))
    outputs = record.outputs if record else ()
    return next((output.digest for output in outputs if str(output.size) == size), f"{size} bytes")


def recorded_digests(records: Mapping[StepId, StepRecord]) -> dict[dt.date, str]:
    """The recorded digest of each `.stat` file of a site, by day."""
    return {
        step.day: output.digest
        for step, record in records.items()
        if step.stage is Stage.STAT and record.status is Status.DONE
        for output in record.outputs
    }


@dataclass(frozen=True, slots=True)
class DayPart:
    """A part with hits of a day, the object it came from, and the import step that loaded it."""

    part: Part
    loaded: LoadedObject
    step: StepId

    def name(self, day: dt.date) -> str:
        """The part's name among the inputs of a stat step, with the import step if that is of another day."""
        return input_name(self.loaded.object.key, self.part.file, None if self.step.day == day else self.step)

    @property
    def version(self) -> str:
        """A text that changes when the hits may have changed."""
        recipe = f" {self.loaded.recipe}" if self.loaded.recipe != FIRST_RECIPE else ""
        return f"{self.part.hits} {self.loaded.made_with}{recipe}"


@dataclass(frozen=True)
class PartsByDay:
    """Every listed and counted part of a site by the day of its hits; collected at the first question."""

    site: str = ""
    history: History = field(default_factory=History)

    @functools.cached_property
    def by_day(self) -> Mapping[dt.date, tuple[DayPart, ...]]:
        """The parts of each day, in order."""
        days: dict[dt.date, list[DayPart]] = {}
        for step in self.history.imports_of(self.site):
            for item in self.history.counted(step):
                for part in item.parts:
                    days.setdefault(part.day, []).append(DayPart(part, item, step))
        return {day: tuple(sorted(hits, key=_order)) for day, hits in days.items()}

    def __iter__(self) -> Iterator[DayPart]:
        """Iterate over all parts."""
        return (part for parts in self.by_day.values() for part in parts)


class DayInputs(StepInputs):
    """The inputs of a stat step: parts with hits of its day, the accounting of its import, and what is lacking.

    Most days have one part, of their own import: of that the object alone is kept, as there may be very many days.
    """

    __slots__ = ("_from", "_work")

    def __init__(self, hits: tuple[DayPart, ...], work: StatWork) -> None:
        is_usual = len(hits) == 1 and hits[0].step.day == hits[0].part.day
        self._from, self._work = hits[0].loaded if is_usual else hits, work

    def made(self) -> dict[str, str]:
        """The inputs, as a dict of the caller's own."""
        inputs = {part.name(part.part.day): part.version for part in self._hits()}
        if self._work.accounting is not None:
            inputs["accounting"] = _version(self._work.accounting)
        if self._work.lacking:
            inputs[LACKING] = "; ".join(self._work.lacking)
        return inputs

    def _hits(self) -> tuple[DayPart, ...]:
        if isinstance(self._from, tuple):
            return self._from
        (part,) = self._work.parts
        return (DayPart(part, self._from, StepId(Stage.IMPORT, part.site, part.day)),)


_AS_JSON = json.JSONEncoder(sort_keys=True).encode


def _version(accounting: Accounting) -> str:
    counts = [accounting.lines, accounting.hits, dict(accounting.filtered), dict(accounting.rejected)]
    return hashlib.sha256(_AS_JSON(counts).encode()).hexdigest()[:16]


def _order(hits: DayPart) -> tuple[Part, StepId]:
    return hits.part, hits.step


@dataclass(frozen=True, slots=True)
class DeliveredHits:
    """How many hits of a day were delivered, and how many Matomo may lack: refused or not sent.

    These are known only by number for a whole delivery, which may have hits of several days: any day of it may lack as
    many.
    """

    hits: int = 0
    lacking: int = 0

    @property
    def at_least(self) -> int:
        """The least number of hits that Matomo has."""
        return max(0, self.hits - self.lacking)


def deliveries_to_site(site: SiteSettings, history: History, step: StepId) -> list[Delivery]:
    """The deliveries of an import step to the Matomo server and site of today's manifest."""
    matomo = site.matomo
    return [
        delivery
        for delivery in history.deliveries.get(step, ())
        if matomo and delivery.server == matomo.server and site.matomo_id in {None, delivery.site_id}
    ]


def count_delivered_hits(site: SiteSettings, history: History, hits: Sequence[DayPart]) -> DeliveredHits:
    """Count the delivered hits of a day; open deliveries do not count."""
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
