"""The reporter for programs: one JSON event a line on stdout, written at once."""

from typing import TextIO

from mtc.events import Event, to_json
from mtc.report.text import silence


class JsonReporter:
    """Writes each event as a line. A reader that goes away stops the telling, never the run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._open = True

    def tell(self, event: Event) -> None:
        """Write the event's line."""
        if not self._open:
            return
        try:
            self._stream.write(f"{to_json(event)}\n")
            self._stream.flush()
        except OSError:
            self._open = False
            silence(self._stream)

    def close(self) -> None:
        """Nothing is left to write: each line was flushed."""
