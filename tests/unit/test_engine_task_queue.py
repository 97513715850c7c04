"""The order of tasks: days of a site are delivered one after the other and loaded ahead, without deadlocks."""

import datetime as dt
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtc.core.deliveries import Cut, Delivery
from mtc.core.errors import PermanentError
from mtc.core.model import Stage, StepId, Verdict
from mtc.engine.task_queue import TaskQueue
from mtc.plan.work import DeliverWork, ImportWork, LoadedStep, PlannedStep, Task

FIRST = dt.date(2026, 5, 1)
OPEN = Delivery(1, "https://stats.example.org", 1, Cut("uid", 1, 1, dt.datetime(2026, 5, 1, tzinfo=dt.UTC)), (), 1)
DENIED = PermanentError("access denied")


def step(day: int, site: str = "docs", stage: Stage = Stage.IMPORT) -> StepId:
    return StepId(stage, site, FIRST + dt.timedelta(days=day))


def task(day: int, site: str = "docs", *, delivers: bool = True, is_open: bool = False) -> Task:
    """An import task; `is_open` means that an earlier run started to deliver it."""
    deliver = DeliverWork(1, opened=(OPEN,) if is_open else ()) if delivers else None
    return Task(Stage.IMPORT, (PlannedStep(step(day, site), Verdict.NEW, work=ImportWork(deliver=deliver)),))


def filled(slots: int, *tasks: Task) -> TaskQueue:
    queue = TaskQueue(slots)
    for one in tasks:
        queue.put(one)
    return queue


def end_loaded(queue: TaskQueue, handed: Task) -> None:
    """End the loading of a task that could not deliver."""
    queue.loaded(handed.steps[0].step, LoadedStep())
    assert queue.ended(handed, None)


def shown(tasks: list[Task]) -> list[tuple[str, int, str]]:
    """Site, day and the work of each task: all of it, loading alone, or the rest."""
    return [
        (
            one.steps[0].step.site,
            (one.steps[0].step.day - FIRST).days,
            "rest" if one.loaded else "all" if one.may_deliver else "load",
        )
        for one in tasks
    ]


def test_tasks_without_deliveries_are_handed_out_at_once() -> None:
    """They have no order; the executor limits how many run at a time."""
    queue = filled(1, *(task(day, delivers=False) for day in range(3)))
    assert shown(list(queue.ready())) == [("docs", day, "all") for day in range(3)]
    assert not queue


def test_with_one_slot_each_day_is_loaded_and_delivered_in_order() -> None:
    """With one job there is no loading ahead."""
    queue = filled(1, task(0), task(1), task(0, "shop"))
    seen = []
    while queue:
        (handed,) = queue.ready()
        seen.append(handed)
        assert list(queue.ready()) == []
        assert not queue.ended(handed, None)
    assert shown(seen) == [("docs", 0, "all"), ("docs", 1, "all"), ("shop", 0, "all")]


def test_later_days_are_loaded_while_the_first_is_delivered() -> None:
    """They are delivered one after the other, each when the one before has ended."""
    queue = filled(3, task(0), task(1), task(2))
    first, second, third = queue.ready()
    assert shown([first, second, third]) == [("docs", 0, "all"), ("docs", 1, "load"), ("docs", 2, "load")]
    end_loaded(queue, third)
    end_loaded(queue, second)
    assert list(queue.ready()) == []
    assert not queue.ended(first, None)
    (rest,) = queue.ready()
    assert shown([rest]) == [("docs", 1, "rest")]
    assert not queue.ended(rest, None)
    assert shown(list(queue.ready())) == [("docs", 2, "rest")]


def test_the_slot_of_a_waiting_day_is_free_for_another_site() -> None:
    """No worker waits for another."""
    queue = filled(2, task(0), task(1), task(0, "shop"))
    _, second = queue.ready()
    end_loaded(queue, second)
    assert shown(list(queue.ready())) == [("shop", 0, "all")]


def test_the_number_of_days_loaded_ahead_is_limited() -> None:
    """Fetched objects take disk space until they are archived: at most as many days as slots are loaded ahead."""
    queue = filled(2, *(task(day) for day in range(9)))
    _, *ahead = queue.ready()
    for _ in range(2):
        for handed in ahead:
            end_loaded(queue, handed)
        ahead = list(queue.ready())
    assert ahead == []


@pytest.mark.parametrize("error", [None, DENIED])
def test_the_next_day_continues_when_a_day_has_ended(error: Exception | None) -> None:
    """A failed day does not block later days forever."""
    queue = filled(1, task(0), task(1))
    (first,) = queue.ready()
    assert not queue.ended(first, error)
    assert shown(list(queue.ready())) == [("docs", 1, "all")]


def test_a_day_that_failed_after_loading_has_ended() -> None:
    """Its loaded objects are not delivered in this attempt."""
    queue = filled(2, task(0), task(1))
    first, second = queue.ready()
    queue.loaded(second.steps[0].step, LoadedStep())
    assert not queue.ended(second, DENIED)
    assert not queue.ended(first, None)
    assert not queue


def test_a_retry_of_a_day_comes_before_later_days() -> None:
    """It waits for a day that is already being delivered."""
    queue = filled(1, task(0), task(1), task(2))
    (first,) = queue.ready()
    assert not queue.ended(first, DENIED)
    (second,) = queue.ready()
    queue.put(first)
    assert list(queue.ready()) == []
    assert not queue.ended(second, None)
    assert shown(list(queue.ready())) == [("docs", 0, "all")]


def test_a_delivery_that_an_earlier_run_started_waits_for_its_turn() -> None:
    """It is finished before anything is loaded."""
    queue = filled(3, task(0), task(1, is_open=True), task(2))
    (first,) = queue.ready()
    assert not queue.ended(first, None)
    assert shown(list(queue.ready())) == [("docs", 1, "all"), ("docs", 2, "load")]


def test_no_task_is_handed_out_after_a_stop_request() -> None:
    """The run does not wait for the remaining tasks."""
    queue = filled(2, task(0), task(1), task(0, delivers=False))
    queue.stop()
    assert (list(queue.ready()), bool(queue)) == ([], False)


TASKS = st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 2)), min_size=1, max_size=14)


@given(TASKS, st.integers(1, 4), st.randoms(use_true_random=False))
def test_all_tasks_are_done_and_days_keep_their_order_however_tasks_end(
    days: list[tuple[int, bool, int]], slots: int, chance: random.Random
) -> None:
    """Three sites, with open deliveries and failures: no deadlock, and no two deliveries of a site at once.

    A day is delivered only when each earlier day of its site has ended, or waits for a retry.
    """
    failures: Counter[StepId] = Counter()
    queue = TaskQueue(slots)
    for day, (site, is_open, fails) in enumerate(days):
        made = task(day, "abc"[site], is_open=is_open)
        failures[made.steps[0].step] = fails
        queue.put(made)
    waiting = {step(day, "abc"[site]) for day, (site, _, _) in enumerate(days)}
    running: list[Task] = []
    done: set[StepId] = set()
    while queue or running:
        running += queue.ready()
        assert running, "nothing is handed out, and something waits"
        assert len(running) <= slots
        delivering = [one.steps[0].step for one in running if one.may_deliver]
        assert len({one.site for one in delivering}) == len(delivering)
        handed = running.pop(chance.randrange(len(running)))
        current = handed.steps[0].step
        if handed.may_deliver:
            assert not [one for one in waiting if one.site == current.site and one.day < current.day]
        if failures[current]:
            failures[current] -= 1
            waiting.discard(current)
            assert not queue.ended(handed, DENIED)
            queue.put(Task(handed.stage, handed.steps))
        elif handed.may_deliver:
            assert not queue.ended(handed, None)
            waiting.discard(current)
            done.add(current)
        else:
            end_loaded(queue, handed)
    assert done == set(failures)
