"""Verdicts of stat and csv steps: what they are made from against what they were made from."""

import dataclasses
import datetime as dt

import pytest
from plan_world import DAY, NEXT, House, applied, csv_step, import_step, obj, only, project, site, stat_step

from mtc.core.model import RECIPES, Output, Stage, Status, StepId, Verdict
from mtc.formats.settings import Filters
from mtc.manifest.project import SettingLocation
from mtc.plan.planner import make_plan
from mtc.plan.work import CsvWork, StatWork

STAT = stat_step()
CSV = csv_step()
LATER_STAGES = (Stage.STAT, Stage.CSV)


def touching() -> House:
    """Both days are done, and the log of the 2nd holds lines of the 1st."""
    house = House(project())
    house.put(obj("2026-05-01.log"), day=DAY)
    house.put(obj("2026-05-02.log"), {DAY: 3, NEXT: 7}, day=NEXT)
    house.settle()
    return house


def test_a_new_day_comes_stage_after_stage() -> None:
    """Before anything is done, each stage waits for the one before it."""
    house = House(project())
    house.put(obj("a.log"))
    assert house.verdict(STAT) == (Verdict.NEW, ("after import:docs:2026-05-01",))
    assert house.verdict(CSV) == (Verdict.NEW, ("after stat:docs:2026-05-01",))


def test_a_day_that_is_imported_and_not_counted_is_new() -> None:
    """The work is its parts and the accounting of its import."""
    house = House(project())
    house.put(obj("a.log"))
    house.apply((Stage.IMPORT,))
    planned = only(house.plan(), STAT)
    assert (planned.verdict, planned.reasons) == (Verdict.NEW, ())
    assert isinstance(planned.work, StatWork)
    assert [part.hits for part in planned.work.parts] == [10]
    assert planned.work.accounting is not None
    assert planned.work.accounting.lines == 11


def test_everything_applied_is_up_to_date_with_its_recorded_fingerprint() -> None:
    """A step is up to date when its recorded fingerprint equals today's."""
    house = applied()
    for step in (STAT, CSV):
        planned = only(house.plan(), step)
        assert (planned.verdict, planned.work) == (Verdict.UP_TO_DATE, None)
        assert planned.fingerprint == house.steps[step].fingerprint


def test_an_empty_day_has_empty_statistics_and_stays_so() -> None:
    """A day without objects needs no `.stat` file to be up to date."""
    house = House(project())
    house.apply()
    assert [house.steps[step].status for step in (STAT, CSV)] == [Status.EMPTY, Status.EMPTY]
    assert [house.verdict(step)[0] for step in (STAT, CSV)] == [Verdict.UP_TO_DATE, Verdict.UP_TO_DATE]


def test_failed_statistics_block_their_rows_and_are_tried_again() -> None:
    """`failed` tells the error; the csv step says what it waits for."""
    house = House(project())
    house.put(obj("a.log"))
    house.broken.add(STAT)
    house.apply()
    assert house.verdict(STAT) == (Verdict.FAILED, ("it broke",))
    planned = only(house.plan(stages=(Stage.CSV,)), CSV)
    assert planned.verdict is Verdict.BLOCKED
    assert planned.reasons == ("stat:docs:2026-05-01 failed; `mtc why stat:docs:2026-05-01` shows why",)


def test_a_failed_import_blocks_the_statistics_of_its_day_alone() -> None:
    """Failure of one step stops only what depends on it."""
    house = House(project())
    house.put(obj("a.log"), day=DAY)
    house.put(obj("b.log"), day=NEXT)
    house.broken.add(import_step())
    house.apply()
    assert house.steps[STAT].status is Status.BLOCKED
    assert house.steps[CSV].status is Status.BLOCKED
    assert house.steps[stat_step(NEXT)].status is Status.DONE
    planned = only(house.plan(stages=LATER_STAGES), STAT)
    assert planned.reasons == ("import:docs:2026-05-01 failed; `mtc why import:docs:2026-05-01` shows why",)


def test_a_failed_step_behind_a_step_to_be_done_still_tells_its_error() -> None:
    """That it comes after another does not hide that it failed before."""
    house = applied()
    house.broken.add(STAT)
    house.put(obj("late.log"))
    house.apply()
    house.broken.clear()
    house.put(obj("later.log"))
    assert house.verdict(STAT) == (Verdict.FAILED, ("it broke", "after import:docs:2026-05-01"))


def test_what_was_blocked_and_can_now_be_done_is_done() -> None:
    """A step that was only ever blocked is new; one that had been done before is not."""
    house = House(project())
    house.put(obj("a.log"))
    house.unlisted["docs"] = "no such bucket"
    cause = "the source cannot be listed: no such bucket"
    house.apply()
    assert house.verdict(STAT)[0] is Verdict.BLOCKED
    del house.unlisted["docs"]
    assert house.verdict(STAT) == (Verdict.NEW, ("after import:docs:2026-05-01",))
    house.settle()
    house.unlisted["docs"] = "no such bucket"
    house.apply()
    del house.unlisted["docs"]
    assert house.verdict(import_step()) == (Verdict.FAILED, (f"blocked before: {cause}",))
    house.apply((Stage.IMPORT,))
    assert house.verdict(STAT)[0] is Verdict.FAILED
    house.settle()
    assert house.verdict(STAT) == (Verdict.UP_TO_DATE, ())


def test_a_step_that_was_done_and_blocked_since_is_judged_by_its_inputs_first() -> None:
    """That a run could not get to it hides neither what has changed nor what it comes after."""
    house = applied()
    house.broken.add(import_step())
    house.put(obj("late.log"))
    house.apply()
    assert house.steps[STAT].status is Status.BLOCKED
    assert house.verdict(STAT) == (Verdict.INPUTS_CHANGED, ("after import:docs:2026-05-01",))
    house.broken.clear()
    house.apply((Stage.IMPORT,))
    assert house.verdict(STAT)[0] is Verdict.INPUTS_CHANGED


def test_a_blocked_import_blocks_all_that_comes_after_it_with_its_reason() -> None:
    """The first cause is handed on, so that one look tells what is wrong."""
    house = applied()
    house.unlisted["docs"] = "no such bucket"
    cause = "the source cannot be listed: no such bucket"
    assert house.verdict(STAT) == (Verdict.BLOCKED, ("import:docs:2026-05-01 is blocked", cause))
    assert house.verdict(CSV)[1] == ("stat:docs:2026-05-01 is blocked", cause)


def test_a_day_that_was_never_imported_has_no_statistics_to_make() -> None:
    """The hint names the command to run first."""
    house = House(project())
    planned = only(house.plan(stages=(Stage.STAT,)), STAT)
    assert planned.verdict is Verdict.BLOCKED
    assert planned.reasons == ("import:docs:2026-05-01 has not been done; run `mtc import docs 2026-05-01`",)


def test_a_day_that_is_not_due_is_so_at_every_stage() -> None:
    """Statistics of a day that has not ended wait like its import."""
    house = House(project(), now=dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC))
    reason = "the day ends at 2026-05-02T00:00+00:00"
    assert house.verdict(STAT) == (Verdict.NOT_DUE, (reason,))
    assert house.verdict(CSV) == (Verdict.NOT_DUE, (reason,))


def test_a_late_object_makes_the_statistics_of_its_day_stale_and_no_others() -> None:
    """Before the import the plan says what comes after it; after it, what is new."""
    house = applied()
    house.put(obj("late.log"))
    assert house.verdict(STAT) == (Verdict.INPUTS_CHANGED, ("after import:docs:2026-05-01",))
    assert house.verdict(stat_step(NEXT)) == (Verdict.UP_TO_DATE, ())
    house.apply((Stage.IMPORT,))
    verdict, reasons = house.verdict(STAT)
    assert verdict is Verdict.INPUTS_CHANGED
    assert reasons[0].startswith("new input: late.log hits/site=docs/date=2026-05-01/")
    assert reasons[1] == "changed input: accounting"


def test_other_lines_that_do_not_count_make_statistics_stale_too() -> None:
    """A `.stat` file carries the accounting of its day's import."""
    house = applied()
    house.put(obj("late.log"), {})
    house.apply((Stage.IMPORT,))
    assert house.verdict(STAT) == (Verdict.INPUTS_CHANGED, ("changed input: accounting",))


def test_a_log_of_the_second_makes_statistics_of_the_first_stale() -> None:
    """Statistics depend on every part with hits of that day, whichever object they came from."""
    house = applied()
    house.put(obj("late.log"), {DAY: 3, NEXT: 7}, day=NEXT)
    assert house.apply() == [import_step(NEXT), STAT, stat_step(NEXT), CSV, csv_step(NEXT)]


def test_a_log_of_the_second_alone_still_renews_statistics_of_the_first() -> None:
    """Days that the selection's imports touch are planned with it."""
    house = applied()
    house.days = (NEXT,)
    house.put(obj("late.log"), {DAY: 3, NEXT: 7}, day=NEXT)
    assert house.apply() == [import_step(NEXT), STAT, stat_step(NEXT), CSV, csv_step(NEXT)]


def test_a_day_that_was_never_imported_is_not_touched() -> None:
    """Lines of the 1st in a log of the 2nd make no statistics of the 1st before it has been imported."""
    house = House(project(), days=(NEXT,))
    house.put(obj("2026-05-01.log"), day=DAY)
    house.put(obj("2026-05-02.log"), {DAY: 3, NEXT: 7}, day=NEXT)
    house.apply()
    assert STAT not in {planned.step for planned in house.plan().steps}
    house.days = (DAY,)
    house.apply()
    assert sorted(name.split()[0] for name in house.steps[STAT].inputs) == [
        "2026-05-01.log",
        "2026-05-02.log",
        "accounting",
    ]


def test_statistics_alone_are_made_of_the_days_asked_for() -> None:
    """Without an import in the selection, no other day is touched."""
    house = touching()
    days = {planned.step.day for planned in house.plan(stages=LATER_STAGES, days=[NEXT]).steps}
    assert days == {NEXT}


def test_the_plan_foresees_what_a_changed_log_of_another_day_will_renew() -> None:
    """The object that is loaded again is known to hold lines of the 1st."""
    house = touching()
    house.put(obj("2026-05-02.log", 120), {DAY: 4, NEXT: 7}, day=NEXT)
    assert house.verdict(import_step())[0] is Verdict.UP_TO_DATE
    assert house.verdict(STAT) == (Verdict.INPUTS_CHANGED, ("after import:docs:2026-05-02",))
    assert house.verdict(CSV) == (Verdict.INPUTS_CHANGED, ("after stat:docs:2026-05-01",))


def test_the_plan_foresees_what_a_dropped_log_of_another_day_will_renew() -> None:
    """An object that is taken out takes its hits of other days with it."""
    house = touching()
    house.set_site(site(vanished="drop"))
    house.put(obj("other.log"), day=NEXT)
    house.settle()
    house.take("2026-05-02.log", day=NEXT)
    assert house.verdict(STAT) == (Verdict.INPUTS_CHANGED, ("after import:docs:2026-05-02",))


def test_a_late_log_of_another_day_whose_lines_nobody_knows_is_not_foreseen() -> None:
    """Only what is loaded again is known to touch other days; the run finds the rest out."""
    house = touching()
    house.put(obj("late.log"), {DAY: 1}, day=NEXT)
    assert house.verdict(STAT) == (Verdict.UP_TO_DATE, ())
    assert STAT in house.apply()


def test_an_object_reloaded_with_other_filters_renews_statistics_even_with_as_many_hits() -> None:
    """The settings that hits were made with are part of what statistics are made from."""
    house = applied()
    house.set_site(site(filters=Filters(static=True)))
    assert STAT in house.apply()


def test_a_stat_file_that_is_gone_is_made_again() -> None:
    """`output missing` names the file."""
    house = applied()
    del house.stats["docs", DAY]
    assert house.verdict(STAT) == (Verdict.OUTPUT_MISSING, ("missing: stats/docs/2026-05-01.stat",))
    assert house.verdict(CSV) == (Verdict.INPUTS_CHANGED, ("after stat:docs:2026-05-01",))
    house.settle()
    assert house.verdict(CSV) == (Verdict.UP_TO_DATE, ())


def test_a_stat_file_of_another_size_is_made_again() -> None:
    """Somebody has written into it."""
    house = applied()
    house.stats["docs", DAY] = Output("stats/docs/2026-05-01.stat", 7, "x")
    assert house.verdict(STAT) == (Verdict.OUTPUT_MISSING, ("not as it was written: stats/docs/2026-05-01.stat",))


def test_a_csv_file_that_is_gone_makes_every_row_stale() -> None:
    """The files are made as a whole, from all rows."""
    house = applied()
    house.csv = None
    for step in (CSV, csv_step(NEXT)):
        assert house.verdict(step) == (Verdict.OUTPUT_MISSING, ("missing: csv/summary.csv",))
    house.settle()
    assert house.verdict(CSV) == (Verdict.UP_TO_DATE, ())


def test_a_row_is_stale_when_its_stat_file_has_changed() -> None:
    """A row depends on its `.stat` file and on no other."""
    house = applied()
    house.put(obj("late.log"))
    house.apply((Stage.IMPORT, Stage.STAT))
    assert house.verdict(CSV) == (Verdict.INPUTS_CHANGED, ("changed input: stat",))
    assert house.verdict(csv_step(NEXT)) == (Verdict.UP_TO_DATE, ())


def test_a_stat_file_that_the_state_does_not_know_still_makes_a_row() -> None:
    """CSV is made over the `.stat` files that are there; one of another origin is identified by its size."""
    house = House(project())
    house.stats["docs", DAY] = Output("stats/docs/2026-05-01.stat", 500, "")
    planned = only(house.plan(stages=(Stage.CSV,)), CSV)
    assert (planned.verdict, planned.work) == (Verdict.NEW, CsvWork("500 bytes"))


def test_a_stat_file_of_a_step_that_was_planned_and_never_tried_makes_a_row_too() -> None:
    """Being on the list does not make the file that is there worth less."""
    house = House(project())
    house.stats["docs", DAY] = Output("stats/docs/2026-05-01.stat", 500, "")
    house.set_record(STAT, status=Status.PLANNED)
    assert only(house.plan(stages=(Stage.CSV,)), CSV).verdict is Verdict.NEW


def test_another_time_zone_imports_and_counts_again() -> None:
    """The day of a hit is in the site's zone; both stages name the line."""
    house = applied()
    house.set_site(site(zone="Europe/Paris"), {"sites.docs.timezone": SettingLocation("daily.yaml", 23)})
    reason = "timezone: UTC → Europe/Paris (daily.yaml:23)"
    assert house.verdict(import_step()) == (Verdict.MANIFEST_CHANGED, (reason,))
    house.apply((Stage.IMPORT,))
    assert house.verdict(STAT) == (Verdict.MANIFEST_CHANGED, (reason,))


def test_another_address_of_the_site_counts_again_without_importing() -> None:
    """It decides which referrers are other websites."""
    house = applied()
    house.set_site(site(url="https://docs.example.org"), {"sites.docs.url": SettingLocation("daily.yaml", 23)})
    assert house.verdict(import_step())[0] is Verdict.UP_TO_DATE
    assert house.verdict(STAT) == (Verdict.MANIFEST_CHANGED, ("url: none → https://docs.example.org (daily.yaml:23)",))


@pytest.mark.parametrize("step", [STAT, CSV], ids=str)
def test_what_an_older_recipe_counted_is_counted_again(step: StepId, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of days that nobody asked for; and then it is up to date."""
    house = applied()
    before = dict(house.stats)
    recipe = RECIPES[step.stage]
    monkeypatch.setitem(RECIPES, step.stage, recipe + 1)
    house.days = (NEXT,)
    verdict, reasons = house.verdict(step)
    assert (verdict, reasons) == (
        Verdict.RECIPE_CHANGED,
        (f"counted by an older mtc (recipe {recipe}, now {recipe + 1})",),
    )
    assert {done.day for done in house.apply() if done.stage is step.stage} == {DAY, NEXT}
    assert house.apply() == []
    assert house.stats == before


def test_days_chosen_by_name_are_the_only_ones_counted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command for one day does one day."""
    house = applied()
    monkeypatch.setitem(RECIPES, Stage.STAT, RECIPES[Stage.STAT] + 1)
    exact = dataclasses.replace(house.selection(days=[NEXT]), exact=True)
    plan = make_plan(house.project, exact, house.world(), house.history(), house.now)
    assert {planned.step.day for planned in plan.work if planned.step.stage is Stage.STAT} == {NEXT}


def test_statistics_that_cannot_be_counted_again_stay_as_an_older_recipe_counted_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither log nor part is there: no failure, and a note."""
    house = applied()
    house.take("2026-05-01.log")
    house.lose_part("2026-05-01.log")
    monkeypatch.setitem(RECIPES, Stage.STAT, RECIPES[Stage.STAT] + 1)
    house.days = (NEXT,)
    part = house.objects[import_step()]["2026-05-01.log"].parts[0].file
    reasons = ("counted by an older mtc, and cannot be made again", f"part missing: {part}")
    assert house.verdict(STAT) == (Verdict.UP_TO_DATE, reasons)
    before = dict(house.stats)
    house.settle()
    assert house.stats == before


def test_statistics_of_which_nothing_is_left_are_removed_by_name_only() -> None:
    """A forgotten import whose log is gone leaves nothing to count; the file and its row stay."""
    house = applied()
    before = (dict(house.stats), house.csv)
    house.take("2026-05-01.log")
    house.forget(import_step())
    house.apply()
    assert house.verdict(STAT)[0] is Verdict.WOULD_LOSE
    assert (house.stats, house.csv) == before
    house.accepted = frozenset({STAT})
    house.settle()
    assert [day for _, day in house.stats] == [NEXT]


def test_a_forgotten_import_makes_its_day_and_the_touched_ones_again() -> None:
    """Forgetting gives up the hits; after the next run everything is as it was."""
    house = touching()
    before = house.result()
    del house.steps[import_step(NEXT)], house.objects[import_step(NEXT)]
    house.settle()
    assert house.result() == before
