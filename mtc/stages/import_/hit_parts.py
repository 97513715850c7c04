"""Writes the hits of a bundle to staged parts, one for each day. Days end at midnight in the site's zone."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mtc.core.atomic_files import StagingFolder, sha256
from mtc.core.model import FIRST_RECIPE, RECIPES, Part, Stage
from mtc.core.sql import literal
from mtc.formats.filters import agent_reason
from mtc.manifest.project import SiteSettings
from mtc.warehouse.parts import COLUMNS, part_file

_ONE_DAY = dt.timedelta(days=1)
_NEAR_DAYS = 400
_FIRST_AND_LAST = "SELECT min(first_hit), max(last_hit) FROM agent_hits"
_COUNT_ALL = """
SELECT number, object, CAST(sum(hits) AS BIGINT)
FROM agent_hits JOIN agents USING (user_agent) JOIN segments USING (number)
WHERE {reason} IS NULL
GROUP BY ALL ORDER BY number
"""
_DATES = "SELECT DISTINCT CAST(ts AS DATE) FROM hits"

# The source of a part's column, where it is not the column of `lines` with the same name.
_SOURCES = {
    "object": "object",
    "line": "n + shift",
    # The same time, which the database cannot know: where it knows that none is missing it writes other bytes.
    "ts": "make_timestamp(epoch_us(CASE WHEN random() >= 0 THEN l.ts END))",
    "bot": "coalesce(agents.bot, false)",
    "browser": "agents.browser",
    "browser_version": "agents.browser_version",
    "os": "agents.os",
    "device": "agents.device",
}
_QUOTED = {name: f'"{name}"' for name, _, _ in COLUMNS}
_VALUES = ", ".join(
    f"CAST({_SOURCES.get(name, f'l.{_QUOTED[name]}')} AS {kind}) AS {_QUOTED[name]}" for name, kind, _ in COLUMNS
)
HIT_COLUMNS = ", ".join(_QUOTED.values())
"""The columns of a part, in SQL."""
PARQUET = "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
"""How parts are written, in SQL."""


@dataclass(frozen=True, slots=True)
class DaySpan:
    """A day of the site from `low` to before `high`, in UTC (naive, as in the database)."""

    day: dt.date
    low: dt.datetime
    high: dt.datetime

    @property
    def condition(self) -> str:
        """SQL: whether `ts` is on this day."""
        return f"ts >= {_timestamp(self.low)} AND ts < {_timestamp(self.high)}"


@dataclass(frozen=True, slots=True)
class Hits:
    """SQL for hits as `l`, with their segments and agents, and whether they come in order."""

    query: str
    ordered: bool


def part_name(name: str, made_with: str, recipe: int = RECIPES[Stage.IMPORT]) -> str:
    """The name of the parts of a bundle called `name`, loaded with settings whose digest is `made_with`."""
    return f"{name}-{made_with[:8]}" + (f"-r{recipe}" if recipe != FIRST_RECIPE else "")


def stage_hits(
    connection: duckdb.DuckDBPyConnection, hits: Hits, site: SiteSettings, name: str, staging: StagingFolder
) -> dict[int, list[Part]]:
    """Write the hits of each day to a staged part called `name`; returns the parts of each segment by its number.

    Rows are in the order of the lines, so that a part has the same bytes whenever it is made of the same lines.
    """
    connection.execute(view_of_hits(hits, site))
    parts: dict[int, list[Part]] = {}
    spans = day_spans(connection, site)
    for span in spans:
        query = _COUNT_ALL.format(reason=agent_reason(site.filters)) if len(spans) == 1 else _counts(span)
        counts = connection.execute(query).fetchall()
        if not counts:
            continue
        file = part_file(site.name, span.day, name)
        staged = staging.stage(file)
        connection.execute(_copy(span, staged, hits))
        digest = sha256(staged)
        for number, object_, count in counts:
            parts.setdefault(number, []).append(Part(site.name, span.day, file, object_, count, digest))
    return parts


def view_of_hits(hits: Hits, site: SiteSettings) -> str:
    """SQL that makes the view `hits`: of each hit its segment's number, its line `n`, and the columns of a part."""
    return f"""
CREATE OR REPLACE TEMP VIEW hits AS
SELECT number, n, {_VALUES}
FROM {hits.query}
WHERE {agent_reason(site.filters)} IS NULL
"""  # noqa: S608 - made of this package's own pieces


def _counts(span: DaySpan) -> str:
    return f"SELECT number, object, count(*) FROM hits WHERE {span.condition} GROUP BY ALL ORDER BY number"  # noqa: S608 - as above


def _copy(span: DaySpan, target: Path, hits: Hits) -> str:
    order = "" if hits.ordered else "ORDER BY n"
    rows = f"SELECT {HIT_COLUMNS} FROM hits WHERE {span.condition} {order}"  # noqa: S608 - as above
    return f"COPY ({rows}) TO {literal(str(target))} {PARQUET}"


def day_spans(connection: duckdb.DuckDBPyConnection, site: SiteSettings) -> Sequence[DaySpan]:
    """The days on which there may be hits, in order; some may have none after all."""
    ((first, last),) = connection.execute(_FIRST_AND_LAST).fetchall()
    if first is None:
        return ()
    span = _span(site, _day(site, first))
    if last < span.high:
        return (span,)
    return _spans_of(site, {date for (date,) in connection.execute(_DATES).fetchall()})


def near_spans(connection: duckdb.DuckDBPyConnection, site: SiteSettings) -> Sequence[DaySpan]:
    """The same, of hits that are expected on many days: without a look at them unless they are far apart."""
    ((first, last),) = connection.execute(_FIRST_AND_LAST).fetchall()
    if first is None:
        return ()
    days = (last.date() - first.date()).days + 1
    if days > _NEAR_DAYS:
        return _spans_of(site, {date for (date,) in connection.execute(_DATES).fetchall()})
    return _spans_of(site, {first.date() + number * _ONE_DAY for number in range(days)})


def _spans_of(site: SiteSettings, dates: Collection[dt.date]) -> list[DaySpan]:
    """The site's days that may have moments of these dates in UTC, in order."""
    near = {date + shift for date in dates for shift in (-_ONE_DAY, dt.timedelta(), _ONE_DAY)}
    return [_span(site, day) for day in sorted(near)]


def _day(site: SiteSettings, moment: dt.datetime) -> dt.date:
    return moment.replace(tzinfo=dt.UTC).astimezone(site.tzinfo).date()


def _span(site: SiteSettings, day: dt.date) -> DaySpan:
    return DaySpan(day, _utc(site.day_end(day - _ONE_DAY)), _utc(site.day_end(day)))


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(tzinfo=None)


def _timestamp(moment: dt.datetime) -> str:
    return f"TIMESTAMP {literal(moment.isoformat(sep=' '))}"
