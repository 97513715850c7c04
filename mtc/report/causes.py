"""Which steps in trouble tell something new: the first with a reason of its own, not one that only follows."""

import datetime as dt
from dataclasses import dataclass, field

from mtc.events import Event, StepBlocked, StepFinished
from mtc.model import Stage, Status


@dataclass(slots=True)
class Causes:
    """What of a run is in trouble so far.

    A source that cannot be listed blocks a thousand days, or every site of a folder, for one reason: it is told once.
    A disk that is full fails as many steps in the same words.
    """

    _days: set[tuple[str, dt.date]] = field(default_factory=set)
    _reasons: set[tuple[Stage, str]] = field(default_factory=set)
    _failures: set[tuple[Stage, str]] = field(default_factory=set)

    @property
    def failures(self) -> int:
        """In how many ways steps have failed."""
        return len(self._failures)

    def hear(self, event: Event) -> bool:
        """Whether the event is a step that failed over, or is blocked by, something that has not been told yet."""
        if isinstance(event, StepBlocked):
            return self._is_new(event)
        if isinstance(event, StepFinished) and event.status is Status.FAILED:
            self._days.add((event.step.site, event.step.day))
            return self._is_new_failure(event)
        return False

    def _is_new_failure(self, event: StepFinished) -> bool:
        before = self.failures
        self._failures.add((event.step.stage, event.error))
        return self.failures > before

    def _is_new(self, event: StepBlocked) -> bool:
        day = (event.step.site, event.step.day)
        reason = (event.step.stage, event.reason)
        follows = day in self._days
        known = reason in self._reasons
        self._days.add(day)
        self._reasons.add(reason)
        return not follows and not known
