"""Small logs for statistics tests: hits written into parts, and a project around them."""

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from mtc.core.model import Accounting, Part, Stage, StepId, Verdict
from mtc.formats.settings import Filters
from mtc.manifest.models import Run, Source
from mtc.manifest.project import Project, SiteSettings
from mtc.plan.work import CsvWork, PlannedStep, StatWork, Task
from mtc.warehouse.parts import COLUMNS
from mtc.warehouse.stat_document import StatDocument
from mtc.warehouse.statistics import DayFailure, WarehouseStatistics

DAY = dt.date(2026, 5, 1)


@dataclasses.dataclass(frozen=True)
class Hit:
    """A hit at `ts` (UTC; a time without a date is on `DAY`), of one ordinary visitor by default."""

    ts: str
    path: str = "/"
    ip: str = "192.0.2.1"
    browser: str = "Firefox"
    browser_version: str | None = "126"
    os: str = "Linux"
    device: str = "desktop"
    referrer: str | None = None
    query: str | None = None
    download: bool = False
    bytes: int | None = 100
    status: int | None = 200
    host: str | None = None

    @property
    def row(self) -> dict[str, object]:
        """Return the columns that have a value."""
        values = dataclasses.asdict(self)
        values["ts"] = self.ts if "-" in self.ts else f"{DAY} {self.ts}"
        return values


@functools.cache
def database() -> duckdb.DuckDBPyConnection:
    """Return the database that all tests of a process share."""
    return duckdb.connect(config={"threads": 2})


def connect() -> duckdb.DuckDBPyConnection:
    """Return a new connection."""
    return database().cursor()


def write_file(path: Path, hits: Mapping[str, Sequence[Hit]]) -> None:
    """Write a Parquet file with the hits of several objects."""
    connection = connect()
    columns = ", ".join(f'"{name}" {kind}' for name, kind, _ in COLUMNS)
    connection.execute(f"CREATE TEMP TABLE rows ({columns})")
    rows = [
        {"object": name, "line": line, **hit.row}
        for name, some in hits.items()
        for line, hit in enumerate(some, start=1)
    ]
    names = [name for name, _, _ in COLUMNS]
    if rows:
        given = [[row.get(name) for row in rows] for name in names]
        connection.execute(f"INSERT INTO rows SELECT {', '.join('unnest(?)' for _ in names)}", given)
    path.parent.mkdir(parents=True, exist_ok=True)
    connection.execute("COPY rows TO '{}' (FORMAT parquet)".format(str(path).replace("'", "''")))
    connection.close()


def write_part(root: Path, hits: Sequence[Hit], *, name: str = "a", day: dt.date = DAY, site: str = "docs") -> Part:
    """Write the hits of one object on one day into a part of the warehouse `root`."""
    file = f"hits/site={site}/date={day}/{name}.parquet"
    write_file(root / file, {name: hits})
    return Part(site, day, file, name, len(hits))


def settings(*, name: str = "docs", zone: str = "UTC", url: str = "https://docs.example.org") -> SiteSettings:
    """Return a site."""
    return SiteSettings(name, url, zone, Source(url="logs/{date}.log"), None, Filters())


def project(root: Path, *sites: SiteSettings) -> Project:
    """Return a project in `root`."""
    every = {site.name: site for site in sites or (settings(),)}
    return Project(
        name="test",
        manifest=root / "m.yaml",
        root=root,
        dates="yesterday",
        stages=(Stage.STAT, Stage.CSV),
        sites=every,
        credentials={},
        state=root / ".mtc" / "state.db",
        run=Run(),
        warehouse=root / "warehouse",
        stats=root / "stats",
        csv=root / "csv",
    )


def stat_step(
    parts: Sequence[Part], *, day: dt.date = DAY, site: str = "docs", lines: int | None = None
) -> PlannedStep:
    """Return a stat step with work to do."""
    accounting = None if lines is None else Accounting(lines, 0, {"static": lines})
    return PlannedStep(StepId(Stage.STAT, site, day), Verdict.NEW, work=StatWork(tuple(parts), accounting))


def csv_step(*, day: dt.date = DAY, site: str = "docs") -> PlannedStep:
    """Return a csv step."""
    return PlannedStep(StepId(Stage.CSV, site, day), Verdict.NEW, work=CsvWork())


def task(*steps: PlannedStep) -> Task:
    """Return a task of these steps."""
    return Task(steps[0].step.stage, steps)


def answers(
    root: Path, days: Mapping[dt.date, Sequence[Part]], site: SiteSettings | None = None, *, limit: int = 500
) -> list[StatDocument | DayFailure]:
    """Return the warehouse's statistics of some days."""
    source = WarehouseStatistics(root, connect, limit)
    return list(source.statistics(site or settings(), {day: StatWork(tuple(parts)) for day, parts in days.items()}))


def count(root: Path, hits: Sequence[Hit], site: SiteSettings | None = None, *, limit: int = 500) -> StatDocument:
    """Return the statistics of one day of hits."""
    (answer,) = answers(root, {DAY: [write_part(root, hits)]}, site, limit=limit)
    assert isinstance(answer, StatDocument), answer
    return answer


def rows(document: StatDocument, table: str) -> list[tuple[object, ...]]:
    """Return a table's rows as plain tuples."""
    return [tuple(row.__dict__.values()) for row in getattr(document.tables, table)]
