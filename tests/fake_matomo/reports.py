"""Reports over HTTP: which method gives which table, days one by one or as an object, rows cut as asked."""

from collections.abc import Callable

from tests.fake_matomo import summaries, tables
from tests.fake_matomo.calls import Call
from tests.fake_matomo.failures import ApiError, no_method
from tests.fake_matomo.figures import DayFacts
from tests.fake_matomo.tables import Row

SUMMARIES: dict[str, Callable[[DayFacts], Row]] = {
    "VisitsSummary.get": summaries.visits_summary,
    "Actions.get": summaries.actions_summary,
}
"""Reports of one row."""

TABLES: dict[str, Callable[[DayFacts, int], list[Row]]] = {
    "Actions.getPageUrls": tables.pages,
    "Actions.getEntryPageUrls": tables.entry_pages,
    "Actions.getExitPageUrls": tables.exit_pages,
    "Actions.getDownloads": tables.downloads,
    "Actions.getSiteSearchKeywords": tables.site_searches,
    "Referrers.getReferrerType": tables.referrer_types,
    "Referrers.getWebsites": tables.websites,
    "Referrers.getSearchEngines": tables.search_engines,
    "Referrers.getSocials": tables.socials,
    "Referrers.getAIAssistants": tables.assistants,
    "DevicesDetection.getBrowsers": tables.browsers,
    "DevicesDetection.getOsFamilies": tables.systems,
    "DevicesDetection.getType": tables.devices,
    "UserCountry.getCountry": tables.countries,
    "VisitTime.getVisitInformationPerServerTime": tables.hours,
}
"""Reports of many rows."""

FLAT = ("Actions.getPageUrls", "Actions.getEntryPageUrls", "Actions.getExitPageUrls", "Actions.getDownloads")
"""Reports that are trees of folders, unless `flat=1`."""


def report(call: Call) -> object:
    """Answer a report; raises ApiError."""
    if call.method == "Referrers.getAIAssistants" and not call.world.settings.assistants:
        raise no_method("Referrers", "getAIAssistants")
    if call.method in FLAT and call.params.get("flat") != "1":
        raise ApiError("This server makes no trees of pages; ask with flat=1.")
    site = call.site()
    asked = call.days(site)
    archive = call.world.archive
    if not asked.is_range:
        return _one(call, archive.day(site, asked.days[0]))
    return {day.isoformat(): _of_range(call, archive.day(site, day)) for day in asked.days}


def _of_range(call: Call, day: DayFacts) -> object:
    """A day of a range: an empty one is an empty list, whatever the report."""
    return _one(call, day) if day.visits else []


def _one(call: Call, day: DayFacts) -> object:
    if call.method in SUMMARIES:
        return SUMMARIES[call.method](day)
    rows = day.reports.get(call.method)
    if not isinstance(rows, list):
        rows = day.reports[call.method] = TABLES[call.method](day, call.world.settings.row_limit)
    return call.cut(rows)
