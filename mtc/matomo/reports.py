"""Statistics of days, read from Matomo in few calls, and the request to make them again.

A report that is read while hits of its day come in stays wrong until it is invalidated: deliver, invalidate, read.

`ExtraReports` are read only where a day's statistics are made: what visits did that began with a page, social networks,
AI assistants.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from mtc.core.errors import StepError
from mtc.matomo.api import Call, ReportRow, ReportSummary, bulk, call, number, row, summary
from mtc.matomo.client import CallRefusedError, MatomoClient, NoRightError, NotMatomoError

_DAYS_AT_ONCE = 31
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class Report(StrEnum):
    """The tables that are read, by Matomo's names."""

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
        """Whether the table is a tree of folders, to be asked for as a list."""
        return self.value.startswith("Actions.") and self is not Report.SITE_SEARCHES


_VISITS = "VisitsSummary.get"
_ACTIONS = "Actions.get"


@dataclass(frozen=True, slots=True)
class DayReports:
    """A day's figures and tables. `missing` are tables that the server does not have: a plugin that is off."""

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
    """The reports of every day from `first` to `last`.

    All rows are asked for; where the server kept only the first of them, the last row is marked `rest`.

    Raises:
        StepError: the server did not answer, with an error, or with what is no report.
    """
    found: dict[dt.date, DayReports] = {}
    while first <= last:
        until = min(last, first + dt.timedelta(days=_DAYS_AT_ONCE - 1))
        found |= _window(client, site_id, (first, until), methods)
        first = until + dt.timedelta(days=1)
    return found


def invalidate(client: MatomoClient, site_id: int, days: Sequence[dt.date]) -> str:
    """Have the reports of these days made again when they are next read; empty, or why that could not be asked for.

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
            "A report that somebody read during the delivery may stay short"
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
    there = {
        name: _by_day(answer, window, name) for name, answer in zip(names, answers, strict=True) if name not in missing
    }
    days = [window[0] + dt.timedelta(days=count) for count in range((window[1] - window[0]).days + 1)]
    return {day: _day(day, there, [one for one in methods if one not in missing], missing) for day in days}


def _call(name: str, site_id: int, window: tuple[dt.date, dt.date], *, flat: bool) -> Call:
    dates = f"{window[0].isoformat()},{window[1].isoformat()}"
    usual: list[tuple[str, str | int]] = [("idSite", site_id), ("period", "day"), ("date", dates), ("filter_limit", -1)]
    return Call(name, (*usual, ("flat", 1)) if flat else tuple(usual))


def _is_missing(answer: object) -> bool:
    """A plugin that is off, and not a site that the token may not see."""
    return isinstance(answer, NoRightError) and "not available" in answer.what


def _by_day(answer: object, window: tuple[dt.date, dt.date], name: str) -> Mapping[str, object]:
    """An answer by its days: `{"2026-05-01": ...}`, or the bare value where one day was asked for; `[]` is nothing."""
    if isinstance(answer, StepError):
        raise answer
    if answer == []:
        return {}
    if isinstance(answer, dict) and all(_DATE.fullmatch(str(key)) for key in answer):
        return answer
    if window[0] == window[1]:
        return {window[0].isoformat(): answer}
    raise NotMatomoError("Matomo's report does not come by days", where=name)


def _day(
    day: dt.date, there: Mapping[str, Mapping[str, object]], methods: Sequence[Report], missing: tuple[Report, ...]
) -> DayReports:
    key = day.isoformat()
    figures = [_figures(there[name].get(key, []), name) for name in (_VISITS, _ACTIONS)]
    tables = {report: _table(there[report].get(key, []), report) for report in methods}
    return DayReports(day, summary(*figures), tables, missing)


def _figures(value: object, name: str) -> Mapping[str, object]:
    if value == []:
        return {}
    if not isinstance(value, dict):
        raise NotMatomoError("a day of Matomo's report has no figures", where=name)
    return value


def _table(value: object, name: str) -> tuple[ReportRow, ...]:
    return tuple(row(item) for item in _items(value, name))


def _items(value: object, name: str) -> list[object]:
    if not isinstance(value, list):
        raise NotMatomoError("a day of Matomo's report has no table", where=name)
    return value


ENTRIES = "Actions.getEntryPageUrls"
SOCIALS = "Referrers.getSocials"
ASSISTANTS = "Referrers.getAIAssistants"


@dataclass(frozen=True, slots=True)
class EntryPage:
    """A first page: its row, and the actions and the length of the visits that began with it."""

    row: ReportRow
    actions: int
    seconds: int


@dataclass(frozen=True, slots=True)
class ExtraReports:
    """A day's further tables; `socials` is None where the server does not have that report.

    So is `assistants`: they are a report of their own from Matomo 5.5 on, and other websites or search engines before.
    """

    entries: tuple[EntryPage, ...] = ()
    socials: tuple[ReportRow, ...] | None = ()
    assistants: tuple[ReportRow, ...] | None = None


def read_extra_reports(client: MatomoClient, site_id: int, window: Sequence[dt.date]) -> Mapping[dt.date, ExtraReports]:
    """The further tables of a range of days, in one request.

    Raises:
        StepError: the server did not answer, with an error, or with what is no report.
    """
    dates = f"{window[0].isoformat()},{window[-1].isoformat()}"
    usual: tuple[tuple[str, str | int], ...] = (
        ("idSite", site_id), ("period", "day"), ("date", dates), ("filter_limit", -1)
    )  # fmt: skip
    calls = [Call(ENTRIES, (*usual, ("flat", 1))), Call(SOCIALS, usual), Call(ASSISTANTS, usual)]
    entries, *others = bulk(client, calls)
    pages = _by_day(entries, (window[0], window[-1]), ENTRIES)
    socials, assistants = (
        None if _is_missing(answer) else _by_day(answer, (window[0], window[-1]), name)
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
    page = row(item)
    figures = item if isinstance(item, dict) else {}
    return EntryPage(
        page, round(number(figures.get("entry_nb_actions"))), round(number(figures.get("entry_sum_visit_length")))
    )
