"""The plan of one stage of a run: history from the state, what exists now, the pure planner, the announcement.

Runs no step. Records which steps are planned or blocked, and when a source was listed.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from mtc.core import crash_points
from mtc.core.clock import Clock
from mtc.core.events import Notice, PlanMade, Reporter, StepBlocked, Warned
from mtc.core.model import Stage, StepId, Verdict
from mtc.core.records import History, is_copy_note
from mtc.engine.observe import OpenSource, observe, observe_files
from mtc.engine.run_summary import RunSummary
from mtc.manifest.project import Project
from mtc.plan.duplicates import counted_once, recounted
from mtc.plan.freshness import stale_sites
from mtc.plan.planner import Steps, plan_csv, plan_imports, plan_stats, unsettled_days
from mtc.plan.work import Plan, PlannedStep
from mtc.plan.world import Selection, World
from mtc.state.store import Store


@dataclass(slots=True)
class StagePlanner:
    """Plans stages of one run. `check_stop` is called while sources are listed; it may raise to stop.

    `listed_at` is when the sources of the last planned imports were listed.
    """

    project: Project
    store: Store
    reporter: Reporter
    open_source: OpenSource
    clock: Clock
    summary: RunSummary
    check_stop: Callable[[], None]
    listed_at: dt.datetime | None = field(default=None, init=False)
    _listed: tuple[StepId, ...] = field(default=(), init=False)

    def history(self, selection: Selection) -> History:
        """The history of the selection's sites, with copies of logs known, so that each log counts once."""
        return counted_once(self.project, self.store.history(tuple(selection.days)))

    def recount(self, history: History) -> History:
        """Correct the accounting of steps where a log became a copy of another one, or is not one any more."""
        changed = tuple(recounted(history))
        if not changed:
            return history
        with self.store.transaction():
            for step, accounting, notes in changed:
                self.store.recounted(step, accounting, notes)
        copy_notes = [note for _, _, notes in changed for note in notes if is_copy_note(note)]
        if copy_notes:
            others = f" (and {len(copy_notes) - 1:,} more)" if len(copy_notes) > 1 else ""
            self.reporter.tell(Notice(f"{copy_notes[0]}{others}"))
        steps = {step: replace(history.steps[step], accounting=accounting) for step, accounting, _ in changed}
        return replace(history, steps={**history.steps, **steps})

    def observe(self, stage: Stage, selection: Selection, history: History) -> World:
        """Observe everything that the stage's plan depends on; sources are listed only for imports."""
        if stage is not Stage.IMPORT:
            return observe_files(self.project, selection, history, {})
        world = observe(self.project, selection, history, self.open_source, self.warn, self.check_stop)
        self._warn_of_stale_sites(selection, history, world)
        return world

    def plan(self, stage: Stage, selection: Selection, history: History, world: World, not_done: Steps) -> Steps:
        """Plan one stage. `not_done` are the steps of the previous stage that will not be done in this run."""
        now = self.clock()
        if stage is Stage.IMPORT:
            steps = plan_imports(self.project, selection, world, history, now)
            self._record_listing(steps, history, now)
            return steps
        plan_later_stage = plan_stats if stage is Stage.STAT else plan_csv
        return plan_later_stage(self.project, selection, world, history, not_done)

    def plan_neighbours(self, selection: Selection, history: History) -> Steps:
        """Plan the imports of days adjacent to those asked for; returns the steps that have work."""
        world = self.observe(Stage.IMPORT, selection, history)
        planned = self.plan(Stage.IMPORT, selection, history, world, {})
        return {step: item for step, item in planned.items() if item.verdict.is_work}

    def register(
        self, steps: Iterable[StepId], history: History | None, figures: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        """Record every planned step in the state, also those that are never tried."""
        known = history.steps if history else {}
        if new := [step for step in steps if step not in known]:
            self.store.planned(new, figures)

    def announce(
        self,
        stage: Stage,
        steps: list[PlannedStep],
        history: History,
        figures: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Record the plan of a stage, with blocked steps and their reasons; then report its counts.

        `figures` are recorded with the steps that the state does not have yet.
        """
        self.register((planned.step for planned in steps), history, figures)
        idle = [planned for planned in steps if not planned.verdict.is_work]
        for planned in idle:
            self.summary.add_idle(planned)
        with self.store.transaction():
            for planned in idle:
                if planned.verdict.is_stuck:
                    reason = "; ".join(planned.reasons)
                    self.store.step_blocked(planned.step, reason, at=self.clock())
                    self.reporter.tell(StepBlocked(planned.step, reason))
        counts = Plan(tuple(steps)).count()
        work = len(steps) - len(idle)
        size = sum(planned.cost for planned in steps)
        self.reporter.tell(PlanMade(stage.value, len(steps), work, {v.value: n for v, n in counts.items()}, size))
        crash_points.point("run.planned")

    def warn(self, text: str) -> None:
        """Report a warning."""
        self.reporter.tell(Warned(text))

    def _warn_of_stale_sites(self, selection: Selection, history: History, world: World) -> None:
        """Warn once of each site whose logs have stopped coming, where days move with the calendar."""
        for found in stale_sites(self.project, selection, history, world.listings, self.clock()):
            if found.site not in self.summary.stale:
                self.summary.stale[found.site] = found.overdue
                self.warn(str(found))

    def _record_listing(self, steps: Steps, history: History, now: dt.datetime) -> None:
        """Record when the source was listed, for steps that are done but may still get objects.

        Steps with work get the time when they are done.
        """
        self.listed_at = now
        open_days = set(unsettled_days(self.project, {step.site for step in steps}, history))
        up_to_date = [step for step, planned in steps.items() if planned.verdict is Verdict.UP_TO_DATE]
        self._listed = tuple(step for step in up_to_date if (step.site, step.day) in open_days)
        if self._listed:
            self.store.checked(self._listed, now)

    def as_listed(self, history: History) -> History:
        """A history that was read before the sources were listed, with the time of the listing."""
        times = {step: replace(history.steps[step], checked=self.listed_at) for step in self._listed}
        return replace(history, steps={**history.steps, **times}) if times else history
