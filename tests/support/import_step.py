"""An import step with a folder source and a warehouse, and its results."""

import dataclasses
import datetime as dt
import functools
import glob
import json
import os
from collections.abc import Mapping
from pathlib import Path

import duckdb
from memory_recorder import MemoryRecorder

from mtc.core.model import Accounting, LoadedObject, Receipt, SourceObject, Stage, StepId, Verdict
from mtc.formats.settings import Filters, HitSettings
from mtc.manifest.models import Run, Source
from mtc.manifest.project import Project, SiteSettings
from mtc.plan.work import ImportWork, PlannedStep, Task
from mtc.sources.folder import FolderSource
from mtc.sources.settings import Archive
from mtc.sources.source import LogArchive, LogSource
from mtc.sources.url_pattern import SourceUrl
from mtc.stages.import_.bundles import Bundling
from mtc.stages.import_.import_step import ImportStage
from mtc.stages.stage import ObjectLoaded

DAY = dt.date(2026, 5, 1)
STEP = StepId(Stage.IMPORT, "docs", DAY)
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0"
GOOD = Filters()
ALL = Filters(bots=True, static=True, errors=True, redirects=True, max_rejected=1)
NATIVE = Bundling()
BY_DATABASE = Bundling(native=False)
IN_SLICES = Bundling(size=300)
_HITS = HitSettings()


def line(path: str = "/", *, time: str = "01/May/2026:10:05:03 +0000", status: int = 200, agent: str = AGENT) -> str:
    """Return a line in combined format."""
    return f'192.0.2.1 - - [{time}] "GET {path} HTTP/1.1" {status} 512 "-" "{agent}"'


def text(*lines: str) -> bytes:
    """Return the text of a log."""
    return "".join(f"{one}\n" for one in lines).encode()


def count_lines(data: bytes) -> int:
    """Return the number of lines, counted independently of the tested code; the last one may lack its line feed."""
    return data.count(b"\n") + (not data.endswith(b"\n") and data != b"")


@dataclasses.dataclass(frozen=True, order=True)
class Hit:
    """A row of a part: the day of its folder, its object, line and path."""

    day: str
    object_id: str
    line: int
    path: str
    bot: bool = dataclasses.field(default=False, compare=False)
    ts: str = dataclasses.field(default="", compare=False)
    user_agent: str = dataclasses.field(default="", compare=False)
    ip: str = dataclasses.field(default="", compare=False)


@dataclasses.dataclass(frozen=True)
class Rejected:
    """A recorded rejected line."""

    object: str
    line: int
    reason: str
    text: str


@functools.cache
def database() -> duckdb.DuckDBPyConnection:
    """Return the database that all tests of a process share."""
    return duckdb.connect(config={"threads": 2})


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The records of a step."""

    warehouse: Path
    recorder: MemoryRecorder

    @property
    def loaded(self) -> Mapping[str, LoadedObject]:
        """Return the loaded objects by key."""
        return {fact.loaded.object.key: fact.loaded for fact in self.recorder.facts if isinstance(fact, ObjectLoaded)}

    @property
    def only(self) -> LoadedObject:
        """Return the only loaded object."""
        (loaded,) = self.loaded.values()
        return loaded

    @property
    def receipt(self) -> Receipt:
        """Return the receipt of the step."""
        return self.recorder.receipts[STEP]

    def accounting(self, key: str = "a.log") -> Accounting:
        """Return the line accounting of an object."""
        return self.loaded[key].accounting

    def hits(self, key: str = "a.log") -> list[Hit]:
        """Return the hits of an object's parts, sorted; assert the number of hits in each part."""
        found: list[Hit] = []
        for part in self.loaded[key].parts:
            rows = _hits(self.warehouse / part.file, part.day, part.object_id)
            assert len(rows) == part.hits, part
            found += rows
        assert len(found) == self.loaded[key].accounting.hits
        return sorted(found)

    def rejected(self) -> list[Rejected]:
        """Return the recorded rejected lines, sorted."""
        files = sorted(self.warehouse.glob("rejected/site=docs/date=2026-05-01/*.jsonl"))
        rows = [Rejected(**json.loads(row)) for file in files for row in file.read_text("utf-8").split("\n") if row]
        return sorted(rows, key=lambda row: (row.object, row.line))


def _hits(file: Path, day: dt.date, object_id: str) -> list[Hit]:
    query = (
        "SELECT $day, object, line, path, bot, CAST(ts AS VARCHAR), coalesce(user_agent, ''), ip"
        " FROM read_parquet($file, hive_partitioning = false) WHERE object = $object"
    )
    with database().cursor() as connection:
        values = {"day": str(day), "file": glob.escape(str(file)), "object": object_id}
        return [Hit(*row) for row in connection.execute(query, values).fetchall()]


@dataclasses.dataclass(frozen=True)
class Workshop:
    """A folder with logs and a warehouse."""

    root: Path

    @property
    def warehouse(self) -> Path:
        """Return the folder of the parts."""
        return self.root / "warehouse"

    def files(self) -> list[str]:
        """Return every file of the warehouse, including incomplete ones."""
        return sorted(str(path.relative_to(self.warehouse)) for path in self.warehouse.rglob("*") if path.is_file())

    def write(self, key: str, data: bytes) -> SourceObject:
        """Put an object into the source."""
        path = self.root / "logs" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        now = path.stat()
        return SourceObject(key, now.st_size, modified=now.st_mtime_ns)

    def source(self) -> FolderSource:
        """Return the folder as a source."""
        return FolderSource(self.root / "logs", SourceUrl.compile("logs/{date:%Y-%m-%d}.log", "docs"))

    def stage(  # noqa: PLR0913 - what a test may vary
        self, filters: Filters = GOOD, *, zone: str = "UTC", form: str = "auto", bundling: Bundling = BY_DATABASE,
        source: LogSource | None = None, archive: LogArchive | None = None, archived: Archive | None = None,
        hits: HitSettings = _HITS,
    ) -> ImportStage:  # fmt: skip
        """Return the import stage of a project with one site."""
        site = SiteSettings("docs", "", zone, Source(url="x", format=form), archived, filters, hits=hits)
        project = Project(
            name="test",
            manifest=self.root / "m.yaml",
            root=self.root,
            dates="yesterday",
            stages=tuple(Stage),
            sites={"docs": site},
            credentials={},
            warehouse=self.warehouse,
            stats=self.root / "stats",
            csv=self.root / "csv",
            state=self.root / ".mtc" / "state.db",
            run=Run(),
        )
        return ImportStage(
            project, lambda: database().cursor(), lambda _: source or self.source(), lambda _: archive, bundling
        )

    def load(self, stage: ImportStage, work: ImportWork, recorder: MemoryRecorder | None = None) -> Outcome:
        """Run the step; assert that it leaves no incomplete file, even if it fails."""
        recorder = recorder or MemoryRecorder()
        try:
            stage.run(Task(Stage.IMPORT, (PlannedStep(STEP, Verdict.NEW, work=work),)), recorder)
        finally:
            assert not [file for file in self.files() if file.startswith(".staging")]
            assert not list((self.root / ".mtc" / "spool").glob("*"))
        return Outcome(self.warehouse, recorder)

    def run(self, *objects: SourceObject, stage: ImportStage | None = None) -> Outcome:
        """Load some objects."""
        return self.load(stage or self.stage(), ImportWork(load=objects))

    def read(
        self, data: bytes, filters: Filters = ALL, *, form: str = "combined", bundling: Bundling = BY_DATABASE
    ) -> Outcome:
        """Load one object, `a.log`, with these bytes."""
        return self.run(self.write("a.log", data), stage=self.stage(filters, form=form, bundling=bundling))


def touch_later(path: Path) -> None:
    """Set the modification time of a file to a later one."""
    now = path.stat()
    os.utime(path, ns=(now.st_atime_ns, now.st_mtime_ns + 1_000_000))
