"""The import stage: does the import steps of a task, one after the other."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from mtc.manifest.project import Project, SiteSettings
from mtc.plan.model import ImportWork, Task
from mtc.sources.base import Archive, Source
from mtc.stages.base import Desk
from mtc.stages.importing.bundle import Sizes
from mtc.stages.importing.step import ImportStep, Places

Connect = Callable[[], duckdb.DuckDBPyConnection]
OpenSource = Callable[[SiteSettings], Source]
OpenArchive = Callable[[SiteSettings], Archive | None]

_SIZES = Sizes()


@dataclass(frozen=True, slots=True)
class ImportStage:
    """Does import steps. `open_source` and `open_archive` give what a site's manifest entry names."""

    project: Project
    connect: Connect
    open_source: OpenSource
    open_archive: OpenArchive
    sizes: Sizes = _SIZES

    def run(self, task: Task, desk: Desk) -> None:
        """Do each step of the task, one after the other."""
        for planned in task.steps:
            if not isinstance(planned.work, ImportWork):
                raise TypeError(planned)
            site = self.project.sites[planned.step.site]
            spool = self.project.work / "spool" / f"{site.name}-{planned.step.day}"
            shutil.rmtree(spool, ignore_errors=True)
            places = Places(self.open_source(site), self.open_archive, spool, self.project.warehouse, self.sizes)
            try:
                ImportStep(site, planned.step, planned.work, desk, places, self.connect).run()
            finally:
                shutil.rmtree(spool, ignore_errors=True)
