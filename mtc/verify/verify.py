"""`mtc verify`: every imported day checked from lines to hits to Matomo to `.stat` to CSV. Only reads.

No lock is taken: a run may be active meanwhile. That is noted, as its days are half done, and Matomo is not asked then:
a report that is read during a delivery would stay short. What cannot be checked is an error; the rest is checked.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mtc.core.clock import Clock, utc_now
from mtc.core.errors import MtcError
from mtc.core.model import Part, Stage, StepId
from mtc.core.records import History
from mtc.core.sanitize import printable
from mtc.core.verification import Disagreement, Verified
from mtc.engine.observe import unknown_site_notes
from mtc.engine.selection import Scope, sites_of
from mtc.manifest.dates import Dates
from mtc.manifest.dates import days as days_of
from mtc.manifest.project import Project, SiteSettings
from mtc.matomo.reports import DayReports
from mtc.plan.duplicates import counted_once
from mtc.plan.freshness import stale_sites
from mtc.plan.neighbours import Neighbours, find_stray_hits
from mtc.plan.stat_inputs import DayPart, PartsByDay
from mtc.plan.world import Selection
from mtc.state.lock import Owner, owner_at_work
from mtc.state.store import Store
from mtc.state.warehouse_owner import check
from mtc.verify.chain import DayEvidence, compare
from mtc.verify.evidence import Row, csv_rows, import_evidence, stat_evidence, wrong_parts
from mtc.verify.matomo_counts import counts, delivery_evidence, unfinished_days
from mtc.warehouse.csv_files import ACCOUNTING, SUMMARY

Rows = Mapping[tuple[str, str], Row]


@dataclass(slots=True)
class EvidenceCollector:
    """Collects the evidence. `days` are those of each site; `may_ask_matomo` is false while a run is active."""

    project: Project
    history: History
    days: Mapping[str, Sequence[dt.date]]
    may_ask_matomo: bool = True
    errors: list[str] = field(default_factory=list)
    _rows: Rows | None = field(init=False, default=None)
    _lines: Rows | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Read the rows of all sites, which lie in the same files."""
        scope = {(site, day.isoformat()) for site, days in self.days.items() for day in days}
        try:
            self._rows = csv_rows(self.project.csv, SUMMARY, scope)
            self._lines = csv_rows(self.project.csv, ACCOUNTING, scope)
        except MtcError as error:
            self.errors.append(str(error))

    def site(self, site: SiteSettings) -> Iterator[DayEvidence]:
        """The evidence of each of a site's days."""
        days = self.days[site.name]
        hits = PartsByDay.of(site.name, self.history).by_day
        wrong = self._wrong_parts([part_hits.part for day in days for part_hits in hits.get(day, ())])
        counted = self._counted(site, days)
        for day in days:
            yield self._day(site, day, hits.get(day, ()), wrong, counted.get(day))

    def _day(
        self,
        site: SiteSettings,
        day: dt.date,
        hits: Sequence[DayPart],
        wrong: Mapping[Part, Disagreement],
        counted: DayReports | None,
    ) -> DayEvidence:
        step = StepId(Stage.IMPORT, site.name, day)
        steps, record = self.history.steps, self.history.steps.get(step)
        known = bool(hits) or (record is not None and record.accounting is not None)
        return DayEvidence(
            site=site.name,
            day=day,
            imported=import_evidence(record, self.history.objects.get(step, ()), self.history.copies.get(step, {})),
            hits=sum(part_hits.part.hits for part_hits in hits) if known else None,
            parts=tuple(wrong[part_hits.part] for part_hits in hits if part_hits.part in wrong),
            delivered=delivery_evidence(site, self.history, day, hits),
            counted=counted.summary if counted else None,
            tables=counted.tables if counted else {},
            stat=stat_evidence(self.project, site.name, day, steps.get(StepId(Stage.STAT, site.name, day))),
            row=None if self._rows is None else self._rows.get((site.name, day.isoformat())),
            lines=None if self._lines is None else self._lines.get((site.name, day.isoformat()), ()),
            csv=None if self._rows is None else steps.get(StepId(Stage.CSV, site.name, day)),
            astray=tuple(
                f"{printable(part_hits.key)}: {part_hits.text}" for part_hits in find_stray_hits(step, self.history)
            ),
        )

    def _wrong_parts(self, parts: Sequence[Part]) -> Mapping[Part, Disagreement]:
        return wrong_parts(self.project.warehouse, parts, self.project.run.memory) if parts else {}

    def _counted(self, site: SiteSettings, days: Sequence[dt.date]) -> Mapping[dt.date, DayReports]:
        if site.matomo is None or not days or not self.may_ask_matomo:
            return {}
        try:
            return counts(site.matomo, self.project.root, site, days, unfinished_days(site, self.history))
        except MtcError as error:
            self.errors.append(f"Matomo did not answer for {site.name}: {error}")
            return {}


def verify(project: Project, scope: Scope, clock: Clock = utc_now) -> Verified:
    """Compare all links of every day: the days asked for, else each that the state has an import of."""
    names = sites_of(project, scope)
    with Store.open(project.state, readonly=True) as store:
        check(project.warehouse, store.lineage)
        history = counted_once(project, store.history(names))
        owner = owner_at_work(project.state)
        notes = (*_runs(store, owner), *(() if scope.sites else unknown_site_notes(project, store)))
    now = clock()
    if scope.dates is None:
        asked = Selection(project.stages, dict.fromkeys(names, ()))
        notes += tuple(str(part_hits) for part_hits in stale_sites(project, asked, history, {}, now))
    days = {name: _days(project.sites[name], scope.dates, history, now) for name in names}
    collector = EvidenceCollector(project, history, days, may_ask_matomo=owner is None)
    found = tuple(compare(evidence) for name in names for evidence in collector.site(project.sites[name]))
    return Verified(found, tuple(collector.errors), notes)


def _runs(store: Store, owner: Owner | None) -> Iterator[str]:
    """Why days may be in between."""
    if owner is not None:
        yield f"another run is at work, and its days are in between; Matomo is not asked meanwhile: {owner}"
    elif killed := store.open_runs():
        yield f"the run {killed[-1].run} was killed: the next apply goes on with what it left"


def _days(site: SiteSettings, dates: Dates | None, history: History, now: dt.datetime) -> tuple[dt.date, ...]:
    if dates is not None:
        return days_of(dates, now.astimezone(site.tzinfo).date())
    beside = Neighbours(site.name, history)
    imported = {step.day for step in history.steps if step.stage is Stage.IMPORT and step.site == site.name}
    return tuple(sorted(day for day in imported if not beside.only_for_others(day)))
