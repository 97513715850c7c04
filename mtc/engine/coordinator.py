"""One run: for each stage, plan what is stale, have it done, record each step, retry temporary failures.

Each stage is planned when the one before it has ended, from what is recorded by then: a late object makes the right
statistics stale, and a failed import blocks the steps that depend on it. Everything here happens in one thread, the
only one that writes the state. `StagePlanner` plans and announces, `StepTracker` records what workers report,
`TaskQueue` orders the tasks.
"""

import datetime as dt
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from mtc.core.clock import Clock
from mtc.core.errors import InterruptedRunError, TransientError
from mtc.core.events import Notice, Reporter, Warned
from mtc.core.model import Stage, StepId, Verdict
from mtc.core.records import History
from mtc.engine.executors import Executor, Handler
from mtc.engine.observe import OpenSource
from mtc.engine.run_summary import RunSummary
from mtc.engine.slice_merging import SliceMerger
from mtc.engine.stage_planner import StagePlanner
from mtc.engine.step_tracker import StepTracker
from mtc.engine.task_queue import TaskQueue, tasks
from mtc.manifest.project import Project
from mtc.plan.growing import uncounted_notes
from mtc.plan.neighbours import NEIGHBOUR, day_notes, to_import
from mtc.plan.planner import Steps
from mtc.plan.work import PlannedStep
from mtc.plan.world import Selection, World
from mtc.state.rows import no_collecting
from mtc.state.store import Store

MakeExecutor = Callable[[Handler], Executor]

_NOT_TO_BE_DONE = frozenset({Verdict.NOT_DUE, *(verdict for verdict in Verdict if verdict.is_stuck)})
_POLL_SECONDS = 0.1


@dataclass(slots=True)
class Coordinator:
    """Runs a selection. `run` is the id that everything is recorded under; `jitter` randomises pauses."""

    project: Project
    store: Store
    reporter: Reporter
    open_source: OpenSource
    make_executor: MakeExecutor
    clock: Clock
    run: str
    jitter: random.Random = field(default_factory=random.Random)
    summary: RunSummary = field(default_factory=RunSummary)
    stop_signal: int = 0
    _planner: StagePlanner = field(init=False)
    _tracker: StepTracker = field(init=False)
    _before: History = field(default_factory=History)
    _imported: History = field(default_factory=History)
    _selection: Selection = field(default_factory=lambda: Selection((), {}))

    def __post_init__(self) -> None:
        """Make the planner and the tracker of this run."""
        self._planner = StagePlanner(
            self.project, self.store, self.reporter, self.open_source, self.clock, self.summary, self._check_stop
        )
        self._tracker = StepTracker(
            self.project,
            self.store,
            self.reporter,
            self.clock,
            self.run,
            self.jitter,
            self.summary,
            lambda: bool(self.stop_signal),
        )

    @property
    def bugs(self) -> list[Exception]:
        """Errors that no stage should raise: bugs in mtc."""
        return self._tracker.bugs

    def stop(self, signal_number: int) -> None:
        """Ask the run to end at the next safe point. Called by a signal handler, so it only sets a flag."""
        self.stop_signal = signal_number

    def apply(self, selection: Selection, history: History | None = None) -> None:
        """Run every selected step that needs it. `history` is what the state holds, if it was read already.

        Raises:
            InterruptedRunError: the run was asked to stop; what was done is recorded.
            StateError: the state file can no longer be written.
        """
        self._selection = selection
        for note in selection.notes:
            self._planner.warn(note)
        executor = self.make_executor(self._tracker)
        self._tracker.queue = TaskQueue(executor.slots)
        days = [(site, day) for site, site_days in selection.days.items() for day in site_days]
        self._planner.register((StepId(stage, site, day) for stage in selection.stages for site, day in days), history)
        not_done: Steps = {}
        world: World | None = None
        try:
            for stage in selection.stages:
                with no_collecting():
                    history = self._planner.recount(history or self._planner.history(selection))
                    self._before = self._before if self._before.steps else history
                    world = world or self._planner.observe(stage, selection, history)
                    selection = selection.with_added(world.listings)
                    steps = self._planner.plan(stage, selection, history, world, not_done)
                self._planner.announce(stage, list(steps.values()), history)
                if any(planned.verdict is not Verdict.UP_TO_DATE for planned in steps.values()):
                    history = world = None  # this stage changes something: read and look again for the next one
                else:
                    history = self._planner.as_listed(history)
                self._submit(planned for planned in steps.values() if planned.verdict.is_work)
                self._drive(executor)
                not_done = {step: planned for step, planned in steps.items() if planned.verdict in _NOT_TO_BE_DONE}
                if stage is Stage.IMPORT:
                    history = self._imported = self._after_imports(executor, selection, steps, history)
            SliceMerger(self.project, self.store, self._planner.warn, self._check_stop).run(self._imported)
        finally:
            executor.close()

    def _after_imports(
        self, executor: Executor, selection: Selection, steps: Steps, unchanged: History | None
    ) -> History:
        """Import adjacent days whose logs hold hits of the selected days; then report incomplete days.

        Returns the history afterwards. `unchanged` is the current history if the imports changed nothing.
        """
        history = unchanged or self._planner.history(selection)
        neighbours = to_import(self.project, selection.days, history) if Stage.STAT in selection.stages else {}
        if neighbours and self._import_neighbours(
            executor, replace(selection, days=neighbours, named=frozenset()), history
        ):
            history = self._planner.history(selection)
        done = [step for step, planned in steps.items() if planned.verdict.is_work]
        for is_warning, text in day_notes(self.project, selection, history, done, self._before, self.clock()):
            self.reporter.tell(Warned(text) if is_warning else Notice(text))
        for text in uncounted_notes(selection, history, {step.site for step in done}):
            self.reporter.tell(Notice(text))
        return history

    def _import_neighbours(self, executor: Executor, selection: Selection, history: History) -> bool:
        """Import days only for the hits of other days in their logs; returns whether there was anything to import."""
        with no_collecting():
            steps = self._planner.plan_neighbours(selection, history)
        if not steps:
            return False
        self._tracker.neighbours.update(steps)
        # Marked before they begin: a run that is killed must not leave days that look as if they had been asked for.
        self._planner.announce(Stage.IMPORT, list(steps.values()), history, {NEIGHBOUR: 1})
        self._submit(steps.values())
        self._drive(executor)
        return True

    def _submit(self, steps: Iterable[PlannedStep]) -> None:
        alone = {name for name, site in self.project.sites.items() if site.answers == "matomo"}
        archived = {name for name, site in self.project.sites.items() if site.archive is not None}
        remote = {name for name, site in self.project.sites.items() if "://" in site.source.url}
        slots = self._tracker.queue.slots
        for task in tasks(steps, alone, archived=archived, remote=remote, slots=slots):
            self._tracker.put(task, self._planner.listed_at)

    def _drive(self, executor: Executor) -> None:
        """Pump until no step runs, is queued or waits for its next attempt."""
        queue, retries = self._tracker.queue, self._tracker.retries
        while True:
            if self.stop_signal:
                executor.stop(self.stop_signal)
                retries.clear()
                queue.stop()
            for task in queue.ready():
                executor.submit(task)
            busy = executor.pump(_POLL_SECONDS)
            busy = self._resubmit() or bool(queue) or busy
            if not busy and not retries:
                break
            if not busy:
                time.sleep(min(_POLL_SECONDS, retries.seconds_to_next()))
        self._check_stop()

    def _check_stop(self) -> None:
        """Raise InterruptedRunError if the run was asked to stop."""
        if self.stop_signal:
            raise InterruptedRunError(self.stop_signal)

    def _resubmit(self) -> bool:
        """Plan and submit the steps that are due for their next attempt; returns whether any were.

        The source is listed again for them.
        """
        due = False
        for steps in self._tracker.retries.due():
            self._submit(self._plan_again(steps))
            due = True
        return due

    def _plan_again(self, steps: tuple[StepId, ...]) -> list[PlannedStep]:
        stage = steps[0].stage
        days: dict[str, tuple[dt.date, ...]] = {}
        for step in steps:
            days[step.site] = (*days.get(step.site, ()), step.day)
        selection = replace(self._selection, days=days, stages=(stage,))
        history = self._planner.history(selection)
        world = self._planner.observe(stage, selection, history)
        replanned = self._planner.plan(stage, selection.with_added(world.listings), history, world, {})
        ready = []
        for step in steps:
            planned = replanned.get(step)
            if planned is not None and planned.verdict.is_work:
                ready.append(planned)
            else:
                reason = "; ".join(planned.reasons) if planned else "no longer planned"
                self._tracker.fail_unplanned(step, TransientError(reason))
        return ready
