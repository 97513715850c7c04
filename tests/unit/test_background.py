"""Waiting for work that may never end: slow work is abandoned, and a stop request interrupts the wait."""

import threading
from collections.abc import Callable, Iterator

import pytest

from mtc.core.background import LowSpeedLimit, map_in_order, run_watched
from mtc.core.errors import InterruptedRunError, TransientError


class Clock:
    """A clock that advances by half a minute on every call."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        self.now += 30
        return self.now


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """An event that stuck work waits for; it is set at the end of the test."""
    event = threading.Event()
    yield event
    event.set()


def patience(seconds: float = 60, least: int = 100) -> LowSpeedLimit:
    """A time limit that uses the test's clock."""
    return LowSpeedLimit(seconds, least, Clock(), tick=0.001)


def test_the_result_or_error_of_the_work_is_returned() -> None:
    """All bytes have been reported by the time that the work ends."""
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
def test_slow_work_is_abandoned(never: threading.Event, bytes_each: int) -> None:
    """Stuck or trickling work raises a transient error that says how slow it was."""

    def work(moved: Callable[[int], None]) -> None:
        moved(bytes_each)
        never.wait(30)

    with pytest.raises(TransientError, match=r"too slow: .* bytes in \d+ seconds"):
        run_watched(work, patience(), lambda _: None, "here")


def test_work_that_makes_progress_is_waited_for() -> None:
    """The total time is not limited as long as each interval of half a minute has the minimum number of bytes."""
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


def test_a_stop_request_is_noticed_while_nothing_moves(never: threading.Event) -> None:
    """It does not wait for the work to end, which may never happen."""

    def stop(_: int) -> None:
        raise InterruptedRunError(15)

    with pytest.raises(InterruptedRunError):
        run_watched(lambda _: never.wait(30), patience(), stop, "here")


def test_abandoned_work_ends_at_its_next_progress_report(never: threading.Event) -> None:
    """Abandoned work does not continue in the background."""
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


def test_map_in_order_returns_results_in_order_and_notices_a_stop(never: threading.Event) -> None:
    """Several items run at a time; a stuck one is not waited for."""
    assert list(map_in_order(str, range(40), lambda: None, threads=4, name="x")) == [
        (number, str(number)) for number in range(40)
    ]

    def stop() -> None:
        raise InterruptedRunError(2)

    with pytest.raises(InterruptedRunError):
        list(map_in_order(lambda _: never.wait(30), [1, 2], stop, threads=2, name="x"))
