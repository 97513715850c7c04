"""From one version of the tables to the next."""

import datetime as dt
import sqlite3
from pathlib import Path

import pytest

from mtc.core.errors import StateError
from mtc.core.model import Stage, Status, StepId
from mtc.state import schema
from mtc.state.connection import open_for_reading, open_for_writing
from mtc.state.store import Store

AT = dt.datetime(2026, 5, 2, 6, tzinfo=dt.UTC)
STEP = StepId(Stage.STAT, "docs", dt.date(2026, 5, 1))
COLOURED = (
    *schema.MIGRATIONS,
    (
        "ALTER TABLE steps ADD COLUMN colour TEXT NOT NULL DEFAULT 'green'",
        "CREATE TABLE colours (name TEXT PRIMARY KEY)",
    ),
    ("INSERT INTO colours (name) SELECT DISTINCT colour FROM steps",),
)
NEWER = rf"from a newer mtc .*version is {schema.VERSION + 2}, this mtc knows {schema.VERSION}.*upgrade mtc"


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """A file of version 1 with a failed step in it."""
    path = tmp_path / "state.db"
    with Store.open(path, lineage="a" * 32) as store:
        store.step_failed(STEP, "no such host", at=AT)
    return path


def _version(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return schema.version_of(connection)
    finally:
        connection.close()


def test_an_old_file_is_brought_up_to_date_with_all_that_it_holds(old_file: Path) -> None:
    """Opening with a newer mtc adds what is new and keeps what is there, over more than one version."""
    with Store(open_for_writing(old_file, migrations=COLOURED), old_file) as store:
        record = store.record(STEP)
        assert store.lineage == "a" * 32
        assert store._connection.rows("SELECT colour FROM steps") == [("green",)]
        assert store._connection.rows("SELECT name FROM colours") == [("green",)]
        assert store._connection.rows("PRAGMA foreign_keys") == [(1,)]
    assert record is not None
    assert (record.status, record.error) == (Status.FAILED, "no such host")
    assert _version(old_file) == schema.VERSION + 2


def test_a_file_is_made_with_the_newest_tables(tmp_path: Path) -> None:
    """A new file went through every step."""
    path = tmp_path / "state.db"
    open_for_writing(path, migrations=COLOURED).close()
    assert _version(path) == schema.VERSION + 2


def test_an_old_file_is_read_without_a_change_to_it(old_file: Path) -> None:
    """Who only reads sees the new tables, and the file stays as it was."""
    before = old_file.read_bytes()
    with Store(open_for_reading(old_file, migrations=COLOURED), old_file) as store:
        assert store._connection.rows("SELECT colour FROM steps") == [("green",)]
        assert store.record(STEP) is not None
    assert old_file.read_bytes() == before


@pytest.mark.parametrize(
    "broken",
    [
        ("CREATE TABLE extra (a)", "INSERT INTO nowhere VALUES (1)"),
        ("CREATE TABLE extra (a)", "INSERT INTO attempts (step, run, number, started) VALUES (99, 'x', 1, '')"),
    ],
)
def test_a_migration_that_fails_leaves_the_file_as_it_was(old_file: Path, broken: tuple[str, ...]) -> None:
    """A step of the migration is done whole or not at all, and may break no reference."""
    with pytest.raises(sqlite3.Error):
        open_for_writing(old_file, migrations=(*schema.MIGRATIONS, broken))
    assert _version(old_file) == schema.VERSION
    with Store.open(old_file) as store:
        assert store.record(STEP) is not None
        assert store._connection.rows("SELECT name FROM sqlite_master WHERE name = 'extra'") == []


@pytest.mark.parametrize("readonly", [True, False])
def test_a_file_of_a_newer_mtc_is_left_alone(old_file: Path, *, readonly: bool) -> None:
    """It cannot be understood: exit code 6, with what to do."""
    open_for_writing(old_file, migrations=COLOURED).close()
    before = old_file.read_bytes()
    with pytest.raises(StateError, match=NEWER) as caught:
        Store.open(old_file, readonly=readonly)
    assert caught.value.exit_code == 6
    assert caught.value.where == str(old_file)
    assert old_file.read_bytes() == before
