"""The one clock. Whoever needs the time takes a `Clock` as an argument, and this one is its default.

Lengths of time are measured with `time.monotonic`, which is no clock: it does not say what time it is.
"""

import datetime as dt
from collections.abc import Callable

Clock = Callable[[], dt.datetime]
"""Gives the time, with a time zone."""


def utc_now() -> dt.datetime:
    """The time, in UTC."""
    return dt.datetime.now(dt.UTC)


def local_today() -> dt.date:
    """The date in this machine's time zone, for days that somebody types."""
    return dt.datetime.now().astimezone().date()
