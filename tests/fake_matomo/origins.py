"""Where a hit came from, as the server files it: campaign, direct, AI assistant, search engine, network, website."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from urllib.parse import parse_qsl, urlsplit

from mtc.warehouse.referrers import CAMPAIGN_NAMES, IGNORED_PARAMETERS
from tests.fake_matomo import engines


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
        Origin.AI: engines.named(referrer, "ai") if assistants else "",
        Origin.SEARCH: engines.searched(referrer),
        Origin.SOCIAL: engines.named(referrer, "social"),
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
