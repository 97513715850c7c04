"""Waiting for work that may never end: it is given up when it is too slow, and a stop is heard meanwhile."""

import threading
from collections.abc import Callable, Iterator

import pytest

from mtc.core.background import LowSpeedLimit, map_in_order, run_watched
from mtc.core.errors import InterruptedRunError, TransientError


class Clock:
    """A clock that is half a minute later at every look."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        self.now += 30
        return self.now


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """What stuck work waits for; it is let go at the end of the test."""
    event = threading.Event()
    yield event
    event.set()


def patience(seconds: float = 60, least: int = 100) -> LowSpeedLimit:
    """A limit by the test's own clock."""
    return LowSpeedLimit(seconds, least, Clock(), tick=0.001)


def test_what_work_gives_or_raises_is_had() -> None:
    """And every byte is heard of, in the end."""
    heard: list[int] = []

    def work(moved: Callable[[int], None]) -> str:
        for _ in range(10):
            moved(50)
        return "done"

    assert run_watched(work, patience(), heard.append, "here") == "done"
    assert sum(heard) == 500

    def broken(_: Callable[[int], None]) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run_watched(broken, patience(), heard.append, "here")


@pytest.mark.parametrize("bytes_each", [0, 1, 99])
def test_work_that_is_too_slow_is_given_up(never: threading.Event, bytes_each: int) -> None:
    """Stuck, or trickling: the error may pass, and says how slow it was."""

    def work(moved: Callable[[int], None]) -> None:
        moved(bytes_each)
        never.wait(30)

    with pytest.raises(TransientError, match=r"too slow: .* bytes in \d+ seconds"):
        run_watched(work, patience(), lambda _: None, "here")


def test_work_that_moves_on_is_waited_for() -> None:
    """However long it takes, as long as each stretch has its bytes: here each look is half a minute after the last."""
    looks, moves, ended = threading.Semaphore(0), threading.Semaphore(0), threading.Event()
    seconds = 0.0

    def work(moved: Callable[[int], None]) -> int:
        for _ in range(20):
            looks.acquire()
            moved(100)
            moves.release()
        ended.set()
        moves.release(1000)
        return 20

    def look(_: int) -> None:
        nonlocal seconds
        looks.release()
        moves.acquire()
        if not ended.is_set():
            seconds += 30

    assert run_watched(work, LowSpeedLimit(30, 100, lambda: seconds, tick=0.001), look, "here") == 20
    assert seconds >= 570


def test_a_stop_is_heard_while_nothing_moves(never: threading.Event) -> None:
    """Not when the work is done, as it never may be."""

    def stop(_: int) -> None:
        raise InterruptedRunError(15)

    with pytest.raises(InterruptedRunError):
        run_watched(lambda _: never.wait(30), patience(), stop, "here")


def test_work_that_was_given_up_ends_when_it_moves_on(never: threading.Event) -> None:
    """Nothing of it is done behind anybody's back."""
    ended = threading.Event()

    def work(moved: Callable[[int], None]) -> None:
        never.wait(30)
        try:
            moved(1)
        finally:
            ended.set()

    with pytest.raises(TransientError):
        run_watched(work, patience(), lambda _: None, "here")
    never.set()
    assert ended.wait(30)


def test_each_gives_results_in_order_and_hears_a_stop(never: threading.Event) -> None:
    """Several at a time; what is stuck is left alone."""
    assert list(map_in_order(str, range(40), lambda: None, threads=4, name="x")) == [
        (number, str(number)) for number in range(40)
    ]

    def stop() -> None:
        raise InterruptedRunError(2)

    with pytest.raises(InterruptedRunError):
        list(map_in_order(lambda _: never.wait(30), [1, 2], stop, threads=2, name="x"))
