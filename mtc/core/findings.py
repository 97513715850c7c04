"""Findings: what the checks of `mtc doctor` found. Values alone; `doctor` makes them, `report` shows them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from mtc.core.errors import MtcError, TransientError

_PASSING = "see that it can be reached from here, by the proxy if there is one, and look again"
_STAYING = "fix that, and look again"


class Level(StrEnum):
    """How bad it is: a problem would stop a run, a warning would not."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what it is `about`, `where` that lies, `what` was found, and the remedy (`hint`)."""

    level: Level
    about: str
    where: str
    what: str
    hint: str = ""

    @classmethod
    def ok(cls, about: str, where: str, what: str) -> Self:
        """All is well."""
        return cls(Level.OK, about, where, what)

    @classmethod
    def warning(cls, about: str, where: str, what: str, hint: str) -> Self:
        """Stops nothing."""
        return cls(Level.WARNING, about, where, what, hint)

    @classmethod
    def problem(cls, about: str, where: str, what: str, hint: str) -> Self:
        """Would stop a run, or make its numbers wrong."""
        return cls(Level.PROBLEM, about, where, what, hint)

    @classmethod
    def of(cls, error: MtcError, about: str, where: str) -> Self:
        """An error that a run would end with; `where` where it does not say it itself."""
        usual = _PASSING if isinstance(error, TransientError) else _STAYING
        return cls(Level.PROBLEM, about, error.where or where, error.what, error.hint or usual)


def any_problem(findings: Iterable[Finding]) -> bool:
    """Whether a run would be stopped."""
    return any(finding.level is Level.PROBLEM for finding in findings)
