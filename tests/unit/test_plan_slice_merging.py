"""Which slices of growing logs are merged, and what the state says of them afterwards."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence

import pytest
from plan_world import DAY, LATER, NEXT, import_step, site, stat_step

from mtc.core.deliveries import Cut, DeliveredObject, Delivery, DeliveryStatus
from mtc.core.model import Accounting, LoadedObject, Part, Slice, SourceObject, Stage, Status
from mtc.core.records import History, StepRecord
from mtc.plan.fingerprint import Fingerprint
from mtc.plan.slice_merging import FEWEST, MOST_TEXT, SliceGroup, records_after, slice_groups
from mtc.plan.stat_inputs import DayPart
from mtc.sources.merged_slices import merged_slice

SIZE = 100
BEFORE = DAY - dt.timedelta(days=1)


def noon(day: dt.date) -> int:
    """Noon of a day, in nanoseconds since the epoch."""
    return int(dt.datetime.combine(day, dt.time(12), dt.UTC).timestamp()) * 10**9


def loaded(number: int, *, log: str = "log", day: dt.date = DAY, size: int = SIZE) -> LoadedObject:
    """The slice of this number of a log, found on this day, with a hit of the first day."""
    start = number * size
    part = Slice(log, "access.log", start, start + size, "head", 9, f"tail {number}", 9)
    key = f"access.log@{log}+{start}"
    found = SourceObject(key, size, f"etag {log} {number}", noon(day), part)
    hits = Part("docs", DAY, f"hits/site=docs/date={DAY}/{log}{number}.parquet", f"id {log} {number}", 1)
    return LoadedObject(found, hits.object_id, "content", "combined", Accounting(1, 1), (hits,), made_with="now")


SLICES = tuple(loaded(number) for number in range(FEWEST))
NEWER = loaded(0, log="other", day=NEXT)


def delivery(number: int, *items: LoadedObject, status: DeliveryStatus = DeliveryStatus.DONE, to: int = 1) -> Delivery:
    """A delivery of these objects to a site of a server."""
    cut = Cut("uid", 1, 10, LATER)
    return Delivery(number, "matomo", to, cut, tuple(map(DeliveredObject.of, items)), len(items), status=status)


def history(
    items: Sequence[LoadedObject], *deliveries: Delivery, status: Status = Status.DONE, newer: LoadedObject = NEWER
) -> History:
    """What the state says: these slices of the first day, and a newer one."""
    steps = {step: StepRecord(step, status, "fingerprint") for step in (import_step(), import_step(NEXT))}
    objects = {import_step(): tuple(items), import_step(NEXT): (newer,)}
    return History(steps, objects, deliveries={import_step(): deliveries} if deliveries else {})


def groups(found: History, archive: str = "") -> list[SliceGroup]:
    """What is merged."""
    return list(slice_groups(site(archive=archive), found))


def test_slices_of_an_earlier_day_are_merged_in_the_order_of_their_log() -> None:
    """In whatever order the state has them; those of two logs apart."""
    other = [loaded(number, log="second") for number in range(FEWEST)]
    found = groups(history([*reversed(SLICES), *other]))
    assert [group.slices for group in found] == [SLICES, tuple(other)]
    assert {group.step for group in found} == {import_step()}
    assert [group.deliveries for group in found] == [(), ()]


def _with(number: int, **changes: object) -> tuple[LoadedObject, ...]:
    """The slices with one that differs from the others."""
    return tuple(
        dataclasses.replace(item, **changes) if place == number else item  # type: ignore[arg-type]
        for place, item in enumerate(SLICES)
    )


NOT_MERGED = {
    "too few": SLICES[1:],
    "a gap": (*SLICES[:4], *(loaded(number + 1) for number in range(4, FEWEST))),
    "other settings": _with(4, made_with="before"),
    "another recipe": _with(4, recipe=1 + SLICES[0].recipe),
    "another format": _with(4, format="common"),
    "archived": _with(4, archived="archive/x"),
    "found on two days": (
        *SLICES[:4],
        *(loaded(number, day=DAY - dt.timedelta(days=1)) for number in range(4, FEWEST)),
    ),
    "found on the newest day": tuple(loaded(number, day=NEXT) for number in range(FEWEST)),
    "too long": tuple(loaded(number, size=MOST_TEXT // 4 + 1) for number in range(FEWEST)),
    "merged before": (
        dataclasses.replace(SLICES[0], object=merged_slice([item.object for item in SLICES[:4]])),
        *SLICES[4:],
    ),
}


@pytest.mark.parametrize("name", NOT_MERGED)
def test_slices_that_are_not_alike_stay_apart(name: str) -> None:
    """A merged slice could not be read again as one, or would not pay."""
    assert groups(history(NOT_MERGED[name])) == []


def test_a_site_that_is_archived_or_whose_import_is_not_done_keeps_its_slices() -> None:
    """Each has a copy; or has work to come."""
    assert groups(history(SLICES), archive="archive/{name}") == []
    assert groups(history(SLICES, status=Status.FAILED)) == []


EACH = tuple(delivery(number, item) for number, item in enumerate(SLICES, 1))

DELIVERED: dict[str, tuple[tuple[Delivery, ...], tuple[tuple[int, ...], ...] | None]] = {
    "each by its own": (EACH, (tuple(range(1, FEWEST + 1)),)),
    "all at once": ((delivery(1, *SLICES),), ((1,),)),
    "with others": ((delivery(1, *SLICES, NEWER),), ((1,),)),
    "to two sites": ((delivery(1, *SLICES), delivery(2, *SLICES, to=2)), ((1,), (2,))),
    "given up before": ((delivery(1, SLICES[0], status=DeliveryStatus.GIVEN_UP), delivery(2, *SLICES)), ((2,),)),
    "one is not": (EACH[1:], None),
    "one is open": ((*EACH[1:], delivery(9, SLICES[0], status=DeliveryStatus.OPEN)), None),
    "one was twice": ((*EACH, delivery(9, SLICES[0])), None),
}


@pytest.mark.parametrize("name", DELIVERED)
def test_slices_are_merged_only_if_they_are_delivered_alike(name: str) -> None:
    """To each site all of them were sent, or none."""
    deliveries, expected = DELIVERED[name]
    found = groups(history(SLICES, *deliveries))
    assert [group.deliveries for group in found] == ([] if expected is None else [expected])


def _merged() -> LoadedObject:
    found = merged_slice([item.object for item in SLICES])
    hits = Part("docs", DAY, f"hits/site=docs/date={DAY}/merged.parquet", "merged", FEWEST)
    return dataclasses.replace(SLICES[0], object=found, object_id="merged", parts=(hits,))


def _import_inputs(items: Sequence[LoadedObject]) -> dict[str, str]:
    return {item.object.key: item.object.version for item in items}


def _stat_inputs(items: Sequence[LoadedObject]) -> dict[str, str]:
    parts = [DayPart(part, item, import_step()) for item in items for part in item.parts]
    return {part.name(DAY): part.version for part in parts}


@pytest.mark.parametrize("inputs_of", [_import_inputs, _stat_inputs])
def test_a_step_that_was_up_to_date_still_is(inputs_of: Callable[[Sequence[LoadedObject]], dict[str, str]]) -> None:
    """Its record names the merged slice; a record of other versions stays as it is, so that the step is done again."""
    stage = Stage.IMPORT if inputs_of is _import_inputs else Stage.STAT
    step = import_step() if stage is Stage.IMPORT else stat_step()
    settings, other = {"recipe": "2", "url": "x"}, {"accounting": "y"}
    record = StepRecord(step, Status.DONE, "old", settings, {**inputs_of(SLICES), **other})
    [after] = records_after(SliceGroup(import_step(), SLICES), _merged(), [record])
    expected = Fingerprint.of(stage, settings, {**inputs_of([_merged()]), **other})
    assert not expected.since(Fingerprint.recorded(after))
    assert (after.fingerprint, dict(after.inputs)) == (expected.digest, dict(expected.inputs))
    stale = dataclasses.replace(record, inputs={**inputs_of(SLICES[1:]), **other})
    assert list(records_after(SliceGroup(import_step(), SLICES), _merged(), [stale])) == []
