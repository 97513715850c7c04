"""User agents as the server sees them: robots, and the names that it gives to browsers, systems and devices."""

import functools

from mtc.formats.agents import Agent, classify

DEVICES = (
    "Desktop", "Smartphone", "Tablet", "Feature phone", "Console", "Tv", "Car browser", "Smart display", "Camera",
    "Portable media player", "Phablet", "Smart speaker", "Wearable", "Peripheral",
)  # fmt: skip
"""The types of devices that are listed always, those without a visit too."""


@functools.lru_cache(maxsize=200_000)
def agent_of(text: str) -> Agent:
    """A user agent taken apart."""
    return classify([text])[0]


def system_name(agent: Agent) -> str:
    """The family of systems, as reports name it."""
    return agent.os


def device_name(agent: Agent) -> str:
    """The type of device, as reports name it."""
    return "Unknown" if agent.device in {"unknown", "bot"} else agent.device.capitalize()
