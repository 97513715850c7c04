"""The probes of a batch: the hits that are found fastest, of several visitors, all of them in doubt."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from mtc.core.deliveries import Batch, BatchId
from mtc.stages.deliver.batching import BatchHit
from mtc.stages.deliver.probes import PROBES, probes

NOON = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


def sent(*visitors: str) -> list[BatchHit]:
    """Hits of these visitors at intervals of a second; the id of each is its position."""
    return [
        BatchHit(f"{place:06}", NOON + dt.timedelta(seconds=place), visitor, "o1", place)
        for place, visitor in enumerate(visitors)
    ]


def chosen(hits: list[BatchHit], many: dict[str, int] | None = None, left: tuple[int, ...] | None = None) -> list[int]:
    """The positions of the probes."""
    batch = Batch(BatchId(0, 0), len(hits), left=left)
    counts = many or {hit.visitor: 1 for hit in hits}
    return [int(probe.pv_id) for probe in probes(batch, hits, counts)]


def test_the_last_hit_of_each_visitor_is_a_probe() -> None:
    """Visits are listed by their last action."""
    assert sorted(chosen(sent("a", "b", "c", "d", "a", "b"))) == [2, 3, 4, 5]


def test_visitors_with_few_hits_come_first() -> None:
    """Long visits are not listed with all of their actions."""
    hits = sent("a", "b", "c", "d", "e", "f")
    assert chosen(hits, {"a": 900, "b": 1, "c": 700, "d": 2, "e": 800, "f": 3}) == [1, 3, 5, 2]


def test_few_visitors_get_several_probes_each() -> None:
    """A single hit may have been lost; the earliest others are added, which a long visit lists."""
    assert chosen(sent(*"aaaaaaa")) == [6, 0, 1, 2]
    assert chosen(sent("a", "b", "a", "b", "a")) == [3, 4, 0, 1]
    assert chosen(sent("a")) == [0]


def test_a_probe_has_the_time_of_its_hit() -> None:
    """The look-up searches around that time."""
    (probe,) = probes(Batch(BatchId(0, 0), 1), sent("a"), {"a": 1})
    assert (probe.pv_id, probe.time) == ("000000", NOON)


@given(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=20), st.data())
def test_each_probe_is_a_different_hit_in_doubt(visitors: list[str], data: st.DataObject) -> None:
    """Recorded hits say nothing about the rest; there are as many probes as possible, up to the limit."""
    places = data.draw(st.sets(st.integers(0, len(visitors) - 1), min_size=1).map(sorted))
    found = chosen(sent(*visitors), left=tuple(places))
    assert set(found) <= set(places)
    assert len(set(found)) == len(found) == min(PROBES, len(places))
    assert len({visitors[place] for place in found}) == min(PROBES, len({visitors[place] for place in places}))
