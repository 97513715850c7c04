"""Rounds at an interval: when each begins, what ends them, and what does not. No real time passes."""

import signal
from collections.abc import Callable

import pytest

from mtc.core import signals
from mtc.core.errors import LockedError, ManifestError, PermanentError, UsageError
from mtc.core.signals import SignalError
from mtc.engine.rounds import Rounds


class Rehearsal:
    """A clock that only pauses and rounds move, and what each round does. After the last one a signal comes."""

    def __init__(self, *rounds: float | Exception, interval: float = 10.0) -> None:
        self.time = 100.0
        self.script = list(rounds)
        self.began: list[float] = []
        self.errors: list[tuple[str, float]] = []
        self.rounds = Rounds(interval, self.now, self.sleep)

    def now(self) -> float:
        """The time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Pause; when nothing is left to do, SIGTERM comes halfway."""
        if not self.script:
            raise SignalError(signal.SIGTERM)
        self.time += seconds

    def each(self) -> int:
        """A round that takes some seconds, or fails."""
        self.began.append(self.time - 100)
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        self.time += step
        return 3 if step else 0

    def run(self, each: Callable[[], int] | None = None) -> int:
        """Run the rounds; returns the exit code."""
        return self.rounds.run(each or self.each, lambda error, pause: self.errors.append((str(error), pause)))


def test_rounds_begin_at_multiples_of_the_interval() -> None:
    """However long each takes: one that takes longer is followed by the next at the following multiple."""
    rehearsal = Rehearsal(1, 9.5, 0, 10, 10.5, 25, 1)
    assert rehearsal.run() == 143
    assert rehearsal.began == [0, 10, 20, 30, 40, 60, 90]


def test_an_error_of_a_round_does_not_end_them() -> None:
    """A held lock, a manifest that is not valid now, a bug: each is reported, with the time until the next round."""
    errors = [LockedError("held"), ManifestError(()), PermanentError("no disk"), ValueError("a bug")]
    rehearsal = Rehearsal(*errors, 1)
    assert rehearsal.run() == 143
    assert rehearsal.errors == [("held", 10), ("", 10), ("no disk", 10), ("a bug", 10)]
    assert rehearsal.began == [0, 10, 20, 30, 40]


def test_a_usage_error_of_the_first_round_ends_them() -> None:
    """Nothing that could be done until the operator acts: the exit code is 2, as without an interval."""
    with pytest.raises(UsageError, match="no such site"):
        Rehearsal(UsageError("no such site")).run()


def test_a_round_that_a_signal_has_ended_is_the_last() -> None:
    """Its exit code is the process's."""
    rehearsal = Rehearsal(1, 1)
    assert rehearsal.run(lambda: 130) == 130
    assert rehearsal.time == 100


def test_an_error_that_a_signal_has_caused_ends_them() -> None:
    """Libraries raise errors of their own where a signal interrupts them."""
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
