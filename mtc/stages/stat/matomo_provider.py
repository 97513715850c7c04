"""Matomo as a source of statistics: its reports in, documents out, a month of days in two requests.

The reports of the days are invalidated before they are read: one that somebody read while hits came in stays wrong
until then. Nothing is tried again here; that is the coordinator's.

Matomo's rows into the tables of a `.stat` file: the same columns, order and cut as the warehouse's. No I/O.

What Matomo does not tell is None: bytes, statuses, the hour of a hit, the longest visit.

Matomo's words into mtc's, where both mean the same; other words stay as they are. No I/O.

Reports are asked for in English. Matomo writes labels as HTML, with `&amp;` for `&`; addresses it writes as they are.
Browsers and systems have the same names on both sides.
"""

import datetime as dt
import hashlib
import html
import json
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mtc import __version__
from mtc.core.errors import TransientError
from mtc.core.model import RECIPES, Stage
from mtc.manifest.project import SiteSettings
from mtc.matomo.api import Row
from mtc.matomo.client import ApiError, NoRightError, ServerBusyError, TokenRefusedError, UnknownSiteError
from mtc.matomo.reports import SOCIALS, DayReports, Entry, More, Report, invalidate, read_more, reports
from mtc.stages.deliver.tracker import Target
from mtc.stages.stat.providers import (
    Answer,
    NotedDocument,
    Place,
    Window,
    find_place,
    halves,
    uncounted,
    windows,
    zone_note,
)
from mtc.warehouse import stat_tables as own
from mtc.warehouse.countries import UNKNOWN
from mtc.warehouse.referrers import IGNORED_PARAMETERS
from mtc.warehouse.stat_document import Inputs, LineAccounting, StatDocument, Summary
from mtc.warehouse.stat_tables import LABEL_LENGTH, OTHERS, ROW_LIMIT, Tables
from mtc.warehouse.statistics import DayFailure, DayWork

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
"""Types of referrers."""


def plain(row: Row) -> str:
    """A label as text."""
    return OTHERS if row.rest else html.unescape(row.label).strip()[:LABEL_LENGTH]


def page(row: Row) -> str:
    """The page or file of a row as the warehouse has it: path, and query less what makes no other page.

    The address tells it. Labels of pages may name a folder's front page `index`, those of files have the host.
    """
    origin = _ORIGIN.match(row.url)
    if row.rest or origin is None:
        return plain(row)
    path, _, query = row.url[origin.end() :].partition("?")
    pairs = [pair for pair in query.split("&") if pair.partition("=")[0].lower() not in IGNORED_PARAMETERS]
    kept = "&".join(pairs)
    return f"{path or '/'}{'?' if kept else ''}{kept}"[:LABEL_LENGTH]


def referrer_type(row: Row) -> str:
    """`direct`, `search`, `social`, `ai`, `website` or `campaign`."""
    return _word(row, REFERRER_TYPES)


def device(row: Row) -> str:
    """A type of device, in small letters."""
    return OTHERS if row.rest else plain(row).lower()


def country(row: Row) -> str:
    """Two letters of ISO 3166-1, or `Unknown`."""
    if row.rest:
        return OTHERS
    return row.code.upper() if _COUNTRY.fullmatch(row.code) and row.code != "xx" else UNKNOWN


def _word(row: Row, words: Mapping[str, str]) -> str:
    label = plain(row)
    return label if row.rest else words.get(label, label)


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
        referrer_types=visits(Report.REFERRER_TYPES, referrer_type),
        websites=visits(Report.WEBSITES, plain),
        search_engines=visits(Report.SEARCH_ENGINES, plain),
        social_networks=_visits(more.socials or (), plain, limit),
        ai_assistants=None if more.assistants is None else _visits(more.assistants, plain, limit),
        browsers=visits(Report.BROWSERS, plain),
        operating_systems=visits(Report.SYSTEMS, plain),
        device_types=visits(Report.DEVICES, device),
        countries=visits(Report.COUNTRIES, country) if Report.COUNTRIES in found else None,
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
        label=page(row),
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
        label=page(row), visits=row.entries, actions=entry.actions, bounces=row.bounces, seconds=entry.seconds
    )


def _exit(row: Row) -> own.ExitRow:
    return own.ExitRow(label=page(row), visits=row.exits, views=row.hits)


def _download(row: Row) -> own.DownloadRow:
    return own.DownloadRow(label=page(row), downloads=row.hits, visits=row.visits, bytes=None)


def _searches(rows: Iterable[Row], limit: int) -> tuple[own.SearchRow, ...]:
    return ranked((own.SearchRow(label=plain(row), searches=row.hits, visits=row.visits) for row in rows), limit)


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


LONGEST_WAIT = 30.0
"""For how many seconds a server that asks for a pause is waited for; a longer one is the coordinator's to wait."""

_OF_ALL = (TokenRefusedError, NoRightError, UnknownSiteError)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MatomoStatistics:
    """Reads the reports of `target`'s server. `limit` is how many rows a table keeps."""

    target: Target
    limit: int = ROW_LIMIT

    def statistics(self, site: SiteSettings, days: Mapping[dt.date, DayWork]) -> Iterator[Answer]:
        """Give a document or a failure for every day, in order of days.

        Raises:
            TransientError: the server does not answer, or not now; the answers given before hold.
            PermanentError: it refuses whatever is asked: the token, the site.
        """
        target = self.target
        place = self._ask(lambda: find_place(target, site))
        note = self._ask(lambda: invalidate(target.connection, target.server, place.id, tuple(days)))
        notes = (*((note,) if note else ()), *zone_note(target, place, site, days))
        yield from _Reading(self, site, place, days, notes).run()

    def read(self, place: Place, window: Window) -> Sequence[tuple[DayReports, More]]:
        """Read the reports of a range of days."""
        target, first, last = self.target, window[0], window[-1]
        found = self._ask(lambda: reports(target.connection, target.server, place.id, first, last, READ))
        further = self._ask(lambda: read_more(target.connection, target.server, place.id, window))
        return [(found[day], further[day]) for day in window]

    def _ask(self, read: Callable[[], T]) -> T:
        """Do a read through the gate that all who ask this server share."""
        gate = self.target.gate
        if (shut := gate.shut_for()) > LONGEST_WAIT:
            raise ServerBusyError(
                f"the server wants to be left alone for {shut:.0f} s more", where=self.target.server.url
            )
        try:
            with gate:
                answer = read()
        except ServerBusyError as error:
            gate.slowed(error.retry_after)
            raise
        gate.well()
        return answer


@dataclass(frozen=True, slots=True)
class _Reading:
    """The reading of one site's days."""

    source: MatomoStatistics
    site: SiteSettings
    place: Place
    days: Mapping[dt.date, DayWork]
    notes: tuple[str, ...]

    def run(self) -> Iterator[Answer]:
        """Read window by window; one that fails is cut until it is known which day it is that fails."""
        waiting = deque(windows(self.days))
        while waiting:
            window = waiting.popleft()
            try:
                found = self.source.read(self.place, window)
            except _OF_ALL:
                raise
            except ApiError as error:
                if len(window) > 1:
                    waiting.extendleft(reversed(halves(window)))
                elif isinstance(error, TransientError):
                    raise
                else:
                    yield DayFailure(window[0], error)
                continue
            yield from (self._answer(day, more) for day, more in found)

    def _answer(self, day: DayReports, more: More) -> Answer:
        hits = self.days[day.day].delivered
        if hits and not day.summary.actions:
            first = min(one for one, work in self.days.items() if work.delivered)
            return DayFailure(day.day, uncounted(self.place, day.day, hits, first))
        document = self._document(day, more)
        notes = (*self.notes, *_missing(day, more))
        return NotedDocument(document, notes) if notes else document

    def _document(self, day: DayReports, more: More) -> StatDocument:
        work = self.days[day.day]
        return StatDocument(
            site=self.site.name,
            day=day.day,
            timezone=self.site.zone,
            source="matomo",
            generator=f"mtc {__version__}",
            inputs=self._inputs(work),
            summary=summary(day),
            tables=tables(day, more, self.source.limit),
            accounting=LineAccounting.of(work.accounting) if work.accounting else None,
        )

    def _inputs(self, work: DayWork) -> Inputs:
        """A digest of what was delivered and of who was asked; what else Matomo was sent nobody here knows."""
        objects: Counter[str] = Counter()
        for part in set(work.parts):
            objects[part.object_id] += part.hits
        server, number = self.source.target.settings.server, self.place.id
        told = json.dumps(
            [RECIPES[Stage.STAT], server, number, self.site.zone, self.source.limit, sorted(objects.items())]
        )
        digest = hashlib.sha256(told.encode()).hexdigest()
        return Inputs(objects=len(objects), fingerprint=digest, server=server, server_site=number)


def _missing(day: DayReports, more: More) -> tuple[str, ...]:
    """Which reports the server does not have."""
    names = [*(report.value for report in day.missing), *([SOCIALS] if more.socials is None else [])]
    return (f"Matomo does not have {', '.join(sorted(names))}: a plugin is off",) if names else ()
