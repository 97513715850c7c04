"""The reporter for people, on stderr: what a run is doing, each failure at once, and a recap.

Telling must never stop a run: a stream that cannot be written to (a closed pipe, a full disk) loses lines, no more.
Events come from one thread, the coordinator's.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from mtc.events import Event, Notice, PlanMade, RunFinished, RunStarted, StepBlocked, StepFinished, StepRetried, Warned
from mtc.model import Status
from mtc.report.causes import Causes
from mtc.report.look import Look, Tone
from mtc.report.screen import MANY_STEPS, PlainScreen, Screen, SilentScreen
from mtc.report.tally import Tally
from mtc.report.telling import recap, words
from mtc.report.text import silence

# a folder of damaged logs fails every day of a backfill, each in its own way
MOST_FAILURES = 100


class ConsoleReporter:
    """Tells a run to a person.

    On a terminal there are bars; elsewhere a line for each step when there are fewer than 50, or a line of counts at
    most once in ten seconds. `quiet` says nothing but failures, warnings, what blocks steps, each cause
    once, and then the recap.
    """

    def __init__(
        self, stream: TextIO, look: Look, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._quiet = quiet
        self._clock = clock
        self._tally = Tally(began=clock())
        self._causes = Causes()
        self._screen: Screen = _screen(stream, look, quiet=quiet)

    def tell(self, event: Event) -> None:
        """Hear one event, and say what is worth saying."""
        if isinstance(event, RunStarted):
            self._tally, self._causes = Tally(began=self._clock()), Causes()
        self._tally.hear(event, self._clock())
        with self._harmless():
            if isinstance(event, RunFinished):
                self._finish(event)
            else:
                self._follow(event)

    def close(self) -> None:
        """Leave the terminal as it was."""
        with self._harmless():
            self._screen.close()

    def _follow(self, event: Event) -> None:
        news = self._causes.hear(event)
        failed = isinstance(event, StepFinished) and event.status is Status.FAILED
        flooded = failed and self._causes.failures > MOST_FAILURES
        if ((news and not flooded) or self._wanted(event)) and (said := words(event)):
            self._screen.line(said[1], said[0])
        if failed and news and self._causes.failures == MOST_FAILURES:
            self._screen.line("further failures are only counted; mtc status lists them", Tone.BAD)
        self._screen.progress(self._tally)

    def _wanted(self, event: Event) -> bool:
        match event:
            case StepFinished() | StepBlocked():
                return not (self._quiet or self._screen.shows_steps or self._tally.steps >= MANY_STEPS)
            case RunStarted() | PlanMade() | StepRetried() | Notice():
                return not self._quiet
            case Warned():
                return True
            case _:
                return False

    def _finish(self, event: RunFinished) -> None:
        self._screen.close()
        if self._quiet and not (event.exit_code or event.failed or event.blocked):
            return
        for tone, line in recap(event):
            self._screen.line(line, tone)

    @contextlib.contextmanager
    def _harmless(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            silence(self._stream)
        except OSError:
            return


def _screen(stream: TextIO, look: Look, *, quiet: bool) -> Screen:
    if quiet:
        return SilentScreen(stream, look)
    if not look.moving:
        return PlainScreen(stream, look)
    from mtc.report.bars import BarScreen  # noqa: PLC0415 - rich is slow to import

    return BarScreen(stream, look)
