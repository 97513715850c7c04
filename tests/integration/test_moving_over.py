"""Upgrades from an earlier mtc, and from a URL with a date to one without: only new data is loaded."""

import datetime as dt
import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from applied import Applied, hit

from mtc.core.model import LoadedObject, Verdict
from mtc.state import schema
from mtc.state.store import Store

DAYS = [dt.date(2026, 5, number) for number in (1, 2, 3)]
NOW = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
DATED = "logs/docs/{date:%Y-%m-%d}.log*"
GROWING = "logs/docs/*.log*"
DATES = "dates: {from: 2026-05-01, to: 2026-05-03}\n"


class MigratedProject:
    """A project with a loaded log for each of three days."""

    def __init__(self, root: Path, *, packed: bool = False) -> None:
        self.applied, self.number = Applied(root), 0
        self.applied.manifest(DATES, url=DATED)
        for day in DAYS:
            self.write(day, 3)
        if packed:
            self.compress(DAYS[0])
        self.applied.apply(now=NOW)
        self.expect_all()

    def path(self, day: dt.date, end: str = "") -> Path:
        """Return the path of a day's log."""
        return self.applied.root / "logs" / "docs" / f"{day}.log{end}"

    def write(self, day: dt.date, count: int) -> None:
        """Append hits to the log of a day."""
        path = self.path(day)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as stream:
            for _ in range(count):
                self.number += 1
                stream.write(hit(dt.datetime.combine(day, dt.time(10), dt.UTC), f"/{self.number}"))

    def compress(self, day: dt.date) -> None:
        """Compress the log of a day."""
        self.path(day, ".gz").write_bytes(gzip.compress(self.path(day).read_bytes(), mtime=0))
        self.path(day).unlink()

    def loaded(self) -> list[LoadedObject]:
        """Return the loaded objects in the state."""
        with Store.open(self.applied.root / ".mtc" / "state.db", readonly=True) as store:
            objects = store.history(("docs",)).objects
        return [item for step in sorted(objects) for item in sorted(objects[step], key=lambda item: item.object.key)]

    def expect_all(self) -> None:
        """Assert that every hit counts once, on its day, and that nothing is left to do."""
        import duckdb  # noqa: PLC0415 - only this check needs it

        root = self.applied.root
        with Store.open(root / ".mtc" / "state.db", readonly=True) as store:
            files = [str(root / "warehouse" / file) for file in store.listed_files()]
        rows = duckdb.connect().execute("SELECT path FROM read_parquet(?)", [files]).fetchall()
        assert sorted(int(path[1:]) for (path,) in rows) == list(range(1, self.number + 1))
        assert sum(self.applied.actions(day) for day in DAYS) == self.number
        plan = self.applied.plan(now=NOW)
        assert {step.verdict for step in plan.steps} == {Verdict.UP_TO_DATE}, [step.reasons for step in plan.steps]


def as_version_1(path: Path) -> None:
    """Convert a state file to schema version 1, without newer columns and tables."""
    old = path.with_name("old.db")
    with closing(sqlite3.connect(old)) as connection:
        for statement in schema.MIGRATIONS[0]:
            connection.execute(statement)
        connection.execute("ATTACH ? AS now", (str(path),))
        for (table,) in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
            names = ", ".join(row[1] for row in connection.execute(f"PRAGMA main.table_info({table})"))
            connection.execute(f"DELETE FROM main.{table}")
            connection.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM now.{table}")
        connection.execute("PRAGMA main.user_version = 1")
        connection.execute(f"PRAGMA main.application_id = {schema.APPLICATION_ID:d}")
        connection.commit()
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    old.replace(path)


@pytest.fixture(params=[False, True], ids=["plain", "packed"])
def moved(request: pytest.FixtureRequest, tmp_path: Path) -> MigratedProject:
    """A project of three days, whose first log may be compressed."""
    return MigratedProject(tmp_path, packed=request.param)


def test_a_log_loaded_by_an_earlier_version_grows(tmp_path: Path) -> None:
    """After an upgrade from a state of version 1, only the tail of a grown log is loaded."""
    moved = MigratedProject(tmp_path)
    before = [item.object for item in moved.loaded()]
    as_version_1(tmp_path / ".mtc" / "state.db")
    moved.applied.apply(now=NOW)
    assert [item.object for item in moved.loaded()] == before
    moved.write(DAYS[1], 2)
    moved.applied.apply(now=NOW)
    moved.expect_all()
    assert [item.accounting.hits for item in moved.loaded()] == [3, 3, 2, 3]


def test_the_date_is_removed_from_the_url(moved: MigratedProject) -> None:
    """After removing the date from the URL, loaded logs are recognised, and can grow, be compressed and deleted."""
    before = [item.object for item in moved.loaded()]
    moved.applied.manifest(DATES, url=GROWING)
    moved.applied.apply(now=NOW)
    moved.expect_all()
    assert [item.object for item in moved.loaded()] == before
    for _ in range(2):
        moved.write(DAYS[2], 2)
        moved.applied.apply(now=NOW)
        moved.expect_all()
    moved.compress(DAYS[1])
    moved.compress(DAYS[2])
    moved.applied.apply(now=NOW)
    moved.expect_all()
    moved.path(DAYS[1], ".gz").unlink()
    moved.applied.apply(now=NOW)
    moved.expect_all()
    assert [item.accounting.hits for item in moved.loaded()] == [3, 3, 3, 2, 2]


def test_a_log_that_grew_before_the_date_was_removed(tmp_path: Path) -> None:
    """A log with new data when the date is removed from the URL is loaded from there on."""
    moved = MigratedProject(tmp_path)
    moved.write(DAYS[2], 2)
    moved.applied.apply(now=NOW)
    moved.write(DAYS[2], 1)
    moved.applied.manifest(DATES, url=GROWING)
    moved.applied.apply(now=NOW)
    moved.expect_all()
    assert [item.accounting.hits for item in moved.loaded()] == [3, 3, 3, 2, 1]
    moved.applied.manifest(DATES + "filters: {exclude_paths: [/never]}\n", url=GROWING)
    moved.applied.apply(now=NOW)
    moved.expect_all()


def test_the_cache_of_growing_logs_can_be_deleted(moved: MigratedProject) -> None:
    """Deleted files of the growing-logs cache are rebuilt."""
    moved.applied.manifest(DATES, url=GROWING)
    moved.applied.apply(now=NOW)
    for file in (moved.applied.root / ".mtc" / "growing").iterdir():
        file.unlink()
    moved.write(DAYS[2], 1)
    moved.applied.apply(now=NOW)
    moved.expect_all()
