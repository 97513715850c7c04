"""Which hits answer for a batch: those that are found soonest, of several visitors, and all of them in doubt."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from mtc.core.deliveries import Batch, BatchId
from mtc.stages.deliver.batching import BatchHit
from mtc.stages.deliver.probes import PROBES, probes

NOON = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


def sent(*visitors: str) -> list[BatchHit]:
    """Hits of these visitors, a second after each other; the id of each is its place."""
    return [
        BatchHit(f"{place:06}", NOON + dt.timedelta(seconds=place), visitor, "o1", place)
        for place, visitor in enumerate(visitors)
    ]


def chosen(hits: list[BatchHit], many: dict[str, int] | None = None, left: tuple[int, ...] | None = None) -> list[int]:
    """The places of the witnesses."""
    batch = Batch(BatchId(0, 0), len(hits), left=left)
    counts = many or {hit.visitor: 1 for hit in hits}
    return [int(probe.pv_id) for probe in probes(batch, hits, counts)]


def test_the_last_hit_of_each_visitor_answers() -> None:
    """Visits are listed by their last action."""
    assert sorted(chosen(sent("a", "b", "c", "d", "a", "b"))) == [2, 3, 4, 5]


def test_visitors_with_few_hits_come_first() -> None:
    """Of a long visit not all actions are listed."""
    hits = sent("a", "b", "c", "d", "e", "f")
    assert chosen(hits, {"a": 900, "b": 1, "c": 700, "d": 2, "e": 800, "f": 3}) == [1, 3, 5, 2]


def test_where_visitors_are_few_more_of_their_hits_answer() -> None:
    """One may have been lost by itself: the earliest others, which a long visit lists."""
    assert chosen(sent(*"aaaaaaa")) == [6, 0, 1, 2]
    assert chosen(sent("a", "b", "a", "b", "a")) == [3, 4, 0, 1]
    assert chosen(sent("a")) == [0]


def test_a_witness_knows_the_time_of_its_hit() -> None:
    """It is looked for near it."""
    (probe,) = probes(Batch(BatchId(0, 0), 1), sent("a"), {"a": 1})
    assert (probe.pv_id, probe.time) == ("000000", NOON)


@given(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=20), st.data())
def test_only_hits_in_doubt_answer_each_once(visitors: list[str], data: st.DataObject) -> None:
    """What was recorded before says nothing of the rest; there are as many witnesses as there can be."""
    places = data.draw(st.sets(st.integers(0, len(visitors) - 1), min_size=1).map(sorted))
    found = chosen(sent(*visitors), left=tuple(places))
    assert set(found) <= set(places)
    assert len(set(found)) == len(found) == min(PROBES, len(places))
    assert len({visitors[place] for place in found}) == min(PROBES, len({visitors[place] for place in places}))
