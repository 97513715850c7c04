"""The limiter bounds concurrent requests: fewer when the server slows down, and more again over time."""

import threading

import pytest

from mtc.matomo.limiter import Limiter


class Clock:
    """A clock that advances when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_the_number_of_requests_in_flight_is_limited() -> None:
    """Eight threads with a limit of three: all three slots are used, and never a fourth."""
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


def test_a_request_waits_until_another_one_is_done() -> None:
    """A slot that becomes free is used."""
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


def test_a_slow_server_halves_the_limit_down_to_one() -> None:
    """8, 4, 2, 1, 1."""
    limiter = Limiter(8)
    widths = []
    for _ in range(4):
        limiter.slow_down(None)
        widths.append(limiter.width)
    assert widths == [4, 2, 1, 1]


def test_all_requests_pause_as_long_as_the_server_asks() -> None:
    """The longest requested pause counts, and after it nobody waits."""
    clock = Clock()
    limiter = Limiter(4, clock, clock.sleep)
    limiter.slow_down(30)
    limiter.slow_down(5)
    with limiter:
        assert clock.now == 130
    with limiter:
        pass
    assert clock.slept == [30]


def test_consecutive_good_answers_raise_the_limit_by_one_up_to_the_maximum() -> None:
    """A slow answer in between restarts the count."""
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


def test_an_interrupted_pause_takes_no_slot() -> None:
    """Ctrl-C while waiting raises, and the limiter is unchanged."""

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    limiter = Limiter(1, Clock(), stop)
    limiter.slow_down(10)
    with pytest.raises(KeyboardInterrupt), limiter:
        pass
    assert limiter.in_flight == 0


def test_an_error_releases_the_slot() -> None:
    """Otherwise a failed lane would reduce the limit for good."""
    limiter = Limiter(1)
    with pytest.raises(ZeroDivisionError), limiter:
        _ = 1 // 0
    with limiter:
        assert limiter.in_flight == 1


def test_a_limiter_without_slots_is_refused() -> None:
    """All requests would wait forever."""
    with pytest.raises(ValueError, match="at least one"):
        Limiter(0)
