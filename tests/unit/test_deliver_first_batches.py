"""The first batch of a site's day runs alone: other batches with hits of that day wait until it is recorded."""

import datetime as dt
import threading
from collections.abc import Callable
from queue import SimpleQueue

import pytest

from mtc.stages.deliver.lanes import FirstBatches, LaneStoppedError, SiteDay

FIRST, SECOND, THIRD = ((1, dt.date(2026, 5, day)) for day in (1, 2, 3))
OTHER = (2, dt.date(2026, 5, 1))


class Stopped(Exception):  # noqa: N818 - what ends a lane is no error
    """The lane has to end."""


def never() -> None:
    """A wait that must not be called."""
    raise Stopped


def waits(firsts: FirstBatches, *days: SiteDay) -> bool:
    """Whether a batch with hits of these days has to wait at the moment."""
    try:
        claimed = firsts.exclusive(frozenset(days), never)
        claimed.__enter__()
    except Stopped:
        return True
    claimed.__exit__(LookupError, LookupError(), None)  # it could be sent, and was not recorded
    return False


def test_batches_with_hits_of_a_day_that_is_starting_wait() -> None:
    """Their other days do not matter, nor do days of other sites."""
    firsts = FirstBatches()
    with firsts.exclusive(frozenset({FIRST}), never):
        assert waits(firsts, FIRST)
        assert waits(firsts, SECOND, FIRST)
        assert firsts.must_wait(frozenset({FIRST, SECOND}))
        assert not waits(firsts, SECOND)
        assert not waits(firsts, OTHER)
        assert not waits(firsts)
    assert not waits(firsts, FIRST)


def test_many_batches_may_be_in_flight_after_the_first_is_recorded() -> None:
    """The day has started."""
    firsts = FirstBatches()
    with firsts.exclusive(frozenset({FIRST}), never):
        pass
    with firsts.exclusive(frozenset({FIRST}), never), firsts.exclusive(frozenset({FIRST, SECOND}), never):
        assert not waits(firsts, FIRST)
        assert waits(firsts, SECOND)


def test_no_other_batch_starts_the_day_after_the_first_failed() -> None:
    """The server may still be working on it: the delivery must be continued and the first batch looked up before."""
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
def test_a_waiting_batch_continues_when_the_day_has_started(days: set[SiteDay]) -> None:
    """It waits in another thread, and holds no day while it waits."""
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


def test_days_that_have_already_started_are_not_new() -> None:
    """Hits of them were recorded by an earlier run."""
    firsts = FirstBatches()
    firsts.mark_begun({FIRST})
    assert firsts.not_begun(frozenset({FIRST, SECOND})) == {SECOND}
    with firsts.exclusive(frozenset({FIRST}), never):
        assert not waits(firsts, FIRST)


def test_lanes_that_share_days_in_any_order_all_finish() -> None:
    """A batch takes all of its days or none, so that no two batches wait for each other."""
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
