"""Where a run's lines and progress go: the seam between what is said and how it is shown.

A screen never decides what is worth saying. `bars.py` has the one for a terminal whose cursor can move.
"""

from dataclasses import dataclass, field
from typing import Protocol, TextIO

from mtc.report.look import Look, Tone
from mtc.report.tally import Tally
from mtc.report.text import count, say

MANY_STEPS = 50
EVERY_SECONDS = 10.0


class Screen(Protocol):
    """Shows lines that stay, and progress that passes."""

    @property
    def shows_steps(self) -> bool:
        """Whether progress shows each step already, so that a line for it would be one too many."""

    def line(self, text: str, tone: Tone) -> None:
        """Show a line that stays. `text` is safe already."""

    def progress(self, tally: Tally) -> None:
        """Show how far the run is."""

    def close(self) -> None:
        """Leave the stream as it was."""


@dataclass(slots=True)
class PlainScreen:
    """Lines only. With many steps progress is a line now and then, with few the steps' own lines tell it."""

    stream: TextIO
    look: Look
    _told: float | None = field(default=None, init=False)

    @property
    def shows_steps(self) -> bool:
        """Nothing is shown but lines."""
        return False

    def line(self, text: str, tone: Tone) -> None:
        """Write a line."""
        say(self.stream, self.look.paint(text, tone))

    def progress(self, tally: Tally) -> None:
        """Write counts, at most once in ten seconds, when there are many steps."""
        last = tally.began if self._told is None else self._told
        if tally.steps < MANY_STEPS or tally.now - last < EVERY_SECONDS:
            return
        self._told = tally.now
        self.line(", ".join((f"{count(tally.over)} of {count(tally.steps)} steps", *tally.figures())), Tone.ASIDE)

    def close(self) -> None:
        """Nothing to undo."""


@dataclass(slots=True)
class SilentScreen:
    """Lines, but no progress: for `--quiet`."""

    stream: TextIO
    look: Look

    @property
    def shows_steps(self) -> bool:
        """Nothing is shown but lines."""
        return False

    def line(self, text: str, tone: Tone) -> None:
        """Write a line."""
        say(self.stream, self.look.paint(text, tone))

    def progress(self, tally: Tally) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Nothing to undo."""
