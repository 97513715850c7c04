"""On which of the site's days the hits of a bundle fall. A day is cut at midnight in the site's zone."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from mtc.manifest.project import SiteSettings
from mtc.warehouse.quoting import literal

_ONE_DAY = dt.timedelta(days=1)
_BOUNDS = "SELECT min(ts), max(ts) FROM lines WHERE reason IS NULL"
_DATES = "SELECT DISTINCT CAST(ts AS DATE) FROM lines WHERE reason IS NULL"


@dataclass(frozen=True, slots=True)
class Span:
    """One day of the site, with its bounds in UTC (without a zone, as the database has them)."""

    day: dt.date
    low: dt.datetime
    high: dt.datetime

    @property
    def condition(self) -> str:
        """SQL: whether `ts` is of this day."""
        return f"ts >= {_timestamp(self.low)} AND ts < {_timestamp(self.high)}"


def spans(connection: duckdb.DuckDBPyConnection, site: SiteSettings) -> Sequence[Span]:
    """The days on which lines of `lines` may be hits, in order; some of them may turn out to have none."""
    ((first, last),) = connection.execute(_BOUNDS).fetchall()
    if first is None:
        return ()
    span = _span(site, _day(site, first))
    if last < span.high:
        return (span,)
    dates = {date for (date,) in connection.execute(_DATES).fetchall()}
    near = {date + shift for date in dates for shift in (-_ONE_DAY, dt.timedelta(), _ONE_DAY)}
    return [_span(site, day) for day in sorted(near)]


def _day(site: SiteSettings, moment: dt.datetime) -> dt.date:
    return moment.replace(tzinfo=dt.UTC).astimezone(site.tzinfo).date()


def _span(site: SiteSettings, day: dt.date) -> Span:
    return Span(day, _utc(site.day_end(day - _ONE_DAY)), _utc(site.day_end(day)))


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(tzinfo=None)


def _timestamp(moment: dt.datetime) -> str:
    return f"TIMESTAMP {literal(moment.isoformat(sep=' '))}"
