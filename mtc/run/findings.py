"""What a run has to say of hits that lie elsewhere: days that may not be whole, and logs of other days. Pure."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

from mtc.manifest.project import Project
from mtc.model import Stage, StepId
from mtc.plan.model import History, Selection
from mtc.plan.neighbours import NOT_WHOLE, Elsewhere, Neighbours, elsewhere
from mtc.sources.keys import printable

Finding = tuple[bool, str]
"""Whether it has to be seen also where a run is quiet, and the line."""


def findings(
    project: Project,
    selection: Selection,
    history: History,
    done: Iterable[StepId],
    known: Mapping[str, frozenset[int]],
    now: dt.datetime,
) -> Iterator[Finding]:
    """A line for each site and kind. `done` are the imports of this run.

    `known` are the sides on which the logs of each site were cut before it: that days wait for the logs of the next
    is news once.
    """
    if Stage.STAT in selection.stages:
        for site, days in selection.days.items():
            yield from _not_whole(project, site, days, history, known.get(site, frozenset()), now)
    yield from _astray(selection, history, done)


def _not_whole(
    project: Project, site: str, days: Iterable[dt.date], history: History, known: frozenset[int], now: dt.datetime
) -> Iterator[Finding]:
    beside = Neighbours(site, history)
    lacking = {day: missing for day in days if (missing := beside.missing(day))}
    if not lacking:
        return
    first = min(lacking)
    over = any(project.sites[site].day_end(one) <= now for missing in lacking.values() for one in missing)
    more = f" (and {len(lacking) - 1:,} more days)" if len(lacking) > 1 else ""
    text = f"{site}: {first} {NOT_WHOLE}: the logs of {lacking[first][0]} may hold hits of it, and are not imported yet"
    yield over or not beside.sides(tuple(lacking)) <= known, f"{text}{more}"


def _astray(selection: Selection, history: History, done: Iterable[StepId]) -> Iterator[Finding]:
    """Logs with hits in no statistics: those that are mostly of another day first, as that is a mistake somewhere."""
    by_site: dict[str, list[Elsewhere]] = {}
    for step in done:
        by_site.setdefault(step.site, []).extend(elsewhere(step, history, selection.days.get(step.site, ())))
    for site, found in sorted(by_site.items()):
        loud = [one for one in found if one.astray is not None]
        quiet = [one for one in found if one.astray is None]
        for is_loud, some in ((True, loud), (False, quiet)):
            if some:
                more = f" (and {len(some) - 1:,} more logs)" if len(some) > 1 else ""
                yield is_loud, f"{site}: {printable(some[0].key)} of {some[0].step.day}: {some[0].words}{more}"
