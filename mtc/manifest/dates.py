"""A form of dates into days. `today` comes in as an argument; no clock is read here."""

import datetime as dt

from mtc.core.errors import UsageError
from mtc.manifest.models import MAX_YEARS, DateRange, Dates, LastDays

_DAY = dt.timedelta(days=1)
_HINT = "write a date like 2026-05-01, or today or yesterday"


def days(dates: Dates, today: dt.date) -> tuple[dt.date, ...]:
    """The days that a form stands for, in order, seen from `today`.

    Raises:
        UsageError: A text is no date (one from a loaded manifest always is).
    """
    if isinstance(dates, LastDays):
        return _span(today - dates.last * _DAY, today - _DAY)
    if isinstance(dates, DateRange):
        return _span(_date(dates.from_, today), _date(dates.to, today))
    return (_date(dates, today),)


def is_relative(dates: Dates) -> bool:
    """Whether the form stands for other days tomorrow."""
    return isinstance(dates, LastDays) or dates in ("today", "yesterday")


def is_single_day(dates: Dates) -> bool:
    """Whether the form asks for one day by name: then it is wanted even though it has not ended."""
    return isinstance(dates, str) and dates != "yesterday"


def from_options(
    frm: str | None, to: str | None, date: str | None, *, today: dt.date, first: dt.date | None = None
) -> Dates | None:
    """The form that a command line asks for; None when it names no day.

    `frm` without `to` goes up to yesterday; `to` without `frm` begins with `first`, the manifest's first day. A range
    of one day is that day.

    Raises:
        UsageError: A text is no date, the options contradict one another, or `from` is after `to`.
    """
    if date is not None and (frm is not None or to is not None):
        raise UsageError("one date and a range are both given", where="dates", hint="give a date, or --from and --to")
    if date is not None:
        return date if date in {"today", "yesterday"} else _date(date, today).isoformat()
    if frm is None and to is None:
        return None
    if frm is None and to is not None and first is not None:
        return _up_to(first, _date(to, today, "--to"))
    if frm is None:
        raise UsageError("--to is given without --from", where="--to", hint=f"add --from DATE, such as --from {to}")
    return _range(_date(frm, today, "--from"), today - _DAY if to is None else _date(to, today, "--to"))


def _up_to(first: dt.date, last: dt.date) -> Dates:
    if first > last:
        what = f"the manifest's days begin with {first}, after {last}"
        raise UsageError(what, where="--to", hint=f"add --from DATE, such as --from {last}")
    return _range(first, last)


def _range(first: dt.date, last: dt.date) -> Dates:
    if first > last:
        raise UsageError(f"from {first} is after to {last}", where="dates", hint="change them over")
    if first == last:
        return first.isoformat()
    if last.year - first.year > MAX_YEARS:
        raise UsageError(f"from {first} to {last} is more than {MAX_YEARS} years", where="dates")
    return DateRange.model_validate({"from": first.isoformat(), "to": last.isoformat()})


def _date(text: str, today: dt.date, where: str = "") -> dt.date:
    if text in {"today", "yesterday"}:
        return today if text == "today" else today - _DAY
    try:
        date = dt.date.fromisoformat(text)
    except ValueError:
        date = None
    if date is None or date.isoformat() != text:
        raise UsageError(f"{text[:40]!r} is not a date of the calendar", where=where, hint=_HINT)
    return date


def _span(first: dt.date, last: dt.date) -> tuple[dt.date, ...]:
    return tuple(first + n * _DAY for n in range((last - first).days + 1))
