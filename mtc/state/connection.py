"""An open state file and its transactions: what the questions and the transitions stand on."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from mtc.state import state_errors
from mtc.state.rows import Row


class Ledger:
    """One connection to one state file, used by one thread."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    def close(self) -> None:
        """Close the file; everything that was recorded is in it."""
        with state_errors.explained(None, self.path):
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All transitions inside are recorded together, with one fsync, or not at all.

        Inside another transaction this is a part of it, which can be undone by itself.
        """
        with state_errors.explained(self._connection, self.path):
            nested = self._connection.in_transaction
            self._connection.execute("SAVEPOINT part" if nested else "BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("RELEASE part" if nested else "COMMIT")
            except BaseException:
                self._undo(nested=nested)
                raise

    def _undo(self, *, nested: bool) -> None:
        if not self._connection.in_transaction:  # SQLite has undone it all: a full disk, a failing one
            return
        with contextlib.suppress(sqlite3.Error):  # the error that led here says more
            if nested:
                self._connection.execute("ROLLBACK TO part")
                self._connection.execute("RELEASE part")
            else:
                self._connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[None]:
        """All that is read inside is of one moment, whatever another process writes meanwhile."""
        if self._connection.in_transaction:
            yield
            return
        with state_errors.explained(self._connection, self.path):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("COMMIT")

    def _rows(self, sql: str, parameters: dict[str, object] | tuple[object, ...] = ()) -> list[Row]:
        with state_errors.explained(self._connection, self.path):
            return self._connection.execute(sql, parameters).fetchall()
