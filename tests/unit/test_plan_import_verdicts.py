"""Verdicts of import steps: each one, with its reason down to the object or the manifest's line."""

import dataclasses
import datetime as dt

import pytest
from plan_world import DAY, LATER, NEXT, House, applied, import_step, obj, only, project, site, stat_step

from mtc.core.model import SourceObject, Stage, Status, Verdict
from mtc.formats.settings import Filters
from mtc.manifest.project import SettingLocation
from mtc.plan.work import ImportWork

STEP = import_step()
ARCHIVE = "archive/{site}/{date:%Y-%m-%d}/{name}"
ELSEWHERE = "elsewhere/{site}/{date:%Y-%m-%d}/{name}"


def work_of(house: House, day: dt.date = DAY) -> ImportWork:
    """The work of the import step of that day."""
    work = only(house.plan(), import_step(day)).work
    assert isinstance(work, ImportWork)
    return work


def test_a_step_never_seen_is_new_and_says_how_many_objects_wait() -> None:
    """`new` counts the day's objects, and says so when there are none yet."""
    house = House(project())
    house.put(obj("a.log"))
    house.put(obj("b.log"))
    assert house.verdict(STEP) == (Verdict.NEW, ("2 objects",))
    assert house.verdict(import_step(NEXT)) == (Verdict.NEW, ("no objects yet",))


def test_a_step_that_was_planned_and_never_tried_is_still_new() -> None:
    """Being in the state file as planned is no try."""
    house = House(project())
    house.put(obj("a.log"))
    house.set_record(STEP, status=Status.PLANNED)
    assert house.verdict(STEP) == (Verdict.NEW, ("1 object",))


def test_a_new_step_loads_everything_and_knows_its_size() -> None:
    """The work of a new step is all objects, by key; its cost is their size."""
    house = House(project())
    second, first = house.put(obj("b.log", 30)), house.put(obj("a.log", 12))
    planned = only(house.plan(), STEP)
    assert isinstance(planned.work, ImportWork)
    assert planned.work.load == (first, second)
    assert planned.cost == 42


def test_an_applied_day_is_up_to_date_and_has_no_work() -> None:
    """Nothing to do means no work at all."""
    planned = only(applied().plan(), STEP)
    assert (planned.verdict, planned.reasons, planned.work) == (Verdict.UP_TO_DATE, (), None)


def test_an_up_to_date_step_has_the_recorded_fingerprint() -> None:
    """A step is up to date when its recorded fingerprint equals today's."""
    house = applied()
    assert only(house.plan(), STEP).fingerprint == house.steps[STEP].fingerprint


def test_a_failed_step_is_tried_again_and_tells_its_error() -> None:
    """`failed` carries the error of the last try."""
    house = House(project())
    house.put(obj("a.log"))
    house.broken.add(STEP)
    house.apply()
    assert house.verdict(STEP) == (Verdict.FAILED, ("it broke",))


def test_a_failed_step_goes_on_from_what_it_had_loaded() -> None:
    """Objects that were recorded before the failure are not loaded again."""
    house = House(project())
    house.put(obj("a.log"))
    house.broken.add(STEP)
    house.apply()
    fresh = house.put(obj("b.log"))
    assert work_of(house).load == (fresh,)
    assert [old.object.key for old in work_of(house).keep] == ["a.log"]


def test_a_step_under_way_in_a_run_that_is_gone_counts_as_interrupted() -> None:
    """`running` without an error is what a killed run leaves behind."""
    house = applied()
    house.set_record(STEP, status=Status.RUNNING, attempts=1)
    assert house.verdict(STEP) == (Verdict.FAILED, ("interrupted before it was done",))


def test_a_done_step_that_was_blocked_since_is_not_called_new() -> None:
    """A source that could not be listed once makes no history disappear."""
    house = applied()
    house.set_record(STEP, status=Status.BLOCKED, error="no such bucket")
    assert house.verdict(STEP) == (Verdict.FAILED, ("blocked before: no such bucket",))


def test_another_size_is_a_changed_input() -> None:
    """The reason gives both sizes."""
    house = applied()
    house.put(obj("2026-05-01.log", 120))
    assert house.verdict(STEP) == (Verdict.INPUTS_CHANGED, ("changed: 2026-05-01.log (100 → 120 bytes)",))


def test_the_same_size_at_another_time_is_a_changed_input() -> None:
    """A folder's file is identified by size and time."""
    house = applied()
    house.put(obj("2026-05-01.log", modified=2))
    assert house.verdict(STEP) == (Verdict.INPUTS_CHANGED, ("changed: 2026-05-01.log (same size, other time)",))


def test_the_same_size_with_another_etag_is_a_changed_input() -> None:
    """A bucket's object is identified by its ETag, whatever its time."""
    house = House(project())
    house.put(obj("a.gz", etag="aaaa"))
    house.apply()
    house.put(obj("a.gz", etag="aaaa", modified=99))
    assert house.verdict(STEP)[0] is Verdict.UP_TO_DATE
    house.put(obj("a.gz", etag="bbbb"))
    assert house.verdict(STEP) == (Verdict.INPUTS_CHANGED, ("changed: a.gz (same size, other ETag)",))


def test_a_changed_object_replaces_its_earlier_version() -> None:
    """The earlier version is named, so that its copy in the archive may be overwritten."""
    house = applied(archive=ARCHIVE)
    fresh = house.put(obj("2026-05-01.log", 120))
    work = work_of(house)
    assert work.load == (fresh,)
    assert [old.archived for old in work.replaced] == ["archive/docs/2026-05-01/2026-05-01.log"]
    assert work.keep == ()


def test_an_object_that_comes_later_is_late() -> None:
    """A late object is loaded alone; the others stay."""
    house = applied()
    fresh = house.put(obj("2026-05-01-b.log"))
    assert house.verdict(STEP) == (Verdict.LATE_OBJECTS, ("late: 2026-05-01-b.log",))
    assert work_of(house).load == (fresh,)


def test_the_first_object_of_an_empty_day_is_late() -> None:
    """A day without objects is done as empty; what comes after that is late."""
    house = House(project())
    house.apply()
    assert house.steps[STEP].status is Status.EMPTY
    assert house.verdict(STEP) == (Verdict.UP_TO_DATE, ())
    house.put(obj("a.log"))
    assert house.verdict(STEP) == (Verdict.LATE_OBJECTS, ("late: a.log",))


def test_many_reasons_are_cut_to_three_and_a_number() -> None:
    """A thousand late objects are no thousand lines."""
    house = applied()
    for number in range(5):
        house.put(obj(f"late-{number}.log"))
    assert house.verdict(STEP)[1] == (
        "late: late-0.log",
        "late: late-1.log",
        "late: late-2.log",
        "late: 2 more",
    )


def test_all_findings_are_told_and_the_first_gives_the_verdict() -> None:
    """A changed object does not hide a late one."""
    house = applied()
    house.put(obj("2026-05-01.log", 120))
    house.put(obj("late.log"))
    assert house.verdict(STEP) == (
        Verdict.INPUTS_CHANGED,
        ("changed: 2026-05-01.log (100 → 120 bytes)", "late: late.log"),
    )


def test_a_vanished_object_is_kept_by_default() -> None:
    """Logs are often deleted after a while: their hits stay, and the step says so."""
    house = applied()
    house.take("2026-05-01.log")
    assert house.verdict(STEP) == (Verdict.UP_TO_DATE, ("kept, though gone from the source: 2026-05-01.log",))
    assert only(house.plan(), STEP).fingerprint == house.steps[STEP].fingerprint


def test_a_vanished_object_stays_when_a_late_one_comes() -> None:
    """A kept object is still part of the step's inputs and of what it keeps."""
    house = applied()
    house.take("2026-05-01.log")
    house.put(obj("late.log"))
    planned = only(house.plan(), STEP)
    assert sorted(planned.inputs) == ["2026-05-01.log", "late.log"]
    assert [old.object.key for old in work_of(house).keep] == ["2026-05-01.log"]


def test_a_vanished_object_is_dropped_where_the_manifest_says_so() -> None:
    """`vanished: drop` takes its hits out."""
    house = applied(site(vanished="drop"))
    house.put(obj("other.log"))
    house.settle()
    house.take("2026-05-01.log")
    assert house.verdict(STEP) == (Verdict.INPUTS_CHANGED, ("gone from the source: 2026-05-01.log",))
    assert [old.object.key for old in work_of(house).drop] == ["2026-05-01.log"]
    house.settle()
    assert sorted(house.objects[STEP]) == ["other.log"]


def test_the_last_log_of_a_day_is_dropped_only_if_that_is_accepted() -> None:
    """`vanished: drop` takes no day's statistics away as a whole: they could not be made again."""
    house = applied(site(vanished="drop"))
    house.take("2026-05-01.log")
    reason = "nothing would be left: 2026-05-01.log is gone from the source"
    assert house.verdict(STEP) == (Verdict.WOULD_LOSE, (reason, f"to continue without: --accept {STEP}"))
    before = house.stats
    assert house.apply() == []
    assert house.stats == before
    house.accepted = frozenset({STEP})
    house.settle()
    assert house.steps[STEP].status is Status.EMPTY
    assert [day for _, day in house.stats] == [NEXT]


@pytest.mark.parametrize(("before", "after"), [("a.log", "a.log.gz"), ("a.log.gz", "a.log"), ("a.log.gz", "a.log.zst")])
def test_a_log_compressed_since_does_not_count_twice(before: str, after: str) -> None:
    """The same name with another ending takes the place of the one that is gone, though gone ones are kept."""
    house = House(project())
    house.put(obj(before, 100))
    house.apply()
    house.take(before)
    fresh = house.put(obj(after, 20))
    assert house.verdict(STEP) == (Verdict.INPUTS_CHANGED, (f"moved: {before} → {after}",))
    work = work_of(house)
    assert (work.load, [old.object.key for old in work.drop], work.keep) == ((fresh,), [before], ())


def test_a_log_moved_to_another_key_does_not_count_twice() -> None:
    """The same version under another key is the same log."""
    house = House(project())
    house.put(obj("old/a.gz", etag="aaaa"))
    house.apply()
    house.take("old/a.gz")
    house.put(obj("new/b.gz", etag="aaaa"))
    assert house.verdict(STEP) == (Verdict.INPUTS_CHANGED, ("moved: old/a.gz → new/b.gz",))


def test_a_log_moved_to_another_folder_does_not_count_twice() -> None:
    """The same name, size and time in another folder is the same log."""
    house = House(project())
    house.put(obj("old/a.log"))
    house.apply()
    house.take("old/a.log")
    house.put(obj("new/a.log"))
    assert house.verdict(STEP) == (Verdict.INPUTS_CHANGED, ("moved: old/a.log → new/a.log",))


@pytest.mark.parametrize("late", [obj("b.log"), obj("new/a.log", 101), obj("new/a.log", modified=2)])
def test_a_late_log_that_only_looks_alike_takes_nobody_s_place(late: SourceObject) -> None:
    """Size and time alone tell no log from another: the one that is gone stays counted."""
    house = House(project())
    house.put(obj("old/a.log"))
    house.apply()
    house.take("old/a.log")
    house.put(late)
    assert house.verdict(STEP)[0] is Verdict.LATE_OBJECTS
    assert [old.object.key for old in work_of(house).keep] == ["old/a.log"]


def test_a_log_and_its_compressed_copy_that_are_both_there_are_two_objects() -> None:
    """Only what is gone can have moved."""
    house = applied()
    house.put(obj("2026-05-01.log.gz", 20))
    assert house.verdict(STEP) == (Verdict.LATE_OBJECTS, ("late: 2026-05-01.log.gz",))


def test_a_part_file_that_is_gone_is_made_again_from_its_object() -> None:
    """`output missing` names the object, which is loaded again."""
    house = applied()
    house.lose_part("2026-05-01.log")
    assert house.verdict(STEP) == (Verdict.OUTPUT_MISSING, ("part missing: 2026-05-01.log",))
    assert [item.key for item in work_of(house).load] == ["2026-05-01.log"]
    house.settle()
    assert house.verdict(STEP) == (Verdict.UP_TO_DATE, ())


def test_hits_that_cannot_be_made_again_stay_counted_until_that_is_accepted() -> None:
    """Part and object are both gone: the reason says where a copy is; the object leaves the state by name only."""
    house = applied(archive=ARCHIVE)
    house.take("2026-05-01.log")
    house.lose_part("2026-05-01.log")
    copy = "archive/docs/2026-05-01/2026-05-01.log"
    lost = f"hits lost: 2026-05-01.log is gone from the source, and so is its part; its copy is {copy}"
    before = (dict(house.stats), house.csv)
    for _ in range(2):
        assert house.verdict(STEP) == (Verdict.WOULD_LOSE, (lost, f"to continue without: --accept {STEP}"))
        assert house.apply() == []
        assert (house.stats, house.csv) == before
    house.accepted = frozenset({STEP})
    assert [old.object.key for old in work_of(house).drop] == ["2026-05-01.log"]
    house.settle()
    house.accepted = frozenset()
    assert house.verdict(STEP) == (Verdict.UP_TO_DATE, ())
    assert [day for _, day in house.stats] == [NEXT]


def test_a_late_log_is_loaded_though_another_is_lost() -> None:
    """What is there is taken in before it goes as well; what is lost stays listed, and the day's statistics stay."""
    house = applied()
    house.take("2026-05-01.log")
    house.lose_part("2026-05-01.log")
    house.put(obj("late.log"))
    before = dict(house.stats)
    assert house.verdict(STEP)[0] is Verdict.LATE_OBJECTS
    assert house.apply() == [STEP]
    assert sorted(house.objects[STEP]) == ["2026-05-01.log", "late.log"]
    assert house.stats == before
    assert house.verdict(STEP)[0] is Verdict.WOULD_LOSE


def test_a_log_with_the_only_hits_of_a_day_that_has_no_statistics_is_dropped() -> None:
    """A few lines from before midnight, of a day that nobody asked for, are nobody's numbers."""
    house = House(project(site(vanished="drop")))
    house.put(obj("a.log"), {DAY: 10})
    house.put(obj("b.log"), {DAY - dt.timedelta(days=1): 2, DAY: 10})
    house.settle()
    house.take("b.log")
    assert house.verdict(STEP)[0] is Verdict.INPUTS_CHANGED
    house.settle()
    assert sorted(house.objects[STEP]) == ["a.log"]


def test_hits_are_kept_though_the_statistics_have_gone_with_them() -> None:
    """With `vanished: drop`: a disk with statistics that is lost is no word for hits that cannot be made again."""
    house = House(project(site(vanished="drop")))
    for name in ("a.log", "b.log"):
        house.put(obj(name))
    house.put(obj("next.log"), day=NEXT)
    house.settle()
    house.stats.clear()
    for name in ("a.log", "b.log"):
        house.take(name)
    assert house.verdict(STEP)[0] is Verdict.WOULD_LOSE
    house.accepted = frozenset({STEP})
    assert [old.object.key for old in work_of(house).drop] == ["a.log", "b.log"]


def test_a_step_that_is_accepted_is_done_though_all_its_logs_are_gone() -> None:
    """The remedy that is named also works for that day alone, where a source without any of its logs stops the site."""
    house = House(project(site(vanished="drop")))
    for name in ("a.log", "b.log"):
        house.put(obj(name))
    house.settle()
    for name in ("a.log", "b.log"):
        house.take(name)
    assert house.verdict(STEP)[0] is Verdict.BLOCKED
    house.accepted = frozenset({STEP})
    assert [old.object.key for old in work_of(house).drop] == ["a.log", "b.log"]


def test_a_log_that_was_emptied_keeps_its_hits() -> None:
    """A log that was cut to nothing is gone as if it had been removed."""
    house = applied()
    house.put(obj("2026-05-01.log", 0, modified=2))
    assert house.verdict(STEP) == (Verdict.UP_TO_DATE, ("kept, though gone from the source: 2026-05-01.log",))
    assert house.apply() == []


def test_another_filter_loads_everything_again_and_names_the_line() -> None:
    """`manifest changed` says which setting, from what to what, and where it stands."""
    house = applied()
    house.set_site(site(filters=Filters(static=True)), {"filters.static": SettingLocation("daily.yaml", 23)})
    assert house.verdict(STEP) == (Verdict.MANIFEST_CHANGED, ("filters.static: false → true (daily.yaml:23)",))
    assert [item.key for item in work_of(house).load] == ["2026-05-01.log"]


def test_the_site_s_own_line_is_named_before_the_manifest_s() -> None:
    """Where both are written, the site's wins."""
    house = applied()
    places = {
        "filters.bots": SettingLocation("sites.yaml", 9),
        "sites.docs.filters.bots": SettingLocation("daily.yaml", 31),
    }
    house.set_site(site(filters=Filters(bots=True)), places)
    assert house.verdict(STEP)[1] == ("filters.bots: false → true (daily.yaml:31)",)


def test_the_short_form_of_a_site_s_format_is_found() -> None:
    """`format:` of a site is short for its source's."""
    house = applied()
    house.set_site(site(form="combined"), {"sites.docs.format": SettingLocation("daily.yaml", 12)})
    assert house.verdict(STEP)[1] == ("source.format: auto → combined (daily.yaml:12)",)


def test_a_default_that_is_back_has_no_line() -> None:
    """A setting that is written nowhere is reported without a location."""
    house = applied(site(filters=Filters(static=True)))
    house.set_site(site())
    assert house.verdict(STEP) == (Verdict.MANIFEST_CHANGED, ("filters.static: true → false",))


def test_the_share_of_rejected_lines_that_is_allowed_is_no_setting_of_the_result() -> None:
    """It decides whether a step fails, not what it makes."""
    house = applied()
    house.set_site(site(filters=Filters(max_rejected=0.5)))
    assert house.verdict(STEP)[0] is Verdict.UP_TO_DATE


def test_an_empty_day_does_not_care_for_settings() -> None:
    """Nothing was loaded with the old ones."""
    house = House(project())
    house.apply()
    house.set_site(site(filters=Filters(static=True)))
    assert house.verdict(STEP)[0] is Verdict.UP_TO_DATE


def test_objects_half_loaded_with_other_settings_are_loaded_again() -> None:
    """A reload that was interrupted and whose change was taken back leaves objects of two minds: all end as one."""
    house = House(project())
    house.put(obj("a.log"))
    house.put(obj("b.log"))
    house.apply()
    house.set_site(site(filters=Filters(static=True)))
    house.fuel = 2  # begin the step, load one of two
    with pytest.raises(Exception, match="interrupted"):
        house.apply()
    house.set_site(site())
    assert house.verdict(STEP)[0] is Verdict.FAILED
    assert [item.key for item in work_of(house).load] == ["a.log"]
    assert [old.object.key for old in work_of(house).keep] == ["b.log"]


def test_objects_of_a_done_step_with_other_settings_are_named() -> None:
    """Should a done step ever hold such objects, its verdict says so."""
    house = applied()
    loaded = house.objects[STEP]
    house.objects[STEP] = {key: dataclasses.replace(item, made_with="other") for key, item in loaded.items()}
    assert house.verdict(STEP) == (Verdict.MANIFEST_CHANGED, ("loaded with other settings: 2026-05-01.log",))


def test_an_archive_that_is_new_gets_what_is_loaded_and_nothing_is_loaded_again() -> None:
    """Only `archive.url` has changed."""
    house = applied()
    house.set_site(site(archive=ARCHIVE), {"archive.url": SettingLocation("daily.yaml", 14)})
    assert house.verdict(STEP) == (Verdict.MANIFEST_CHANGED, (f"archive.url: none → {ARCHIVE} (daily.yaml:14)",))
    work = work_of(house)
    assert (work.load, [old.object.key for old in work.archive]) == ((), ["2026-05-01.log"])
    house.apply()
    assert only(house.plan(), stat_step()).verdict is Verdict.UP_TO_DATE


def test_an_archive_that_has_moved_gets_everything_once_more() -> None:
    """A copy at the old place is none at the new one; an interruption does not begin it again."""
    house = House(project(site(archive=ARCHIVE)))
    house.put(obj("a.log"))
    house.put(obj("b.log"))
    house.apply()
    house.set_site(site(archive=ELSEWHERE))
    assert [old.object.key for old in work_of(house).archive] == ["a.log", "b.log"]
    house.fuel = 2  # begin the step, archive one of two
    with pytest.raises(Exception, match="interrupted"):
        house.apply()
    assert [old.object.key for old in work_of(house).archive] == ["b.log"]


def test_an_archive_taken_away_and_replaced_by_another_gets_everything() -> None:
    """Having had no archive in between does not make old copies count for the new place."""
    house = applied(archive=ARCHIVE)
    house.set_site(site(), {"archive": SettingLocation("daily.yaml", 14)})
    assert house.verdict(STEP)[1] == (f"archive.url: {ARCHIVE} → none (daily.yaml:14)",)
    house.settle()
    house.set_site(site(archive=ELSEWHERE))
    assert [old.object.key for old in work_of(house).archive] == ["2026-05-01.log"]


def test_a_copy_of_the_version_before_may_be_overwritten_after_a_crash() -> None:
    """A changed object was loaded, then the run was killed before its copy was made: the old copy is still ours."""
    house = applied(archive=ARCHIVE)
    house.put(obj("2026-05-01.log", 120))
    house.fuel = 2  # begin the step, load; no copy
    with pytest.raises(Exception, match="interrupted"):
        house.apply()
    work = work_of(house)
    assert [old.object.key for old in work.archive] == ["2026-05-01.log"]
    assert [old.archived for old in work.replaced] == ["archive/docs/2026-05-01/2026-05-01.log"]


def test_a_copy_of_the_same_version_is_no_earlier_one() -> None:
    """Loaded again as it was, as its part was lost, and killed before its copy was checked: nothing is replaced."""
    house = applied(archive=ARCHIVE)
    house.lose_part("2026-05-01.log")
    house.fuel = 2  # begin the step, load; no copy
    with pytest.raises(Exception, match="interrupted"):
        house.apply()
    work = work_of(house)
    assert [old.object.key for old in work.archive] == ["2026-05-01.log"]
    assert work.replaced == ()


def test_a_source_that_cannot_be_listed_blocks_its_steps() -> None:
    """What is not known is not judged; the reason is the listing's."""
    house = applied()
    house.unlisted["docs"] = "logs/docs: permission denied"
    reason = "the source cannot be listed: logs/docs: permission denied"
    assert house.verdict(STEP) == (Verdict.BLOCKED, (reason,))
    assert only(house.plan(), STEP).work is None


def test_a_source_that_cannot_be_listed_blocks_no_other_site() -> None:
    """Failure stops only what depends on it."""
    house = House(project(site("docs"), site("shop")))
    house.put(obj("a.log"), name="shop")
    house.unlisted["docs"] = "no such bucket"
    assert only(house.plan(), import_step(DAY, "shop")).verdict is Verdict.NEW


def test_a_day_that_has_not_ended_is_not_due() -> None:
    """The reason says when it ends, in the site's zone."""
    house = House(project(site(zone="Europe/Paris")), now=dt.datetime(2026, 5, 1, 21, 59, tzinfo=dt.UTC))
    house.put(obj("a.log"))
    assert house.verdict(STEP) == (Verdict.NOT_DUE, ("the day ends at 2026-05-02T00:00+02:00",))
    house.now += dt.timedelta(minutes=1)
    assert house.verdict(STEP)[0] is Verdict.NEW


@pytest.mark.parametrize(
    ("zone", "due"), [("Pacific/Kiritimati", True), ("Europe/Paris", False), ("America/Los_Angeles", False)]
)
def test_the_site_s_zone_decides_when_its_day_has_ended(zone: str, *, due: bool) -> None:
    """At noon UTC the first of May is over on Kiritimati alone."""
    house = House(project(site(zone=zone)), now=dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC))
    assert house.verdict(STEP)[0] is (Verdict.NEW if due else Verdict.NOT_DUE)


def test_a_day_of_twenty_five_hours_ends_when_its_zone_says() -> None:
    """When clocks go back, the day is an hour longer."""
    day = dt.date(2026, 10, 25)
    house = House(project(site(zone="Europe/Paris")), days=(day,), now=dt.datetime(2026, 10, 25, 22, 30, tzinfo=dt.UTC))
    assert only(house.plan(), import_step(day)).verdict is Verdict.NOT_DUE
    house.now = dt.datetime(2026, 10, 25, 23, 0, tzinfo=dt.UTC)
    assert only(house.plan(), import_step(day)).verdict is Verdict.NEW


def test_a_day_that_has_not_ended_is_done_when_it_is_asked_for_by_name() -> None:
    """Whoever names today wants today."""
    house = House(project(), now=dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC))
    house.put(obj("a.log"))
    assert only(house.plan(named=[DAY]), STEP).verdict is Verdict.NEW


def test_a_day_that_has_not_begun_is_not_due_even_by_name() -> None:
    """There is nothing to look at yet."""
    house = House(project(), now=dt.datetime(2026, 4, 30, 12, 0, tzinfo=dt.UTC))
    planned = only(house.plan(named=[DAY]), STEP)
    assert (planned.verdict, planned.reasons) == (Verdict.NOT_DUE, ("the day begins at 2026-05-01T00:00+00:00",))


def test_not_due_comes_before_blocked() -> None:
    """A source that cannot be listed does not matter for a day that would not be imported anyway."""
    house = House(project(), now=dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC))
    house.unlisted["docs"] = "no such bucket"
    assert house.verdict(STEP)[0] is Verdict.NOT_DUE


def test_an_older_recipe_does_not_invalidate_history() -> None:
    """An upgrade of mtc compares a step by the recipe that made it."""
    house = applied()
    house.set_record(STEP, settings={**house.steps[STEP].settings, "recipe": "0"})
    assert house.verdict(STEP) == (Verdict.UP_TO_DATE, ())


def test_a_filter_that_an_older_mtc_did_not_know_does_not_invalidate_history() -> None:
    """A setting that is not in the record counts as left at its default, also for the objects of the step."""
    house = applied()
    older = {name: text for name, text in house.steps[STEP].settings.items() if name != "filters.hosts"}
    house.set_record(STEP, settings=older)
    assert house.verdict(STEP) == (Verdict.UP_TO_DATE, ())
    house.set_site(site(filters=Filters(hosts=("docs.*",))))
    assert house.verdict(STEP) == (Verdict.MANIFEST_CHANGED, ('filters.hosts: [] → ["docs.*"]',))


def test_every_filter_but_one_is_in_the_fingerprint() -> None:
    """A filter that is added to the manifest's language must make its steps stale when it is used."""
    settings = only(applied().plan(), STEP).settings
    known = {name.removeprefix("filters.") for name in settings if name.startswith("filters.")}
    assert known == set(Filters.model_fields) - {"max_rejected"}


def test_only_the_stages_asked_for_are_planned() -> None:
    """A selection of one stage has no steps of another."""
    house = applied()
    assert {planned.step.stage for planned in house.plan(stages=(Stage.IMPORT,)).steps} == {Stage.IMPORT}
    assert house.now == LATER


def test_empty_logs_are_not_one_because_they_are_alike() -> None:
    """All empty objects have the same ETag and size: a new one is not the old one under another name."""
    house = House(project())
    house.put(obj("old/a.log", 0, etag="d41d8cd98f00b204e9800998ecf8427e"), {})
    house.apply()
    house.take("old/a.log")
    house.put(obj("new/b.log", 0, etag="d41d8cd98f00b204e9800998ecf8427e"), {})
    assert house.verdict(STEP) == (Verdict.LATE_OBJECTS, ("late: new/b.log",))
    assert [old.object.key for old in work_of(house).keep] == ["old/a.log"]


@pytest.mark.parametrize("settle", [dt.timedelta(), dt.timedelta(hours=6), dt.timedelta(days=2)], ids=str)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "Pacific/Kiritimati", "Etc/GMT+12", "America/New_York"])
def test_a_day_has_ended_when_its_last_instant_is_past(zone: str, settle: dt.timedelta) -> None:
    """Whatever the zones of the site and of the clock are, and also on days with 23 or 25 hours."""
    settings = site(zone=zone)
    for day in (dt.date(2026, 3, 29), dt.date(2026, 11, 1), dt.date(2026, 5, 10)):
        end = settings.day_end(day) + settle
        for seconds in (-1, 0, *range(-60 * 3600, 80 * 3600, 1800)):
            for offset in (-12, 0, 14):
                at = (end.astimezone(dt.UTC) + dt.timedelta(seconds=seconds)).astimezone(
                    dt.timezone(dt.timedelta(hours=offset))
                )
                assert settings.has_ended(day, at, settle) is (end <= at)
