"""Robots, clients and operating systems by Matomo's tables, which the package device-detector contains.

Only the tables of the package are used. Its search takes 2 to 13 ms per user agent, and its additional rules differ
from Matomo in one browser of forty; `regex_index.Finder` takes a third of a millisecond.

Clients (a browser, an app, a mail program, a library) are looked up in the order of Matomo's tracker. Whatever Matomo
ignores is a robot: what its tracker knows, and what its importer's list has (`ROBOT_TEXTS`). The
crawler-user-agents list is used only where Matomo sees no browser and no app (`unattended`), as it takes some builds of
Android for robots. Health checks are a separate kind of robot.
"""

import functools
import importlib.metadata
import importlib.util
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from mtc.formats.agents.regex_index import Expression, Finder, Groups, fill_template, lower_ascii

Entry = dict[str, Any]
"""A row of a table: its `regex`, and what a match of it means."""

_PACKAGES = ("device-detector", "crawler-user-agents")


@functools.cache
def table(name: str) -> tuple[Entry, ...]:
    """The rows of a table such as `client/browsers`, in order."""
    return tuple(_yaml(_text(name)))


@dataclass(frozen=True)
class Brand:
    """A brand in a table of devices. `row` is its row but for its models, `text` all of it as YAML."""

    name: str
    row: Entry
    text: str

    @functools.cached_property
    def models(self) -> tuple[Entry, ...]:
        """The models of the brand, in order. Most of a table are models of brands that no user agent names."""
        return tuple(_yaml(self.text)[self.name].get("models") or ())


@functools.cache
def brands(name: str) -> tuple[Brand, ...]:
    """The brands of a table of devices such as `device/mobiles`, in order."""
    texts = _BRAND.split(_text(name))[1:]
    rows = _yaml("".join(f"{text.partition(_MODELS)[0]}\n" for text in texts))
    return tuple(Brand(brand, row, text) for (brand, row), text in zip(rows.items(), texts, strict=True))


_BRAND = re.compile(r"^(?=[^\s#])", re.MULTILINE)
_MODELS = "\n  models:"
"""What comes after a brand's own regex and device."""


def _text(name: str) -> str:
    return (_package() / "regexes" / "upstream" / f"{name}.yml").read_text("utf-8")


def _yaml(text: str) -> Any:  # noqa: ANN401 - what the text holds
    import yaml_rs  # noqa: PLC0415 - loaded when the first user agent comes

    return yaml_rs.loads(text)


@functools.cache
def names() -> ModuleType:
    """The package's lists of names: systems and their families, mobile-only browsers, clients of televisions."""
    spec = importlib.util.spec_from_file_location("device_detector_names", _package() / "parser" / "settings.py")
    assert spec is not None  # noqa: S101 - a file that ends with .py
    assert spec.loader is not None  # noqa: S101 - as above
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def _package() -> Path:
    """The folder of the package, which is not imported: its search takes longer to load than the tables."""
    spec = importlib.util.find_spec("device_detector")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("device_detector is not installed")
    return Path(spec.origin).parent


def versions() -> tuple[str, ...]:
    """The packages that classifications depend on, each with its version."""
    return tuple(f"{package} {importlib.metadata.version(package)}" for package in _PACKAGES)


BROWSER = "browser"
LIBRARY = "library"

_KINDS = {
    "feed reader": "client/feed_readers",
    "mobile app": "client/mobile_apps",
    "mediaplayer": "client/mediaplayers",
    "pim": "client/pim",
    BROWSER: "client/browsers",
    LIBRARY: "client/libraries",
}
_NO_BROWSERS = ("Cypress", "PhantomJS")
_PARTS = 2


@dataclass(frozen=True, slots=True)
class AgentClient:
    """A client: its kind, name, and version as Matomo keeps it (`124.0`), which may be empty."""

    kind: str
    name: str
    version: str


def client_of(text: str) -> AgentClient | None:
    """The client that a user agent names; None if unknown."""
    return next(_clients(text), None)


def version_of(row: Entry, groups: Groups) -> str:
    """The version from a row's template and the groups of a match: its first two parts."""
    made = fill_template(row.get("version") or "", groups).replace("_", ".")
    return ".".join(made.split(".")[:_PARTS]).strip(" .")


def _clients(text: str) -> Iterator[AgentClient]:
    for number, groups in _client_finder().all(text):
        kind, row = _rows()[number]
        name = fill_template(row["name"], groups)
        is_browser = kind == BROWSER
        if name and not (is_browser and any(each in text for each in _NO_BROWSERS)):
            yield AgentClient(kind, name, version_of(row, groups))


@functools.cache
def _rows() -> tuple[tuple[str, Entry], ...]:
    return tuple((kind, row) for kind, name in _KINDS.items() for row in table(name))


@functools.cache
def _client_finder() -> Finder:
    return Finder([row["regex"] for _, row in _rows()])


@dataclass(frozen=True, slots=True)
class System:
    """An operating system: `Ubuntu` of the family `GNU/Linux`. Each may be empty; a version has two parts at most."""

    name: str = ""
    family: str = ""
    version: str = ""

    @property
    def desktop(self) -> bool:
        """Whether it is a system of desktop computers."""
        return self.family in names().DESKTOP_OS


def system_of(text: str) -> System:
    """The system that a user agent names."""
    found = _system_finder().first(text)
    if found is None:
        return System()
    number, groups = found
    row = table("oss")[number]
    name, version = fill_template(row["name"], groups), version_of(row, groups)
    closer = next(_closer(number, text), None)
    return _system(name, version if closer is None else closer)


def _closer(number: int, text: str) -> Iterator[str]:
    """The versions that the row's additional expressions find, in order."""
    for row in table("oss")[number].get("versions", ()):
        groups = _expression(row["regex"]).find(text, lower_ascii(text))
        if groups is not None:
            yield version_of(row, groups)


def _system(name: str, version: str) -> System:
    lists = names()
    code = lists.OS_TO_ABBREV.get(name.lower(), "")
    return System(lists.OPERATING_SYSTEMS.get(code, name), lists.FAMILY_FROM_OS.get(code, ""), version)


_expression = functools.cache(Expression)


@functools.cache
def _system_finder() -> Finder:
    return Finder([row["regex"] for row in table("oss")])


# A user agent whose lower case contains one of these is a robot. Facts, checked against Matomo's importer.
ROBOT_TEXTS: tuple[str, ...] = (
    "adsbot-google",
    "ask jeeves",
    "baidubot",
    "bot-",
    "bot/",
    "ccooter/",
    "crawl",
    "curl",
    "echoping",
    "exabot",
    "feed",
    "googlebot",
    "ia_archiver",
    "java/",
    "libwww",
    "mediapartners-google",
    "msnbot",
    "netcraftsurvey",
    "panopta",
    "pingdom.com_bot_",
    "robot",
    "spider",
    "surveybot",
    "twiceler",
    "voilabot",
    "yahoo",
    "yandex",
    "zabbix",
    "googlestackdrivermonitoring",
)

HEALTH_CHECK = "health check"
"""The kind of robots that check whether a server is up, and the reason under which their lines are filtered."""

# Expressions of user agents that check whether a server is up, as `regex_index` reads them. Facts from the
# documentation of load balancers, orchestrators and uptime monitors.
HEALTH_CHECKS: tuple[str, ...] = (
    r"[\w.-]*health[-_ +]?(?:check|ping|probe)",  # ELB, Route 53, Consul, Fastly, Front Door, App Service
    r"(?:kube|liveness|readiness|startup|uptime|lb|load[-_ ]?balancer)[-_ ]?(?:probe|check)",
    r"(?:internal|dummy) (?:dummy )?connection",  # Apache's own
    r"GoogleHC",
    r"HAProxy",
    r"(?:Azure )?Traffic Manager Endpoint Monitor",
    r"Load Balancer Agent",
    r"(?:AlwaysOn|ReadyForRequest|HttpPing)(?:/[\d.]+)?(?: ?\(.*\))?$",  # App Service
    r"Envoy/HC",
    r"BIG-?IP",
    r"Cloudflare-Traffic-Manager",
    r"Uptime[-_ .]?(?:Bot|Check|com|Kuma|Monitor|Probe|Robot)",
    r"Pingdom",
    r"(?:Better ?Uptime|Better ?Stack|Site ?Uptime|DigitalOcean Uptime)",
    r"StatusCake",
    r"Blackbox[- ]Exporter",
    r"GoogleStackdriverMonitoring",
    r"(?:Elastic-)?Heartbeat/",
    r"Datadog(?:/| ?Agent| ?Synthetics)",
    r"(?:CloudWatch|Amazon CloudWatch)[- ]?Synthetics",
    r"NewRelic(?:Pinger|Synthetics)",
    r"(?:Site24x7|NodePing|Checkly|Cronitor|Freshping|HetrixTools|Hyperping|Instatus|Montastic|Pulsetic|Updown\.io)",
    r"(?:OhDear|Oh Dear|Panopta|Statping|Uptrends|Uptimia|WebSitePulse|Wormly|Host-?Tracker|OnlineOrNot|jetmon)",
    r"(?:check_http|Checkmk|Gatus|Icinga|Monit|Nagios|PRTG|Zabbix)(?:[-/ _]|$)",
)

_MONITOR = "site monitor"
_ROBOT = "robot"

# Site monitors of device-detector that examine a page rather than check that the server is up.
_NOT_HEALTH = frozenset({
    "AhrefsSiteAudit", "Alexa Site Audit", "BBC Page Monitor", "Chartable", "CloudFlare Always Online",
    "Cloudflare Observatory", "Cloudflare SSL Detector", "Cloudflare Security Insights", "ContentKing",
    "Google PageSpeed Insights", "Google Transparency Report", "LastMod Bot", "Lighthouse", "Page Modified Pinger",
    "Phantomas", "URLinspector", "WebPageTest",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Robot:
    """A robot. `kind` is `health check`, or Matomo's category in small letters, or `robot`; `name` may be empty."""

    name: str
    kind: str


def known_robot(text: str) -> Robot | None:
    """The robot that a user agent is, by Matomo's lists and those of health checks; None for any other."""
    kind = ""
    for number, groups in _finder().all(text):
        if number < len(HEALTH_CHECKS):
            kind = HEALTH_CHECK
            continue
        row = table("bots")[number - len(HEALTH_CHECKS)]
        return Robot(fill_template(row["name"], groups), kind or _kind(row))
    lower = text.lower()
    return Robot("", kind or _ROBOT) if kind or any(mark in lower for mark in ROBOT_TEXTS) else None


def unattended(text: str) -> Robot | None:
    """The robot that a user agent without a browser is, by the list of crawlers; None if it is not on it."""
    return Robot("", _ROBOT) if _crawlers()(text) else None


def _kind(row: Entry) -> str:
    category: str = (row.get("category") or _ROBOT).lower()
    return HEALTH_CHECK if category == _MONITOR and row["name"] not in _NOT_HEALTH else category


@functools.cache
def _finder() -> Finder:
    return Finder([*HEALTH_CHECKS, *(row["regex"] for row in table("bots"))])


@functools.cache
def _crawlers() -> Callable[[str], bool]:
    import crawleruseragents  # noqa: PLC0415 - 1,500 patterns, loaded when the first user agent needs them

    is_crawler: Callable[[str], bool] = crawleruseragents.is_crawler
    return is_crawler
