"""Where a visit came from, as the server files it: campaign, direct, search engine, social network, website."""

import functools
import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import parse_qsl, urlsplit

from mtc.warehouse.referrers import CAMPAIGN_NAMES, IGNORED_PARAMETERS, SEARCH_ENGINES, SOCIAL_NETWORKS


class Origin(Enum):
    """A type of referrer: its number, its label, and its name in segments."""

    DIRECT = (1, "Direct Entry", "direct")
    SEARCH = (2, "Search Engines", "search")
    WEBSITE = (3, "Websites", "website")
    CAMPAIGN = (6, "Campaigns", "campaign")
    SOCIAL = (7, "Social Networks", "social")

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
    """Where a visit came from; `name` is the engine's, the network's, the campaign's, or the host."""

    origin: Origin
    name: str = ""
    url: str = ""


@functools.lru_cache(maxsize=100_000)
def referrer_of(referrer: str, url: str, site_hosts: frozenset[str]) -> Referrer:
    """File a referrer; one of the site's own hosts, or of the page's, is none."""
    campaign = _campaign(url)
    if campaign:
        return Referrer(Origin.CAMPAIGN, campaign, referrer)
    host = host_of(referrer)
    if not host or _bare(host) in site_hosts | {_bare(host_of(url))}:
        return Referrer(Origin.DIRECT)
    if engine := _engine(re.sub(r"^(www\d*|m)\.", "", host)):
        return Referrer(Origin.SEARCH, engine, referrer)
    for name, hosts in SOCIAL_NETWORKS:
        if any(host == known or host.endswith("." + known) for known in hosts):
            return Referrer(Origin.SOCIAL, name, referrer)
    return Referrer(Origin.WEBSITE, host, referrer)


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
    if "=" not in url:
        return ""
    try:
        query = urlsplit(url).query
    except ValueError:
        return ""
    named = {name.lower(): value for name, value in parse_qsl(query)}
    return next((named[name] for name in CAMPAIGN_NAMES if named.get(name)), "")


@functools.lru_cache(maxsize=20_000)
def _engine(host: str) -> str:
    """The search engine of a host: `{}` stands for any country, a leading dot for all below."""
    anywhere = re.sub(r"\.((com|co|net|org|ne|or)\.)?[a-z]{2,3}$", ".{}", host)
    for name, hosts in SEARCH_ENGINES:
        for known in hosts:
            if known in {host, anywhere} or (known.startswith(".") and ("." + host).endswith(known)):
                return name
    return ""
