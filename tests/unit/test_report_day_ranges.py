"""Days folded into ranges."""

import datetime as dt
import itertools

from hypothesis import given
from hypothesis import strategies as st

from mtc.report.text import day_list, day_ranges

NEAR = st.lists(st.dates(dt.date(2026, 1, 1), dt.date(2026, 3, 1)))


def unfold(days: list[dt.date]) -> list[dt.date]:
    return [item.first + dt.timedelta(at) for item in day_ranges(days) for at in range(item.days)]


@given(NEAR)
def test_ranges_hold_just_the_days(days: list[dt.date]) -> None:
    """Folding loses and adds nothing, whatever the order and however often a day comes."""
    assert unfold(days) == sorted(set(days))


@given(NEAR)
def test_ranges_are_the_fewest_that_do(days: list[dt.date]) -> None:
    """Between two ranges at least one day is missing."""
    ranges = day_ranges(days)
    assert all((after.first - before.last).days > 1 for before, after in itertools.pairwise(ranges))


@given(NEAR, st.integers(0, 9))
def test_folding_does_not_depend_on_the_order(days: list[dt.date], turn: int) -> None:
    """The same days give the same ranges."""
    assert day_ranges(days) == day_ranges(days[turn:] + days[:turn]) == day_ranges(days + days)


def test_the_ends_of_time_can_be_folded() -> None:
    """The last day there is has no day after it."""
    assert [str(item) for item in day_ranges([dt.date.min, dt.date.max])] == ["0001-01-01", "9999-12-31"]


def test_days_are_shown_as_ranges_with_their_number() -> None:
    """One day needs no number; many ranges are counted."""
    first = dt.date(2026, 5, 1)
    week = [first + dt.timedelta(at) for at in range(7)]
    assert day_list([first]) == "2026-05-01"
    assert day_list(week) == "2026-05-01..2026-05-07, 7 days"
    assert day_list(week[::2]) == "2026-05-01, 2026-05-03, 2026-05-05, 2026-05-07, 4 days"
    assert day_list(week[::2], first=2) == "2026-05-01, 2026-05-03 and 2 more, 4 days"
    assert day_list([]) == ""
