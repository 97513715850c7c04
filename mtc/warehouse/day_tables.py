"""Visits counted into summaries and tables, for many days at once.

Each table is one named query over `action`, `visit`, `origin` and `address_country` with a row for each unit (a day of
a site) and label; one statement counts them all, ranks the rows of each unit and sums up those beyond the limit. Only
these rows reach Python.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtc.warehouse.stat_document import Summary
from mtc.warehouse.stat_tables import OTHERS, Tables, metrics

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Values = dict[str, str | int]
"""A row as its label and its numbers, by name."""

SUMMARIES = """
SELECT
    unit,
    count(*) AS visits,
    count(*) FILTER (newcomer) AS unique_visitors,
    sum(pageviews) AS pageviews,
    sum(downloads) AS downloads,
    sum(searches) AS searches,
    count(*) FILTER (bounce) AS bounces,
    sum(seconds) AS seconds,
    max(seconds) AS longest,
    max(actions) AS max_actions,
    sum(bytes) AS size
FROM visit
GROUP BY unit
"""

# What several tables are counted from. Labels are numbers of table `page`, as in `action`.
SHARED = """
seen AS MATERIALIZED (
    SELECT
        unit, label, kind, count(*) AS hits, count(DISTINCT visit) AS visits, sum(bytes) AS bytes
    FROM action
    GROUP BY unit, label, kind
),
entered AS MATERIALIZED (
    SELECT
        unit, entry_page AS label, count(*) AS visits, sum(actions) AS actions,
        count(*) FILTER (bounce) AS bounces, sum(seconds) AS seconds
    FROM visit
    WHERE entry_page IS NOT NULL
    GROUP BY unit, entry_page
),
exited AS MATERIALIZED (
    SELECT unit, exit_page AS label, count(*) AS visits
    FROM visit
    WHERE exit_page IS NOT NULL
    GROUP BY unit, exit_page
),
by_agent AS MATERIALIZED (
    SELECT
        unit, agent, count(*) AS visits, count(DISTINCT visitor) AS visitors, count(*) FILTER (newcomer) AS newcomers,
        sum(actions) AS actions, count(*) FILTER (bounce) AS bounces, sum(seconds) AS seconds
    FROM visit
    GROUP BY unit, agent
),
sent AS (
    SELECT
        unit, visitor, actions, bounce, seconds, name,
        CASE WHEN campaign THEN 'campaign' WHEN referrer = 0 THEN 'direct' ELSE kind END AS kind
    FROM visit
    LEFT JOIN origin USING (referrer)
),
by_origin AS MATERIALIZED (
    SELECT
        unit, kind, name, count(*) AS visits, count(DISTINCT visitor) AS visitors,
        sum(actions) AS actions, count(*) FILTER (bounce) AS bounces, sum(seconds) AS seconds
    FROM sent
    WHERE kind NOT IN ('campaign', 'direct')
    GROUP BY unit, kind, name
)
"""

PAGES = """
SELECT
    seen.unit,
    page.label,
    seen.hits AS views,
    seen.visits,
    coalesce(entered.visits, 0) AS entries,
    coalesce(exited.visits, 0) AS exits,
    coalesce(entered.bounces, 0) AS bounces,
    seen.bytes
FROM seen
JOIN page ON page.target = seen.label
LEFT JOIN entered ON entered.unit = seen.unit AND entered.label = seen.label
LEFT JOIN exited ON exited.unit = seen.unit AND exited.label = seen.label
WHERE seen.kind = 0
"""

ENTRY_PAGES = """
SELECT unit, page.label, visits, actions, bounces, seconds
FROM entered
JOIN page ON page.target = entered.label
"""

EXIT_PAGES = """
SELECT exited.unit, page.label, exited.visits, seen.hits AS views
FROM exited
JOIN seen ON seen.unit = exited.unit AND seen.label = exited.label AND seen.kind = 0
JOIN page ON page.target = exited.label
"""

DOWNLOADS = """
SELECT unit, page.label, hits AS downloads, visits, bytes
FROM seen
JOIN page ON page.target = seen.label
WHERE kind = 1
"""

SITE_SEARCHES = """
SELECT unit, page.keyword_label AS label, hits AS searches, visits
FROM seen
JOIN page ON page.target = seen.label
WHERE kind = 2
"""

REFERRER_TYPES = """
SELECT
    unit, kind AS label, count(*) AS visits, count(DISTINCT visitor) AS visitors, sum(actions) AS actions,
    count(*) FILTER (bounce) AS bounces, sum(seconds) AS seconds
FROM sent
GROUP BY unit, kind
"""

# The braces are filled by the queries below, never with data.
BY_ORIGIN = """
SELECT unit, name AS label, visits, visitors, actions, bounces, seconds
FROM by_origin
WHERE kind = '{kind}'
"""

# A visitor has one browser and one operating system, so it is counted where it is new. Its devices may differ, but
# each is of another agent.
BY_AGENT = """
SELECT
    unit, {label} AS label, sum(visits) AS visits, sum({visitors}) AS visitors, sum(actions) AS actions,
    sum(bounces) AS bounces, sum(seconds) AS seconds
FROM by_agent
JOIN agent USING (agent)
GROUP BY unit, {label}
"""

BY_COUNTRY = """
SELECT
    unit, country AS label, count(*) AS visits, count(*) FILTER (newcomer) AS visitors, sum(actions) AS actions,
    count(*) FILTER (bounce) AS bounces, sum(seconds) AS seconds
FROM visit
JOIN address_country USING (address)
GROUP BY unit, country
"""

# The hour of a second is worked out once, as it costs much for a time zone.
HOURS = """
SELECT
    unit, lpad(hour::VARCHAR, 2, '0') AS label, sum(visits) AS visits, sum(actions) AS actions,
    sum(hits) AS hits, sum(bytes) AS bytes
FROM (
    SELECT
        unit, hour((make_timestamp(second * 1000000) AT TIME ZONE 'UTC') AT TIME ZONE $zone) AS hour,
        visits, actions, hits, bytes
    FROM (
        SELECT unit, started AS second, count(*) AS visits, sum(actions) AS actions, 0 AS hits, 0 AS bytes
        FROM visit
        GROUP BY unit, started
        UNION ALL
        SELECT unit, second, 0, 0, count(*), sum(bytes) FROM action GROUP BY unit, second
    )
)
GROUP BY unit, hour
"""

STATUS_CODES = """
SELECT unit, coalesce(status::VARCHAR, 'unknown') AS label, count(*) AS hits, sum(bytes) AS bytes
FROM action
GROUP BY unit, status
"""


@dataclass(frozen=True, slots=True)
class Query:
    """How a table is counted. With `ranked`, the most frequent rows come first; else all rows, in order of label."""

    table: str
    sql: str
    ranked: bool = True


def _by_agent(label: str, visitors: str = "newcomers") -> str:
    return BY_AGENT.format(label=label, visitors=visitors)


QUERIES = (
    Query("pages", PAGES),
    Query("entry_pages", ENTRY_PAGES),
    Query("exit_pages", EXIT_PAGES),
    Query("downloads", DOWNLOADS),
    Query("site_searches", SITE_SEARCHES),
    Query("referrer_types", REFERRER_TYPES),
    Query("websites", BY_ORIGIN.format(kind="website")),
    Query("search_engines", BY_ORIGIN.format(kind="search")),
    Query("social_networks", BY_ORIGIN.format(kind="social")),
    Query("ai_assistants", BY_ORIGIN.format(kind="ai")),
    Query("browsers", _by_agent("browser")),
    Query("operating_systems", _by_agent("os")),
    Query("device_types", _by_agent("device", "visitors")),
    Query("hours", HOURS, ranked=False),
    Query("status_codes", STATUS_CODES, ranked=False),
)
"""The queries of the tables that every day has."""

COUNTRIES = Query("countries", BY_COUNTRY)
"""The query of the table that needs `address_country`."""

BYTES = "bytes"

# One statement for all tables, as most of the time that a small day takes is that of planning statements.
COUNTED = """
WITH {shared},
counted AS ({tables}),
placed AS (
    SELECT
        *,
        least(
            row_number() OVER (PARTITION BY kind, unit ORDER BY CASE WHEN ranked THEN n0 END DESC, label),
            CASE WHEN ranked THEN $limit + 1 ELSE 9223372036854775807 END
        ) AS place
    FROM counted
)
SELECT
    kind, unit, CASE WHEN ranked AND place = $limit + 1 THEN $others ELSE any_value(label) END AS label,
    {sums}, sum(bytes)
FROM placed
GROUP BY kind, unit, place, ranked
ORDER BY kind, unit, place
"""
TABLE = """
SELECT {kind} AS kind, {ranked} AS ranked, unit, label, {numbers}, {size}::HUGEINT AS bytes FROM ({counted})
"""
COUNTS = 5
"""How many counts a row has at most, besides its bytes: these may be more than fits into 64 bits."""


def _statement(queries: Sequence[Query]) -> str:
    """The statement that counts these tables. `kind` is a table's place, `n0` and so on are its counts in order."""
    return COUNTED.format(
        shared=SHARED,
        tables=" UNION ALL ".join(_table(kind, query) for kind, query in enumerate(queries)),
        sums=", ".join(f"sum(n{number})::BIGINT" for number in range(COUNTS)),
    )


def _table(kind: int, query: Query) -> str:
    names = _counts(query.table)
    numbers = [*names, *["NULL"] * (COUNTS - len(names))]
    return TABLE.format(
        kind=kind,
        ranked=query.ranked,
        numbers=", ".join(f"{number}::BIGINT AS n{place}" for place, number in enumerate(numbers)),
        size=BYTES if BYTES in metrics(query.table) else "NULL",
        counted=query.sql,
    )


def _counts(table: str) -> list[str]:
    return [name for name in metrics(table) if name != BYTES]


def summaries(connection: "DuckDBPyConnection") -> Mapping[int, Summary]:
    """The summary of each unit that has visits."""
    names = (
        *("visits", "unique_visitors", "pageviews", "downloads", "searches"),
        *("bounces", "seconds", "longest", "max_actions"),
    )
    rows = connection.execute(SUMMARIES).fetchall()
    return {row[0]: Summary.of(**dict(zip((*names, "size"), row[1:], strict=True))) for row in rows}


def _all_hours(rows: Iterable[Values]) -> Iterator[Values]:
    """The 24 rows of a day's hours, with zeros for those without a hit."""
    known = {row["label"]: row for row in rows}
    for label in (f"{hour:02}" for hour in range(24)):
        yield known.get(label) or {"label": label, "visits": 0, "actions": 0, "hits": 0, "bytes": 0}


def tables(connection: "DuckDBPyConnection", zone: str, limit: int, *, countries: bool = False) -> Mapping[int, Tables]:
    """The tables of each unit that has visits, each cut after `limit` rows; `countries` adds the table of countries."""
    queries = (*QUERIES, COUNTRIES) if countries else QUERIES
    kinds = [(query.table, ("label", *_counts(query.table)), BYTES in metrics(query.table)) for query in queries]
    units: dict[int, dict[str, list[Values]]] = defaultdict(lambda: {query.table: [] for query in queries})
    values = {"limit": limit, "others": OTHERS, "zone": zone}
    for kind, unit, *row in connection.execute(_statement(queries), values).fetchall():
        table, names, has_bytes = kinds[kind]
        found = dict(zip(names, row, strict=False))
        if has_bytes:
            found[BYTES] = row[-1]
        units[unit][table].append(found)
    return {unit: _tables(found) for unit, found in units.items()}


def _tables(rows: Mapping[str, list[Values]]) -> Tables:
    return Tables.model_validate(
        {
            **{table: tuple(found) for table, found in rows.items()},
            "hours": tuple(_all_hours(rows["hours"])),
        }
    )


def no_visits(*, countries: bool = False) -> Tables:
    """The tables of a day without visits."""
    queries = (*QUERIES, COUNTRIES) if countries else QUERIES
    return _tables({query.table: [] for query in queries})
