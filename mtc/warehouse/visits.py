"""Groups hits into visits by Matomo's rules, for many days at once.

A visitor is identified by day, address, operating system, browser and browser version. A visit ends when the next hit
comes 30 minutes later or more (at exactly 30 minutes a new one begins), and at midnight in the site's zone, as a part
holds one day. Times are in whole seconds, as Matomo receives them. A visit of one action lasts 0 seconds; one of
several lasts last - first + 1, since Matomo adds one at each further action (`VisitTotalTime`, 0 .. 50 min = 3001 s).

The referrer of a visit is that of its first hit. A visit that began as direct takes the first later referrer, or the
campaign of a later page (`Referrers` columns, `onExistingVisit`). A search within the site is not a page: a visit that
begins with one has no entry page, and one that ends with one no exit page (`EntryPageUrl`, `ExitPageUrl`); downloads
are ignored for both.

Reads the tables of `hit_values`; makes `action` (a row per hit) and `visit`, which `drop_visits` removes. Independent
of the state and of documents.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

VISIT_GAP = 1800
"""Seconds without a hit after which a new visit begins."""

# Hits in order of visitor and time; hits of the same time in the order of their objects and lines, so that every run
# gives the same result. The rows are sorted once: a window without a clause keeps their order.
# A visitor is a number made of those of the address, the software and the unit. `referrer` is 0 for none; `label` is
# a number of table `page`: of the page or download, or of the keyword of a search. `viewed` says that a hit is a view.
ACTIONS = """
CREATE OR REPLACE TEMP TABLE action AS
SELECT
    unit, visitor, newcomer, second, status, bytes, agent, referrer, campaign, label, download, searched,
    NOT download AND NOT searched AS viewed,
    sum(begins::INTEGER) OVER (ROWS UNBOUNDED PRECEDING)::BIGINT AS visit
FROM (
    SELECT
        *,
        coalesce(visitor <> lag(visitor) OVER (), true) AS newcomer,
        coalesce(visitor <> lag(visitor) OVER () OR second - lag(second) OVER () >= $gap, true) AS begins
    FROM (
        SELECT
            hit_row.unit,
            (address.address::BIGINT * $software + agent.software) * $units + hit_row.unit AS visitor,
            epoch_us(hit_row.ts) // 1000000 AS second,
            hit_row.status,
            hit_row.bytes,
            agent.agent,
            CASE
                WHEN referrer.name IS NULL OR referrer.name = hit_row.site_host OR page.ignores_referrer THEN 0
                ELSE referrer.referrer
            END AS referrer,
            page.campaign,
            hit_row.download,
            NOT hit_row.download AND page.keyword IS NOT NULL AS searched,
            CASE WHEN hit_row.download THEN page.page ELSE coalesce(page.keyword, page.page) END AS label
        FROM hit_row
        JOIN page ON page.path IS NOT DISTINCT FROM hit_row.path AND page.query IS NOT DISTINCT FROM hit_row.query
        JOIN agent USING (os, browser, browser_version, device)
        JOIN address USING (ip)
        JOIN referrer ON referrer.host IS NOT DISTINCT FROM hit_row.host
            AND referrer.given IS NOT DISTINCT FROM hit_row.referrer
        ORDER BY visitor, hit_row.ts, hit_row.object_number, hit_row.line
    )
)
"""
SIZES = "SELECT (SELECT max(software) + 1 FROM agent), (SELECT max(unit) + 1 FROM selected)"

# The attributes of a visit (browser, device ...) are those of its first hit, except the referrer.
VISITS = """
CREATE OR REPLACE TEMP TABLE visit AS
SELECT
    unit,
    visit,
    any_value(visitor) AS visitor,
    any_value(visitor) // ($software * $units) AS address,
    bool_or(newcomer) AS newcomer,
    min_by(agent, rowid) AS agent,
    coalesce(min_by(referrer, rowid) FILTER (campaign OR referrer <> 0), 0) AS referrer,
    coalesce(min_by(campaign, rowid) FILTER (campaign OR referrer <> 0), false) AS campaign,
    min(second) AS started,
    count(*) AS actions,
    count(*) FILTER (viewed) AS pageviews,
    count(*) FILTER (download) AS downloads,
    count(*) FILTER (searched) AS searches,
    count(*) = 1 AS bounce,
    CASE WHEN count(*) = 1 THEN 0 ELSE 1 + max(second) - min(second) END AS seconds,
    sum(bytes) AS bytes,
    CASE WHEN NOT min_by(searched, rowid) THEN min_by(label, rowid) FILTER (viewed) END AS entry_page,
    CASE WHEN max_by(viewed, rowid) FILTER (NOT download) THEN max_by(label, rowid) FILTER (viewed) END AS exit_page
FROM action
GROUP BY unit, visit
"""


def make_visits(connection: "DuckDBPyConnection") -> None:
    """Make tables `action` and `visit` from those of `hit_values`."""
    software, units = connection.execute(SIZES).fetchall()[0]
    connection.execute(ACTIONS, {"gap": VISIT_GAP, "software": software, "units": units})
    connection.execute("DROP TABLE IF EXISTS kept_row")  # what follows needs only the narrow rows
    connection.execute(VISITS, {"software": software, "units": units})


def drop_visits(connection: "DuckDBPyConnection") -> None:
    """Free the memory of a set of days before the next one is read."""
    for name in ("action", "visit"):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
