"""What the state file knows of steps, as frozen values: `state` makes them, `plan` and `report` read them."""

import datetime as dt
from collections.abc import Mapping
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
    """What the state says of some sites. All maps are complete for those sites.

    `objects` are the loaded objects of each import step, `deliveries` what was sent of them to Matomo. `copies` are
    the objects, by step and key, that do not count as another of the site has the same lines, with its name.
    """

    steps: Mapping[StepId, StepRecord] = field(default_factory=dict)
    objects: Mapping[StepId, tuple[LoadedObject, ...]] = field(default_factory=dict)
    csv_outputs: tuple[Output, ...] = ()
    deliveries: Mapping[StepId, tuple[Delivery, ...]] = field(default_factory=dict)
    copies: Mapping[StepId, Mapping[str, str]] = field(default_factory=dict)

    def counted(self, step: StepId) -> tuple[LoadedObject, ...]:
        """The loaded objects of an import step that count."""
        objects, copies = self.objects.get(step, ()), self.copies.get(step)
        return tuple(item for item in objects if item.object.key not in copies) if copies else objects
