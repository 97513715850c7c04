"""Matomo's rows into the tables of a `.stat` file: the same columns, order and cut as the warehouse's. No I/O.

What Matomo does not tell is None: bytes, statuses, the hour of a hit, the longest visit.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from mtc.matomo.reports import DayReports, Report
from mtc.matomo.rows import Row
from mtc.stages.answering import labels
from mtc.stages.answering.more import Entry, More
from mtc.warehouse import tables as own
from mtc.warehouse.statfile import Summary
from mtc.warehouse.tables import OTHERS, Tables

READ = tuple(report for report in Report if report not in {Report.ENTRY_PAGES, Report.EXIT_PAGES})
"""The reports that are read with the client: `more` has the first pages, and the last ones are among the pages."""

R = TypeVar("R", bound=own.Row)


def summary(day: DayReports) -> Summary:
    """The day in a few numbers. Matomo's actions may be more than views, downloads and searches: outlinks, events."""
    told = day.summary
    return Summary.of(
        visits=told.visits,
        unique_visitors=told.unique_visitors,
        actions=told.actions,
        pageviews=told.pageviews,
        downloads=told.downloads,
        searches=told.searches,
        bounces=told.bounces,
        seconds=told.seconds,
        longest=None,
        max_actions=told.max_actions,
        size=None,
    )


def tables(day: DayReports, more: More, limit: int) -> Tables:
    """The day's tables, each cut after `limit` rows."""
    found = day.tables

    def visits(report: Report, label: Callable[[Row], str]) -> tuple[own.VisitRow, ...]:
        return _visits(found.get(report, ()), label, limit)

    pages = found.get(Report.PAGES, ())
    return Tables(
        pages=ranked(map(_page, pages), limit),
        entry_pages=ranked((_entry(item) for item in more.entries if item.row.entries), limit),
        exit_pages=ranked((_exit(row) for row in pages if row.exits), limit),
        downloads=ranked(map(_download, found.get(Report.DOWNLOADS, ())), limit),
        site_searches=_searches(found[Report.SITE_SEARCHES], limit) if Report.SITE_SEARCHES in found else None,
        referrer_types=visits(Report.REFERRER_TYPES, labels.referrer_type),
        websites=visits(Report.WEBSITES, labels.plain),
        search_engines=visits(Report.SEARCH_ENGINES, labels.plain),
        social_networks=_visits(more.socials or (), labels.plain, limit),
        ai_assistants=None if more.assistants is None else _visits(more.assistants, labels.plain, limit),
        browsers=visits(Report.BROWSERS, labels.plain),
        operating_systems=visits(Report.SYSTEMS, labels.plain),
        device_types=visits(Report.DEVICES, labels.device),
        countries=visits(Report.COUNTRIES, labels.country) if Report.COUNTRIES in found else None,
        hours=_hours(found[Report.HOURS]) if Report.HOURS in found else (),
    )


def ranked(rows: Iterable[R], limit: int) -> tuple[R, ...]:
    """Most frequent first, equal ones by label; what lies beyond the limit, and Matomo's own rest, as one last row."""
    merged: dict[str, R] = {}
    rest: R | None = None
    for row in rows:
        if row.label == OTHERS:
            rest = _sum(rest, row, OTHERS)
        else:
            merged[row.label] = _sum(merged.get(row.label), row, row.label)
    ordered = sorted(merged.values(), key=lambda row: (-_frequency(row), row.label))
    for row in ordered[limit:]:
        rest = _sum(rest, row, OTHERS)
    return (*ordered[:limit], *((rest,) if rest else ()))


def _sum(one: R | None, other: R, label: str) -> R:
    """Two rows as one: Matomo tells the files of several hosts apart, which the warehouse does not."""
    if one is None:
        return other if other.label == label else other.model_copy(update={"label": label})
    mine, more = _numbers(one), _numbers(other)
    return one.model_copy(update={name: number + more.get(name, 0) for name, number in mine.items()})


def _frequency(row: own.Row) -> int:
    """The first number of a row, by which its table is ordered."""
    return next(iter(_numbers(row).values()))


def _numbers(row: own.Row) -> dict[str, int]:
    return {name: value for name, value in row if isinstance(value, int)}


def _page(row: Row) -> own.PageRow:
    return own.PageRow(
        label=labels.page(row),
        views=row.hits,
        visits=row.visits,
        entries=row.entries,
        exits=row.exits,
        bounces=row.bounces,
        bytes=None,
    )


def _entry(entry: Entry) -> own.EntryRow:
    row = entry.row
    return own.EntryRow(
        label=labels.page(row), visits=row.entries, actions=entry.actions, bounces=row.bounces, seconds=entry.seconds
    )


def _exit(row: Row) -> own.ExitRow:
    return own.ExitRow(label=labels.page(row), visits=row.exits, views=row.hits)


def _download(row: Row) -> own.DownloadRow:
    return own.DownloadRow(label=labels.page(row), downloads=row.hits, visits=row.visits, bytes=None)


def _searches(rows: Iterable[Row], limit: int) -> tuple[own.SearchRow, ...]:
    return ranked((own.SearchRow(label=labels.plain(row), searches=row.hits, visits=row.visits) for row in rows), limit)


def _visits(rows: Iterable[Row], label: Callable[[Row], str], limit: int) -> tuple[own.VisitRow, ...]:
    """Visits that have something in common; Matomo lists types without a visit too."""
    return ranked((_visit(row, label(row)) for row in rows if row.visits), limit)


def _visit(row: Row, label: str) -> own.VisitRow:
    return own.VisitRow(
        label=label,
        visits=row.visits,
        visitors=row.unique_visitors,
        actions=row.actions,
        bounces=row.bounces,
        seconds=row.seconds,
    )


def _hours(rows: Iterable[Row]) -> tuple[own.HourRow, ...]:
    """The 24 hours of a day, those without a visit as zeros."""
    known = {row.label.zfill(2): row for row in rows}
    hours = ((f"{hour:02}", known.get(f"{hour:02}", Row(""))) for hour in range(24))
    return tuple(
        own.HourRow(label=label, visits=row.visits, actions=row.actions, hits=None, bytes=None) for label, row in hours
    )
