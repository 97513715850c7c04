"""The tables of a bundle: `lines`, a row for each line; `segments`, which assigns them to objects; `agents`.

The file is first read as it is. If the database refuses it, or reads another number of lines than was counted, it is
cleaned and read again; if that fails too, with the exact path alone. `agents` has each distinct user agent of the lines
that may be hits, classified once.
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

_SEGMENTS = """
CREATE OR REPLACE TEMP TABLE segments (number INTEGER, first BIGINT, shift BIGINT, object VARCHAR, key VARCHAR)
"""
_FILL_SEGMENTS = "INSERT INTO segments SELECT unnest(?), unnest(?), unnest(?), unnest(?), unnest(?)"

_ONE_SEGMENT = "(SELECT lines.rowid AS n, * FROM lines CROSS JOIN segments) AS l"
_MANY_SEGMENTS = "(SELECT * FROM (SELECT rowid AS n, * FROM lines) AS a ASOF JOIN segments AS b ON a.n >= b.first) AS l"

_DISTINCT_AGENTS = """
CREATE OR REPLACE TEMP TABLE distinct_agents AS
SELECT DISTINCT coalesce(user_agent, '') AS user_agent FROM lines WHERE reason IS NULL
"""
_COLUMNS = ", ".join(f"{name} {kind}" for name, kind in KNOWN_COLUMNS)
_UNKNOWN = "SELECT user_agent FROM distinct_agents ANTI JOIN known_agents USING (user_agent)"
_FILL_AGENTS = f"INSERT INTO new_agents SELECT {', '.join('unnest(?)' for _ in KNOWN_COLUMNS)}"
_AGENTS_AT_ONCE = 20_000

JOIN_AGENTS = "LEFT JOIN agents ON coalesce(l.user_agent, '') = agents.user_agent"
"""SQL that joins the lines `l` to their user agents."""


def fill_lines(connection: duckdb.DuckDBPyConnection, bundle: Bundle, reading: Reading, scratch: Path) -> None:
    """Fill `lines`. `scratch` is the path of a temporary file, which is removed at the end.

    Raises:
        PermanentError: not every line could be accounted for.
    """
    reader = _BundleReader(connection, bundle, reading)
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
    """Fill `lines` from a text file; returns how many lines it has.

    `exact` reads whole lines and uses the exact path alone, for which the file must have been cleaned.

    Raises:
        duckdb.InvalidInputException, duckdb.ConversionException: the database cannot read the file.
    """
    connection.execute(read_lines(path, reading, exact=exact))
    ((count, unmatched),) = connection.execute(COUNTED).fetchall()
    if unmatched:
        connection.execute(judged(reading.format, keep_all=reading.keep_all))
    return int(count)


@dataclass(frozen=True, slots=True)
class _BundleReader:
    """Reads a bundle's lines, from its file or from a cleaned copy."""

    connection: duckdb.DuckDBPyConnection
    bundle: Bundle
    reading: Reading

    def reads(self, path: Path, *, exact: bool) -> bool:
        """Fill `lines`; returns whether it has exactly as many lines as were counted."""
        try:
            return read_text(self.connection, path, self.reading, exact=exact) == self.bundle.lines
        except _DATA_ERRORS:
            return False


def _write_clean(bundle: Bundle, target: Path) -> None:
    with target.open("wb") as stream:
        for block in _clean_blocks(bundle):
            stream.write(block)


def _clean_blocks(bundle: Bundle) -> Iterator[bytes]:
    """The cleaned lines. In a source's file, bytes that look like the mark of a cut line are escaped."""
    raw = blocks(bundle.path, where=bundle.where)
    text = whole_lines(raw if bundle.temporary else unmarked(raw))
    first = next(text, b"")
    yield clean(first.removeprefix(BOM))
    yield from map(clean, text)


def fill_segments(connection: duckdb.DuckDBPyConnection, bundle: Bundle) -> None:
    """Fill the table `segments`, a row for each segment with lines; `n + shift` is a line's number in its object."""
    connection.execute(_SEGMENTS)
    filled = [(number, segment) for number, segment in enumerate(bundle.segments) if segment.lines]
    if filled:
        connection.execute(
            _FILL_SEGMENTS,
            [
                [number for number, _ in filled],
                [segment.first for _, segment in filled],
                [segment.offset - segment.first + 1 for _, segment in filled],
                [segment_object_id(segment) for _, segment in filled],
                [printable(segment.object.key) for _, segment in filled],
            ],
        )


def lines_with_segments(bundle: Bundle) -> str:
    """SQL: `lines` as `l`, each with `n`, its number in the bundle from 0, and the columns of its segment."""
    return _ONE_SEGMENT if sum(segment.lines > 0 for segment in bundle.segments) <= 1 else _MANY_SEGMENTS


def segment_object_id(segment: Segment) -> str:
    """The id of the object that a segment belongs to."""
    return object_id(segment.object.key, segment.object.version)


def fill_agents(connection: duckdb.DuckDBPyConnection, filters: Filters, known: KnownAgents | None = None) -> None:
    """Fill the table `agents`, a row for each user agent, and mark those that are filtered; add new ones to `known`."""
    connection.execute(_DISTINCT_AGENTS)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE known_agents ({_COLUMNS})")
    if known:
        known.look_up(connection, "distinct_agents", "known_agents")
    texts = [text for (text,) in connection.execute(_UNKNOWN).fetchall()]
    for first in range(0, len(texts), _AGENTS_AT_ONCE):
        _classify(connection, texts[first : first + _AGENTS_AT_ONCE], known)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE agents AS SELECT *, {agent_excluded(filters)} AS excluded FROM known_agents"  # noqa: S608 - made of this package's own pieces
    )


def _classify(connection: duckdb.DuckDBPyConnection, texts: list[str], known: KnownAgents | None) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE new_agents ({_COLUMNS})")
    connection.execute(_FILL_AGENTS, _agent_columns(texts, classify(texts)))
    connection.execute("INSERT INTO known_agents FROM new_agents")
    if known:
        known.store(connection, "new_agents")


def _agent_columns(texts: list[str], agents: list[Agent]) -> list[list[object]]:
    """The values of `KNOWN_COLUMNS`, a list for each column."""
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
