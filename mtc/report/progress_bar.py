"""Progress on a terminal: a bar, counts and what is at work, on two lines that are drawn over again.

The only module of this folder that needs rich, which is slow to import: import this module only where bars are wanted.
It draws when it is told something and has no thread of its own: a run may fork workers, and a fork with a drawing
thread can lock up.
"""

from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mtc.report.progress import Tally
from mtc.report.terminal import Look, Tone
from mtc.report.text import encodable

_EVERY_SECONDS = 0.2
_BAR_WIDTH = 24
_STYLES = {
    Tone.PLAIN: "",
    Tone.GOOD: "green",
    Tone.BAD: "red",
    Tone.WARN: "yellow",
    Tone.ASIDE: "dim",
    Tone.HEAD: "bold",
}


def terminal_console(stream: TextIO, look: Look) -> Console:
    """A rich console that obeys `look` alone: rich's own guesses and markup are off, as lines hold strangers' text."""
    return Console(
        file=stream,
        force_terminal=True,
        color_system="standard" if look.colour else None,
        no_color=not look.colour,
        width=look.width,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )


class BarScreen:
    """Lines that stay above, two lines of progress below."""

    def __init__(self, stream: TextIO, look: Look) -> None:
        self._encoding = stream.encoding or "utf-8"
        self._console = terminal_console(stream, look)
        self._live: Live | None = None
        self._drawn = 0.0

    @property
    def shows_steps(self) -> bool:
        """The bar counts them."""
        return True

    def line(self, text: str, tone: Tone) -> None:
        """Show a line above the progress; the terminal wraps it if it is long."""
        self._console.print(Text(encodable(text, self._encoding), style=_STYLES[tone]), soft_wrap=True)

    def progress(self, tally: Tally) -> None:
        """Draw again, at most five times a second and once there is something to do."""
        if not tally.steps or (self._live is not None and tally.now - self._drawn < _EVERY_SECONDS):
            return
        self._drawn = tally.now
        self._started().update(self._draw(tally), refresh=True)

    def close(self) -> None:
        """Wipe the progress and show the cursor again."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _started(self) -> Live:
        if self._live is None:
            self._live = Live(
                console=self._console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
            )
            self._live.start()
        return self._live

    def _draw(self, tally: Tally) -> RenderableType:
        row = Table.grid(padding=(0, 1))
        width = min(_BAR_WIDTH, self._console.width // 4)
        bar = ProgressBar(total=tally.steps_now, completed=tally.over_now, width=width)
        room = self._console.width - width - 1
        row.add_row(bar, self._fitting(tally.fitting(room), room))
        return Group(row, self._fitting(tally.at_work(), self._console.width, "dim"))

    def _fitting(self, text: str, width: int, style: str = "") -> Text:
        fitting = Text(encodable(text, self._encoding), style=style, no_wrap=True)
        fitting.truncate(max(width, 1), overflow="crop")
        return fitting
