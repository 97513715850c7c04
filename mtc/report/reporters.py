"""Reporters: what shows a run's events while it runs, for people and for programs.

- `ConsoleReporter`: for people, on stderr; what a run does, each failure immediately, and a recap. It decides which
  events get a line and shows them on a `Screen`: plain lines, silent, or the bar of `progress_bar`.
- `JsonReporter`: for programs; one JSON event a line on stdout, flushed at once.
- `ManyReporters`: passes events to several.
- `choose_reporter`: the reporter of a command, by its flags and streams.

Reporting never stops a run: a stream that cannot be written to (a closed pipe, a full disk) loses lines, nothing else.
Events come from one thread, the coordinator's.
"""

import contextlib
import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from mtc.report.event_text import blocked_text, empty_text, event_text, recap
from mtc.report.progress import Progress
from mtc.report.terminal import Terminal, Tone, detect_terminal, discard_output, write_line
from mtc.report.text import count


class ManyReporters:
    """Passes each event to several reporters, in order."""

    def __init__(self, *reporters: Reporter) -> None:
        self._reporters = reporters

    def tell(self, event: Event) -> None:
        """Pass an event on."""
        for reporter in self._reporters:
            reporter.tell(event)

    def close(self) -> None:
        """Close all, the last first, even if one of them fails."""
        with contextlib.ExitStack() as stack:
            for reporter in self._reporters:
                stack.callback(reporter.close)


class JsonReporter:
    """Writes each event as a line of JSON. When the stream is closed, it stops writing; the run continues."""

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
            discard_output(self._stream)

    def close(self) -> None:
        """Nothing to do: each line was flushed."""


MANY_STEPS = 50
EVERY_SECONDS = 10.0


class Screen(Protocol):
    """Where lines and progress are shown. It does not decide which events get a line."""

    @property
    def shows_steps(self) -> bool:
        """Whether progress shows each step, so that a step needs no line of its own."""

    def line(self, text: str, tone: Tone) -> None:
        """Show a line that stays. `text` is sanitized."""

    def show_progress(self, progress: Progress) -> None:
        """Show the progress of the run."""

    def close(self) -> None:
        """Restore the stream."""


@dataclass(slots=True)
class SilentScreen:
    """Shows lines, but no progress: for `--quiet`."""

    stream: TextIO
    terminal: Terminal

    @property
    def shows_steps(self) -> bool:
        """False: only lines are shown."""
        return False

    def line(self, text: str, tone: Tone) -> None:
        """Write a line."""
        write_line(self.stream, self.terminal.paint(text, tone))

    def show_progress(self, progress: Progress) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Do nothing."""


@dataclass(slots=True)
class PlainScreen(SilentScreen):
    """Shows lines only. With many steps, progress is a line every ten seconds; with few, each step has a line."""

    _last_shown: float | None = field(default=None, init=False)

    def show_progress(self, progress: Progress) -> None:
        """Write counts at most once in ten seconds, if there are many steps."""
        last = progress.began if self._last_shown is None else self._last_shown
        if progress.steps < MANY_STEPS or progress.now - last < EVERY_SECONDS:
            return
        self._last_shown = progress.now
        self.line(
            ", ".join((f"{count(progress.ended)} of {count(progress.steps)} steps", *progress.figures())), Tone.ASIDE
        )


@dataclass(slots=True)
class SeenCauses:
    """The causes of failed and blocked steps so far: each is shown once.

    A source that cannot be listed may block a thousand days, or every site of a folder, for one reason: that is one
    line. So is a full disk that fails as many steps with the same message.
    """

    _days: set[tuple[str, dt.date]] = field(default_factory=set)
    _reasons: set[tuple[Stage, str]] = field(default_factory=set)
    _failures: set[tuple[Stage, str]] = field(default_factory=set)

    @property
    def failures(self) -> int:
        """The number of different failures."""
        return len(self._failures)

    def is_new(self, event: Event) -> bool:
        """Whether the event is a failed or blocked step with a cause not seen before. Remembers the cause."""
        if isinstance(event, StepBlocked):
            return self._is_new_block(event)
        if isinstance(event, StepFinished) and event.status is Status.FAILED:
            self._days.add((event.step.site, event.step.day))
            return self._is_new_failure(event)
        return False

    def _is_new_failure(self, event: StepFinished) -> bool:
        before = self.failures
        self._failures.add((event.step.stage, event.error))
        return self.failures > before

    def _is_new_block(self, event: StepBlocked) -> bool:
        day = (event.step.site, event.step.day)
        reason = (event.step.stage, event.reason)
        follows = day in self._days
        known = reason in self._reasons
        self._days.add(day)
        self._reasons.add(reason)
        return not follows and not known


@dataclass(slots=True)
class RepeatedSteps:
    """Steps of the current stage that say nothing new, which share a line for each site.

    They are empty, as caught-up days mostly are, or blocked by a cause that was shown before.
    """

    _empty: dict[tuple[Stage, str], list[StepFinished]] = field(default_factory=dict)
    _blocked: dict[tuple[Stage, str], list[StepBlocked]] = field(default_factory=dict)

    def take(self, event: Event, *, is_new: bool) -> bool:
        """Keep a step for later; False for any other event, and for a step that has something to say."""
        if isinstance(event, StepBlocked) and not is_new:
            self._blocked.setdefault((event.step.stage, event.step.site), []).append(event)
            return True
        if isinstance(event, StepFinished) and event.status is Status.EMPTY and not (event.notes or event.error):
            self._empty.setdefault((event.step.stage, event.step.site), []).append(event)
            return True
        return False

    def lines(self) -> Sequence[tuple[Tone, str]]:
        """Their lines, in order; forgets the steps."""
        lines = [empty_text(steps) for _, steps in sorted(self._empty.items())]
        lines += [blocked_text(steps) for _, steps in sorted(self._blocked.items())]
        self._empty.clear()
        self._blocked.clear()
        return lines


# a folder of damaged logs fails every day of a backfill, each with another message
MOST_FAILURES = 100


class ConsoleReporter:
    """Shows a run to a person.

    On a terminal there is a progress bar; elsewhere a line for each step if there are fewer than 50, otherwise a line
    of counts at most once in ten seconds. Steps of a stage and site that are empty, or blocked by a cause that was
    shown before, share a line at the end of the stage. `quiet` shows only warnings, failures and
    causes of blocked steps, each once, and the recap if something is wrong.
    """

    def __init__(
        self, stream: TextIO, terminal: Terminal, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._quiet = quiet
        self._clock = clock
        self._progress = Progress(began=clock())
        self._causes = SeenCauses()
        self._repeated = RepeatedSteps()
        self._screen: Screen = _screen(stream, terminal, quiet=quiet)

    def tell(self, event: Event) -> None:
        """Count an event, and show it if it deserves a line."""
        if isinstance(event, RunStarted):
            self._progress, self._causes = Progress(began=self._clock()), SeenCauses()
        self._progress.add(event, self._clock())
        with self._ignoring_write_errors():
            if isinstance(event, PlanMade | RunFinished):
                self._show_repeated()
            if isinstance(event, RunFinished):
                self._finish(event)
            else:
                self._follow(event)

    def close(self) -> None:
        """Restore the terminal."""
        with self._ignoring_write_errors():
            self._show_repeated()
            self._screen.close()

    def _show_repeated(self) -> None:
        for tone, line in self._repeated.lines():
            self._screen.line(line, tone)

    def _follow(self, event: Event) -> None:
        is_new = self._causes.is_new(event)
        failed = isinstance(event, StepFinished) and event.status is Status.FAILED
        flooded = failed and self._causes.failures > MOST_FAILURES
        shown = (is_new and not flooded) or self._is_shown(event)
        if shown and not self._repeated.take(event, is_new=is_new) and (line := event_text(event)):
            self._screen.line(line[1], line[0])
        if failed and is_new and self._causes.failures == MOST_FAILURES:
            self._screen.line("further failures are only counted; mtc status lists them", Tone.BAD)
        self._screen.show_progress(self._progress)

    def _is_shown(self, event: Event) -> bool:
        match event:
            case StepFinished() | StepBlocked():
                return not (self._quiet or self._screen.shows_steps or self._progress.steps >= MANY_STEPS)
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
    def _ignoring_write_errors(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            discard_output(self._stream)
        except OSError:
            return


def _screen(stream: TextIO, terminal: Terminal, *, quiet: bool) -> Screen:
    if quiet:
        return SilentScreen(stream, terminal)
    if not terminal.moving:
        return PlainScreen(stream, terminal)
    from mtc.report.progress_bar import BarScreen  # noqa: PLC0415 - rich is slow to import

    return BarScreen(stream, terminal)


def choose_reporter(
    *,
    json: bool,
    quiet: bool,
    stdout: TextIO,
    stderr: TextIO,
    environment: Mapping[str, str],
    clock: Callable[[], float] = time.monotonic,
) -> Reporter:
    """The reporter of a command: text on stderr, or with `json` events on stdout and only failures on stderr."""
    console = ConsoleReporter(stderr, detect_terminal(stderr, environment), quiet=quiet or json, clock=clock)
    return ManyReporters(JsonReporter(stdout), console) if json else console
