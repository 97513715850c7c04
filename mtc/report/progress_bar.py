"""Progress on a terminal: a bar, counts and the running steps, on two lines that are redrawn.

The only module of this package that needs rich, which is slow to import: import it only where bars are shown. It draws
when it gets an event and has no thread: a run may fork workers, and a fork with a drawing thread can hang.
"""

from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mtc.report.progress import Progress
from mtc.report.terminal import Terminal, Tone, encodable

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


def terminal_console(stream: TextIO, terminal: Terminal) -> Console:
    """A rich console for `terminal`, without rich's own detection, and without markup, as lines hold untrusted text."""
    return Console(
        file=stream,
        force_terminal=True,
        color_system="standard" if terminal.colour else None,
        no_color=not terminal.colour,
        width=terminal.width,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )


class BarScreen:
    """Permanent lines, with two lines of progress below them."""

    def __init__(self, stream: TextIO, terminal: Terminal) -> None:
        self._encoding = stream.encoding or "utf-8"
        self._console = terminal_console(stream, terminal)
        self._live: Live | None = None
        self._drawn = 0.0

    @property
    def shows_steps(self) -> bool:
        """True: the bar counts them."""
        return True

    def line(self, text: str, tone: Tone) -> None:
        """Show a line above the progress; the terminal wraps it if it is long."""
        self._console.print(Text(encodable(text, self._encoding), style=_STYLES[tone]), soft_wrap=True)

    def show_progress(self, progress: Progress) -> None:
        """Redraw, at most five times a second, and not before there is work."""
        if not progress.steps or (self._live is not None and progress.now - self._drawn < _EVERY_SECONDS):
            return
        self._drawn = progress.now
        self._started().update(self._draw(progress), refresh=True)

    def close(self) -> None:
        """Erase the progress and show the cursor again."""
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

    def _draw(self, progress: Progress) -> RenderableType:
        row = Table.grid(padding=(0, 1))
        width = min(_BAR_WIDTH, self._console.width // 4)
        bar = ProgressBar(total=progress.steps_now, completed=progress.ended_now, width=width)
        room = self._console.width - width - 1
        row.add_row(bar, self._fitting(progress.fitting(room), room))
        return Group(row, self._fitting(progress.running_steps(), self._console.width, "dim"))

    def _fitting(self, text: str, width: int, style: str = "") -> Text:
        fitting = Text(encodable(text, self._encoding), style=style, no_wrap=True)
        fitting.truncate(max(width, 1), overflow="crop")
        return fitting
