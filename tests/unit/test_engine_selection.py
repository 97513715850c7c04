"""The steps that a command selects."""

import dataclasses
import datetime as dt
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from trial import DAYS, Trial

from mtc.core.errors import UsageError
from mtc.core.model import Stage, Status, StepId
from mtc.core.records import History, StepRecord
from mtc.engine.selection import Scope, select, sites_of
from mtc.manifest.dates import Dates
from mtc.manifest.load import load
from mtc.manifest.project import Project
from mtc.plan.neighbours import NEIGHBOUR

NOTHING = History()
NOW = dt.datetime(2025, 5, 10, 12, tzinfo=dt.UTC)
OLD = dt.date(2025, 4, 20)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two sites and the first three days of May; objects may arrive until six hours after the end of a day."""
    return load(Trial.make(tmp_path).root / "mtc.yaml")


def record(stage: Stage, status: Status, checked: dt.datetime | None = None, day: dt.date = OLD) -> History:
    step = StepId(stage, "docs", day)
    return History({step: StepRecord(step, status, attempts=1, checked=checked)})


def test_the_manifest_selects_the_steps_by_default(project: Project) -> None:
    """All of its sites, days and stages are selected."""
    chosen = select(project, Scope(), NOTHING, NOW)
    assert (chosen.stages, chosen.days) == (tuple(Stage), {"docs": DAYS, "shop": DAYS})
    assert not chosen.exact


def test_the_command_line_limits_sites_stages_and_days(project: Project) -> None:
    """They stay in the manifest's order, whatever the order on the command line."""
    scope = Scope(("shop", "docs"), (Stage.CSV, Stage.IMPORT), "2025-04-01")
    chosen = select(project, scope, NOTHING, NOW)
    assert chosen.stages == (Stage.IMPORT, Stage.CSV)
    assert list(chosen.days) == ["docs", "shop"]
    assert chosen.days["docs"] == (dt.date(2025, 4, 1),)
    assert chosen.exact


def test_an_unknown_site_is_refused_with_the_most_similar_name(project: Project) -> None:
    """The error lists all names if none is similar."""
    with pytest.raises(UsageError, match=r"'shopp'.*did you mean shop\?"):
        sites_of(project, Scope(("shopp",)))
    with pytest.raises(UsageError, match="the manifest has: docs, shop"):
        sites_of(project, Scope(("zzzzzzzzz",)))


def test_yesterday_is_in_the_time_zone_of_the_site(project: Project) -> None:
    """At half past ten in the evening, UTC, it is the next day in Paris."""
    late = dt.datetime(2025, 5, 1, 22, 30, tzinfo=dt.UTC)
    chosen = select(project, Scope(dates="yesterday"), NOTHING, late)
    assert chosen.days == {"docs": (dt.date(2025, 5, 1),), "shop": (dt.date(2025, 4, 30),)}


def test_a_day_that_had_not_settled_is_checked_once_more(project: Project) -> None:
    """It is before the manifest's dates, and was last checked when objects could still arrive."""
    early = dt.datetime(2025, 4, 21, 1, tzinfo=dt.UTC)
    chosen = select(project, Scope(), record(Stage.IMPORT, Status.DONE, early), NOW)
    assert chosen.days == {"docs": (OLD, *DAYS), "shop": DAYS}


def test_a_day_that_had_settled_is_not_checked_again(project: Project) -> None:
    """Objects that arrive later are imported only if the day is named."""
    settled = dt.datetime(2025, 4, 21, 5, tzinfo=dt.UTC)  # the day ended at 22:00 UTC
    assert select(project, Scope(), record(Stage.IMPORT, Status.DONE, settled), NOW).days["docs"] == DAYS


def test_a_failed_day_stays_selected(project: Project) -> None:
    """A day that failed is retried the next night, though `yesterday` is another day then."""
    assert OLD in select(project, Scope(), record(Stage.IMPORT, Status.FAILED), NOW).days["docs"]
    assert OLD in select(project, Scope(), record(Stage.STAT, Status.FAILED), NOW).days["docs"]


BEGUN = {
    "killed or failed": (Status.FAILED, None),
    "before it had settled": (Status.DONE, dt.datetime(2025, 4, 21, 1, tzinfo=dt.UTC)),
}


@pytest.mark.parametrize(("status", "checked"), BEGUN.values(), ids=BEGUN)
def test_a_day_imported_only_for_another_day_is_not_selected(
    status: Status, checked: dt.datetime | None, project: Project
) -> None:
    """The day that needs its logs is checked again; the other one gets no statistics."""
    step, served = StepId(Stage.IMPORT, "docs", OLD), OLD + dt.timedelta(days=1)
    beside = StepRecord(step, status, attempts=1, checked=checked, figures={NEIGHBOUR: 1})
    asked = StepRecord(StepId(Stage.STAT, "docs", served), Status.DONE)
    known = {record.step: record for record in (beside, asked)}
    assert select(project, Scope(), History(known), NOW).days == {"docs": (served, *DAYS), "shop": DAYS}
    own = StepRecord(StepId(Stage.STAT, "docs", OLD), Status.PLANNED)
    known[own.step] = own
    assert select(project, Scope(), History(known), NOW).days == {"docs": (OLD, *DAYS), "shop": DAYS}


def test_named_days_are_the_only_ones(project: Project) -> None:
    """Unfinished days are not added when one day is named."""
    chosen = select(project, Scope(dates="2025-05-02"), record(Stage.IMPORT, Status.FAILED), NOW)
    assert chosen.days["docs"] == (DAYS[1],)
    assert chosen.named == {DAYS[1]}


def day(number: int) -> dt.date:
    """Return the day that is a number of days before NOW's."""
    return NOW.date() - dt.timedelta(days=number)


def done(*ago: int, site: str = "docs", status: Status = Status.DONE) -> dict[StepId, StepRecord]:
    """Import steps that were done on these days before NOW."""
    steps = [StepId(Stage.IMPORT, site, day(number)) for number in ago]
    return {step: StepRecord(step, status, "f" if status is Status.DONE else "", checked=NOW) for step in steps}


def for_others(*ago: int) -> dict[StepId, StepRecord]:
    """Import steps on these days before NOW, done only for the hits of adjacent days."""
    return {step: dataclasses.replace(record, figures={NEIGHBOUR: 1}) for step, record in done(*ago).items()}


CAUGHT_UP = {
    "three days off": ("yesterday", done(5, 6, 7), 30, (4, 3, 2)),
    "none off": ("yesterday", done(2, 3), 30, ()),
    "the first run ever": ("yesterday", {}, 30, ()),
    "switched off": ("yesterday", done(5), 0, ()),
    "bounded": ("yesterday", done(60), 7, (7, 6, 5, 4, 3, 2)),
    "a gap that a command by hand has cut in two": ("yesterday", done(6, 3), 30, (5, 4, 2)),
    "days of before the first": ("yesterday", done(9, 8, 7, 6, 5, 4, 3, 2), 30, ()),
    "a backfill of long ago": ("yesterday", done(100, 3, 2), 30, ()),
    "planned and never tried": ("yesterday", done(4) | done(3, 2, status=Status.PLANNED), 30, (3, 2)),
    "a day without logs was looked at": ("yesterday", done(4) | done(3, status=Status.EMPTY), 30, (2,)),
    "imported only for the day before": ("yesterday", done(5) | for_others(4), 30, (4, 3, 2)),
    "imported only for the first day": ("yesterday", for_others(5) | done(4, 3, 2), 30, ()),
    "today": ("today", done(4), 30, (3, 2, 1)),
    "the last days": ({"last": 2}, done(6), 30, (5, 4, 3)),
    "a fixed day": (day(1).isoformat(), done(5), 30, ()),
    "a fixed range": ({"from": day(2).isoformat(), "to": day(1).isoformat()}, done(5), 30, ()),
}


@pytest.mark.parametrize(("dates", "known", "catch_up", "missed"), CAUGHT_UP.values(), ids=CAUGHT_UP)
def test_days_without_a_run_are_caught_up(
    dates: object, known: dict[StepId, StepRecord], catch_up: int, missed: tuple[int, ...], project: Project
) -> None:
    """From the first day that is done, at most as far back as configured, and only with relative dates."""
    forms = TypeAdapter(Dates).validate_python(dates)
    moved = dataclasses.replace(project, dates=forms, catch_up=catch_up)
    chosen = select(moved, Scope(), History(known), NOW)
    assert chosen.caught_up == {("docs", day(number)) for number in missed}
    assert {day(number) for number in missed} <= set(chosen.days["docs"])
    assert set(chosen.days["shop"]).isdisjoint(day(number) for number in missed)  # it has no days to catch up


def test_a_command_for_named_days_catches_up_nothing(project: Project) -> None:
    """A command for one day does only that day."""
    moved = dataclasses.replace(project, dates="yesterday")
    chosen = select(moved, Scope(dates=day(1).isoformat()), History(done(5)), NOW)
    assert chosen.caught_up == frozenset()
    assert chosen.days["docs"] == (day(1),)


def test_days_that_are_too_old_to_be_caught_up_are_reported(project: Project) -> None:
    """The report has the command for all of their stages; the other days are caught up."""
    moved = dataclasses.replace(project, dates="yesterday", catch_up=3)
    chosen = select(moved, Scope(), History(done(9)), NOW)
    (note,) = chosen.notes
    assert note.startswith(f"docs: no run has imported 5 days from {day(8)} to {day(4)}")
    assert f"`mtc apply --site docs --from {day(8)} --to {day(4)}`" in note
    assert chosen.caught_up == {("docs", day(number)) for number in (3, 2)}
