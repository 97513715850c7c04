"""Logs that were loaded by an earlier mtc, or under a URL with a date: only what is new is loaded."""

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


class Moved:
    """A project with a log for each of three days, which are loaded."""

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
        """A log's path."""
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
        """What the state has of the days."""
        with Store.open(self.applied.root / ".mtc" / "state.db", readonly=True) as store:
            objects = store.history(("docs",)).objects
        return [item for step in sorted(objects) for item in sorted(objects[step], key=lambda item: item.object.key)]

    def expect_all(self) -> None:
        """Every hit counts once, in the statistics of its day, and nothing is left to do."""
        import duckdb  # noqa: PLC0415 - the test's own look

        root = self.applied.root
        with Store.open(root / ".mtc" / "state.db", readonly=True) as store:
            files = [str(root / "warehouse" / file) for file in store.listed_files()]
        rows = duckdb.connect().execute("SELECT path FROM read_parquet(?)", [files]).fetchall()
        assert sorted(int(path[1:]) for (path,) in rows) == list(range(1, self.number + 1))
        assert sum(self.applied.actions(day) for day in DAYS) == self.number
        plan = self.applied.plan(now=NOW)
        assert {step.verdict for step in plan.steps} == {Verdict.UP_TO_DATE}, [step.reasons for step in plan.steps]


def as_version_1(path: Path) -> None:
    """Turn a state file into one of the first version, with all that this could hold."""
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
def moved(request: pytest.FixtureRequest, tmp_path: Path) -> Moved:
    """Three days; the log of the first one may be compressed."""
    return Moved(tmp_path, packed=request.param)


def test_a_log_that_an_earlier_mtc_loaded_grows(tmp_path: Path) -> None:
    """Of a state file of version 1: the rest is loaded."""
    moved = Moved(tmp_path)
    before = [item.object for item in moved.loaded()]
    as_version_1(tmp_path / ".mtc" / "state.db")
    moved.applied.apply(now=NOW)
    assert [item.object for item in moved.loaded()] == before
    moved.write(DAYS[1], 2)
    moved.applied.apply(now=NOW)
    moved.expect_all()
    assert [item.accounting.hits for item in moved.loaded()] == [3, 3, 2, 3]


def test_the_date_is_taken_out_of_the_url(moved: Moved) -> None:
    """What was loaded is known, and its rest is new, again and again; logs are compressed and deleted as before."""
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


def test_a_log_that_grew_before_the_date_was_taken_out(tmp_path: Path) -> None:
    """In pieces, of which the last one was not seen."""
    moved = Moved(tmp_path)
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


def test_what_is_remembered_may_be_removed(moved: Moved) -> None:
    """It is found out again."""
    moved.applied.manifest(DATES, url=GROWING)
    moved.applied.apply(now=NOW)
    for file in (moved.applied.root / ".mtc" / "growing").iterdir():
        file.unlink()
    moved.write(DAYS[2], 1)
    moved.applied.apply(now=NOW)
    moved.expect_all()
