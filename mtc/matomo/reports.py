"""Matomo's reports of days: read in few requests, as rows and sums; and invalidated, so that Matomo makes them again.

A report that is read while hits of its day come in stays wrong until it is invalidated: deliver, invalidate, read.
Numbers that come as 4, 4.0, "4" or "20%" become numbers.

`DayReports` are read to make and to verify statistics; `ExtraReports` only to make them: visits by their entry page,
social networks, AI assistants.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from mtc.core.errors import StepError
from mtc.core.sanitize import valid_unicode
from mtc.matomo.api import Call, bulk, call
from mtc.matomo.client import CallRefusedError, MatomoClient, NoRightError, NotMatomoError

_DAYS_AT_ONCE = 31
_LARGEST_NUMBER = 1 << 53
_REST_LABELS = {"Others", "-1"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class Report(StrEnum):
    """The reports that are tables of rows, by the names of their API methods."""

    PAGES = "Actions.getPageUrls"
    ENTRY_PAGES = "Actions.getEntryPageUrls"
    EXIT_PAGES = "Actions.getExitPageUrls"
    DOWNLOADS = "Actions.getDownloads"
    SITE_SEARCHES = "Actions.getSiteSearchKeywords"
    REFERRER_TYPES = "Referrers.getReferrerType"
    WEBSITES = "Referrers.getWebsites"
    SEARCH_ENGINES = "Referrers.getSearchEngines"
    BROWSERS = "DevicesDetection.getBrowsers"
    SYSTEMS = "DevicesDetection.getOsFamilies"
    DEVICES = "DevicesDetection.getType"
    COUNTRIES = "UserCountry.getCountry"
    HOURS = "VisitTime.getVisitInformationPerServerTime"

    @property
    def flat(self) -> bool:
        """Whether the report is a tree of folders, which has to be requested as a flat list."""
        return self.value.startswith("Actions.") and self is not Report.SITE_SEARCHES


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A row of a report; columns that the report does not have are 0. `rest` marks the row that sums up those cut off.

    For pages, `entries`, `exits` and `bounces` are visits that began, ended, or both there; in other reports `bounces`
    and `seconds` are those of the visits. `code` is that of a country.
    """

    label: str
    url: str = ""
    code: str = ""
    visits: int = 0
    unique_visitors: int = 0
    hits: int = 0
    actions: int = 0
    entries: int = 0
    exits: int = 0
    bounces: int = 0
    seconds: int = 0
    max_actions: int = 0
    rest: bool = False


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """A day's totals, from VisitsSummary.get and Actions.get. `seconds` is the length of all visits together."""

    visits: int = 0
    unique_visitors: int = 0
    actions: int = 0
    bounces: int = 0
    seconds: int = 0
    max_actions: int = 0
    pageviews: int = 0
    unique_pageviews: int = 0
    downloads: int = 0
    unique_downloads: int = 0
    searches: int = 0


_VISITS = "VisitsSummary.get"
_ACTIONS = "Actions.get"


@dataclass(frozen=True, slots=True)
class DayReports:
    """A day's totals and tables. `missing` are the reports that the server does not have, as their plugin is off."""

    day: dt.date
    summary: ReportSummary = field(default_factory=ReportSummary)
    tables: Mapping[Report, tuple[ReportRow, ...]] = field(default_factory=dict)
    missing: tuple[Report, ...] = ()


def reports(
    client: MatomoClient,
    site_id: int,
    first: dt.date,
    last: dt.date,
    methods: Sequence[Report] = tuple(Report),
) -> Mapping[dt.date, DayReports]:
    """Read the reports of every day from `first` to `last`, both included.

    All rows are requested; where the server has cut a table, its last row is marked `rest`.

    Raises:
        StepError: the server did not answer, or with an error, or not with reports.
    """
    found: dict[dt.date, DayReports] = {}
    while first <= last:
        until = min(last, first + dt.timedelta(days=_DAYS_AT_ONCE - 1))
        found |= _window(client, site_id, (first, until), methods)
        first = until + dt.timedelta(days=1)
    return found


def invalidate(client: MatomoClient, site_id: int, days: Sequence[dt.date]) -> str:
    """Invalidate the reports of these days, so that Matomo makes them again when they are next read.

    Returns an empty text, or a note on why that was not possible.

    Raises:
        TransientError: the server did not answer, or could not just then.
    """
    if not days:
        return ""
    dates = ",".join(day.isoformat() for day in sorted(set(days)))
    try:
        answer = call(client, "CoreAdminHome.invalidateArchivedReports", idSites=site_id, dates=dates)
    except NoRightError:
        return (
            "Matomo was not asked to make the reports of the delivered days again: that needs a super user's token. "
            "A report that was read during the delivery may stay incomplete"
        )
    except CallRefusedError as error:
        return f"Matomo did not agree to make the reports of the delivered days again: {error}"
    lines = [str(line) for line in answer] if isinstance(answer, list) else []
    return "; ".join(client.server.quote(line) for line in lines if not line.startswith("Success"))


def _window(
    client: MatomoClient, site_id: int, window: tuple[dt.date, dt.date], methods: Sequence[Report]
) -> dict[dt.date, DayReports]:
    names = [_VISITS, _ACTIONS, *methods]
    flat = {report.value for report in methods if report.flat}
    answers = bulk(client, [_call(name, site_id, window, flat=name in flat) for name in names])
    missing = tuple(report for report, answer in zip(methods, answers[2:], strict=True) if _is_missing(answer))
    found = {
        name: _by_day(answer, window, name) for name, answer in zip(names, answers, strict=True) if name not in missing
    }
    days = [window[0] + dt.timedelta(days=count) for count in range((window[1] - window[0]).days + 1)]
    return {day: _day(day, found, [report for report in methods if report not in missing], missing) for day in days}


def _call(name: str, site_id: int, window: tuple[dt.date, dt.date], *, flat: bool = False) -> Call:
    """The call of a report for a range of days, with all rows."""
    dates = f"{window[0].isoformat()},{window[1].isoformat()}"
    params: tuple[tuple[str, str | int], ...] = (
        ("idSite", site_id), ("period", "day"), ("date", dates), ("filter_limit", -1)
    )  # fmt: skip
    return Call(name, (*params, ("flat", 1)) if flat else params)


def _is_missing(answer: object) -> bool:
    """Whether the report's plugin is off; an error about a site that the token may not see is not meant."""
    return isinstance(answer, NoRightError) and "not available" in answer.what


def _by_day(answer: object, window: tuple[dt.date, dt.date], name: str) -> Mapping[str, object]:
    """An answer by day: `{"2026-05-01": ...}`, or the bare value where one day was requested; `[]` is nothing."""
    if isinstance(answer, StepError):
        raise answer
    if answer == []:
        return {}
    if isinstance(answer, dict) and all(_DATE.fullmatch(str(key)) for key in answer):
        return answer
    if window[0] == window[1]:
        return {window[0].isoformat(): answer}
    raise NotMatomoError("Matomo's report is not divided by days", where=name)


def _day(
    day: dt.date, found: Mapping[str, Mapping[str, object]], methods: Sequence[Report], missing: tuple[Report, ...]
) -> DayReports:
    key = day.isoformat()
    totals = [_totals(found[name].get(key, []), name) for name in (_VISITS, _ACTIONS)]
    tables = {report: _table(found[report].get(key, []), report) for report in methods}
    return DayReports(day, _summary(*totals), tables, missing)


def _totals(value: object, name: str) -> Mapping[str, object]:
    if value == []:
        return {}
    if not isinstance(value, dict):
        raise NotMatomoError("a day of Matomo's report has no totals", where=name)
    return value


def _table(value: object, name: str) -> tuple[ReportRow, ...]:
    return tuple(_row(item) for item in _items(value, name))


def _items(value: object, name: str) -> list[object]:
    if not isinstance(value, list):
        raise NotMatomoError("a day of Matomo's report has no table", where=name)
    return value


ENTRIES = "Actions.getEntryPageUrls"
SOCIALS = "Referrers.getSocials"
ASSISTANTS = "Referrers.getAIAssistants"


@dataclass(frozen=True, slots=True)
class EntryPage:
    """An entry page: its row, and the actions and the length in seconds of the visits that began with it."""

    row: ReportRow
    actions: int
    seconds: int


@dataclass(frozen=True, slots=True)
class ExtraReports:
    """A day's further tables; `socials` and `assistants` are None where the server does not have that report.

    Matomo reports AI assistants separately since 5.5; before that they are among websites or search engines.
    """

    entries: tuple[EntryPage, ...] = ()
    socials: tuple[ReportRow, ...] | None = ()
    assistants: tuple[ReportRow, ...] | None = None


def read_extra_reports(client: MatomoClient, site_id: int, window: Sequence[dt.date]) -> Mapping[dt.date, ExtraReports]:
    """Read the further tables of a range of days, in one request.

    Raises:
        StepError: the server did not answer, or with an error, or not with reports.
    """
    span = (window[0], window[-1])
    calls = [_call(name, site_id, span, flat=name == ENTRIES) for name in (ENTRIES, SOCIALS, ASSISTANTS)]
    entries, *others = bulk(client, calls)
    pages = _by_day(entries, span, ENTRIES)
    socials, assistants = (
        None if _is_missing(answer) else _by_day(answer, span, name)
        for answer, name in zip(others, (SOCIALS, ASSISTANTS), strict=True)
    )
    return {day: _extra_reports(day.isoformat(), pages, socials, assistants) for day in window}


def _extra_reports(
    day: str, pages: Mapping[str, object], socials: Mapping[str, object] | None, assistants: Mapping[str, object] | None
) -> ExtraReports:
    entries = tuple(_entry(item) for item in _items(pages.get(day, []), ENTRIES))
    return ExtraReports(entries, _optional(socials, day, SOCIALS), _optional(assistants, day, ASSISTANTS))


def _optional(table: Mapping[str, object] | None, day: str, name: str) -> tuple[ReportRow, ...] | None:
    return None if table is None else _table(table.get(day, []), name)


def _entry(item: object) -> EntryPage:
    columns = item if isinstance(item, dict) else {}
    return EntryPage(_row(item), _count(columns, "entry_nb_actions"), _count(columns, "entry_sum_visit_length"))


def number(value: object) -> float:
    """Parse a number as Matomo writes it: 4, 4.0, "4", "20%", "4s"; an empty value is 0.

    Raises:
        NotMatomoError: it is not a number from 0 to 2**53.
    """
    if value is None or value == "" or value is False:
        return 0.0
    text = value.strip().removesuffix("%").removesuffix("s").strip() if isinstance(value, str) else value
    try:
        found = float(text) if isinstance(text, int | float | str) else -1.0
    except (ValueError, OverflowError):
        found = -1.0
    if not 0 <= found <= _LARGEST_NUMBER:
        raise NotMatomoError("a figure in Matomo's report is not a number")
    return found


def _row(item: object) -> ReportRow:
    """Parse a row of any report; raises NotMatomoError."""
    if not isinstance(item, dict):
        raise NotMatomoError("a row of Matomo's report is not an object")
    label, url = _text(item, "label"), _text(item, "url")
    return ReportRow(
        label=label,
        url=url,
        code=_text(item, "code"),
        visits=_count(item, "nb_visits"),
        unique_visitors=_count(item, "nb_uniq_visitors"),
        hits=_count(item, "nb_hits"),
        actions=_count(item, "nb_actions"),
        entries=_count(item, "entry_nb_visits"),
        exits=_count(item, "exit_nb_visits"),
        bounces=_count(item, "bounce_count", "entry_bounce_count"),
        seconds=_count(item, "sum_visit_length", "sum_time_spent"),
        max_actions=_count(item, "max_actions"),
        rest=bool(item.get("is_summary")) or (label in _REST_LABELS and not url and "segment" not in item),
    )


def _summary(visits: Mapping[str, object], actions: Mapping[str, object]) -> ReportSummary:
    """Parse a day's totals, empty for a day without visits; raises NotMatomoError."""
    return ReportSummary(
        visits=_count(visits, "nb_visits"),
        unique_visitors=_count(visits, "nb_uniq_visitors"),
        actions=_count(visits, "nb_actions"),
        bounces=_count(visits, "bounce_count"),
        seconds=_count(visits, "sum_visit_length"),
        max_actions=_count(visits, "max_actions"),
        pageviews=_count(actions, "nb_pageviews"),
        unique_pageviews=_count(actions, "nb_uniq_pageviews"),
        downloads=_count(actions, "nb_downloads"),
        unique_downloads=_count(actions, "nb_uniq_downloads"),
        searches=_count(actions, "nb_searches"),
    )


def _count(item: Mapping[str, object], *names: str) -> int:
    """The first of these columns that the item has; 0 without any."""
    return next((round(number(item[name])) for name in names if name in item), 0)


def _text(item: Mapping[str, object], name: str) -> str:
    value = item.get(name)
    return valid_unicode(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
