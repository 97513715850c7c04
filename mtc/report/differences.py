"""What differs between a step's last success and today's plan, for `why`: settings with their places, and inputs."""

from collections.abc import Mapping
from dataclasses import dataclass

from mtc.manifest.project import Place
from mtc.plan.model import PlannedStep, StepRecord

# settings that a site may give by a shorter name
_SHORT = {"source.format": "format"}


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting whose value is another than at the last success. `place` is where the manifest says so now."""

    name: str
    before: str | None
    after: str | None
    place: str


@dataclass(frozen=True, slots=True)
class InputChange:
    """An input that is `added`, `changed` or `gone` since the last success."""

    name: str
    change: str


def setting_changes(record: StepRecord, planned: PlannedStep, places: Mapping[str, Place]) -> tuple[SettingChange, ...]:
    """The settings whose values differ, by name."""
    before, after = record.settings, planned.settings
    return tuple(
        SettingChange(name, before.get(name), after.get(name), place_of(name, planned.step.site, places))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )


def place_of(name: str, site: str, places: Mapping[str, Place]) -> str:
    """Where a setting was written: the site's own place first, then the manifest's, then those of its parents.

    Empty when it is nowhere: then its value is a default.
    """
    short = places.get(f"sites.{site}.{_SHORT[name]}") if name in _SHORT else None
    if short:
        return str(short)
    pieces = name.split(".")
    for length in range(len(pieces), 0, -1):
        path = ".".join(pieces[:length])
        for candidate in (f"sites.{site}.{path}", path):
            if place := places.get(candidate):
                return str(place)
    return ""


def input_changes(record: StepRecord, planned: PlannedStep) -> tuple[InputChange, ...]:
    """The inputs whose versions differ, by name."""
    before, after = record.inputs, planned.inputs
    names = sorted({*before, *after})
    return tuple(
        InputChange(name, _change(name, before, after)) for name in names if before.get(name) != after.get(name)
    )


def _change(name: str, before: Mapping[str, str], after: Mapping[str, str]) -> str:
    if name not in before:
        return "added"
    return "changed" if name in after else "gone"
