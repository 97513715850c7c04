"""From a text file of log lines to a table of fields: SQL generated from the declaration of a format.

The temporary table `lines` has one row for each line, in the order of the file (a row's `rowid` is its line, from 0):
its fields, and the reason why it is not a hit. A rejected line keeps its text. The order holds as there are no joins.

A line that the format's shape does not match is `unmatched` at first. `judged` then classifies it as a blank line, a
header, a message of a server or malformed; it runs only if there are such lines, as preparing it takes longer than
reading a small log.

What the reason of a line depends on is read first: client, time, method, path, status, and what else the filters look
at. The other fields are read of hits only, in a CASE, where the database computes nothing for other lines.
"""

import glob
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from mtc.core.sql import is_one_of, literal
from mtc.formats import client_address, filters, layers, server_messages, sql
from mtc.formats.line_cleaning import SEPARATOR, TOO_LONG
from mtc.formats.model import FIELDS, Format
from mtc.formats.settings import ClientSettings, Filters, HitSettings

UNMATCHED = "unmatched"
"""The reason of a line that `judged` has not classified yet; it keeps its whole text until then."""

KEPT_TEXT = 2000
"""How many characters of a rejected line are kept."""

COUNTED = f"SELECT count(*), count(*) FILTER (reason = '{UNMATCHED}') FROM lines"  # noqa: S608 - a constant
"""SQL: how many lines there are, and how many of them are unmatched."""


def judged(log_format: Format, *, keep_all: bool) -> str:
    """SQL: statements that give each unmatched line of `lines` its reason. With `keep_all`, each keeps its text."""
    keeps_text = "true" if keep_all else "reason = 'malformed'"
    return f"{_judged(log_format)}; {_shortened(keeps_text)}"


def _judged(log_format: Format) -> str:
    line = layers.without_prefix_sql("text", log_format.prefix) if log_format.prefix else "text"
    header = f"WHEN {log_format.header.replace('{line}', line)} THEN 'header'" if log_format.header else ""
    other = [log_format.other.replace("{line}", line)] if log_format.other else []
    other += [server_messages.is_message_sql(line), f"trim({line}) IN ('[', ']')"]
    other += [layers.is_foreign_sql("text", log_format.prefix)] if log_format.prefix else []
    return f"""
UPDATE lines SET reason = CASE
    WHEN trim({line}) = '' THEN 'blank'
    {header}
    {" ".join(f"WHEN {condition} THEN 'other'" for condition in other)}
    ELSE 'malformed'
END
WHERE reason = '{UNMATCHED}'
"""  # noqa: S608 - made of this package's own pieces and quoted literals


def _shortened(keeps_text: str) -> str:
    return f"""
UPDATE lines
SET rejected = (reason = 'malformed'), text = CASE WHEN {keeps_text} THEN left(text, {KEPT_TEXT}) END
WHERE rejected IS NULL
"""  # noqa: S608 - as above


# The text that the reader takes for NULL, which no line can contain. By default an empty piece would be NULL.
_NEVER = "\n"
_EARLIEST, _LATEST = "1995-01-01", "2100-01-01"
_AS_READ = HitSettings()


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read.

    `zone` is the time zone of times without an offset, except in formats that are defined to be in UTC; with
    `zone_given`, in those too. `shift` is added to every time, in seconds. `site_zone` is the zone of the filters'
    times. `client` says which address is the client's. With `keep_all`, lines that are not hits keep their fields, and
    every line its text.
    """

    format: Format
    filters: Filters
    zone: str = "UTC"
    zone_given: bool = False
    shift: int = 0
    hits: HitSettings = _AS_READ
    site_zone: str = "UTC"
    client: ClientSettings | None = None
    keep_all: bool = False


def read_lines(path: Path, reading: Reading, *, exact: bool) -> str:
    """SQL that makes the temporary table `lines` from a file. `judged` classifies the unmatched lines later.

    `exact` reads whole lines and uses only the exact path; the file must have been cleaned for it (`line_cleaning`).
    """
    log_format = reading.format
    whole = exact or not log_format.shape.separator or not _can_split_lines(log_format)
    pieces = 1 if whole else log_format.shape.pieces
    return _read(file_reader(path, pieces, log_format.shape.separator), reading, pieces)


def read_texts(texts: str, reading: Reading, *, exact: bool = False) -> str:
    """SQL that makes the same table from lines that were read before: `texts` is a query for `n` and `line`.

    The table has `n` as a column. The format must be one that splits lines, and have no prefix. Lines that the format
    would split into more pieces than it has must be read by the `exact` path.
    """
    shape = reading.format.shape
    if exact:
        return _read(f"(SELECT n, line AS c0 FROM ({texts}))", reading, 1, kept="n, ")  # noqa: S608 - own pieces
    cut = f"SELECT n, string_split(line, {literal(shape.separator)}) AS cut FROM ({texts})"  # noqa: S608 - own pieces
    pieces = ", ".join(f"cut[{number + 1}] AS c{number}" for number in range(shape.pieces))
    return _read(f"(SELECT n, {pieces} FROM ({cut}))", reading, shape.pieces, kept="n, ")  # noqa: S608 - as above


def _read(source: str, reading: Reading, pieces: int, kept: str = "") -> str:
    """SQL that makes `lines` from pieces. `kept` are further columns of the source, each with a comma."""
    log_format = reading.format
    whole = pieces == 1
    names = [f"c{number}" for number in range(pieces)]
    line = _joined(names, log_format.shape.separator)
    logged = line
    if log_format.prefix:
        bare = f"* REPLACE ({layers.without_prefix_sql('c0', log_format.prefix)} AS c0)"
        source = f"(SELECT c0 AS begun, {bare} FROM {source})"  # noqa: S608 - made of this module's own pieces
        logged = _joined(["begun", *names[1:]], log_format.shape.separator)
        line = "c0" if whole else layers.without_prefix_sql(logged, log_format.prefix)
        names.append("begun")
    raw = kept + ", ".join(names) + ", head"
    first = _first_fields(reading)
    later = [name for name in _LATER_FIELDS if name not in first]
    behind = [name for name in ("host", "referrer") if name in first]
    return f"""
CREATE OR REPLACE TEMP TABLE lines AS
WITH pieces AS (
    SELECT *, {log_format.shape.head(_texts_of(log_format, [*first, *later]), exact=whole)} AS head FROM {source}
), cut AS (
    SELECT {raw}, {log_format.shape.fields(line, _texts_of(log_format, first), exact=whole)} AS z FROM pieces
), named AS (
    SELECT {raw}, {_named(log_format, line, first)} FROM cut
), asked AS (
    SELECT *, string_split(request, ' ') AS parts, {_SIMPLE} AS simple, {sql.time_number(log_format)} AS number
    FROM named
), typed AS (
    SELECT {raw}, request, parts, simple, {_typed(reading, behind)} FROM asked
), located AS (
    SELECT *, {sql.origin_form("asked_for")} AS local, {sql.normalised_time(log_format)} AS odd FROM typed
), timed AS (
    SELECT * EXCLUDE ("time", date, clock, odd) REPLACE (coalesce(micros, {_fallback(reading)}) AS micros) FROM located
), split AS (
    SELECT *, {sql.timestamp_sql(reading.shift)} AS ts, {_split(reading)} FROM timed
), judged AS (
    SELECT *, {_BAD} AS bad, {_filtered(reading)} AS filtered FROM split
), decided AS (
    SELECT *, {_REASON} AS reason FROM judged
), hits AS (
    SELECT *, {_of_hits(reading, log_format.shape.fields(line, _texts_of(log_format, later), exact=whole))} AS z
    FROM decided
), texts AS (
    SELECT *, {_later_texts(reading, later)} FROM hits
), fields AS (
    SELECT *, {_of_hits(reading, _hit_fields(reading, behind))} AS hit FROM texts
)
SELECT {kept}{_kept(reading, logged)} FROM fields
"""  # noqa: S608 - made of this module's own pieces and quoted literals


_LATER_FIELDS = ("host", "user", "query", "protocol", "bytes", "time_taken", "referrer", "user_agent")
_USED_TEXT = re.compile(r"\bz\.(\w+)")


def _first_fields(reading: Reading) -> Collection[str]:
    """The names of `FIELDS` on which the reason of a line may depend."""
    reasons = {name for _, name in filters.rules(reading.filters, reading.hits, reading.site_zone)}
    filtered = {"host": "host", "referrer": "referrer"}
    unused = {"forwarded_for", "real_ip"} - set(reading.client.from_ if reading.client else ())
    return [
        name for name in FIELDS if name not in unused and (name not in _LATER_FIELDS or filtered.get(name) in reasons)
    ]


def _texts_of(log_format: Format, fields: Collection[str]) -> Collection[str]:
    """The texts of the shape that these fields are made of; one at least, as the database has no empty struct."""
    derived = dict(log_format.derive)
    used = {text for name in fields for text in _USED_TEXT.findall(derived.get(name, f"z.{name}"))}
    return [name for name in log_format.shape.names if name in used] or log_format.shape.names[:1]


def _of_hits(reading: Reading, value: str) -> str:
    """SQL: a value that only hits need, or each line if all fields are kept."""
    return value if reading.keep_all else f"CASE WHEN reason IS NULL THEN {value} END"


def _can_split_lines(log_format: Format) -> bool:
    """Whether lines can be split first, as the prefix, if any, can be removed from the first piece."""
    return log_format.prefix is None or (log_format.shape.separator == '"' and layers.is_simple(log_format.prefix))


def _joined(names: Sequence[str], separator: str) -> str:
    return f"concat_ws({literal(separator)}, {', '.join(names)})"


def file_reader(path: Path, pieces: int, separator: str) -> str:
    """SQL: the CSV reader, which only splits: at every separator, or (one piece) not at all. Nothing is unescaped.

    The path is escaped, as the reader takes it for a glob: `[x].log` would match `x.log`.
    """
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(pieces))
    delimiter = literal(separator if pieces > 1 else SEPARATOR)
    return (
        f"read_csv({literal(glob.escape(str(path)))}, delim = {delimiter}, quote = '', escape = '', header = false,"
        f" auto_detect = false, null_padding = {'true' if pieces > 1 else 'false'}, nullstr = {literal(_NEVER)},"
        f" compression = 'none', columns = {{{columns}}})"
    )


def _named(log_format: Format, line: str, fields: Collection[str]) -> str:
    """SQL: a column for each of these fields; NULL for one that the format does not have."""
    behind = (
        {"forwarded_for": f"regexp_extract({line}, {literal(log_format.forwarded_pattern)}, 1)"}
        if log_format.forwarded_pattern
        else {}
    )
    given = _texts(log_format) | behind | dict(log_format.derive)
    return ", ".join(f"{given.get(name, 'NULL::VARCHAR')} AS {quoted(name)}" for name in fields)


def _texts(log_format: Format) -> dict[str, str]:
    return {name: f"z.{name}" for name in log_format.shape.names}


def _later_texts(reading: Reading, fields: Collection[str]) -> str:
    """SQL: the texts of the fields that are read of hits only. Those that are computed are so of hits only, too."""
    derived = {name: _of_hits(reading, text) for name, text in reading.format.derive}
    given = {**_texts(reading.format), **derived}
    found = {name: given.get(name, "NULL::VARCHAR") for name in fields}
    found["query"] = _of_hits(reading, filters.query_of(reading.hits, found["query"]))
    return ", ".join(f"{text} AS {quoted(name)}" for name, text in found.items())


# `GET /path HTTP/1.1` is split at its blanks; anything else (a blank in the path, no protocol) by an expression.
PROTOCOLS = ("HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/2.0", "HTTP/3", "HTTP/3.0")
"""The protocols of a request that is split at its blanks."""

_SIMPLE = f"len(parts) = 3 AND {is_one_of('parts[3]', PROTOCOLS, ' ')}"
_REQUEST = "regexp_extract(request, '^(\\S+) +(.*?)(?: +(HTTP/[0-9.]+))? *$', ['method', 'target', 'protocol'])"


# A dot at an end is rare, and trim() is slow. Some servers log a whole URL.
HOST_NAME = f"""nullif(nullif(CASE
    WHEN ends_with(host, '.') OR starts_with(host, '.') THEN trim(lower(host), '.')
    WHEN contains(host, '://') THEN {sql.host_of("host")}
    ELSE lower(host)
END, ''), '-')"""
"""SQL over `host` as logged: the name of the host; NULL if there is none."""


def _typed(reading: Reading, behind: Collection[str]) -> str:
    """SQL: the fields that decide the reason. `behind` are those of host and referrer that filters look at."""
    log_format = reading.format
    method, target = (_part(log_format, at, name) for at, name in enumerate(("method", "target"), start=1))
    asked_for = f"coalesce(path, {target})"
    typed = {"host": _host(asked_for), "referrer": sql.given("referrer")}
    more = "".join(f", {typed[name]} AS {name}" for name in behind)
    return f"""
    ip AS client,
    {client_address.client_ip(reading.client)} AS ip,
    {_micros(reading)} AS micros,
    "time", date, clock,
    {method} AS method,
    {asked_for} AS asked_for,
    path IS NOT NULL AS apart,
    try_cast(status AS SMALLINT) AS status,
    coalesce(status, '') NOT IN ('', '-') AND try_cast(status AS SMALLINT) IS NULL AS odd_status{more}
"""


def _host(target: str) -> str:
    return f"coalesce({HOST_NAME}, {sql.host_of(target)})"


def _hit_fields(reading: Reading, behind: Collection[str]) -> str:
    """SQL: a struct of the fields of a hit."""
    log_format = reading.format
    typed = {
        "host": _host("asked_for"),
        "user": sql.given('"user"'),
        "protocol": sql.given(_part(log_format, 3, "protocol")),
        "bytes": sql.size("bytes"),
        "time_ms": sql.duration("time_taken", log_format),
        "referrer": sql.given("referrer"),
        "user_agent": sql.given("user_agent"),
    }
    given = {name: quoted(name) for name in FIELDS_KEPT} | {
        name: text for name, text in typed.items() if name not in behind
    }
    for name, text in filters.rewritten(reading.hits).items():
        given[name] = f"CASE WHEN reason IS NULL THEN {text} ELSE {quoted(name)} END" if reading.keep_all else text
    given["download"] = filters.download(reading.filters, reading.hits)
    return f"{{{', '.join(f'{literal(name)}: {given[name]}' for name in (*FIELDS_KEPT, 'download'))}}}"


def _part(log_format: Format, at: int, name: str) -> str:
    """SQL: a part of the request line, or the field of that name if there is no request line."""
    names = {*log_format.shape.names, *dict(log_format.derive)}
    if "request" not in names:
        return name
    part = f"CASE WHEN simple THEN parts[{at}] ELSE ({_REQUEST}).{name} END"
    return f"CASE WHEN request IS NULL THEN {name} ELSE {part} END" if name in names else part


def _micros(reading: Reading) -> str:
    return sql.time_micros(reading.format, _zone(reading))


def _fallback(reading: Reading) -> str:
    return sql.fallback_micros(_zone(reading))


def _zone(reading: Reading) -> str:
    return "UTC" if reading.format.time.utc and not reading.zone_given else reading.zone


def _split(reading: Reading) -> str:
    needs_addresses = filters.filters_by_address(reading.filters) or filters.anonymises_addresses(reading.hits)
    return f"{filters.path_of(reading.hits)} AS path" + (f", {client_address.PACKED}" if needs_addresses else "")


def _filtered(reading: Reading) -> str:
    return filters.reason(reading.filters, reading.hits, reading.site_zone)


# Why a line cannot be read. `no request` counts only for lines that no filter excludes.
_BAD = f"""
    CASE
        WHEN starts_with(c0, {literal(TOO_LONG)}) THEN 'too long'
        WHEN coalesce(client, '') = '' THEN '{UNMATCHED}'
        WHEN odd_status THEN 'malformed'
        WHEN ts IS NULL OR ts < TIMESTAMP '{_EARLIEST}' OR ts >= TIMESTAMP '{_LATEST}' THEN 'bad time'
        WHEN ip IS NULL THEN 'bad address'
    END
"""

# A well-formed request that is not for a page is filtered; a line that is not a request is rejected.
_PAGELESS = f"coalesce(path = {literal(sql.NO_PAGE)} OR method = 'CONNECT', false)"
_NO_REQUEST = (
    f"coalesce(path, '') = '' OR {_PAGELESS} OR (method IS NOT NULL AND NOT regexp_full_match(method, '[A-Z][A-Z_-]*'))"
)

_REASON = f"""
    CASE
        WHEN bad IS NOT NULL THEN bad
        WHEN {is_one_of("filtered", ("host", "error", "redirect"), "|")} THEN filtered
        WHEN {_NO_REQUEST} THEN 'no request'
        ELSE filtered
    END
"""

_UNREADABLE = ("too long", "malformed", "bad time", "bad address", "no request")

FIELDS_KEPT = (
    *("host", "ip", "user", "ts", "method", "path", "query", "protocol"),
    *("status", "bytes", "time_ms", "referrer", "user_agent"),
)


def _kept(reading: Reading, line: str) -> str:
    """SQL: the columns of `lines`. A line that is not a hit keeps only its reason; a rejected one also its text.

    `rejected` is NULL for an unmatched line until `judged` has run.
    """
    fields = (f"hit.{quoted(name)} AS {quoted(name)}" for name in FIELDS_KEPT)
    download = "CASE WHEN reason IS NULL THEN hit.download END" if reading.keep_all else "hit.download"
    return f"""
    reason,
    CASE WHEN reason = '{UNMATCHED}' THEN NULL
        ELSE coalesce({is_one_of("reason", _UNREADABLE, "|")} AND NOT (reason = 'no request' AND {_PAGELESS}), false)
    END AS rejected,
    CASE WHEN reason = '{UNMATCHED}' THEN {line}
        WHEN {"true" if reading.keep_all else "rejected"} THEN left(ltrim({line}, {literal(TOO_LONG)}), {KEPT_TEXT})
    END AS text,
    {", ".join(fields)},
    {download} AS download
"""


def quoted(name: str) -> str:
    """The name of a column in quotes: `user` is a word of SQL."""
    return f'"{name}"'
