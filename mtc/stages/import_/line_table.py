"""A bundle's text file into the table `lines`, one row for each line, whatever the lines hold.

The file is read as it is; where the database refuses it, or reads other lines than were counted, it is cleaned and
read again; then, if need be, by the exact path alone.

Which lines of a bundle are whose: a small table of segments beside `lines`, and the SQL that joins the two.

The table `agents`: each distinct user agent among the lines that may be hits, decided once and then known.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mtc.core.errors import PermanentError
from mtc.core.sanitize import printable
from mtc.formats.agents import Agent, classify
from mtc.formats.compression import blocks
from mtc.formats.filters import agent_excluded
from mtc.formats.line_cleaning import BOM, clean, unmarked, whole_lines
from mtc.formats.line_sql import COUNTED, Reading, judged, read_lines
from mtc.formats.settings import Filters
from mtc.stages.import_.bundles import Bundle, Segment
from mtc.stages.import_.known_agents import KNOWN_COLUMNS, KnownAgents
from mtc.warehouse.parts import object_id

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


_SEGMENTS = """
CREATE OR REPLACE TEMP TABLE segments (number INTEGER, first BIGINT, shift BIGINT, object VARCHAR, key VARCHAR)
"""
_FILL_SEGMENTS = "INSERT INTO segments SELECT unnest(?), unnest(?), unnest(?), unnest(?), unnest(?)"

_ONE_OWNER = "(SELECT lines.rowid AS n, * FROM lines CROSS JOIN segments) AS l"
_MANY_OWNERS = "(SELECT * FROM (SELECT rowid AS n, * FROM lines) AS a ASOF JOIN segments AS b ON a.n >= b.first) AS l"


def fill_segments(connection: duckdb.DuckDBPyConnection, bundle: Bundle) -> None:
    """Fill the table `segments`, a row for each one that has lines; `n + shift` is a line's number in its object."""
    connection.execute(_SEGMENTS)
    filled = [(number, segment) for number, segment in enumerate(bundle.segments) if segment.lines]
    if filled:
        connection.execute(
            _FILL_SEGMENTS,
            [
                [number for number, _ in filled],
                [segment.first for _, segment in filled],
                [segment.offset - segment.first + 1 for _, segment in filled],
                [owner(segment) for _, segment in filled],
                [printable(segment.object.key) for _, segment in filled],
            ],
        )


def owned_lines(bundle: Bundle) -> str:
    """SQL: `lines` as `l`, each with `n`, its number in the bundle from 0, and the columns of its segment."""
    return _ONE_OWNER if sum(segment.lines > 0 for segment in bundle.segments) <= 1 else _MANY_OWNERS


def owner(segment: Segment) -> str:
    """The id of the object that a segment belongs to."""
    return object_id(segment.object.key, segment.object.version)


_WANTED = """
CREATE OR REPLACE TEMP TABLE wanted_agents AS
SELECT DISTINCT coalesce(user_agent, '') AS user_agent FROM lines WHERE reason IS NULL
"""
_COLUMNS = ", ".join(f"{name} {kind}" for name, kind in KNOWN_COLUMNS)
_UNKNOWN = "SELECT user_agent FROM wanted_agents ANTI JOIN known_agents USING (user_agent)"
_FILL_AGENTS = f"INSERT INTO new_agents SELECT {', '.join('unnest(?)' for _ in KNOWN_COLUMNS)}"
_PIECE = 20_000

JOIN_AGENTS = "LEFT JOIN agents ON coalesce(l.user_agent, '') = agents.user_agent"
"""SQL that gives the lines `l` their agent."""


def fill_agents(connection: duckdb.DuckDBPyConnection, filters: Filters, known: KnownAgents | None = None) -> None:
    """Fill the table `agents`, a row a text. An agent that the filters name is marked. New ones become `known`."""
    connection.execute(_WANTED)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE known_agents ({_COLUMNS})")
    if known:
        known.find(connection, "wanted_agents", "known_agents")
    texts = [text for (text,) in connection.execute(_UNKNOWN).fetchall()]
    for first in range(0, len(texts), _PIECE):
        _decide(connection, texts[first : first + _PIECE], known)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE agents AS SELECT *, {agent_excluded(filters)} AS excluded FROM known_agents"  # noqa: S608 - made of this package's own pieces
    )


def _decide(connection: duckdb.DuckDBPyConnection, texts: list[str], known: KnownAgents | None) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE new_agents ({_COLUMNS})")
    connection.execute(_FILL_AGENTS, _columns(texts, classify(texts)))
    connection.execute("INSERT INTO known_agents FROM new_agents")
    if known:
        known.keep(connection, "new_agents")


def _columns(texts: list[str], agents: list[Agent]) -> list[list[object]]:
    """The values of `KNOWN_COLUMNS`, a list a column."""
    return [
        [*texts],
        [agent.bot for agent in agents],
        [agent.browser for agent in agents],
        [agent.version or None for agent in agents],
        [agent.os for agent in agents],
        [agent.device for agent in agents],
        [agent.robot or None for agent in agents],
        [agent.kind or None for agent in agents],
    ]
