"""The hits of a delivery in lanes and batches: each hit once, in order, and the same every time."""

import base64
import contextlib
import dataclasses
import datetime as dt
import hashlib
import random
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from delivery_parts import NOON, UNTIL, Row, laid, write_part, write_parts
from hypothesis import given, settings
from hypothesis import strategies as st
from import_step import database

from mtc.core.deliveries import Batch, BatchId, Cut
from mtc.core.errors import PermanentError, StepError
from mtc.core.model import LoadedObject, Slice
from mtc.stages.deliver.batching import BatchHit, Batching, unsendable

SECOND = dt.timedelta(seconds=1)
UID = "0123456789abcdef"
OLDEST = UNTIL - dt.timedelta(days=20 * 365)

Files = Mapping[str, Sequence[Row]]


@contextlib.contextmanager
def layout_of(files: Files, cut: Cut, *, without: str = "") -> Iterator[Batching]:
    """The batching of all objects in these files, except one."""
    with tempfile.TemporaryDirectory() as folder:
        loaded = [item for item in write_parts(Path(folder), files) if item.object_id != without]
        random.Random(len(files)).shuffle(loaded)
        with laid(Path(folder), loaded, cut) as batching:
            yield batching


def lanes_of(batching: Batching) -> dict[int, list[BatchHit]]:
    """Return every hit of every batch by lane."""
    lanes: dict[int, list[BatchHit]] = {}
    for batch in batching.batches():
        lanes.setdefault(batch.id.lane, []).extend(batching.hits_of(batch))
    return lanes


def texts_of(batching: Batching) -> dict[BatchId, list[str]]:
    """Return the requests of every batch."""
    return {batch.id: batching.requests(batch.id, 1)[0] for batch in batching.batches()}


def by_object(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Write one file for each object."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.object, []).append(row)
    return found


addresses = st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1", "evil' OR", "", None])
times = st.integers(-3, 40).map(lambda number: NOON + number * SECOND / 2)
hits = st.lists(st.tuples(st.sampled_from("abc"), times, addresses), max_size=30).map(
    lambda drawn: [Row(f"o{name}", line, ts, ip) for line, (name, ts, ip) in enumerate(drawn, 1)]
)
cuts = st.builds(Cut, st.just(UID), st.integers(1, 4), st.integers(1, 7), st.just(UNTIL))
quick = settings(deadline=None, max_examples=25)


def test_slices_of_a_log_are_sent_in_their_order(tmp_path: Path) -> None:
    """Their ids do not matter; slices of other logs and whole objects keep their places."""
    objects = ["o2", "o5", "o1", "o4", "o3"]
    rows = {name: [Row(name, line) for line in (1, 2)] for name in objects}
    starts = {"o5": 0, "o3": 100, "o1": 1000}
    loaded = [
        dataclasses.replace(
            item, object=dataclasses.replace(item.object, slice=Slice("o4f", "a.log", at, at + 9, "", 0, "", 0))
        )
        if (at := starts.get(item.object_id)) is not None
        else item
        for item in write_parts(tmp_path, rows)
    ]
    with laid(tmp_path, loaded) as batching:
        [lane] = lanes_of(batching).values()
    order = ["o2", "o4", "o5", "o3", "o1"]
    assert [(each.object_id, each.line) for each in lane] == [(name, line) for name in order for line in (1, 2)]


@quick
@given(hits, cuts)
def test_batches_have_every_hit_once_in_order_and_each_visitor_in_one_lane(rows: list[Row], cut: Cut) -> None:
    """Hits are ordered by time, object and line; all batches of a lane but the last are full."""
    with layout_of(by_object(rows), cut) as batching:
        batches = batching.batches()
        lanes = lanes_of(batching)
    assert batching.hits == sum(batch.hits for batch in batches) == len(rows)
    assert all(batch == Batch(batch.id, batch.hits) for batch in batches), "none is sent"
    assert [batch.id for batch in batches] == sorted(batch.id for batch in batches)
    sent = [(hit.object_id, hit.line) for own in lanes.values() for hit in own]
    assert sorted(sent) == sorted((row.object, row.line) for row in rows)
    homes: dict[str, set[int]] = {}
    for lane, own in lanes.items():
        assert 0 <= lane < cut.lanes
        assert own == sorted(own, key=lambda hit: (hit.time, hit.object_id, hit.line))
        sizes = [batch.hits for batch in batches if batch.id.lane == lane]
        assert [batch.id.number for batch in batches if batch.id.lane == lane] == list(range(len(sizes)))
        assert sizes[:-1] == [cut.size] * (len(sizes) - 1)
        assert 1 <= sizes[-1] <= cut.size
        for hit in own:
            homes.setdefault(hit.visitor, set()).add(lane)
    assert all(len(lanes) == 1 for lanes in homes.values())


@quick
@given(hits, cuts, st.randoms(use_true_random=False))
def test_the_same_cut_of_the_same_hits_gives_the_same_batches(rows: list[Row], cut: Cut, dice: random.Random) -> None:
    """File names, the number of objects in a file and the order of rows do not matter."""
    mixed = list(rows)
    dice.shuffle(mixed)
    middle = dice.randrange(len(mixed) + 1)
    bundled = {"z": mixed[:middle], "a": mixed[middle:]}
    with layout_of(by_object(rows), cut) as first, layout_of(bundled, cut) as second:
        assert first.batches() == second.batches()
        second.check(first.batches())
        assert lanes_of(first) == lanes_of(second)
        assert texts_of(first) == texts_of(second)


@quick
@given(hits, cuts)
def test_a_request_contains_the_hits_own_values(rows: list[Row], cut: Cut) -> None:
    """It has the hit's id, and the time, address and line of its row."""
    known = {(row.object, row.line): row for row in rows}
    with layout_of(by_object(rows), cut) as batching:
        for batch in batching.batches():
            texts, sent = batching.requests(batch.id, 1)[0], batching.hits_of(batch)
            assert len(texts) == len(sent) == batch.hits
            for text, hit in zip(texts, sent, strict=True):
                row = known[hit.object_id, hit.line]
                assert f"&pv_id={hit.pv_id}" in text
                assert (hit.time, hit.visitor) == (row.ts, row.ip or "")


@quick
@given(hits, cuts, st.integers(1, 9))
def test_the_requests_of_many_batches_are_those_of_each_batch(rows: list[Row], cut: Cut, count: int) -> None:
    """They end at the end of their lane."""
    with layout_of(by_object(rows), cut) as batching:
        texts = texts_of(batching)
        for first in texts:
            own = [id_ for id_ in texts if id_.lane == first.lane and id_.number >= first.number]
            assert batching.requests(first, count) == [texts[id_] for id_ in own[:count]]


@quick
@given(hits, cuts)
def test_visitors_are_counted_up_to_the_end_of_the_batch(rows: list[Row], cut: Cut) -> None:
    """The count is the maximum length of a visit when the batch is stored."""
    with layout_of(by_object(rows), cut) as batching:
        lanes = lanes_of(batching)
        for batch in batching.batches():
            before = lanes[batch.id.lane][: batch.id.number * cut.size + batch.hits]
            mine = {hit.visitor for hit in batching.hits_of(batch)}
            assert batching.visitors(batch) == {one: sum(hit.visitor == one for hit in before) for one in mine}


@quick
@given(hits, st.sampled_from(["oa", "ob"]))
def test_only_delivered_objects_of_a_shared_file_count(rows: list[Row], without: str) -> None:
    """The other objects of the file belong to another delivery."""
    with layout_of({"bundle": rows}, Cut(UID, 2, 3, UNTIL), without=without) as batching:
        sent = {(hit.object_id, hit.line) for own in lanes_of(batching).values() for hit in own}
    assert sent == {(row.object, row.line) for row in rows if row.object != without}


def test_a_file_name_that_looks_like_a_pattern_is_taken_literally(tmp_path: Path) -> None:
    """The warehouse may be in a folder with any name."""
    warehouse = tmp_path / "ware[house]*?"
    loaded = write_parts(warehouse, {"a": [Row()]})
    write_part(tmp_path / "wareh" / loaded[0].parts[0].file, [Row(line=9)])
    with laid(warehouse, loaded) as batching:
        assert [hit.line for own in lanes_of(batching).values() for hit in own] == [1]


def test_ids_of_hits_are_unique_and_valid_for_matomo(tmp_path: Path) -> None:
    """An id has six letters and digits; another cut has other ids."""
    rows = [Row(f"o{number % 3}", number) for number in range(2000)]
    loaded = write_parts(tmp_path, {"a": rows})
    ids: list[set[str]] = []
    for uid in (UID, "f" * 16):
        with laid(tmp_path, loaded, Cut(uid, 1, 5000, UNTIL)) as batching:
            ids.append({hit.pv_id for hit in batching.hits_of(batching.batches()[0])})
    assert len(ids[0]) == len(ids[1]) == 2000
    assert all(re.fullmatch("[A-Za-z0-9]{6}", pv_id) for pv_id in ids[0] | ids[1])
    assert len(ids[0] & ids[1]) <= 1


def test_ids_and_lanes_do_not_change_between_versions(tmp_path: Path) -> None:
    """A delivery that is open during an upgrade of mtc continues with the same ids and lanes."""
    rows = [Row("o1", line, ip=f"192.0.2.{line}") for line in range(50)]
    with laid(tmp_path, write_parts(tmp_path, {"a": rows}), Cut(UID, 3, 100, UNTIL)) as batching:
        for lane, own in lanes_of(batching).items():
            for hit in own:
                digest = hashlib.md5(f"{UID}:o1:{hit.line}".encode()).digest()
                assert hit.pv_id == base64.b64encode(digest)[:6].decode().translate({ord("+"): "A", ord("/"): "a"})
                assert lane == int(hashlib.md5(hit.visitor.encode()).hexdigest()[:8], 16) % 3


def test_a_delivery_without_hits_has_no_batches(tmp_path: Path) -> None:
    """Its objects have no parts, or only hits with times that Matomo would not store."""
    (empty,) = write_parts(tmp_path, {"a": [Row(ts=UNTIL + SECOND)]})
    for loaded in ((), (dataclasses.replace(empty, parts=()),), (empty,)):
        with laid(tmp_path, loaded) as batching:
            assert (batching.hits, batching.batches()) == (0, ())
            batching.check(())


def test_batches_that_differ_from_the_cut_are_refused(tmp_path: Path) -> None:
    """It would be unknown which hits were already sent."""
    with laid(tmp_path, write_parts(tmp_path, {"a": [Row(line=line) for line in range(5)]})) as batching:
        (batch,) = batching.batches()
        batching.check([dataclasses.replace(batch, left=(1,), invalid=2)])
        for other in ((), (dataclasses.replace(batch, hits=4),), (batch, Batch(BatchId(0, 1), 1))):
            with pytest.raises(PermanentError, match="not what they were when it was cut"):
                batching.check(other)


def test_a_missing_or_damaged_part_is_an_error_of_the_step(tmp_path: Path) -> None:
    """The message is that of other stages; no batch is left out."""
    loaded = write_parts(tmp_path, {"a": [Row()], "b": [Row("o2")]})
    path = tmp_path / loaded[0].parts[0].file
    path.write_bytes(b"nothing")
    with pytest.raises(StepError, match="laying out a delivery"):
        laid(tmp_path, loaded)
    path.unlink()
    with pytest.raises(StepError, match="laying out a delivery"):
        laid(tmp_path, loaded)


AT_THE_BORDERS = [
    (UNTIL, True),
    (UNTIL - SECOND, True),
    (UNTIL + SECOND, False),
    (UNTIL + dt.timedelta(microseconds=1), False),
    (OLDEST, False),
    (OLDEST + SECOND, True),
    (OLDEST - SECOND, False),
]


@pytest.mark.parametrize(("ts", "sendable"), AT_THE_BORDERS)
def test_hits_with_times_that_matomo_would_change_are_not_sent(
    ts: dt.datetime, tmp_path: Path, *, sendable: bool
) -> None:
    """Times after the cut or 20 years before it: these hits are counted and named instead."""
    loaded = write_parts(tmp_path, {"a": [Row(line=7, ts=ts), Row(line=8)]})
    cut = Cut(UID, 1, 100, UNTIL)
    with laid(tmp_path, loaded, cut) as batching:
        lines = [hit.line for own in lanes_of(batching).values() for hit in own]
    assert (7 in lines) is sendable
    assert unsendable_of(tmp_path, loaded, cut) == ((0, ()) if sendable else (1, (("o1", 7),)))


def test_the_first_unsendable_hits_are_named_and_all_are_counted(tmp_path: Path) -> None:
    """They are named by object and line."""
    rows = [Row(f"o{line % 2}", line, UNTIL + SECOND) for line in range(50)]
    loaded = write_parts(tmp_path, {"a": rows, "b": [Row("o3", 1)]})
    count, named = unsendable_of(tmp_path, loaded, Cut(UID, 1, 100, UNTIL))
    assert count == 50
    assert named == tuple(("o0", line) for line in range(0, 40, 2))
    assert unsendable_of(tmp_path, (), Cut(UID, 1, 100, UNTIL)) == (0, ())


def test_the_zone_of_the_cut_time_does_not_matter(tmp_path: Path) -> None:
    """The cut is an instant."""
    paris = dt.timezone(dt.timedelta(hours=2))
    loaded = write_parts(tmp_path, {"a": [Row(line=1, ts=UNTIL), Row(line=2, ts=UNTIL + SECOND)]})
    with laid(tmp_path, loaded, Cut(UID, 1, 100, UNTIL.astimezone(paris))) as batching:
        assert batching.hits == 1


def unsendable_of(warehouse: Path, loaded: Sequence[LoadedObject], cut: Cut) -> tuple[int, tuple[tuple[str, int], ...]]:
    """Return the hits of these objects that are not sent."""
    with database().cursor() as connection:
        return unsendable(connection, warehouse, loaded, cut)
