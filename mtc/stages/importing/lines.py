"""A bundle's text file into the table `lines`, one row for each line, whatever the lines hold.

The file is read as it is; where the database refuses it, or reads other lines than were counted, it is cleaned and
read again; then, if need be, by the exact path alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mtc.errors import PermanentError
from mtc.formats.clean import BOM, clean, unmarked, whole_lines
from mtc.formats.compression import blocks
from mtc.formats.reading import Reading, read_lines
from mtc.formats.unmatched import COUNTED, judged
from mtc.stages.importing.bundle import Bundle

_DATA_ERRORS = (duckdb.InvalidInputException, duckdb.ConversionException)


def fill_lines(connection: duckdb.DuckDBPyConnection, bundle: Bundle, reading: Reading, scratch: Path) -> None:
    """Fill `lines`. `scratch` is the path of a file that may be made on the way, and is gone at the end."""
    reader = _Reader(connection, bundle, reading)
    if bundle.tidy and reader.reads(bundle.path, exact=False):
        return
    try:
        _write_clean(bundle, scratch)
        if not reader.reads(scratch, exact=False) and not reader.reads(scratch, exact=True):
            hint = "nothing of it was loaded; please report this with the file"
            raise PermanentError("not every line could be accounted for", where=bundle.where, hint=hint)
    finally:
        scratch.unlink(missing_ok=True)


def read_text(connection: duckdb.DuckDBPyConnection, path: Path, reading: Reading, *, exact: bool) -> int:
    """Make `lines` from a text file; how many lines there are.

    `exact` reads whole lines and uses the exact path alone; the file must have been cleaned for it. Raises DuckDB's
    InvalidInputException or ConversionException for a file that it cannot read.
    """
    connection.execute(read_lines(path, reading, exact=exact))
    ((count, unmatched),) = connection.execute(COUNTED).fetchall()
    if unmatched:
        connection.execute(judged(reading.format, keep_all=reading.keep_all))
    return int(count)


@dataclass(frozen=True, slots=True)
class _Reader:
    connection: duckdb.DuckDBPyConnection
    bundle: Bundle
    reading: Reading

    def reads(self, path: Path, *, exact: bool) -> bool:
        """Fill `lines`; whether exactly the lines that were counted came of it."""
        try:
            return read_text(self.connection, path, self.reading, exact=exact) == self.bundle.lines
        except _DATA_ERRORS:
            return False


def _write_clean(bundle: Bundle, target: Path) -> None:
    with target.open("wb") as stream:
        for block in _clean_blocks(bundle):
            stream.write(block)


def _clean_blocks(bundle: Bundle) -> Iterator[bytes]:
    """Clean whole lines. A mark in the spool is one of ours; one in a file from outside is not."""
    raw = blocks(bundle.path, where=bundle.where)
    text = whole_lines(raw if bundle.temporary else unmarked(raw))
    first = next(text, b"")
    yield clean(first.removeprefix(BOM))
    yield from map(clean, text)
