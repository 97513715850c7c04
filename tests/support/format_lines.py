"""Log lines for tests, and what the database makes of them: each line's fields, or why it is no hit."""

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
from mtc.stages.import_.line_table import read_text

# Everything counts: what a line holds can be looked at, whatever it is.
OPEN = Filters(bots=True, static=True, errors=True, redirects=True)

TIME = "01/May/2026:10:05:03 +0000"
MOMENT = dt.datetime(2026, 5, 1, 10, 5, 3)  # noqa: DTZ001 - as the database has it, UTC without saying so
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0"


@dataclasses.dataclass(frozen=True)
class Read:
    """A line as it was read. A line that is no hit has a reason and no fields."""

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


@functools.cache
def database() -> duckdb.DuckDBPyConnection:
    """One database for all tests of a process."""
    return duckdb.connect(config={"threads": 1})


def read(path: Path, form: Format, data: bytes, filters: Filters = OPEN, *, exact: bool = False) -> list[Read]:
    """Read lines through a file at `path`, by the fast path or by the exact path alone."""
    path.write_bytes(data)
    with database().cursor() as connection:
        read_text(connection, path, Reading(form, filters), exact=exact)
        columns = ", ".join(f'"{field.name}"' for field in dataclasses.fields(Read))
        rows = connection.execute(f"SELECT {columns} FROM lines ORDER BY rowid").fetchall()
        connection.execute("DROP TABLE lines")
    return [Read(*row) for row in rows]


def read_all(path: Path, form: Format, lines: Sequence[str], filters: Filters = OPEN) -> list[Read]:
    """Clean and read lines by both paths, which must agree."""
    data = clean("".join(f"{line}\n" for line in lines).encode())
    fast = read(path, form, data, filters)
    assert fast == read(path, form, data, filters, exact=True)
    return fast


@functools.cache
def _together(form: Format, lines: tuple[str, ...]) -> tuple[Read, ...]:
    with tempfile.TemporaryDirectory() as folder:
        return tuple(read_all(Path(folder) / "a.log", form, lines))


def one_of(lines: Sequence[str], line: str, form: Format) -> Read:
    """What is read of a line in a file of these lines, by both paths.

    The file is read once for the tests of all its lines: to plan the query takes longer than to read many lines.
    """
    return _together(form, tuple(lines))[lines.index(line)]


def combined(  # noqa: PLR0913 - a line has that many fields
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
    """A line in combined format."""
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
    """A line in common format."""
    return f'{ip} - {user} [{time}] "{request}" {status} {size}'
