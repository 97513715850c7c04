"""Rounds at an interval: when each starts, and what ends them. No real time passes."""

import signal
from collections.abc import Callable

import pytest

from mtc.core import signals
from mtc.core.errors import LockedError, ManifestError, PermanentError, UsageError
from mtc.core.signals import SignalError
from mtc.engine.rounds import Rounds


class Rehearsal:
    """A clock that only pauses and rounds advance, with a script of rounds. A signal arrives after the last one."""

    def __init__(self, *rounds: float | Exception, interval: float = 10.0) -> None:
        self.time = 100.0
        self.script = list(rounds)
        self.began: list[float] = []
        self.errors: list[tuple[str, float]] = []
        self.rounds = Rounds(interval, self.now, self.sleep)

    def now(self) -> float:
        """Return the time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Pause; when no round is left, SIGTERM arrives halfway."""
        if not self.script:
            raise SignalError(signal.SIGTERM)
        self.time += seconds

    def each(self) -> int:
        """Run a round that takes some seconds or fails."""
        self.began.append(self.time - 100)
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        self.time += step
        return 3 if step else 0

    def run(self, each: Callable[[], int] | None = None) -> int:
        """Run the rounds, and return the exit code."""
        return self.rounds.run(each or self.each, lambda error, pause: self.errors.append((str(error), pause)))


def test_rounds_start_at_multiples_of_the_interval() -> None:
    """After a round that takes longer, the next one starts at the following multiple."""
    rehearsal = Rehearsal(1, 9.5, 0, 10, 10.5, 25, 1)
    assert rehearsal.run() == 143
    assert rehearsal.began == [0, 10, 20, 30, 40, 60, 90]


def test_an_error_in_a_round_does_not_end_the_rounds() -> None:
    """A held lock, an invalid manifest or a bug is reported, with the time until the next round."""
    errors = [LockedError("held"), ManifestError(()), PermanentError("no disk"), ValueError("a bug")]
    rehearsal = Rehearsal(*errors, 1)
    assert rehearsal.run() == 143
    assert rehearsal.errors == [("held", 10), ("", 10), ("no disk", 10), ("a bug", 10)]
    assert rehearsal.began == [0, 10, 20, 30, 40]


def test_a_usage_error_in_the_first_round_ends_the_rounds() -> None:
    """Only the operator can fix it: the exit code is 2, as without an interval."""
    with pytest.raises(UsageError, match="no such site"):
        Rehearsal(UsageError("no such site")).run()


def test_a_round_that_ends_by_a_signal_is_the_last() -> None:
    """Its exit code is that of the process."""
    rehearsal = Rehearsal(1, 1)
    assert rehearsal.run(lambda: 130) == 130
    assert rehearsal.time == 100


def test_an_error_caused_by_a_signal_ends_the_rounds() -> None:
    """Libraries raise errors of their own when a signal interrupts them."""
    rehearsal = Rehearsal(1)

    def interrupted() -> int:
        signals.heard.append(signal.SIGINT)
        raise RuntimeError("Query interrupted")

    try:
        with pytest.raises(RuntimeError, match="Query interrupted"):
            rehearsal.run(interrupted)
    finally:
        signals.heard.clear()
    assert rehearsal.errors == []
