"""The progress of a run, computed from its events. Shows nothing."""

import datetime as dt
from dataclasses import dataclass, field

from mtc.core.events import Event, PlanMade, StepBlocked, StepFinished, StepProgress, StepRetried, StepStarted
from mtc.core.model import Status, StepId
from mtc.core.quantities import size
from mtc.report.text import count, day_list, duration, plural, rate


@dataclass(slots=True)
class Progress:
    """Counts of one run. `began` and `now` are seconds of the same clock; `stage` is the current one.

    `work` (steps) and `sizes` (bytes) cover the stages planned so far: a stage is planned when the one before it ends.
    """

    began: float
    now: float = 0.0
    stage: str = ""
    work: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    finished: int = 0
    failed: int = 0
    blocked: int = 0
    size: int = 0
    lines: int = 0
    delivered: int = 0
    running: dict[StepId, None] = field(default_factory=dict)
    _before: int = 0

    def add(self, event: Event, now: float) -> None:
        """Add an event."""
        self.now = now
        match event:
            case PlanMade():
                self.stage, self._before = event.stage, self.ended
                self.work[event.stage] = event.work
                self.sizes[event.stage] = event.size
            case StepStarted():
                self.running[event.step] = None
            case StepProgress():
                self.size += event.size
                self.lines += event.lines
                self.delivered += event.delivered
            case StepRetried():
                self.running.pop(event.step, None)
            case StepFinished():
                self.running.pop(event.step, None)
                self.finished += 1
                self.failed += event.status is Status.FAILED
            case StepBlocked():
                self.blocked += 1
            case _:
                pass

    @property
    def ended(self) -> int:
        """How many steps have ended or are blocked."""
        return self.finished + self.blocked

    @property
    def steps(self) -> int:
        """How many steps the run has; the plans of later stages may add to it."""
        return max(sum(self.work.values()), self.ended)

    @property
    def ended_now(self) -> int:
        """How many steps of the current stage have ended or are blocked."""
        return self.ended - self._before

    @property
    def steps_now(self) -> int:
        """How many steps the current stage has."""
        return max(self.work.get(self.stage, 0), self.ended_now)

    @property
    def seconds(self) -> float:
        """The duration of the run so far, in seconds."""
        return self.now - self.began

    @property
    def remaining(self) -> float | None:
        """Estimated seconds to the end, by bytes while some remain, else by steps; None while no speed is known."""
        total = sum(self.sizes.values())
        if 0 < self.size < total:
            return self.seconds / self.size * (total - self.size)
        if not self.finished or self.steps == self.ended:
            return None
        return self.seconds / self.ended * (self.steps - self.ended)

    def figures(self) -> tuple[str, ...]:
        """The counts as text, without zeros, the most important first."""
        figures = (
            f"{count(self.failed)} failed" if self.failed else "",
            f"{count(self.blocked)} blocked" if self.blocked else "",
            "" if self.remaining is None else f"{duration(self.remaining)} left",
            self._sizes(),
            plural(self.lines, "line") if self.lines else "",
            rate(self.lines, self.seconds),
            f"{plural(self.delivered, 'hit')} delivered" if self.delivered else "",
        )
        return tuple(text for text in figures if text)

    def fitting(self, width: int) -> str:
        """The progress of the stage, with as many of the figures as fit into `width` characters."""
        text = f"{self.stage}: " if self.stage else ""
        text += f"{count(self.ended_now)} of {count(self.steps_now)} steps"
        for figure in self.figures():
            if len(text) + len(figure) + 2 > width:
                break
            text += f", {figure}"
        return text

    def _sizes(self) -> str:
        total = sum(self.sizes.values())
        if not self.size:
            return ""
        return f"{size(self.size)} of {size(total)}" if self.size < total else size(self.size)

    def running_steps(self) -> str:
        """The running steps, as text."""
        days: dict[tuple[str, str], list[dt.date]] = {}
        for step in self.running:
            days.setdefault((step.stage.value, step.site), []).append(step.day)
        return "; ".join(f"{stage} {site} {day_list(of)}" for (stage, site), of in days.items())
