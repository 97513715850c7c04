"""What a user agent is: robot or not, browser, system, device. Decided once per distinct text, then joined in SQL.

Robots are those of Matomo's own importer (`lists.ROBOT_TEXTS`) and those of the crawler-user-agents list, which knows
three times as many. Browser and system come from ua-parser. The two libraries are loaded when the first text comes.
"""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mtc.formats.lists import ROBOT_TEXTS

UNKNOWN = "Unknown"
_LONGEST = 1024
_CACHED = 200_000
_DESKTOPS = ("Windows", "Mac OS X", "Linux", "Ubuntu", "Chrome OS", "Fedora", "Debian", "FreeBSD", "OpenBSD")
_TABLETS = ("iPad", "Tablet", "Kindle", "PlayBook", "Silk/")
_PHONES = ("Mobile", "iPhone", "iPod", "Windows Phone", "Opera Mini")


@dataclass(frozen=True, slots=True)
class Agent:
    """A user agent taken apart. `version` is the browser's major version, or empty."""

    bot: bool
    browser: str
    version: str
    os: str
    device: str


def classify(texts: Iterable[str]) -> list[Agent]:
    """Take each user agent apart; a text is looked at once per process."""
    return [_agent(text[:_LONGEST]) for text in texts]


@functools.lru_cache(maxsize=_CACHED)
def _agent(text: str) -> Agent:
    if text in {"", "-"}:
        return Agent(bot=False, browser=UNKNOWN, version="", os=UNKNOWN, device="unknown")
    browser, version, system = _parser()(text)
    bot = _is_robot(text)
    return Agent(bot, browser, version, system, _device(text, system, bot=bot))


def _device(text: str, system: str, *, bot: bool) -> str:
    if bot:
        return "bot"
    android_tablet = "Android" in text and "Mobile" not in text
    if android_tablet or any(mark in text for mark in _TABLETS):
        return "tablet"
    if any(mark in text for mark in _PHONES):
        return "smartphone"
    return "desktop" if system.startswith(_DESKTOPS) else "unknown"


def _is_robot(text: str) -> bool:
    lower = text.lower()
    return any(mark in lower for mark in ROBOT_TEXTS) or _crawlers()(text)


@functools.cache
def _crawlers() -> Callable[[str], bool]:
    import crawleruseragents  # noqa: PLC0415 - 1,500 patterns, loaded when the first user agent comes

    is_crawler: Callable[[str], bool] = crawleruseragents.is_crawler
    return is_crawler


@functools.cache
def _parser() -> Callable[[str], tuple[str, str, str]]:
    from ua_parser import Domain, Parser  # noqa: PLC0415 - its tables take 0.2 s to load
    from ua_parser.loaders import load_lazy_builtins  # noqa: PLC0415 - the others compile every expression for Python
    from ua_parser.regex import Resolver  # noqa: PLC0415

    parser = Parser(Resolver(load_lazy_builtins()))
    wanted = Domain.USER_AGENT | Domain.OS

    def parse(text: str) -> tuple[str, str, str]:
        result = parser(text, wanted)
        agent, system = result.user_agent, result.os
        browser = agent.family if agent else UNKNOWN
        return browser, (agent.major or "") if agent else "", system.family if system else UNKNOWN

    return parse
