"""Migration of state files from one version of the tables to the next."""

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
    """A file of version 1 with a failed step."""
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


def test_an_old_file_is_migrated_with_its_content(old_file: Path) -> None:
    """Opening it with a newer version adds tables and keeps the content, over more than one version."""
    with Store(open_for_writing(old_file, migrations=COLOURED), old_file) as store:
        record = store.record(STEP)
        assert store.lineage == "a" * 32
        assert store._connection.rows("SELECT colour FROM steps") == [("green",)]
        assert store._connection.rows("SELECT name FROM colours") == [("green",)]
        assert store._connection.rows("PRAGMA foreign_keys") == [(1,)]
    assert record is not None
    assert (record.status, record.error) == (Status.FAILED, "no such host")
    assert _version(old_file) == schema.VERSION + 2


def test_a_new_file_has_the_newest_tables(tmp_path: Path) -> None:
    """It went through every migration."""
    path = tmp_path / "state.db"
    open_for_writing(path, migrations=COLOURED).close()
    assert _version(path) == schema.VERSION + 2


def test_an_old_file_is_read_without_changing_it(old_file: Path) -> None:
    """A reader sees the new tables, and the file stays unchanged."""
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
def test_a_failed_migration_leaves_the_file_unchanged(old_file: Path, broken: tuple[str, ...]) -> None:
    """A step of the migration is done completely or not at all, and must not break a reference."""
    with pytest.raises(sqlite3.Error):
        open_for_writing(old_file, migrations=(*schema.MIGRATIONS, broken))
    assert _version(old_file) == schema.VERSION
    with Store.open(old_file) as store:
        assert store.record(STEP) is not None
        assert store._connection.rows("SELECT name FROM sqlite_master WHERE name = 'extra'") == []


@pytest.mark.parametrize("readonly", [True, False])
def test_a_file_of_a_newer_version_is_not_changed(old_file: Path, *, readonly: bool) -> None:
    """It cannot be read: exit code 6, with what to do."""
    open_for_writing(old_file, migrations=COLOURED).close()
    before = old_file.read_bytes()
    with pytest.raises(StateError, match=NEWER) as caught:
        Store.open(old_file, readonly=readonly)
    assert caught.value.exit_code == 6
    assert caught.value.where == str(old_file)
    assert old_file.read_bytes() == before
