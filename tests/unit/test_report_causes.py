"""Which failed and blocked steps have a new cause."""

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


def test_what_follows_from_a_failure_is_no_news() -> None:
    """The failure has been shown; that its statistics wait is clear."""
    causes = SeenCauses()
    assert causes.is_new(StepFinished(step(), Status.FAILED, 1.0, error="it broke"))
    assert not causes.is_new(StepBlocked(step(Stage.STAT), "import:docs:2026-05-01 failed"))
    assert not causes.is_new(StepBlocked(step(Stage.CSV), "stat:docs:2026-05-01 is blocked"))


def test_many_steps_that_fail_in_the_same_words_tell_them_once() -> None:
    """A disk that is full has one message; another stage, or another file in it, is another."""
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


def test_what_follows_from_a_blocked_step_is_no_news() -> None:
    """Nor is it when the step before could not be tried itself."""
    causes = SeenCauses()
    assert causes.is_new(StepBlocked(step(), LISTING))
    assert not causes.is_new(StepBlocked(step(Stage.STAT), "import:docs:2026-05-01 is blocked"))


def test_a_step_that_is_done_does_not_mark_its_day() -> None:
    """Statistics of a day whose import is done can be blocked by something of their own."""
    causes = SeenCauses()
    assert not causes.is_new(StepFinished(step(), Status.DONE, 1.0))
    assert causes.is_new(StepBlocked(step(Stage.STAT), "something of its own"))
