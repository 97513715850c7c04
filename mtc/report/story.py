"""The whole story of one step, put together from plan, history and attempts. `why` puts it into words."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mtc.delivery import Delivery
from mtc.manifest.project import Place
from mtc.model import Accounting, Output, Stage, StepId, Verdict
from mtc.plan.model import History, PlannedStep, StepRecord
from mtc.plan.neighbours import Elsewhere, elsewhere
from mtc.report.differences import InputChange, SettingChange, input_changes, setting_changes
from mtc.report.inputs import Input, inputs_of


class Attempt(Protocol):
    """One try of a step. `ended` is None and `outcome` empty while it is under way, or was killed."""

    @property
    def run(self) -> str:
        """The run that tried."""

    @property
    def number(self) -> int:
        """Which try of this run, from 1."""

    @property
    def started(self) -> dt.datetime:
        """When it began."""

    @property
    def ended(self) -> dt.datetime | None:
        """When it ended."""

    @property
    def outcome(self) -> str:
        """How it ended."""

    @property
    def error(self) -> str:
        """Why it failed, or empty."""


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of a step. `verdict` is None when no plan has the step, `record` when the state has not.

    `compared` says that there was a success and that today's inputs are known, so that `settings` and `changes` tell.
    """

    step: StepId
    verdict: Verdict | None
    reasons: tuple[str, ...]
    record: StepRecord | None
    inputs: tuple[Input, ...]
    settings: tuple[SettingChange, ...]
    changes: tuple[InputChange, ...]
    attempts: tuple[Attempt, ...]
    compared: bool
    deliveries: tuple[Delivery, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()

    @property
    def accounting(self) -> Accounting | None:
        """Where the lines went at the last success."""
        return self.record.accounting if self.record else None

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What the last success made."""
        return self.record.outputs if self.record else ()


def tell_story(
    step: StepId,
    planned: PlannedStep | None,
    history: History,
    attempts: Sequence[Attempt],
    places: Mapping[str, Place],
) -> Story:
    """Put the story of `step` together. `planned` is its line of a plan made now, if the plan has it."""
    record = history.steps.get(step)
    pair = (record, planned) if record and planned and record.fingerprint and planned.fingerprint else None
    return Story(
        step=step,
        verdict=planned.verdict if planned else None,
        reasons=planned.reasons if planned else (),
        record=record,
        inputs=inputs_of(step, planned, history),
        settings=setting_changes(*pair, places) if pair else (),
        changes=input_changes(*pair) if pair else (),
        attempts=tuple(sorted(attempts, key=lambda attempt: (attempt.started, attempt.number))),
        compared=pair is not None,
        deliveries=history.deliveries.get(step, ()),
        elsewhere=tuple(elsewhere(step, history)) if step.stage is Stage.IMPORT else (),
    )
