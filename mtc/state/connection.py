"""The state file opened (made, checked, migrated), and its transactions.

While a run may be at work the file is opened through SQLite only: closing any other handle of it would drop
SQLite's own locks in this process (https://sqlite.org/howtocorrupt.html, 2.2).
"""

import contextlib
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mtc.core.atomic_files import PRIVATE, create_once, make_folder, sweep
from mtc.core.errors import StateError
from mtc.state import schema, state_errors
from mtc.state.rows import Row
from mtc.state.state_errors import CannotWriteError

Parameters = Mapping[str, object] | Sequence[object]
BUSY_SECONDS = 10.0
_SIDE_FILES = ("-wal", "-journal")  # may lie beside the file, and are part of its content
_COPIES = 5


class StateConnection:
    """One connection to one state file, used by one thread.

    `sqlite` is in autocommit mode: transactions begin and end here.
    """

    def __init__(self, sqlite: sqlite3.Connection, path: Path) -> None:
        self.sqlite = sqlite
        self.path = path

    def close(self) -> None:
        """Close the file; everything that was recorded is in it. Raises StateError."""
        with state_errors.explained(None, self.path):
            self.sqlite.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything inside together, with one fsync, or nothing. Raises StateError.

        Inside another transaction this is a savepoint, which can be rolled back on its own.
        """
        with state_errors.explained(self.sqlite, self.path):
            nested = self.sqlite.in_transaction
            self.sqlite.execute("SAVEPOINT part" if nested else "BEGIN IMMEDIATE")
            try:
                yield
                self.sqlite.execute("RELEASE part" if nested else "COMMIT")
            except BaseException:
                self._undo(nested=nested)
                raise

    def _undo(self, *, nested: bool) -> None:
        if not self.sqlite.in_transaction:  # SQLite has rolled back already: the disk is full or failing
            return
        with contextlib.suppress(sqlite3.Error):  # the error being raised says more
            if nested:
                self.sqlite.execute("ROLLBACK TO part")
                self.sqlite.execute("RELEASE part")
            else:
                self.sqlite.execute("ROLLBACK")

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Make all queries inside read the same state, whatever another process writes meanwhile. Raises StateError."""
        if self.sqlite.in_transaction:
            yield
            return
        with state_errors.explained(self.sqlite, self.path):
            self.sqlite.execute("BEGIN")
            try:
                yield
            finally:
                with contextlib.suppress(sqlite3.Error):
                    self.sqlite.execute("COMMIT")

    def rows(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Fetch all rows of a query. Raises StateError."""
        with state_errors.explained(self.sqlite, self.path):
            return self.sqlite.execute(sql, parameters).fetchall()

    def each_row(self, sql: str, parameters: Parameters = ()) -> Generator[Row]:
        """Fetch the rows of a query one by one, as very many take up much more memory than what is made of them.

        Whoever may stop before the last one closes it. Raises StateError.
        """
        with state_errors.explained(self.sqlite, self.path):
            yield from self.sqlite.execute(sql, parameters)

    def execute(self, sql: str, parameters: Parameters = ()) -> sqlite3.Cursor:
        """Run one statement inside a transaction, which turns SQLite errors into StateErrors."""
        return self.sqlite.execute(sql, parameters)

    def execute_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Run one statement for each row, inside a transaction."""
        self.sqlite.executemany(sql, rows)


def open_for_writing(
    path: Path, lineage: str = "", migrations: schema.Migrations = schema.MIGRATIONS
) -> sqlite3.Connection:
    """Open the state file for writing; a missing file is made, an older one migrated. Raises StateError."""
    if _exists(path):
        sweep(path.parent, path.name.__eq__, ending=".new")
    else:
        _create(path, lineage or uuid.uuid4().hex, migrations)
    _make_private(path)
    connection = _connect(path, "rw")
    try:
        with state_errors.explained(connection, path):
            _check(connection, path, len(migrations))
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            schema.migrate(connection, migrations)
            connection.execute("PRAGMA foreign_keys = ON")
            _try_to_write(connection, len(migrations))
    except BaseException:
        connection.close()
        raise
    return connection


def _try_to_write(connection: sqlite3.Connection, version: int) -> None:
    """Fail now, and not in the middle of a run, if nothing can be written. BEGIN alone does not write."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(f"PRAGMA user_version = {version:d}")
    finally:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def open_for_reading(path: Path, migrations: schema.Migrations = schema.MIGRATIONS) -> sqlite3.Connection:
    """Open the state file read-only; it works while a run writes, in a read-only folder, and without a file.

    The connection is to a copy in memory if SQLite cannot read in place, as it has to write beside the file, or if the
    tables are those of an older mtc. A missing file is an empty state. Raises StateError.
    """
    if not _exists(path):
        connection = sqlite3.connect(":memory:", isolation_level=None)
        schema.migrate(connection, migrations)
    else:
        connection = _in_place(path, len(migrations)) or _copy_in_memory(path, len(migrations))
        if schema.version_of(connection) < len(migrations):
            with contextlib.closing(connection) as older, state_errors.explained(older, path):
                connection = _into_memory(older)
            schema.migrate(connection, migrations)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _exists(path: Path) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise state_errors.of_system(error, path, "open the state file") from error
    if not path.is_file():
        hint = "give the path of a file as the state"
        raise StateError("the state file cannot be opened: this is not a file", where=str(path), hint=hint)
    if not found.st_size:
        raise state_errors.damaged(path, "it is empty")
    return True


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode={mode}"
    with state_errors.explained(None, path):
        return sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def _check(connection: sqlite3.Connection, path: Path, newest: int) -> None:
    """Refuse a file of another program, and one of a newer mtc."""
    if connection.execute("PRAGMA application_id").fetchone() != (schema.APPLICATION_ID,):
        what = "this is a database, but no state file of mtc"
        raise StateError(what, where=str(path), hint="check the path of the state: `state:` or `--state`")
    version = schema.version_of(connection)
    if version > newest:
        what = f"the state file is from a newer mtc (its version is {version}, this mtc knows {newest})"
        raise StateError(what, where=str(path), hint="upgrade mtc; or use another state file")
    if version < 1:
        raise state_errors.damaged(path, "it names no version")


def _create(path: Path, lineage: str, migrations: schema.Migrations) -> None:
    def fill(staged: Path) -> None:
        with contextlib.closing(_connect(staged, "rw")) as connection, state_errors.explained(connection, path):
            connection.execute("PRAGMA journal_mode = MEMORY")  # no file beside it: it has no name yet
            connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID:d}")
            schema.migrate(connection, migrations)
            connection.execute("INSERT INTO meta (name, value) VALUES ('lineage', ?)", (lineage,))

    try:
        make_folder(path.parent, 0o700)
        create_once(path, fill)
    except OSError as error:
        raise state_errors.of_system(error, path, "create the state file") from error


def _make_private(path: Path) -> None:
    """Remove the permissions of group and others; if that is not allowed, the file belongs to another user."""
    for name in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        with contextlib.suppress(OSError):
            if name.stat().st_mode & 0o077:
                name.chmod(PRIVATE)


def _in_place(path: Path, newest: int) -> sqlite3.Connection | None:
    """A connection that reads the file in place; None where SQLite would have to write to do so."""
    try:
        connection = _connect(path, "ro")
    except CannotWriteError:
        return None
    try:
        with state_errors.explained(connection, path):
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            _check(connection, path, newest)
    except CannotWriteError:
        connection.close()
        return None
    except BaseException:
        connection.close()
        raise
    return connection


def _copy_in_memory(path: Path, newest: int) -> sqlite3.Connection:
    """A copy of the file in memory; copied again when the file changed meanwhile."""
    try:
        for _ in range(_COPIES):
            before = _sizes_and_times(path)
            load = _load_copied if any(size for size, _ in before[1:]) else _load_immutable
            connection = load(path, newest)
            if _sizes_and_times(path) == before:
                return connection
            connection.close()
    except OSError as error:
        raise state_errors.of_system(error, path, "read the state file") from error
    raise StateError("the state file keeps changing", where=str(path), hint="try again when the run has ended")


def _load_immutable(path: Path, newest: int) -> sqlite3.Connection:
    """Read a file that has nothing beside it, without a lock."""
    path.open("rb").close()  # its error says more than SQLite's
    return _loaded(_connect(path, "ro&immutable=1"), path, newest)


def _load_copied(path: Path, newest: int) -> sqlite3.Connection:
    """Read a file and its log through a copy of both in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="mtc-state-") as folder:
        copy = Path(folder, path.name)
        for end in ("", *_SIDE_FILES):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(path.with_name(path.name + end), copy.with_name(copy.name + end))
        return _loaded(_connect(copy, "rw"), path, newest)


def _loaded(connection: sqlite3.Connection, path: Path, newest: int) -> sqlite3.Connection:
    with contextlib.closing(connection), state_errors.explained(connection, path):
        _check(connection, path, newest)
        return _into_memory(connection)


def _sizes_and_times(path: Path) -> list[tuple[int, int]]:
    """Size and time of the file and of its side files."""
    stamps: list[tuple[int, int]] = []
    for end in ("", *_SIDE_FILES):
        try:
            found = path.with_name(path.name + end).stat()
        except FileNotFoundError:
            stamps.append((0, 0))
        else:
            stamps.append((found.st_size, found.st_mtime_ns))
    return stamps


def _into_memory(connection: sqlite3.Connection) -> sqlite3.Connection:
    memory = sqlite3.connect(":memory:", isolation_level=None)
    connection.backup(memory)
    return memory
