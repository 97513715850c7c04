"""Days that a plan includes besides those that were asked for. Pure."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from mtc.core.model import Stage, Status, StepId
from mtc.core.records import History, StepRecord
from mtc.manifest.project import Project
from mtc.plan.fingerprint import is_older
from mtc.plan.neighbours import Neighbours
from mtc.plan.stat_inputs import import_named, stat_version
from mtc.plan.verdicts import is_done, is_unsettled
from mtc.plan.world import World

_DAY = dt.timedelta(days=1)

Records = Mapping[StepId, StepRecord]
"""The records of one site's steps."""


def with_touched_days(
    site: str, days: Iterable[dt.date], history: History, added: Iterable[dt.date] = ()
) -> tuple[dt.date, ...]:
    """The days, and every other imported day that has, or had, hits from an object of one of them; in order.

    A log of the 2nd may hold lines of the 1st, whose statistics then change as well; also if it no longer holds them.
    Days that were imported only for the hits of adjacent days are not added: they have no statistics. A growing log may
    have lines of many days: of these, those are added that have statistics. `added` are days that are imported besides.
    """
    asked, records = set(days), history.records_of(site)
    steps = [StepId(Stage.IMPORT, site, day) for day in asked.union(added)]
    loaded = [item for step in steps for item in history.objects.get(step, ())]
    touched = {part.day for item in loaded if not history.is_of_growing_log(site, item) for part in item.parts}
    others = [record for step, record in records.items() if step.stage is Stage.STAT and step.day not in asked]
    touched |= _counted_from({str(step) for step in steps}, others) if others else set()
    neighbours = Neighbours(site, history)
    imported = {
        day
        for day in touched - asked
        if is_done(history.steps.get(StepId(Stage.IMPORT, site, day))) and not neighbours.only_for_others(day)
    }
    sliced = {part.day for item in loaded if history.is_of_growing_log(site, item) for part in item.parts}
    counted = {day for day in sliced if _was_counted(records.get(StepId(Stage.STAT, site, day)))}
    return tuple(sorted(imported | counted | asked))


def _was_counted(record: StepRecord | None) -> bool:
    return record is not None and bool(record.fingerprint)


def _counted_from(imports: Collection[str], statistics: Iterable[StepRecord]) -> set[dt.date]:
    """The days whose recorded statistics were made from a part of one of these imports."""
    return {record.step.day for record in statistics if any(import_named(name) in imports for name in record.inputs)}


def stale_rows(site: str, asked: Collection[dt.date], world: World, history: History, records: Records) -> set[dt.date]:
    """Days besides those asked for with a row in the CSV files whose statistics have changed since.

    The files are written as a whole, so these rows are renewed together with any other.
    """
    return {
        step.day
        for step, record in records.items()
        if step.stage is Stage.CSV and step.day not in asked and is_done(record)
        if is_done(history.steps.get(StepId(Stage.STAT, site, step.day)))
        if record.inputs.get("stat", "") != stat_version(site, step.day, world, history)
    }


def outdated(stage: Stage, records: Records) -> set[dt.date]:
    """The days whose step of this stage last succeeded with an older recipe, and had a result."""
    return {
        step.day
        for step, record in records.items()
        if step.stage is stage and record.status is Status.DONE and is_older(record)
    }


def unfinished_days(sites: Iterable[str], history: History) -> Iterator[tuple[str, dt.date]]:
    """Days that a run began and did not finish. They are selected again until all of their steps are done.

    A day has begun when its import, or a later step that was not blocked, was tried. Steps that were planned and never
    tried do not count: a long backfill that was stopped continues only with its own command.
    """
    names = set(sites)
    not_done = {(step.site, step.day) for step, record in history.steps.items() if not is_done(record)}
    for site, day in sorted(not_done):
        steps = [StepId(stage, site, day) for stage in Stage] if site in names else []
        if any(step in history.steps and _begins(step, history.steps[step]) for step in steps):
            yield site, day


@dataclass(frozen=True, slots=True)
class MissedDays:
    """The days of a site that no run has imported: those to catch up on, and those that are too old for it."""

    days: tuple[dt.date, ...] = ()
    too_old: tuple[dt.date, ...] = ()


def missed_days(stage: Stage, records: Records, first: dt.date, last: dt.date) -> MissedDays:
    """The days up to `last` that no run has imported, since the first that is done; from `first` on they are caught up.

    No day counts as missed for a site without records, or before its first record. A day that was planned and never
    tried counts as missed.
    """
    known = {step.day: record for step, record in records.items() if step.stage is stage and step.day <= last}
    done = sorted(day for day, record in known.items() if is_done(record))
    if not done:
        return MissedDays()
    begin = next((day for day in done if day >= first), first)
    days = (begin + n * _DAY for n in range((last - begin).days + 1))
    gap = tuple(day for day in days if day not in known or _is_untried(known[day]))
    older = (done[-1] + n * _DAY for n in range(1, (first - done[-1]).days))
    return MissedDays(gap, tuple(day for day in older if day not in known))


def _is_untried(record: StepRecord) -> bool:
    return record.status is Status.PLANNED and not record.attempts and not record.fingerprint


def _begins(step: StepId, record: StepRecord) -> bool:
    if record.status is Status.BLOCKED:
        return step.stage is Stage.IMPORT  # its source could not be listed; later steps wait for an earlier one
    return record.status is not Status.PLANNED


def unsettled_days(project: Project, sites: Iterable[str], history: History) -> Iterator[tuple[str, dt.date]]:
    """Days whose source was last listed before it had settled: more objects may have arrived since."""
    names = set(sites)
    for step, record in history.steps.items():
        if step.stage is Stage.IMPORT and step.site in names and is_unsettled(project.sites[step.site], record):
            yield step.site, step.day
