"""A coordinator with everything real around it but the stages, which do as they are told, and the sources."""

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
"""What to do in a try of a step: raise it, record it, leave the step out, or call it and go on."""

Kind = TypeVar("Kind", bound=Event)
NOW = dt.datetime(2025, 6, 1, 12, tzinfo=dt.UTC)


@dataclass(slots=True)
class Listener:
    """A reporter that keeps what it hears; `then` is called with each event."""

    events: list[Event] = field(default_factory=list)
    then: Callable[[Event], None] | None = None

    def tell(self, event: Event) -> None:
        """Hear one event."""
        self.events.append(event)
        if self.then is not None:
            self.then(event)

    def close(self) -> None:
        """Nothing to leave."""

    def heard(self, kind: type[Kind]) -> list[Kind]:
        """The events of one class."""
        return [event for event in self.events if isinstance(event, kind)]


@dataclass(slots=True)
class ScriptedStage:
    """A stage that takes what to do in each try of a step from its script, and else does the step well."""

    script: dict[StepId, list[Act]] = field(default_factory=dict)
    tries: list[PlannedStep] = field(default_factory=list)

    def run(self, task: Task, recorder: FactRecorder) -> None:
        """Do the task, step by step."""
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
        """How often a step was tried."""
        return sum(planned.step == step for planned in self.tries)


def _well() -> None:
    """Nothing out of the ordinary."""


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
    """A clock that stands still."""

    now: dt.datetime = NOW

    def __call__(self) -> dt.datetime:
        """The time."""
        return self.now


@dataclass(slots=True)
class Rig:
    """A project with a state file, ready to be applied again and again."""

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
        """Two sites, three days, one object each. `run` are settings of `run:`."""
        project = load(Trial.make(root, jobs=jobs).root / "mtc.yaml")
        project = dataclasses.replace(project, run=project.run.model_copy(update=run))
        rig = cls(project, Store.open(project.state), jobs)
        for name in project.sites:
            source = MemorySource(SourceUrl.compile("logs/{site}/{date:%Y-%m-%d}*.log", name))
            source.objects = {f"{name}/{day}.log": f"{name} {day}".encode() for day in DAYS}
            rig.sources[name] = source
        return rig

    def selection(self, *stages: Stage) -> Selection:
        """Everything, or everything of some stages."""
        return Selection(stages or tuple(Stage), dict.fromkeys(self.project.sites, DAYS))

    def coordinator(self) -> Coordinator:
        """A coordinator for a new run."""
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
        """Do a run to its end; one that was asked to stop ends as well."""
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
        """What the state says of a step."""
        record = self.store.record(step)
        assert record is not None
        return record.status

    def outcomes(self, step: StepId) -> list[str]:
        """How each try of a step ended, as the state has it."""
        return [str(attempt.outcome) for attempt in self.store.attempts(step)]


def step(stage: Stage, site: str = "docs", day: int = 0) -> StepId:
    """A step of the rig."""
    return StepId(stage, site, DAYS[day])
