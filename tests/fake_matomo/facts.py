"""A day's visits as its reports see them at one moment, with pages, downloads and site searches: facts, no tables."""

import datetime as dt
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote_plus, unquote_to_bytes

from tests.fake_matomo.agents import agent_of, device_name, system_name
from tests.fake_matomo.clock import local
from tests.fake_matomo.hits import Hit
from tests.fake_matomo.referrers import Referrer, host_of, page_of, referrer_of, site_hosts, visit_referrer
from tests.fake_matomo.settings import Site
from tests.fake_matomo.store import SeenVisit

_LIST = re.compile(r"(\[|%5b)(\]|%5d)$", re.IGNORECASE)
_BLANKS = " \t\n\r\x00\x0b"


@functools.lru_cache(maxsize=100_000)
def searched_for(url: str, parameters: tuple[str, ...]) -> str:
    """What was searched for; nothing for a page."""
    address, _, fragment = url[:1024].partition("#")
    query = address.partition("?")[2]
    values: dict[str, str | list[str]] = {}
    for pair in f"{query}&{fragment}".split("&"):
        _read(pair, values)
    folded = {name.lower(): value for name, value in values.items()}
    for name in parameters:
        value = folded.get(name.lower(), "")
        if value not in {"", "0"} if isinstance(value, str) else value:
            keyword = _text(value if isinstance(value, str) else value[0])
            return "" if keyword == "0" else keyword
    return ""


def _read(pair: str, values: dict[str, str | list[str]]) -> None:
    name, _, value = pair.partition("=")
    if not name:
        return
    bare = _LIST.sub("", name)
    if bare and bare != name:
        known = values.get(bare)
        if not isinstance(known, list):
            known = values[bare] = []
        known.append(value)
    else:
        values[name] = value


def _text(value: str) -> str:
    data = unquote_to_bytes(value.replace("+", " "))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = quote_plus(data)
    return re.sub(r"[\n\r\x00]", "", text.strip(_BLANKS))[:1024]


@dataclass(frozen=True, slots=True)
class View:
    """An action of a visit: its label in reports, its address, and the seconds until the next one."""

    label: str
    url: str
    spent: int


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """A visit as reports see it. `entry` and `exit` are pages, empty where it began or ended with none."""

    visitor: str
    actions: int
    seconds: int
    views: tuple[View, ...]
    downloads: tuple[View, ...]
    searches: tuple[str, ...]
    entry: str
    exit: str
    referrer: Referrer
    browser: str
    system: str
    device: str
    country: str
    hour: int

    @property
    def bounced(self) -> bool:
        """Whether it had one action."""
        return self.actions == 1


@dataclass(frozen=True, slots=True)
class DayFacts:
    """A day's visits, when they were looked at, and the reports made of them."""

    visits: tuple[VisitFacts, ...]
    at: float
    reports: dict[str, object] = field(default_factory=dict)


def day_facts(site: Site, visits: Iterable[SeenVisit], at: float, *, assistants: bool = False) -> DayFacts:
    """Look at a day. Not all servers tell `assistants` from other websites."""
    hosts = site_hosts(site.urls)
    return DayFacts(tuple(_facts(site, hosts, visit, assistants=assistants) for visit in visits), at)


def kind_of(site: Site, hit: Hit) -> str:
    """`download`, `search` or `action`, which is a page view."""
    return "search" if hit.kind == "action" and searched_for(hit.url, site.search_parameters) else hit.kind


def _facts(site: Site, hosts: frozenset[str], visit: SeenVisit, *, assistants: bool) -> VisitFacts:
    first = visit.hits[0]
    agent = agent_of(first.agent)
    spent = _spent(visit.hits)
    kinds = [kind_of(site, hit) for hit in visit.hits]
    pages = [(kind, page_of(hit.url)) for kind, hit in zip(kinds, visit.hits, strict=True) if kind != "download"]
    return VisitFacts(
        visitor=visit.visitor,
        actions=visit.actions,
        seconds=visit.seconds,
        views=tuple(
            View(page_of(h.url), h.url, s)
            for h, s, kind in zip(visit.hits, spent, kinds, strict=True)
            if kind == "action"
        ),
        downloads=tuple(
            View(host_of(h.url) + page_of(h.url), h.url, s)
            for h, s in zip(visit.hits, spent, strict=True)
            if h.kind == "download"
        ),
        searches=tuple(
            searched_for(h.url, site.search_parameters)
            for h, kind in zip(visit.hits, kinds, strict=True)
            if kind == "search"
        ),
        entry="" if kinds[0] == "search" else next((page for kind, page in pages if kind == "action"), ""),
        exit=pages[-1][1] if pages and pages[-1][0] == "action" else "",
        referrer=visit_referrer(referrer_of(hit.referrer, hit.url, hosts, assistants) for hit in visit.hits),
        browser=agent.browser,
        system=system_name(agent),
        device=device_name(agent),
        country=first.country or "xx",
        hour=local(site.timezone, visit.first).hour,
    )


def _spent(hits: tuple[Hit, ...]) -> list[int]:
    times = [hit.time for hit in hits]
    return [max(0, after - time) for time, after in zip(times, [*times[1:], times[-1]], strict=True)]


def is_today(day: dt.date, today: dt.date) -> bool:
    """Whether a day has not ended."""
    return day >= today
