"""What a run has come to so far: how each step ended, and the sums of the recap.

What a run has to say of hits that lie elsewhere: days that may not be whole, and logs of other days. Pure.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mtc.core.errors import EXIT_FAILED, EXIT_OK
from mtc.core.model import Stage, Status, StepId, Verdict
from mtc.core.records import History
from mtc.core.sanitize import printable
from mtc.manifest.project import Project
from mtc.plan.neighbours import NOT_WHOLE, Elsewhere, Neighbours, elsewhere
from mtc.plan.work import PlannedStep
from mtc.plan.world import Selection


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended in this run."""

    status: Status
    verdict: Verdict
    seconds: float = 0.0
    attempts: int = 0
    figures: Mapping[str, float] = field(default_factory=dict)
    error: str = ""


@dataclass(slots=True)
class Tally:
    """Counts of one run. A step that is planned again in a later wave counts once, as it ended.

    `stale` are the sites whose logs have stopped coming, and whether for longer than the manifest allows.
    """

    outcomes: dict[StepId, Outcome] = field(default_factory=dict)
    idle: dict[StepId, Verdict] = field(default_factory=dict)
    lines: int = 0
    hits: int = 0
    stale: dict[str, bool] = field(default_factory=dict)

    def rest(self, planned: PlannedStep) -> None:
        """A step with nothing to do."""
        self.idle[planned.step] = planned.verdict

    def end(self, step: StepId, outcome: Outcome) -> None:
        """A step has come to an end."""
        self.outcomes[step] = outcome

    def ended(self, status: Status) -> int:
        """How many steps ended so."""
        return sum(outcome.status is status for outcome in self.outcomes.values())

    def idling(self, verdict: Verdict) -> int:
        """How many steps had nothing to do for this reason."""
        return sum(own is verdict for own in self.idle.values())

    @property
    def blocked(self) -> int:
        """Steps that could not be tried."""
        return self.ended(Status.BLOCKED) + sum(self.idling(verdict) for verdict in Verdict if verdict.is_stuck)

    @property
    def exit_code(self) -> int:
        """0, or 3 when a step failed or is blocked, or logs have stopped coming for too long."""
        return EXIT_FAILED if self.ended(Status.FAILED) or self.blocked or any(self.stale.values()) else EXIT_OK

    def counts(self) -> dict[str, int]:
        """The counts of the recap, by name."""
        return {
            "done": self.ended(Status.DONE),
            "empty": self.ended(Status.EMPTY),
            "failed": self.ended(Status.FAILED),
            "blocked": self.blocked,
            "up_to_date": self.idling(Verdict.UP_TO_DATE),
            "not_due": self.idling(Verdict.NOT_DUE),
        }


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
