"""A plan: steps with their verdicts, and the work orders for executors and stages."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from mtc.core.deliveries import DeliveredObject, Delivery, undelivered
from mtc.core.hit_order import Place
from mtc.core.model import RECIPES, Accounting, LoadedObject, Part, SourceObject, Stage, StepId, Verdict
from mtc.plan.fingerprint import step_digest


@dataclass(frozen=True, slots=True)
class DeliverWork:
    """What an import step has to deliver: all hits of its objects that no delivery covers.

    `number` is that of the next delivery. `opened` are deliveries to be finished first. `covered` are the objects that
    deliveries already cover. `carried` maps the keys of objects to be loaded again to the delivered objects, which must
    have the same lines unless the step is `accepted`. `resend` are keys that an operator allows to be sent again.
    `refused` are reasons why the step fails after the open deliveries are finished. `sent` are the digests of the lines
    of all delivered objects, of any day: a copy of them is not sent.
    """

    number: int
    opened: tuple[Delivery, ...] = ()
    covered: tuple[DeliveredObject, ...] = ()
    carried: Mapping[str, DeliveredObject] = field(default_factory=dict)
    accepted: bool = False
    resend: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    sent: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class ImportWork:
    """What an import step has to do.

    `load` are objects to load (with settings whose digest is `made_with`), `replaced` the earlier versions of some of
    them; `archive` are loaded objects still to be archived; `drop` are loaded objects to remove; `keep` are all loaded
    objects that stay as they are. `deliver` is None for a site whose hits are not delivered. `unreadable` names files
    that cannot be read, each with the reason: the step does everything else, and fails at its end.
    """

    load: tuple[SourceObject, ...] = ()
    replaced: tuple[LoadedObject, ...] = ()
    made_with: str = ""
    archive: tuple[LoadedObject, ...] = ()
    drop: tuple[LoadedObject, ...] = ()
    keep: tuple[LoadedObject, ...] = ()
    deliver: DeliverWork | None = None
    unreadable: tuple[str, ...] = ()

    @property
    def only_loads(self) -> bool:
        """Whether whole objects are loaded or dropped, and nothing is delivered or archived.

        None of the objects is one that is loaded already, and whose part would be written again under its name.
        """
        if self.deliver is not None or self.archive or any(item.slice is not None for item in self.load):
            return False
        made = (self.made_with, RECIPES[Stage.IMPORT])
        there = {(old.object.key, old.object.version) for old in self.replaced if (old.made_with, old.recipe) == made}
        return not any((item.key, item.version) in there for item in self.load)

    @property
    def to_deliver(self) -> int:
        """How many objects have hits to deliver, as far as is known before loading."""
        if self.deliver is None:
            return 0
        opened = sum(len(delivery.objects) for delivery in self.deliver.opened)
        new = sum(item.key not in self.deliver.carried for item in self.load)
        return opened + new + len(undelivered(self.keep, self.deliver.covered))


@dataclass(frozen=True, slots=True)
class StatWork:
    """What a stat step is computed from: parts with hits of its day, and the accounting of its day's import.

    `lacking` says why the day may be incomplete. `delivered` is the least number of hits that Matomo has; 0 if the
    site's statistics do not come from Matomo. `places` are those of the objects that are slices of logs.
    """

    parts: tuple[Part, ...] = ()
    accounting: Accounting | None = None
    lacking: tuple[str, ...] = ()
    delivered: int = 0
    places: Mapping[str, Place] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class CsvWork:
    """What a csv step is made from: `stat` is the version of its `.stat` file.

    `recorded` are the recorded digests of all `.stat` files of the site, by day.
    """

    stat: str = ""
    recorded: Mapping[dt.date, str] = field(default_factory=dict, compare=False, repr=False)


Work = ImportWork | StatWork | CsvWork


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step with its verdict, the reasons for it (the most direct first), and its work.

    `fingerprint`, `settings` and `inputs` are recorded when the step is done.
    """

    step: StepId
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    work: Work | None = None

    @property
    def fingerprint(self) -> str:
        """A digest of what its result depends on; empty for a step of which that is not known."""
        return step_digest(self.step.stage, self.settings, self.inputs) if self.settings or self.inputs else ""

    @property
    def cost(self) -> int:
        """The bytes of logs to read."""
        return sum(item.size for item in self.work.load) if isinstance(self.work, ImportWork) else 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Every selected step, in order of stage, site and day."""

    steps: tuple[PlannedStep, ...] = ()

    def count(self) -> dict[Verdict, int]:
        """How many steps have each verdict, in the order of the verdicts."""
        counts = dict.fromkeys(Verdict, 0)
        for step in self.steps:
            counts[step.verdict] += 1
        return {verdict: count for verdict, count in counts.items() if count}

    @property
    def work(self) -> tuple[PlannedStep, ...]:
        """The steps that have work."""
        return tuple(step for step in self.steps if step.verdict.is_work)


@dataclass(frozen=True, slots=True)
class LoadedStep:
    """What an import step has loaded and not yet delivered.

    `notes` are remarks about its lines. `covered` are the objects that deliveries still cover although they were loaded
    again; `resent` are the keys of objects whose hits may be sent again.
    """

    objects: tuple[LoadedObject, ...] = ()
    notes: tuple[str, ...] = ()
    covered: tuple[DeliveredObject, ...] = ()
    resent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """Steps of one stage that run together and are recorded one by one.

    An import task with hits to deliver that may not deliver yet ends after loading. It is run again with what it
    `loaded`, and continues from there.
    """

    stage: Stage
    steps: tuple[PlannedStep, ...]
    may_deliver: bool = True
    loaded: LoadedStep | None = None

    @property
    def name(self) -> str:
        """The task's name in progress reports and messages."""
        first = str(self.steps[0].step)
        return first if len(self.steps) == 1 else f"{first} and {len(self.steps) - 1} more"
