"""In which order hits of the same time come: slices in the order of their log, all other objects by their ids."""

import random

import pytest

from mtc.core.hit_order import in_order, slice_places
from mtc.core.model import Accounting, LoadedObject, Slice, SourceObject


def whole(name: str, object_id: str) -> LoadedObject:
    """A loaded file."""
    return LoadedObject(SourceObject(name, 10, "e"), object_id, "", "combined", Accounting(), ())


def part(file: str, log: str, start: int, object_id: str) -> LoadedObject:
    """A loaded slice of a log, named for the file that its first slice was found in."""
    place = Slice(log, "access.log.9", start, start + 10, "", 0, "", 0)
    item = SourceObject(f"{file}@{log}+{start}", 10, "e", slice=place)
    return LoadedObject(item, object_id, "", "combined", Accounting(), ())


def order(*items: LoadedObject) -> list[str]:
    """The ids in order, however the objects are given."""
    mixed = random.Random(1).sample(items, len(items))
    return in_order([item.object_id for item in mixed], slice_places(mixed))


def test_slices_of_a_log_come_in_its_order() -> None:
    """By place, also where their numbers have more digits, and beside a merged one, which is at its start."""
    parts = [part("access.log", "7f", start, object_id) for start, object_id in ((0, "c"), (90, "b"), (1000, "a"))]
    assert order(*parts) == ["c", "b", "a"]


def test_slices_of_different_logs_are_not_mixed() -> None:
    """Each log's slices are together, wherever its file was at the time."""
    first = [part("a.log", "11111111", start, object_id) for start, object_id in ((0, "d"), (50, "a"))]
    second = [part("b.log", "22222222", start, object_id) for start, object_id in ((0, "c"), (20, "b"))]
    assert order(*first, *second) == ["d", "a", "c", "b"]


def test_a_whole_object_comes_before_the_slices_that_are_named_for_it() -> None:
    """A log that was loaded as a whole, and went on: among others it is where it was."""
    grown = [whole("x.log", "5"), part("x.log", "ffffffff", 10, "1"), part("x.log", "ffffffff", 20, "0")]
    assert order(*grown, whole("y.log", "4"), whole("z.log", "6")) == ["4", "5", "1", "0", "6"]


@pytest.mark.parametrize("seed", range(5))
def test_objects_without_slices_are_in_the_order_of_their_ids(seed: int) -> None:
    """Which no slice beside them changes."""
    dice = random.Random(seed)
    ids = [f"{dice.getrandbits(80):020x}" for _ in range(20)]
    items = [whole(f"{number}.log", each) for number, each in enumerate(ids)]
    assert order(*items) == sorted(ids)
    slices = [part("access.log", f"{dice.getrandbits(32):08x}", number, f"s{number}") for number in range(5)]
    assert [each for each in order(*items, *slices) if each in ids] == sorted(ids)
