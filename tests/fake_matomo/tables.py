"""Tables as the API writes them, a function each: facts of a day in, rows as they go over the wire out.

Which numbers come as numbers and which as texts differs from method to method, as it does on a real server.
"""

from html import escape
from urllib.parse import quote

from tests.fake_matomo.agents import DEVICES
from tests.fake_matomo.figures import DayFacts
from tests.fake_matomo.lines import OTHERS, Line, Lines, downloads_of, pages_of, searches_of, visits_by
from tests.fake_matomo.origins import Origin

Row = dict[str, object]
"""A row of JSON."""

COUNTRIES = {"xx": "Unknown", "fr": "France", "de": "Germany", "us": "United States", "gb": "United Kingdom"}


def referrer_types(day: DayFacts, limit: int) -> list[Row]:
    """`Referrers.getReferrerType`."""
    origins = {origin.label: origin for origin in Origin}
    lines = visits_by(day.visits, lambda visit: visit.referrer.origin.label)
    return [
        _visits(line) | {"segment": f"referrerType=={origins[line.label].word}"}
        | {"referrer_type": origins[line.label].number}
        for line in lines.ranked(limit)
    ]  # fmt: skip


def websites(day: DayFacts, limit: int) -> list[Row]:
    """`Referrers.getWebsites`."""
    return [_visits(line) | {"segment": f"referrerName=={line.label}"} for line in _named(day, Origin.WEBSITE, limit)]


def search_engines(day: DayFacts, limit: int) -> list[Row]:
    """`Referrers.getSearchEngines`."""
    return [
        _visits(line) | {"segment": f"referrerType==search;referrerName=={quote(line.label)}", "url": line.url}
        for line in _named(day, Origin.SEARCH, limit)
    ]


def socials(day: DayFacts, limit: int) -> list[Row]:
    """`Referrers.getSocials`."""
    return [
        _visits(line) | {"url": line.url, "segment": f"referrerType==social;referrerName=={quote(line.label)}"}
        for line in _named(day, Origin.SOCIAL, limit)
    ]


def assistants(day: DayFacts, limit: int) -> list[Row]:
    """`Referrers.getAIAssistants`, of servers that have it."""
    return [
        _visits(line) | {"url": line.url, "segment": f"referrerType==ai-assistant;referrerName=={quote(line.label)}"}
        for line in _named(day, Origin.AI, limit)
    ]


def browsers(day: DayFacts, limit: int) -> list[Row]:
    """`DevicesDetection.getBrowsers`."""
    return _texts(visits_by(day.visits, lambda visit: visit.browser), limit)


def systems(day: DayFacts, limit: int) -> list[Row]:
    """`DevicesDetection.getOsFamilies`."""
    return _texts(visits_by(day.visits, lambda visit: visit.system), limit)


def devices(day: DayFacts, limit: int) -> list[Row]:
    """`DevicesDetection.getType`: every type, those without a visit in short."""
    rows = _texts(visits_by(day.visits, lambda visit: visit.device), limit)
    seen = {row["label"] for row in rows}
    absent = [{"label": name, "nb_visits": 0} for name in sorted(DEVICES) if name not in seen] if rows else []
    return [row | {"segment": f"deviceType=={quote(str(row['label']).lower())}"} for row in [*rows, *absent]]


def countries(day: DayFacts, limit: int) -> list[Row]:
    """`UserCountry.getCountry`."""
    lines = visits_by(day.visits, lambda visit: visit.country).ranked(limit)
    return [
        _visits(line, texts=True)
        | {"label": COUNTRIES.get(line.label, line.label), "code": line.label, "segment": f"countryCode=={line.label}"}
        for line in lines
    ]


def hours(day: DayFacts, _limit: int) -> list[Row]:
    """`VisitTime.getVisitInformationPerServerTime`: 24 hours, those without a visit in short."""
    rows = {row["label"]: row for row in _texts(visits_by(day.visits, lambda visit: f"{visit.hour:02}"), 24)}
    return [rows.get(f"{hour:02}", {"label": f"{hour:02}", "nb_visits": 0}) for hour in range(24)] if rows else []


def pages(day: DayFacts, limit: int) -> list[Row]:
    """`Actions.getPageUrls`, flat."""
    return [_page(line, "pageUrl", "Actions_PageUrl") for line in pages_of(day.visits).ranked(limit)]


def entry_pages(day: DayFacts, limit: int) -> list[Row]:
    """`Actions.getEntryPageUrls`, flat."""
    lines = pages_of(day.visits).ranked(limit)
    return [_page(line, "entryPageUrl", "Actions_EntryPageUrl") for line in lines if line.numbers["entry_nb_visits"]]


def exit_pages(day: DayFacts, limit: int) -> list[Row]:
    """`Actions.getExitPageUrls`, flat."""
    lines = pages_of(day.visits).ranked(limit)
    return [_page(line, "exitPageUrl", "Actions_ExitPageUrl") for line in lines if line.numbers["exit_nb_visits"]]


def downloads(day: DayFacts, limit: int) -> list[Row]:
    """`Actions.getDownloads`, flat."""
    rows = []
    for line in downloads_of(day.visits).ranked(limit):
        row: Row = {
            "label": line.label,
            **_numbers(line, "nb_visits", "nb_uniq_visitors", "nb_hits"),
            "sum_time_spent": 0,
        }
        if line.label != OTHERS:
            row |= {"url": line.url, "Actions_DownloadUrl": line.label, "segment": f"downloadUrl=={_twice(line.url)}"}
        rows.append(row)
    return rows


def site_searches(day: DayFacts, limit: int) -> list[Row]:
    """`Actions.getSiteSearchKeywords`; labels are HTML."""
    rows = []
    for line in searches_of(day.visits).ranked(limit):
        row: Row = {"label": escape(line.label), **_numbers(line, "nb_visits", "nb_hits"), "sum_time_spent": 0}
        row |= {"nb_pages_per_search": round(line.numbers["nb_hits"] / max(1, line.numbers["nb_visits"]), 1)}
        rows.append(row | ({"segment": f"siteSearchKeyword=={quote(line.label)}"} if line.label != OTHERS else {}))
    return rows


def percent(part: int, whole: int) -> str:
    """A share as the server writes it."""
    return f"{round(100 * part / whole) if whole else 0}%"


def _named(day: DayFacts, origin: Origin, limit: int) -> list[Line]:
    visits = (visit for visit in day.visits if visit.referrer.origin is origin)
    return visits_by(visits, lambda visit: visit.referrer.name).ranked(limit)


def _texts(lines: Lines, limit: int) -> list[Row]:
    return [_visits(line, texts=True) for line in lines.ranked(limit)]


def _visits(line: Line, *, texts: bool = False) -> Row:
    wire = str if texts else int
    numbers = line.numbers
    return {
        "label": line.label,
        **_numbers(line, "nb_uniq_visitors", "nb_visits"),
        "nb_actions": wire(numbers["nb_actions"]),
        "nb_users": 0,
        "max_actions": numbers["max_actions"],
        "sum_visit_length": wire(numbers["sum_visit_length"]),
        "bounce_count": wire(numbers["bounce_count"]),
        "nb_visits_converted": wire(0),
    }


def _page(line: Line, segment: str, column: str) -> Row:
    """A page's row; what it was never entered or left by is left out."""
    numbers = line.numbers
    row: Row = {"label": line.label, **_numbers(line, "nb_visits", "nb_uniq_visitors", "nb_hits", "sum_time_spent")}
    if numbers["entry_nb_visits"]:
        row["entry_nb_uniq_visitors"] = numbers["entry_nb_uniq_visitors"]
        names = ("entry_nb_visits", "entry_nb_actions", "entry_sum_visit_length", "entry_bounce_count")
        row |= {name: str(numbers[name]) for name in names}
    if numbers["exit_nb_visits"]:
        row |= {
            "exit_nb_uniq_visitors": numbers["exit_nb_uniq_visitors"],
            "exit_nb_visits": str(numbers["exit_nb_visits"]),
        }
    row |= {
        "avg_page_load_time": 0,
        "avg_time_on_page": round(numbers["sum_time_spent"] / numbers["nb_hits"]) if numbers["nb_hits"] else 0,
        "bounce_rate": percent(numbers["entry_bounce_count"], numbers["entry_nb_visits"]),
        "exit_rate": percent(numbers["exit_nb_visits"], numbers["nb_visits"]),
    }
    known = {"url": line.url, column: line.label, "segment": f"{segment}=={_twice(line.url)}"}
    return row | known if line.label != OTHERS else row


def _numbers(line: Line, *names: str) -> Row:
    return {name: line.numbers[name] for name in names}


def _twice(url: str) -> str:
    return quote(quote(url, safe=""), safe="")
