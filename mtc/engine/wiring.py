"""Builds a project's stages, sources, archives and executor. Slow imports happen on first use.

The URL of a source or an archive decides its class: a folder or a bucket.
"""

import datetime as dt
import functools
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mtc.core.clock import Clock, utc_now
from mtc.core.frozen_model import seconds
from mtc.core.model import Stage
from mtc.engine.executors import Executor, Handler, InlineExecutor, PoolExecutor, StageRunners
from mtc.engine.observe import OpenSource
from mtc.manifest.project import Project, SiteSettings
from mtc.plan.work import Task
from mtc.sources.dated_source import DatedSource
from mtc.sources.folder import FolderArchive, FolderSource
from mtc.sources.growing_source import GrowingSource
from mtc.sources.settings import Credentials
from mtc.sources.source import LogArchive, LogSource
from mtc.sources.url_pattern import ArchiveUrl, SourceUrl
from mtc.stages.stage import FactRecorder, StageRunner

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from mtc.sources.s3_client import Tuning
    from mtc.sources.s3_source import S3Source
    from mtc.stages.deliver.delivery_job import Deliverer
    from mtc.stages.deliver.tracker import MatomoTracker
    from mtc.stages.stat.stat_stage import StatProvider


@dataclass(slots=True)
class LazyStage:
    """A stage that is made when its first task runs."""

    make: Callable[[], StageRunner]
    made: StageRunner | None = field(default=None)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, task: Task, recorder: FactRecorder) -> None:
        """Run the task."""
        with self.lock:  # tasks share one instance, and with it the rate limiter
            made = self.made = self.made or self.make()
        made.run(task, recorder)


def source_opener(project: Project, clock: Clock = utc_now) -> OpenSource:
    """A function that opens a site's source. Each site has one source."""

    @functools.cache
    def by_name(name: str) -> LogSource:

        return open_source(project.sites[name], project.credentials, project.root, work=project.work, clock=clock)

    def opener(site: SiteSettings) -> LogSource:
        return by_name(site.name)

    return opener


def stage_runners(project: Project, opener: OpenSource) -> StageRunners:
    """Every stage of the project."""

    def connect() -> "DuckDBPyConnection":
        from mtc.core.database import connect as connect_to  # noqa: PLC0415 - loads duckdb

        return connect_to(project.run.memory, project.work / "tmp")

    @functools.cache
    def tracker() -> "MatomoTracker | None":
        if project.matomo is None:
            return None
        from mtc.stages.deliver.tracker import MatomoTracker  # noqa: PLC0415 - loads urllib3

        return MatomoTracker(project.matomo, project.root, utc_now)

    def make_import() -> StageRunner:
        from mtc.stages.import_.import_step import ImportStage  # noqa: PLC0415 - loads duckdb
        from mtc.stages.import_.known_agents import KnownAgents  # noqa: PLC0415 - loads duckdb

        spool = project.work / "spool"
        return ImportStage(
            project,
            connect,
            opener,
            lambda site: open_archive(site, project.credentials, project.root, spool=spool),
            deliverer=make_deliverer(),
            agents=KnownAgents(project.work, project.work / "tmp"),
        )

    def make_deliverer() -> "Deliverer | None":
        server = tracker()
        if server is None:
            return None
        from mtc.stages.deliver.delivery_job import Deliverer  # noqa: PLC0415 - loads duckdb

        return Deliverer(server, project.warehouse, connect)

    def make_stat() -> StageRunner:
        from mtc.stages.stat.stat_stage import ProviderBySite, StatStage  # noqa: PLC0415 - loads duckdb
        from mtc.warehouse.statistics import WarehouseStatistics  # noqa: PLC0415 - as above

        warehouse = WarehouseStatistics(project.warehouse, connect, countries=project.countries)
        return StatStage(
            project, connect, ProviderBySite(warehouse, make_matomo_statistics if project.matomo else None)
        )

    def make_matomo_statistics() -> "StatProvider":
        from mtc.stages.stat.matomo_provider import MatomoStatistics  # noqa: PLC0415 - loads urllib3

        server = tracker()
        assert server is not None  # noqa: S101 - called only for a project with a server
        return MatomoStatistics(server)

    def make_csv() -> StageRunner:
        from mtc.stages.csv import CsvStage  # noqa: PLC0415 - loaded when it is used

        return CsvStage(project)

    makers = {Stage.IMPORT: make_import, Stage.STAT: make_stat, Stage.CSV: make_csv}
    return {stage: LazyStage(make) for stage, make in makers.items()}


def executor_maker(project: Project, opener: OpenSource) -> Callable[[Handler], Executor]:
    """A function that makes the executor: threads, or the calling thread if `run.jobs` is 1."""
    runners = stage_runners(project, opener)

    def make(handler: Handler) -> Executor:
        if project.run.jobs == 1:
            return InlineExecutor(runners, handler)
        return PoolExecutor(runners, handler, project.run.jobs, _load_table_reader)

    return make


def _load_table_reader() -> None:
    """Load what reads tables of user agents in the main thread, as threads of one pool end before others begin."""
    from mtc.formats.agents import load_table_reader  # noqa: PLC0415 - not loaded where no task has work

    load_table_reader()


_URL_PASSWORD = re.compile(r"(://[^/@\s:]+):[^/@\s]+@")


def safe_command(arguments: list[str]) -> str:
    """A command line that is safe to show, with passwords in URLs masked."""
    return _URL_PASSWORD.sub(r"\1:***@", " ".join(arguments))


__all__ = ["open_archive", "open_source"]


def open_source(
    site: SiteSettings,
    credentials: Mapping[str, Credentials],
    root: Path,
    *,
    work: Path | None = None,
    clock: Clock = utc_now,
    tuning: "Tuning | None" = None,
) -> LogSource:
    """Open a site's source; a relative folder is below `root`. Nothing is read yet.

    `work` is the folder for what growing logs need between two looks, `clock` tells when these are.

    Raises:
        PermanentError: `credentials` has no entry of the name that the source asks for.
    """
    pattern = SourceUrl.compile(site.source.url, site.name)
    source: S3Source | FolderSource = FolderSource(root / pattern.root, pattern)
    if pattern.bucket:
        from mtc.engine.buckets import bucket_source  # noqa: PLC0415 - loads what S3 needs

        source = bucket_source(site, pattern, credentials, tuning)
    work = root / ".mtc" if work is None else work
    settle = dt.timedelta(seconds=seconds(site.source.settle))
    how = (site.tzinfo, settle, work / "growing" / f"{site.name}.json", work / "spool", site.source.encoding, clock)
    return DatedSource(source, *how, in_place=not pattern.bucket) if pattern.is_dated else GrowingSource(source, *how)


def open_archive(
    site: SiteSettings,
    credentials: Mapping[str, Credentials],
    root: Path,
    *,
    spool: Path | None = None,
    tuning: "Tuning | None" = None,
) -> LogArchive | None:
    """Open a site's archive, if it has one; a relative folder is below `root`. Nothing is read or written yet.

    `spool` is the folder for objects that must be fetched to be copied, one at a time for each thread.

    Raises:
        PermanentError: `credentials` has no entry of the name that the archive asks for.
    """
    if site.archive is None:
        return None
    template = ArchiveUrl.compile(site.archive.url, site.name)
    spool = spool or root / ".mtc" / "spool"
    if template.bucket:
        from mtc.engine.buckets import bucket_archive  # noqa: PLC0415 - loads what S3 needs

        return bucket_archive(site.archive, template, credentials, spool, tuning)
    return FolderArchive(root, spool, template)
