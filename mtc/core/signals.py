"""The signals that end a command: which they are, and what they do outside of a run.

A run has its own handlers, which bring it to a safe point first.
"""

import signal
from types import FrameType
from typing import NoReturn

from mtc.core.errors import InterruptedRunError

heard: list[int] = []
"""The numbers of the signals that came outside of a run."""


class SignalError(BaseException):
    """A signal came outside of a run. Not an `Exception`: no handler of errors on the way may catch it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.error = InterruptedRunError(number)


def ending() -> tuple[signal.Signals, ...]:
    """Ctrl-C, SIGTERM, and SIGHUP, unless `nohup` or the like has it ignored."""
    hung_up = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
    return (signal.SIGINT, signal.SIGTERM, *hung_up)


def listen() -> None:
    """Make each of them raise SignalError."""
    for number in ending():
        signal.signal(number, _interrupted)


def _interrupted(number: int, _: FrameType | None) -> NoReturn:
    heard.append(number)
    raise SignalError(number)
