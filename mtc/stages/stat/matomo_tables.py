"""Turns Matomo's report rows into the tables of a `.stat` file, with the warehouse's labels, columns, order and limit.

Reports are requested in English. Matomo writes labels as HTML, with `&amp;` for `&`, and addresses unescaped. Matomo's
words are replaced by mtc's where there are any; browsers and systems have the same names in both. What Matomo does not
know is None: bytes, statuses, the hour of a hit, the longest visit. No I/O.
"""

import html
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from mtc.matomo.reports import DayReports, EntryPage, ExtraReports, Report, ReportRow
from mtc.warehouse import stat_tables
from mtc.warehouse.countries import UNKNOWN
from mtc.warehouse.referrers import IGNORED_PARAMETERS
from mtc.warehouse.stat_document import Summary
from mtc.warehouse.stat_tables import LABEL_LENGTH, OTHERS, Tables

R = TypeVar("R", bound=stat_tables.Row)

_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_COUNTRY = re.compile(r"[a-z][a-z0-9]")

REFERRER_TYPES: Mapping[str, str] = {
    "Direct Entry": "direct",
    "Search Engines": "search",
    "Social Networks": "social",
    "Websites": "website",
    "Campaigns": "campaign",
    "AI Assistants": "ai",
}
"""Matomo's names of referrer types, and mtc's."""


def label_text(row: ReportRow) -> str:
    """A row's label as text, without HTML."""
    return OTHERS if row.rest else html.unescape(row.label).strip()[:LABEL_LENGTH]


def page_label(row: ReportRow) -> str:
    """The page or file of a row as the warehouse labels it: the path, and the query without ignored parameters.

    It is taken from the row's URL: Matomo's label may call a folder's front page `index`, and for a file includes the
    host.
    """
    origin = _ORIGIN.match(row.url)
    if row.rest or origin is None:
        return label_text(row)
    path, _, query = row.url[origin.end() :].partition("?")
    pairs = [pair for pair in query.split("&") if pair.partition("=")[0].lower() not in IGNORED_PARAMETERS]
    counted_query = "&".join(pairs)
    return f"{path or '/'}{'?' if counted_query else ''}{counted_query}"[:LABEL_LENGTH]


def referrer_type(row: ReportRow) -> str:
    """The row's referrer type: `direct`, `search`, `social`, `ai`, `website` or `campaign`."""
    return _translate(row, REFERRER_TYPES)


def device_type(row: ReportRow) -> str:
    """The row's device type, in lower case."""
    return OTHERS if row.rest else label_text(row).lower()


def country_code(row: ReportRow) -> str:
    """The row's country as two letters of ISO 3166-1, or `Unknown`."""
    if row.rest:
        return OTHERS
    return row.code.upper() if _COUNTRY.fullmatch(row.code) and row.code != "xx" else UNKNOWN


def _translate(row: ReportRow, words: Mapping[str, str]) -> str:
    label = label_text(row)
    return label if row.rest else words.get(label, label)


def summary(day: DayReports) -> Summary:
    """The day's totals. Matomo's actions may include more than views, downloads and searches: outlinks, events."""
    numbers = day.summary
    return Summary.of(
        visits=numbers.visits,
        unique_visitors=numbers.unique_visitors,
        actions=numbers.actions,
        pageviews=numbers.pageviews,
        downloads=numbers.downloads,
        searches=numbers.searches,
        bounces=numbers.bounces,
        seconds=numbers.seconds,
        longest=None,
        max_actions=numbers.max_actions,
        size=None,
    )


def tables(day: DayReports, extra: ExtraReports, limit: int) -> Tables:
    """The day's tables, each with at most `limit` rows and one for the rest."""
    reports = day.tables

    def visits(report: Report, label: Callable[[ReportRow], str]) -> tuple[stat_tables.VisitRow, ...]:
        return _visits(reports.get(report, ()), label, limit)

    pages = reports.get(Report.PAGES, ())
    return Tables(
        pages=ranked(map(_page, pages), limit),
        entry_pages=ranked((_entry(item) for item in extra.entries if item.row.entries), limit),
        exit_pages=ranked((_exit(row) for row in pages if row.exits), limit),
        downloads=ranked(map(_download, reports.get(Report.DOWNLOADS, ())), limit),
        site_searches=_searches(reports[Report.SITE_SEARCHES], limit) if Report.SITE_SEARCHES in reports else None,
        referrer_types=visits(Report.REFERRER_TYPES, referrer_type),
        websites=visits(Report.WEBSITES, label_text),
        search_engines=visits(Report.SEARCH_ENGINES, label_text),
        social_networks=_visits(extra.socials or (), label_text, limit),
        ai_assistants=None if extra.assistants is None else _visits(extra.assistants, label_text, limit),
        browsers=visits(Report.BROWSERS, label_text),
        operating_systems=visits(Report.SYSTEMS, label_text),
        device_types=visits(Report.DEVICES, device_type),
        countries=visits(Report.COUNTRIES, country_code) if Report.COUNTRIES in reports else None,
        hours=_hours(reports[Report.HOURS]) if Report.HOURS in reports else (),
    )


def ranked(rows: Iterable[R], limit: int) -> tuple[R, ...]:
    """Sort rows by frequency, then label; those beyond the limit and Matomo's rest are summed up in a last row."""
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


def _sum(total: R | None, row: R, label: str) -> R:
    """Add up two rows: Matomo has a row for each host of a file, the warehouse one for the file."""
    if total is None:
        return row if row.label == label else row.model_copy(update={"label": label})
    added = _numbers(row)
    return total.model_copy(update={name: number + added.get(name, 0) for name, number in _numbers(total).items()})


def _frequency(row: stat_tables.Row) -> int:
    """The first number of a row, by which its table is ordered."""
    return next(iter(_numbers(row).values()))


def _numbers(row: stat_tables.Row) -> dict[str, int]:
    return {name: value for name, value in row if isinstance(value, int)}


def _page(row: ReportRow) -> stat_tables.PageRow:
    return stat_tables.PageRow(
        label=page_label(row),
        views=row.hits,
        visits=row.visits,
        entries=row.entries,
        exits=row.exits,
        bounces=row.bounces,
        bytes=None,
    )


def _entry(entry: EntryPage) -> stat_tables.EntryRow:
    row = entry.row
    return stat_tables.EntryRow(
        label=page_label(row), visits=row.entries, actions=entry.actions, bounces=row.bounces, seconds=entry.seconds
    )


def _exit(row: ReportRow) -> stat_tables.ExitRow:
    return stat_tables.ExitRow(label=page_label(row), visits=row.exits, views=row.hits)


def _download(row: ReportRow) -> stat_tables.DownloadRow:
    return stat_tables.DownloadRow(label=page_label(row), downloads=row.hits, visits=row.visits, bytes=None)


def _searches(rows: Iterable[ReportRow], limit: int) -> tuple[stat_tables.SearchRow, ...]:
    return ranked(
        (stat_tables.SearchRow(label=label_text(row), searches=row.hits, visits=row.visits) for row in rows), limit
    )


def _visits(
    rows: Iterable[ReportRow], label: Callable[[ReportRow], str], limit: int
) -> tuple[stat_tables.VisitRow, ...]:
    """A table of visits by label, without the types that Matomo lists although they have no visit."""
    return ranked((_visit(row, label(row)) for row in rows if row.visits), limit)


def _visit(row: ReportRow, label: str) -> stat_tables.VisitRow:
    return stat_tables.VisitRow(
        label=label,
        visits=row.visits,
        visitors=row.unique_visitors,
        actions=row.actions,
        bounces=row.bounces,
        seconds=row.seconds,
    )


def _hours(rows: Iterable[ReportRow]) -> tuple[stat_tables.HourRow, ...]:
    """The 24 hours of a day; hours without a visit are zeros."""
    known = {row.label.zfill(2): row for row in rows}
    hours = ((f"{hour:02}", known.get(f"{hour:02}", ReportRow(""))) for hour in range(24))
    return tuple(
        stat_tables.HourRow(label=label, visits=row.visits, actions=row.actions, hits=None, bytes=None)
        for label, row in hours
    )
