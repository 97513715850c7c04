"""What one import step works with: its site and work, the source, the archive, the warehouse and the recorder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mtc.core.model import SourceObject, StepId
from mtc.manifest.project import SiteSettings
from mtc.plan.work import ImportWork, LoadedStep
from mtc.sources.source import LogArchive, LogSource
from mtc.stages.deliver.delivery_job import Deliverer, DeliveryJob
from mtc.stages.import_.bundles import BundleSizes
from mtc.stages.import_.known_agents import KnownAgents
from mtc.stages.stage import FactRecorder
from mtc.warehouse.parts import object_id

Connect = Callable[[], duckdb.DuckDBPyConnection]
OpenSource = Callable[[SiteSettings], LogSource]
OpenArchive = Callable[[SiteSettings], LogArchive | None]


@dataclass(frozen=True, slots=True)
class StepContext:
    """The context of one import step. `spool` is a folder of this step alone, removed when the step ends.

    `may_deliver` and `loaded` are those of `mtc.plan.work.Task`.
    """

    site: SiteSettings
    step: StepId
    work: ImportWork
    recorder: FactRecorder
    connect: Connect
    open_source: OpenSource
    open_archive: OpenArchive
    spool: Path
    warehouse: Path
    sizes: BundleSizes
    deliverer: Deliverer | None = None
    may_deliver: bool = True
    loaded: LoadedStep | None = None
    agents: KnownAgents | None = None

    @property
    def delivery_job(self) -> DeliveryJob:
        """The delivery of this step."""
        return DeliveryJob(self.site, self.step, self.recorder)

    def spool_of(self, object_: SourceObject) -> Path:
        """The folder that an object is fetched into."""
        return self.spool / object_id(object_.key, object_.version)
