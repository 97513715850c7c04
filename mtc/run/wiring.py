"""A project's stages, sources and executor put together. What is heavy is loaded when a step first needs it."""

import functools
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtc.executor.base import Executor, Handler, StageRunners
from mtc.executor.inline import InlineExecutor
from mtc.executor.pool import PoolExecutor
from mtc.manifest.project import Project, SiteSettings
from mtc.model import Stage
from mtc.plan.model import Task
from mtc.run.clock import utc_now
from mtc.run.look import OpenSource
from mtc.sources.base import Source
from mtc.stages.base import Desk, StageRunner

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from mtc.stages.answering.base import AnswerSource
    from mtc.stages.delivering import Deliverer
    from mtc.stages.delivering.target import Target


@dataclass(slots=True)
class LazyStage:
    """A stage that is made when its first task comes."""

    make: Callable[[], StageRunner]
    made: StageRunner | None = field(default=None)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, task: Task, desk: Desk) -> None:
        """Do the task."""
        with self.lock:  # what a stage shares between its tasks, such as a gate, must be one
            made = self.made = self.made or self.make()
        made.run(task, desk)


def source_opener(project: Project) -> OpenSource:
    """Opens a site's source, once."""

    @functools.cache
    def by_name(name: str) -> Source:
        from mtc.sources import open_source  # noqa: PLC0415 - boto3 behind it is loaded when it is used

        return open_source(project.sites[name], project.credentials, project.root)

    def opener(site: SiteSettings) -> Source:
        return by_name(site.name)

    return opener


def stage_runners(project: Project, opener: OpenSource) -> StageRunners:
    """Every stage of the project."""

    def connect() -> "DuckDBPyConnection":
        from mtc.warehouse.database import connect as connect_to  # noqa: PLC0415 - loads duckdb

        return connect_to(project.run.memory, project.work / "tmp")

    @functools.cache
    def target() -> "Target | None":
        if project.matomo is None:
            return None
        from mtc.stages.delivering.target import Target  # noqa: PLC0415 - loads urllib3

        return Target(project.matomo, project.root, utc_now)

    def make_import() -> StageRunner:
        from mtc.sources import open_archive  # noqa: PLC0415 - as above
        from mtc.stages.importing import ImportStage, KnownAgents  # noqa: PLC0415 - loads duckdb

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
        server = target()
        if server is None:
            return None
        from mtc.stages.delivering import Deliverer  # noqa: PLC0415 - loads duckdb

        return Deliverer(server, project.warehouse, connect)

    def make_stat() -> StageRunner:
        from mtc.stages.answering.answers import Answers  # noqa: PLC0415 - loads duckdb
        from mtc.stages.stat import StatStage  # noqa: PLC0415 - as above
        from mtc.warehouse.statistics import WarehouseStatistics  # noqa: PLC0415 - as above

        warehouse = WarehouseStatistics(project.warehouse, connect, countries=project.countries)
        return StatStage(project, connect, Answers(warehouse, make_answers if project.matomo else None))

    def make_answers() -> "AnswerSource":
        from mtc.stages.answering.matomo import MatomoStatistics  # noqa: PLC0415 - loads urllib3

        server = target()
        assert server is not None  # noqa: S101 - it is asked for only with a server
        return MatomoStatistics(server)

    def make_csv() -> StageRunner:
        from mtc.stages.csv import CsvStage  # noqa: PLC0415 - loaded when it is used

        return CsvStage(project)

    makers = {Stage.IMPORT: make_import, Stage.STAT: make_stat, Stage.CSV: make_csv}
    return {stage: LazyStage(make) for stage, make in makers.items()}


def executor_maker(project: Project, opener: OpenSource) -> Callable[[Handler], Executor]:
    """The local pool, or with one job the calling thread."""
    runners = stage_runners(project, opener)

    def make(handler: Handler) -> Executor:
        if project.run.jobs == 1:
            return InlineExecutor(runners, handler)
        return PoolExecutor(runners, handler, project.run.jobs)

    return make


_URL_PASSWORD = re.compile(r"(://[^/@\s:]+):[^/@\s]+@")


def safe_command(arguments: list[str]) -> str:
    """A command line as it may be shown: without a password in a URL."""
    return _URL_PASSWORD.sub(r"\1:***@", " ".join(arguments))
