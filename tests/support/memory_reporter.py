"""A fake reporter that keeps the events."""

from dataclasses import dataclass, field
from typing import TypeVar

from mtc.core.events import Event

Kind = TypeVar("Kind", bound=Event)


@dataclass(slots=True)
class RecordingReporter:
    """Keeps every event, and counts the calls of `close`."""

    events: list[Event] = field(default_factory=list)
    closed: int = 0

    def tell(self, event: Event) -> None:
        """Keep the event."""
        self.events.append(event)

    def close(self) -> None:
        """Count the call."""
        self.closed += 1

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Return the events of one class, in order."""
        return [event for event in self.events if isinstance(event, kind)]
