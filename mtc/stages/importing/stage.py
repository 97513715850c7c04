"""The import stage: does the import steps of a task, one after the other."""

import contextlib
import shutil
from dataclasses import dataclass

from mtc.manifest.project import Project
from mtc.model import StepId
from mtc.plan.model import ImportWork, PlannedStep, Task
from mtc.stages.base import Desk
from mtc.stages.delivering.deliverer import Deliverer
from mtc.stages.importing.bundle import Sizes
from mtc.stages.importing.context import Connect, OpenArchive, OpenSource, StepContext
from mtc.stages.importing.known_agents import KnownAgents
from mtc.stages.importing.step import import_step

_SIZES = Sizes()


@dataclass(frozen=True, slots=True)
class ImportStage:
    """Does import steps. `open_source` and `open_archive` give what a site's manifest entry names.

    `agents` are the user agents that earlier runs have decided upon.
    """

    project: Project
    connect: Connect
    open_source: OpenSource
    open_archive: OpenArchive
    sizes: Sizes = _SIZES
    deliverer: Deliverer | None = None
    agents: KnownAgents | None = None

    def run(self, task: Task, desk: Desk) -> None:
        """Do each step of the task, one after the other."""
        for planned in task.steps:
            context = self._context(planned, desk, task.after)
            shutil.rmtree(context.spool, ignore_errors=True)
            try:
                with self._in_turn(context):
                    import_step(context)
            finally:
                shutil.rmtree(context.spool, ignore_errors=True)

    def _in_turn(self, context: StepContext) -> contextlib.AbstractContextManager[None]:
        """Around a step that delivers: later days of its site wait for it before they deliver."""
        if context.deliverer is None:
            return contextlib.nullcontext()
        return context.deliverer.turns.taking_part(context.step)

    def _context(self, planned: PlannedStep, desk: Desk, after: StepId | None) -> StepContext:
        if not isinstance(planned.work, ImportWork):
            raise TypeError(planned)
        site = self.project.sites[planned.step.site]
        return StepContext(
            site=site,
            step=planned.step,
            work=planned.work,
            desk=desk,
            connect=self.connect,
            open_source=self.open_source,
            open_archive=self.open_archive,
            spool=self.project.work / "spool" / f"{site.name}-{planned.step.day}",
            warehouse=self.project.warehouse,
            sizes=self.sizes,
            deliverer=self.deliverer,
            after=after,
            agents=self.agents,
        )
