"""Reads may always be repeated: how often, and after which pause. Never for hits."""

import datetime as dt
import email.utils
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from mtc.core.errors import TransientError
from mtc.matomo.client import ServerBusyError

_LONGEST = 60.0
_LONGEST_ASKED = 3600.0
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to try, how to wait (`sleep` takes seconds), and the dice that spread the pauses."""

    sleep: Callable[[float], None]
    attempts: int = 4
    first: float = 1.0
    dice: random.Random = field(default_factory=random.Random)

    def pause(self, attempt: int, error: TransientError) -> float:
        """Seconds to wait after the `attempt`-th try, from 1: doubling, bounded, spread by half either way."""
        asked = error.retry_after if isinstance(error, ServerBusyError) else None
        usual: float = min(_LONGEST, self.first * 2 ** (attempt - 1)) * self.dice.uniform(0.5, 1.5)
        return max(usual, asked or 0.0)


def retrying(read: Callable[[], _T], patience: Patience) -> _T:
    """Do a read, again if it fails with an error that may pass; the last error is raised."""
    for attempt in range(1, patience.attempts):
        try:
            return read()
        except TransientError as error:
            patience.sleep(patience.pause(attempt, error))
    return read()


def retry_after(headers: Mapping[str, str], now: dt.datetime | None = None) -> float | None:
    """How many seconds the header `retry-after` asks to wait: a number or a date, at most an hour; None without it."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), _LONGEST_ASKED)
    date = http_date(value)
    if date is None:
        return None
    seconds = (date - (now or dt.datetime.now(dt.UTC))).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_ASKED)


def http_date(value: str) -> dt.datetime | None:
    """A date as HTTP headers write it, in UTC; None if it is none."""
    try:
        date = email.utils.parsedate_to_datetime(value)
        return date.replace(tzinfo=dt.UTC) if date.tzinfo is None else date.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
