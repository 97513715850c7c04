"""What a plan is made from besides the manifest and the state: what exists now, and what is selected."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from mtc.core.model import SourceObject, Stage, StepId


@dataclass(frozen=True, slots=True)
class Listing:
    """What a site's source holds, by day. If it cannot be listed, `error` and `hint` say why, and `days` is empty."""

    days: Mapping[dt.date, tuple[SourceObject, ...]] = field(default_factory=dict)
    error: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """What exists now, observed once before planning.

    `stat_files` maps site and day to the size of the `.stat` file in bytes, as text; `missing` are the paths of listed
    part files that are missing or damaged; `csv_missing` are the recorded CSV files that are missing or changed.
    """

    listings: Mapping[str, Listing] = field(default_factory=dict)
    stat_files: Mapping[tuple[str, dt.date], str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    csv_missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """Which steps are asked for. `named` days are planned even if they have not ended.

    With `exact`, days were chosen on the command line, and no other day is planned. `accepted` steps may do what needs
    an operator's consent: import steps send hits again although they then count twice, or lose hits whose log is gone;
    stat steps remove statistics that cannot be made again. For `accepted_sites` all losses are accepted. With `remake`,
    objects that an older recipe loaded are loaded again. `caught_up` are days, with their sites, that no run came to
    when they were due; `notes` are remarks for the user.
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
