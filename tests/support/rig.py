"""A coordinator with a real state and executor, but scripted stages and sources in memory."""

import dataclasses
import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from memory_source import MemorySource
from trial import DAYS, Trial

from mtc.core.errors import InterruptedRunError
from mtc.core.events import Event
from mtc.core.model import Accounting, LoadedObject, Receipt, SourceObject, Stage, Status, StepId
from mtc.engine.coordinator import Coordinator
from mtc.engine.executors import Executor, Handler, InlineExecutor, PoolExecutor
from mtc.manifest.load import load
from mtc.manifest.project import Project, SiteSettings
from mtc.plan.work import ImportWork, PlannedStep, Task
from mtc.plan.world import Selection
from mtc.sources.source import LogSource
from mtc.sources.url_pattern import SourceUrl
from mtc.stages.stage import FactRecorder, ObjectLoaded, StepDone, StepFailed
from mtc.state.store import Store

Act = Exception | StepFailed | None | Callable[[], None]
"""What an attempt at a step does: raise an error, record a failure, skip the step, or call a function and succeed."""

Kind = TypeVar("Kind", bound=Event)
NOW = dt.datetime(2025, 6, 1, 12, tzinfo=dt.UTC)


@dataclass(slots=True)
class Listener:
    """A reporter that keeps its events; `then` is called with each of them."""

    events: list[Event] = field(default_factory=list)
    then: Callable[[Event], None] | None = None

    def tell(self, event: Event) -> None:
        """Keep an event."""
        self.events.append(event)
        if self.then is not None:
            self.then(event)

    def close(self) -> None:
        """Do nothing."""

    def heard(self, kind: type[Kind]) -> list[Kind]:
        """Return the events of one class."""
        return [event for event in self.events if isinstance(event, kind)]


@dataclass(slots=True)
class ScriptedStage:
    """A stage that runs each attempt at a step as scripted, and otherwise successfully."""

    script: dict[StepId, list[Act]] = field(default_factory=dict)
    tries: list[PlannedStep] = field(default_factory=list)

    def run(self, task: Task, recorder: FactRecorder) -> None:
        """Run the steps of the task."""
        for planned in task.steps:
            recorder.check()
            self.tries.append(planned)
            acts = self.script.get(planned.step, [])
            match acts.pop(0) if acts else _well:
                case Exception() as error:
                    raise error
                case StepFailed() as fact:
                    recorder.record(fact)
                case None:
                    continue
                case act:
                    act()
                    _do(planned, recorder)

    def tried(self, step: StepId) -> int:
        """Return the number of attempts at a step."""
        return sum(planned.step == step for planned in self.tries)


def _well() -> None:
    """Do nothing, so that the step succeeds."""


def _do(planned: PlannedStep, recorder: FactRecorder) -> None:
    if isinstance(planned.work, ImportWork):
        made = planned.work.made_with
        recorder.record(*(ObjectLoaded(planned.step, _loaded(item, made)) for item in planned.work.load))
        recorder.record(StepDone(Receipt(planned.step, Status.DONE)))
    else:
        recorder.record(StepDone(Receipt(planned.step, Status.EMPTY)))


def _loaded(item: SourceObject, made_with: str) -> LoadedObject:
    return LoadedObject(item, item.version[:20], item.version, "combined", Accounting(), (), made_with=made_with)


@dataclass(slots=True)
class Clock:
    """A clock that does not advance."""

    now: dt.datetime = NOW

    def __call__(self) -> dt.datetime:
        """Return the time."""
        return self.now


@dataclass(slots=True)
class Rig:
    """A project with a state file that can be applied repeatedly."""

    project: Project
    store: Store
    jobs: int = 1
    stage: ScriptedStage = field(default_factory=ScriptedStage)
    listener: Listener = field(default_factory=Listener)
    clock: Clock = field(default_factory=Clock)
    sources: dict[str, MemorySource] = field(default_factory=dict)
    runs: int = 0

    @classmethod
    def make(cls, root: Path, jobs: int = 1, **run: Any) -> "Rig":
        """Return a rig of two sites, three days and one object for each. `run` are settings of `run:`."""
        project = load(Trial.make(root, jobs=jobs).root / "mtc.yaml")
        project = dataclasses.replace(project, run=project.run.model_copy(update=run))
        rig = cls(project, Store.open(project.state), jobs)
        for name in project.sites:
            source = MemorySource(SourceUrl.compile("logs/{site}/{date:%Y-%m-%d}*.log", name))
            source.objects = {f"{name}/{day}.log": f"{name} {day}".encode() for day in DAYS}
            rig.sources[name] = source
        return rig

    def selection(self, *stages: Stage) -> Selection:
        """Return a selection of everything, or of some stages."""
        return Selection(stages or tuple(Stage), dict.fromkeys(self.project.sites, DAYS))

    def coordinator(self) -> Coordinator:
        """Return a coordinator for a new run."""
        self.runs += 1
        run = f"run-{self.runs}"
        self.store.begin_run(run, manifest="mtc.yaml", command="mtc apply", at=self.clock())

        def open_source(site: SiteSettings) -> LogSource:
            return self.sources[site.name]

        def make(handler: Handler) -> Executor:
            stages = dict.fromkeys(Stage, self.stage)
            return InlineExecutor(stages, handler) if self.jobs == 1 else PoolExecutor(stages, handler, self.jobs)

        return Coordinator(
            self.project, self.store, self.listener, open_source, make, self.clock, run, random.Random("rig")
        )

    def apply(self, *stages: Stage) -> Coordinator:
        """Run until the end or an interruption."""
        coordinator = self.coordinator()
        try:
            coordinator.apply(self.selection(*stages))
        except InterruptedRunError as error:
            self._end(coordinator, error.exit_code)
        else:
            self._end(coordinator, coordinator.summary.exit_code)
        return coordinator

    def _end(self, coordinator: Coordinator, code: int) -> None:
        self.store.end_run(coordinator.run, exit_code=code, counts=coordinator.summary.counts(), at=self.clock())

    def status(self, step: StepId) -> Status:
        """Return the status of a step in the state."""
        record = self.store.record(step)
        assert record is not None
        return record.status

    def outcomes(self, step: StepId) -> list[str]:
        """Return the outcome of each attempt at a step, from the state."""
        return [str(attempt.outcome) for attempt in self.store.attempts(step)]


def step(stage: Stage, site: str = "docs", day: int = 0) -> StepId:
    """Return a step of the rig."""
    return StepId(stage, site, DAYS[day])
