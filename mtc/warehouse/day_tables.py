"""Visits counted into summaries and tables, for many days at once.

Each table is one named query over `action`, `visit`, `visit_referrer` and `visitor_country` with a row for each
day and label; one wrapper ranks the rows of each day and sums up those beyond the limit. Only these rows reach Python.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtc.warehouse.stat_document import Summary
from mtc.warehouse.stat_tables import OTHERS, ROWS, HourRow, Row, Tables, metrics

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SUMMARIES = """
SELECT
    day,
    count(*) AS visits,
    count(DISTINCT visitor) AS unique_visitors,
    sum(pageviews) AS pageviews,
    sum(downloads) AS downloads,
    sum(searches) AS searches,
    count(*) FILTER (bounce) AS bounces,
    sum(seconds) AS seconds,
    max(seconds) AS longest,
    max(actions) AS max_actions,
    sum(bytes) AS size
FROM visit
GROUP BY day
"""

PAGES = """
SELECT
    viewed.*,
    coalesce(entered.entries, 0) AS entries,
    coalesce(exited.exits, 0) AS exits,
    coalesce(entered.bounces, 0) AS bounces
FROM (
    SELECT day, page AS label, count(*) AS views, count(DISTINCT visit) AS visits, sum(bytes) AS bytes
    FROM action
    WHERE viewed
    GROUP BY day, page
) AS viewed
LEFT JOIN (
    SELECT day, entry_page AS label, count(*) AS entries, count(*) FILTER (bounce) AS bounces
    FROM visit
    GROUP BY day, entry_page
) AS entered USING (day, label)
LEFT JOIN (
    SELECT day, exit_page AS label, count(*) AS exits FROM visit GROUP BY day, exit_page
) AS exited USING (day, label)
"""

ENTRY_PAGES = """
SELECT
    day, entry_page AS label, count(*) AS visits, sum(actions) AS actions,
    count(*) FILTER (bounce) AS bounces, sum(seconds) AS seconds
FROM visit
WHERE entry_page IS NOT NULL
GROUP BY day, entry_page
"""

EXIT_PAGES = """
SELECT day, label, visits, views
FROM (
    SELECT day, exit_page AS label, count(*) AS visits FROM visit WHERE exit_page IS NOT NULL GROUP BY day, exit_page
)
JOIN (
    SELECT day, page AS label, count(*) AS views FROM action WHERE viewed GROUP BY day, page
) USING (day, label)
"""

DOWNLOADS = """
SELECT day, page AS label, count(*) AS downloads, count(DISTINCT visit) AS visits, sum(bytes) AS bytes
FROM action
WHERE download
GROUP BY day, page
"""

SITE_SEARCHES = """
SELECT day, keyword AS label, count(*) AS searches, count(DISTINCT visit) AS visits
FROM action
WHERE keyword IS NOT NULL
GROUP BY day, keyword
"""

# Visits grouped by one of their columns: the braces are filled by the queries below, never with data.
VISITS_BY = """
SELECT
    day, {label} AS label, count(*) AS visits, count(DISTINCT visitor) AS visitors, sum(actions) AS actions,
    count(*) FILTER (bounce) AS bounces, sum(seconds) AS seconds
FROM {visits}
WHERE {where}
GROUP BY day, {label}
"""

HOURS = """
SELECT
    day, lpad(hour::VARCHAR, 2, '0') AS label, sum(visits) AS visits, sum(actions) AS actions,
    sum(hits) AS hits, sum(bytes) AS bytes
FROM (
    SELECT
        day, hour((started AT TIME ZONE 'UTC') AT TIME ZONE $zone) AS hour,
        1 AS visits, actions, 0 AS hits, 0 AS bytes
    FROM visit
    UNION ALL
    SELECT day, hour((ts AT TIME ZONE 'UTC') AT TIME ZONE $zone), 0, 0, 1, bytes FROM action
)
GROUP BY day, hour
"""

STATUS_CODES = """
SELECT day, coalesce(status::VARCHAR, 'unknown') AS label, count(*) AS hits, sum(bytes) AS bytes
FROM action
GROUP BY day, status
"""


@dataclass(frozen=True, slots=True)
class Query:
    """How a table is counted. With `ranked`, the most frequent rows come first; else all rows, in order of label."""

    table: str
    sql: str
    ranked: bool = True


def _by(label: str, where: str = "true", visits: str = "visit_referrer") -> str:
    return VISITS_BY.format(label=label, where=where, visits=visits)


QUERIES = (
    Query("pages", PAGES),
    Query("entry_pages", ENTRY_PAGES),
    Query("exit_pages", EXIT_PAGES),
    Query("downloads", DOWNLOADS),
    Query("site_searches", SITE_SEARCHES),
    Query("referrer_types", _by("referrer_type")),
    Query("websites", _by("referrer_name", "referrer_type = 'website'")),
    Query("search_engines", _by("referrer_name", "referrer_type = 'search'")),
    Query("social_networks", _by("referrer_name", "referrer_type = 'social'")),
    Query("ai_assistants", _by("referrer_name", "referrer_type = 'ai'")),
    Query("browsers", _by("browser")),
    Query("operating_systems", _by("os")),
    Query("device_types", _by("device")),
    Query("hours", HOURS, ranked=False),
    Query("status_codes", STATUS_CODES, ranked=False),
)
"""The queries of the tables that every day has."""

COUNTRIES = Query("countries", _by("country", visits="visit JOIN visitor_country USING (visitor)"))
"""The query of the table that needs `visitor_country`."""

CUT = """
WITH grouped AS ({grouped}),
ranked AS (
    SELECT *, least(row_number() OVER (PARTITION BY day ORDER BY {order} label), {limit}) AS place FROM grouped
)
SELECT day, CASE WHEN place < {limit} THEN any_value(label) ELSE {others} END AS label, {sums}
FROM ranked
GROUP BY day, place
ORDER BY day, place
"""
_ALL = "9223372036854775807"


def _statement(query: Query) -> str:
    names = metrics(query.table)
    return CUT.format(
        grouped=query.sql,
        order=f"{names[0]} DESC," if query.ranked else "",
        limit="$limit + 1" if query.ranked else _ALL,
        others="$others" if query.ranked else "''",
        sums=", ".join(f"sum({name}) AS {name}" for name in names),
    )


def _values(query: Query, zone: str, limit: int) -> dict[str, object]:
    values: dict[str, object] = {"limit": limit, "others": OTHERS} if query.ranked else {}
    return values | ({"zone": zone} if "$zone" in query.sql else {})


def summaries(connection: "DuckDBPyConnection") -> Mapping[dt.date, Summary]:
    """The summary of each day that has visits."""
    names = (
        *("visits", "unique_visitors", "pageviews", "downloads", "searches"),
        *("bounces", "seconds", "longest", "max_actions"),
    )
    rows = connection.execute(SUMMARIES).fetchall()
    return {row[0]: Summary.of(**dict(zip((*names, "size"), row[1:], strict=True))) for row in rows}


def all_hours(rows: Iterable[HourRow]) -> tuple[HourRow, ...]:
    """The 24 rows of a day's hours, with zeros for those without a hit."""
    known = {row.label: row for row in rows}
    labels = (f"{hour:02}" for hour in range(24))
    return tuple(known.get(label) or HourRow(label=label, visits=0, actions=0, hits=0, bytes=0) for label in labels)


def tables(
    connection: "DuckDBPyConnection", zone: str, limit: int, *, countries: bool = False
) -> Mapping[dt.date, Tables]:
    """The tables of each day that has visits, each cut after `limit` rows; `countries` adds the table of countries."""
    days: dict[dt.date, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for query in (*QUERIES, COUNTRIES) if countries else QUERIES:
        kind, names = ROWS[query.table], ("label", *metrics(query.table))
        for day, *row in connection.execute(_statement(query), _values(query, zone, limit)).fetchall():
            days[day][query.table].append(kind.model_construct(None, **dict(zip(names, row, strict=True))))
    return {day: _tables(found) for day, found in days.items()}


def _tables(rows: Mapping[str, list[Row]]) -> Tables:
    hours = [row for row in rows["hours"] if isinstance(row, HourRow)]
    rest = {query.table: tuple(rows[query.table]) for query in QUERIES if query.table != "hours"}
    by_country = {COUNTRIES.table: tuple(rows[COUNTRIES.table])} if COUNTRIES.table in rows else {}
    return Tables.model_validate({**rest, **by_country, "hours": all_hours(hours)})


def no_visits(*, countries: bool = False) -> Tables:
    """The tables of a day without visits."""
    return Tables(
        hours=all_hours(()), status_codes=(), site_searches=(), ai_assistants=(), countries=() if countries else None
    )
