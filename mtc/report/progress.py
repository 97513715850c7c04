"""What a run has come to so far, added up from its events. Shows nothing."""

import datetime as dt
from dataclasses import dataclass, field

from mtc.core.events import Event, PlanMade, StepBlocked, StepFinished, StepProgress, StepRetried, StepStarted
from mtc.core.model import Status, StepId
from mtc.report.text import count, duration, plural, rate, size, tell_days


@dataclass(slots=True)
class Tally:
    """Counts of one run. `began` and `now` are seconds of the same clock; `stage` is the one that is at work.

    `work` and `sizes` are those of the stages that have been planned: later ones are planned when it is their turn.
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

    def hear(self, event: Event, now: float) -> None:
        """Add an event."""
        self.now = now
        match event:
            case PlanMade():
                self.stage, self._before = event.stage, self.over
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
    def over(self) -> int:
        """How many steps need no more attention."""
        return self.finished + self.blocked

    @property
    def steps(self) -> int:
        """How many steps the run has; plans of further stages may add to it."""
        return max(sum(self.work.values()), self.over)

    @property
    def over_now(self) -> int:
        """How many steps of the stage at work need no more attention."""
        return self.over - self._before

    @property
    def steps_now(self) -> int:
        """How many steps the stage at work has to do."""
        return max(self.work.get(self.stage, 0), self.over_now)

    @property
    def seconds(self) -> float:
        """How long the run has lasted."""
        return self.now - self.began

    @property
    def left(self) -> float | None:
        """How many seconds are left at the pace so far, by bytes while there are any; None before there is a pace."""
        total = sum(self.sizes.values())
        if 0 < self.size < total:
            return self.seconds / self.size * (total - self.size)
        if not self.finished or self.steps == self.over:
            return None
        return self.seconds / self.over * (self.steps - self.over)

    def figures(self) -> tuple[str, ...]:
        """The counts in words, but for those that are zero; what matters most stands first."""
        told = (
            f"{count(self.failed)} failed" if self.failed else "",
            f"{count(self.blocked)} blocked" if self.blocked else "",
            "" if self.left is None else f"{duration(self.left)} left",
            self._sizes(),
            plural(self.lines, "line") if self.lines else "",
            rate(self.lines, self.seconds),
            f"{plural(self.delivered, 'hit')} delivered" if self.delivered else "",
        )
        return tuple(text for text in told if text)

    def fitting(self, width: int) -> str:
        """How far the stage is, and as many of the figures as have room in `width` characters."""
        text = f"{self.stage}: " if self.stage else ""
        text += f"{count(self.over_now)} of {count(self.steps_now)} steps"
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

    def at_work(self) -> str:
        """The steps that are being done, in words."""
        days: dict[tuple[str, str], list[dt.date]] = {}
        for step in self.running:
            days.setdefault((step.stage.value, step.site), []).append(step.day)
        return "; ".join(f"{stage} {site} {tell_days(of)}" for (stage, site), of in days.items())
