"""An import step whose turn to deliver has not come: it is loaded in one task, and delivered in another."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from import_step import STEP, Workshop, line, text
from memory_recorder import MemoryRecorder
from memory_source import MemoryArchive, MemorySource

from mtc.core.deliveries import Delivery
from mtc.core.model import LoadedObject, Stage, Verdict
from mtc.plan.work import DeliverWork, ImportWork, PlannedStep, Task
from mtc.sources.settings import Archive as ArchiveSettings
from mtc.sources.url_pattern import ArchiveUrl, SourceUrl
from mtc.stages.deliver.delivery_job import Deliverer
from mtc.stages.deliver.step_delivery import DeliverySummary
from mtc.stages.stage import StepLoaded

URL = "copies/{site}/{date:%Y-%m-%d}/{name}"


@dataclasses.dataclass(slots=True)
class CountingDeliverer:
    """Delivers nothing, and keeps what it was asked to deliver."""

    delivered: list[str] = dataclasses.field(default_factory=list)

    def finish(
        self, job: object, opened: Sequence[Delivery], loaded: Sequence[LoadedObject]
    ) -> tuple[DeliverySummary, tuple[Delivery, ...]]:
        """There are no open deliveries."""
        del job, opened, loaded
        return DeliverySummary(), ()

    def deliver(self, job: object, number: int, new: Sequence[LoadedObject]) -> DeliverySummary:
        """Keep the keys."""
        del job, number
        self.delivered += [item.object.key for item in new]
        return DeliverySummary(hits=sum(part.hits for item in new for part in item.parts))


def test_a_step_is_loaded_first_and_delivered_and_archived_later(tmp_path: Path) -> None:
    """The first task records what it loaded, and keeps what the archive may want; the second goes on from there."""
    workshop, recorder, deliverer = Workshop(tmp_path), MemoryRecorder(), CountingDeliverer()
    objects = {"a.log": text(line("/1")), "b.log": text(line("/2"))}
    source = MemorySource(SourceUrl.compile("logs/{date:%Y-%m-%d}", "docs"), objects)
    archive = MemoryArchive(ArchiveUrl.compile(URL, "docs"), workshop.root / "spool")
    stage = workshop.stage(source=source, archive=archive, archived=ArchiveSettings(url=URL))
    stage = dataclasses.replace(stage, deliverer=cast("Deliverer", deliverer))
    work = ImportWork(load=tuple(source.look(key) for key in objects), deliver=DeliverWork(1))
    task = Task(Stage.IMPORT, (PlannedStep(STEP, Verdict.NEW, work=work),), may_deliver=False)
    spool = workshop.root / ".mtc" / "spool"
    stage.run(task, recorder)
    assert [type(fact).__name__ for fact in recorder.facts] == ["ObjectLoaded", "ObjectLoaded", "StepLoaded"]
    assert (deliverer.delivered, archive.copies) == ([], {})
    assert list(spool.iterdir())
    loaded = recorder.facts[-1]
    assert isinstance(loaded, StepLoaded)
    stage.run(dataclasses.replace(task, may_deliver=True, loaded=loaded.loaded), recorder)
    assert [type(fact).__name__ for fact in recorder.facts[3:]] == ["ObjectArchived", "ObjectArchived", "StepDone"]
    assert (deliverer.delivered, len(archive.copies)) == ([*objects], 2)
    assert recorder.receipts[STEP].figures["delivered"] == 2
    assert list(spool.iterdir()) == []


def test_a_step_without_anything_to_deliver_is_done_at_once(tmp_path: Path) -> None:
    """It has nothing to wait for."""
    workshop, recorder = Workshop(tmp_path), MemoryRecorder()
    stage = dataclasses.replace(workshop.stage(), deliverer=cast("Deliverer", CountingDeliverer()))
    work = ImportWork(deliver=DeliverWork(1))
    stage.run(Task(Stage.IMPORT, (PlannedStep(STEP, Verdict.NEW, work=work),), may_deliver=False), recorder)
    assert [type(fact).__name__ for fact in recorder.facts] == ["StepDone"]
