"""The signals that end a command, and their handler outside of a run.

A run has separate handlers, which bring it to a safe point first.
"""

import signal
from types import FrameType
from typing import NoReturn

from mtc.core.errors import InterruptedRunError

heard: list[int] = []
"""The numbers of the signals received outside of a run."""


class SignalError(BaseException):
    """A signal received outside of a run. Not an `Exception`, so that no `except Exception` catches it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.error = InterruptedRunError(number)


def ending() -> tuple[signal.Signals, ...]:
    """SIGINT, SIGTERM, and SIGHUP unless it is ignored (`nohup`)."""
    hung_up = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
    return (signal.SIGINT, signal.SIGTERM, *hung_up)


def listen() -> None:
    """Install a handler for each of them that raises SignalError."""
    for number in ending():
        signal.signal(number, _interrupted)


def _interrupted(number: int, _: FrameType | None) -> NoReturn:
    heard.append(number)
    raise SignalError(number)
