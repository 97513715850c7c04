"""The one clock: code that needs the time takes a `Clock` as an argument, with this one as the default.

Durations are measured with `time.monotonic` instead, which does not jump when the system time is set.
"""

import datetime as dt
from collections.abc import Callable

Clock = Callable[[], dt.datetime]
"""Returns the current time, with a time zone."""


def utc_now() -> dt.datetime:
    """Return the current time, in UTC."""
    return dt.datetime.now(dt.UTC)


def local_today() -> dt.date:
    """Return today's date in this machine's time zone, for dates that are typed on the command line."""
    return dt.datetime.now().astimezone().date()
