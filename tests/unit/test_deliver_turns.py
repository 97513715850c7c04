"""The days of a site in order: a day waits for the one before it, however that ends."""

import threading

import pytest

from mtc.core.errors import InterruptedRunError
from mtc.core.model import StepId
from mtc.stages.deliver.day_order import Turns

FIRST, SECOND = (StepId.parse(f"import:docs:2026-05-0{day}") for day in (1, 2))


def go_on() -> None:
    """Nothing asks for a stop."""


class Waiter:
    """A day that waits for another in a thread of its own."""

    def __init__(self, turns: Turns, after: StepId) -> None:
        self.over = threading.Event()
        self.asked = threading.Event()

        def ask() -> None:
            self.asked.set()

        def wait() -> None:
            turns.wait(after, ask)
            self.over.set()

        self.thread = threading.Thread(target=wait, daemon=True)
        self.thread.start()


def test_the_first_day_waits_for_nobody() -> None:
    """No day before it is in the run."""
    Turns().wait(None, go_on)


def test_a_later_day_waits_while_the_one_before_lasts() -> None:
    """And goes on when that has ended."""
    turns = Turns()
    with turns.taking_part(FIRST):
        waiter = Waiter(turns, FIRST)
        assert waiter.asked.wait(10)
        assert not waiter.over.is_set()
    assert waiter.over.wait(10)


def test_a_later_day_waits_also_until_the_one_before_has_begun() -> None:
    """Two that begin together do not change places."""
    turns = Turns()
    waiter = Waiter(turns, FIRST)
    assert waiter.asked.wait(10)
    with turns.taking_part(SECOND):
        assert not waiter.over.is_set()
    assert not waiter.over.is_set()
    with turns.taking_part(FIRST):
        pass
    assert waiter.over.wait(10)


def test_a_day_that_failed_lets_go() -> None:
    """The others are not kept for ever."""
    turns = Turns()

    def fail() -> None:
        with turns.taking_part(FIRST):
            raise ValueError("it failed")

    with pytest.raises(ValueError, match="it failed"):
        fail()
    turns.wait(FIRST, go_on)


def test_a_day_that_is_tried_again_is_waited_for_again() -> None:
    """Its hits are still the earlier ones."""
    turns = Turns()
    with turns.taking_part(FIRST):
        pass
    with turns.taking_part(FIRST):
        waiter = Waiter(turns, FIRST)
        assert waiter.asked.wait(10)
        assert not waiter.over.is_set()
    assert waiter.over.wait(10)


def test_a_run_that_is_to_stop_ends_the_waiting() -> None:
    """Nothing has been sent yet."""

    def stop() -> None:
        raise InterruptedRunError(2)

    with pytest.raises(InterruptedRunError):
        Turns().wait(FIRST, stop)
