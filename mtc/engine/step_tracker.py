"""What workers report of steps: recorded in the state, counted, shown, and retried where the error may be temporary.

This is the coordinator's side of the executor's interface (`executors.Handler`). All of it happens in the coordinator's
thread; the facts of one report are one transaction.
"""

import datetime as dt
import heapq
import itertools
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from mtc.core import crash_points
from mtc.core.clock import Clock
from mtc.core.deliveries import BatchStatus
from mtc.core.errors import InterruptedRunError, MtcError, explain_machine_error
from mtc.core.events import Reporter, StepFinished, StepProgress, StepRetried, StepStarted
from mtc.core.frozen_model import seconds
from mtc.core.model import Stage, Status, StepId
from mtc.core.retry import RetryPolicy
from mtc.engine.run_summary import RunSummary
from mtc.engine.task_queue import TaskQueue
from mtc.manifest.project import Project
from mtc.plan.neighbours import NEIGHBOUR
from mtc.plan.work import PlannedStep, Task
from mtc.stages.stage import (
    BatchesMoved,
    DeliveryCut,
    DeliveryEnded,
    DeliveryFact,
    Fact,
    ObjectArchived,
    ObjectCarried,
    ObjectDropped,
    ObjectFact,
    ObjectLoaded,
    PartsDigested,
    ResendAllowed,
    StepDone,
    StepFailed,
    StepLoaded,
)
from mtc.state.rows import StepResult
from mtc.state.run_records import StepOutcome
from mtc.state.store import Store
from mtc.warehouse.parts import remove_files, remove_unlisted


@dataclass(slots=True)
class RetryQueue:
    """Groups of steps, each with the time of its next attempt. Groups due at once keep their order of arrival."""

    _waiting: list[tuple[float, int, tuple[StepId, ...]]] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def __bool__(self) -> bool:
        """Whether any steps are waiting."""
        return bool(self._waiting)

    def add(self, steps: tuple[StepId, ...], delay: float) -> None:
        """Schedule the next attempt of these steps, together, in `delay` seconds."""
        heapq.heappush(self._waiting, (time.monotonic() + delay, next(self._numbers), steps))

    def due(self) -> Iterator[tuple[StepId, ...]]:
        """Remove and yield the groups that are due."""
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            yield heapq.heappop(self._waiting)[2]

    def seconds_to_next(self) -> float:
        """Seconds until the first group is due. The queue must not be empty."""
        return max(0.0, self._waiting[0][0] - time.monotonic())

    def clear(self) -> None:
        """Cancel all retries."""
        self._waiting.clear()


@dataclass(slots=True)
class OpenStep:
    """A step that runs or waits for its next attempt. `listed_at` is when its source was listed for this plan."""

    planned: PlannedStep
    listed_at: dt.datetime | None = None
    waits: bool = False
    attempt: int = 0
    began: float = 0.0

    @property
    def seconds(self) -> float:
        """How long this attempt has taken so far."""
        return time.monotonic() - self.began


@dataclass(slots=True)
class StepTracker:
    """The open steps of one run. `is_stopping` says whether the run was asked to stop: then nothing is retried.

    `neighbours` are imports of days adjacent to those asked for. `bugs` are errors that no stage should raise.
    """

    project: Project
    store: Store
    reporter: Reporter
    clock: Clock
    run: str
    jitter: random.Random
    summary: RunSummary
    is_stopping: Callable[[], bool]
    queue: TaskQueue = field(default_factory=lambda: TaskQueue(1))
    retries: RetryQueue = field(default_factory=RetryQueue)
    neighbours: set[StepId] = field(default_factory=set)
    bugs: list[Exception] = field(default_factory=list)
    _open: dict[StepId, OpenStep] = field(default_factory=dict)

    def put(self, task: Task, listed_at: dt.datetime | None) -> None:
        """Open the steps of a task, or their next attempt, and queue it for the executor."""
        for planned in task.steps:
            step = self._open.setdefault(planned.step, OpenStep(planned))
            step.planned, step.listed_at, step.waits = planned, listed_at, False
        self.queue.put(task)

    def started(self, task: Task) -> None:
        """A worker begins a task. A task that comes back to be delivered has begun before."""
        if task.loaded is not None:
            return
        with self.store.transaction():
            for planned in task.steps:
                step = self._open[planned.step]
                step.attempt += 1
                step.began = time.monotonic()
                self.store.step_started(planned.step, run=self.run, attempt=step.attempt, at=self.clock())
        for planned in task.steps:
            attempt = self._open[planned.step].attempt
            self.reporter.tell(StepStarted(planned.step, planned.verdict, attempt, planned.cost))

    def progress(self, task: Task, size: int, lines: int) -> None:
        """Report that `size` more bytes and `lines` more lines of a task are done."""
        if task.stage is Stage.IMPORT:
            self.summary.lines += lines
        self.reporter.tell(StepProgress(task.name, size, lines))

    def facts(self, task: Task, facts: tuple[Fact, ...]) -> None:
        """Record facts in one transaction, then remove part files that the state no longer lists."""
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
                    self.queue.loaded(fact.step, fact.loaded)
            self._record_done(done)
        self.summary.hits += sum(fact.loaded.accounting.hits for fact in facts if isinstance(fact, ObjectLoaded))
        crash_points.point("record.after")
        remove_unlisted(self.project.warehouse, files_loaded(facts))
        if unlisted:  # a later fact may have listed a file again
            remove_files(self.project.warehouse, unlisted - self.store.listed_files())
        if delivered := sum(map(hits_delivered, facts)):
            self.reporter.tell(StepProgress(task.name, delivered=delivered))
        self._report_done(done)
        for fact in facts:
            if isinstance(fact, StepFailed):
                self.fail([fact.step], fact.error)

    def ended(self, task: Task, error: Exception | None) -> None:
        """A task has ended: the steps it did not record are delivered later, retried, failed or interrupted."""
        if self.queue.ended(task, error):
            return
        unrecorded = [planned.step for planned in task.steps if self._runs(planned)]
        if not unrecorded:
            return
        if isinstance(error, InterruptedRunError):
            for step in unrecorded:
                del self._open[step]
            return
        self.fail(unrecorded, error or RuntimeError("the stage did not report how these steps ended"))

    def fail_unplanned(self, step: StepId, error: Exception) -> None:
        """Count a retry that could not be planned, such as when the source cannot be listed, as a failed attempt."""
        unplanned = self._open[step]
        unplanned.attempt += 1
        unplanned.began = time.monotonic()
        self.fail([step], error)

    def fail(self, steps: list[StepId], error: Exception) -> None:
        """Record that the attempts of these steps failed; retry them later, or end them."""
        retried = [step for step in steps if self._retry_policy.allows_retry(error, self._open[step].attempt)]
        error = error if isinstance(error, MtcError) else explain_machine_error(error) or error
        if not isinstance(error, MtcError):
            self.bugs.append(error)
        text = str(error) if isinstance(error, MtcError) else f"a bug in mtc: {type(error).__name__}"
        with self.store.transaction():
            for step in steps:
                self.store.step_failed(step, text, at=self.clock())
        if retried and not self.is_stopping():
            self._retry_later(retried, text)
        else:
            retried = []
        for step in steps:
            if step not in retried:
                self._end_failed(step, text)

    def _end_failed(self, step: StepId, text: str) -> None:
        ended = self._open.pop(step)
        spent = ended.seconds
        self.summary.add_outcome(
            StepOutcome(step, Status.FAILED, ended.planned.verdict, spent, ended.attempt, error=text)
        )
        self.reporter.tell(StepFinished(step, Status.FAILED, spent, error=text))

    def _retry_later(self, steps: list[StepId], text: str) -> None:
        attempt = max(self._open[step].attempt for step in steps)
        delay = self._retry_policy.pause(attempt)
        for step in steps:
            self._open[step].waits = True
            self.reporter.tell(StepRetried(step, text, attempt, delay))
        self.retries.add(tuple(steps), delay)

    @property
    def _retry_policy(self) -> RetryPolicy:
        settings = self.project.run
        return RetryPolicy(attempts=settings.retries + 1, first_pause=seconds(settings.backoff), jitter=self.jitter)

    def _runs(self, planned: PlannedStep) -> bool:
        """Whether this attempt of the step is still running: it has not ended or failed, and no other has begun."""
        step = self._open.get(planned.step)
        return step is not None and step.planned is planned and not step.waits

    def _record_done(self, done: list[StepDone]) -> None:
        results = []
        for item in done:
            step = self._open[item.receipt.step]
            planned = step.planned
            checked = step.listed_at if planned.step.stage is Stage.IMPORT else None
            receipt = item.receipt
            if receipt.step in self.neighbours:
                receipt = replace(receipt, figures={**receipt.figures, NEIGHBOUR: 1})
            results.append(StepResult(receipt, planned.fingerprint, planned.settings, planned.inputs, checked))
        self.store.steps_done(results, at=self.clock())

    def _report_done(self, done: Iterable[StepDone]) -> None:
        for item in done:
            receipt = item.receipt
            ended = self._open.pop(receipt.step)
            spent = ended.seconds
            figures = dict(receipt.figures)
            self.summary.add_outcome(
                StepOutcome(receipt.step, receipt.status, ended.planned.verdict, spent, ended.attempt, figures)
            )
            self.reporter.tell(StepFinished(receipt.step, receipt.status, spent, figures, receipt.notes))


def record_object(store: Store, fact: ObjectFact) -> tuple[str, ...]:
    """Record a change of an object or its parts; returns the part files that the state no longer lists."""
    match fact:
        case ObjectLoaded(step, loaded):
            return store.object_loaded(step, loaded)
        case ObjectDropped(step, key):
            return store.object_dropped(step, key)
        case ObjectArchived(step, key, url):
            store.object_archived(step, key, url)
        case PartsDigested(digests):
            store.parts_digested(digests)
    return ()


def record_delivery(store: Store, fact: DeliveryFact, *, run: str, at: dt.datetime) -> None:
    """Record one fact about a delivery, in the caller's transaction."""
    match fact:
        case ObjectCarried(step, before, after):
            store.object_carried(step, before, after)
        case ResendAllowed(step, keys):
            store.resend_allowed(step, keys, run=run, at=at)
        case DeliveryCut(step, delivery):
            store.delivery_cut(step, delivery, at=at)
        case BatchesMoved(step, number, batches):
            store.batches_moved(step, number, batches)
        case DeliveryEnded(step, number):
            store.delivery_ended(step, number, at=at)


def hits_delivered(fact: Fact) -> int:
    """How many hits Matomo has accepted according to this fact."""
    if not isinstance(fact, BatchesMoved):
        return 0
    return sum(batch.hits - batch.invalid for batch in fact.batches if batch.status is BatchStatus.RECORDED)


def files_loaded(facts: Iterable[Fact]) -> set[str]:
    """The part files of the objects that these facts say were loaded."""
    loaded = (fact.loaded for fact in facts if isinstance(fact, ObjectLoaded))
    return {part.file for item in loaded for part in item.parts}
