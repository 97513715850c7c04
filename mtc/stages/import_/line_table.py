"""The tables of a bundle: `lines`, a row for each line; `segments`, which assigns them to objects; `agents`.

A text file is first read as it is. If the database refuses it, or reads another number of lines than was counted, it is
cleaned and read again; if that fails too, with the exact path alone. Of a bundle that the native reader has read,
`lines` has the lines that are not plain. `agents` has each distinct user agent of the lines that may be hits,
classified once.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from mtc.core.errors import PermanentError
from mtc.core.sanitize import printable
from mtc.formats.agents import Agent, classify
from mtc.formats.compression import BLOCK
from mtc.formats.filters import agent_excluded
from mtc.formats.line_cleaning import clean, whole_lines
from mtc.formats.line_sql import COUNTED, FIELDS_KEPT, Reading, judged, quoted, read_lines, read_texts
from mtc.formats.native.library import TABLES
from mtc.formats.plain_lines import ODD, SEEN, PlainReading, plain_reading
from mtc.formats.settings import Filters
from mtc.stages.import_.known_agents import KNOWN_COLUMNS, KnownAgents
from mtc.stages.import_.segments import Bundle, PlainBundle, Segment, TextBundle, lines_of, name_of
from mtc.warehouse.parts import object_id

_DATA_ERRORS = (duckdb.InvalidInputException, duckdb.ConversionException)

_SEGMENTS = """
CREATE OR REPLACE TEMP TABLE segments (number INTEGER, first BIGINT, shift BIGINT, object VARCHAR, key VARCHAR)
"""
_FILL_SEGMENTS = "INSERT INTO segments SELECT unnest(?), unnest(?), unnest(?), unnest(?), unnest(?)"

_ONE_SEGMENT = "(SELECT * FROM {lines} CROSS JOIN segments) AS l"
_MANY_SEGMENTS = "(SELECT * FROM {lines} AS a ASOF JOIN segments AS b ON a.n >= b.first) AS l"

_COUNT_AGENTS = """
CREATE OR REPLACE TEMP TABLE agent_hits AS
SELECT number, coalesce(user_agent, '') AS user_agent, count(*) AS hits, min(ts) AS first_hit, max(ts) AS last_hit
FROM {hits}
GROUP BY ALL
"""
_COUNT_CODES = """
CREATE OR REPLACE TEMP TABLE agent_hits AS
SELECT number, user_agent, hits, first_hit, last_hit
FROM (
    SELECT number, agent, count(*) AS hits, min(ts) AS first_hit, max(ts) AS last_hit FROM {hits} GROUP BY ALL
) JOIN agent_codes ON code = agent
"""
_DISTINCT_AGENTS = """
CREATE OR REPLACE TEMP TABLE distinct_agents AS SELECT DISTINCT user_agent FROM agent_hits
"""
_COLUMNS = ", ".join(f"{name} {kind}" for name, kind in KNOWN_COLUMNS)
_UNKNOWN = "SELECT user_agent FROM distinct_agents ANTI JOIN known_agents USING (user_agent)"
_FILL_AGENTS = f"INSERT INTO new_agents SELECT {', '.join('unnest(?)' for _ in KNOWN_COLUMNS)}"
_AGENTS_AT_ONCE = 20_000

JOIN_AGENTS = "LEFT JOIN agents ON coalesce(l.user_agent, '') = agents.user_agent"
"""SQL that joins the lines `l` to their user agents. The rows then come in any order."""

_CODED_AGENTS = """
CREATE OR REPLACE TEMP TABLE coded_agents AS SELECT * FROM agent_codes LEFT JOIN agents USING (user_agent)
"""
_LIST_AGENTS = """
CREATE OR REPLACE TEMP TABLE agent_list AS SELECT list(a ORDER BY code) AS listed FROM coded_agents AS a
"""
_LISTED = """(
    SELECT *, nullif(agents.user_agent, '') AS user_agent
    FROM (SELECT *, listed[agent + 1] AS agents FROM {hits} CROSS JOIN agent_list)
) AS l"""
_CODED = """(
    SELECT l.*, nullif(a.user_agent, '') AS user_agent, a AS agents
    FROM {hits} LEFT JOIN coded_agents AS a ON code = agent
) AS l"""
_MOST_LISTED = 20_000
"""So many agents are looked up in a list: in a longer one a look-up takes longer than to join and sort."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a bundle: how many, and SQL for some of them, each with `n`, its number in the bundle from 0.

    `hits` have their fields. `reasons` has `reason` and `rejected` of the lines that are not hits, apart from those
    that the bundle's segments count. `read` are those in the table `lines`, which has all lines, or those that are not
    plain. If hits are `coded`, they have the code of their user agent in the table `agent_codes` and not its text.
    They come in order if they are `ordered`, which a join with their agents would end.
    """

    count: int
    hits: str
    reasons: str
    read: str
    coded: bool = False
    ordered: bool = False


_ALL = "(SELECT rowid AS n, * FROM lines)"
_NUMBERED = "(SELECT * FROM lines)"
_NONE_READ = """
CREATE OR REPLACE TEMP TABLE lines AS
SELECT NULL::BIGINT AS n, NULL::VARCHAR AS reason, NULL::BOOLEAN AS rejected, NULL::VARCHAR AS text LIMIT 0
"""
_ODD_TEXTS = f"SELECT rowid AS n, line FROM seen WHERE reason = '{ODD}'"  # noqa: S608 - a constant
_SEEN_REASONS = f"SELECT rowid AS n, reason, false AS rejected FROM seen WHERE reason <> '{ODD}'"  # noqa: S608 - a constant
_READ_REASONS = "SELECT n, reason, rejected FROM {read} WHERE reason IS NOT NULL"
_NO_REASONS = "SELECT n, reason, rejected FROM lines"

_CODES = "CREATE OR REPLACE TEMP TABLE agent_codes AS SELECT code, user_agent FROM native_agents"
_MORE_CODES = """
INSERT INTO agent_codes
SELECT (SELECT count(*) FROM agent_codes) + row_number() OVER () - 1, user_agent
FROM (SELECT DISTINCT coalesce(user_agent, '') AS user_agent FROM lines WHERE reason IS NULL)
ANTI JOIN agent_codes USING (user_agent)
"""
_JOIN_CODES = "JOIN agent_codes ON coalesce(lines.user_agent, '') = agent_codes.user_agent"
_ODD_HITS = "SELECT count(*) FROM lines WHERE reason IS NULL"


def fill_lines(connection: duckdb.DuckDBPyConnection, bundle: Bundle, reading: Reading, scratch: Path) -> Lines:
    """Read the lines of a bundle. `scratch` is the path of a temporary file, which is removed at the end.

    Raises:
        PermanentError: not every line could be accounted for.
    """
    if isinstance(bundle, PlainBundle):
        lines = _read_native(connection, bundle)
        found = lines if lines.count == lines_of(bundle) else None
    else:
        found = _TextReader(connection, bundle, reading).read_somehow(scratch)
    if found is None:
        hint = "nothing of it was loaded; please report this with the file"
        raise PermanentError("not every line could be accounted for", where=name_of(bundle.segments), hint=hint)
    return found


def read_text(connection: duckdb.DuckDBPyConnection, path: Path, reading: Reading, *, exact: bool) -> Lines:
    """Read the lines of a text file.

    `exact` reads whole lines and uses the exact path alone, for which the file must have been cleaned.

    Raises:
        duckdb.InvalidInputException, duckdb.ConversionException: the database cannot read the file.
    """
    plain = None if exact else plain_reading(reading)
    return read_all(connection, path, reading, exact=exact) if plain is None else _read_plain(connection, path, plain)


def read_all(connection: duckdb.DuckDBPyConnection, path: Path, reading: Reading, *, exact: bool) -> Lines:
    """Fill `lines` with every line of a text file."""
    connection.execute(read_lines(path, reading, exact=exact))
    count = _judge(connection, reading)
    return Lines(count, f"(SELECT * FROM {_ALL} WHERE reason IS NULL)", f"({_READ_REASONS.format(read=_ALL)})", _ALL)  # noqa: S608 - own pieces


def _read_plain(connection: duckdb.DuckDBPyConnection, path: Path, plain: PlainReading) -> Lines:
    """Fill `seen` with every line of a text file, and `lines` with those that are not plain."""
    connection.execute(plain.see(path))
    ((count, odd),) = connection.execute(SEEN).fetchall()
    if not odd:
        connection.execute(_NONE_READ)
        return Lines(int(count), plain.hits, f"({_SEEN_REASONS})", _NUMBERED)
    connection.execute(read_texts(_ODD_TEXTS, plain.reading))
    _judge(connection, plain.reading)
    columns = ", ".join(quoted(name) for name in (*FIELDS_KEPT, "download"))
    hits = f"(SELECT n, {columns} FROM {plain.hits} UNION ALL SELECT n, {columns} FROM lines WHERE reason IS NULL)"  # noqa: S608 - own pieces
    reasons = f"({_SEEN_REASONS} UNION ALL {_READ_REASONS.format(read=_NUMBERED)})"
    return Lines(int(count), hits, reasons, _NUMBERED)


def _read_native(connection: duckdb.DuckDBPyConnection, bundle: PlainBundle) -> Lines:
    """Register the tables of the native reader; fill `lines` with those that are not plain, and `agent_codes`."""
    native, counts, reading = bundle.native, bundle.plain.counts(), bundle.native.reading
    for table in TABLES:
        connection.register(f"native_{table}", bundle.plain.scan(table))
    connection.execute(_CODES)
    count = counts.hits + sum(counts.filtered.values()) + counts.odd
    hits, reasons = native.hits("native_hits"), native.reasons("native_hits")
    few = counts.agents <= _MOST_LISTED
    if not counts.odd:
        connection.execute(_NONE_READ)
        return Lines(count, hits, f"({reasons or _NO_REASONS})", _NUMBERED, coded=True, ordered=few)
    connection.execute(read_texts("SELECT n, line FROM native_odd", reading, exact=counts.wild > 0))
    _judge(connection, reading)
    connection.execute(_MORE_CODES)
    columns = ", ".join(quoted(name) for name in (*FIELDS_KEPT, "download") if name != "user_agent")
    odd = f"SELECT n, code AS agent, {columns} FROM lines {_JOIN_CODES} WHERE reason IS NULL"  # noqa: S608 - own pieces
    both = f"(SELECT n, agent, {columns} FROM {hits} UNION ALL {odd})"  # noqa: S608 - own pieces
    reasons = " UNION ALL ".join(filter(None, (reasons, _READ_REASONS.format(read=_NUMBERED))))
    ((odd_hits,),) = connection.execute(_ODD_HITS).fetchall()
    return Lines(count, both if odd_hits else hits, f"({reasons})", _NUMBERED, coded=True, ordered=few and not odd_hits)


def drop_lines(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the lines of a bundle. The tables of the native reader must not be read when it is closed."""
    connection.execute("DROP TABLE IF EXISTS lines; DROP TABLE IF EXISTS seen")
    for table in TABLES:
        connection.unregister(f"native_{table}")


def _judge(connection: duckdb.DuckDBPyConnection, reading: Reading) -> int:
    """Give each unmatched line of `lines` its reason; returns how many lines the table has."""
    ((count, unmatched),) = connection.execute(COUNTED).fetchall()
    if unmatched:
        connection.execute(judged(reading.format, keep_all=reading.keep_all))
    return int(count)


@dataclass(frozen=True, slots=True)
class _TextReader:
    """Reads a bundle's lines, from its file or from a cleaned copy."""

    connection: duckdb.DuckDBPyConnection
    bundle: TextBundle
    reading: Reading

    def read_somehow(self, scratch: Path) -> Lines | None:
        """The lines, read as they are if that is possible, else from a cleaned copy; None if no way gives all."""
        if found := self._read(self.bundle.path, exact=False):
            return found
        try:
            _write_clean(self.bundle, scratch)
            return self._read(scratch, exact=False) or self._read(scratch, exact=True)
        finally:
            scratch.unlink(missing_ok=True)

    def _read(self, path: Path, *, exact: bool) -> Lines | None:
        """The lines of a file; None if they are not exactly as many as were counted."""
        try:
            found = read_text(self.connection, path, self.reading, exact=exact)
        except _DATA_ERRORS:
            return None
        return found if found.count == lines_of(self.bundle) else None


def _write_clean(bundle: TextBundle, target: Path) -> None:
    with bundle.path.open("rb") as text, target.open("wb") as stream:
        for block in map(clean, whole_lines(iter(lambda: text.read(BLOCK), b""))):
            stream.write(block)


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


def with_segments(lines: str, bundle: Bundle) -> str:
    """SQL: lines (a query in brackets) as `l`, each with the columns of its segment."""
    return (_ONE_SEGMENT if _has_one(bundle) else _MANY_SEGMENTS).format(lines=lines)


def _has_one(bundle: Bundle) -> bool:
    return sum(segment.lines > 0 for segment in bundle.segments) <= 1


def segment_object_id(segment: Segment) -> str:
    """The id of the object that a segment belongs to."""
    return object_id(segment.object.key, segment.object.version)


def count_agents(connection: duckdb.DuckDBPyConnection, bundle: Bundle, lines: Lines) -> None:
    """Fill the table `agent_hits`: of each segment and user agent how many hits, and the times of first and last."""
    query = _COUNT_CODES if lines.coded else _COUNT_AGENTS
    connection.execute(query.format(hits=with_segments(lines.hits, bundle)))


def list_agents(connection: duckdb.DuckDBPyConnection, lines: Lines) -> None:
    """Fill the tables of the agents of coded hits.

    Those of ordered hits are looked up in the only row of `agent_list`: unlike a join, that keeps the order of rows.
    """
    if lines.coded:
        connection.execute(_CODED_AGENTS)
    if lines.ordered:
        connection.execute(_LIST_AGENTS)


def is_ordered(lines: Lines, bundle: Bundle) -> bool:
    """Whether hits with their segments come in the order of the lines."""
    return lines.ordered and _has_one(bundle)


def with_agents(lines: Lines, bundle: Bundle) -> str:
    """SQL: the hits as `l`, each with the columns of its segment and with its row of `agents`."""
    hits = with_segments(lines.hits, bundle)
    if lines.ordered:
        return _LISTED.format(hits=hits)
    return _CODED.format(hits=hits) if lines.coded else f"{hits} {JOIN_AGENTS}"


def fill_agents(connection: duckdb.DuckDBPyConnection, filters: Filters, known: KnownAgents | None = None) -> None:
    """Fill the table `agents`, a row for each user agent of `agent_hits`, and mark those that are filtered.

    Those that are new are added to `known`.
    """
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
