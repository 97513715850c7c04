"""An open state file and its transactions. Queries and transitions share one; the tables are not known here."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mtc.state import state_errors
from mtc.state.rows import Row

Parameters = Mapping[str, object] | Sequence[object]


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
        """All transitions inside are recorded together, with one fsync, or not at all. Raises StateError.

        Inside another transaction this is a part of it, which can be undone by itself.
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
        if not self.sqlite.in_transaction:  # SQLite has undone it all: a full disk, a failing one
            return
        with contextlib.suppress(sqlite3.Error):  # the error that led here says more
            if nested:
                self.sqlite.execute("ROLLBACK TO part")
                self.sqlite.execute("RELEASE part")
            else:
                self.sqlite.execute("ROLLBACK")

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read inside is of one moment, whatever another process writes meanwhile. Raises StateError."""
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
        """All rows of a query. Raises StateError."""
        with state_errors.explained(self.sqlite, self.path):
            return self.sqlite.execute(sql, parameters).fetchall()

    def execute(self, sql: str, parameters: Parameters = ()) -> sqlite3.Cursor:
        """Run one statement of the transaction around it, which explains its errors."""
        return self.sqlite.execute(sql, parameters)

    def execute_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Run one statement for each row, in the transaction around it."""
        self.sqlite.executemany(sql, rows)
