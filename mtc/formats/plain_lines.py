"""A quick first look at the lines of a file: nearly all are plain, and most of those are filtered.

The temporary table `seen` has a row for each line, in the order of the file. Its `reason` is that of a plain line that
is filtered, `ODD` for a line that is not plain, or NULL for a hit. Only the other two keep anything of their text: a
hit the pieces that its fields are in, an odd line all of it. `line_sql` then reads the odd lines, as it reads whole
files of other formats; here nothing is decided that it would decide differently.

A plain line has an IPv4 address in canonical form, a time that exists, a request for a path by a usual method and
protocol, and three digits of a status. What it means is then known without taking it apart.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mtc.core.sql import literal
from mtc.formats import client_address, filters, sql
from mtc.formats.line_sql import FIELDS_KEPT, HOST_NAME, PROTOCOLS, Reading, file_reader, quoted
from mtc.formats.model import CLF_TIME, Format, Time
from mtc.formats.pattern import FastPath, LinePattern

ODD = "odd"
"""The reason of a line that is not plain, until `line_sql` has read it."""

SEEN = f"SELECT count(*), count(*) FILTER (reason = '{ODD}') FROM seen"  # noqa: S608 - a constant
"""SQL: how many lines there are, and how many of them are odd."""

_METHODS = "(?:GET|POST|HEAD|PUT|DELETE|OPTIONS|PATCH|PROPFIND)"
_PROTOCOL = f"(?:{'|'.join(map(re.escape, PROTOCOLS))})"
_REQUEST = rf"{_METHODS} /\S* {_PROTOCOL}"
_LONGEST_SHIFT = 300 * 86400  # seconds
QUERY_DELIMITER = "?"
"""The usual one."""
_PIECE = re.compile(r"\bc\d+\b")


@dataclass(frozen=True, slots=True)
class PlainReading:
    """How the plain lines of a format are read."""

    reading: Reading
    fast: FastPath

    def see(self, path: Path) -> str:
        """SQL that makes the table `seen` from a file."""
        names = [f"c{number}" for number in range(self.fast.pieces)]
        kept = ", ".join(f"CASE WHEN reason IS NULL THEN {name} END AS {name}" for name in self._pieces)
        line = f"concat_ws({literal(self._separator)}, {', '.join(names)})"
        return f"""
CREATE OR REPLACE TEMP TABLE seen AS
WITH pieces AS (
    {self._source(path)}
), sorted AS (
    SELECT *, {self._reason} AS reason FROM pieces
)
SELECT reason, CASE WHEN reason = '{ODD}' THEN {line} END AS line,
    CASE WHEN reason IS NULL THEN {self._ts} END AS ts, {kept}
FROM sorted
"""  # noqa: S608 - made of this package's own pieces and quoted literals

    @property
    def hits(self) -> str:
        """SQL over `seen`: the plain hits, with their number `n` from 0 and the columns of `line_sql`."""
        hits = self.reading.hits
        fields = self._fields
        changed = filters.rewritten(hits)
        packed = f", {client_address.PACKED}" if filters.anonymises_addresses(hits) else ""
        columns = ", ".join(f"{changed.get(name, quoted(name))} AS {quoted(name)}" for name in FIELDS_KEPT)
        taken = ", ".join(f"{text} AS {quoted(name)}" for name, text in fields.items())
        return f"""(
    WITH taken AS (
        SELECT rowid AS n, ts, {taken}, {self._local} AS local, NULL::VARCHAR AS given_query, false AS apart
        FROM seen WHERE reason IS NULL
    ), split AS (
        SELECT * REPLACE ({HOST_NAME} AS host), {filters.path_and_query(hits)}{packed} FROM taken
    )
    SELECT n, {columns}, {filters.download(self.reading.filters, hits)} AS download FROM split
)"""  # noqa: S608 - as above

    @property
    def _separator(self) -> str:
        return '"'

    def _source(self, path: Path) -> str:
        """The pieces; and, where filters look at more than status and path, the fields that they look at."""
        pieces = f"SELECT * FROM {file_reader(path, self.fast.pieces, self._separator)}"  # noqa: S608 - as above
        if self._filters_simply:
            return pieces
        fields = self._fields
        wanted = ("host", "ip", "method", "status", "referrer")
        taken = ", ".join(f"{fields[name]} AS {quoted(name)}" for name in wanted)
        hits, packed = self.reading.hits, ""
        if filters.filters_by_address(self.reading.filters):
            packed = f", {client_address.PACKED}"
        return f"""
    SELECT * REPLACE ({HOST_NAME} AS host), {filters.path_and_query(hits)}{packed} FROM (
        SELECT *, {taken}, {self._local} AS local, {self._ts} AS ts, NULL::VARCHAR AS given_query, false AS apart
        FROM ({pieces})
    )"""  # noqa: S608 - as above

    @property
    def _filters_simply(self) -> bool:
        rules = filters.rules(self.reading.filters, self.reading.hits, self.reading.site_zone)
        is_usual = self.reading.hits.query_delimiter == QUERY_DELIMITER
        return is_usual and {name for _, name in rules} <= {"error", "redirect", "static"}

    @property
    def _reason(self) -> str:
        """SQL: why a line is filtered, NULL for a hit, or `ODD`.

        The conditions stand in a CASE each, as there the database does not compute what it does not need.
        """
        assert self.fast.plain is not None  # noqa: S101 - as `plain_reading` has seen
        begins = f"{self.fast.sure} AND regexp_full_match(c0, {literal(self.fast.plain.head)})"
        return f"CASE WHEN {begins} THEN {self._reason_of_request} ELSE '{ODD}' END"

    @property
    def _reason_of_request(self) -> str:
        is_request = f"regexp_full_match(c1, {literal(_REQUEST)})"
        reading = self.reading
        if not self._filters_simply:
            why = filters.reason(reading.filters, reading.hits, reading.site_zone)
            return f"CASE WHEN {is_request} THEN {why} ELSE '{ODD}' END"
        statuses = " ".join(_statuses(reading))
        otherwise = f"CASE {statuses} END" if statuses else "NULL"
        static = ""
        if not reading.filters.static:
            request = rf"{_METHODS} {filters.STATIC_TARGET} {_PROTOCOL}"
            static = f"WHEN regexp_full_match(c1, {literal(request)}) THEN CASE {statuses} ELSE 'static' END"
            static = static.replace("CASE  ELSE 'static' END", "'static'")
        return f"CASE {static} WHEN {is_request} THEN {otherwise} ELSE '{ODD}' END"

    @property
    def _texts(self) -> dict[str, str]:
        assert self.fast.plain is not None  # noqa: S101 - as `plain_reading` has seen
        return {**dict(self.fast.fields), **dict(self.fast.plain.fields)}

    @property
    def _fields(self) -> dict[str, str]:
        """SQL over the pieces: the fields of a plain line, except path, query and time."""
        texts, request = self._texts, "c1"
        return {
            "host": texts.get("host", "NULL::VARCHAR"),
            "ip": texts["ip"],
            "user": sql.given(texts.get("user")),
            "method": f"split_part({request}, ' ', 1)",
            "protocol": f"split_part({request}, ' ', 3)",
            "status": f"try_cast({texts['status']} AS SMALLINT)",
            "bytes": sql.size(texts["bytes"]),
            "time_ms": sql.duration(texts.get("time_taken"), self.reading.format),
            "referrer": sql.given(texts.get("referrer")),
            "user_agent": sql.given(texts.get("user_agent")),
        }

    @property
    def _local(self) -> str:
        return "split_part(c1, ' ', 2)"

    @property
    def _ts(self) -> str:
        moved = f" + {self.reading.shift * 1_000_000}" if self.reading.shift else ""
        return f"make_timestamp(epoch_us(try_strptime({self._texts['time']}, {literal(CLF_TIME)})){moved})"

    @property
    def _pieces(self) -> Sequence[str]:
        """The pieces that the fields of a hit are in, apart from its time."""
        names = {name for text in (*self._fields.values(), self._local) for name in _PIECE.findall(text)}
        return sorted(names, key=lambda name: int(name[1:]))


def _statuses(reading: Reading) -> Iterator[str]:
    if not reading.filters.errors:
        yield "WHEN c2 >= ' 4' OR starts_with(c2, ' 000') THEN 'error'"
    if not reading.filters.redirects:
        yield "WHEN c2 >= ' 3' AND c2 < ' 4' AND NOT starts_with(c2, ' 304') THEN 'redirect'"


def plain_reading(reading: Reading) -> PlainReading | None:
    """How plain lines are read; None where no line of the format is plain, or where it matters what others hold."""
    log_format = reading.format
    fast = log_format.shape.fast if isinstance(log_format.shape, LinePattern) else None
    if fast is None or fast.plain is None or not _is_usual(log_format) or reading.keep_all or reading.client:
        return None
    if abs(reading.shift) > _LONGEST_SHIFT or "/" in reading.hits.query_delimiter:
        return None
    return PlainReading(reading, fast)


def _is_usual(log_format: Format) -> bool:
    return log_format.time == Time() and not (
        log_format.prefix or log_format.derive or log_format.forwarded_pattern or log_format.changes
    )
