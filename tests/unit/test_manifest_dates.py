"""Forms of dates are converted to days."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtc.core.errors import UsageError
from mtc.manifest.dates import DateRange, LastDays, days, from_options, is_relative, is_single_day

TODAY = dt.date(2024, 3, 1)
YESTERDAY = dt.date(2024, 2, 29)


def test_words_are_relative_to_today() -> None:
    """`yesterday` of the first of March in a leap year is the 29th of February."""
    assert days("today", TODAY) == (TODAY,)
    assert days("yesterday", TODAY) == (YESTERDAY,)
    assert days("2020-01-02", TODAY) == (dt.date(2020, 1, 2),)


def test_the_last_days_have_ended() -> None:
    """`{last: 3}` ends with yesterday."""
    assert days(LastDays(last=3), TODAY) == (dt.date(2024, 2, 27), dt.date(2024, 2, 28), YESTERDAY)


@given(st.dates(dt.date(1990, 1, 1), dt.date(2080, 1, 1)), st.integers(0, 900))
def test_a_range_contains_every_day_once_and_both_ends(first: dt.date, length: int) -> None:
    """The days are in order and without a gap."""
    last = first + dt.timedelta(days=length)
    form = from_options(first.isoformat(), last.isoformat(), None, today=TODAY)
    assert form is not None
    found = days(form, TODAY)
    assert found[0] == first
    assert found[-1] == last
    assert len(found) == len(set(found)) == length + 1


def test_only_a_single_day_is_requested_by_name() -> None:
    """`today` and a date select a day that has not ended; `yesterday` and ranges do not."""
    assert is_single_day("today")
    assert is_single_day("2024-03-01")
    assert not is_single_day("yesterday")
    assert not is_single_day(LastDays(last=1))
    assert not is_single_day(DateRange.model_validate({"from": "2024-01-01", "to": "2024-01-01"}))


def test_only_words_and_last_days_are_relative() -> None:
    """`status` also shows earlier days if the manifest selects other days tomorrow."""
    assert is_relative("today")
    assert is_relative("yesterday")
    assert is_relative(LastDays(last=3))
    assert not is_relative("2024-03-01")
    assert not is_relative(DateRange.model_validate({"from": "2024-01-01", "to": "2024-01-01"}))


def test_options_are_converted_to_forms() -> None:
    """The options may be one date, a range, an open range up to yesterday, or absent."""
    assert from_options(None, None, None, today=TODAY) is None
    assert from_options(None, None, "today", today=TODAY) == "today"
    assert from_options(None, None, "2024-02-29", today=TODAY) == "2024-02-29"
    assert from_options("2024-02-01", "2024-02-01", None, today=TODAY) == "2024-02-01"
    ranged = DateRange.model_validate({"from": "2024-02-01", "to": "2024-02-29"})
    assert from_options("2024-02-01", None, None, today=TODAY) == ranged
    assert from_options("2024-02-01", "yesterday", None, today=TODAY) == ranged
    first = dt.date(2024, 2, 1)
    assert from_options(None, "2024-02-29", None, today=TODAY, first=first) == ranged
    assert from_options(None, "2024-02-01", None, today=TODAY, first=first) == "2024-02-01"
    with pytest.raises(UsageError, match="the manifest's days begin with 2024-02-01"):
        from_options(None, "2024-01-31", None, today=TODAY, first=first)


@pytest.mark.parametrize(
    ("frm", "to", "date", "said"),
    [
        (None, None, "2023-02-29", "not a valid date"),
        (None, None, "20240101", "not a valid date"),
        (None, None, "2024-W01-1", "not a valid date"),
        (None, None, "tomorrow", "not a valid date"),
        ("2024-02-02", "2024-02-01", None, "is after to"),
        (None, "2024-02-01", None, "without --from"),
        ("2024-02-01", None, "2024-02-01", "both given"),
        ("1900-01-01", "2024-01-01", None, "more than 100 years"),
    ],
)
def test_invalid_dates_are_a_usage_error(frm: str | None, to: str | None, date: str | None, said: str) -> None:
    """Each mistake has its own message."""
    with pytest.raises(UsageError, match=said):
        from_options(frm, to, date, today=TODAY)
