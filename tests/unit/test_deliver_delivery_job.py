"""A step's deliveries are cut and recorded before anything is sent, and continue wherever they were stopped."""

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from delivery_parts import NOON, Row, write_part, write_parts
from delivery_sender import AGENT
from import_step import database
from memory_recorder import MemoryRecorder
from pydantic import SecretStr
from scripted_http import Answer, Asked, as_json, running
from stored import deliveries_of

from mtc.core.deliveries import BatchStatus, DeliveredObject, Delivery, DeliveryStatus
from mtc.core.errors import InterruptedRunError, PermanentError, StateError
from mtc.core.model import LoadedObject, StepId
from mtc.engine.step_tracker import record_delivery
from mtc.formats.settings import Filters
from mtc.manifest.models import Source
from mtc.manifest.project import SiteSettings
from mtc.matomo.settings import Matomo
from mtc.stages.deliver.delivery_job import Deliverer
from mtc.stages.deliver.step_delivery import DeliveryJob, DeliverySummary
from mtc.stages.deliver.tracker import MatomoTracker
from mtc.stages.stage import BatchesMoved, DeliveryCut, DeliveryEnded, Fact, ObjectCarried, ResendAllowed
from mtc.state.store import Store
from tests.fake_matomo.faults import Fault
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import SUPER, VIEW

STEP, NEXT = StepId.parse("import:docs:2026-05-01"), StepId.parse("import:docs:2026-05-02")
SECOND = dt.timedelta(seconds=1)


def rows(count: int = 30, object_: str = "o1", *, visitors: int = 5, begin: int = 0) -> list[Row]:
    """Hits of some visitors at intervals of a second."""
    return [
        Row(object_, at + 1, NOON + (begin + at) * SECOND, f"192.0.2.{at % visitors}", path=f"/{at}", user_agent=AGENT)
        for at in range(count)
    ]


@dataclass(slots=True)
class StateRecorder:
    """Writes every fact to a real state file. `fails_at` is the number of the recording that finds the disk full."""

    store: Store
    fails_at: int = -1
    stops_at: int = -1
    facts: list[Fact] = field(default_factory=list)
    calls: int = 0
    at_fact: Callable[[Fact], None] = lambda _: None

    def record(self, *facts: Fact) -> None:
        """Record all of the facts or none."""
        self.calls += 1
        if self.calls == self.fails_at:
            raise StateError("the disk is full")
        with self.store.transaction():
            for fact in facts:
                assert isinstance(fact, ObjectCarried | ResendAllowed | DeliveryCut | BatchesMoved | DeliveryEnded)
                record_delivery(self.store, fact, run="r1", at=NOON)
                self.at_fact(fact)
        self.facts += facts

    def progress(self, *, size: int = 0, lines: int = 0) -> None:
        """Ignore the progress."""

    def check(self) -> None:
        """Stop after a given number of recordings."""
        if 0 <= self.stops_at <= self.calls:
            raise InterruptedRunError(2)


@dataclass(slots=True)
class DeliveryRig:
    """A deliverer, its server and its state."""

    matomo: FakeMatomo
    folder: Path
    store: Store
    deliverer: Deliverer
    site: SiteSettings
    recorder: StateRecorder

    @property
    def job(self) -> DeliveryJob:
        """The delivery job of the first day."""
        return DeliveryJob(self.site, STEP, self.recorder)

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """What is recorded about the day."""
        return deliveries_of(self.store, STEP)

    def load(self, **files: Sequence[Row]) -> tuple[LoadedObject, ...]:
        """Write part files with these rows."""
        return write_parts(self.folder, files)

    def again(self, *, batch: int = 4) -> None:
        """A later run, with a new deliverer and recorder."""
        self.deliverer = deliverer_at(self.matomo.url, self.folder, batch=batch)
        self.recorder = StateRecorder(self.store)

    def stored(self) -> Counter[tuple[str, int]]:
        """Path and second of every hit on the server."""
        return Counter((hit.url.rpartition("/")[2], hit.time) for hit in self.matomo.hits(1))


def settings_at(url: str, token: str = SUPER, *, batch: int = 4, jobs: int = 2) -> Matomo:
    """The settings of a server as a manifest has them."""
    return Matomo(url=url, token=SecretStr(token), settle="1s", timeout="5s", batch=batch, jobs=jobs)


def deliverer_at(url: str, folder: Path, token: str = SUPER, *, batch: int = 4, jobs: int = 2) -> Deliverer:
    """A deliverer to a server."""
    tracker = MatomoTracker(settings_at(url, token, batch=batch, jobs=jobs), folder, lambda: dt.datetime.now(dt.UTC))
    return Deliverer(tracker, folder, lambda: database().cursor())


def site_at(url: str, name: str = "docs", number: int = 1) -> SiteSettings:
    """A site of the manifest."""
    source = Source.model_validate({"url": "logs/{site}/{date:%Y-%m-%d}*"})
    return SiteSettings(
        name, f"https://{name}.example.org", "UTC", source, None, Filters(), number, matomo=settings_at(url)
    )


@contextmanager
def rig_in(folder: Path, token: str = SUPER) -> Iterator[DeliveryRig]:
    """An empty server and an empty state."""
    with FakeMatomo() as matomo, Store.open(folder / "state.db") as store:
        deliverer = deliverer_at(matomo.url, folder, token)
        made = DeliveryRig(matomo, folder, store, deliverer, site_at(matomo.url), StateRecorder(store))
        yield made
        made.deliverer.tracker.client.close()
        assert matomo.errors == []
        assert matomo.doubles() == {}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[DeliveryRig]:
    """An empty server and an empty state in a temporary folder."""
    with rig_in(tmp_path) as made:
        yield made


def test_the_cut_is_recorded_before_the_first_hit_is_sent(rig: DeliveryRig) -> None:
    """The record has everything that is needed to make the same batches again."""
    loaded = rig.load(a=rows(30), b=rows(5, "o2"))
    seen: list[int] = []
    rig.recorder.at_fact = lambda fact: seen.append(rig.matomo.posts.bulks) if isinstance(fact, DeliveryCut) else None
    delivered = rig.deliverer.deliver(rig.job, 1, loaded)
    assert seen == [0]
    cut = next(fact for fact in rig.recorder.facts if isinstance(fact, DeliveryCut)).delivery
    assert (cut.number, cut.server, cut.site_id, cut.hits) == (1, rig.matomo.url.removeprefix("http://"), 1, 35)
    assert cut.objects == tuple(map(DeliveredObject.of, loaded))
    assert (cut.cut.lanes, cut.cut.size, cut.cut.until.microsecond) == (2, 4, 0)
    assert sum(batch.hits for batch in cut.batches) == 35
    assert {batch.status for batch in cut.batches} == {BatchStatus.PLANNED}
    assert delivered == DeliverySummary(hits=35)
    assert delivered.figures == {"delivered": 35}
    assert [one.status for one in rig.deliveries] == [DeliveryStatus.DONE]
    assert sum(rig.stored().values()) == 35


def test_two_cuts_never_make_the_same_ids(rig: DeliveryRig) -> None:
    """Hits that are sent again on request can be told from those sent before."""
    loaded = rig.load(a=rows(3))
    for number in (1, 2):
        rig.deliverer.deliver(rig.job, number, loaded)
    assert len({one.cut.uid for one in rig.deliveries}) == 2
    assert set(rig.stored().values()) == {2}
    assert rig.matomo.doubles() == {}


@pytest.mark.parametrize(("hits", "lanes"), [(1, 1), (4, 1), (5, 2), (400, 3)])
def test_there_are_no_more_lanes_than_batches_or_jobs(hits: int, lanes: int, rig: DeliveryRig) -> None:
    """A lane for a few hits would only cost a request."""
    rig.deliverer = deliverer_at(rig.matomo.url, rig.folder, jobs=3)
    rig.deliverer.deliver(rig.job, 1, rig.load(a=rows(hits)))
    assert rig.deliveries[0].cut.lanes == lanes


def test_an_empty_delivery_sends_and_records_nothing(rig: DeliveryRig) -> None:
    """A run without new hits needs no server."""
    assert rig.deliverer.deliver(rig.job, 1, ()) == DeliverySummary()
    assert rig.deliverer.finish(rig.job, (), ()) == (DeliverySummary(), ())
    assert rig.recorder.calls == 0
    assert rig.matomo.posts.calls == {}


def test_objects_without_hits_are_delivered_at_once(rig: DeliveryRig) -> None:
    """They are recorded as delivered."""
    (empty,) = rig.load(a=rows(1))
    rig.deliverer.deliver(rig.job, 1, (dataclasses.replace(empty, parts=()),))
    assert [(one.status, one.hits) for one in rig.deliveries] == [(DeliveryStatus.DONE, 0)]
    assert rig.matomo.posts.bulks == 0


@pytest.mark.parametrize("fails_at", range(1, 12))
def test_a_run_that_ends_at_any_recording_is_continued(fails_at: int, rig: DeliveryRig) -> None:
    """Sent but unrecorded hits are found; each hit is stored once, in the same visits as without the interruption."""
    loaded = rig.load(a=rows(22))
    rig.recorder.fails_at = fails_at
    try:
        rig.deliverer.deliver(rig.job, 1, loaded)
    except StateError:
        assert not rig.deliveries or rig.deliveries[0].status is DeliveryStatus.OPEN
    rig.again()
    opened = [one for one in rig.deliveries if one.status is DeliveryStatus.OPEN]
    _, left = rig.deliverer.finish(rig.job, opened, loaded)
    assert left == ()
    if not rig.deliveries:
        rig.deliverer.deliver(rig.job, 1, loaded)
    assert [one.status for one in rig.deliveries] == [DeliveryStatus.DONE]
    assert set(rig.stored().values()) == {1}
    assert len(rig.stored()) == 22
    assert sorted(visit.actions for visit in rig.matomo.visits(1)) == [4, 4, 4, 5, 5]


@pytest.mark.parametrize("stops_at", [0, 1, 3, 6])
def test_a_run_that_is_asked_to_stop_ends_between_batches(stops_at: int, rig: DeliveryRig) -> None:
    """Nothing is in doubt then; the next run sends the remaining batches."""
    loaded = rig.load(a=rows(60))
    rig.recorder.stops_at = stops_at
    with pytest.raises(InterruptedRunError):
        rig.deliverer.deliver(rig.job, 1, loaded)
    for one in rig.deliveries:
        assert {batch.status for batch in one.batches} <= {BatchStatus.PLANNED, BatchStatus.RECORDED}
    rig.again()
    opened = rig.deliveries
    delivered, left = rig.deliverer.finish(rig.job, opened, loaded)
    assert (delivered.hits, left) == ((60 if opened else 0), ())
    assert set(rig.stored().values()) <= {1}
    assert len(rig.stored()) == delivered.hits


def stopped(rig: DeliveryRig, loaded: Sequence[LoadedObject], *, after: int = 3) -> tuple[Delivery, ...]:
    """Stop a delivery after a number of recordings, then run again; return the deliveries open in between."""
    rig.recorder.stops_at = after
    with pytest.raises(InterruptedRunError):
        rig.deliverer.deliver(rig.job, 1, loaded)
    rig.again()
    return rig.deliveries


def test_changed_settings_do_not_change_a_cut(rig: DeliveryRig) -> None:
    """Another batch size or number of lanes applies to the next delivery."""
    loaded = rig.load(a=rows(40))
    opened = stopped(rig, loaded)
    rig.again(batch=100)
    rig.deliverer.finish(rig.job, opened, loaded)
    assert set(rig.stored().values()) == {1}
    assert len(rig.stored()) == 40


def test_an_object_that_is_listed_twice_counts_once(rig: DeliveryRig) -> None:
    """The list may have it before and after it was archived."""
    loaded = rig.load(a=rows(40))
    opened = stopped(rig, loaded)
    again = [dataclasses.replace(item, archived="archive/o1.log") for item in loaded]
    _, left = rig.deliverer.finish(rig.job, opened, [*loaded, *again])
    assert left == ()
    assert len(rig.stored()) == 40


def test_a_delivery_waits_for_missing_parts(rig: DeliveryRig) -> None:
    """Nothing is sent if an object is no longer loaded, has another version, or its part file is missing."""
    loaded = rig.load(a=rows(20), b=rows(20, "o2", begin=20))
    opened = stopped(rig, loaded)
    before = rig.matomo.posts.bulks
    other = dataclasses.replace(loaded[0], object_id="o9")
    for listed in ((), loaded[:1], (other, loaded[1])):
        assert rig.deliverer.finish(rig.job, opened, listed) == (DeliverySummary(), opened)
    part = rig.folder / loaded[1].parts[0].file
    content = part.read_bytes()
    part.unlink()
    assert rig.deliverer.finish(rig.job, opened, loaded) == (DeliverySummary(), opened)
    assert rig.matomo.posts.bulks == before
    part.write_bytes(content)
    assert rig.deliverer.finish(rig.job, opened, loaded)[1] == ()
    assert sum(rig.stored().values()) == 40


def test_changed_parts_stop_the_delivery_of_their_day_only(rig: DeliveryRig) -> None:
    """It would be unknown which hits were sent; other days of the site continue."""
    loaded = rig.load(a=rows(20))
    opened = stopped(rig, loaded)
    before = rig.matomo.posts.bulks
    write_part(rig.folder / loaded[0].parts[0].file, rows(19))
    with pytest.raises(PermanentError, match="not what they were when it was cut"):
        rig.deliverer.finish(rig.job, opened, loaded)
    assert rig.matomo.posts.bulks == before
    other = rig.load(c=rows(3, "o3", begin=50))
    rig.deliverer.deliver(DeliveryJob(rig.site, NEXT, rig.recorder), 1, other)
    assert rig.matomo.posts.bulks == before + 1


def test_hits_that_cannot_be_sent_are_reported_by_the_run_that_ends_the_delivery(rig: DeliveryRig) -> None:
    """They are in its receipt."""
    future = dataclasses.replace(rows(1)[0], line=99, ts=dt.datetime(2091, 1, 1, tzinfo=dt.UTC))
    loaded = rig.load(a=[*rows(20), future])
    opened = stopped(rig, loaded)
    assert (opened[0].hits, opened[0].unsendable) == (20, 1)
    delivered, _ = rig.deliverer.finish(rig.job, opened, loaded)
    assert delivered.figures == {"delivered": 20, "unsendable": 1}
    assert delivered.notes == ("not sent, as Matomo would not keep its time: o1.log line 99",)


def test_a_refusal_by_the_server_stops_all_days_of_the_site_and_no_other_site(rig: DeliveryRig) -> None:
    """Later days fail with the first error, without another request."""
    loaded = rig.load(a=rows(3))
    rig.matomo.faults.next(Fault.MAINTENANCE)
    with pytest.raises(PermanentError) as first:
        rig.deliverer.deliver(rig.job, 1, loaded)
    asked = rig.matomo.posts.bulks
    with pytest.raises(PermanentError) as second:
        rig.deliverer.deliver(DeliveryJob(rig.site, NEXT, rig.recorder), 1, loaded)
    assert second.value is first.value
    assert rig.matomo.posts.bulks == asked
    shop = dataclasses.replace(site_at(rig.matomo.url, "shop", 2), zone="Europe/Paris")  # as in Matomo
    rig.deliverer.deliver(DeliveryJob(shop, StepId.parse("import:shop:2026-05-01"), rig.recorder), 1, loaded)
    assert len(rig.matomo.hits(2)) == 3


def test_a_token_without_rights_stops_the_site_before_a_cut(tmp_path: Path) -> None:
    """No delivery is recorded that a later run would have to continue."""
    with rig_in(tmp_path, VIEW) as rig:
        for step in (STEP, NEXT):
            with pytest.raises(PermanentError, match="may only view"):
                rig.deliverer.deliver(DeliveryJob(rig.site, step, rig.recorder), 1, rig.load(a=rows(3)))
        assert rig.recorder.calls == 0
        assert rig.matomo.posts.calls["SitesManager.getSitesIdWithAtLeastViewAccess"] == 1


def test_hits_that_matomo_calls_invalid_are_reported_with_their_lines(tmp_path: Path) -> None:
    """All are counted, and the first twenty are named."""

    def answer(asked: Asked) -> Answer:
        if "/matomo.php" in asked.path:
            invalid = list(range(1, 25))
            return as_json({"status": "success", "tracked": 6, "invalid": 24, "invalid_indices": invalid})
        if "getBulkRequest" in asked.form["method"]:
            return as_json([[1], [], [1], [{"idsite": 1}]])
        return as_json({"idsite": 1, "name": "docs", "main_url": "https://docs.example.org", "timezone": "UTC"})

    with running(answer) as script:
        deliverer = deliverer_at(script.url, tmp_path, batch=100)
        loaded = write_parts(tmp_path, {"a": rows(30, visitors=1)})
        delivered = deliverer.deliver(DeliveryJob(site_at(script.url), STEP, MemoryRecorder()), 1, loaded)
        deliverer.tracker.client.close()
    assert delivered.figures == {"delivered": 30, "invalid": 24}
    assert len(delivered.notes) == 20
    assert delivered.notes[0] == "refused by Matomo: o1.log line 2"


def test_results_of_steps_are_added_up() -> None:
    """This applies to counts and notes."""
    total = DeliverySummary(3, 1, 0, ("a",)) + DeliverySummary(4, 0, 2, ("b",))
    assert total == DeliverySummary(7, 1, 2, ("a", "b"))
    assert total.figures == {"delivered": 7, "invalid": 1, "unsendable": 2}
    assert DeliverySummary().figures == {}


# The first batch of a day

MIDNIGHT = 12 * 3600
"""In seconds after noon."""


@pytest.mark.parametrize("jobs", [1, 2, 4])
def test_a_day_has_only_one_first_batch_in_flight(jobs: int, tmp_path: Path) -> None:
    """Each day starts with a single batch, followed by as many as allowed; later deliveries follow the same rule."""
    with rig_in(tmp_path) as rig:
        rig.deliverer = deliverer_at(rig.matomo.url, tmp_path, batch=3, jobs=jobs)
        rig.matomo.faults.always(Fault.SLOW, seconds=0.02)
        new = rig.load(a=rows(40, visitors=8, begin=MIDNIGHT - 20))
        rig.deliverer.deliver(rig.job, 1, new)
        more = rig.load(b=rows(30, "o2", visitors=8, begin=2 * MIDNIGHT - 15))
        rig.deliverer.deliver(rig.job, 2, more)
        assert rig.matomo.backend.store.collisions == 0
        assert len(rig.matomo.hits(1)) == 70
        assert {visit.day.day for visit in rig.matomo.visits(1)} == {1, 2}
        assert rig.matomo.posts.peak == jobs


def test_a_first_batch_of_an_earlier_run_is_settled_before_others_are_sent(tmp_path: Path) -> None:
    """The server may still be processing it."""
    with rig_in(tmp_path) as rig:
        new = rig.load(a=rows(40, visitors=8))

        def die(fact: Fact) -> None:
            if isinstance(fact, BatchesMoved) and fact.batches[-1].status is BatchStatus.IN_DOUBT:
                raise StateError("the disk is full")

        rig.recorder.at_fact = die
        rig.matomo.faults.next(Fault.DROP_THEN_COMMIT)
        rig.matomo.scheduler.hold()
        with pytest.raises(StateError):
            rig.deliverer.deliver(rig.job, 1, new)
        rig.again()
        clock = rig.deliverer.tracker.clock

        def while_it_looks() -> dt.datetime:
            if rig.matomo.posts.calls["Live.getLastVisitsDetails"]:
                rig.matomo.scheduler.release()
            return clock()

        rig.deliverer.tracker.clock = while_it_looks
        rig.deliverer.finish(rig.job, rig.deliveries, new)
        moves = [batch for fact in rig.recorder.facts if isinstance(fact, BatchesMoved) for batch in fact.batches]
        assert moves[0].status is BatchStatus.RECORDED
        assert {move.id.lane for move in moves} == {0, 1}
        assert rig.matomo.backend.store.collisions == 0
        assert len(rig.matomo.hits(1)) == 40
