"""What `verify` finds of each day: its numbers along the chain from lines to CSV, and where two of them disagree.

Values alone; `verify` makes them, `report` shows them.
"""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two links that should say the same. `by` is the difference, where it is one of numbers."""

    what: str
    by: int | None = None


@dataclass(frozen=True, slots=True)
class DayNumbers:
    """A day's numbers; None is one that is not known.

    `lines`, `filtered`, `rejected` and `imported` are of the log files of the day, `hits` of the day itself, whichever
    files they came from. `delivered` counts those of the day's hits that were sent to Matomo.
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
    """A site's day: its numbers, what disagrees (in the order of the chain), and what else there is to say."""

    site: str
    day: dt.date
    numbers: DayNumbers
    disagreements: tuple[Disagreement, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verified:
    """All days in order of site and day. `errors` are links that could not be looked at, `notes` are for people."""

    days: tuple[DayVerified, ...] = ()
    errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether everything could be looked at and nothing disagrees."""
        return not self.errors and not any(day.disagreements for day in self.days)


def differ(what: str, one: int, other: int) -> tuple[Disagreement, ...]:
    """Nothing if the numbers are the same; `what` may name them as {one} and {other}."""
    if one == other:
        return ()
    return (Disagreement(what.format(one=f"{one:,}", other=f"{other:,}"), abs(one - other)),)
