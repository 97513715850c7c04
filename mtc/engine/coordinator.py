"""One run: stage by stage, plan what is stale, have it done, record each step, try again what may pass.

Each stage is planned when the one before is over, from what is then recorded: a late object makes the right statistics
stale, and a failed import blocks what depends on it. Everything here happens in one thread.
"""

import datetime as dt
import heapq
import itertools
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from mtc.core import crash_points
from mtc.core.deliveries import is_copy_note
from mtc.core.errors import InterruptedRunError, MtcError, TransientError, explain_machine_error
from mtc.core.events import (
    Notice,
    PlanMade,
    Reporter,
    StepBlocked,
    StepFinished,
    StepProgress,
    StepRetried,
    StepStarted,
    Warned,
)
from mtc.core.frozen_model import seconds
from mtc.core.model import Stage, Status, StepId, Verdict
from mtc.core.records import History
from mtc.core.retry import RetryPolicy
from mtc.engine.day_notes import day_notes
from mtc.engine.executors import Executor, Handler
from mtc.engine.fact_writer import files_loaded, hits_delivered, record_delivery, record_object
from mtc.engine.observe import OpenSource, observe, observe_files
from mtc.engine.run_summary import Outcome, RunSummary
from mtc.engine.task_queue import TaskQueue
from mtc.engine.tasks import OpenStep, tasks
from mtc.manifest.project import Project
from mtc.plan.duplicates import counted_once, recounted
from mtc.plan.freshness import stale_sites
from mtc.plan.neighbours import NEIGHBOUR, Neighbours, to_import
from mtc.plan.planner import Steps, plan_csv, plan_imports, plan_stats, unsettled_days
from mtc.plan.work import Plan, PlannedStep, Task
from mtc.plan.world import Selection, World
from mtc.stages.stage import DeliveryFact, Fact, ObjectFact, ObjectLoaded, StepDone, StepFailed, StepLoaded
from mtc.state.rows import StepResult, no_collecting
from mtc.state.store import Store
from mtc.warehouse.parts import remove_files, remove_unlisted

Clock = Callable[[], dt.datetime]
MakeExecutor = Callable[[Handler], Executor]

_NOT_TO_BE_DONE = frozenset({Verdict.NOT_DUE, *(verdict for verdict in Verdict if verdict.is_stuck)})


@dataclass(slots=True)
class Coordinator:
    """Runs a selection. `run` is the id under which everything is recorded."""

    project: Project
    store: Store
    reporter: Reporter
    open_source: OpenSource
    make_executor: MakeExecutor
    clock: Clock
    run: str
    jitter: random.Random = field(default_factory=random.Random)
    tally: RunSummary = field(default_factory=RunSummary)
    stop_signal: int = 0
    bugs: list[Exception] = field(default_factory=list)
    _open: dict[StepId, OpenStep] = field(default_factory=dict)
    _later: list[tuple[float, int, tuple[StepId, ...]]] = field(default_factory=list)
    _order: "itertools.count[int]" = field(default_factory=itertools.count)
    _queue: TaskQueue = field(default_factory=lambda: TaskQueue(1))
    _beside: set[StepId] = field(default_factory=set)
    _began: History = field(default_factory=History)
    _looked: dt.datetime | None = None
    _selection: Selection = field(default_factory=lambda: Selection((), {}))

    def stop(self, signal_number: int) -> None:
        """Ask the run to end at the next safe point. Called by a signal handler: it only sets a mark."""
        self.stop_signal = signal_number

    def apply(self, selection: Selection, history: History | None = None) -> None:
        """Do all that the selection asks for.

        Raises:
            InterruptedRunError: the run was asked to stop; what was done is recorded.
            StateError: the state file cannot be written any more.
        """
        self._selection = selection
        for note in selection.notes:
            self._warn(note)
        executor = self.make_executor(self)
        self._queue = TaskQueue(executor.slots)
        left: Steps = {}
        days = [(site, day) for site, own in selection.days.items() for day in own]
        asked = (StepId(stage, site, day) for stage in selection.stages for site, day in days)
        self._remember(asked, history)
        world: World | None = None
        try:
            for stage in selection.stages:
                with no_collecting():
                    history = self._recounted(history or self._history(selection))
                    self._began = self._began if self._began.steps else history
                    world = world or self._look(stage, selection, history)
                    steps = self._plan(stage, selection, history, world, left)
                self._announce(stage, list(steps.values()), history)
                if any(planned.verdict is not Verdict.UP_TO_DATE for planned in steps.values()):
                    history = world = None  # something will change; else the next stage sees the same
                self._submit(planned for planned in steps.values() if planned.verdict.is_work)
                self._drive(executor)
                left = {step: planned for step, planned in steps.items() if planned.verdict in _NOT_TO_BE_DONE}
                if stage is Stage.IMPORT:
                    history = self._after_imports(executor, selection, steps, history)
        finally:
            executor.close()

    def _history(self, selection: Selection) -> History:
        return counted_once(self.project, self.store.history(tuple(selection.days)))

    def _recounted(self, history: History) -> History:
        """Where copies of logs were loaded, or are none any more, accounts are put right."""
        changed = tuple(recounted(history))
        if not changed:
            return history
        with self.store.transaction():
            for step, account, notes in changed:
                self.store.recounted(step, account, notes)
        told = [note for _, _, notes in changed for note in notes if is_copy_note(note)]
        if told:
            more = f" (and {len(told) - 1:,} more)" if len(told) > 1 else ""
            self.reporter.tell(Notice(f"{told[0]}{more}"))
        steps = {step: replace(history.steps[step], accounting=account) for step, account, _ in changed}
        return replace(history, steps={**history.steps, **steps})

    def _after_imports(self, executor: Executor, selection: Selection, steps: Steps, before: History | None) -> History:
        """Import the days beside those asked for, where their logs hold hits of these; then say what is left out.

        Gives the history as it is then. `before` is the one that nothing has changed since, if there is one.
        """
        history = before or self._history(selection)
        known = {site: Neighbours(site, self._began).sides(days) for site, days in selection.days.items()}
        more = to_import(selection.days, history) if Stage.STAT in selection.stages else {}
        if more and self._import_beside(executor, replace(selection, days=more, named=frozenset()), history):
            history = self._history(selection)
        done = [step for step, planned in steps.items() if planned.verdict.is_work]
        for is_loud, text in day_notes(self.project, selection, history, done, known, self.clock()):
            self.reporter.tell(Warned(text) if is_loud else Notice(text))
        return history

    def _import_beside(self, executor: Executor, narrow: Selection, history: History) -> bool:
        """Import some days only for the hits that their logs have of others; says whether any is due."""
        with no_collecting():
            world = self._look(Stage.IMPORT, narrow, history)
            planned = plan_imports(self.project, narrow, world, history, self.clock())
        steps = {step: one for step, one in planned.items() if one.verdict.is_work}
        if not steps:
            return False
        self._looked = self.clock()
        self._beside.update(steps)
        self._announce(Stage.IMPORT, list(steps.values()), history)
        self._submit(steps.values())
        self._drive(executor)
        return True

    def _submit(self, steps: Iterable[PlannedStep]) -> None:
        for task in tasks(steps):
            for planned in task.steps:
                mine = self._open.setdefault(planned.step, OpenStep(planned))
                mine.planned, mine.looked, mine.waits = planned, self._looked, False
            self._queue.put(task)

    def _drive(self, executor: Executor) -> None:
        """Pump until nothing is under way and nothing waits."""
        while True:
            if self.stop_signal:
                executor.stop(self.stop_signal)
                self._later.clear()
                self._queue.stop()
            for task in self._queue.ready():
                executor.submit(task)
            busy = executor.pump(0.1)
            busy = self._resubmit() or bool(self._queue) or busy
            if not busy and not self._later:
                break
            if not busy:
                time.sleep(min(0.1, max(0.0, self._later[0][0] - time.monotonic())))
        if self.stop_signal:
            raise InterruptedRunError(self.stop_signal)

    def _look(self, stage: Stage, selection: Selection, history: History) -> World:
        if stage is Stage.IMPORT:
            world = observe(self.project, selection, history, self.open_source, self._warn, self._check)
            self._tell_stale(selection, history, world)
            return world
        return observe_files(self.project, selection, history, {})

    def _plan(self, stage: Stage, selection: Selection, history: History, world: World, left: Steps) -> Steps:
        """Plan one stage from what is recorded and there now. `left` are steps of the stage before not to be done."""
        now = self.clock()
        if stage is Stage.IMPORT:
            steps = plan_imports(self.project, selection, world, history, now)
            self._remember_look(steps, history, now)
            return steps
        later = plan_stats if stage is Stage.STAT else plan_csv
        return later(self.project, selection, world, history, left)

    def _check(self) -> None:
        """Raise when the run is asked to stop."""
        if self.stop_signal:
            raise InterruptedRunError(self.stop_signal)

    def _tell_stale(self, selection: Selection, history: History, world: World) -> None:
        """Say once of which sites the logs have stopped coming, where days move with the calendar."""
        for found in stale_sites(self.project, selection, history, world.listings, self.clock()):
            if found.site not in self.tally.stale:
                self.tally.stale[found.site] = found.overdue
                self._warn(str(found))

    def _warn(self, text: str) -> None:
        self.reporter.tell(Warned(text))

    def _remember_look(self, steps: Steps, history: History, now: dt.datetime) -> None:
        """Note when the source was listed: for steps that are done but may still get objects, and for those to do."""
        self._looked = now
        open_days = set(unsettled_days(self.project, {step.site for step in steps}, history))
        quiet = [step for step, planned in steps.items() if planned.verdict is Verdict.UP_TO_DATE]
        looked = [step for step in quiet if (step.site, step.day) in open_days]
        if looked:
            self.store.checked(looked, now)

    def _remember(self, steps: Iterable[StepId], history: History | None) -> None:
        """Every planned step is in the state, also those never tried."""
        known = history.steps if history else {}
        if new := [step for step in steps if step not in known]:
            self.store.planned(new)

    def _announce(self, stage: Stage, steps: list[PlannedStep], history: History) -> None:
        self._remember((planned.step for planned in steps), history)
        idle = [planned for planned in steps if not planned.verdict.is_work]
        for planned in idle:
            self.tally.rest(planned)
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

    def started(self, task: Task) -> None:
        """A worker begins a task; what is left of one that was loaded before has begun already."""
        if task.loaded is not None:
            return
        with self.store.transaction():
            for planned in task.steps:
                mine = self._open[planned.step]
                mine.attempt += 1
                mine.began = time.monotonic()
                self.store.step_started(planned.step, run=self.run, attempt=mine.attempt, at=self.clock())
        for planned in task.steps:
            attempt = self._open[planned.step].attempt
            self.reporter.tell(StepStarted(planned.step, planned.verdict, attempt, planned.cost))

    def progress(self, task: Task, size: int, lines: int) -> None:
        """More of a task is done."""
        if task.stage is Stage.IMPORT:
            self.tally.lines += lines
        self.reporter.tell(StepProgress(task.name, size, lines))

    def facts(self, task: Task, facts: tuple[Fact, ...]) -> None:
        """Record facts in one transaction, then remove the files that nothing lists any more."""
        crash_points.point("record.before")
        unlisted: set[str] = set()
        done = [fact for fact in facts if isinstance(fact, StepDone)]
        with self.store.transaction():
            for fact in facts:
                if isinstance(fact, ObjectFact):
                    unlisted.update(record_object(self.store, fact))
                elif isinstance(fact, DeliveryFact):
                    record_delivery(self.store, fact, run=self.run, at=self.clock())
                elif isinstance(fact, StepLoaded):
                    self._queue.loaded(fact.step, fact.loaded)
            self._record_done(done)
        self.tally.hits += sum(fact.loaded.accounting.hits for fact in facts if isinstance(fact, ObjectLoaded))
        crash_points.point("record.after")
        remove_unlisted(self.project.warehouse, files_loaded(facts))
        if unlisted:  # a later fact may have listed a file again
            remove_files(self.project.warehouse, unlisted - self.store.listed_files())
        if delivered := sum(map(hits_delivered, facts)):
            self.reporter.tell(StepProgress(task.name, delivered=delivered))
        self._tell_done(done)
        for fact in facts:
            if isinstance(fact, StepFailed):
                self._failed([fact.step], fact.error)

    def _record_done(self, done: list[StepDone]) -> None:
        results = []
        for item in done:
            mine = self._open[item.receipt.step]
            planned = mine.planned
            checked = mine.looked if planned.step.stage is Stage.IMPORT else None
            receipt = item.receipt
            if receipt.step in self._beside:
                receipt = replace(receipt, figures={**receipt.figures, NEIGHBOUR: 1})
            results.append(StepResult(receipt, planned.fingerprint, planned.settings, planned.inputs, checked))
        self.store.steps_done(results, at=self.clock())

    def _tell_done(self, done: Iterable[StepDone]) -> None:
        for item in done:
            receipt = item.receipt
            mine = self._open.pop(receipt.step)
            spent = time.monotonic() - mine.began
            figures = dict(receipt.figures)
            self.tally.end(receipt.step, Outcome(receipt.status, mine.planned.verdict, spent, mine.attempt, figures))
            self.reporter.tell(StepFinished(receipt.step, receipt.status, spent, figures, receipt.notes))

    def ended(self, task: Task, error: Exception | None) -> None:
        """A task is over: what it did not record is delivered later, has failed, is tried again, or was interrupted."""
        if self._queue.ended(task, error):
            return
        left = [planned.step for planned in task.steps if self._is_under_way(planned)]
        if not left:
            return
        if isinstance(error, InterruptedRunError):
            for step in left:
                del self._open[step]
            return
        self._failed(left, error or RuntimeError("the stage has not said how these steps ended"))

    def _is_under_way(self, planned: PlannedStep) -> bool:
        """Whether this try of the step has not ended; one that failed may wait for its next, or be in it."""
        mine = self._open.get(planned.step)
        return mine is not None and mine.planned is planned and not mine.waits

    @property
    def _retry_policy(self) -> RetryPolicy:
        settings = self.project.run
        return RetryPolicy(attempts=settings.retries + 1, first_pause=seconds(settings.backoff), jitter=self.jitter)

    def _failed(self, steps: list[StepId], error: Exception) -> None:
        again = [step for step in steps if self._retry_policy.allows_retry(error, self._open[step].attempt)]
        error = error if isinstance(error, MtcError) else explain_machine_error(error) or error
        if not isinstance(error, MtcError):
            self.bugs.append(error)
        text = str(error) if isinstance(error, MtcError) else f"a bug in mtc: {type(error).__name__}"
        with self.store.transaction():
            for step in steps:
                self.store.step_failed(step, text, at=self.clock())
        if again and not self.stop_signal:
            self._try_later(again, text)
        else:
            again = []
        for step in steps:
            if step not in again:
                mine = self._open.pop(step)
                spent = time.monotonic() - mine.began
                outcome = Outcome(Status.FAILED, mine.planned.verdict, spent, mine.attempt, error=text)
                self.tally.end(step, outcome)
                self.reporter.tell(StepFinished(step, Status.FAILED, spent, error=text))

    def _try_later(self, steps: list[StepId], text: str) -> None:
        attempt = max(self._open[step].attempt for step in steps)
        delay = self._retry_policy.pause(attempt)
        for step in steps:
            self._open[step].waits = True
            self.reporter.tell(StepRetried(step, text, attempt, delay))
        heapq.heappush(self._later, (time.monotonic() + delay, next(self._order), tuple(steps)))

    def _resubmit(self) -> bool:
        """Plan again, with a new look at the source, what is due to be tried again; says whether anything was."""
        due = False
        while self._later and self._later[0][0] <= time.monotonic():
            _, _, steps = heapq.heappop(self._later)
            self._submit(self._again(steps))
            due = True
        return due

    def _again(self, steps: tuple[StepId, ...]) -> list[PlannedStep]:
        days: dict[str, tuple[dt.date, ...]] = {}
        for step in steps:
            days[step.site] = (*days.get(step.site, ()), step.day)
        narrow = replace(self._selection, days=days, stages=(steps[0].stage,))
        history = self._history(narrow)
        fresh = self._plan(steps[0].stage, narrow, history, self._look(steps[0].stage, narrow, history), {})
        ready = []
        for step in steps:
            planned = fresh.get(step)
            if planned is not None and planned.verdict.is_work:
                ready.append(planned)
            else:  # its source cannot be listed: that is a try as well, and may pass
                self._open[step].attempt += 1
                reason = "; ".join(planned.reasons) if planned else "no longer planned"
                self._failed([step], TransientError(reason))
        return ready
