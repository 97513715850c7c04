"""One thread records the facts of all lanes, together and durably, also when the delivery ends early."""

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
    """A fact with a number to recognise it by."""
    return BatchesMoved(STEP, number, ())


@dataclass(slots=True)
class Recorder:
    """Keeps the recorded facts, call by call, and the recording threads."""

    calls: list[tuple[Fact, ...]] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    at_record: Callable[[], None] = lambda: None
    at_check: Callable[[], None] = lambda: None

    def record(self, *facts: Fact) -> None:
        """Keep the facts, after a callback of the test."""
        self.at_record()
        self.threads.add(threading.get_ident())
        self.calls.append(facts)

    def progress(self, *, size: int = 0, lines: int = 0) -> None:
        """Ignore the progress."""

    def check(self) -> None:
        """Stop where the test wants it."""
        self.at_check()

    @property
    def numbers(self) -> list[int]:
        """The numbers of the facts in the order of recording."""
        return [one.number for call in self.calls for one in call if isinstance(one, BatchesMoved)]


def raising(error: BaseException) -> Callable[[], None]:
    """A function that raises the error."""

    def fail() -> None:
        raise error

    return fail


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition for at most ten seconds."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_facts_of_lanes_are_recorded_by_the_thread_that_runs_the_lanes() -> None:
    """The state has one writer; a lane continues after its fact is recorded."""
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


def test_a_delivery_without_lanes_ends_at_once() -> None:
    """Nothing is recorded."""
    recorder = Recorder()
    LaneRecorder(recorder).run([])
    assert recorder.calls == []


def test_facts_that_several_lanes_report_meanwhile_are_one_transaction() -> None:
    """Each transaction waits for the disk."""
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


def test_a_failing_lane_stops_the_others_at_a_safe_point() -> None:
    """Pauses end early, and the results of requests in flight are recorded."""
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
        lane_recorder.record(fact(1))  # the result of its request
        try:
            lane_recorder.check()
        except LaneStoppedError:
            ended.append("check")
            raise

    with pytest.raises(PermanentError, match="the token is wrong"):
        lane_recorder.run([fails, rests, sends])
    assert sorted(ended) == ["check", "rest"]
    assert recorder.numbers == [1]


def test_a_stopping_run_still_records_answers() -> None:
    """Otherwise the next run would have to look up the batch."""
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


def test_a_lane_whose_facts_cannot_be_recorded_stops() -> None:
    """The other lanes stop too, and the error of the state is raised."""
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
def test_the_most_important_of_several_errors_is_raised(errors: tuple[Exception, ...], raised: Exception) -> None:
    """The order is bug, stop request, permanent error, transient error: no retry hides a permanent error."""
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


def test_an_undisturbed_pause_ends_and_the_lane_continues() -> None:
    """No other lane has to wake it."""
    recorder = Recorder()
    lane_recorder = LaneRecorder(recorder)

    def lane() -> None:
        lane_recorder.sleep(0.01)
        lane_recorder.record(fact(1))

    lane_recorder.run([lane])
    assert recorder.numbers == [1]
    assert STEP.stage is Stage.IMPORT
