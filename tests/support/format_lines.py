"""Log lines, and how the database parses them: the fields of each line, or the reason why it is not a hit."""

import dataclasses
import datetime as dt
import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from mtc.formats.line_cleaning import clean
from mtc.formats.line_sql import Reading
from mtc.formats.model import Format
from mtc.formats.settings import Filters
from mtc.stages.import_.line_table import Lines, read_all, read_text

# No filters, so that every line has its fields.
OPEN = Filters(bots=True, static=True, errors=True, redirects=True)

TIME = "01/May/2026:10:05:03 +0000"
MOMENT = dt.datetime(2026, 5, 1, 10, 5, 3)  # noqa: DTZ001 - the database returns UTC without a time zone
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0"


@dataclasses.dataclass(frozen=True)
class Read:
    """A parsed line. A line that is not a hit has a reason and no fields."""

    reason: str | None = None
    rejected: bool = False
    text: str | None = None
    host: str | None = None
    ip: str | None = None
    user: str | None = None
    ts: dt.datetime | None = None
    method: str | None = None
    path: str | None = None
    query: str | None = None
    protocol: str | None = None
    status: int | None = None
    bytes: int | None = None
    referrer: str | None = None
    user_agent: str | None = None
    download: bool | None = None


_COLUMNS = ", ".join(f'"{field.name}"' for field in dataclasses.fields(Read))
_HIT = _COLUMNS.replace('"reason", "rejected", "text"', "NULL, false, NULL")


@functools.cache
def database() -> duckdb.DuckDBPyConnection:
    """Return the database that all tests of a process share."""
    return duckdb.connect(config={"threads": 1})


def read(
    path: Path,
    form: Format,
    data: bytes,
    filters: Filters = OPEN,
    *,
    exact: bool = False,
    reading: Reading | None = None,
) -> list[Read]:
    """Read lines through a file at `path`, by the fast path or by the exact path alone."""
    path.write_bytes(data)
    with database().cursor() as connection:
        read_all(connection, path, reading or Reading(form, filters), exact=exact)
        rows = connection.execute(f"SELECT {_COLUMNS} FROM lines ORDER BY rowid").fetchall()
        connection.execute("DROP TABLE lines")
    return [Read(*row) for row in rows]


def read_plain(path: Path, reading: Reading, data: bytes) -> list[Read]:
    """The same where plain lines are read apart, as an import reads them. A line's text is kept if it is rejected."""
    path.write_bytes(data)
    with database().cursor() as connection:
        found = read_text(connection, path, reading, exact=False)
        rows = {n: Read(*row) for n, *row in connection.execute(f"SELECT n, {_HIT} FROM {found.hits}").fetchall()}
        rows |= {n: Read(*row) for n, *row in connection.execute(_others(found)).fetchall()}
        connection.execute("DROP TABLE lines")
    assert sorted(rows) == list(range(found.count))
    return [rows[n] for n in range(found.count)]


def _others(found: Lines) -> str:
    return f"""
SELECT reasons.n, reasons.reason, reasons.rejected, texts.text
FROM {found.reasons} AS reasons LEFT JOIN {found.read} AS texts ON reasons.n = texts.n
"""


def read_each_way(path: Path, form: Format, lines: Sequence[str], filters: Filters = OPEN) -> list[Read]:
    """Clean and read lines by every path; all must agree."""
    data = clean("".join(f"{line}\n" for line in lines).encode())
    fast = read(path, form, data, filters)
    assert fast == read(path, form, data, filters, exact=True)
    assert fast == read_plain(path, Reading(form, filters), data)
    return fast


@functools.cache
def _together(form: Format, lines: tuple[str, ...]) -> tuple[Read, ...]:
    with tempfile.TemporaryDirectory() as folder:
        return tuple(read_each_way(Path(folder) / "a.log", form, lines))


def one_of(lines: Sequence[str], line: str, form: Format) -> Read:
    """Return how a line of these lines is read, by both paths.

    The file is read once for the tests of all its lines, as planning the query takes longer than reading many lines.
    """
    return _together(form, tuple(lines))[lines.index(line)]


def combined(  # noqa: PLR0913 - one for each field of a line
    request: str = "GET / HTTP/1.1",
    *,
    ip: str = "192.0.2.1",
    user: str = "-",
    time: str = TIME,
    status: str = "200",
    size: str = "512",
    referrer: str = "-",
    agent: str = AGENT,
) -> str:
    """Return a line in combined format."""
    return f'{common(request, ip=ip, user=user, time=time, status=status, size=size)} "{referrer}" "{agent}"'


def common(
    request: str = "GET / HTTP/1.1",
    *,
    ip: str = "192.0.2.1",
    user: str = "-",
    time: str = TIME,
    status: str = "200",
    size: str = "512",
) -> str:
    """Return a line in common format."""
    return f'{ip} - {user} [{time}] "{request}" {status} {size}'
