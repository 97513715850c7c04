"""What the state file knows of steps, as frozen values, and which loaded objects are copies of others. No I/O.

`state` makes the records, `plan` and `report` read them. Copies are logs of one day of one site with the same lines,
whatever their names. Their lines count once.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mtc.core.deliveries import Delivery
from mtc.core.model import Accounting, LoadedObject, Output, Status, StepId


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What the state file knows of a step.

    `settings` maps the dotted names of the settings that its result depends on to their values as text, as they were
    at the last success; `inputs` maps the names of its inputs to their versions. `checked` is when the source was last
    listed for it. `attempts` counts tries since the last success.
    """

    step: StepId
    status: Status
    fingerprint: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: tuple[Output, ...] = ()
    accounting: Accounting | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    error: str = ""
    attempts: int = 0
    finished: dt.datetime | None = None
    checked: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What the state knows of some sites. All maps are complete for those sites.

    `objects` are the loaded objects of each import step, `deliveries` what was sent of them to Matomo. `copies` maps,
    by step, the key of each object that does not count to the key of the object of the site with the same lines.
    `dated` are the sites whose sources have a day in their URL: slices of their logs are of that day's logs.
    """

    steps: Mapping[StepId, StepRecord] = field(default_factory=dict)
    objects: Mapping[StepId, tuple[LoadedObject, ...]] = field(default_factory=dict)
    csv_outputs: tuple[Output, ...] = ()
    deliveries: Mapping[StepId, tuple[Delivery, ...]] = field(default_factory=dict)
    copies: Mapping[StepId, Mapping[str, str]] = field(default_factory=dict)
    dated: frozenset[str] = frozenset()
    _imports: dict[str, list[StepId]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _recorded: dict[str, list[StepId]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def imports_of(self, site: str) -> Sequence[StepId]:
        """The import steps of a site that have loaded objects. All sites are sorted apart at the first question."""
        if not self._imports:
            for step in self.objects:
                self._imports.setdefault(step.site, []).append(step)
        return self._imports.get(site, ())

    def records_of(self, site: str) -> Mapping[StepId, StepRecord]:
        """The records of a site's steps. All sites are sorted apart at the first question."""
        if not self._recorded:
            for step in self.steps:
                self._recorded.setdefault(step.site, []).append(step)
        return {step: self.steps[step] for step in self._recorded.get(site, ())}

    def counted(self, step: StepId) -> tuple[LoadedObject, ...]:
        """The loaded objects of an import step, without copies."""
        objects, copies = self.objects.get(step, ()), self.copies.get(step) if self.copies else None
        return tuple(item for item in objects if item.object.key not in copies) if copies else objects

    def is_of_growing_log(self, site: str, item: LoadedObject) -> bool:
        """Whether an object is a slice of a log whose name tells no day."""
        return item.object.slice is not None and site not in self.dated


_COPY = " is a copy of "

DUPLICATE = "duplicate"
"""The reason under which the lines of a copy are accounted for."""


def copies_among(objects: Iterable[LoadedObject]) -> Mapping[str, str]:
    """Map the key of each object with the same lines as an earlier one (by key) to the key of that one.

    Objects without lines, or whose lines are not known, are never copies.
    """
    first: dict[str, str] = {}
    copies: dict[str, str] = {}
    for item in sorted(objects, key=lambda item: item.object.key):
        if item.text and (original := first.setdefault(item.text, item.object.key)) != item.object.key:
            copies[item.object.key] = original
    return copies


def counted_accounting(item: LoadedObject, copies: Mapping[str, str]) -> Accounting:
    """The accounting of an object for the statistics: the lines of a copy are filtered, as `duplicate`."""
    if item.object.key not in copies:
        return item.accounting
    return Accounting(lines=item.accounting.lines, filtered={DUPLICATE: item.accounting.lines})


def copy_note(key: str, original: str, lines: int) -> str:
    """The note for people that an object is a copy."""
    return f"{key}{_COPY}{original}: its {lines:,} line{'' if lines == 1 else 's'} count once"


def is_copy_note(note: str) -> bool:
    """Whether a note was made by `copy_note`."""
    return _COPY in note
