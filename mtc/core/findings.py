"""What the checks of `mtc doctor` and `mtc verify` find, as frozen values: the checks make them, `report` shows them.

`Finding` is a result of doctor. `DayVerified` is verify's for a day: its numbers along the chain from log lines to CSV,
and where two of them disagree.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from mtc.core.errors import MtcError, TransientError

_PASSING = "check that it can be reached from this machine, through the proxy if there is one, and run this again"
_STAYING = "fix that, and run this again"


class Level(StrEnum):
    """How serious a finding is: a problem would stop a run, a warning would not."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check: its subject (`about`), its place (`where`), `what` was found, and the remedy (`hint`)."""

    level: Level
    about: str
    where: str
    what: str
    hint: str = ""

    @classmethod
    def ok(cls, about: str, where: str, what: str) -> Self:
        """A check that passed."""
        return cls(Level.OK, about, where, what)

    @classmethod
    def warning(cls, about: str, where: str, what: str, hint: str) -> Self:
        """A result that would not stop a run."""
        return cls(Level.WARNING, about, where, what, hint)

    @classmethod
    def problem(cls, about: str, where: str, what: str, hint: str) -> Self:
        """A result that would stop a run, or make its numbers wrong."""
        return cls(Level.PROBLEM, about, where, what, hint)

    @classmethod
    def of(cls, error: MtcError, about: str, where: str) -> Self:
        """An error that a run would end with; `where` is its place if the error names none."""
        usual = _PASSING if isinstance(error, TransientError) else _STAYING
        return cls(Level.PROBLEM, about, error.where or where, error.what, error.hint or usual)


def any_problem(findings: Iterable[Finding]) -> bool:
    """Whether a run would be stopped."""
    return any(finding.level is Level.PROBLEM for finding in findings)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two links of the chain that should agree and do not. `by` is the difference of two numbers."""

    what: str
    by: int | None = None


@dataclass(frozen=True, slots=True)
class DayNumbers:
    """The counts of a day; None where not known.

    `lines`, `filtered`, `rejected` and `imported` are of the day's log files, `hits` of the day itself, whichever files
    they came from. `delivered` counts the day's hits that were sent to Matomo.
    """

    lines: int | None = None
    filtered: int | None = None
    rejected: int | None = None
    imported: int | None = None
    hits: int | None = None
    delivered: int | None = None
    matomo_actions: int | None = None
    matomo_visits: int | None = None
    stat_actions: int | None = None
    stat_visits: int | None = None
    csv_actions: int | None = None
    csv_visits: int | None = None


@dataclass(frozen=True, slots=True)
class DayVerified:
    """A day of a site: its numbers, what disagrees (in the order of the chain), and notes for people.

    `failed` is whether the import of its logs failed or is blocked, so that there may be more to compare.
    """

    site: str
    day: dt.date
    numbers: DayNumbers
    disagreements: tuple[Disagreement, ...] = ()
    notes: tuple[str, ...] = ()
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """All days in order of site and day. `errors` are links that could not be checked, `notes` are for people."""

    days: tuple[DayVerified, ...] = ()
    errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether everything could be checked and nothing differs."""
        return not self.errors and not any(day.disagreements or day.failed for day in self.days)


def differ(what: str, one: int, other: int) -> tuple[Disagreement, ...]:
    """The disagreement of two numbers, none if they are equal; `what` may contain {one} and {other}."""
    if one == other:
        return ()
    return (Disagreement(what.format(one=f"{one:,}", other=f"{other:,}"), abs(one - other)),)
