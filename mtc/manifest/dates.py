"""Forms of dates, and the days that they stand for. `today` is an argument; no clock is read here.

Dates stay text in the models, so that each mistake keeps its place in the file.
"""

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from mtc.core.errors import UsageError
from mtc.core.frozen_model import Model

_MAX_YEARS = 100
_DAY = dt.timedelta(days=1)
_HINT = "write a date like 2026-05-01, or today or yesterday"


def _calendar_date(text: str) -> str:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is not a valid date") from None
    return text


DateText = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", examples=["2026-05-01"]), AfterValidator(_calendar_date)
]


class LastDays(Model):
    """The last N days that have ended."""

    last: Annotated[int, Field(ge=1, le=3660)]
    """How many days, ending with yesterday."""


class DateRange(Model):
    """All days from `from` to `to`, both included."""

    model_config = ConfigDict(populate_by_name=True)

    from_: Annotated[DateText, Field(alias="from")]
    """The first day."""
    to: DateText
    """The last day."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_ > self.to:
            raise ValueError(f"from {self.from_} is after to {self.to}")
        if int(self.to[:4]) - int(self.from_[:4]) > _MAX_YEARS:
            raise ValueError(f"from {self.from_} to {self.to} is more than {_MAX_YEARS} years")
        return self


Dates = Literal["today", "yesterday"] | DateText | LastDays | DateRange


def days(dates: Dates, today: dt.date) -> tuple[dt.date, ...]:
    """The days that a form stands for, in order, relative to `today`.

    Raises:
        UsageError: A text is not a date (one from a loaded manifest always is).
    """
    if isinstance(dates, LastDays):
        return _span(today - dates.last * _DAY, today - _DAY)
    if isinstance(dates, DateRange):
        return _span(_date(dates.from_, today), _date(dates.to, today))
    return (_date(dates, today),)


def is_relative(dates: Dates) -> bool:
    """Whether the form stands for different days tomorrow than today."""
    return isinstance(dates, LastDays) or dates in ("today", "yesterday")


def is_single_day(dates: Dates) -> bool:
    """Whether the form names one day: such a day is planned even before it has ended."""
    return isinstance(dates, str) and dates != "yesterday"


def from_options(
    from_: str | None, to: str | None, date: str | None, *, today: dt.date, first: dt.date | None = None
) -> Dates | None:
    """The dates given on a command line; None when none are given.

    `from_` without `to` ends yesterday; `to` without `from_` begins with `first`, the manifest's first day. A range of
    one day becomes that day.

    Raises:
        UsageError: A text is not a date, the options contradict one another, or `from` is after `to`.
    """
    if date is not None and (from_ is not None or to is not None):
        raise UsageError("a date and a range are both given", where="dates", hint="give a date, or --from and --to")
    if date is not None:
        return date if date in {"today", "yesterday"} else _date(date, today).isoformat()
    if from_ is None and to is None:
        return None
    if from_ is None and to is not None and first is not None:
        return _up_to(first, _date(to, today, "--to"))
    if from_ is None:
        raise UsageError("--to is given without --from", where="--to", hint=f"add --from DATE, such as --from {to}")
    return _range(_date(from_, today, "--from"), today - _DAY if to is None else _date(to, today, "--to"))


def _up_to(first: dt.date, last: dt.date) -> Dates:
    if first > last:
        what = f"the manifest's days begin with {first}, after {last}"
        raise UsageError(what, where="--to", hint=f"add --from DATE, such as --from {last}")
    return _range(first, last)


def _range(first: dt.date, last: dt.date) -> Dates:
    if first > last:
        raise UsageError(f"from {first} is after to {last}", where="dates", hint="swap them")
    if first == last:
        return first.isoformat()
    if last.year - first.year > _MAX_YEARS:
        raise UsageError(f"from {first} to {last} is more than {_MAX_YEARS} years", where="dates")
    return DateRange.model_validate({"from": first.isoformat(), "to": last.isoformat()})


def _date(text: str, today: dt.date, where: str = "") -> dt.date:
    if text in {"today", "yesterday"}:
        return today if text == "today" else today - _DAY
    try:
        date = dt.date.fromisoformat(text)
    except ValueError:
        date = None
    if date is None or date.isoformat() != text:
        raise UsageError(f"{text[:40]!r} is not a valid date", where=where, hint=_HINT)
    return date


def _span(first: dt.date, last: dt.date) -> tuple[dt.date, ...]:
    return tuple(first + n * _DAY for n in range((last - first).days + 1))
