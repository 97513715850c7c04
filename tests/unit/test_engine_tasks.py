"""Planned steps become tasks."""

import datetime as dt
from dataclasses import replace

from mtc.core.model import Part, Stage, StepId, Verdict
from mtc.engine.task_queue import tasks
from mtc.plan.work import PlannedStep, StatWork, Task

FIRST = dt.date(2025, 1, 1)


def planned(stage: Stage, site: str, days: int) -> list[PlannedStep]:
    """The steps of a site's first days."""
    return [PlannedStep(StepId(stage, site, FIRST + dt.timedelta(days=number)), Verdict.NEW) for number in range(days)]


def made(*steps: PlannedStep) -> list[Task]:
    return list(tasks(steps))


def test_each_import_step_is_a_task() -> None:
    """A failure or a retry affects one day."""
    steps = [*planned(Stage.IMPORT, "docs", 3), *planned(Stage.IMPORT, "shop", 2)]
    assert [task.steps for task in made(*steps)] == [(step,) for step in steps]


def with_hits(steps: list[PlannedStep], hits: int) -> list[PlannedStep]:
    """The steps with so many hits each."""
    return [replace(each, work=StatWork((Part(each.step.site, each.step.day, "f", "o", hits),))) for each in steps]


def test_the_days_of_statistics_are_one_set() -> None:
    """They are counted together, also those of several sites, and a year is not split for another site."""
    docs, shop, wiki = (planned(Stage.STAT, site, days) for site, days in (("docs", 300), ("shop", 2), ("wiki", 99)))
    assert [task.steps for task in made(*docs, *shop, *wiki)] == [(*docs, *shop), tuple(wiki)]


def test_large_sites_are_tasks_of_their_own() -> None:
    """So that they are counted in parallel."""
    docs, shop, wiki = (with_hits(planned(Stage.STAT, site, 2), 20_000) for site in ("docs", "shop", "wiki"))
    assert [task.steps for task in made(*docs, *shop, *wiki)] == [(*docs, *shop), tuple(wiki)]


def test_a_site_that_is_to_be_alone_shares_no_task() -> None:
    """A server that fails for one site must not end the others' task."""
    docs, shop, wiki = (planned(Stage.STAT, site, 2) for site in ("docs", "shop", "wiki"))
    found = [task.steps for task in tasks([*docs, *shop, *wiki], {"shop"})]
    assert found == [tuple(shop), (*docs, *wiki)]


def test_very_many_days_are_split_into_sets() -> None:
    """A task does not hold ten years in memory, and no step is lost between sets."""
    steps = planned(Stage.STAT, "docs", 1_001)
    sets = made(*steps)
    assert [len(task.steps) for task in sets] == [400, 400, 201]
    assert [step for task in sets for step in task.steps] == steps


def test_all_rows_of_csv_are_one_task() -> None:
    """The files are written as a whole, whichever sites have new rows."""
    steps = [*planned(Stage.CSV, "docs", 500), *planned(Stage.CSV, "shop", 500)]
    (task,) = made(*steps)
    assert (task.stage, task.steps) == (Stage.CSV, tuple(steps))
    assert task.name == "csv:docs:2025-01-01 and 999 more"


def test_no_steps_make_no_task() -> None:
    """Nothing starts without work."""
    assert made() == []
