"""The counts of a run, and its exit code."""

import datetime as dt

import pytest

from mtc.core.model import Stage, Status, StepId, Verdict
from mtc.engine.run_summary import RunSummary
from mtc.plan.work import PlannedStep
from mtc.state.run_records import StepOutcome

DAY = dt.date(2025, 5, 1)


def step(site: str) -> StepId:
    return StepId(Stage.IMPORT, site, DAY)


def ended(*statuses: Status) -> RunSummary:
    """A summary of steps that ended with these statuses."""
    summary = RunSummary()
    for number, status in enumerate(statuses):
        summary.add_outcome(StepOutcome(step(f"site{number}"), status, Verdict.NEW))
    return summary


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ((), 0),
        ((Status.DONE, Status.EMPTY), 0),
        ((Status.DONE, Status.FAILED), 3),
        ((Status.BLOCKED,), 3),
    ],
)
def test_a_failed_or_blocked_step_determines_the_exit_code(statuses: tuple[Status, ...], code: int) -> None:
    """It is 3 for any number of them, and otherwise 0."""
    assert ended(*statuses).exit_code == code


@pytest.mark.parametrize(("verdict", "code"), [(Verdict.UP_TO_DATE, 0), (Verdict.NOT_DUE, 0), (Verdict.BLOCKED, 3)])
def test_a_step_without_work_is_a_failure_only_if_it_is_blocked(verdict: Verdict, code: int) -> None:
    """A blocked step could not be tried."""
    summary = RunSummary()
    summary.add_idle(PlannedStep(step("docs"), verdict))
    assert summary.exit_code == code


def test_each_step_is_counted_once() -> None:
    """A step that ends twice, as after a retry, counts with its last status."""
    summary = ended(Status.FAILED, Status.DONE, Status.EMPTY)
    summary.add_outcome(StepOutcome(step("site0"), Status.DONE, Verdict.NEW))
    summary.add_idle(PlannedStep(step("idle"), Verdict.UP_TO_DATE))
    summary.add_idle(PlannedStep(step("early"), Verdict.NOT_DUE))
    summary.add_idle(PlannedStep(step("held"), Verdict.BLOCKED))
    assert summary.counts() == {"done": 2, "empty": 1, "failed": 0, "blocked": 1, "up_to_date": 1, "not_due": 1}
