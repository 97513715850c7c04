"""Days as requests name them: a date, today, yesterday, or two of these with a comma between."""

import datetime as dt
from dataclasses import dataclass

from tests.fake_matomo.failures import ApiError

LONGEST = 4000
"""How many days a range may have here."""


@dataclass(frozen=True, slots=True)
class Days:
    """The days that are asked for, and whether they came as a range, which is answered day by day."""

    days: tuple[dt.date, ...]
    is_range: bool


def read_days(text: str, period: str, today: dt.date) -> Days:
    """Read `date` and `period`; raises ApiError."""
    if period != "day":
        raise ApiError(f"The period '{period[:20]}' is not supported.")
    first, comma, last = text.partition(",")
    if not comma:
        return Days((read_day(first, today),), is_range=False)
    begin, end = read_day(first, today), read_day(last, today)
    count = (end - begin).days + 1
    if not 0 < count <= LONGEST:
        raise ApiError("The specified date range is invalid.")
    return Days(tuple(begin + dt.timedelta(days=number) for number in range(count)), is_range=True)


def read_day(text: str, today: dt.date) -> dt.date:
    """Read one date; raises ApiError."""
    if text == "today":
        return today
    if text == "yesterday":
        return today - dt.timedelta(days=1)
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ApiError(f"Date format must be: YYYY-MM-DD, or 'today' or 'yesterday': {text[:20]!r}.") from None
