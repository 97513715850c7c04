"""Days are folded into ranges."""

import datetime as dt
import itertools

from hypothesis import given
from hypothesis import strategies as st

from mtc.report.text import day_list, day_ranges

NEAR = st.lists(st.dates(dt.date(2026, 1, 1), dt.date(2026, 3, 1)))


def unfold(days: list[dt.date]) -> list[dt.date]:
    return [item.first + dt.timedelta(at) for item in day_ranges(days) for at in range(item.days)]


@given(NEAR)
def test_ranges_contain_exactly_the_days(days: list[dt.date]) -> None:
    """Order and duplicates do not matter."""
    assert unfold(days) == sorted(set(days))


@given(NEAR)
def test_the_number_of_ranges_is_minimal(days: list[dt.date]) -> None:
    """At least one day is missing between two ranges."""
    ranges = day_ranges(days)
    assert all((after.first - before.last).days > 1 for before, after in itertools.pairwise(ranges))


@given(NEAR, st.integers(0, 9))
def test_folding_does_not_depend_on_the_order(days: list[dt.date], turn: int) -> None:
    """The same days give the same ranges."""
    assert day_ranges(days) == day_ranges(days[turn:] + days[:turn]) == day_ranges(days + days)


def test_the_last_possible_day_can_be_folded() -> None:
    """It has no following day."""
    assert [str(item) for item in day_ranges([dt.date.min, dt.date.max])] == ["0001-01-01", "9999-12-31"]


def test_days_are_shown_as_ranges_with_their_number() -> None:
    """A single day has no number; a large number of ranges is counted."""
    first = dt.date(2026, 5, 1)
    week = [first + dt.timedelta(at) for at in range(7)]
    assert day_list([first]) == "2026-05-01"
    assert day_list(week) == "2026-05-01..2026-05-07, 7 days"
    assert day_list(week[::2]) == "2026-05-01, 2026-05-03, 2026-05-05, 2026-05-07, 4 days"
    assert day_list(week[::2], first=2) == "2026-05-01, 2026-05-03 and 2 more, 4 days"
    assert day_list([]) == ""
