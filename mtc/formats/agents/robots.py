"""Which user agents are robots, what they are called and of what kind. Health checks are a kind of their own.

Whatever Matomo leaves out is a robot: what its tracker knows (device-detector), and what its importer's list has
(`lists.ROBOT_TEXTS`). The crawler-user-agents list is heard where Matomo sees no browser and no app (`unattended`): it
takes some builds of Android for robots.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from mtc.formats.agents.expressions import filled
from mtc.formats.agents.finder import Finder
from mtc.formats.agents.tables import Entry, table
from mtc.formats.lists import HEALTH_CHECK, HEALTH_CHECKS, ROBOT_TEXTS

_MONITOR = "site monitor"
_ROBOT = "robot"

# What device-detector files under site monitors, and looks at a page rather than whether it is there.
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
    """What Matomo leaves out, and health checks."""
    kind = ""
    for number, groups in _finder().all(text):
        if number < len(HEALTH_CHECKS):
            kind = HEALTH_CHECK
            continue
        row = table("bots")[number - len(HEALTH_CHECKS)]
        return Robot(filled(row["name"], groups), kind or _kind(row))
    lower = text.lower()
    return Robot("", kind or _ROBOT) if kind or any(mark in lower for mark in ROBOT_TEXTS) else None


def unattended(text: str) -> Robot | None:
    """Whether a text in which Matomo sees nobody's browser is on the list of crawlers."""
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
