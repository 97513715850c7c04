"""Notes of a run on its days: days that may be incomplete, and logs with hits of other days. Pure."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

from mtc.core.model import Stage, StepId
from mtc.core.records import History
from mtc.core.sanitize import printable
from mtc.manifest.project import Project
from mtc.plan.neighbours import NOT_WHOLE, Neighbours, StrayHits, find_stray_hits
from mtc.plan.world import Selection

DayNote = tuple[bool, str]
"""Whether it is a warning, shown also by a quiet run, and the line."""


def day_notes(
    project: Project,
    selection: Selection,
    history: History,
    done: Iterable[StepId],
    known: Mapping[str, frozenset[int]],
    now: dt.datetime,
) -> Iterator[DayNote]:
    """A line for each site and kind of note.

    Args:
        project: the project.
        selection: what the run was asked for.
        history: the state after the run's imports.
        done: the imports of this run.
        known: for each site, the sides on which its logs were cut before this run; that days wait for the next logs
            is a warning only the first time.
        now: the time, with a zone.
    """
    if Stage.STAT in selection.stages:
        for site, days in selection.days.items():
            yield from _not_whole(project, site, days, history, known.get(site, frozenset()), now)
    yield from _stray_logs(selection, history, done)


def _not_whole(
    project: Project, site: str, days: Iterable[dt.date], history: History, known: frozenset[int], now: dt.datetime
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
    yield is_over or not neighbours.sides(tuple(incomplete)) <= known, f"{text}{others}"


def _stray_logs(selection: Selection, history: History, done: Iterable[StepId]) -> Iterator[DayNote]:
    """Logs with hits in no statistics: first those that are mostly of another day, which is a mistake somewhere."""
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
