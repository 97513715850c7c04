"""Reports: which method gives which table or totals; days one by one or as an object; rows cut as requested."""

from collections.abc import Callable

from tests.fake_matomo import tables
from tests.fake_matomo.api_call import ApiCall, ApiError, no_method
from tests.fake_matomo.facts import DayFacts
from tests.fake_matomo.tables import Row, percent


def visits_summary(day: DayFacts) -> Row:
    """`VisitsSummary.get`."""
    visits = day.visits
    count, actions = len(visits), sum(visit.actions for visit in visits)
    seconds, bounces = sum(visit.seconds for visit in visits), sum(visit.bounced for visit in visits)
    return {
        "nb_uniq_visitors": len({visit.visitor for visit in visits}),
        "nb_users": 0,
        "nb_visits": count,
        "nb_actions": actions,
        "nb_visits_converted": 0,
        "bounce_count": bounces,
        "sum_visit_length": seconds,
        "max_actions": max((visit.actions for visit in visits), default=0),
        "bounce_rate": percent(bounces, count),
        "nb_actions_per_visit": _tenths(actions / count) if count else 0,
        "avg_time_on_site": round(seconds / count) if count else 0,
    }


def actions_summary(day: DayFacts) -> Row:
    """`Actions.get`."""
    views = [[view.label for view in visit.views] for visit in day.visits]
    files = [[view.label for view in visit.downloads] for visit in day.visits]
    searches = [visit.searches for visit in day.visits]
    return {
        "nb_pageviews": sum(map(len, views)),
        "nb_uniq_pageviews": sum(len(set(labels)) for labels in views),
        "nb_downloads": sum(map(len, files)),
        "nb_uniq_downloads": sum(len(set(labels)) for labels in files),
        "nb_outlinks": 0,
        "nb_uniq_outlinks": 0,
        "nb_searches": sum(map(len, searches)),
        "nb_keywords": len({keyword for keywords in searches for keyword in keywords}),
    }


def _tenths(value: float) -> float | int:
    """One decimal, and none where it would be zero, as PHP writes it."""
    rounded = round(value, 1)
    return int(rounded) if rounded == int(rounded) else rounded


SUMMARIES: dict[str, Callable[[DayFacts], Row]] = {
    "VisitsSummary.get": visits_summary,
    "Actions.get": actions_summary,
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


def report(call: ApiCall) -> object:
    """Answer a report; raises ApiError."""
    if call.method == "Referrers.getAIAssistants" and not call.backend.settings.assistants:
        raise no_method("Referrers", "getAIAssistants")
    if call.method in FLAT and call.params.get("flat") != "1":
        raise ApiError("This server makes no trees of pages; ask with flat=1.")
    site = call.site()
    asked = call.days(site)
    archive = call.backend.archive
    if not asked.is_range:
        return _one(call, archive.day(site, asked.days[0]))
    return {day.isoformat(): _of_range(call, archive.day(site, day)) for day in asked.days}


def _of_range(call: ApiCall, day: DayFacts) -> object:
    """A day of a range: an empty one is an empty list, whatever the report."""
    return _one(call, day) if day.visits else []


def _one(call: ApiCall, day: DayFacts) -> object:
    if call.method in SUMMARIES:
        return SUMMARIES[call.method](day)
    rows = day.reports.get(call.method)
    if not isinstance(rows, list):
        rows = day.reports[call.method] = TABLES[call.method](day, call.backend.settings.row_limit)
    return call.cut(rows)
