"""A reporter that tells several others."""

import contextlib

from mtc.events import Event, Reporter


class ManyReporters:
    """Passes each event to all, in their order."""

    def __init__(self, *reporters: Reporter) -> None:
        self._reporters = reporters

    def tell(self, event: Event) -> None:
        """Tell all."""
        for reporter in self._reporters:
            reporter.tell(event)

    def close(self) -> None:
        """Close all, the last first, even when closing one of them fails."""
        with contextlib.ExitStack() as stack:
            for reporter in self._reporters:
                stack.callback(reporter.close)
