"""The life of a batch: how each answer of the server is handled, and what is recorded before the next step."""

import dataclasses
import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from delivery_sender import BATCH, SETTLE, TIMEOUT, Bench, bench, hits
from scripted_http import Answer, as_json, running

from mtc.core.deliveries import BatchStatus
from mtc.core.errors import PermanentError, TransientError
from mtc.matomo.client import LookupUnsureError, MatomoClient
from mtc.stages.deliver.lanes import LaneStoppedError
from mtc.stages.deliver.tracker import server_of
from tests.fake_matomo.faults import Fault
from tests.fake_matomo.settings import SUPER, VIEW, WRITE, Settings

PLANNED, SENDING = BatchStatus.PLANNED, BatchStatus.SENDING
IN_DOUBT, RECORDED = BatchStatus.IN_DOUBT, BatchStatus.RECORDED
ALL = list(range(BATCH))


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Bench]:
    """A batch of twelve hits of four visitors, and an empty server."""
    with bench(tmp_path) as made:
        yield made


def with_bad_site(requests: list[str], *places: int) -> list[str]:
    """The requests, some of them invalid: their site does not exist in Matomo."""
    return [text.replace("?idsite=1&", "?idsite=99&") if at in places else text for at, text in enumerate(requests)]


def test_a_batch_is_marked_before_it_is_sent_and_recorded_when_it_was_accepted(one: Bench) -> None:
    """Every hit that the server may have is covered by a mark."""
    seen: list[int] = []
    one.batch_recorder.at_move = lambda batch: seen.append(one.matomo.posts.bulks) if batch.status is SENDING else None
    ended = one.send()
    assert one.batch_recorder.statuses == [SENDING, RECORDED]
    assert seen == [0], "the mark came first"
    assert ended == dataclasses.replace(one.batch, status=RECORDED, moved=one.batch_recorder.now)
    assert one.stored() == ALL
    assert one.batch_recorder.rests == []


def test_the_record_of_a_batch_is_written_with_the_next_mark(one: Bench) -> None:
    """Both are one transaction; `flush` writes the record of the last batch."""
    one.sender.send(one.batch, one.requests)
    assert one.batch_recorder.statuses == [SENDING]
    one.sender.send(one.batch, with_bad_site(one.requests, *ALL))
    assert [[moved.status for moved in call] for call in one.batch_recorder.moves] == [[SENDING], [RECORDED, SENDING]]
    one.sender.flush()
    one.sender.flush()
    assert [moved.status for moved in one.batch_recorder.moves[-1]] == [RECORDED]
    assert len(one.batch_recorder.moves) == 3


@pytest.mark.parametrize("fault", [Fault.TOO_MANY, Fault.UNAVAILABLE])
def test_a_batch_that_was_surely_not_stored_is_planned_and_sent_again_after_a_pause(fault: Fault, one: Bench) -> None:
    """No look-up is needed; fewer requests run at once from then on."""
    one.matomo.faults.next(fault, count=2, retry_after="0")
    ended = one.send()
    assert one.batch_recorder.statuses == [SENDING, PLANNED, SENDING, PLANNED, SENDING, RECORDED]
    assert ended.status is RECORDED
    assert one.stored() == ALL
    assert one.batch_recorder.rests == [0.5, 1.0]
    assert one.tracker.client.limiter.width == 1
    assert one.matomo.posts.calls == {}


@pytest.mark.parametrize(("fault", "sent"), [(Fault.TOO_MANY, 8), (Fault.DATABASE_DOWN, 5), (Fault.BAD_GATEWAY, 5)])
def test_a_server_that_never_accepts_the_batch_ends_the_attempt(fault: Fault, sent: int, one: Bench) -> None:
    """The batch is planned and the error transient; an answer that leaves doubt is retried less often."""
    one.matomo.faults.always(fault, retry_after="0")
    with pytest.raises(TransientError) as caught:
        one.send()
    assert caught.value.where == one.matomo.url
    assert one.batch_recorder.last.status is PLANNED
    assert one.matomo.posts.bulks == sent
    assert max(one.batch_recorder.rests) <= 10
    assert one.stored() == []


def test_a_hit_that_is_lost_repeatedly_ends_the_attempt(one: Bench) -> None:
    """The database never gets its lock; the other hits of the batch are not sent again."""
    for _ in range(20):
        one.matomo.faults.next(Fault.LOCK_WAIT, hit=0)
    with pytest.raises(TransientError, match="named none invalid"):
        one.send(requests=one.requests[:2], batch=dataclasses.replace(one.batch, left=(0, 1)))
    assert one.stored() == [1]


def test_an_access_error_is_looked_up_before_it_is_reported(tmp_path: Path) -> None:
    """Matomo may refuse whole bulk requests: no hit was stored, and the fix is reported after one attempt."""
    error = as_json({"status": "error", "tracked": 0, "message": "token_auth is not valid"}, 500)
    with bench(tmp_path) as one, running(lambda asked: error if "/matomo.php" in asked.path else as_json([])) as script:
        settings = one.tracker.settings.model_copy(update={"url": script.url})
        one.tracker.client.server = server_of(settings, Path("/"))
        one.tracker.client = MatomoClient(one.tracker.client.server, environ={})
        with one.tracker.client, pytest.raises(PermanentError) as caught:
            one.send()
        assert "matomo.token" in caught.value.hint
        assert one.batch_recorder.statuses == [SENDING, IN_DOUBT, PLANNED]
        assert sum(one.batch_recorder.rests) == SETTLE.total_seconds() / 12, "the server is done with it"


def test_a_refused_connection_leaves_no_doubt(one: Bench) -> None:
    """No hit can have reached the server."""
    one.matomo.close()
    with pytest.raises(TransientError):
        one.send()
    assert set(one.batch_recorder.statuses) == {SENDING, PLANNED}
    assert one.batch_recorder.last.status is PLANNED


def test_the_server_may_ask_for_a_pause_before_anything_is_sent(one: Bench) -> None:
    """`Retry-After` pauses the lane, which may be stopped meanwhile; the batch stays planned."""
    one.matomo.faults.next(Fault.TOO_MANY, retry_after="600")
    one.batch_recorder.rests_left = 1  # mtc's own pause, then the server's
    with pytest.raises(LaneStoppedError):
        one.send()
    assert one.batch_recorder.statuses == [SENDING, PLANNED]
    assert one.tracker.client.limiter.pause_left() > 500
    assert one.matomo.posts.bulks == 1


def test_results_are_reported_before_a_lane_waits_for_its_turn(one: Bench) -> None:
    """Otherwise they would be lost if the run is killed while it waits."""
    one.tracker.client.limiter.slow_down()
    one.tracker.client.limiter.slow_down()  # room for one
    one.sender.send(one.batch, one.requests)
    recorded = threading.Event()
    one.batch_recorder.at_move = lambda batch: recorded.set() if batch.status is RECORDED else None
    with one.tracker.client.limiter:  # another lane's request
        thread = threading.Thread(target=one.send, args=(one.batch, with_bad_site(one.requests, *ALL)))
        thread.start()
        assert recorded.wait(5)
        assert one.batch_recorder.statuses == [SENDING, RECORDED]
    thread.join()


# Invalid hits


@pytest.mark.parametrize("token", [SUPER, WRITE])
def test_invalid_hits_are_counted_and_reported(token: str, tmp_path: Path) -> None:
    """Without read access the invalid hits are those that are missing. The batch is recorded without them."""
    with bench(tmp_path, token=token) as one:
        ended = one.send(requests=with_bad_site(one.requests, 3, 7))
        assert (ended.status, ended.invalid) == (RECORDED, 2)
        assert ended.refused == (3, 7)
        assert one.stored() == [place for place in ALL if place not in {3, 7}]
        assert one.matomo.posts.bulks == 1


def test_invalid_hits_are_not_guessed_when_more_hits_are_missing(tmp_path: Path) -> None:
    """One hit is invalid and another was counted but not stored: it is unknown which is which."""
    with bench(tmp_path, token=WRITE) as one:
        requests = with_bad_site(one.requests, 3)
        requests[7] = requests[7].replace("&rec=1&", "&rec=0&")
        ended = one.send(requests=requests)
        assert (ended.status, ended.invalid, ended.refused) == (RECORDED, 1, ())


def test_a_batch_of_only_invalid_hits_is_recorded_when_token_and_site_are_valid(one: Bench) -> None:
    """It looks like a wrong token, so the server is asked."""
    ended = one.send(requests=with_bad_site(one.requests, *ALL))
    assert (ended.status, ended.invalid, ended.refused) == (RECORDED, BATCH, tuple(ALL))
    assert one.matomo.posts.calls["SitesManager.getSiteFromId"] == 1
    assert one.stored() == []


def test_a_revoked_token_stops_the_delivery_and_the_batch_stays_planned(tmp_path: Path) -> None:
    """No hit was stored, so nothing is in doubt."""
    with bench(tmp_path, token=VIEW) as one:
        with pytest.raises(PermanentError, match="may only view site 1"):
            one.send()
        assert one.stored() == []
        assert one.batch_recorder.statuses == [SENDING, PLANNED]
        assert VIEW not in repr(one.tracker)


@pytest.mark.parametrize(
    ("fault", "said"), [(Fault.MAINTENANCE, "record_statistics"), (Fault.REDIRECT, "set matomo.url to")]
)
def test_a_server_that_refuses_the_batch_stops_the_delivery(fault: Fault, said: str, one: Bench) -> None:
    """The error has a fix; the batch is planned, not in doubt."""
    one.matomo.faults.next(fault)
    with pytest.raises(PermanentError) as caught:
        one.send()
    assert said in caught.value.hint
    assert one.batch_recorder.statuses == [SENDING, PLANNED]
    assert one.matomo.posts.bulks == 1


# Hits lost one by one


@pytest.mark.parametrize("place", [0, 5, BATCH - 1])
def test_a_hit_lost_to_a_lock_wait_is_sent_again_alone(place: int, one: Bench) -> None:
    """The answer says how many hits are lost, the look-up which ones."""
    one.matomo.faults.next(Fault.LOCK_WAIT, hit=place)
    ended = one.send()
    assert one.batch_recorder.statuses == [SENDING, PLANNED, SENDING, RECORDED]
    (planned,) = one.batch_recorder.moves[1]
    assert planned.left == (place,)
    assert (ended.left, ended.invalid) == (None, 0)
    assert one.stored() == ALL
    assert one.matomo.posts.requests == BATCH + 1


def test_a_hit_may_be_lost_more_than_once(one: Bench) -> None:
    """First in a batch, then alone, where the answer looks the same as when statistics are switched off."""
    one.matomo.faults.next(Fault.LOCK_WAIT, hit=4)
    one.matomo.faults.next(Fault.DEADLOCK_KEEPS_NONE)
    ended = one.send()
    assert ended.status is RECORDED
    assert one.stored() == ALL


@pytest.mark.parametrize("token", [SUPER, WRITE])
def test_a_lost_hit_among_invalid_ones_is_found(token: str, tmp_path: Path) -> None:
    """Hits are sent until they are stored or reported invalid; none is stored or counted twice."""
    with bench(tmp_path, token=token) as one:
        one.matomo.faults.next(Fault.LOCK_WAIT, hit=4)
        ended = one.send(requests=with_bad_site(one.requests, 2, 9))
        assert one.stored() == [place for place in ALL if place not in {2, 9}]
        assert (ended.status, ended.invalid, ended.left) == (RECORDED, 2, None)
        assert ended.refused == (2, 9)


def test_lost_hits_of_a_visit_that_is_not_listed_whole_are_not_guessed(tmp_path: Path) -> None:
    """An error with a fix is raised instead of counting a hit twice; a later run still knows that one is lost."""
    with bench(tmp_path, hits(BATCH, visitors=1), settings=Settings(action_limit=5)) as one:
        one.matomo.faults.next(Fault.LOCK_WAIT, hit=3)
        for _ in range(2):
            with pytest.raises(LookupUnsureError) as caught:
                one.send(one.batch if not one.batch_recorder.moves else one.batch_recorder.last)
            assert "visitor_log_maximum_actions_per_visit" in caught.value.hint
            one.batch_recorder.now += SETTLE + TIMEOUT
        assert one.batch_recorder.statuses == [SENDING, IN_DOUBT]
        assert one.batch_recorder.last.left == (3, *range(6, BATCH)), "the first five are listed"
        assert one.matomo.posts.bulks == 1


# Answers without information; see also test_deliver_doubt.py


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b'{"status":"success","tracked":13,"invalid":0}'),
        Answer(b'{"status":"success","tracked":-1,"invalid":13}'),
        Answer(b'{"status":"success","tracked":true,"invalid":11}'),
        Answer(b'{"status":"success"}'),
        Answer(b"<html>Welcome", content_type="text/html"),
        Answer(b""),
        Answer(b"\xff\xfe", 418),
        as_json({"status": "error", "tracked": 5}, 502),
    ],
    ids=["more than were sent", "negative", "no number", "no counts", "a page", "nothing", "no words", "a bad gateway"],
)
def test_an_invalid_answer_puts_the_batch_in_doubt(answer: Answer, one: Bench) -> None:
    """Whatever another server answers in Matomo's place, no hit counts as recorded or is sent again unchecked."""
    one.batch_recorder.rests_left = 0
    with running(lambda asked: answer if "/matomo.php" in asked.path else as_json([])) as script:
        settings = one.tracker.settings.model_copy(update={"url": script.url})
        one.tracker.client.server = server_of(settings, Path("/"))
        one.tracker.client = MatomoClient(one.tracker.client.server, environ={})
        with one.tracker.client, pytest.raises(LaneStoppedError):
            one.send()
        assert sum("/matomo.php" in asked.path for asked in script.asked) == 1
    assert one.batch_recorder.statuses == [SENDING, IN_DOUBT]
    assert one.batch_recorder.last.moved == one.batch_recorder.now == one.batch_recorder.now.astimezone(dt.UTC)
