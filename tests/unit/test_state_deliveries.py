"""Deliveries in the state file: each transition, what it refuses, and the migration of older files."""

import contextlib
import dataclasses
import datetime as dt
import io
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored import deliveries_of, parts_of

from mtc.core.deliveries import Batch, BatchId, BatchStatus, Cut, DeliveredObject, Delivery, DeliveryStatus
from mtc.core.errors import StateError
from mtc.core.model import Stage, StepId
from mtc.state import schema
from mtc.state.connection import open_for_writing
from mtc.state.store import Store

DAY, NEXT = dt.date(2026, 5, 1), dt.date(2026, 5, 2)
AT = dt.datetime(2026, 5, 2, 6, tzinfo=dt.UTC)
STEP = StepId(Stage.IMPORT, "docs", DAY)
OTHER_DAY, OTHER_SITE = StepId(Stage.IMPORT, "docs", NEXT), StepId(Stage.IMPORT, "shop", DAY)
CUT = Cut("0123456789abcdef", 2, 10, AT)
SERVER = "stats.example.org"


def covered(key: str = "a.log", version: str = "v1", *, object_id: str = "") -> DeliveredObject:
    """An object of a delivery."""
    return DeliveredObject(key, version, object_id or f"{key}-{version}", "made", f"account of {version}")


def delivery(number: int = 1, *keys: str, lanes: int = 2, batches: int = 2) -> Delivery:
    """A delivery that was just cut."""
    cut = [Batch(BatchId(lane, place), 10) for lane in range(lanes) for place in range(batches)]
    objects = tuple(covered(key) for key in keys or ("a.log",))
    return Delivery(number, SERVER, 7, CUT, objects, 10 * len(cut), 3, batches=tuple(cut))


def recorded(batch: Batch, *, invalid: int = 0) -> Batch:
    """The batch with the status recorded."""
    return dataclasses.replace(batch, status=BatchStatus.RECORDED, moved=AT, invalid=invalid)


def end(store: Store, one: Delivery, step: StepId = STEP) -> None:
    """End a delivery."""
    store.batches_moved(step, one.number, map(recorded, one.batches))
    store.delivery_ended(step, one.number, at=AT)


def exported(store: Store, kind: str) -> list[dict[str, Any]]:
    """Return the lines of that kind in an export."""
    stream = io.StringIO()
    store.export(stream)
    return [row for row in map(json.loads, stream.getvalue().splitlines()) if row["kind"] == kind]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a state file."""
    return tmp_path / "state.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """A new state file."""
    with Store.open(path) as made:
        yield made


def test_a_delivery_is_read_as_it_was_cut(store: Store) -> None:
    """It is complete before its first hit is sent; a step without deliveries has none."""
    store.delivery_cut(STEP, delivery(1, "a.log", "b.log"), at=AT)
    assert deliveries_of(store, STEP) == (delivery(1, "a.log", "b.log"),)
    assert deliveries_of(store, OTHER_DAY) == deliveries_of(store, OTHER_SITE) == ()
    assert deliveries_of(store, StepId(Stage.STAT, "docs", DAY)) == ()
    assert store.history(("docs",)).deliveries == {STEP: deliveries_of(store, STEP)}
    assert store.history(("shop",)).deliveries == {}


def test_deliveries_of_many_steps_are_separate(store: Store) -> None:
    """Each has its own objects and batches, ordered by number."""
    for step, number in ((OTHER_SITE, 1), (STEP, 2), (STEP, 1), (OTHER_DAY, 1)):
        store.delivery_cut(step, delivery(number, f"{step.site}{number}", lanes=number), at=AT)
    found = store.history(("docs", "shop")).deliveries
    assert {step: [one.number for one in made] for step, made in found.items()} == {
        STEP: [1, 2], OTHER_DAY: [1], OTHER_SITE: [1],
    }  # fmt: skip
    assert found[STEP][1] == delivery(2, "docs2", lanes=2)
    assert [one.number for one in deliveries_of(store, STEP)] == [1, 2]


texts = st.text(max_size=12) | st.just("caf\udce9.log") | st.just("\x00")
ids = st.text("0123456789abcdef", min_size=1, max_size=20)
moments = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001 - given one
places = st.lists(st.integers(0, 30), max_size=5).map(tuple)
counts = st.integers(0, 1 << 40)
moves = st.builds(
    Batch, st.just(BatchId(0, 0)), st.just(31), st.sampled_from(BatchStatus), st.none() | moments, st.none() | places,
    counts, places,
)  # fmt: skip
cuts = st.builds(
    Delivery,
    st.integers(1, 9),
    texts,
    st.integers(1, 1 << 40),
    st.builds(Cut, ids, st.integers(1, 64), st.integers(1, 5000), moments),
    st.lists(st.builds(DeliveredObject, texts, texts, ids, ids, ids), max_size=3, unique_by=lambda one: one.key).map(
        lambda objects: tuple(sorted(objects, key=lambda one: (is_blob(one.key), one.key)))
    ),
    counts,
    counts,
    batches=st.just((Batch(BatchId(0, 0), 31),)),
)


def is_blob(text: str) -> bool:
    """Whether SQLite stores a text as a BLOB, which sorts after texts."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


@settings(deadline=None, max_examples=30)
@given(cuts, moves)
def test_every_field_is_read_back_unchanged(one: Delivery, move: Batch) -> None:
    """The file keeps untrusted text, times and lists of positions."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        schema.migrate(connection)
        store = Store(connection, Path("memory"))
        store.delivery_cut(STEP, one, at=AT)
        assert deliveries_of(store, STEP) == (one,)
        store.batches_moved(STEP, one.number, [move])
        assert deliveries_of(store, STEP)[0].batches == (move,)


def test_a_number_is_used_once(store: Store) -> None:
    """A second delivery with that number is an error, and none of it is stored."""
    store.delivery_cut(STEP, delivery(), at=AT)
    with pytest.raises(sqlite3.IntegrityError):
        store.delivery_cut(STEP, delivery(1, "b.log"), at=AT)
    assert deliveries_of(store, STEP) == (delivery(),)


def test_only_import_steps_have_deliveries(store: Store) -> None:
    """A step of another stage has no hits."""
    with pytest.raises(ValueError, match="delivers nothing"):
        store.delivery_cut(StepId(Stage.STAT, "docs", DAY), delivery(), at=AT)


def test_changes_of_several_lanes_are_recorded_together_or_not_at_all(store: Store) -> None:
    """A batch that does not exist undoes the others."""
    made = delivery()
    store.delivery_cut(STEP, made, at=AT)
    sending = dataclasses.replace(made.batches[0], status=BatchStatus.SENDING, moved=AT)
    with pytest.raises(ValueError, match="no batch"):
        store.batches_moved(STEP, 1, [sending, Batch(BatchId(9, 9), 10)])
    assert deliveries_of(store, STEP) == (made,)
    store.batches_moved(STEP, 1, [sending])
    assert deliveries_of(store, STEP)[0].batches == (sending, *made.batches[1:])


def test_batches_of_a_delivery_that_is_not_open_cannot_change(store: Store) -> None:
    """The delivery may be ended, never cut, or of another day."""
    made = delivery()
    store.delivery_cut(STEP, made, at=AT)
    for step, number in ((STEP, 2), (OTHER_DAY, 1), (OTHER_SITE, 1)):
        with pytest.raises(ValueError, match="no open delivery"):
            store.batches_moved(step, number, made.batches)
    end(store, made)
    with pytest.raises(ValueError, match="no open delivery"):
        store.batches_moved(STEP, 1, made.batches)


@pytest.mark.parametrize("status", [BatchStatus.PLANNED, BatchStatus.SENDING, BatchStatus.IN_DOUBT])
def test_a_delivery_cannot_end_before_every_batch_is_recorded(status: BatchStatus, store: Store) -> None:
    """Otherwise the hits of the remaining batch would be lost silently."""
    made = delivery()
    store.delivery_cut(STEP, made, at=AT)
    *others, last = made.batches
    store.batches_moved(STEP, 1, [*map(recorded, others), dataclasses.replace(last, status=status, moved=AT)])
    with pytest.raises(ValueError, match="1 batches of delivery 1 are not recorded"):
        store.delivery_ended(STEP, 1, at=AT)
    assert deliveries_of(store, STEP)[0].status is DeliveryStatus.OPEN


def test_a_delivery_that_ends_keeps_its_counts_but_no_batches(store: Store) -> None:
    """The hits that Matomo refused are added up over its batches."""
    made = delivery()
    store.delivery_cut(STEP, made, at=AT)
    store.batches_moved(STEP, 1, [recorded(one, invalid=place) for place, one in enumerate(made.batches)])
    store.delivery_ended(STEP, 1, at=AT)
    ended = dataclasses.replace(made, invalid=6, status=DeliveryStatus.DONE, batches=())
    assert deliveries_of(store, STEP) == (ended,)
    with pytest.raises(ValueError, match="no open delivery"):
        store.delivery_ended(STEP, 1, at=AT)


def test_a_delivery_without_hits_ends_at_once(store: Store) -> None:
    """It covers its objects, so that they are not checked again."""
    store.delivery_cut(STEP, dataclasses.replace(delivery(), batches=(), hits=0), at=AT)
    store.delivery_ended(STEP, 1, at=AT)
    assert [one.status for one in deliveries_of(store, STEP)] == [DeliveryStatus.DONE]


def test_an_object_that_was_loaded_again_is_covered_in_its_new_version(store: Store) -> None:
    """The delivery lists its new name; objects of other days and sites are unchanged."""
    for step in (STEP, OTHER_DAY, OTHER_SITE):
        store.delivery_cut(step, delivery(1, "a.log", "b.log"), at=AT)
        end(store, delivery(1, "a.log", "b.log"), step)
    after = covered("a.log.gz", "v2")
    store.object_carried(STEP, covered("a.log"), after)
    assert deliveries_of(store, STEP)[0].objects == (after, covered("b.log"))
    assert deliveries_of(store, OTHER_DAY)[0].objects == deliveries_of(store, OTHER_SITE)[0].objects
    assert deliveries_of(store, OTHER_DAY)[0].objects == (covered("a.log"), covered("b.log"))


def test_an_open_delivery_keeps_the_ids_of_its_hits(store: Store) -> None:
    """Its batches are looked up by ids made from the object's id: only the same object may replace it."""
    store.delivery_cut(STEP, delivery(), at=AT)
    store.object_carried(STEP, covered("a.log"), covered("a.log.gz", "v2"))
    assert deliveries_of(store, STEP) == (delivery(),)
    again = dataclasses.replace(covered("a.log"), accounting_digest="counted again")
    store.object_carried(STEP, covered("a.log"), again)
    assert deliveries_of(store, STEP)[0].objects == (again,)


def test_an_object_may_take_the_name_of_one_that_may_be_sent_again(store: Store) -> None:
    """An object that may be sent again is no longer covered, so its name is free."""
    store.delivery_cut(STEP, delivery(1, "a.log", "b.log"), at=AT)
    end(store, delivery(1, "a.log", "b.log"))
    store.resend_allowed(STEP, ["b.log"], run="r1", at=AT)
    store.object_carried(STEP, covered("a.log"), covered("b.log", "v2"))
    assert deliveries_of(store, STEP)[0].objects == (covered("b.log", "v2"),)


def test_only_covered_objects_are_carried_over(store: Store) -> None:
    """An object that may be sent again stays uncovered, whatever is loaded."""
    made = delivery(1, "a.log", "b.log")
    store.delivery_cut(STEP, made, at=AT)
    end(store, made)
    store.resend_allowed(STEP, ["a.log"], run="r1", at=AT)
    store.object_carried(STEP, covered("a.log"), covered("a.log", "v2"))
    assert deliveries_of(store, STEP)[0].objects == (covered("b.log"),)


def test_objects_that_may_be_sent_again_are_no_longer_covered(store: Store) -> None:
    """Only the given keys are affected, in every delivery of the step; the run that allowed it is recorded."""
    for number in (1, 2):
        made = delivery(number, "a.log" if number == 1 else "c.log", "b.log")
        store.delivery_cut(STEP, made, at=AT)
        end(store, made)
    store.delivery_cut(OTHER_DAY, delivery(1, "b.log"), at=AT)
    store.resend_allowed(STEP, ["b.log", "caf\udce9.log"], run="r1", at=AT)
    assert [one.objects for one in deliveries_of(store, STEP)] == [(covered("a.log"),), (covered("c.log"),)]
    assert deliveries_of(store, OTHER_DAY) == (delivery(1, "b.log"),)
    assert exported(store, "acceptance") == [
        {"kind": "acceptance", "step": str(STEP), "run": "r1", "at": AT.isoformat(), "keys": ["b.log", "caf\udce9.log"]}
    ]


def test_an_open_delivery_is_given_up_if_one_of_its_objects_may_be_sent_again(store: Store) -> None:
    """Its batches are removed and its objects not covered; an ended delivery keeps the other keys."""
    ended, opened = delivery(1, "a.log", "b.log"), delivery(2, "c.log", "d.log")
    store.delivery_cut(STEP, ended, at=AT)
    end(store, ended)
    store.delivery_cut(STEP, opened, at=AT)
    store.delivery_cut(OTHER_DAY, delivery(1), at=AT)
    store.resend_allowed(STEP, ["a.log", "c.log"], run="r1", at=AT)
    first, second = deliveries_of(store, STEP)
    assert (first.status, first.objects) == (DeliveryStatus.DONE, (covered("b.log"),))
    assert (second.status, second.objects, second.batches) == (DeliveryStatus.GIVEN_UP, (), ())
    assert deliveries_of(store, OTHER_DAY) == (delivery(1),)
    with pytest.raises(ValueError, match="no open delivery"):
        store.delivery_ended(STEP, 2, at=AT)


def test_forgetting_a_step_keeps_its_deliveries(store: Store) -> None:
    """Matomo still has the hits; an open delivery stays open."""
    store.delivery_cut(STEP, delivery(), at=AT)
    store.step_failed(STEP, "killed", at=AT)
    store.forget([STEP])
    assert store.record(STEP) is None
    assert deliveries_of(store, STEP) == (delivery(),)


def test_an_export_has_every_row_of_a_delivery(store: Store) -> None:
    """It lists deliveries, covered objects, objects that may be sent again, and open batches."""
    made = delivery(1, "a.log", "b.log")
    store.delivery_cut(STEP, made, at=AT)
    end(store, made)
    store.resend_allowed(STEP, ["a.log"], run="r1", at=AT)
    store.delivery_cut(STEP, delivery(2, "c.log", lanes=1, batches=1), at=AT)
    left = dataclasses.replace(
        delivery(2).batches[0], status=BatchStatus.IN_DOUBT, moved=AT, left=(1, 5), invalid=1, refused=(0,)
    )
    store.batches_moved(STEP, 2, [left])
    first, second = exported(store, "delivery")
    moment = AT.isoformat()
    assert first == {
        "kind": "delivery", "step": str(STEP), "number": 1, "server": SERVER, "site_id": 7, "uid": CUT.uid, "lanes": 2,
        "size": 10, "until": moment, "hits": 40, "unsendable": 3, "invalid": 0, "status": "done", "made": moment,
        "ended": moment,
    }  # fmt: skip
    assert (second["number"], second["status"], second["ended"]) == (2, "open", None)
    objects = {(row["number"], row["key"]): row["taken_back"] for row in exported(store, "delivered")}
    assert objects == {(1, "a.log"): moment, (1, "b.log"): None, (2, "c.log"): None}
    assert exported(store, "batch") == [{
        "kind": "batch", "step": str(STEP), "delivery": 2, "lane": 0, "number": 0, "hits": 10, "status": "in doubt",
        "moved": moment, "places": [1, 5], "invalid": 1, "refused": [0],
    }]  # fmt: skip


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE batches SET places = 'x'",
        "UPDATE batches SET refused = '{}'",
        "UPDATE deliveries SET until = 'soon'",
        "UPDATE batches SET moved = 'then'",
    ],
)
def test_an_unreadable_row_is_reported_as_damage(damage: str, store: Store) -> None:
    """It is not a bug, and the exit code is 6."""
    store.delivery_cut(STEP, delivery(), at=AT)
    store._connection.execute(damage)
    with pytest.raises(StateError, match="damaged"):
        deliveries_of(store, STEP)


OLD_ROWS = """
    INSERT INTO runs
    VALUES ('r1', 'daily', 'mtc apply', '2026-05-02T06:00:00+00:00', '2026-05-02T06:01:00+00:00', 0, '{}');
    INSERT INTO steps (id, site, stage, day, status, fingerprint, settings, inputs, accounting, finished)
    VALUES (1, 'docs', 'import', '2026-05-01', 'done', 'f1', '{"recipe":"1","timezone":"UTC"}', '{"a.log":"e"}',
            '{"filtered":{},"hits":1,"lines":1,"rejected":{}}', '2026-05-02T06:01:00+00:00');
    INSERT INTO objects (id, step, key, size, etag, modified, object_id, content, format, accounting, made_with)
    VALUES (1, 1, 'a.log', 9, 'e', 0, 'o1', 'c', 'combined',
            '{"filtered":{},"hits":1,"lines":1,"rejected":{}}', 'm1');
    INSERT INTO parts (object, site, day, file, object_id, hits) VALUES (1, 'docs', '2026-05-01', 'p1', 'o1', 1);
"""
OLDER = pytest.mark.parametrize("version", range(1, schema.VERSION))


def old_file(path: Path, version: int) -> None:
    """A state file of an older version, with a finished step, its object and parts, made with plain SQL."""
    with contextlib.closing(open_for_writing(path, "a" * 32, schema.MIGRATIONS[:version])) as connection:
        connection.executescript(OLD_ROWS)
        assert schema.version_of(connection) == version


@OLDER
def test_a_file_of_an_older_version_is_migrated_with_its_content(version: int, path: Path) -> None:
    """Steps, objects, parts and runs are kept; nothing was delivered, and newer facts can be recorded."""
    old_file(path, version)
    with Store.open(path) as store:
        assert schema.version_of(store._connection.sqlite) == schema.VERSION
        history = store.history(("docs",))
        assert history.steps[STEP].fingerprint == "f1"
        (loaded,) = history.objects[STEP]
        assert [(part.file, part.digest) for part in loaded.parts] == [("p1", "")]
        assert (loaded.made_with, loaded.recipe) == ("m1", 1)
        store.parts_digested({"p1": "d1"})
        store.parts_digested({"p1": "d2"})
        assert [part.digest for part in parts_of(store, "docs", DAY)] == ["d1"]
        assert history.deliveries == {}
        assert [row.run for row in store.runs()] == ["r1"]
        assert store.lineage == "a" * 32
        store.delivery_cut(STEP, delivery(), at=AT)
        store.check()
    with Store.open(path) as store:
        assert deliveries_of(store, STEP) == (delivery(),)


@OLDER
def test_a_file_of_an_older_version_is_read_without_changes(version: int, path: Path) -> None:
    """`mtc status` of a newer version changes nothing."""
    old_file(path, version)
    before = path.read_bytes()
    with Store.open(path, readonly=True) as store:
        assert deliveries_of(store, STEP) == ()
        assert store.history(("docs",)).steps[STEP].fingerprint == "f1"
        assert exported(store, "delivery") == []
    assert path.read_bytes() == before


# A delivery's life against a model of it in plain Python: after any events in any order both agree.
events = st.lists(
    st.tuples(st.sampled_from(["cut", "move", "end", "take back", "carry", "forget"]), st.integers(0, 99)), max_size=25
)


@settings(deadline=None, max_examples=30)
@given(events)
def test_no_object_is_covered_twice_or_lost_after_any_events(happened: list[tuple[str, int]]) -> None:
    """An object is covered from its cut until it may be sent again, with its latest name, by one delivery."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        schema.migrate(connection)
        life = _DeliveryModel(Store(connection, Path("memory")))
        for what, pick in happened:
            life.happen(what, pick)
            life.check_agreement()


@dataclasses.dataclass
class _DeliveryModel:
    """A step's deliveries in the state and in a list."""

    store: Store
    model: list[Delivery] = dataclasses.field(default_factory=list)
    names: int = 0

    def happen(self, what: str, pick: int) -> None:
        opened = [one for one in self.model if one.status is DeliveryStatus.OPEN]
        match what:
            case "cut":
                self.names += 2
                one = delivery(len(self.model) + 1, f"k{self.names:03}", f"k{self.names + 1:03}")
                self.store.delivery_cut(STEP, one, at=AT)
                self.model.append(one)
            case "move" if opened:
                self._change_batch(opened[pick % len(opened)], pick)
            case "end" if opened:
                self._end(opened[pick % len(opened)])
            case "take back":
                self._allow_resending(pick)
            case "carry":
                self._carry(pick)
            case "forget":
                self.store.forget([STEP])
            case _:
                pass

    def check_agreement(self) -> None:
        assert deliveries_of(self.store, STEP) == tuple(self.model)
        keys = [item.key for one in self.model for item in one.objects]
        assert len(keys) == len(set(keys))

    def _update_model(self, one: Delivery) -> None:
        self.model[one.number - 1] = one

    def _change_batch(self, one: Delivery, pick: int) -> None:
        place, statuses = pick % len(one.batches), tuple(BatchStatus)
        batch = dataclasses.replace(one.batches[place], status=statuses[pick % 4], moved=AT, invalid=pick % 3)
        self.store.batches_moved(STEP, one.number, [batch])
        self._update_model(dataclasses.replace(one, batches=(*one.batches[:place], batch, *one.batches[place + 1 :])))

    def _end(self, one: Delivery) -> None:
        if all(batch.status is BatchStatus.RECORDED for batch in one.batches):
            self.store.delivery_ended(STEP, one.number, at=AT)
            invalid = sum(batch.invalid for batch in one.batches)
            self._update_model(dataclasses.replace(one, status=DeliveryStatus.DONE, invalid=invalid, batches=()))
        else:
            with pytest.raises(ValueError, match="not recorded"):
                self.store.delivery_ended(STEP, one.number, at=AT)

    def _allow_resending(self, pick: int) -> None:
        keys = sorted(item.key for one in self.model for item in one.objects)[pick % 5 :: 3]
        self.store.resend_allowed(STEP, keys, run="r1", at=AT)
        for one in list(self.model):
            if one.status is DeliveryStatus.OPEN:
                self._update_model(dataclasses.replace(one, status=DeliveryStatus.GIVEN_UP, objects=(), batches=()))
            else:
                self._update_model(
                    dataclasses.replace(one, objects=tuple(item for item in one.objects if item.key not in keys))
                )

    def _carry(self, pick: int) -> None:
        found = [(one, item) for one in self.model for item in one.objects]
        if not found:
            return
        one, item = found[pick % len(found)]
        after = dataclasses.replace(item, version=f"v{pick}", object_id=f"{item.key}-{pick}")
        self.store.object_carried(STEP, item, after)
        if one.status is not DeliveryStatus.OPEN:
            self._update_model(
                dataclasses.replace(one, objects=tuple(after if old == item else old for old in one.objects))
            )
