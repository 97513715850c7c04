"""A batch of which nobody knows whether it was recorded: it is looked for, and sent again only when it cannot come."""

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
    """A batch of twelve hits of four visitors, and a server that has nothing."""
    with bench(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    "fault", [Fault.COMMIT_THEN_DROP, Fault.COMMIT_THEN_BAD_GATEWAY, Fault.COMMIT_THEN_GATEWAY_TIMEOUT, Fault.CUT]
)
def test_a_batch_that_is_found_is_recorded(fault: Fault, one: Bench) -> None:
    """At once, and nothing is sent again."""
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
def test_a_batch_that_is_not_found_is_sent_again_when_it_can_no_longer_come(fault: Fault, one: Bench) -> None:
    """`settle` after the answer did not come; it is asked for now and then meanwhile."""
    one.matomo.faults.next(fault)
    begun = one.batch_recorder.now
    one.send()
    assert one.batch_recorder.statuses == [SENDING, IN_DOUBT, PLANNED, SENDING, RECORDED]
    assert one.batch_recorder.moves[2][0].moved == begun + SETTLE
    assert sum(one.batch_recorder.rests) == SETTLE.total_seconds()
    assert max(one.batch_recorder.rests) <= 10
    assert one.stored() == ALL


@pytest.mark.parametrize("fault", [Fault.DROP_THEN_COMMIT, Fault.GATEWAY_TIMEOUT_THEN_COMMIT])
def test_a_batch_that_the_server_is_still_at_work_on_is_waited_for(fault: Fault, one: Bench) -> None:
    """It cannot be seen until it is there."""
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
def test_an_error_of_matomos_own_says_nothing_of_what_is_kept(fault: Fault, visitors: int, tmp_path: Path) -> None:
    """Some hits, none or all: each is looked up, and what is missing is sent again when it can no longer come."""
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
            waits = SETTLE if fault is Fault.DEADLOCK_THEN_DROP else SETTLE / 12  # an error of its own is its end
            assert one.batch_recorder.moves[2][0].moved == begun + waits


@pytest.mark.parametrize("hit", range(BATCH + 1))
def test_wherever_the_database_ends_the_transaction_each_hit_is_stored_once(hit: int, one: Bench) -> None:
    """Also where it does so again, with what was left."""
    for _ in range(2):
        one.matomo.faults.next(Fault.DEADLOCK, hit=hit)
    one.send()
    assert one.stored() == ALL


def test_hits_that_still_come_in_one_by_one_are_waited_for(tmp_path: Path) -> None:
    """A part of the batch is there and seen, and the server at work on the rest: sent again it would be there twice."""
    with bench(tmp_path, hits(BATCH, visitors=1)) as one:
        one.matomo.faults.next(Fault.DEADLOCK_THEN_GATEWAY_TIMEOUT, hit=2)
        one.matomo.scheduler.hold()
        one.batch_recorder.at_rest = lambda: len(one.batch_recorder.rests) in {2, 4} and one.matomo.scheduler.release()
        one.send()
        assert one.batch_recorder.statuses == [SENDING, IN_DOUBT, PLANNED, SENDING, RECORDED]
        assert one.batch_recorder.moves[2][0].left == (0, 1)
        assert one.stored() == ALL


def test_a_deadlock_in_a_visit_that_is_not_listed_whole_is_never_resolved_by_a_guess(tmp_path: Path) -> None:
    """What goes with the rest of a transaction need not go with hits that are stored one by one; nor in a later run."""
    with bench(tmp_path, hits(BATCH, visitors=1), settings=Settings(action_limit=5)) as one:
        one.matomo.faults.next(Fault.DEADLOCK, hit=2)
        for _ in range(2):
            with pytest.raises(LookupUnsureError):
                one.send(one.batch if not one.batch_recorder.moves else one.batch_recorder.last)
            one.batch_recorder.now += TIMEOUT + SETTLE
        assert one.batch_recorder.statuses == [SENDING, IN_DOUBT]
        assert one.batch_recorder.last.left == tuple(ALL)
        assert one.matomo.posts.bulks == 1


def test_a_part_that_is_there_says_nothing_of_what_is_not_listed(tmp_path: Path) -> None:
    """Without an answer a batch is taken for one transaction, but not where the hits that can be told are at odds."""
    rows = hits(600, visitors=1)
    rows[0] = dataclasses.replace(rows[0], ip="198.51.100.7")
    rows[599] = dataclasses.replace(rows[599], ip="198.51.100.8")
    with bench(tmp_path, rows) as one:
        one.store(*range(599))
        with pytest.raises(LookupUnsureError):
            one.send(one.of_an_earlier_run(ago=LONG_AGO))
        assert one.matomo.posts.bulks == 0


@pytest.mark.parametrize("status", [SENDING, IN_DOUBT])
def test_what_an_earlier_run_sent_is_looked_for_before_anything_is_sent(status: BatchStatus, one: Bench) -> None:
    """It died before it knew; the server had taken it."""
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
def test_what_an_earlier_run_sent_may_come_until_the_server_must_have_given_up(
    status: BatchStatus, ago: dt.timedelta | None, waits: dt.timedelta, one: Bench
) -> None:
    """`settle` after its request was given up: at the latest `timeout` after its mark, or when that run died."""
    one.send(one.of_an_earlier_run(status, ago=ago))
    assert one.batch_recorder.statuses == [PLANNED, SENDING, RECORDED]
    assert sum(one.batch_recorder.rests) == pytest.approx(waits.total_seconds())
    assert one.stored() == ALL


@pytest.mark.parametrize("visitors", [1, 4, 12])
@pytest.mark.parametrize("lost", [(0,), (11,), (0, 5), (9, 10, 11)])
def test_of_a_batch_that_is_there_in_part_the_rest_is_sent(
    visitors: int, lost: tuple[int, ...], tmp_path: Path
) -> None:
    """Hits lost to a lock wait, and then the answer with them: each witness may be lost by itself."""
    with bench(tmp_path, hits(BATCH, visitors)) as one:
        one.store(*(place for place in ALL if place not in lost))
        one.send(one.of_an_earlier_run(ago=LONG_AGO))
        assert one.stored() == ALL
        assert one.batch_recorder.statuses == [PLANNED, SENDING, RECORDED]
        (planned,) = one.batch_recorder.moves[0]
        assert planned.left == lost


def test_only_what_was_left_of_a_batch_is_in_doubt(one: Bench) -> None:
    """The others are there already, and say nothing of these."""
    one.store(*(place for place in ALL if place not in {3, 4}))
    earlier = dataclasses.replace(one.of_an_earlier_run(ago=LONG_AGO), left=(3, 4))
    one.send(earlier)
    assert one.batch_recorder.statuses == [PLANNED, SENDING, RECORDED]
    assert one.batch_recorder.moves[0][0].left == (3, 4)
    assert one.stored() == ALL
    assert one.matomo.posts.bulks == 1


def test_invalid_hits_of_an_earlier_try_stay_counted(one: Bench) -> None:
    """They were told, and are not sent again."""
    one.store(*ALL[2:])
    earlier = dataclasses.replace(one.of_an_earlier_run(ago=LONG_AGO), left=tuple(ALL[2:]), invalid=2, refused=(0, 1))
    ended = one.send(earlier)
    assert (ended.status, ended.invalid, ended.refused, ended.left) == (RECORDED, 2, (0, 1), None)


def test_a_lane_that_is_ended_while_it_waits_leaves_the_batch_in_doubt(one: Bench) -> None:
    """The next run goes on waiting, for as long as it still has to."""
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
def test_a_question_that_fails_is_asked_again(fault: Fault, one: Bench) -> None:
    """It changes nothing on the server."""
    one.matomo.faults.next(Fault.COMMIT_THEN_DROP)
    one.matomo.faults.next(fault, on=Place.REPORTS, count=2)
    one.send()
    assert one.batch_recorder.statuses == [SENDING, IN_DOUBT, RECORDED]
    assert one.stored() == ALL


def test_a_server_that_answers_no_question_leaves_the_batch_in_doubt(one: Bench) -> None:
    """The error may pass; nothing is sent."""
    one.matomo.faults.next(Fault.COMMIT_THEN_DROP)
    one.matomo.faults.always(Fault.BAD_GATEWAY, on=Place.REPORTS)
    with pytest.raises(TransientError):
        one.send()
    assert one.batch_recorder.last.status is IN_DOUBT
    assert one.matomo.posts.bulks == 1


def test_a_batch_in_a_visit_that_is_not_listed_whole_is_never_sent_on_a_guess(tmp_path: Path) -> None:
    """More than 500 actions: whether the last of them are there cannot be told, and so is not assumed."""
    doubtful = tuple(range(520, 530))
    with bench(tmp_path, hits(600, visitors=1)) as one:
        one.store(*(place for place in range(600) if place not in doubtful))
        with pytest.raises(LookupUnsureError) as caught:
            one.send(dataclasses.replace(one.of_an_earlier_run(ago=LONG_AGO), left=doubtful))
        assert "visitor_log_maximum_actions_per_visit" in caught.value.hint
        assert one.batch_recorder.moves == []
        assert one.matomo.posts.bulks == 0


def test_hits_behind_the_last_one_of_such_a_visit_are_not_there(tmp_path: Path) -> None:
    """Though not all of its actions are listed, its end is."""
    with bench(tmp_path, hits(600, visitors=1)) as one:
        one.store(*range(520))
        one.send(dataclasses.replace(one.of_an_earlier_run(ago=LONG_AGO), left=tuple(range(520, 600))))
        assert one.batch_recorder.statuses == [PLANNED, SENDING, RECORDED]
        assert one.stored() == list(range(600))


def test_a_visitor_with_few_hits_answers_for_a_batch_of_one_with_many(tmp_path: Path) -> None:
    """The batch is one transaction: found by its shortest visit, all of it is there."""
    rows = hits(600, visitors=1)
    rows[100] = dataclasses.replace(rows[100], ip="198.51.100.7")
    with bench(tmp_path, rows) as one:
        one.matomo.faults.next(Fault.COMMIT_THEN_DROP)
        one.send()
        assert one.batch_recorder.statuses == [SENDING, IN_DOUBT, RECORDED]
        assert one.matomo.posts.bulks == 1
        assert one.stored() == list(range(600))
