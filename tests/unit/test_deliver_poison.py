"""A hit on which Matomo fails is refused alone; a failure of the server itself loses no hit."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from delivery_parts import Row
from delivery_sender import BATCH, SETTLE, TIMEOUT, Bench, bench, hits

from mtc.core.deliveries import BatchId, BatchStatus
from mtc.core.errors import TransientError
from mtc.stages.deliver.lanes import LaneStoppedError, SetAsideError
from tests.fake_matomo.faults import Fault

POISON = "https://www.google.com/search?q[]=x"
ALL = list(range(BATCH))
RECORDED, PLANNED = BatchStatus.RECORDED, BatchStatus.PLANNED


def poisoned(*places: int, count: int = BATCH, visitors: int = 4) -> list[Row]:
    """Hits, on some of which the server fails."""
    return [
        dataclasses.replace(row, referrer=POISON) if at in places else row
        for at, row in enumerate(hits(count, visitors))
    ]


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Bench]:
    """A batch of twelve hits, on one of which the server fails."""
    with bench(tmp_path, poisoned(5)) as made:
        yield made


@pytest.mark.parametrize("visitors", [1, 4, 12])
@pytest.mark.parametrize(
    "places", [(0,), (5,), (11,), (0, 11), (10, 11), (0, 1), (2, 7), (1, 3, 5, 7, 9), (8, 9, 10, 11)]
)
def test_all_other_hits_are_recorded(places: tuple[int, ...], visitors: int, tmp_path: Path) -> None:
    """Each is stored once; failing hits are refused by their positions, and the batch is done."""
    with bench(tmp_path, poisoned(*places, visitors=visitors)) as one:
        ended = one.send()
        assert (ended.status, ended.left, ended.invalid) == (RECORDED, None, len(places))
        assert sorted(ended.refused) == list(places)
        assert one.stored() == [place for place in ALL if place not in places]
        sent = one.batching.hits_of(one.batch)
        assert one.tracker.evidence.failing == {sent[place].pv_id for place in places}


@pytest.mark.parametrize("place", [0, 211, 499])
def test_a_large_batch_needs_few_requests_and_little_time(place: int, tmp_path: Path) -> None:
    """Failed requests are about twice as many as halvings, and none is waited for like a lost answer."""
    with bench(tmp_path, poisoned(place, count=500, visitors=50)) as one:
        failed: list[int] = []
        one.batch_recorder.at_move = lambda batch: failed.append(1) if batch.status is BatchStatus.IN_DOUBT else None
        ended = one.send()
        assert (ended.status, ended.refused) == (RECORDED, (place,))
        assert len(failed) <= 18
        assert one.matomo.posts.bulks <= 30
        assert sum(one.batch_recorder.rests) <= 60
        assert len(one.stored()) == 499


def test_each_piece_is_marked_with_all_remaining_hits_before_it_is_sent(one: Bench) -> None:
    """After a kill every hit is looked up, whether it was sent or not."""

    def check() -> None:
        last = one.batch_recorder.moves[-1][-1] if one.batch_recorder.moves else one.batch
        assert set(one.stored()) | set(last.places) | set(last.refused) == set(ALL)

    one.batch_recorder.at_rest = check
    one.batch_recorder.at_move = lambda _: check()
    one.send()
    check()


@pytest.mark.parametrize("moves", range(1, 30, 2))
def test_the_next_run_settles_a_batch_killed_at_any_fact(moves: int, one: Bench) -> None:
    """Each hit is stored once, and failing hits are refused."""

    def die(_: object) -> None:
        if len(one.batch_recorder.moves) == moves:
            raise KeyboardInterrupt

    one.batch_recorder.at_move = die
    try:
        one.send()
    except KeyboardInterrupt:
        left = one.batch_recorder.moves[-1][-1]
        one.again()
        one.tracker.evidence.__init__()  # type: ignore[misc]
        one.batch_recorder.now += SETTLE + TIMEOUT
        if left.status is not RECORDED:
            assert one.send(left).status is RECORDED
    assert one.stored() == [place for place in ALL if place != 5]


@pytest.mark.parametrize("rests", range(0, 12, 3))
def test_the_next_run_settles_a_batch_stopped_while_waiting(rests: int, one: Bench) -> None:
    """Hits that were accepted meanwhile are not sent again."""
    one.batch_recorder.rests_left = rests
    with pytest.raises(LaneStoppedError):
        one.send()
    left = one.batch_recorder.last
    one.again()
    one.batch_recorder.now += dt.timedelta(seconds=1)
    ended = one.send(left)
    assert (ended.status, ended.refused) == (RECORDED, (5,))
    assert one.stored() == [place for place in ALL if place != 5]


@pytest.mark.parametrize(
    "fault", [Fault.BAD_GATEWAY, Fault.GATEWAY_TIMEOUT, Fault.DATABASE_DOWN, Fault.DROP, Fault.PROXY_PAGE]
)
@pytest.mark.parametrize("after", [0, 2, 7])
def test_an_outage_loses_no_hit(after: int, fault: Fault, one: Bench) -> None:
    """An outage may begin in the middle of the bisection; the same batch is settled after it."""
    one.matomo.faults.well(after)
    one.matomo.faults.always(fault)
    with pytest.raises(TransientError):
        one.send()
    left = one.batch_recorder.last
    assert left.status is PLANNED
    assert set(left.refused) <= {5}
    assert one.matomo.posts.bulks <= after + 8
    one.matomo.faults.clear()
    one.matomo.faults.happened.clear()
    one.again()
    ended = one.send(left)
    assert (ended.status, ended.refused) == (RECORDED, (5,))
    assert one.stored() == [place for place in ALL if place != 5]


def test_a_batch_of_only_failing_hits_waits_for_another_batch(tmp_path: Path) -> None:
    """Alone it looks like an outage; it is settled after other hits were accepted."""
    with bench(tmp_path, poisoned(*range(12), count=24), size=12) as one:
        bad, good = one.batching.batches()
        requests = [one.batching.requests(BatchId(0, number), 1)[0] for number in range(2)]
        with pytest.raises(SetAsideError) as caught:
            one.sender.send(bad, requests[0])
        assert one.batch_recorder.last.status is PLANNED
        assert caught.value.batch.places == tuple(range(12))
        one.sender.send(good, requests[1])
        one.sender.send(caught.value.batch, requests[0], last=True)
        one.sender.flush()
        assert (one.batch_recorder.last.status, sorted(one.batch_recorder.last.refused)) == (RECORDED, ALL)
        assert len(one.matomo.hits(1)) == 12


def test_after_one_unsettled_batch_the_next_failing_batch_stops_the_delivery(tmp_path: Path) -> None:
    """A server that is down does not get new requests for each batch."""
    with bench(tmp_path, hits(36), size=12) as one:
        one.matomo.faults.always(Fault.DATABASE_DOWN)
        first, second, _ = one.batching.batches()
        with pytest.raises(SetAsideError):
            one.sender.send(first, one.requests)
        before = one.matomo.posts.bulks
        with pytest.raises(TransientError):
            one.sender.send(second, one.batching.requests(second.id, 1)[0])
        assert one.matomo.posts.bulks == before + 1


@pytest.mark.parametrize("fault", [Fault.DATABASE_DOWN, Fault.BAD_GATEWAY])
def test_an_intermittent_server_loses_no_hit(fault: Fault, tmp_path: Path) -> None:
    """It fails on one batch, accepts another, and then fails for good: the hits were not the cause."""
    with bench(tmp_path, hits(24), size=12) as one:
        one.matomo.faults.next(fault, count=5)
        one.matomo.faults.well(1)
        one.matomo.faults.always(fault)
        first, second = one.batching.batches()
        with pytest.raises(SetAsideError) as caught:
            one.sender.send(first, one.requests)
        one.sender.send(second, one.batching.requests(second.id, 1)[0])
        with pytest.raises(TransientError):
            one.sender.send(caught.value.batch, one.requests, last=True)
        assert (one.batch_recorder.last.status, one.batch_recorder.last.refused) == (PLANNED, ())
        assert one.batch_recorder.last.places == tuple(ALL)


def test_a_single_failing_hit_is_settled_after_other_hits_of_the_site_were_accepted(tmp_path: Path) -> None:
    """Its batch has no other hit: the step fails, and is retried after the next day's step."""
    with bench(tmp_path, poisoned(0, count=1)) as one:
        with pytest.raises(TransientError, match="empty"):
            one.send()
        assert one.matomo.posts.bulks == 3
        left = one.batch_recorder.last
        one.again()
        one.tracker.evidence.count_stored(1)
        ended = one.send(left)
        assert (ended.status, ended.refused) == (RECORDED, (0,))
        assert one.matomo.hits(1) == []
