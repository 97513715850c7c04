"""Reads the hits of many days, and numbers the distinct values in them.

A day of a million hits has some thousand pages, referrers and user agents. What is long or costly is worked out once
for each distinct value, and a hit carries its number: rows stay narrow, and little memory is needed.

Which hits are searches within the site, and for what, follows from the URL of the hit (Matomo's `ActionSiteSearch` and
`UrlHelper::getArrayFromQueryString`). The first of the site's parameters that has a value names what was searched for;
`0` counts as empty, as in PHP. Names of parameters are compared without case and without decoding: `%71` is not `q`.
Of a repeated parameter the last value counts, but of a list (`q[]=a&q[]=b`) the first. A hit whose decoded value is
blank is not a search; a value that is not UTF-8 stays encoded. A download is never a search.

Reads Parquet files by table `selected(number, file, object, object_number, unit, site_host)`. A unit is a day of a
site. Makes `hit_row`, `target`, `page`, `agent`, `address` and `referrer`, which `drop_values` removes. Independent of
the state and of documents.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtc.warehouse.referrers import AUTHORITY, CAMPAIGN_NAMES, IGNORED_PARAMETERS
from mtc.warehouse.stat_tables import LABEL_LENGTH

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BLANKS = " \t\n\r\x00\x0b"
"""The characters that PHP's `trim` removes."""

LARGE_FILE = 20_000
"""Files with so many hits or more, on average, are read several times, which is cheaper than keeping their rows."""

SELECTED = """
CREATE OR REPLACE TEMP TABLE selected AS
SELECT
    unnest(range(len($files)))::INTEGER AS number,
    unnest($files) AS file,
    unnest($objects) AS object,
    unnest($object_numbers)::INTEGER AS object_number,
    unnest($units)::INTEGER AS unit,
    unnest($site_hosts) AS site_host
"""

# Only rows of the selected objects count: a file may hold others. A NULL of what visitors are known by gets a value
# here, so that later steps compare with `=`. A view cannot have parameters, but it can read a variable.
PATHS = "SET VARIABLE hit_files = $paths"
HIT_ROWS = """
CREATE OR REPLACE TEMP {kind} AS
SELECT
    selected.number, selected.unit, selected.object_number, selected.site_host,
    part.line, part.ts, part.host, part.path, part.query, part.status, part.referrer,
    coalesce(part.ip, '') AS ip,
    coalesce(part.os, 'Unknown') AS os,
    coalesce(part.browser, 'Unknown') AS browser,
    coalesce(part.browser_version, '') AS browser_version,
    coalesce(part.device, 'unknown') AS device,
    coalesce(part.download, false) AS download,
    greatest(coalesce(part.bytes, 0), 0) AS bytes
FROM read_parquet(getvariable('hit_files'), filename = true, hive_partitioning = false) AS part
JOIN selected ON selected.file = part.filename AND selected.object = part.object
"""
KEPT_ROWS = "CREATE OR REPLACE TEMP VIEW hit_row AS FROM kept_row"
COUNTS = "SELECT number, count(*) FROM hit_row GROUP BY number"

# A query is cut before it is split: one of a megabyte is an attack, not a page.
TARGETS = """
CREATE OR REPLACE TEMP TABLE target AS
SELECT
    (row_number() OVER ())::INTEGER AS target,
    path,
    query,
    coalesce(regexp_matches(left(query, 8192), $campaign), false) AS campaign,
    coalesce(regexp_matches(left(query, 8192), '(^|&)ignore_refer(r)?er=1(&|$)'), false) AS ignores_referrer,
    CASE
        WHEN regexp_matches(left(query, 8192), $candidate)
            THEN left(query, greatest($length - coalesce(length(path), 0) - 1, 0))
    END AS search_query,
    left(
        coalesce(path, '') || coalesce('?' || nullif(array_to_string(list_filter(
            string_split(left(query, 8192), '&'),
            lambda pair: NOT list_contains($ignored, lower(split_part(pair, '=', 1)))
        ), '&'), ''), ''),
        $length
    ) AS label
FROM (SELECT DISTINCT path, query FROM hit_row)
"""
HAS_CANDIDATES = "SELECT count(search_query) > 0 FROM target"

# Each distinct query is parsed once. `turn` is the position of a pair in its query, `priority` that of its parameter
# in the site's list, `spelled` its name as it is written.
PAIRS = """
CREATE OR REPLACE TEMP TABLE query_pair AS
SELECT
    query,
    turn,
    spelled,
    list_position($parameters, lower(spelled)) AS priority,
    listed,
    CASE WHEN contains(pair, '=') THEN substr(pair, strpos(pair, '=') + 1) ELSE '' END AS value
FROM (
    SELECT
        query, turn, pair,
        regexp_matches(split_part(pair, '=', 1), '(?i)(\\[|%5b)(\\]|%5d)$') AS listed,
        regexp_replace(split_part(pair, '=', 1), '(?i)(\\[|%5b)(\\]|%5d)$', '') AS spelled
    FROM (
        SELECT query, unnest(pairs) AS pair, generate_subscripts(pairs, 1) AS turn
        FROM (
            SELECT query, string_split(replace(query, '#', '&'), '&') AS pairs
            FROM (SELECT DISTINCT search_query AS query FROM target WHERE search_query IS NOT NULL)
        )
    )
)
WHERE list_contains($parameters, lower(spelled))
"""

# If a list has values after the last plain value, these count. `Q` and `q` are separate parameters until each has its
# value; then the later one counts.
SEARCHED = """
CREATE OR REPLACE TEMP TABLE searched AS
WITH last_plain AS (
    SELECT query, spelled, coalesce(max(turn) FILTER (NOT listed), 0) AS turn FROM query_pair GROUP BY query, spelled
),
spelling AS (
    SELECT
        query,
        priority,
        min(query_pair.turn) AS turn,
        bool_or(query_pair.turn > last_plain.turn) AS listed,
        min_by(value, query_pair.turn) FILTER (query_pair.turn = last_plain.turn) AS plain,
        min_by(value, query_pair.turn) FILTER (query_pair.turn > last_plain.turn) AS first
    FROM query_pair
    JOIN last_plain USING (query, spelled)
    GROUP BY query, priority, spelled
),
given AS (
    SELECT
        query,
        priority,
        max_by(listed, turn) AS listed,
        max_by(CASE WHEN listed THEN first ELSE plain END, turn) AS value
    FROM spelling
    GROUP BY query, priority
),
chosen AS (
    SELECT query, min_by(value, priority) AS raw FROM given WHERE listed OR value NOT IN ('', '0') GROUP BY query
),
decoded AS (
    SELECT
        query,
        left(regexp_replace(
            trim(coalesce(try(url_decode(replace(raw, '+', ' '))), {encoded}), $blanks), '[\\r\\n\\x00]', '', 'g'
        ), $length) AS keyword
    FROM chosen
)
SELECT target.target, decoded.keyword
FROM target
JOIN decoded ON decoded.query = target.search_query
WHERE decoded.keyword NOT IN ('', '0')
"""

# Bytes that are not UTF-8 stay encoded, as PHP's `urlencode` writes them.
ENCODED = """array_to_string(list_transform(
                string_split(replace(raw, '%20', '+'), '%'),
                lambda piece, place: CASE
                    WHEN place > 1 AND regexp_matches(piece, '^[0-9A-Fa-f]{2}')
                        THEN upper(left(piece, 2)) || substr(piece, 3)
                    ELSE piece
                END
            ), '%')"""

NO_SEARCHES = "CREATE OR REPLACE TEMP TABLE searched (target INTEGER, keyword VARCHAR)"

# Several targets may have one label, as some parameters are left out of it, and one keyword: the least number stands
# for it. `keyword` is NULL where the target is not a search.
PAGES = """
CREATE OR REPLACE TEMP TABLE page AS
SELECT
    target, path, query, campaign, ignores_referrer, label, searched.keyword AS keyword_label,
    min(target) OVER (PARTITION BY label) AS page,
    CASE WHEN searched.keyword IS NOT NULL THEN min(target) OVER (PARTITION BY searched.keyword) END AS keyword
FROM target
LEFT JOIN searched USING (target)
"""

# `software` is what a visitor is known by besides the address: a device may differ within a visit.
AGENTS = """
CREATE OR REPLACE TEMP TABLE agent AS
SELECT
    (row_number() OVER ())::INTEGER AS agent,
    (dense_rank() OVER (ORDER BY os, browser, browser_version))::INTEGER AS software,
    os, browser, browser_version, device
FROM (SELECT DISTINCT os, browser, browser_version, device FROM hit_row)
"""

ADDRESSES = """
CREATE OR REPLACE TEMP TABLE address AS
SELECT (row_number() OVER ())::INTEGER AS address, ip
FROM (SELECT DISTINCT ip FROM hit_row)
"""

# `name` is NULL for no referrer, and for one of the hit's own host.
REFERRERS = """
CREATE OR REPLACE TEMP TABLE referrer AS
SELECT
    (row_number() OVER ())::INTEGER AS referrer,
    host,
    given,
    left(given, $length) AS text,
    CASE WHEN name NOT IN ('', coalesce(regexp_replace(host, '^www\\.', ''), '')) THEN name END AS name
FROM (
    SELECT
        host, referrer AS given,
        regexp_replace(lower(regexp_extract(referrer, $authority, 1)), '^www\\.', '') AS name
    FROM (SELECT DISTINCT host, referrer FROM hit_row)
)
"""


@dataclass(frozen=True, slots=True)
class SelectedPart:
    """A file, and which object's rows in it count.

    `object_number` is the object's place among those of its unit, which is a day of a site; `site_host` is the site's
    own host, lower case, without `www.`.
    """

    file: str
    object: str
    object_number: int
    unit: int
    site_host: str


def select_parts(connection: "DuckDBPyConnection", parts: Sequence[SelectedPart]) -> None:
    """Make table `selected`, in which parts are numbered in their order."""
    values = {
        "files": [part.file for part in parts],
        "objects": [part.object for part in parts],
        "object_numbers": [part.object_number for part in parts],
        "units": [part.unit for part in parts],
        "site_hosts": [part.site_host for part in parts],
    }
    connection.execute(SELECTED, values)


def read_hits(connection: "DuckDBPyConnection", paths: Sequence[str], *, hits: int) -> None:
    """Make `hit_row` of the selected rows of Parquet files; `hits` is about how many they have.

    Raises:
        duckdb.Error: a file cannot be read.
    """
    connection.execute(PATHS, {"paths": list(paths)})
    if hits >= LARGE_FILE * len(paths):
        connection.execute(HIT_ROWS.format(kind="VIEW hit_row"))
    else:
        connection.execute(HIT_ROWS.format(kind="TABLE kept_row"))
        connection.execute(KEPT_ROWS)


def count_hits(connection: "DuckDBPyConnection") -> dict[int, int]:
    """The number of hits of each selected part that has any."""
    return dict(connection.execute(COUNTS).fetchall())


def number_values(connection: "DuckDBPyConnection", search_parameters: Sequence[str]) -> None:
    """Make `page`, `agent`, `address` and `referrer` from `hit_row`.

    `search_parameters` are the query parameters that name what was searched for within the site, the first one first.
    """
    values = {
        "length": LABEL_LENGTH,
        "campaign": rf"(?i)(^|&)({'|'.join(CAMPAIGN_NAMES)})=[^&]",
        "candidate": _search_pattern(search_parameters),
        "ignored": list(IGNORED_PARAMETERS),
    }
    connection.execute(TARGETS, values)
    _find_searches(connection, search_parameters)
    connection.execute(PAGES)
    connection.execute(AGENTS)
    connection.execute(ADDRESSES)
    connection.execute(REFERRERS, {"authority": AUTHORITY, "length": LABEL_LENGTH})


def _search_pattern(parameters: Sequence[str]) -> str | None:
    """A pattern of queries that may hold a search; None without parameters."""
    names = "|".join(re.escape(name) for name in parameters)
    return rf"(?i)(^|[&#])({names})((\[|%5b)(\]|%5d))?(=|&|#|$)" if names else None


def _find_searches(connection: "DuckDBPyConnection", parameters: Sequence[str]) -> None:
    """Make table `searched` from `target`, with a row for each target that is a search; earlier `parameters` win.

    `target.search_query` is NULL where the query cannot hold a search.
    """
    if not connection.execute(HAS_CANDIDATES).fetchall()[0][0]:
        connection.execute(NO_SEARCHES)
        return
    connection.execute(PAIRS, {"parameters": [name.lower() for name in parameters]})
    connection.execute(SEARCHED.format(encoded=ENCODED), {"blanks": BLANKS, "length": LABEL_LENGTH})
    connection.execute("DROP TABLE query_pair")


def drop_values(connection: "DuckDBPyConnection") -> None:
    """Free the memory of a set of days before the next one is read."""
    for name in (
        "selected",
        "kept_row",
        "target",
        "searched",
        "page",
        "agent",
        "address",
        "address_country",
        "referrer",
    ):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
