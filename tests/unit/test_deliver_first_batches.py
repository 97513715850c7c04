"""The first batch of a site's day is alone with it: others with hits of that day wait until it is recorded."""

import datetime as dt
import threading
from collections.abc import Callable
from queue import SimpleQueue

import pytest

from mtc.stages.deliver.lanes import FirstBatches, LaneStoppedError, SiteDay

FIRST, SECOND, THIRD = ((1, dt.date(2026, 5, day)) for day in (1, 2, 3))
OTHER = (2, dt.date(2026, 5, 1))


class Stopped(Exception):  # noqa: N818 - what ends a lane is no error
    """The lane is to end."""


def never() -> None:
    """Called by who waits; nobody should."""
    raise Stopped


def waits(firsts: FirstBatches, *days: SiteDay) -> bool:
    """Whether a batch with hits of these days has to wait now."""
    try:
        claimed = firsts.exclusive(frozenset(days), never)
        claimed.__enter__()
    except Stopped:
        return True
    claimed.__exit__(LookupError, LookupError(), None)  # it could be sent, and was not recorded
    return False


def test_what_comes_with_a_day_that_is_beginning_waits() -> None:
    """Whatever other days it has hits of; days of other sites, and other days, do not matter."""
    firsts = FirstBatches()
    with firsts.exclusive(frozenset({FIRST}), never):
        assert waits(firsts, FIRST)
        assert waits(firsts, SECOND, FIRST)
        assert firsts.must_wait(frozenset({FIRST, SECOND}))
        assert not waits(firsts, SECOND)
        assert not waits(firsts, OTHER)
        assert not waits(firsts)
    assert not waits(firsts, FIRST)


def test_when_the_first_is_recorded_many_may_be_under_way() -> None:
    """The day has begun."""
    firsts = FirstBatches()
    with firsts.exclusive(frozenset({FIRST}), never):
        pass
    with firsts.exclusive(frozenset({FIRST}), never), firsts.exclusive(frozenset({FIRST, SECOND}), never):
        assert not waits(firsts, FIRST)
        assert waits(firsts, SECOND)


def test_when_the_first_fails_no_other_begins_the_day() -> None:
    """Until the delivery is gone on with, by who has looked for that one before: the server may be at work on it."""
    begun: set[SiteDay] = set()
    firsts = FirstBatches(begun)
    claimed = firsts.exclusive(frozenset({FIRST}), never)
    claimed.__enter__()
    claimed.__exit__(LookupError, LookupError(), None)
    with pytest.raises(LaneStoppedError):
        waits(firsts, FIRST, SECOND)
    assert not waits(firsts, SECOND)
    assert not waits(FirstBatches(begun), FIRST)


@pytest.mark.parametrize("days", [{FIRST}, {FIRST, SECOND}, {THIRD, FIRST}])
def test_who_waits_goes_on_when_the_day_has_begun(days: set[SiteDay]) -> None:
    """In another thread; nobody holds a day while it waits for another."""
    firsts = FirstBatches()
    looked, went_on = threading.Event(), SimpleQueue[bool]()

    def second() -> None:
        with firsts.exclusive(frozenset(days), looked.set):
            went_on.put(recorded.is_set())

    recorded = threading.Event()
    thread = threading.Thread(target=second)
    with firsts.exclusive(frozenset({FIRST}), never):
        thread.start()
        assert looked.wait(10)
        assert went_on.empty()
        recorded.set()
    thread.join(10)
    assert went_on.get(timeout=10) is True


def test_days_that_are_known_to_have_begun_are_not_new() -> None:
    """Hits of them were recorded by an earlier run."""
    firsts = FirstBatches()
    firsts.mark_begun({FIRST})
    assert firsts.not_begun(frozenset({FIRST, SECOND})) == {SECOND}
    with firsts.exclusive(frozenset({FIRST}), never):
        assert not waits(firsts, FIRST)


def test_lanes_that_cross_days_in_any_order_all_come_through() -> None:
    """Days are taken together or not at all, so that no two wait for each other."""
    firsts = FirstBatches()

    passed: list[int] = []

    def lane(turn: Callable[[list[SiteDay]], list[SiteDay]]) -> None:
        for _ in range(50):
            with firsts.exclusive(frozenset(turn([FIRST, SECOND, THIRD])[:2]), lambda: None):
                passed.append(1)

    turns: list[Callable[[list[SiteDay]], list[SiteDay]]] = [list, lambda days: days[::-1], lambda days: days[1:]]
    threads = [threading.Thread(target=lane, args=(turn,)) for turn in turns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(passed) == 150
