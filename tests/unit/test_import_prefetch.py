"""Doing the next thing while the last one is worked on: in order, by one thread, and closed by it."""

import threading
import time
from collections.abc import Generator

import pytest

from mtc.stages.import_.prefetch import prefetch_one


def counting(seen: list[str], most: int = 4, *, fails_at: int = -1) -> Generator[int]:
    """Numbers from 1, which say where and when they are made."""
    try:
        for number in range(1, most + 1):
            if number == fails_at:
                raise ValueError(number)
            seen.append(f"{number} {threading.current_thread().name.split('_')[0]}")
            yield number
    finally:
        seen.append(f"closed {threading.current_thread().name.split('_')[0]}")


def test_items_come_in_order_from_one_thread_which_closes_them_too() -> None:
    """A generator belongs to one thread at a time."""
    seen: list[str] = []
    assert list(prefetch_one(counting(seen), name="made")) == [1, 2, 3, 4]
    assert seen == ["1 made", "2 made", "3 made", "4 made", "closed made"]


def test_the_next_is_made_while_the_last_is_worked_on() -> None:
    """One ahead, and no more."""
    seen: list[str] = []
    coming = prefetch_one(counting(seen), name="made")
    assert next(coming) == 1
    end = time.monotonic() + 10
    while len(seen) < 2 and time.monotonic() < end:
        time.sleep(0.001)
    assert seen == ["1 made", "2 made"]
    time.sleep(0.01)
    assert seen == ["1 made", "2 made"]
    coming.close()
    assert seen[-1] == "closed made"


def test_an_error_of_the_next_comes_behind_the_last() -> None:
    """What was made before it is worked on to its end."""
    seen: list[str] = []
    coming = prefetch_one(counting(seen, fails_at=3), name="made")
    assert (next(coming), next(coming)) == (1, 2)
    with pytest.raises(ValueError, match="3"):
        next(coming)
