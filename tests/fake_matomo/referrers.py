"""Classifies referrers as the server does: campaign, direct, AI assistant, search engine, social network, website.

It reads the same list as mtc and uses it with other code, so that one checks the other.
"""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import mtc.warehouse.referrers
from mtc.warehouse.referrers import CAMPAIGN_NAMES, COUNTRIES, IGNORED_PARAMETERS

LIST = Path(mtc.warehouse.referrers.__file__).with_name("referrers.tsv")
_CODES = "|".join(COUNTRIES.split())
_AFTER_SCHEME = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#]*@)?(?P<host>\[[^\]]*\]|[^:/?#]*)[^/?#]*")


class Engine(NamedTuple):
    """A search engine: how it names what was searched for, and the pages that do not tell it."""

    name: str
    parameters: list[str]
    hidden: list[str]


@functools.cache
def _rows(kind: str) -> list[list[str]]:
    lines = LIST.read_text("utf-8").splitlines()
    return [row[1:] for line in lines if (row := line.split("\t"))[0] == kind]


@functools.cache
def _engines() -> dict[str, Engine]:
    found = {}
    for name, hosts, *more in _rows("search"):
        parameters, hidden = [*more, "", ""][:2]
        for host in hosts.split():
            found[host] = Engine(name, parameters.split(), hidden.split() or ["/^$/", "/"])
    return found


def named(referrer: str, kind: str) -> str:
    """The `social` network or `ai` assistant that an address names; nothing for none."""
    folded = referrer.lower()
    return next((name for name, pattern in _names(kind) if pattern.search(folded)), "")


@functools.cache
def _names(kind: str) -> list[tuple[str, re.Pattern[str]]]:
    return [
        (name, re.compile(rf"(^|[./]){re.escape(host)}([./]|$)"))
        for name, hosts in _rows(kind)
        for host in hosts.split()
    ]


def searched(referrer: str) -> str:
    """The search engine that an address is of; nothing for none."""
    match = _AFTER_SCHEME.match(referrer)
    if match is None:
        return ""
    rest, _, fragment = referrer[match.end() :].partition("#")
    path, _, query = rest.partition("?")
    query += "&" + fragment if fragment else ""
    engine = _engine(match["host"].lower(), path, query)
    if engine is None or not _tells(engine, referrer, query, _page(path, query, fragment)):
        return ""
    vertical = _values(query).get("tbm", "") if engine.name == "Google" else ""
    return {"isch": "Google Images", "vid": "Google Video", "shop": "Google Shopping"}.get(vertical, engine.name)


def lists_what_was_searched(referrer: str) -> bool:
    """Whether a search engine's address gives a list (`q[]=`) where the server expects one text: its code fails."""
    match = _AFTER_SCHEME.match(referrer)
    if match is None:
        return False
    path, _, query = referrer[match.end() :].partition("#")[0].partition("?")
    engine = _engine(match["host"].lower(), path, query)
    names = (unquote_plus(pair.partition("=")[0]) for pair in query.split("&"))
    return engine is not None and any(name.removesuffix("[]") in engine.parameters for name in names if "[]" in name)


def _page(path: str, query: str, fragment: str) -> str:
    return path + ("?" + query if query else "") + ("#" + fragment if fragment else "")


def _engine(host: str, path: str, query: str) -> Engine | None:
    engines, lossy = _engines(), _lossy(host)
    for key in (host + path, host, lossy + path, lossy):
        if key in engines:
            return engines[key]
    if query.startswith("cx=partner-pub-"):
        return engines["google.com/cse"]
    if path.startswith("/pemonitorhosted/ws/results/"):
        return engines["wsdsold.infospace.com"]
    for known in ("images.search.yahoo.com", "search.yahoo.com"):
        if "." + known in host:
            return engines[known]
    return None


def _lossy(host: str) -> str:
    host = re.sub(r"^(w+[0-9]*|search)\.", "", host)
    host = re.sub(r"(^|\.)m\.", r"\1", host)
    host = re.sub(rf"(\.(com|org|net|co|it|edu))?\.({_CODES})$", ".{}", host)
    return re.sub(rf"(^|\.)({_CODES})\.", r"\1{}.", host)


def _values(query: str) -> dict[str, str]:
    return {name: value for name, _, value in (pair.partition("=") for pair in query.split("&"))}


def _tells(engine: Engine, referrer: str, query: str, page: str) -> bool:
    """Whether it says what was searched for, names the parameter without a value, or is a page that hides it."""
    values = _values(query)
    if engine.name == "Google" and any(values.get(name) for name in ("as_q", "as_oq", "as_epq", "as_eq")):
        return True
    for name in engine.parameters:
        if name.startswith("/"):
            match = re.search(name[1:-1], referrer)
            if match:
                return bool(unquote_plus(match[1]).strip())
        elif unquote_plus(values.get(name, "")).strip() or f"&{name}=" in query:
            return True
    return any(_hides(pattern, page) for pattern in engine.hidden)


def _hides(pattern: str, page: str) -> bool:
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        return bool(re.search(pattern[1:-1], page))
    return pattern == page


class Origin(Enum):
    """A type of referrer: its number, its label, and its name in segments."""

    DIRECT = (1, "Direct Entry", "direct")
    SEARCH = (2, "Search Engines", "search")
    WEBSITE = (3, "Websites", "website")
    CAMPAIGN = (6, "Campaigns", "campaign")
    SOCIAL = (7, "Social Networks", "social")
    AI = (8, "AI Assistants", "ai-assistant")

    @property
    def number(self) -> int:
        """The number that the database has for it."""
        return self.value[0]

    @property
    def label(self) -> str:
        """What reports call it."""
        return self.value[1]

    @property
    def word(self) -> str:
        """What segments and visits call it."""
        return self.value[2]


@dataclass(frozen=True, slots=True)
class Referrer:
    """Where a hit or a visit came from; `name` is the engine's, the network's, the campaign's, or the host."""

    origin: Origin
    name: str = ""
    url: str = ""


@functools.lru_cache(maxsize=100_000)
def referrer_of(referrer: str, url: str, site_hosts: frozenset[str], assistants: bool = False) -> Referrer:  # noqa: FBT001, FBT002 - part of the cache's key
    """File a referrer; one of the site's own hosts, or of the page's, is none. Not all servers know `assistants`."""
    if _ignored(url):
        return Referrer(Origin.DIRECT)
    campaign = _campaign(url)
    if campaign:
        return Referrer(Origin.CAMPAIGN, campaign, referrer)
    host = host_of(referrer)
    if not host or _bare(host) in site_hosts | {_bare(host_of(url))}:
        return Referrer(Origin.DIRECT)
    names = {
        Origin.AI: named(referrer, "ai") if assistants else "",
        Origin.SEARCH: searched(referrer),
        Origin.SOCIAL: named(referrer, "social"),
        Origin.WEBSITE: host[:255],
    }
    origin = next(one for one, name in names.items() if name)
    return Referrer(origin, names[origin], referrer)


def visit_referrer(found: Iterable[Referrer]) -> Referrer:
    """That of a visit: its first hit's, or where that is direct the first one that is not."""
    return next((one for one in found if one.origin is not Origin.DIRECT), Referrer(Origin.DIRECT))


def host_of(url: str) -> str:
    """The host of an address, in small letters; nothing if there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def page_of(url: str) -> str:
    """The page that an address is counted under: path and query, less the parameters that make no other page."""
    try:
        parts = urlsplit(url[:1024])
    except ValueError:
        return url[:1024]
    pairs = [pair for pair in parts.query.split("&") if pair.partition("=")[0].lower() not in IGNORED_PARAMETERS]
    return (parts.path or "/") + ("?" + "&".join(pairs) if any(pairs) else "")


def site_hosts(urls: tuple[str, ...]) -> frozenset[str]:
    """The hosts of a site's addresses, less `www.`."""
    return frozenset(_bare(host_of(url)) for url in urls)


def _bare(host: str) -> str:
    return host.removeprefix("www.")


def _campaign(url: str) -> str:
    named = {name.lower(): value for name, value in _query(url)}
    return next((named[name] for name in CAMPAIGN_NAMES if named.get(name)), "")


def _ignored(url: str) -> bool:
    named = dict(_query(url)) if "ignore_refer" in url else {}
    return "1" in {named.get("ignore_referrer"), named.get("ignore_referer")}


def _query(url: str) -> list[tuple[str, str]]:
    if "=" not in url:
        return []
    try:
        return parse_qsl(urlsplit(url).query)
    except ValueError:
        return []
