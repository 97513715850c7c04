"""Failed and blocked steps with a cause that was not shown yet."""

import datetime as dt

from mtc.core.events import StepBlocked, StepFinished
from mtc.core.model import Stage, Status, StepId
from mtc.report.reporters import SeenCauses

DAY = dt.date(2026, 5, 1)
LISTING = "the source cannot be listed: no such bucket"


def step(stage: Stage = Stage.IMPORT, day: int = 0, site: str = "docs") -> StepId:
    """A step."""
    return StepId(stage, site, DAY + dt.timedelta(days=day))


def test_the_first_blocked_step_shows_its_reason() -> None:
    """A further day or site with the same reason is not shown again; another reason is."""
    causes = SeenCauses()
    assert causes.is_new(StepBlocked(step(), LISTING))
    assert not causes.is_new(StepBlocked(step(day=1), LISTING))
    assert causes.is_new(StepBlocked(step(day=2), "another reason"))
    assert not causes.is_new(StepBlocked(step(site="shop"), LISTING))
    assert causes.is_new(StepBlocked(step(day=1, site="shop"), "a third reason"))


def test_a_step_blocked_by_a_failure_is_not_shown() -> None:
    """The failure was shown, so it is clear that its statistics wait."""
    causes = SeenCauses()
    assert causes.is_new(StepFinished(step(), Status.FAILED, 1.0, error="it broke"))
    assert not causes.is_new(StepBlocked(step(Stage.STAT), "import:docs:2026-05-01 failed"))
    assert not causes.is_new(StepBlocked(step(Stage.CSV), "stat:docs:2026-05-01 is blocked"))


def test_steps_that_fail_with_the_same_message_show_it_once() -> None:
    """A full disk has one message; for another stage or another file the message is a new one."""
    causes = SeenCauses()
    full = "/data: no space left on the disk"
    shown = [
        causes.is_new(StepFinished(one, Status.FAILED, 1.0, error=error))
        for one, error in (
            (step(), full),
            (step(day=1), full),
            (step(site="shop"), full),
            (step(Stage.STAT, day=2), full),
            (step(day=3), "docs/a.gz: the object is corrupt"),
        )
    ]
    assert shown == [True, False, False, True, True]
    assert causes.failures == 3


def test_a_step_blocked_by_a_blocked_step_is_not_shown() -> None:
    """The step before could not be tried."""
    causes = SeenCauses()
    assert causes.is_new(StepBlocked(step(), LISTING))
    assert not causes.is_new(StepBlocked(step(Stage.STAT), "import:docs:2026-05-01 is blocked"))


def test_a_step_that_is_done_does_not_mark_its_day() -> None:
    """Statistics of a day with a finished import may be blocked by another cause."""
    causes = SeenCauses()
    assert not causes.is_new(StepFinished(step(), Status.DONE, 1.0))
    assert causes.is_new(StepBlocked(step(Stage.STAT), "something of its own"))
