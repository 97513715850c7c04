"""The operating system that a user agent names: its name, family and version, as in Matomo."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from mtc.formats.agents.clients import version_of
from mtc.formats.agents.expressions import Expression, filled, small
from mtc.formats.agents.finder import Finder
from mtc.formats.agents.tables import names, table


@dataclass(frozen=True, slots=True)
class System:
    """A system: `Ubuntu` of the family `GNU/Linux`. Each may be empty; two parts of a version are kept."""

    name: str = ""
    family: str = ""
    version: str = ""

    @property
    def desktop(self) -> bool:
        """Whether it is one of desktop computers."""
        return self.family in names().DESKTOP_OS


def system_of(text: str) -> System:
    """The system that a user agent names."""
    found = _finder().first(text)
    if found is None:
        return System()
    number, groups = found
    row = table("oss")[number]
    name, version = filled(row["name"], groups), version_of(row, groups)
    closer = next(_closer(number, text), None)
    return _system(name, version if closer is None else closer)


def _closer(number: int, text: str) -> Iterator[str]:
    """The version that the first of a row's own expressions finds, where it has some."""
    for row in table("oss")[number].get("versions", ()):
        groups = _expression(row["regex"]).find(text, small(text))
        if groups is not None:
            yield version_of(row, groups)


def _system(name: str, version: str) -> System:
    lists = names()
    code = lists.OS_TO_ABBREV.get(name.lower(), "")
    return System(lists.OPERATING_SYSTEMS.get(code, name), lists.FAMILY_FROM_OS.get(code, ""), version)


_expression = functools.cache(Expression)


@functools.cache
def _finder() -> Finder:
    return Finder([row["regex"] for row in table("oss")])
