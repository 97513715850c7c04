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
# A visitor is a number made of those of the address, the software and the unit. `kind` is 0 for a page view, 1 for a
# download, 2 for a search; `label` is a number of table `page`: of the page or file, or of the keyword. `source` is
# twice the number of the referrer, which is 0 for none, and one more if the hit is of a campaign.
ACTIONS = """
CREATE OR REPLACE TEMP TABLE action AS
SELECT
    unit, visitor, newcomer, begins, second, status, bytes, agent, source, label, kind,
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
            page.campaign::BIGINT + CASE
                WHEN referrer.name IS NULL OR referrer.name = hit_row.site_host OR page.ignores_referrer THEN 0
                ELSE 2 * referrer.referrer::BIGINT
            END AS source,
            CASE WHEN hit_row.download THEN page.page ELSE coalesce(page.keyword, page.page) END AS label,
            CASE WHEN hit_row.download THEN 1 WHEN page.keyword IS NOT NULL THEN 2 ELSE 0 END::TINYINT AS kind
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

# The attributes of a visit (browser, device ...) are those of its first hit, except its source. Its exit page is that
# of its last action that is no download, if that is a page view.
VISITS = """
CREATE OR REPLACE TEMP TABLE visit AS
SELECT
    * EXCLUDE (source, exit_label, first_view, is_search_first),
    source // 2 AS referrer,
    source % 2 = 1 AS campaign,
    CASE WHEN NOT is_search_first THEN first_view END AS entry_page,
    nullif(exit_label, 0) AS exit_page
FROM (
    SELECT
        unit,
        visit,
        any_value(visitor) AS visitor,
        any_value(visitor) // ($software * $units) AS address,
        bool_or(newcomer) AS newcomer,
        any_value(agent) FILTER (begins) AS agent,
        coalesce(min_by(source, rowid) FILTER (source <> 0), 0) AS source,
        min(second) AS started,
        count(*) AS actions,
        count(*) FILTER (kind = 0) AS pageviews,
        count(*) FILTER (kind = 1) AS downloads,
        count(*) FILTER (kind = 2) AS searches,
        count(*) = 1 AS bounce,
        CASE WHEN count(*) = 1 THEN 0 ELSE 1 + max(second) - min(second) END AS seconds,
        sum(bytes) AS bytes,
        bool_or(begins AND kind = 2) AS is_search_first,
        min_by(label, rowid) FILTER (kind = 0) AS first_view,
        max_by(CASE WHEN kind = 0 THEN label ELSE 0 END, rowid) FILTER (kind <> 1) AS exit_label
    FROM action
    GROUP BY unit, visit
)
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
