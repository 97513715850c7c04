"""Which errors may pass, and how long to wait before the next try."""

import random

from mtc.errors import TransientError

_LONGEST = 60.0


def may_pass(error: Exception) -> bool:
    """Whether the same step may well succeed later."""
    return isinstance(error, TransientError | ConnectionError | TimeoutError)


def pause(first: float, attempt: int, dice: random.Random) -> float:
    """Seconds to wait after the `attempt`-th try (from 1): doubling, bounded, and spread by half either way."""
    whole = min(_LONGEST, first * 2 ** (attempt - 1))
    return float(whole * dice.uniform(0.5, 1.5))
