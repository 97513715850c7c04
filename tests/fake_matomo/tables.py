"""Tables of reports: counted by label from the facts of a day, and written as rows as the API sends them.

Which numbers are sent as numbers and which as texts differs from method to method, as it does on a real server.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from html import escape
from urllib.parse import quote

from tests.fake_matomo.agents import DEVICES
from tests.fake_matomo.facts import DayFacts, View, VisitFacts
from tests.fake_matomo.referrers import Origin

OTHERS = "Others"
"""The label of the line that sums up what lies beyond a table's limit."""


class Line:
    """A label and its numbers. `once` counts each of its values one time."""

    __slots__ = ("_seen", "label", "numbers", "url")

    def __init__(self, label: str, url: str = "") -> None:
        self.label = label
        self.url = url
        self.numbers: Counter[str] = Counter()
        self._seen: set[tuple[str, object]] = set()

    def add(self, **numbers: int) -> None:
        """Count up."""
        self.numbers.update(numbers)

    def once(self, name: str, value: object) -> None:
        """Count a value of which there may be several."""
        if (name, value) not in self._seen:
            self._seen.add((name, value))
            self.numbers[name] += 1

    def most(self, name: str, number: int) -> None:
        """Keep the largest."""
        self.numbers[name] = max(self.numbers[name], number)


class Lines:
    """Lines by label."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}

    def at(self, label: str, url: str = "") -> Line:
        """The line of a label."""
        if label not in self._lines:
            self._lines[label] = Line(label, url)
        return self._lines[label]

    def ranked(self, limit: int) -> list[Line]:
        """The lines with the most visits first; beyond the limit, the last one sums up the rest."""
        lines = sorted(
            self._lines.values(), key=lambda line: (-line.numbers["nb_visits"], -line.numbers["nb_hits"], line.label)
        )
        return lines if len(lines) <= limit else [*lines[: limit - 1], _sum(lines[limit - 1 :])]


def _sum(lines: list[Line]) -> Line:
    others = Line(OTHERS)
    for line in lines:
        most = max(others.numbers["max_actions"], line.numbers["max_actions"])
        others.numbers.update(line.numbers)
        others.numbers["max_actions"] = most
    return others


def visits_by(visits: Iterable[VisitFacts], label: Callable[[VisitFacts], str]) -> Lines:
    """Visits by what they have in common; an empty label leaves a visit out."""
    lines = Lines()
    for visit in visits:
        if name := label(visit):
            line = lines.at(name, visit.referrer.url)
            line.once("nb_uniq_visitors", visit.visitor)
            line.add(nb_visits=1, nb_actions=visit.actions, sum_visit_length=visit.seconds, bounce_count=visit.bounced)
            line.most("max_actions", visit.actions)
    return lines


def pages_of(visits: Iterable[VisitFacts]) -> Lines:
    """Pages, as they were viewed, entered and left."""
    lines = Lines()
    for number, visit in enumerate(visits):
        _view(lines, visit.views, number, visit.visitor)
        if visit.entry:
            entry = lines.at(visit.entry)
            entry.once("entry_nb_uniq_visitors", visit.visitor)
            entry.add(entry_nb_visits=1, entry_nb_actions=visit.actions)
            entry.add(entry_sum_visit_length=visit.seconds, entry_bounce_count=visit.bounced)
        if visit.exit:
            left = lines.at(visit.exit)
            left.once("exit_nb_uniq_visitors", visit.visitor)
            left.add(exit_nb_visits=1)
    return lines


def downloads_of(visits: Iterable[VisitFacts]) -> Lines:
    """Files, as they were downloaded."""
    lines = Lines()
    for number, visit in enumerate(visits):
        _view(lines, visit.downloads, number, visit.visitor)
    return lines


def searches_of(visits: Iterable[VisitFacts]) -> Lines:
    """What was searched for within the site."""
    lines = Lines()
    for number, visit in enumerate(visits):
        for keyword in visit.searches:
            line = lines.at(keyword)
            line.once("nb_visits", number)
            line.add(nb_hits=1)
    return lines


def _view(lines: Lines, views: tuple[View, ...], visit: int, visitor: str) -> None:
    for view in views:
        line = lines.at(view.label, view.url)
        line.once("nb_visits", visit)
        line.once("nb_uniq_visitors", visitor)
        line.add(nb_hits=1, sum_time_spent=view.spent)


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
