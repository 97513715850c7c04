"""Which slices of growing logs are merged into one, and what the state then says of it. Pure.

A run every ten minutes makes 144 slices a day, each with an object and part files of its own. Those of a day that is
over are merged: consecutive ones of one log and one import step, loaded alike and delivered alike.
"""

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mtc.core.deliveries import DeliveredObject, Delivery, DeliveryStatus
from mtc.core.model import LoadedObject, Stage, StepId
from mtc.core.records import History, StepRecord
from mtc.core.sanitize import printable
from mtc.manifest.project import SiteSettings
from mtc.plan.fingerprint import Fingerprint
from mtc.plan.stat_inputs import DayPart
from mtc.plan.verdicts import is_done

FEWEST = 8
"""How many slices are merged at least."""

MOST_TEXT = 256 << 20
"""How many bytes of text a merged slice has at most: to load it again means to copy it."""


@dataclass(frozen=True, slots=True)
class SliceGroup:
    """Slices to be merged, in the order of their log, and the numbers of the deliveries that become one each."""

    step: StepId
    slices: tuple[LoadedObject, ...]
    deliveries: tuple[tuple[int, ...], ...] = ()


def slice_groups(site: SiteSettings, history: History) -> Iterator[SliceGroup]:
    """The slices of a site to be merged: those found on earlier days than its newest one, of finished import steps.

    A site with an archive keeps its slices, as each has a copy there.
    """
    steps = history.imports_of(site.name)
    slices = [item for step in steps for item in history.objects[step] if item.object.slice is not None]
    if site.archive is not None or len(slices) <= FEWEST:
        return
    newest = max(_found_on(site, item) for item in slices)
    for step in steps:
        deliveries = history.deliveries.get(step, ())
        is_open = any(delivery.status is DeliveryStatus.OPEN for delivery in deliveries)
        if is_open or not is_done(history.steps.get(step)):
            continue
        for group in _runs(site, history.objects[step], newest):
            numbers = _deliveries_of(group, deliveries)
            if numbers is not None:
                yield SliceGroup(step, group, numbers)


def _found_on(site: SiteSettings, item: LoadedObject) -> dt.date:
    return item.object.modified_at.astimezone(site.tzinfo).date()


def _runs(site: SiteSettings, objects: Iterable[LoadedObject], newest: dt.date) -> Iterator[tuple[LoadedObject, ...]]:
    """The longest runs of slices, of at least FEWEST, that can be merged."""
    run: list[LoadedObject] = []
    for item in sorted((item for item in objects if _is_small(item)), key=_place):
        if _found_on(site, item) >= newest:
            continue
        if run and not _goes_on(site, run, item):
            if len(run) >= FEWEST:
                yield tuple(run)
            run = []
        run.append(item)
    if len(run) >= FEWEST:
        yield tuple(run)


def _is_small(item: LoadedObject) -> bool:
    """Whether the object is a slice as it was loaded, with text, and its rejected lines can be told from others."""
    part = item.object.slice
    if part is None or part.pieces or part.start >= part.stop or item.archived:
        return False
    return printable(item.object.key).endswith(f"+{part.start}")


def _place(item: LoadedObject) -> tuple[str, int]:
    part = item.object.slice
    return (part.log, part.start) if part else ("", 0)


def _goes_on(site: SiteSettings, run: Sequence[LoadedObject], item: LoadedObject) -> bool:
    """Whether a slice begins where the run ends, was loaded alike, and found on the same day."""
    before, after = run[-1].object.slice, item.object.slice
    if before is None or after is None or (before.log, before.stop) != (after.log, after.start):
        return False
    alike = _loaded_alike(run[-1]) == _loaded_alike(item)
    size = sum(each.object.size for each in run) + item.object.size
    return alike and size <= MOST_TEXT and _found_on(site, run[-1]) == _found_on(site, item)


def _loaded_alike(item: LoadedObject) -> tuple[str, str, int]:
    return item.made_with, item.format, item.recipe


def _deliveries_of(group: Sequence[LoadedObject], deliveries: Sequence[Delivery]) -> tuple[tuple[int, ...], ...] | None:
    """The numbers of the deliveries of the group, for each server and site of it; None if they cannot become one.

    Each must have all slices of the group or none, and no object twice.
    """
    done: dict[tuple[str, int], list[Delivery]] = {}
    for delivery in deliveries:
        if delivery.status is DeliveryStatus.DONE and any(_covers(delivery.objects, item) for item in group):
            done.setdefault((delivery.server, delivery.site_id), []).append(delivery)
    keys = {item.object.key for item in group}
    for together in done.values():
        objects = [item for delivery in together for item in delivery.objects]
        is_twice = max(Counter(item.key for item in objects).values()) > 1
        covered = {item.key for item in objects if item.key in keys}
        if is_twice or covered != keys or not all(_covers(objects, item) for item in group):
            return None
    return tuple(tuple(delivery.number for delivery in together) for together in done.values())


def _covers(objects: Iterable[DeliveredObject], item: LoadedObject) -> bool:
    return any(delivered.covers(item) for delivered in objects)


def records_after(group: SliceGroup, merged: LoadedObject, records: Iterable[StepRecord]) -> Iterator[StepRecord]:
    """The records that name the slices among their inputs, with the merged one instead.

    A record that names other versions of them is of a step that has to be done again, and stays as it is.
    """
    for record in records:
        before = _inputs(record.step, group.step, group.slices)
        if record.fingerprint and before.items() <= record.inputs.items():
            kept = {name: version for name, version in record.inputs.items() if name not in before}
            yield _with_inputs(record, kept | _inputs(record.step, group.step, (merged,)))


def _inputs(of: StepId, loaded_by: StepId, objects: Iterable[LoadedObject]) -> dict[str, str]:
    """What these objects are among the inputs of an import or stat step."""
    if of.stage is Stage.IMPORT:
        return {item.object.key: item.object.version for item in objects}
    parts = (DayPart(part, item, loaded_by) for item in objects for part in item.parts if part.day == of.day)
    return {part.name(of.day): part.version for part in parts}


def _with_inputs(record: StepRecord, inputs: Mapping[str, str]) -> StepRecord:
    fingerprint = Fingerprint.of(record.step.stage, record.settings, inputs).digest
    return dataclasses.replace(record, inputs=inputs, fingerprint=fingerprint)


def steps_with_inputs(group: SliceGroup) -> tuple[StepId, ...]:
    """The steps that may name the slices among their inputs."""
    days = {part.day for item in group.slices for part in item.parts}
    return (group.step, *(StepId(Stage.STAT, group.step.site, day) for day in sorted(days)))
