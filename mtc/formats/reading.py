"""From a text file of log lines to a table of fields: the SQL of the fast path, the exact path and what follows both.

The result has one row for each line, in the file's order (so a row's `rowid` is its line, from 0): its fields, and
why it is no hit. `bad` lines could not be read and keep their text. The order holds because nothing here joins: see
`words`.
"""

import glob
from pathlib import Path

from mtc.formats.base import FIELDS, FastPath, Format
from mtc.formats.clean import SEPARATOR, TOO_LONG
from mtc.formats.filters import download, reason
from mtc.formats.words import one_of
from mtc.manifest.models import Filters
from mtc.warehouse.database import literal

# More pieces than this on one line (quotes in a quoted field) send the file down the exact path.
_PIECES = 24
_KEPT_TEXT = 2000
# What stands for NULL in the text: nothing that a line can hold. Without it an empty piece would be NULL.
_NEVER = "\n"
_EARLIEST, _LATEST = "1995-01-01", "2100-01-01"


def read_lines(path: Path, form: Format, filters: Filters, *, exact: bool) -> str:
    """SQL that makes the temporary table `lines` from a file.

    `exact` reads whole lines and uses the exact path alone; the file must have been cleaned for it.
    """
    fast = None if exact else form.fast
    pieces = _PIECES if fast else 1
    fields = _fast_fields(form, fast) if fast else _exact_fields(form, "c0")
    raw = ", ".join(f"c{number}" for number in range(pieces))
    blank = "trim(c0) = '' AND c1 IS NULL" if fast else "trim(c0) = ''"
    return f"""
CREATE OR REPLACE TEMP TABLE lines AS
WITH pieces AS (
    SELECT *, {_head(form, fast)} AS head FROM {_reader(path, pieces)}
), cut AS (
    SELECT {raw}, {fields} AS z FROM pieces
), named AS (
    SELECT {raw}, {_named(form)} FROM cut
), asked AS (
    SELECT *, string_split(request, ' ') AS parts, {_SIMPLE} AS simple FROM named
), typed AS (
    SELECT {raw}, {_TYPED.format(time=literal(form.time))} FROM asked
), split AS (
    SELECT * EXCLUDE (target),
        split_part(target, '?', 1) AS path,
        CASE WHEN contains(target, '?') THEN substr(target, instr(target, '?') + 1) END AS query
    FROM typed
), judged AS (
    SELECT *, {_bad(blank)} AS bad, {reason(filters)} AS filtered FROM split
), decided AS (
    SELECT *, {_REASON} AS reason FROM judged
)
SELECT {_KEPT.format(download=download(filters), line=_line(pieces))} FROM decided
"""  # noqa: S608 - made of this module's own pieces and quoted literals


def _reader(path: Path, pieces: int) -> str:
    """The CSV reader as a cutter: at every quote, or (one piece) not at all. Nothing is unescaped.

    The reader takes a path for a pattern: `[x].log` would be read as `x.log`.
    """
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(pieces))
    delimiter = literal('"' if pieces > 1 else SEPARATOR)
    return (
        f"read_csv({literal(glob.escape(str(path)))}, delim = {delimiter}, quote = '', escape = '', header = false,"
        f" auto_detect = false, null_padding = {'true' if pieces > 1 else 'false'}, nullstr = {literal(_NEVER)},"
        f" compression = 'none', columns = {{{columns}}})"
    )


def _line(pieces: int) -> str:
    """The whole line again; computed only where it is used."""
    return f"""concat_ws('"', {", ".join(f"c{number}" for number in range(pieces))})"""


def _exact_fields(form: Format, line: str) -> str:
    groups = ", ".join(literal(name) for name in form.groups)
    return f"regexp_extract({line}, {literal(_re2(form.pattern))}, [{groups}])"


def _head(form: Format, fast: FastPath | None) -> str:
    if fast is None:
        return "NULL"
    names = ", ".join(literal(name) for name in form.groups if f"(?P<{name}>" in fast.head)
    return f"regexp_extract(c0, {literal(_re2(fast.head))}, [{names}])"


def _fast_fields(form: Format, fast: FastPath) -> str:
    given = dict(fast.fields)
    values = [f"{literal(name)}: {given.get(name) or f'head.{name}'}" for name in form.groups]
    return (
        f"CASE WHEN {fast.sure} AND head.time <> '' THEN {{{', '.join(values)}}}"
        f" ELSE {_exact_fields(form, _line(_PIECES))} END"
    )


def _re2(pattern: str) -> str:
    """The pattern with plain groups: DuckDB takes the names as a list."""
    plain = pattern
    for name in FIELDS:
        plain = plain.replace(f"(?P<{name}>", "(")
    return plain


def _named(form: Format) -> str:
    """Every field of the vocabulary as a column; NULL where the format has none."""
    return ", ".join(f"z.{name} AS {name}" if name in form.groups else f"NULL::VARCHAR AS {name}" for name in FIELDS)


# `GET /path HTTP/1.1` is cut at its blanks; anything else (a blank in the path, no protocol) by an expression.
_PROTOCOLS = ("HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/2.0", "HTTP/3", "HTTP/3.0")
_SIMPLE = f"len(parts) = 3 AND {one_of('parts[3]', _PROTOCOLS, ' ')}"
_REQUEST = "regexp_extract(request, '^(\\S+) +(.*?)(?: +(HTTP/[0-9.]+))? *$', ['method', 'target', 'protocol'])"

_TYPED = f"""
    ip,
    nullif(trim(lower(host), '.'), '') AS host,
    nullif("user", '-') AS "user",
    make_timestamp(epoch_us(try_strptime("time", {{time}}))) AS ts,
    CASE WHEN simple THEN parts[1] ELSE ({_REQUEST}).method END AS method,
    CASE WHEN simple THEN parts[2] ELSE ({_REQUEST}).target END AS target,
    nullif(CASE WHEN simple THEN parts[3] ELSE ({_REQUEST}).protocol END, '') AS protocol,
    try_cast(status AS SMALLINT) AS status,
    try_cast(try_cast(bytes AS UBIGINT) AS BIGINT) AS bytes,
    nullif(nullif(referrer, '-'), '') AS referrer,
    nullif(nullif(user_agent, '-'), '') AS user_agent
"""


# Why a line cannot be read; `no request` only counts for lines that no filter left out before.
def _bad(blank: str) -> str:
    return f"""
    CASE
        WHEN starts_with(c0, {literal(TOO_LONG)}) THEN 'too long'
        WHEN coalesce(ip, '') = '' AND {blank} THEN 'blank'
        WHEN coalesce(ip, '') = '' OR status IS NULL THEN 'malformed'
        WHEN ts IS NULL OR ts < TIMESTAMP '{_EARLIEST}' OR ts >= TIMESTAMP '{_LATEST}' THEN 'bad time'
    END
"""


_NO_REQUEST = "coalesce(path, '') = '' OR NOT regexp_full_match(method, '[A-Z][A-Z_-]*')"

_REASON = f"""
    CASE
        WHEN bad IS NOT NULL THEN bad
        WHEN {one_of("filtered", ("host", "error", "redirect"), "|")} THEN filtered
        WHEN {_NO_REQUEST} THEN 'no request'
        ELSE filtered
    END
"""

_UNREADABLE = ("too long", "malformed", "bad time", "no request")

# A line that is no hit keeps nothing but its reason; one that could not be read keeps its text.
_FIELDS_KEPT = (
    *("host", "ip", "user", "ts", "method", "path", "query", "protocol"),
    *("status", "bytes", "referrer", "user_agent"),
)
_KEPT = f"""
    reason,
    coalesce({one_of("reason", _UNREADABLE, "|")}, false) AS rejected,
    CASE WHEN rejected THEN left(ltrim({{line}}, {literal(TOO_LONG)}), {_KEPT_TEXT}) END AS text,
    {", ".join(f'CASE WHEN reason IS NULL THEN "{name}" END AS "{name}"' for name in _FIELDS_KEPT)},
    CASE WHEN reason IS NULL THEN {{download}} END AS download
"""
