"""The contract of an executor: one at a time and several at a time behave alike towards the coordinator."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import pytest
from executors import EXECUTORS, Make
from trial import DAYS

from mtc.core.errors import InterruptedRunError, PermanentError, StateError
from mtc.core.model import Receipt, Stage, Status, StepId, Verdict
from mtc.engine.executors import Executor
from mtc.plan.work import PlannedStep, Task
from mtc.stages.stage import Fact, FactRecorder, StepDone

Work = Callable[[Task, FactRecorder], None]
TASKS = [
    Task(Stage.IMPORT, (PlannedStep(StepId(Stage.IMPORT, site, day), Verdict.NEW),)) for site in "abc" for day in DAYS
]
DENIED = PermanentError("access denied")
FULL = StateError("no space left on the disk")


@dataclass(slots=True)
class Notes:
    """A handler that notes what it hears, and in which thread; `refuse` is what it says to facts."""

    heard: list[tuple[str, Task]] = field(default_factory=list)
    errors: dict[str, Exception | None] = field(default_factory=dict)
    facts_: list[Fact] = field(default_factory=list)
    done: list[int] = field(default_factory=lambda: [0, 0])
    threads: set[int] = field(default_factory=set)
    refuse: Exception | None = None

    def started(self, task: Task) -> None:
        self._note("started", task)

    def facts(self, task: Task, facts: tuple[Fact, ...]) -> None:
        self._note("facts", task)
        if self.refuse is not None:
            raise self.refuse
        self.facts_ += facts

    def progress(self, task: Task, size: int, lines: int) -> None:
        self._note("progress", task)
        self.done = [self.done[0] + size, self.done[1] + lines]

    def ended(self, task: Task, error: Exception | None) -> None:
        self._note("ended", task)
        self.errors[task.name] = error

    def of(self, task: Task) -> list[str]:
        """What was heard of a task, in order."""
        return [word for word, whose in self.heard if whose is task]

    def _note(self, word: str, task: Task) -> None:
        self.heard.append((word, task))
        self.threads.add(threading.get_ident())


@dataclass(frozen=True, slots=True)
class Worker:
    """A stage made of a function."""

    work: Work

    def run(self, task: Task, recorder: FactRecorder) -> None:
        self.work(task, recorder)


def well(task: Task, recorder: FactRecorder) -> None:
    """Do a task as a stage does."""
    recorder.check()
    recorder.progress(size=10, lines=2)
    recorder.record(StepDone(Receipt(task.steps[0].step, Status.DONE)))


Start = Callable[[Notes, Work], AbstractContextManager[Executor]]


@pytest.fixture(params=EXECUTORS.values(), ids=list(EXECUTORS))
def start(request: pytest.FixtureRequest) -> Start:
    """Starts an executor for a handler and a stage, and closes it at the end."""
    make: Make = request.param

    @contextmanager
    def starting(notes: Notes, work: Work) -> Iterator[Executor]:
        made = make({Stage.IMPORT: Worker(work)}, notes)
        try:
            yield made
        finally:
            made.close()

    return starting


def drive(executor: Executor) -> None:
    """Pump until no task is left."""
    until = time.monotonic() + 30
    while executor.pump(0.05):
        assert time.monotonic() < until


def test_every_task_is_begun_heard_and_ended_in_the_thread_that_pumps(start: Start) -> None:
    """The coordinator alone touches the state, and never from two threads."""
    notes = Notes()
    with start(notes, well) as executor:
        for task in TASKS:
            executor.submit(task)
        assert notes.heard == [] or notes.threads == {threading.get_ident()}
        drive(executor)
    assert [notes.of(task) for task in TASKS] == [["started", "progress", "facts", "ended"]] * len(TASKS)
    assert set(notes.errors.values()) == {None}
    assert (notes.threads, notes.done) == ({threading.get_ident()}, [90, 18])


def test_pumping_without_tasks_says_that_none_is_left(start: Start) -> None:
    """At the beginning, at the end, and again after more tasks."""
    notes = Notes()
    with start(notes, well) as executor:
        assert not executor.pump(0.01)
        for task in TASKS[:2]:
            executor.submit(task)
            drive(executor)
        assert not executor.pump(0.01)
    assert len(notes.errors) == 2


def test_an_error_of_a_task_is_told_with_it_and_harms_no_other(start: Start) -> None:
    """Whatever its class."""

    def work(task: Task, recorder: FactRecorder) -> None:
        if task is TASKS[0]:
            raise DENIED
        if task is TASKS[1]:
            raise ValueError("a bug")
        well(task, recorder)

    notes = Notes()
    with start(notes, work) as executor:
        for task in TASKS:
            executor.submit(task)
        drive(executor)
    assert notes.errors[TASKS[0].name] is DENIED
    assert isinstance(notes.errors[TASKS[1].name], ValueError)
    assert [error for task, error in notes.errors.items() if task not in {TASKS[0].name, TASKS[1].name}] == [None] * 7


def test_a_recorded_fact_is_with_the_handler_before_the_task_goes_on(start: Start) -> None:
    """Recording returns when the facts are there for good."""
    seen: list[int] = []

    def work(task: Task, recorder: FactRecorder) -> None:
        well(task, recorder)
        seen.append(
            sum(isinstance(fact, StepDone) and fact.receipt.step == task.steps[0].step for fact in notes.facts_)
        )

    notes = Notes()
    with start(notes, work) as executor:
        for task in TASKS:
            executor.submit(task)
        drive(executor)
    assert seen == [1] * len(TASKS)


def test_recording_nothing_wakes_nobody(start: Start) -> None:
    """An empty list of facts is no transaction."""
    notes = Notes()
    with start(notes, lambda _, recorder: recorder.record()) as executor:
        executor.submit(TASKS[0])
        drive(executor)
    assert notes.of(TASKS[0]) == ["started", "ended"]


def test_what_the_handler_cannot_take_comes_out_where_it_is_pumped(start: Start) -> None:
    """A state that cannot be written ends the run; it is no failure of the step that met it."""
    notes = Notes(refuse=FULL)
    with start(notes, well) as executor:
        executor.submit(TASKS[0])
        with pytest.raises(StateError, match="no space"):
            drive(executor)
    assert notes.errors == {}


def test_a_stopped_executor_begins_no_task(start: Start) -> None:
    """Those that wait for their turn are never heard of as started."""
    notes = Notes()
    with start(notes, well) as executor:
        executor.stop(signal.SIGTERM)
        for task in TASKS:
            executor.submit(task)
        drive(executor)
    assert [word for word, _ in notes.heard if word != "ended"] == []
    assert all(isinstance(error, InterruptedRunError) for error in notes.errors.values())


def test_a_running_task_is_stopped_at_its_next_safe_point_with_the_signal(start: Start) -> None:
    """What it has recorded by then stays; it ends as interrupted, with the number of the signal."""

    def work(task: Task, recorder: FactRecorder) -> None:
        well(task, recorder)
        executor.stop(signal.SIGINT)
        well(task, recorder)

    notes = Notes()
    with start(notes, work) as executor:
        executor.submit(TASKS[0])
        drive(executor)
    error = notes.errors[TASKS[0].name]
    assert isinstance(error, InterruptedRunError)
    assert (error.exit_code, len(notes.facts_)) == (130, 1)


def test_closing_leaves_no_thread_behind(start: Start) -> None:
    """Also in the middle of the work, when the coordinator has gone."""
    before = threading.active_count()
    notes = Notes(refuse=FULL)
    with start(notes, well) as executor:
        for task in TASKS:
            executor.submit(task)
        with pytest.raises(StateError):
            drive(executor)
    assert threading.active_count() == before
