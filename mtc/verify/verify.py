"""`mtc verify`: every imported day checked, from lines to hits to Matomo to `.stat` to CSV. Read-only.

No lock is taken, so a run may be active. That is noted, since its days are incomplete. What cannot be checked is an
error; the rest is checked.

A Matomo report that is read while hits of its day arrive stays short until it is invalidated: reading it would do
damage. So Matomo is not queried during a run, and never for days with an unfinished delivery, not even as part of a
range.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from mtc.core.clock import Clock, utc_now
from mtc.core.deliveries import DeliveryStatus
from mtc.core.errors import MtcError
from mtc.core.findings import Disagreement, Verified
from mtc.core.model import Part, Stage, StepId
from mtc.core.records import History
from mtc.core.retry import RetryPolicy
from mtc.core.sanitize import printable
from mtc.engine.observe import unknown_site_notes
from mtc.engine.selection import Scope, sites_of
from mtc.manifest.dates import Dates
from mtc.manifest.dates import days as days_of
from mtc.manifest.project import Project, SiteSettings
from mtc.matomo.client import MatomoClient
from mtc.matomo.reports import DayReports, reports
from mtc.matomo.settings import Matomo
from mtc.matomo.sites import site_id
from mtc.plan.duplicates import counted_once
from mtc.plan.freshness import stale_sites
from mtc.plan.growing import days_with_hits
from mtc.plan.neighbours import Neighbours, find_stray_hits
from mtc.plan.stat_inputs import DayPart, PartsByDay, deliveries_to_site
from mtc.plan.world import Selection
from mtc.stages.deliver.tracker import server_of
from mtc.state.lock import Owner, owner_at_work
from mtc.state.store import Store
from mtc.state.warehouse_owner import check
from mtc.verify.chain import COMPARED_REPORTS, DayEvidence, compare
from mtc.verify.evidence import Row, csv_rows, delivery_evidence, import_evidence, stat_evidence, wrong_parts
from mtc.warehouse.csv_files import ACCOUNTING, SUMMARY

_WINDOW = dt.timedelta(days=30)
_ATTEMPTS = 2

Rows = Mapping[tuple[str, str], Row]


@dataclass(slots=True)
class EvidenceCollector:
    """Collects the evidence of days. `days` are those of each site; `query_matomo` is false while a run is active."""

    project: Project
    history: History
    days: Mapping[str, Sequence[dt.date]]
    query_matomo: bool = True
    errors: list[str] = field(default_factory=list)
    _rows: Rows | None = field(init=False, default=None)
    _lines: Rows | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Read the rows of all sites, which are in the same files."""
        scope = {(site, day.isoformat()) for site, days in self.days.items() for day in days}
        try:
            self._rows = csv_rows(self.project.csv, SUMMARY, scope)
            self._lines = csv_rows(self.project.csv, ACCOUNTING, scope)
        except MtcError as error:
            self.errors.append(str(error))

    def site(self, site: SiteSettings) -> Iterator[DayEvidence]:
        """The evidence of each of a site's days."""
        days = self.days[site.name]
        hits = PartsByDay(site.name, self.history).by_day
        wrong = self._wrong_parts([item.part for day in days for item in hits.get(day, ())])
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
            imported=import_evidence(
                record,
                self.history.objects.get(step, ()),
                self.history.copies.get(step, {}),
                in_slices=any(self.history.is_of_growing_log(site.name, item.loaded) for item in hits),
            ),
            hits=sum(item.part.hits for item in hits) if known else None,
            parts=tuple(wrong[item.part] for item in hits if item.part in wrong),
            delivered=delivery_evidence(site, self.history, day, hits),
            counted=counted.summary if counted else None,
            tables=counted.tables if counted else {},
            stat=stat_evidence(self.project, site.name, day, steps.get(StepId(Stage.STAT, site.name, day))),
            row=None if self._rows is None else self._rows.get((site.name, day.isoformat())),
            lines=None if self._lines is None else self._lines.get((site.name, day.isoformat()), ()),
            csv=None if self._rows is None else steps.get(StepId(Stage.CSV, site.name, day)),
            astray=tuple(f"{printable(stray.key)}: {stray.text}" for stray in find_stray_hits(step, self.history)),
        )

    def _wrong_parts(self, parts: Sequence[Part]) -> Mapping[Part, Disagreement]:
        return wrong_parts(self.project.warehouse, parts, self.project.run.memory) if parts else {}

    def _counted(self, site: SiteSettings, days: Sequence[dt.date]) -> Mapping[dt.date, DayReports]:
        if site.matomo is None or not days or not self.query_matomo:
            return {}
        try:
            return matomo_counts(site.matomo, self.project.root, site, days, unfinished_days(site, self.history))
        except MtcError as error:
            self.errors.append(f"Matomo did not answer for {site.name}: {error}")
            return {}


def matomo_counts(
    matomo: Matomo, root: Path, site: SiteSettings, days: Sequence[dt.date], skipped: Collection[dt.date] = ()
) -> Mapping[dt.date, DayReports]:
    """What Matomo counts on these days, except the `skipped` ones: totals, and tables to compare with the warehouse's.

    `root` is the folder that a relative `ca_bundle` starts from.

    Raises:
        StepError: the server does not answer, or does not let the token see the site.
    """
    server = server_of(matomo, root)
    policy = RetryPolicy(attempts=_ATTEMPTS)
    requested = [day for day in days if day not in skipped]
    methods = COMPARED_REPORTS if site.answers == "warehouse" else ()
    found: dict[dt.date, DayReports] = {}
    with MatomoClient(server) as client:
        number = site.matomo_id or policy.run(partial(site_id, client, site.url))
        for first, last in _date_windows(requested, skipped):
            found |= policy.run(partial(reports, client, number, first, last, methods))
    return {day: found[day] for day in requested}


def _date_windows(days: Sequence[dt.date], skipped: Collection[dt.date]) -> Iterator[tuple[dt.date, dt.date]]:
    """The fewest ranges, of a month at most, that hold all days and none of the skipped ones."""
    remaining = sorted(days)
    while remaining:
        first = remaining[0]
        end = min((day for day in skipped if day > first), default=dt.date.max)
        last = max(day for day in remaining if day - first <= _WINDOW and day < end)
        yield first, last
        remaining = [day for day in remaining if day > last]


def unfinished_days(site: SiteSettings, history: History) -> frozenset[dt.date]:
    """The days with hits of unfinished deliveries: Matomo has some of their hits, and not yet all."""
    steps = [step for step in history.deliveries if step.site == site.name]
    unfinished = [
        step
        for step in steps
        if any(delivery.status is DeliveryStatus.OPEN for delivery in deliveries_to_site(site, history, step))
    ]
    parts = (part.day for step in unfinished for item in history.objects.get(step, ()) for part in item.parts)
    return frozenset({*(step.day for step in unfinished), *parts})


def verify(project: Project, scope: Scope, clock: Clock = utc_now) -> Verified:
    """Compare all counts of each selected day; by default of every day imported, or with hits in growing logs."""
    names = sites_of(project, scope)
    with Store.open(project.state, readonly=True) as store:
        check(project.warehouse, store.lineage)
        history = counted_once(project, store.history(names))
        owner = owner_at_work(project.state)
        notes = (*_run_notes(store, owner), *(() if scope.sites else unknown_site_notes(project, store)))
    now = clock()
    if scope.dates is None:
        selection = Selection(project.stages, dict.fromkeys(names, ()))
        notes += tuple(str(stale) for stale in stale_sites(project, selection, history, {}, now))
    days = {name: _days(project.sites[name], scope.dates, history, now) for name in names}
    collector = EvidenceCollector(project, history, days, query_matomo=owner is None)
    found = tuple(compare(evidence) for name in names for evidence in collector.site(project.sites[name]))
    return Verified(found, tuple(collector.errors), notes)


def _run_notes(store: Store, owner: Owner | None) -> Iterator[str]:
    """Why days may be incomplete: a run that is active, or was killed."""
    if owner is not None:
        yield f"another run is active, so its days are incomplete; Matomo is not queried meanwhile: {owner}"
    elif killed := store.open_runs():
        yield f"the run {killed[-1].run} was killed: the next apply resumes it"


def _days(site: SiteSettings, dates: Dates | None, history: History, now: dt.datetime) -> tuple[dt.date, ...]:
    if dates is not None:
        return days_of(dates, now.astimezone(site.tzinfo).date())
    neighbours = Neighbours(site.name, history)
    imported = {step.day for step in history.steps if step.stage is Stage.IMPORT and step.site == site.name}
    imported = {day for day in imported if not neighbours.only_for_others(day)}
    return tuple(sorted(imported | days_with_hits(site.name, history)))
