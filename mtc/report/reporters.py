"""Which reporter a command gets, by its flags and its streams.

A reporter that tells several others.

The reporter for programs: one JSON event a line on stdout, written at once.

The reporter for people, on stderr: what a run is doing, each failure at once, and a recap.

Telling must never stop a run: a stream that cannot be written to (a closed pipe, a full disk) loses lines, no more.
Events come from one thread, the coordinator's.

Where a run's lines and progress go: the seam between what is said and how it is shown.

A screen never decides what is worth saying. `bars.py` has the one for a terminal whose cursor can move.

Which steps in trouble tell something new: the first with a reason of its own, not one that only follows.
"""

import contextlib
import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from mtc.core.events import (
    Event,
    Notice,
    PlanMade,
    Reporter,
    RunFinished,
    RunStarted,
    StepBlocked,
    StepFinished,
    StepRetried,
    Warned,
    to_json,
)
from mtc.core.model import Stage, Status
from mtc.report.event_text import recap, words
from mtc.report.progress import Tally
from mtc.report.terminal import Look, Tone, look_at
from mtc.report.text import count, say, silence


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
    from mtc.report.progress_bar import BarScreen  # noqa: PLC0415 - rich is slow to import

    return BarScreen(stream, look)


def choose(
    *,
    json: bool,
    quiet: bool,
    stdout: TextIO,
    stderr: TextIO,
    environment: Mapping[str, str],
    clock: Callable[[], float] = time.monotonic,
) -> Reporter:
    """With `json`, events on stdout and only failures on stderr; else the console's reporter on stderr."""
    console = ConsoleReporter(stderr, look_at(stderr, environment), quiet=quiet or json, clock=clock)
    return ManyReporters(JsonReporter(stdout), console) if json else console
