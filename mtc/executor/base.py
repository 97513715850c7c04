"""The seam between coordinator and executor.

An executor hands everything to the `Handler` in the thread that calls `pump`, so that the coordinator alone touches
the state. A worker that records a fact waits until the handler has taken it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from mtc.errors import InterruptedRunError
from mtc.model import Stage
from mtc.plan.model import Task
from mtc.stages.base import Fact, StageRunner

StageRunners = Mapping[Stage, StageRunner]


class Handler(Protocol):
    """The coordinator, as an executor sees it."""

    def started(self, task: Task) -> None:
        """A task is begun."""

    def facts(self, task: Task, facts: tuple[Fact, ...]) -> None:
        """Facts to record for good before this returns."""

    def progress(self, task: Task, size: int, lines: int) -> None:
        """So much more is done."""

    def ended(self, task: Task, error: Exception | None) -> None:
        """A task is over; `error` is why its unrecorded steps failed."""


class Executor(Protocol):
    """Does tasks."""

    def submit(self, task: Task) -> None:
        """Take a task."""

    def pump(self, timeout: float) -> bool:
        """Hand on what has happened, waiting up to `timeout` seconds for something; False when no task is left."""

    def stop(self, signal_number: int) -> None:
        """Start no new task, and have the running ones stop at their next safe point."""

    def close(self) -> None:
        """Wait for what runs, and let go of everything."""


@dataclass(slots=True)
class StopSign:
    """Says whether a run was asked to stop, and by which signal. Shared by the workers."""

    signal_number: int = 0

    def check(self) -> None:
        """Raise when it is up."""
        if self.signal_number:
            raise InterruptedRunError(self.signal_number)


def perform(runners: StageRunners, task: Task, desk: "WorkerDesk") -> Exception | None:
    """Do a task; gives the error that ended it, if one did."""
    try:
        desk.check()
        runners[task.stage].run(task, desk)
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to this task and is reported with it
        return error
    return None


@dataclass(frozen=True, slots=True)
class WorkerDesk:
    """A desk (`mtc.stages.base.Desk`) made of plain functions."""

    send_facts: Callable[[tuple[Fact, ...]], None]
    send_progress: Callable[[int, int], None]
    sign: StopSign

    def record(self, *facts: Fact) -> None:
        """Wait until the facts are recorded."""
        if facts:
            self.send_facts(facts)

    def progress(self, *, size: int = 0, lines: int = 0) -> None:
        """Pass it on."""
        self.send_progress(size, lines)

    def check(self) -> None:
        """Raise InterruptedRunError when the run is to stop."""
        self.sign.check()
