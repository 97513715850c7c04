"""Planned steps become tasks."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from mtc.core.model import RECIPES, Accounting, LoadedObject, Part, Slice, SourceObject, Stage, StepId, Verdict
from mtc.engine.task_queue import tasks
from mtc.plan.work import DeliverWork, ImportWork, PlannedStep, StatWork, Task

FIRST = dt.date(2025, 1, 1)
NOTHING = ImportWork()
SLICE = Slice("log", "a", 0, 1, "", 0, "", 0)


def planned(stage: Stage, site: str, days: int) -> list[PlannedStep]:
    """The steps of a site's first days."""
    return [PlannedStep(StepId(stage, site, FIRST + dt.timedelta(days=number)), Verdict.NEW) for number in range(days)]


def made(*steps: PlannedStep) -> list[Task]:
    return list(tasks(steps))


def imports(
    site: str, days: int, size: int = 1000, work: ImportWork = NOTHING, name: str = "a.log"
) -> list[PlannedStep]:
    """The import steps of a site's first days, each with an object of so many bytes."""
    return [
        replace(each, work=replace(work, load=(SourceObject(f"{each.step.day}/{name}", size),)))
        for each in planned(Stage.IMPORT, site, days)
    ]


def sizes(found: Iterable[Task]) -> list[int]:
    """How many steps each task has."""
    return [len(task.steps) for task in found]


def test_small_import_steps_share_tasks() -> None:
    """In their order, also those of several sites."""
    docs, shop = imports("docs", 120), imports("shop", 2)
    found = made(*docs, *shop)
    assert sizes(found) == [50, 50, 22]
    assert [step for task in found for step in task.steps] == [*docs, *shop]


def test_import_steps_of_sites_with_other_settings_or_on_a_server_share_no_task() -> None:
    """Lines that are read in different ways cannot be read together, and a server may not answer."""
    docs, shop, wiki = imports("docs", 3), imports("shop", 3), imports("wiki", 3)
    other = imports("shop", 3, work=ImportWork(made_with="another"))
    assert [task.steps for task in made(*docs, *other, *wiki)] == [(*docs, *wiki), tuple(other)]
    assert [task.steps for task in tasks([*docs, *shop], remote={"docs"})] == [tuple(docs), tuple(shop)]


def test_a_large_import_step_is_a_task() -> None:
    """It keeps a slot busy, and a failure or a retry affects one day."""
    small, large = imports("docs", 9), imports("docs", 9, 5_000_000)
    steps = [*small[:3], large[3], *small[4:6], large[6], *small[7:]]
    assert sorted(sizes(made(*steps))) == [1, 1, 7]


def test_compressed_objects_count_as_what_they_may_be_unpacked() -> None:
    """So that a task does not hold hundreds of megabytes of text."""
    assert sizes(made(*imports("docs", 20, 300_000, name="a.log.gz"))) == [9, 9, 2]
    assert sizes(made(*imports("docs", 20, 300_000))) == [20]
    assert sizes(made(*imports("docs", 3, 400_000, name="a.log.gz"))) == [1, 1, 1]


def test_few_import_steps_are_divided_among_the_slots() -> None:
    """Once they are worth it."""
    assert sizes(tasks(imports("docs", 12, 1_000_000), slots=4)) == [3, 3, 3, 3]
    assert sizes(tasks(imports("docs", 12, 10_000), slots=4)) == [12]


def test_import_steps_that_do_more_than_load_are_tasks_of_their_own() -> None:
    """Those of growing logs and of very many objects as well, and those that write a part again that is there."""
    assert sizes(tasks(imports("docs", 3), archived={"docs"})) == [1, 1, 1]
    assert sizes(tasks(imports("docs", 3, work=ImportWork(deliver=DeliverWork(1))))) == [1, 1, 1]
    (step, other) = imports("docs", 2)
    assert isinstance(step.work, ImportWork)
    slice_ = replace(step, work=ImportWork(load=(replace(SourceObject("a", 1), slice=SLICE),)))
    done = LoadedObject(step.work.load[0], "id", "", "combined", Accounting(), (), recipe=RECIPES[Stage.IMPORT])
    again = replace(step, work=replace(step.work, replaced=(done,)))
    assert sizes(made(again, other)) == [1, 1]
    many = replace(step, work=ImportWork(load=tuple(SourceObject(f"{number}", 1) for number in range(101))))
    assert sizes(made(slice_, other)) == sizes(made(many, other)) == [1, 1]


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


def test_the_days_of_statistics_are_divided_among_the_slots() -> None:
    """Where there are enough of them, or where they have many hits."""
    steps = planned(Stage.STAT, "docs", 365)
    assert sizes(tasks(steps, slots=2)) == [183, 182]
    assert sizes(tasks(steps, slots=16)) == [53, 53, 53, 53, 53, 53, 47]
    assert sizes(tasks(steps[:90], slots=4)) == [90]
    assert sizes(tasks(planned(Stage.STAT, "docs", 2000), slots=2)) == [334, 334, 334, 334, 334, 330]
    large = with_hits(steps[:32], 50_000)
    assert sizes(tasks(large, slots=4)) == [8, 8, 8, 8]
    assert sizes(tasks(with_hits(steps[:3], 500_000), slots=2)) == [1, 1, 1]
    assert [step for task in tasks(large, slots=3) for step in task.steps] == large


def test_very_many_days_are_split_into_sets() -> None:
    """A task does not hold ten years in memory, and no step is lost between sets."""
    steps = planned(Stage.STAT, "docs", 1_001)
    sets = made(*steps)
    assert sizes(sets) == [400, 400, 201]
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
