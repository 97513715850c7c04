"""What a plan is made from besides the manifest and the state: what is there, and what is asked for."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from mtc.core.model import SourceObject, Stage, StepId


@dataclass(frozen=True, slots=True)
class Listing:
    """What a site's source holds, by day. `error` is why it could not be listed (then `days` is empty)."""

    days: Mapping[dt.date, tuple[SourceObject, ...]] = field(default_factory=dict)
    error: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """What is there, observed once before planning.

    `stat_files` maps site and day to the size of the `.stat` file; `missing` holds the paths of recorded outputs
    and part files that are gone; `csv_missing` says that a CSV file is gone or changed.
    """

    listings: Mapping[str, Listing] = field(default_factory=dict)
    stat_files: Mapping[tuple[str, dt.date], str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    csv_missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """Which steps are asked for. `named` days are planned even when they have not ended.

    `exact` is true when days were chosen on the command line: then no other day is planned. For `accepted` steps an
    operator allows what is never ordinary work: import steps send hits again though that counts them twice, or lose
    hits whose log is gone; stat steps remove statistics that cannot be made again. For `accepted_sites` all losses are
    accepted. With `remake`, objects that an older recipe loaded are loaded again. `caught_up` are days, with their
    sites, that no run came to when they were due; `notes` are for people.
    """

    stages: tuple[Stage, ...]
    days: Mapping[str, tuple[dt.date, ...]]
    named: frozenset[dt.date] = frozenset()
    exact: bool = False
    accepted: frozenset[StepId] = frozenset()
    accepted_sites: frozenset[str] = frozenset()
    remake: bool = False
    caught_up: frozenset[tuple[str, dt.date]] = frozenset()
    notes: tuple[str, ...] = ()
