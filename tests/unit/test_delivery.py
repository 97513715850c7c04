"""The delivery model: what a batch still has to send, and which objects a delivery covers."""

import dataclasses
import datetime as dt

import pytest

from mtc.core.deliveries import Batch, BatchId, DeliveredObject, accounting_digest, undelivered
from mtc.core.model import Accounting, LoadedObject, Part, SourceObject

DAY, NEXT = dt.date(2026, 5, 1), dt.date(2026, 5, 2)


def loaded(key: str = "a.log", *, hits: int = 3, etag: str = "e", made_with: str = "m") -> LoadedObject:
    """An object with some hits on two days."""
    parts = (Part("docs", DAY, f"{key}.1", key, hits), Part("docs", NEXT, f"{key}.2", key, 1))
    accounting = Accounting(hits + 2, hits + 1, {"static": 1})
    return LoadedObject(SourceObject(key, 100, etag), f"{key}{etag}", "c", "combined", accounting, parts, "", made_with)


def test_a_batch_that_was_never_short_has_all_of_its_positions_to_send() -> None:
    """`None` means all positions, and an empty tuple means no position."""
    batch = Batch(BatchId(0, 0), 3)
    assert batch.places == (0, 1, 2)
    assert dataclasses.replace(batch, left=(1,)).places == (1,)
    assert dataclasses.replace(batch, left=()).places == ()


def test_batches_are_ordered_by_lane_and_number() -> None:
    """They are recorded and read back in this order."""
    ids = [BatchId(1, 0), BatchId(0, 2), BatchId(0, 10)]
    assert sorted(ids) == [BatchId(0, 2), BatchId(0, 10), BatchId(1, 0)]


@pytest.mark.parametrize(
    "other",
    [
        loaded(hits=4),
        dataclasses.replace(loaded(), accounting=Accounting(5, 4, {"static": 0, "bot": 1})),
        dataclasses.replace(loaded(), accounting=Accounting(5, 4, {}, {"static": 1})),
        dataclasses.replace(loaded(), parts=(Part("docs", NEXT, "a.log.1", "a.log", 3), loaded().parts[1])),
    ],
    ids=["a hit more", "filtered for another reason", "rejected instead", "hits on another day"],
)
def test_changed_counts_of_lines_change_the_account(other: LoadedObject) -> None:
    """Each case means that the object has other lines, or that they are counted differently."""
    assert accounting_digest(other) != accounting_digest(loaded())


def test_the_account_does_not_depend_on_key_version_or_files() -> None:
    """An object that was compressed, copied or bundled differently since then has the same hits."""
    first, second = loaded().parts
    moved = dataclasses.replace(
        loaded("b.log.gz", etag="x"),
        parts=(dataclasses.replace(second, file="z"), *(dataclasses.replace(first, hits=n) for n in (1, 2))),
    )
    assert accounting_digest(moved) == accounting_digest(loaded())


def test_an_object_is_covered_only_as_it_was_loaded_then() -> None:
    """Another key, other content or other settings are not covered."""
    one = DeliveredObject.of(loaded())
    assert one.covers(loaded())
    for other in (loaded("b.log"), loaded(etag="f"), loaded(made_with="n")):
        assert not one.covers(other)


def test_uncovered_objects_are_ordered_by_key() -> None:
    """The same objects are always cut in the same order."""
    objects = [loaded("c.log"), loaded("a.log"), loaded("b.log")]
    left = undelivered(objects, [DeliveredObject.of(loaded("b.log"))])
    assert [item.object.key for item in left] == ["a.log", "c.log"]
    assert undelivered(objects, map(DeliveredObject.of, objects)) == ()
