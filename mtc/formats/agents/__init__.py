"""Classification of user agents: robot, browser, operating system, device, with Matomo's names. Once per distinct text.

regex_index     finds the first of thousands of expressions that matches, quickly
agent_tables    Matomo's tables, from the package device-detector: robots, clients, operating systems
devices         types of device

Packages and tables are loaded with the first user agent. Who classifies in threads that end before others begin calls
`load_table_reader` first.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass

from mtc.formats.agents.agent_tables import (
    BROWSER,
    HEALTH_CHECKS,
    LIBRARY,
    ROBOT_TEXTS,
    AgentClient,
    Robot,
    System,
    client_of,
    known_robot,
    system_of,
    unattended,
    versions,
)
from mtc.formats.agents.devices import device_of

__all__ = ["UNKNOWN", "Agent", "classify", "load_table_reader", "recipe"]

UNKNOWN = "Unknown"
_RECIPE = 1  # raised when the same text is classified differently with the same tables and lists

_LONGEST = 500
_CACHED = 200_000
_HEADLESS = "Headless Chrome"


@dataclass(frozen=True, slots=True)
class Agent:
    """A classified user agent, with Matomo's names: `os` is a family of systems, `version` has two parts at most.

    Only browsers have a version: that of another client does not distinguish visitors. For a robot only `robot`, its
    name, and `kind` are set; for all others both are empty.
    """

    bot: bool
    browser: str
    version: str
    os: str
    device: str
    robot: str = ""
    kind: str = ""


_NOBODY = Agent(bot=False, browser=UNKNOWN, version="", os=UNKNOWN, device="unknown")


def recipe() -> tuple[object, ...]:
    """All that a classification depends on: the rules of this package, the lists, and the versions of the packages."""
    return (_RECIPE, versions(), HEALTH_CHECKS, ROBOT_TEXTS)


def load_table_reader() -> None:
    """Load the package that reads the tables, in a thread that outlives all that classify.

    Its memory allocator belongs to the thread that loads it: once that one has ended, a new thread that reads a table
    crashes the process.
    """
    import yaml_rs  # noqa: F401, PLC0415 - loaded when the first user agent comes


def classify(texts: Iterable[str]) -> list[Agent]:
    """Classify user agents, each distinct text once per process. Like Matomo, it reads the first 500 characters."""
    return [_agent(text.strip()[:_LONGEST]) for text in texts]


@functools.lru_cache(maxsize=_CACHED)
def _agent(text: str) -> Agent:
    if not any("a" <= letter <= "z" for letter in text.lower()):
        return _NOBODY
    robot = known_robot(text)
    if robot is not None:
        return _robot(robot)
    client = client_of(text)
    robot = unattended(text) if _may_be_unattended(client) else None
    return _robot(robot) if robot else _visitor(client, system_of(text), text)


def _may_be_unattended(client: AgentClient | None) -> bool:
    """Whether a client may run without a person: a library, a headless browser, or unknown."""
    return client is None or client.kind == LIBRARY or client.name == _HEADLESS


def _robot(robot: Robot) -> Agent:
    return Agent(bot=True, browser=UNKNOWN, version="", os=UNKNOWN, device="bot", robot=robot.name, kind=robot.kind)


def _visitor(client: AgentClient | None, system: System, text: str) -> Agent:
    return Agent(
        bot=False,
        browser=client.name if client else UNKNOWN,
        version=client.version if client and client.kind == BROWSER else "",
        os=system.family or UNKNOWN,
        device=device_of(text, system, client) or "unknown",
    )
