"""Collects the evidence of every day: from the state's history, the warehouse's files, Matomo, `.stat` files and CSV.

What cannot be looked at is kept as an error, and the rest is looked at all the same.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mtc.errors import MtcError
from mtc.manifest.project import Project, SiteSettings
from mtc.matomo.reports import DayReports
from mtc.model import Part, Stage, StepId
from mtc.plan.hits import DayHits, Hits
from mtc.plan.model import History
from mtc.plan.neighbours import elsewhere
from mtc.run.verifying.chain import Evidence
from mtc.run.verifying.counts import counts
from mtc.run.verifying.delivered import delivered, unfinished_days
from mtc.run.verifying.files import Row, csv_rows, stat_file
from mtc.run.verifying.imports import imported
from mtc.run.verifying.rows import wrong_parts
from mtc.run.verifying.values import Disagreement
from mtc.sources.keys import printable
from mtc.warehouse.csvset import ACCOUNTING, SUMMARY

Rows = Mapping[tuple[str, str], Row]


@dataclass(slots=True)
class Looking:
    """One look at everything. `days` are those of each site; `asks` says whether Matomo may be asked."""

    project: Project
    history: History
    days: Mapping[str, Sequence[dt.date]]
    asks: bool = True
    errors: list[str] = field(default_factory=list)
    _rows: Rows | None = field(init=False, default=None)
    _lines: Rows | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Read the rows of all sites, which lie in the same files."""
        wanted = {(site, day.isoformat()) for site, days in self.days.items() for day in days}
        try:
            self._rows = csv_rows(self.project.csv, SUMMARY, wanted)
            self._lines = csv_rows(self.project.csv, ACCOUNTING, wanted)
        except MtcError as error:
            self.errors.append(str(error))

    def site(self, site: SiteSettings) -> Iterator[Evidence]:
        """The evidence of each of a site's days."""
        days = self.days[site.name]
        hits = Hits.of(site.name, self.history).by_day
        wrong = self._wrong_parts([one.part for day in days for one in hits.get(day, ())])
        counted = self._counted(site, days)
        for day in days:
            yield self._day(site, day, hits.get(day, ()), wrong, counted.get(day))

    def _day(
        self,
        site: SiteSettings,
        day: dt.date,
        hits: Sequence[DayHits],
        wrong: Mapping[Part, Disagreement],
        counted: DayReports | None,
    ) -> Evidence:
        step = StepId(Stage.IMPORT, site.name, day)
        steps, record = self.history.steps, self.history.steps.get(step)
        known = bool(hits) or (record is not None and record.accounting is not None)
        return Evidence(
            site=site.name,
            day=day,
            imported=imported(record, self.history.objects.get(step, ()), self.history.copies.get(step, {})),
            hits=sum(one.part.hits for one in hits) if known else None,
            parts=tuple(wrong[one.part] for one in hits if one.part in wrong),
            delivered=delivered(site, self.history, day, hits),
            counted=counted.summary if counted else None,
            tables=counted.tables if counted else {},
            stat=stat_file(self.project, site.name, day, steps.get(StepId(Stage.STAT, site.name, day))),
            row=None if self._rows is None else self._rows.get((site.name, day.isoformat())),
            lines=None if self._lines is None else self._lines.get((site.name, day.isoformat()), ()),
            csv=None if self._rows is None else steps.get(StepId(Stage.CSV, site.name, day)),
            astray=tuple(f"{printable(one.key)}: {one.words}" for one in elsewhere(step, self.history)),
        )

    def _wrong_parts(self, parts: Sequence[Part]) -> Mapping[Part, Disagreement]:
        return wrong_parts(self.project.warehouse, parts, self.project.run.memory) if parts else {}

    def _counted(self, site: SiteSettings, days: Sequence[dt.date]) -> Mapping[dt.date, DayReports]:
        if site.matomo is None or not days or not self.asks:
            return {}
        try:
            return counts(site.matomo, self.project.root, site, days, unfinished_days(site, self.history))
        except MtcError as error:
            self.errors.append(f"Matomo did not answer for {site.name}: {error}")
            return {}
