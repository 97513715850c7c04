"""What lanes have to say, recorded by one thread: together, for good, and also when it all ends early."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from mtc.core.errors import InterruptedRunError, PermanentError, StateError, TransientError
from mtc.core.model import Stage, StepId
from mtc.stages.deliver.lanes import LaneRecorder, LaneStoppedError
from mtc.stages.stage import BatchesMoved, Fact

STEP = StepId.parse("import:docs:2026-05-01")


def fact(number: int) -> BatchesMoved:
    """A fact that can be told from others."""
    return BatchesMoved(STEP, number, ())


@dataclass(slots=True)
class Recorder:
    """Keeps what is recorded, call by call, and by which thread."""

    calls: list[tuple[Fact, ...]] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    at_record: Callable[[], None] = lambda: None
    at_check: Callable[[], None] = lambda: None

    def record(self, *facts: Fact) -> None:
        """Keep them, when what is to happen before has happened."""
        self.at_record()
        self.threads.add(threading.get_ident())
        self.calls.append(facts)

    def progress(self, *, size: int = 0, lines: int = 0) -> None:
        """Nothing is counted."""

    def check(self) -> None:
        """Stop where the test wants it."""
        self.at_check()

    @property
    def numbers(self) -> list[int]:
        """The facts, in the order in which they were recorded."""
        return [one.number for call in self.calls for one in call if isinstance(one, BatchesMoved)]


def raising(error: BaseException) -> Callable[[], None]:
    """A function that raises."""

    def fail() -> None:
        raise error

    return fail


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that comes at once, and not for ever."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_lanes_speak_through_the_thread_that_runs_them() -> None:
    """The state has one writer; what a lane said is recorded when it goes on."""
    recorder = Recorder()
    lane_recorder = LaneRecorder(recorder)
    seen: list[bool] = []

    def lane(number: int) -> Callable[[], None]:
        def run() -> None:
            lane_recorder.check()
            lane_recorder.record(fact(number))
            seen.append(number in recorder.numbers)

        return run

    lane_recorder.run(map(lane, range(5)))
    assert sorted(recorder.numbers) == list(range(5))
    assert seen == [True] * 5
    assert recorder.threads == {threading.get_ident()}


def test_a_delivery_without_lanes_is_over_at_once() -> None:
    """Nothing is recorded."""
    recorder = Recorder()
    LaneRecorder(recorder).run([])
    assert recorder.calls == []


def test_what_several_lanes_said_meanwhile_is_one_transaction() -> None:
    """Each costs a disk's answer."""
    recorder = Recorder()
    lane_recorder = LaneRecorder(recorder)
    first = threading.Event()

    def wait_for_others() -> None:
        recorder.at_record = lambda: None
        first.set()
        until(lambda: lane_recorder._waiting.qsize() == 2)

    recorder.at_record = wait_for_others

    def later(number: int) -> Callable[[], None]:
        def run() -> None:
            assert first.wait(10)
            lane_recorder.record(fact(number), fact(number + 10))

        return run

    lane_recorder.run([lambda: lane_recorder.record(fact(0)), later(1), later(2)])
    assert [len(call) for call in recorder.calls] == [1, 4]
    assert sorted(recorder.numbers) == [0, 1, 2, 11, 12]


def test_a_lane_that_fails_stops_the_others_where_nothing_is_lost() -> None:
    """At their next safe point, out of any rest; what is under way is recorded."""
    recorder = Recorder()
    lane_recorder = LaneRecorder(recorder)
    resting = threading.Barrier(3)
    ended: list[str] = []

    def fails() -> None:
        resting.wait(10)
        raise PermanentError("the token is wrong")

    def rests() -> None:
        resting.wait(10)
        try:
            lane_recorder.sleep(600)
        except LaneStoppedError:
            ended.append("rest")
            raise

    def sends() -> None:
        resting.wait(10)
        until(lane_recorder._stopped.is_set)
        lane_recorder.record(fact(1))  # the answer to what it had sent
        try:
            lane_recorder.check()
        except LaneStoppedError:
            ended.append("check")
            raise

    with pytest.raises(PermanentError, match="the token is wrong"):
        lane_recorder.run([fails, rests, sends])
    assert sorted(ended) == ["check", "rest"]
    assert recorder.numbers == [1]


def test_a_run_that_is_to_stop_still_records_what_was_answered() -> None:
    """Else the next one would have to look for it."""
    recorder = Recorder(at_check=raising(InterruptedRunError(2)))
    lane_recorder = LaneRecorder(recorder)

    def lane() -> None:
        until(lane_recorder._stopped.is_set)
        lane_recorder.record(fact(1))
        lane_recorder.check()
        lane_recorder.record(fact(2))

    with pytest.raises(InterruptedRunError) as caught:
        lane_recorder.run([lane])
    assert caught.value.exit_code == 130
    assert recorder.numbers == [1]


def test_a_lane_whose_words_could_not_be_recorded_goes_no_further() -> None:
    """Neither do the others; the error is the state's."""
    recorder = Recorder(at_record=raising(StateError("the disk is full")))
    lane_recorder = LaneRecorder(recorder)
    ended: list[int] = []

    def lane(number: int) -> Callable[[], None]:
        def run() -> None:
            try:
                lane_recorder.record(fact(number))
            finally:
                ended.append(number)
            raise AssertionError("it went on")

        return run

    with pytest.raises(StateError, match="the disk is full"):
        lane_recorder.run(map(lane, range(3)))
    assert sorted(ended) == [0, 1, 2]
    assert recorder.calls == []


BUG, STOP = ValueError("a bug"), InterruptedRunError(15)
STAYS, PASSES, STATE = PermanentError("it stays"), TransientError("it may pass"), StateError("the disk is full")


@pytest.mark.parametrize(
    ("errors", "raised"),
    [
        ((PASSES, STAYS), STAYS),
        ((STAYS, PASSES), STAYS),
        ((PASSES, STATE), STATE),
        ((STAYS, STOP, PASSES), STOP),
        ((STOP, BUG), BUG),
        ((PASSES, TransientError("another")), PASSES),
    ],
)
def test_of_several_errors_the_one_that_says_most_is_raised(errors: tuple[Exception, ...], raised: Exception) -> None:
    """A bug, the run's stop, what stays, what may pass: a step is not tried again for one when another stays."""
    lane_recorder = LaneRecorder(Recorder())
    turns = [threading.Event() for _ in errors]
    turns[0].set()

    def lane(place: int) -> Callable[[], None]:
        def run() -> None:
            assert turns[place].wait(10)
            try:
                raise errors[place]
            finally:
                threading.Timer(0.01, turns[min(place + 1, len(turns) - 1)].set).start()

        return run

    with pytest.raises(type(raised)) as caught:
        lane_recorder.run(map(lane, range(len(errors))))
    assert caught.value is raised


def test_a_rest_that_nothing_disturbs_ends_by_itself() -> None:
    """And the lane goes on."""
    recorder = Recorder()
    lane_recorder = LaneRecorder(recorder)

    def lane() -> None:
        lane_recorder.sleep(0.01)
        lane_recorder.record(fact(1))

    lane_recorder.run([lane])
    assert recorder.numbers == [1]
    assert STEP.stage is Stage.IMPORT
