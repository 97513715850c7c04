"""Groups hits into visits by Matomo's rules, for many days at once.

A visitor is identified by day, address, operating system, browser and browser version. A visit ends when the next hit
comes 30 minutes later or more (at exactly 30 minutes a new one begins), and at midnight in the site's zone, as a part
holds one day. Times are in whole seconds, as Matomo receives them. A visit of one action lasts 0 seconds; one of
several lasts last - first + 1, since Matomo adds one at each further action (`VisitTotalTime`, 0 .. 50 min = 3001 s).

The referrer of a visit is that of its first hit. A visit that began as direct takes the first later referrer, or the
campaign of a later page (`Referrers` columns, `onExistingVisit`). A search within the site is not a page: a visit that
begins with one has no entry page, and one that ends with one no exit page (`EntryPageUrl`, `ExitPageUrl`); downloads
are ignored for both.

Which hits are searches within the site, and for what, follows from the URL of the hit (Matomo's `ActionSiteSearch` and
`UrlHelper::getArrayFromQueryString`). The first of the site's parameters that has a value names what was searched for;
`0` counts as empty, as in PHP. Names of parameters are compared without case and without decoding: `%71` is not `q`.
Of a repeated parameter the last value counts, but of a list (`q[]=a&q[]=b`) the first. A hit whose decoded value is
blank is not a search; a value that is not UTF-8 stays encoded. A download is never a search.

Reads Parquet files by table `selected(number, file, object, object_number, day)`; makes `visitor`, `action` (a row per
hit) and `visit`, which `drop_tables` removes. Independent of the state and of documents.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mtc.warehouse.referrers import AUTHORITY, CAMPAIGN_NAMES, IGNORED_PARAMETERS, TABLES
from mtc.warehouse.stat_tables import LABEL_LENGTH

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

VISIT_GAP = 1800
"""Seconds without a hit after which a new visit begins."""

BLANKS = " \t\n\r\x00\x0b"
"""The characters that PHP's `trim` removes."""

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
            FROM (SELECT DISTINCT query FROM hit WHERE NOT download AND query IS NOT NULL)
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
SELECT hit.rowid AS hit, decoded.keyword
FROM hit
JOIN decoded USING (query)
WHERE NOT hit.download AND decoded.keyword NOT IN ('', '0')
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

SELECTED = """
CREATE OR REPLACE TEMP TABLE selected AS
SELECT
    unnest(range(len($files))) AS number,
    unnest($files) AS file,
    unnest($objects) AS object,
    unnest($object_numbers) AS object_number,
    unnest($days)::DATE AS day
"""

# Only rows of the selected objects count: a file may hold others. Every NULL of a key gets a value here, so that later
# steps compare with `=`. A query is cut before it is split: one of a megabyte is an attack, not a page.
HITS = """
CREATE OR REPLACE TEMP TABLE hit AS
SELECT
    selected.number,
    selected.day,
    selected.object_number,
    part.line,
    part.ts,
    epoch_us(part.ts) // 1000000 AS second,
    coalesce(part.ip, '') AS ip,
    coalesce(part.os, 'Unknown') AS os,
    coalesce(part.browser, 'Unknown') AS browser,
    coalesce(part.browser_version, '') AS browser_version,
    coalesce(part.device, 'unknown') AS device,
    coalesce(part.download, false) AS download,
    part.status,
    greatest(coalesce(part.bytes, 0), 0) AS bytes,
    CASE
        WHEN regexp_replace(lower(regexp_extract(part.referrer, $authority, 1)), '^www\\.', '')
            IN ('', $site_host, regexp_replace(part.host, '^www\\.', '')) THEN ''
        WHEN coalesce(regexp_matches(left(part.query, 8192), '(^|&)ignore_refer(r)?er=1(&|$)'), false) THEN ''
        ELSE coalesce(left(part.referrer, $length), '')
    END AS referrer,
    coalesce(regexp_matches(left(part.query, 8192), $campaign), false) AS campaign,
    CASE
        WHEN regexp_matches(left(part.query, 8192), $candidate)
            THEN left(part.query, greatest($length - coalesce(length(part.path), 0) - 1, 0))
    END AS query,
    left(
        coalesce(part.path, '') || coalesce('?' || nullif(array_to_string(list_filter(
            string_split(left(part.query, 8192), '&'),
            lambda pair: NOT list_contains($ignored, lower(split_part(pair, '=', 1)))
        ), '&'), ''), ''),
        $length
    ) AS page
FROM read_parquet($paths, filename = true, hive_partitioning = false) AS part
JOIN selected ON selected.file = part.filename AND selected.object = part.object
"""

VISITORS = """
CREATE OR REPLACE TEMP TABLE visitor AS
SELECT row_number() OVER () AS visitor, day, ip, os, browser, browser_version
FROM hit
GROUP BY day, ip, os, browser, browser_version
"""

# A visitor's hits in order of time; hits of the same time in the order of their objects and lines, so that every run
# gives the same result. Only narrow rows are sorted and then joined to the rest by row number, which is much cheaper.
# `keyword` is what a search looked for, NULL for other hits; `viewed` says that a hit is a page view.
ACTIONS = """
CREATE OR REPLACE TEMP TABLE action AS
WITH placed AS (
    SELECT
        hit.rowid AS hit,
        visitor.visitor,
        row_number() OVER visitor_hits AS place,
        second - lag(second) OVER visitor_hits AS gap
    FROM hit
    JOIN visitor USING (day, ip, os, browser, browser_version)
    WINDOW visitor_hits AS (PARTITION BY visitor.visitor ORDER BY ts, object_number, line)
),
numbered AS (
    SELECT
        hit,
        visitor,
        place,
        visitor * 4294967296 + count(*) FILTER (gap IS NULL OR gap >= $gap)
            OVER (PARTITION BY visitor ORDER BY place ROWS UNBOUNDED PRECEDING) AS visit
    FROM placed
)
SELECT
    numbered.visit, numbered.visitor, numbered.place,
    hit.day, hit.ts, hit.second, hit.page, hit.download, hit.status, hit.bytes,
    hit.os, hit.browser, hit.device, hit.referrer, hit.campaign,
    searched.keyword, NOT hit.download AND searched.keyword IS NULL AS viewed
FROM numbered
JOIN hit ON hit.rowid = numbered.hit
LEFT JOIN searched ON searched.hit = numbered.hit
"""

# The attributes of a visit (browser, device ...) are those of its first hit, except the referrer.
VISITS = """
CREATE OR REPLACE TEMP TABLE visit AS
SELECT
    visit,
    day,
    visitor,
    any_value(os) AS os,
    any_value(browser) AS browser,
    min_by(device, place) AS device,
    coalesce(min_by(referrer, place) FILTER (campaign OR referrer <> ''), '') AS referrer,
    coalesce(min_by(campaign, place) FILTER (campaign OR referrer <> ''), false) AS campaign,
    min(ts) AS started,
    count(*) AS actions,
    count(*) FILTER (viewed) AS pageviews,
    count(*) FILTER (download) AS downloads,
    count(keyword) AS searches,
    count(*) = 1 AS bounce,
    CASE WHEN count(*) = 1 THEN 0 ELSE 1 + max(second) - min(second) END AS seconds,
    sum(bytes) AS bytes,
    CASE WHEN min_by(keyword IS NULL, place) THEN min_by(page, place) FILTER (viewed) END AS entry_page,
    CASE WHEN max_by(viewed, place) FILTER (NOT download) THEN max_by(page, place) FILTER (viewed) END AS exit_page
FROM action
GROUP BY visit, day, visitor
"""


def read_hits(
    connection: "DuckDBPyConnection", paths: Sequence[str], site_host: str, search_parameters: Sequence[str]
) -> None:
    """Make tables `hit` and `searched` from the selected rows of a site's Parquet files.

    `search_parameters` are the query parameters that name what was searched for within the site, the first one first.

    Raises:
        duckdb.Error: a file cannot be read.
    """
    values = {
        "paths": list(paths),
        "length": LABEL_LENGTH,
        "authority": AUTHORITY,
        "site_host": site_host.lower().removeprefix("www."),
        "campaign": rf"(?i)(^|&)({'|'.join(CAMPAIGN_NAMES)})=[^&]",
        "candidate": _search_pattern(search_parameters),
        "ignored": list(IGNORED_PARAMETERS),
    }
    connection.execute(HITS, values)
    _find_searches(connection, search_parameters)


def _search_pattern(parameters: Sequence[str]) -> str | None:
    """A pattern of queries that may hold a search; None without parameters."""
    names = "|".join(re.escape(name) for name in parameters)
    return rf"(?i)(^|[&#])({names})((\[|%5b)(\]|%5d))?(=|&|#|$)" if names else None


def _find_searches(connection: "DuckDBPyConnection", parameters: Sequence[str]) -> None:
    """Make table `searched` from `hit`, with a row for each hit that is a search; earlier `parameters` take precedence.

    `hit.query` is NULL where the query cannot hold a search.
    """
    connection.execute(PAIRS, {"parameters": [name.lower() for name in parameters]})
    connection.execute(SEARCHED.format(encoded=ENCODED), {"blanks": BLANKS, "length": LABEL_LENGTH})
    connection.execute("DROP TABLE query_pair")


def make_visits(connection: "DuckDBPyConnection") -> None:
    """Make tables `visitor`, `action` and `visit` from tables `hit` and `searched`, which are dropped."""
    connection.execute(VISITORS)
    connection.execute(ACTIONS, {"gap": VISIT_GAP})
    connection.execute("DROP TABLE hit")
    connection.execute("DROP TABLE searched")
    connection.execute(VISITS)


def drop_tables(connection: "DuckDBPyConnection") -> None:
    """Free the memory of a set of days before the next one is read."""
    for name in ("visitor", "action", "visit", "visitor_country", *TABLES):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
