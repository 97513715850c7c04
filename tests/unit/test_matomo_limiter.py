"""The limiter: never more under way than it is wide, narrower when the server slows, wider again in time."""

import threading

import pytest

from mtc.matomo.limiter import Limiter


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_no_more_than_the_limit_are_under_way() -> None:
    """Eight threads, three places: all three get used, never a fourth."""
    limiter = Limiter(3)
    seen: list[int] = []
    full = threading.Barrier(3, timeout=5)

    def work(first: int) -> None:
        with limiter:
            if first < 3:
                full.wait()
            seen.append(limiter.in_flight)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    later = [threading.Thread(target=work, args=(9,)) for _ in range(8)]
    for thread in later:
        thread.start()
    for thread in later:
        thread.join(5)
    assert len(seen) == 11
    assert max(seen) <= 3
    assert limiter.in_flight == 0


def test_one_waits_until_another_is_done() -> None:
    """A place that becomes free is taken."""
    limiter = Limiter(1)
    entered = threading.Event()

    def work() -> None:
        with limiter:
            entered.set()

    with limiter:
        thread = threading.Thread(target=work)
        thread.start()
        assert not entered.wait(0.05)
    thread.join(5)
    assert entered.is_set()


def test_a_server_that_slows_gets_half_and_never_none() -> None:
    """8, 4, 2, 1, 1."""
    limiter = Limiter(8)
    widths = []
    for _ in range(4):
        limiter.slow_down(None)
        widths.append(limiter.width)
    assert widths == [4, 2, 1, 1]


def test_everybody_pauses_until_the_server_wants_them_again() -> None:
    """The longest pause that was asked for counts, once it has passed nobody waits."""
    clock = Clock()
    limiter = Limiter(4, clock, clock.sleep)
    limiter.slow_down(30)
    limiter.slow_down(5)
    with limiter:
        assert clock.now == 130
    with limiter:
        pass
    assert clock.slept == [30]


def test_good_answers_in_a_row_make_room_for_one_more_up_to_the_limit() -> None:
    """A slow one in between begins the row again."""
    limiter = Limiter(4, successes_needed=3)
    limiter.slow_down()
    limiter.slow_down()
    assert limiter.width == 1
    limiter.succeeded()
    limiter.succeeded()
    limiter.slow_down()
    limiter.succeeded()
    limiter.succeeded()
    assert limiter.width == 1
    for _ in range(30):
        limiter.succeeded()
    assert limiter.width == 4


def test_a_pause_that_is_broken_off_takes_no_place() -> None:
    """Ctrl-C while waiting: the sleep raises, and the limiter is as before."""

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    limiter = Limiter(1, Clock(), stop)
    limiter.slow_down(10)
    with pytest.raises(KeyboardInterrupt), limiter:
        pass
    assert limiter.in_flight == 0


def test_an_error_inside_gives_the_place_back() -> None:
    """Else a lane that failed would narrow the limiter for good."""
    limiter = Limiter(1)
    with pytest.raises(ZeroDivisionError), limiter:
        _ = 1 // 0
    with limiter:
        assert limiter.in_flight == 1


def test_a_gate_without_a_place_is_a_mistake() -> None:
    """Nobody would ever get through."""
    with pytest.raises(ValueError, match="at least one"):
        Limiter(0)
