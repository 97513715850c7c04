"""The same work again and again at a fixed interval, in one process that stays: `mtc apply --every`.

It measures time with a clock that does not jump when the system time is set, and holds nothing between two rounds.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from mtc.core.errors import UsageError
from mtc.core.signals import SignalError, heard

FIRST_SIGNAL_CODE = 129
"""The exit code of the lowest signal: a round that returns this or more was asked to stop."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """Rounds that begin at multiples of `interval` seconds from the start of the first.

    A round that takes longer is followed by the next at the following multiple. `now` returns seconds, `sleep` pauses
    for some.
    """

    interval: float
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def run(self, each: Callable[[], int], failed: Callable[[Exception, float], None]) -> int:
        """Run `each` until a signal ends a round or the pause after it; returns the exit code of the signal.

        Args:
            each: does one round and returns its exit code.
            failed: called with an error that a round raised, and with the seconds until the next round.

        Raises:
            UsageError: raised by the first round: nothing can be done until the operator acts.
        """
        start, number = self.now(), 0
        while True:
            error: Exception | None = None
            try:
                if (code := each()) >= FIRST_SIGNAL_CODE:
                    return code
            except Exception as raised:
                if heard or (number == 0 and isinstance(raised, UsageError)):
                    raise
                error = raised
            number = max(number + 1, math.ceil((self.now() - start) / self.interval))
            pause = max(0.0, start + number * self.interval - self.now())
            if error is not None:
                failed(error, pause)
            try:
                self.sleep(pause)
            except SignalError as signalled:
                return signalled.error.exit_code
