"""Which steps a command asks for."""

import datetime as dt
from pathlib import Path

import pytest
from trial import DAYS, Trial

from mtc.errors import UsageError
from mtc.manifest.load import load
from mtc.manifest.project import Project
from mtc.model import Stage, Status, StepId
from mtc.plan.model import History, StepRecord
from mtc.run.select import Wanted, select, sites_of

NOTHING = History()
NOW = dt.datetime(2025, 5, 10, 12, tzinfo=dt.UTC)
OLD = dt.date(2025, 4, 20)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two sites and the first three days of May; objects may come until six hours after a day's end."""
    return load(Trial.make(tmp_path).root / "mtc.yaml")


def record(stage: Stage, status: Status, checked: dt.datetime | None = None, day: dt.date = OLD) -> History:
    step = StepId(stage, "docs", day)
    return History({step: StepRecord(step, status, attempts=1, checked=checked)})


def test_without_a_word_the_manifest_says_which_steps(project: Project) -> None:
    """All of its sites, days and stages."""
    chosen = select(project, Wanted(), NOTHING, NOW)
    assert (chosen.stages, chosen.days) == (tuple(Stage), {"docs": DAYS, "shop": DAYS})
    assert not chosen.exact


def test_the_command_line_cuts_sites_stages_and_days(project: Project) -> None:
    """In the manifest's order, whatever the order on the command line."""
    wanted = Wanted(("shop", "docs"), (Stage.CSV, Stage.IMPORT), "2025-04-01")
    chosen = select(project, wanted, NOTHING, NOW)
    assert chosen.stages == (Stage.IMPORT, Stage.CSV)
    assert list(chosen.days) == ["docs", "shop"]
    assert chosen.days["docs"] == (dt.date(2025, 4, 1),)
    assert chosen.exact


def test_an_unknown_site_is_refused_with_the_nearest(project: Project) -> None:
    """Or with all there are, when none is near."""
    with pytest.raises(UsageError, match=r"'shopp'.*did you mean shop\?"):
        sites_of(project, Wanted(("shopp",)))
    with pytest.raises(UsageError, match="the manifest has: docs, shop"):
        sites_of(project, Wanted(("zzzzzzzzz",)))


def test_yesterday_is_the_sites_own(project: Project) -> None:
    """At half past ten in the evening, UTC, it is the next day in Paris."""
    late = dt.datetime(2025, 5, 1, 22, 30, tzinfo=dt.UTC)
    chosen = select(project, Wanted(dates="yesterday"), NOTHING, late)
    assert chosen.days == {"docs": (dt.date(2025, 5, 1),), "shop": (dt.date(2025, 4, 30),)}


def test_a_day_that_had_not_settled_is_looked_at_once_more(project: Project) -> None:
    """It lies before the manifest's dates, and was last looked at when objects could still come."""
    early = dt.datetime(2025, 4, 21, 1, tzinfo=dt.UTC)
    chosen = select(project, Wanted(), record(Stage.IMPORT, Status.DONE, early), NOW)
    assert chosen.days == {"docs": (OLD, *DAYS), "shop": DAYS}


def test_a_day_that_had_settled_is_not_looked_at_again(project: Project) -> None:
    """Whatever comes later is for whoever names the day."""
    settled = dt.datetime(2025, 4, 21, 5, tzinfo=dt.UTC)  # the day ended at 22:00 UTC
    assert select(project, Wanted(), record(Stage.IMPORT, Status.DONE, settled), NOW).days["docs"] == DAYS


def test_a_day_that_failed_stays_on_the_list(project: Project) -> None:
    """Cron's `yesterday` moves on; what a night could not do is done the next night."""
    assert OLD in select(project, Wanted(), record(Stage.IMPORT, Status.FAILED), NOW).days["docs"]
    assert OLD in select(project, Wanted(), record(Stage.STAT, Status.FAILED), NOW).days["docs"]


def test_days_that_are_named_are_the_only_ones(project: Project) -> None:
    """Nothing left behind is taken along when somebody asks for one day."""
    chosen = select(project, Wanted(dates="2025-05-02"), record(Stage.IMPORT, Status.FAILED), NOW)
    assert chosen.days["docs"] == (DAYS[1],)
    assert chosen.named == {DAYS[1]}
