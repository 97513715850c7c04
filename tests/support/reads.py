"""Log text read as the import stage reads it, without filters."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mtc.formats.line_sql import Reading
from mtc.formats.model import Format
from mtc.formats.settings import Filters
from mtc.stages.import_.line_table import read_all

ALL = Filters(bots=True, static=True, errors=True, redirects=True)
_LINES = 'SELECT reason, rejected, "text", * EXCLUDE (reason, rejected, "text", download) FROM lines ORDER BY rowid'
Line = tuple[object, ...]


@functools.cache
def database() -> duckdb.DuckDBPyConnection:
    """Return the database that all tests of a process share: opening one takes longer than reading a small log."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    return connection


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads lines from a file in a folder."""

    connection: duckdb.DuckDBPyConnection
    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Reader":
        """Return a reader with its own connection."""
        return cls(database().cursor(), folder)

    def read(self, lines: Iterable[str], form: Format, *, exact: bool = False) -> list[Line]:
        """Return a row for each line: reason, rejected, text, and its fields."""
        path = self.folder / "read.log"
        path.write_bytes("".join(line + "\n" for line in lines).encode())
        read_all(self.connection, path, Reading(form, ALL), exact=exact)
        return self.connection.execute(_LINES).fetchall()

    def reasons(self, lines: Iterable[str], form: Format) -> list[object]:
        """Return the reason why each line is not a hit; None for a hit."""
        return [line[0] for line in self.read(lines, form)]

    def column(self, name: str, lines: Iterable[str], form: Format) -> list[object]:
        """Return one field of every line."""
        return [value for (value,) in self.columns((name,), lines, form)]

    def columns(self, names: Iterable[str], lines: Iterable[str], form: Format) -> list[Line]:
        """Return some fields of every line."""
        self.read(lines, form)
        wanted = ", ".join(f'"{name}"' for name in names)
        return self.connection.execute(f"SELECT {wanted} FROM lines ORDER BY rowid").fetchall()
