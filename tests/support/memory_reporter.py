"""A reporter that remembers: the fake for tests of whoever tells."""

from dataclasses import dataclass, field
from typing import TypeVar

from mtc.core.events import Event

Kind = TypeVar("Kind", bound=Event)


@dataclass(slots=True)
class RecordingReporter:
    """Keeps every event, and how often it was closed."""

    events: list[Event] = field(default_factory=list)
    closed: int = 0

    def tell(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)

    def close(self) -> None:
        """Count it."""
        self.closed += 1

    def of(self, kind: type[Kind]) -> list[Kind]:
        """The events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]
