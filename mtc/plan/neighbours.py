"""Days whose hits are also in the logs of the day before or after, and hits that are in no statistics. Pure.

Logs need not be cut at the site's midnight: folders of UTC days for a site in Los Angeles, files that are rotated at
06:25. The loaded objects show where that is so: many hits of an object are of the adjacent day. A few lines past
midnight are in every log, as requests are logged when they end.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mtc.core.model import LoadedObject, Stage, StepId
from mtc.core.records import History, StepRecord
from mtc.core.sanitize import printable
from mtc.manifest.project import Project, SiteSettings
from mtc.plan.verdicts import is_done, is_unsettled
from mtc.plan.world import Selection

DayNote = tuple[bool, str]
"""Whether it is a warning, which a quiet run shows too, and the text."""


NEIGHBOUR = "neighbour"
"""The figure that marks an import done only for the hits of adjacent days in its logs."""

NOT_WHOLE = "may not be whole"
"""How the notes of an incomplete day begin."""

_DAY = dt.timedelta(days=1)
_STRAY = 3
_STRAY_SHARE = 0.005
_MOST = 0.5
_LITTLE = 0.05


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where the logs of one site are cut. Results are cached by day: three days need each of them."""

    site: str
    history: History
    _spilled: dict[dt.date, frozenset[int]] = field(default_factory=dict)

    def spilled(self, day: dt.date) -> frozenset[int]:
        """The sides on which the logs of a day hold many hits of the adjacent day: -1 the day before, 1 the next."""
        if day not in self._spilled:
            objects = self.history.counted(StepId(Stage.IMPORT, self.site, day))
            hits = hits_by_day([item for item in objects if not self.history.is_of_growing_log(self.site, item)])
            least = max(_STRAY, _STRAY_SHARE * sum(hits.values()))
            self._spilled[day] = frozenset(side for side in (-1, 1) if hits.get(day + side * _DAY, 0) > least)
        return self._spilled[day]

    def _holds_hits(self, other: dt.date, day: dt.date) -> bool:
        """Whether the logs of an adjacent day may hold hits of a day, judged by the logs of that and both beside it."""
        side = (day - other).days
        return any(side in self.spilled(near) for near in (day - _DAY, day, day + _DAY))

    def needed(self, day: dt.date, besides: Collection[dt.date] = ()) -> tuple[dt.date, ...]:
        """The other days whose logs may hold hits of a day, without those of `besides`."""
        adjacent = (day - _DAY, day + _DAY)
        return tuple(other for other in adjacent if other not in besides and self._holds_hits(other, day))

    def sides(self, days: Collection[dt.date]) -> frozenset[int]:
        """The sides on which the logs of these and of adjacent days hold many hits of other days."""
        near = {day + side * _DAY for day in days for side in (-2, -1, 0, 1)}
        return frozenset().union(*(self.spilled(day) for day in near))

    def missing(self, day: dt.date) -> tuple[dt.date, ...]:
        """The days that `needed` gives and that are not imported."""
        adjacent = (day - _DAY, day + _DAY)
        return tuple(other for other in adjacent if not is_done(self._import(other)) and self._holds_hits(other, day))

    def lacking(self, day: dt.date) -> tuple[str, ...]:
        """Why a day may be incomplete; empty for a complete one."""
        return tuple(
            f"{NOT_WHOLE}: the logs of {other} may hold hits of this day, and are not imported yet"
            for other in self.missing(day)
        )

    def _import(self, day: dt.date) -> StepRecord | None:
        return self.history.steps.get(StepId(Stage.IMPORT, self.site, day))

    def only_for_others(self, day: dt.date) -> bool:
        """Whether a day is, or is to be, imported only for the hits of adjacent days, and has no stat step."""
        record = self._import(day)
        return record is not None and NEIGHBOUR in record.figures and not self._has_statistics(day)

    def served(self, day: dt.date) -> tuple[dt.date, ...]:
        """The adjacent days with statistics, whose hits the logs of a day may hold."""
        return tuple(other for other in (day - _DAY, day + _DAY) if self._has_statistics(other))

    def is_to_be_imported(self, site: SiteSettings, day: dt.date) -> bool:
        """Whether a day that others need is not imported, or was imported only for them and before it had settled."""
        record = self._import(day)
        return not is_done(record) or (self.only_for_others(day) and is_unsettled(site, record))

    def _has_statistics(self, day: dt.date) -> bool:
        return StepId(Stage.STAT, self.site, day) in self.history.steps


def to_import(
    project: Project, sites: Mapping[str, Collection[dt.date]], history: History
) -> dict[str, tuple[dt.date, ...]]:
    """For each site, the days that are to be imported because their logs may hold hits of the given days.

    These are days that are not imported yet, and those that nobody asked for and that may still get logs.
    """
    found: dict[str, tuple[dt.date, ...]] = {}
    for site, days in sites.items():
        neighbours, asked = Neighbours(site, history), set(days)
        needed = {other for day in days for other in neighbours.needed(day, asked)}
        if wanted := {day for day in needed if neighbours.is_to_be_imported(project.sites[site], day)}:
            found[site] = tuple(sorted(wanted))
    return found


def hits_by_day(objects: Collection[LoadedObject]) -> dict[dt.date, int]:
    """How many hits objects have on each day."""
    counts: dict[dt.date, int] = {}
    for item in objects:
        for part in item.parts:
            counts[part.day] = counts.get(part.day, 0) + part.hits
    return counts


@dataclass(frozen=True, slots=True)
class StrayHits:
    """An object with hits of other days than its own.

    `hits` counts all of its hits, `days` those of each other day, and `uncounted` those of them in no statistics.
    """

    step: StepId
    key: str
    hits: int
    days: Mapping[dt.date, int]
    uncounted: Mapping[dt.date, int]

    @property
    def misplaced_on(self) -> dt.date | None:
        """The day that has most of the hits, if the log seems to be filed under a wrong day; else None.

        That day is not adjacent to the object's; or it is, has no statistics, and hardly any hit is of the object's
        day.
        """
        day, count = max(self.days.items(), key=lambda pair: pair[1])
        of_its_day = self.hits - sum(self.days.values())
        is_other = abs((day - self.step.day).days) > 1 or (day in self.uncounted and of_its_day <= _LITTLE * self.hits)
        return day if count > _MOST * self.hits and is_other else None

    @property
    def text(self) -> str:
        """The hits of other days, in words."""
        days = self.uncounted or self.days
        shown = ", ".join(f"{count:,} of {day}" for day, count in sorted(days.items())[:3])
        others = f" and of {len(days) - 3:,} more days" if len(days) > 3 else ""  # noqa: PLR2004 - as many as are shown
        where = ", which are in no statistics" if self.uncounted else ""
        return f"its {self.hits:,} hits include {shown}{others}{where}"


def find_stray_hits(step: StepId, history: History, asked: Collection[dt.date] = ()) -> Iterator[StrayHits]:
    """The objects of an import step with hits in no statistics, or with most of their hits on another day.

    `asked` are days whose statistics are about to be made.
    """
    for item in history.counted(step):
        days = {day: hits for day, hits in hits_by_day((item,)).items() if day != step.day}
        if not days or history.is_of_growing_log(step.site, item):  # see growing.uncounted
            continue
        uncounted = {
            day: hits for day, hits in days.items() if day not in asked and not _is_counted(step.site, day, history)
        }
        found = StrayHits(step, item.object.key, sum(part.hits for part in item.parts), days, uncounted)
        if uncounted or found.misplaced_on is not None:
            yield found


def _is_counted(site: str, day: dt.date, history: History) -> bool:
    """Whether a day has statistics, or will have them when they are next made."""
    if is_done(history.steps.get(StepId(Stage.STAT, site, day))):
        return True
    imported = is_done(history.steps.get(StepId(Stage.IMPORT, site, day)))
    return imported and not Neighbours(site, history).only_for_others(day)


def day_notes(
    project: Project,
    selection: Selection,
    history: History,
    done: Iterable[StepId],
    before: History,
    now: dt.datetime,
) -> Iterator[DayNote]:
    """Yield a line for each site and kind of note.

    Args:
        project: the project.
        selection: what the run was asked for.
        history: the state after the run's imports.
        done: the imports of this run.
        before: the state before this run. Days that wait for the next logs are a warning only the first time, when
            the logs are cut on a side on which they were not known to be cut.
        now: the time, with a zone.
    """
    if Stage.STAT in selection.stages:
        for site, days in selection.days.items():
            yield from _not_whole(project, site, days, history, before, now)
    yield from _stray_logs(selection, history, done)


def _not_whole(
    project: Project, site: str, days: Collection[dt.date], history: History, before: History, now: dt.datetime
) -> Iterator[DayNote]:
    neighbours = Neighbours(site, history)
    incomplete = {day: missing for day in days if (missing := neighbours.missing(day))}
    if not incomplete:
        return
    first = min(incomplete)
    is_over = any(project.sites[site].day_end(item) <= now for missing in incomplete.values() for item in missing)
    others = f" (and {len(incomplete) - 1:,} more days)" if len(incomplete) > 1 else ""
    text = (
        f"{site}: {first} {NOT_WHOLE}: the logs of {incomplete[first][0]} may hold hits of it, and are not imported yet"
    )
    known = Neighbours(site, before).sides(days)
    yield is_over or not neighbours.sides(tuple(incomplete)) <= known, f"{text}{others}"


def _stray_logs(selection: Selection, history: History, done: Iterable[StepId]) -> Iterator[DayNote]:
    """Notes on stray hits: warnings for logs that are mostly of another day, then notices."""
    by_site: dict[str, list[StrayHits]] = {}
    for step in done:
        by_site.setdefault(step.site, []).extend(find_stray_hits(step, history, selection.days.get(step.site, ())))
    for site, found in sorted(by_site.items()):
        warnings = [item for item in found if item.misplaced_on is not None]
        notices = [item for item in found if item.misplaced_on is None]
        for is_warning, logs in ((True, warnings), (False, notices)):
            if logs:
                others = f" (and {len(logs) - 1:,} more logs)" if len(logs) > 1 else ""
                yield is_warning, f"{site}: {printable(logs[0].key)} of {logs[0].step.day}: {logs[0].text}{others}"
