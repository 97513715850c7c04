"""The coordinator: what is tried again and what is not, what is blocked, what goes on, what is recorded."""

import datetime as dt
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rig import Rig, step
from trial import DAYS

from mtc.core.errors import InterruptedRunError, ObjectChangedError, PermanentError, TransientError
from mtc.core.events import Event, StepBlocked, StepFinished, StepRetried
from mtc.core.model import Stage, Status, Verdict
from mtc.plan.work import ImportWork
from mtc.stages.stage import StepFailed

FIRST = step(Stage.IMPORT)
STAT = step(Stage.STAT)
BUSY = TransientError("503 Slow Down", where="s3://acme-logs/docs")
DENIED = PermanentError("access denied", where="credentials.pull", hint="grant s3:GetObject")


@pytest.fixture(params=[1, 2], ids=["inline", "pool"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """A rig that does one task at a time, and one that does two: they must behave alike."""
    made = Rig.make(tmp_path / "project", request.param)
    with made.store:
        yield made


def test_a_run_does_every_step_once(rig: Rig) -> None:
    """Stage by stage; a second run has nothing to do."""
    run = rig.apply()
    assert run.summary.exit_code == 0
    every = [step(stage, site, day) for stage in Stage for site in ("docs", "shop") for day in range(3)]
    assert [rig.stage.tried(one) for one in every] == [1] * 18
    assert [planned.step.stage for planned in rig.stage.tries] == [stage for stage in Stage for _ in range(6)]
    again = rig.apply()
    assert (again.summary.counts()["up_to_date"], len(rig.stage.tries)) == (18, 18)


def test_an_error_that_may_pass_is_tried_again(rig: Rig) -> None:
    """As often as `retries` says, each try on record; what depends on the step is done after it."""
    rig.stage.script[FIRST] = [BUSY, ConnectionResetError("reset")]
    run = rig.apply()
    assert run.summary.exit_code == 0
    assert rig.outcomes(FIRST) == ["failed", "failed", "done"]
    assert [event.attempt for event in rig.listener.heard(StepRetried)] == [1, 2]
    assert run.summary.outcomes[FIRST].attempts == 3
    assert rig.status(STAT) is Status.EMPTY


def test_a_step_that_waits_alone_for_its_next_try_is_waited_for(tmp_path: Path) -> None:
    """When nothing else is left to do, its pause is no end of the run."""
    for jobs in (1, 2):
        made = Rig.make(tmp_path / str(jobs), jobs, backoff="1s", retries=1)
        made.stage.script[FIRST] = [BUSY]
        with made.store:
            run = made.apply(Stage.IMPORT)
            assert made.outcomes(FIRST) == ["failed", "done"]
            assert run.summary.outcomes[FIRST].attempts == 2


def test_an_error_that_does_not_pass_is_given_up_in_the_end(rig: Rig) -> None:
    """After `retries` further tries the step has failed, with the last error on record."""
    rig.stage.script[FIRST] = [BUSY] * 9
    run = rig.apply()
    assert run.summary.exit_code == 3
    assert rig.outcomes(FIRST) == ["failed"] * (rig.project.run.retries + 1)
    record = rig.store.record(FIRST)
    assert record is not None
    assert (record.status, record.error, record.attempts) == (Status.FAILED, str(BUSY), rig.project.run.retries + 1)


def test_an_error_that_will_not_pass_fails_at_once(rig: Rig) -> None:
    """A bad credential is no better the second time."""
    rig.stage.script[FIRST] = [DENIED]
    run = rig.apply()
    assert run.summary.exit_code == 3
    assert rig.outcomes(FIRST) == ["failed"]
    assert rig.listener.heard(StepRetried) == []
    (failed,) = [event for event in rig.listener.heard(StepFinished) if event.status is Status.FAILED]
    assert (failed.step, failed.error) == (FIRST, str(DENIED))


def test_a_failed_step_blocks_what_depends_on_it_and_nothing_else(rig: Rig) -> None:
    """Other days and other sites are done to their last stage."""
    rig.stage.script[FIRST] = [DENIED]
    run = rig.apply()
    blocked = {event.step for event in rig.listener.heard(StepBlocked)}
    assert blocked == {STAT, step(Stage.CSV)}
    assert {rig.status(one) for one in blocked} == {Status.BLOCKED}
    counts = run.summary.counts()
    assert (counts["failed"], counts["blocked"], counts["done"], counts["empty"]) == (1, 2, 5, 10)
    assert all(str(FIRST) in event.reason for event in rig.listener.heard(StepBlocked))


def test_a_later_run_heals_what_failed_and_what_was_blocked(rig: Rig) -> None:
    """And does not touch the rest."""
    rig.stage.script[FIRST] = [DENIED]
    rig.apply()
    before = len(rig.stage.tries)
    run = rig.apply()
    assert run.summary.exit_code == 0
    assert {planned.step for planned in rig.stage.tries[before:]} == {FIRST, STAT, step(Stage.CSV)}
    assert run.summary.outcomes[FIRST].verdict is Verdict.FAILED
    record = rig.store.record(FIRST)
    assert record is not None
    assert (record.status, record.error, record.attempts) == (Status.DONE, "", 0)


def test_a_retry_looks_at_the_source_again(rig: Rig) -> None:
    """An object that was replaced between listing and reading is taken in its new version."""
    key = f"docs/{DAYS[0]}.log"

    def replaced(event: Event) -> None:
        if isinstance(event, StepRetried):
            rig.sources["docs"].objects[key] = b"another"

    rig.listener.then = replaced
    rig.stage.script[FIRST] = [ObjectChangedError("the object has changed since it was listed", where=key)]
    assert rig.apply().summary.exit_code == 0
    versions = [planned.work.load[0].size for planned in rig.stage.tries if isinstance(planned.work, ImportWork)]
    assert versions.count(len(b"another")) == 1
    assert [loaded.object.size for loaded in rig.store.objects_of(FIRST)] == [len(b"another")]


def test_an_object_gone_before_a_retry_makes_an_empty_day(rig: Rig) -> None:
    """What is not there any more is nothing to fail for."""
    rig.listener.then = lambda event: rig.sources["docs"].objects.clear() if isinstance(event, StepRetried) else None
    rig.stage.script[FIRST] = [ObjectChangedError("gone")]
    assert rig.apply().summary.exit_code == 0
    assert rig.store.objects_of(FIRST) == ()


def test_one_failure_in_a_set_leaves_the_rest_of_the_set_alone(rig: Rig) -> None:
    """The days of a site's statistics are one task, and are recorded one by one."""
    bad = step(Stage.STAT, "docs", 1)
    rig.stage.script[bad] = [StepFailed(bad, DENIED)]
    run = rig.apply()
    assert rig.status(bad) is Status.FAILED
    assert rig.status(step(Stage.STAT, "docs", 0)) is rig.status(step(Stage.STAT, "docs", 2)) is Status.EMPTY
    assert {event.step for event in rig.listener.heard(StepBlocked)} == {step(Stage.CSV, "docs", 1)}
    assert run.summary.exit_code == 3


def test_a_set_that_breaks_is_tried_again_without_what_is_done(rig: Rig) -> None:
    """The first day was recorded, the second broke the set, the third was never reached: two are tried again."""
    rig.stage.script[step(Stage.STAT, "docs", 1)] = [BUSY]
    assert rig.apply().summary.exit_code == 0
    assert [rig.stage.tried(step(Stage.STAT, "docs", day)) for day in range(3)] == [1, 2, 1]
    assert [rig.outcomes(step(Stage.STAT, "docs", day)) for day in range(3)] == [
        ["empty"], ["failed", "empty"], ["failed", "empty"],
    ]  # fmt: skip


def test_a_step_that_failed_in_a_set_that_then_breaks_is_tried_again_once(rig: Rig) -> None:
    """It waits for its new try already when the set breaks, and has but one."""
    bad = step(Stage.STAT, "docs", 0)
    rig.stage.script[bad] = [StepFailed(bad, BUSY)]
    rig.stage.script[step(Stage.STAT, "docs", 1)] = [BUSY]
    assert rig.apply().summary.exit_code == 0
    assert rig.outcomes(bad) == ["failed", "empty"]
    assert rig.stage.tried(bad) == 2


def test_a_step_that_its_stage_forgets_has_failed(rig: Rig) -> None:
    """A task that ends well without a word about one of its steps does not pass for done."""
    forgotten = step(Stage.CSV, "shop", 2)
    rig.stage.script[forgotten] = [None]
    run = rig.apply()
    assert (run.summary.exit_code, len(run.bugs)) == (3, 1)
    assert rig.status(forgotten) is Status.FAILED


def test_a_bug_in_a_step_stops_no_other(rig: Rig) -> None:
    """Its text may hold anything, so that the state gets its class alone; whoever runs the coordinator hears of it."""
    rig.stage.script[FIRST] = [ValueError("AKIATESTTESTTEST0001")]
    run = rig.apply()
    assert [type(bug) for bug in run.bugs] == [ValueError]
    record = rig.store.record(FIRST)
    assert record is not None
    assert (record.status, "ValueError" in record.error, "AKIA" in record.error) == (Status.FAILED, True, False)
    assert run.summary.counts()["done"] == 5


def test_a_source_that_cannot_be_listed_blocks_its_site_alone(rig: Rig) -> None:
    """The others do not wait for it, and a later run asks again."""
    rig.sources["docs"].fail = DENIED
    run = rig.apply()
    assert {event.step.site for event in rig.listener.heard(StepBlocked)} == {"docs"}
    assert (run.summary.exit_code, run.summary.counts()["blocked"]) == (3, 9)
    assert rig.apply().summary.counts()["blocked"] == 0


def test_a_source_that_cannot_be_listed_at_a_retry_is_no_end_of_the_tries(rig: Rig) -> None:
    """An outage that takes down reading and listing for a moment costs one try, not the step."""
    rig.listener.then = lambda event: (
        setattr(rig.sources["docs"], "fail", BUSY) if isinstance(event, StepRetried) and event.attempt == 1 else None
    )
    rig.stage.script[FIRST] = [BUSY]
    assert rig.apply().summary.exit_code == 0
    assert rig.outcomes(FIRST)[-1] == "done"


def test_the_pause_before_a_retry_that_cannot_be_planned_is_not_in_its_time(tmp_path: Path) -> None:
    """The step failed at once when its source could not be listed, however long it had waited for that."""
    rig = Rig.make(tmp_path, 1, backoff="1s", retries=1)
    rig.listener.then = lambda event: (
        setattr(rig.sources["docs"], "fail", BUSY) if isinstance(event, StepRetried) else None
    )
    rig.stage.script[FIRST] = [BUSY]
    assert rig.apply().summary.exit_code == 3
    (failed,) = [event for event in rig.listener.heard(StepFinished) if event.status is Status.FAILED]
    assert failed.step == FIRST
    assert failed.seconds < 0.5


def test_no_new_step_starts_when_a_run_is_asked_to_stop(rig: Rig) -> None:
    """What was not begun is as it was; what was under way is done or interrupted; a later run does the rest."""
    run = rig.coordinator()
    rig.listener.then = lambda event: run.stop(signal.SIGINT) if isinstance(event, StepFinished) else None
    with pytest.raises(InterruptedRunError) as caught:
        run.apply(rig.selection())
    assert caught.value.exit_code == 130
    rig.listener.then = None
    begun = {planned.step for planned in rig.stage.tries}
    assert 1 <= len(begun) <= rig.jobs + 1
    untried = [record for record in rig.store.list_steps() if record.step not in begun]
    assert {record.status for record in untried} == {Status.PLANNED}
    rig.store.end_run(run.run, exit_code=130, counts={}, at=rig.clock())
    assert not [record for record in rig.store.list_steps() if record.status is Status.RUNNING]
    assert rig.apply().summary.exit_code == 0


def test_a_run_that_waits_before_a_retry_stops_at_once(tmp_path: Path) -> None:
    """However long the back-off."""
    rig = Rig.make(tmp_path / "project", backoff="1h")
    with rig.store:
        run = rig.coordinator()
        rig.listener.then = lambda event: run.stop(signal.SIGTERM) if isinstance(event, StepRetried) else None
        rig.stage.script[FIRST] = [BUSY]
        began = time.monotonic()
        with pytest.raises(InterruptedRunError) as caught:
            run.apply(rig.selection())
        assert caught.value.exit_code == 143
        assert time.monotonic() - began < 20
        assert rig.status(FIRST) is Status.FAILED
        assert rig.stage.tried(FIRST) == 1


def test_the_time_of_a_look_is_that_of_the_listing_a_step_was_planned_from(rig: Rig) -> None:
    """Another step's retry looks at its own day alone: it must not make believe that this one's was looked at."""
    looked = rig.clock.now

    def later(event: Event) -> None:
        if isinstance(event, StepRetried):
            rig.clock.now += dt.timedelta(hours=1)

    rig.listener.then = later
    rig.stage.script[FIRST] = [BUSY]
    rig.stage.script[step(Stage.IMPORT, "shop", 2)] = [lambda: time.sleep(0.3)]
    assert rig.apply().summary.exit_code == 0
    other, retried = rig.store.record(step(Stage.IMPORT, "shop", 2)), rig.store.record(FIRST)
    assert other is not None
    assert retried is not None
    assert other.checked == looked
    assert retried.checked == looked + dt.timedelta(hours=1)


def test_every_planned_step_is_in_the_state_also_one_that_was_never_tried(rig: Rig) -> None:
    """A question about what is missing is answered."""
    rig.stage.script[FIRST] = [DENIED]
    rig.apply()
    assert len(rig.store.list_steps()) == 18
