"""What a plan is made from besides the manifest and the state: what exists now, and what is selected."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mtc.core.model import SourceObject, Stage, StepId


@dataclass(frozen=True, slots=True)
class Listing:
    """What a site's source holds, by day. If it cannot be listed, `error` and `hint` say why, and `days` is empty.

    `added` are days besides those asked for, of growing logs, under which something new is listed. `unreadable` says by
    day which of these logs cannot be read, and why.
    """

    days: Mapping[dt.date, tuple[SourceObject, ...]] = field(default_factory=dict)
    error: str = ""
    hint: str = ""
    added: tuple[dt.date, ...] = ()
    unreadable: Mapping[dt.date, tuple[str, ...]] = field(default_factory=dict)


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
    when they were due; `notes` are remarks for the user. `added` are days whose imports are planned besides. `last` is
    the last day, by site, whose import a run would do now: what is new in growing logs belongs to it, or to an
    earlier one.
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
    added: Mapping[str, tuple[dt.date, ...]] = field(default_factory=dict)
    last: Mapping[str, dt.date] = field(default_factory=dict)

    def with_added(self, listings: Mapping[str, Listing]) -> "Selection":
        """The selection with the import steps that what is new in growing logs belongs to."""
        added = {name: listing.added for name, listing in listings.items() if listing.added}
        return replace(self, added={**self.added, **added}) if added else self

    def imports_of(self, site: str) -> tuple[dt.date, ...]:
        """The days of a site whose imports are planned."""
        return tuple(sorted({*self.days[site], *self.added.get(site, ())}))
