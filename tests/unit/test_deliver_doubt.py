"""A batch in doubt is looked up, and sent again only when its first request can no longer be processed."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from delivery_sender import BATCH, SETTLE, TIMEOUT, Bench, bench, hits

from mtc.core.deliveries import BatchStatus
from mtc.core.errors import TransientError
from mtc.matomo.client import LookupUnsureError
from mtc.stages.deliver.lanes import LaneStoppedError
from tests.fake_matomo.faults import Fault, Place
from tests.fake_matomo.settings import Settings

PLANNED, SENDING = BatchStatus.PLANNED, BatchStatus.SENDING
IN_DOUBT, RECORDED = BatchStatus.IN_DOUBT, BatchStatus.RECORDED
ALL = list(range(BATCH))
SECOND = dt.timedelta(seconds=1)
LONG_AGO = dt.timedelta(days=1)


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Bench]:
    """A batch of twelve hits of four visitors, and an empty server."""
    with bench(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    "fault", [Fault.COMMIT_THEN_DROP, Fault.COMMIT_THEN_BAD_GATEWAY, Fault.COMMIT_THEN_GATEWAY_TIMEOUT, Fault.CUT]
)
def test_a_batch_that_is_found_is_recorded(fault: Fault, one: Bench) -> None:
    """It is recorded at once, and nothing is sent again."""
    one.matomo.faults.next(fault)
    ended = one.send()
    assert one.batch_recorder.statuses == [SENDING, IN_DOUBT, RECORDED]
    assert ended == dataclasses.replace(one.batch, status=RECORDED, moved=one.batch_recorder.now)
    assert one.batch_recorder.rests == []
    assert one.stored() == ALL
    assert one.tracker.client.limiter.width == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault.DROP,
        Fault.RESET,
        Fault.BAD_GATEWAY,
        Fault.GATEWAY_TIMEOUT,
        Fault.SQLSTATE,
        Fault.PROXY_PAGE,
        Fault.RESTART,
    ],
)
def test_a_batch_that_is_not_found_is_sent_again_after_the_settle_time(fault: Fault, one: Bench) -> None:
    """`settle` starts when no answer came; the look-up is repeated at intervals meanwhile."""
    one.matomo.faults.next(fault)
    begun = one.batch_recorder.now
    one.send()
    assert one.batch_recorder.statuses == [SENDING, IN_DOUBT, PLANNED, SENDING, RECORDED]
    assert one.batch_recorder.moves[2][0].moved == begun + SETTLE
    assert sum(one.batch_recorder.rests) == SETTLE.total_seconds()
    assert max(one.batch_recorder.rests) <= 10
    assert one.stored() == ALL


@pytest.mark.parametrize("fault", [Fault.DROP_THEN_COMMIT, Fault.GATEWAY_TIMEOUT_THEN_COMMIT])
def test_a_batch_that_the_server_is_still_processing_is_waited_for(fault: Fault, one: Bench) -> None:
    """It is not visible before it is stored."""
    one.matomo.faults.next(fault)
    one.matomo.scheduler.hold()
    one.batch_recorder.at_rest = lambda: len(one.batch_recorder.rests) == 3 and one.matomo.scheduler.release()
    one.send()
    assert one.batch_recorder.statuses == [SENDING, IN_DOUBT, RECORDED]
    assert len(one.batch_recorder.rests) == 3
    assert one.stored() == ALL
    assert one.matomo.posts.bulks == 1


DEADLOCKED = {
    Fault.DEADLOCK_KEEPS_ALL: (),
    Fault.DEADLOCK_KEEPS_NONE: tuple(ALL),
    Fault.DEADLOCK: tuple(ALL[: BATCH // 2]),
    Fault.DEADLOCK_THEN_DROP: tuple(ALL[: BATCH // 2]),
}


@pytest.mark.parametrize("visitors", [1, 4, 12])
@pytest.mark.parametrize("fault", DEADLOCKED)
def test_an_error_of_matomo_says_nothing_about_stored_hits(fault: Fault, visitors: int, tmp_path: Path) -> None:
    """Some, all or no hits are stored: each is looked up, and missing ones are sent again after the settle time."""
    with bench(tmp_path, hits(BATCH, visitors)) as one:
        one.matomo.faults.next(fault)
        begun, lost = one.batch_recorder.now, DEADLOCKED[fault]
        one.send()
        assert one.stored() == ALL
        assert one.matomo.posts.requests == BATCH + len(lost)
        if not lost:
            assert one.batch_recorder.statuses == [SENDING, IN_DOUBT, RECORDED]
            assert one.batch_recorder.rests == []
        else:
            assert one.batch_recorder.statuses == [SENDING, IN_DOUBT, PLANNED, SENDING, RECORDED]
            assert one.batch_recorder.moves[2][0].places == lost
            waits = (
                SETTLE if fault is Fault.DEADLOCK_THEN_DROP else SETTLE / 12
            )  # the request ends with Matomo's own error
            assert one.batch_recorder.moves[2][0].moved == begun + waits


@pytest.mark.parametrize("hit", range(BATCH + 1))
def test_each_hit_is_stored_once_wherever_the_database_ends_the_transaction(hit: int, one: Bench) -> None:
    """This holds even if it happens again with the remaining hits."""
    for _ in range(2):
        one.matomo.faults.next(Fault.DEADLOCK, hit=hit)
    one.send()
    assert one.stored() == ALL


def test_hits_that_are_still_being_stored_one_by_one_are_waited_for(tmp_path: Path) -> None:
    """Part of the batch is stored and the server is working on the rest: sending it again would duplicate hits."""
    with bench(tmp_path, hits(BATCH, visitors=1)) as one:
        one.matomo.faults.next(Fault.DEADLOCK_THEN_GATEWAY_TIMEOUT, hit=2)
        one.matomo.scheduler.hold()
        one.batch_recorder.at_rest = lambda: len(one.batch_recorder.rests) in {2, 4} and one.matomo.scheduler.release()
        one.send()
        assert one.batch_recorder.statuses == [SENDING, IN_DOUBT, PLANNED, SENDING, RECORDED]
        assert one.batch_recorder.moves[2][0].left == (0, 1)
        assert one.stored() == ALL


def test_a_deadlock_in_a_visit_that_is_not_listed_whole_is_never_guessed(tmp_path: Path) -> None:
    """Hits may share a transaction or be stored one by one, so neither this run nor a later one guesses."""
    with bench(tmp_path, hits(BATCH, visitors=1), settings=Settings(action_limit=5)) as one:
        one.matomo.faults.next(Fault.DEADLOCK, hit=2)
        for _ in range(2):
            with pytest.raises(LookupUnsureError):
                one.send(one.batch if not one.batch_recorder.moves else one.batch_recorder.last)
            one.batch_recorder.now += TIMEOUT + SETTLE
        assert one.batch_recorder.statuses == [SENDING, IN_DOUBT]
        assert one.batch_recorder.last.left == tuple(ALL)
        assert one.matomo.posts.bulks == 1


def test_a_stored_part_says_nothing_about_hits_that_are_not_listed(tmp_path: Path) -> None:
    """Without an answer a batch counts as one transaction, unless the visible hits contradict that."""
    rows = hits(600, visitors=1)
    rows[0] = dataclasses.replace(rows[0], ip="198.51.100.7")
    rows[599] = dataclasses.replace(rows[599], ip="198.51.100.8")
    with bench(tmp_path, rows) as one:
        one.store(*range(599))
        with pytest.raises(LookupUnsureError):
            one.send(one.of_an_earlier_run(ago=LONG_AGO))
        assert one.matomo.posts.bulks == 0


@pytest.mark.parametrize("status", [SENDING, IN_DOUBT])
def test_a_batch_of_an_earlier_run_is_looked_up_before_anything_is_sent(status: BatchStatus, one: Bench) -> None:
    """The run was killed before it recorded the batch, which the server had accepted."""
    one.store(*ALL)
    one.send(one.of_an_earlier_run(status, ago=SECOND))
    assert one.batch_recorder.statuses == [RECORDED]
    assert one.matomo.posts.bulks == 0
    assert one.stored() == ALL


@pytest.mark.parametrize("status", [SENDING, IN_DOUBT])
@pytest.mark.parametrize(
    ("ago", "waits"),
    [
        (SECOND, SETTLE),
        (TIMEOUT, SETTLE),
        (TIMEOUT + 50 * SECOND, SETTLE - 50 * SECOND),
        (TIMEOUT + SETTLE, 0 * SECOND),
        (LONG_AGO, 0 * SECOND),
        (-LONG_AGO, SETTLE),
        (None, SETTLE),
    ],
    ids=["just now", "as long ago as an answer takes", "in between", "long enough", "yesterday", "in the future", "?"],
)
def test_a_batch_of_an_earlier_run_may_arrive_until_the_server_must_have_stopped(
    status: BatchStatus, ago: dt.timedelta | None, waits: dt.timedelta, one: Bench
) -> None:
    """The limit is `settle` after the request's end: at most `timeout` after its mark, or the death of that run."""
    one.send(one.of_an_earlier_run(status, ago=ago))
    assert one.batch_recorder.statuses == [PLANNED, SENDING, RECORDED]
    assert sum(one.batch_recorder.rests) == pytest.approx(waits.total_seconds())
    assert one.stored() == ALL


@pytest.mark.parametrize("visitors", [1, 4, 12])
@pytest.mark.parametrize("lost", [(0,), (11,), (0, 5), (9, 10, 11)])
def test_the_missing_hits_of_a_partly_stored_batch_are_sent(
    visitors: int, lost: tuple[int, ...], tmp_path: Path
) -> None:
    """A lock wait lost hits and the answer was lost too: any probe may be one of the lost hits."""
    with bench(tmp_path, hits(BATCH, visitors)) as one:
        one.store(*(place for place in ALL if place not in lost))
        one.send(one.of_an_earlier_run(ago=LONG_AGO))
        assert one.stored() == ALL
        assert one.batch_recorder.statuses == [PLANNED, SENDING, RECORDED]
        (planned,) = one.batch_recorder.moves[0]
        assert planned.left == lost


def test_only_the_remaining_hits_of_a_batch_are_in_doubt(one: Bench) -> None:
    """The other hits are already stored, and say nothing about the remaining ones."""
    one.store(*(place for place in ALL if place not in {3, 4}))
    earlier = dataclasses.replace(one.of_an_earlier_run(ago=LONG_AGO), left=(3, 4))
    one.send(earlier)
    assert one.batch_recorder.statuses == [PLANNED, SENDING, RECORDED]
    assert one.batch_recorder.moves[0][0].left == (3, 4)
    assert one.stored() == ALL
    assert one.matomo.posts.bulks == 1


def test_invalid_hits_of_an_earlier_attempt_stay_counted(one: Bench) -> None:
    """They were reported, and are not sent again."""
    one.store(*ALL[2:])
    earlier = dataclasses.replace(one.of_an_earlier_run(ago=LONG_AGO), left=tuple(ALL[2:]), invalid=2, refused=(0, 1))
    ended = one.send(earlier)
    assert (ended.status, ended.invalid, ended.refused, ended.left) == (RECORDED, 2, (0, 1), None)


def test_a_lane_that_is_stopped_while_it_waits_leaves_the_batch_in_doubt(one: Bench) -> None:
    """The next run waits for the remaining time."""
    one.matomo.faults.next(Fault.DROP)
    one.batch_recorder.rests_left = 3
    with pytest.raises(LaneStoppedError):
        one.send()
    assert one.batch_recorder.statuses == [SENDING, IN_DOUBT]
    left, waited = one.batch_recorder.last, sum(one.batch_recorder.rests)
    one.again()
    one.send(left)
    assert one.batch_recorder.statuses == [PLANNED, SENDING, RECORDED]
    assert waited + sum(one.batch_recorder.rests) >= SETTLE.total_seconds()
    assert one.stored() == ALL


@pytest.mark.parametrize("fault", [Fault.BAD_GATEWAY, Fault.DROP, Fault.SQLSTATE, Fault.DATABASE_DOWN])
def test_a_failed_look_up_is_repeated(fault: Fault, one: Bench) -> None:
    """A look-up changes nothing on the server."""
    one.matomo.faults.next(Fault.COMMIT_THEN_DROP)
    one.matomo.faults.next(fault, on=Place.REPORTS, count=2)
    one.send()
    assert one.batch_recorder.statuses == [SENDING, IN_DOUBT, RECORDED]
    assert one.stored() == ALL


def test_a_server_that_answers_no_look_up_leaves_the_batch_in_doubt(one: Bench) -> None:
    """The error is transient, and nothing is sent."""
    one.matomo.faults.next(Fault.COMMIT_THEN_DROP)
    one.matomo.faults.always(Fault.BAD_GATEWAY, on=Place.REPORTS)
    with pytest.raises(TransientError):
        one.send()
    assert one.batch_recorder.last.status is IN_DOUBT
    assert one.matomo.posts.bulks == 1


def test_a_batch_in_a_visit_that_is_not_listed_whole_is_never_sent_on_a_guess(tmp_path: Path) -> None:
    """With more than 500 actions it is unknown whether the last ones are stored, so neither answer is assumed."""
    doubtful = tuple(range(520, 530))
    with bench(tmp_path, hits(600, visitors=1)) as one:
        one.store(*(place for place in range(600) if place not in doubtful))
        with pytest.raises(LookupUnsureError) as caught:
            one.send(dataclasses.replace(one.of_an_earlier_run(ago=LONG_AGO), left=doubtful))
        assert "visitor_log_maximum_actions_per_visit" in caught.value.hint
        assert one.batch_recorder.moves == []
        assert one.matomo.posts.bulks == 0


def test_hits_after_the_last_action_of_such_a_visit_are_missing(tmp_path: Path) -> None:
    """Not all of its actions are listed, but the time of its last action is."""
    with bench(tmp_path, hits(600, visitors=1)) as one:
        one.store(*range(520))
        one.send(dataclasses.replace(one.of_an_earlier_run(ago=LONG_AGO), left=tuple(range(520, 600))))
        assert one.batch_recorder.statuses == [PLANNED, SENDING, RECORDED]
        assert one.stored() == list(range(600))


def test_a_visitor_with_few_hits_answers_for_a_batch_with_a_long_visit(tmp_path: Path) -> None:
    """A batch is one transaction: if the hits of its shortest visit are found, all hits are stored."""
    rows = hits(600, visitors=1)
    rows[100] = dataclasses.replace(rows[100], ip="198.51.100.7")
    with bench(tmp_path, rows) as one:
        one.matomo.faults.next(Fault.COMMIT_THEN_DROP)
        one.send()
        assert one.batch_recorder.statuses == [SENDING, IN_DOUBT, RECORDED]
        assert one.matomo.posts.bulks == 1
        assert one.stored() == list(range(600))
