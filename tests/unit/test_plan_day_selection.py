"""Which days belong to a plan besides those that were asked for."""

import datetime as dt

from plan_world import DAY, NEXT, House, csv_step, import_step, obj, project, site, stat_step

from mtc.core.model import Stage, Status
from mtc.plan.day_selection import unfinished_days, unsettled_days, with_touched_days
from mtc.plan.planner import make_plan

END = dt.datetime(2026, 5, 2, tzinfo=dt.UTC)


def touched(house: House) -> tuple[dt.date, ...]:
    """The second day, and the days that it touches."""
    history = house.history()
    return with_touched_days("docs", (NEXT,), history)


def looked(house: House, hours: float) -> list[tuple[str, dt.date]]:
    """The unsettled days after a run so many hours after the end of the 1st."""
    house.days = (DAY,)
    house.now = END + dt.timedelta(hours=hours)
    house.apply()
    return list(unsettled_days(house.project, ["docs"], house.history()))


def test_a_day_looked_at_before_it_had_settled_is_looked_at_again() -> None:
    """Objects may still have come until `settle` after the day's end."""
    assert looked(House(project(site(settle="6h"))), 5.9) == [("docs", DAY)]


def test_a_day_looked_at_after_it_had_settled_is_let_be() -> None:
    """From then on nothing more is expected."""
    assert looked(House(project(site(settle="6h"))), 6.0) == []


def test_an_empty_day_is_looked_at_again_like_any_other() -> None:
    """A day without objects is where late ones are most likely."""
    house = House(project())
    assert looked(house, 1) == [("docs", DAY)]
    assert house.steps[import_step()].status is Status.EMPTY


def test_the_end_of_a_day_is_its_site_s_own() -> None:
    """Six hours after the end of the day in Los Angeles is thirteen hours after its end in UTC."""
    house = House(project(site(zone="America/Los_Angeles")))
    assert looked(house, 12.9) == [("docs", DAY)]
    assert looked(house, 13.1) == [("docs", DAY)]  # nothing to do: the state keeps when it was looked at last
    house.set_record(import_step(), checked=house.now)
    assert list(unsettled_days(house.project, ["docs"], house.history())) == []


def test_sites_that_are_not_asked_for_are_left_alone() -> None:
    """The days of other sites are no business of this plan."""
    house = House(project(site("docs"), site("shop")))
    looked(house, 1)
    assert list(unsettled_days(house.project, ["shop"], house.history())) == [("shop", DAY)]
    house.broken = {import_step(NEXT), import_step(NEXT, "shop")}
    house.days = (NEXT,)
    house.now += dt.timedelta(days=2)
    house.apply()
    assert list(unfinished_days(["shop"], house.history())) == [("shop", NEXT)]


def test_a_day_with_a_failed_step_is_unfinished_until_it_is_done() -> None:
    """Whatever the stage."""
    for step in (import_step(), stat_step(), csv_step()):
        house = House(project(), days=(DAY,))
        house.put(obj("a.log"))
        house.broken.add(step)
        house.apply()
        assert list(unfinished_days(["docs"], house.history())) == [("docs", DAY)], str(step)
        house.broken.clear()
        house.settle()
        assert list(unfinished_days(["docs"], house.history())) == [], str(step)


def test_a_day_whose_source_could_not_be_listed_is_unfinished() -> None:
    """A bucket that was away for a night does not cost a day."""
    house = House(project(), days=(DAY,))
    house.unlisted["docs"] = "no such bucket"
    house.apply()
    assert list(unfinished_days(["docs"], house.history())) == [("docs", DAY)]


def test_a_day_left_between_two_stages_is_unfinished() -> None:
    """The run planned statistics and was stopped before it came to them."""
    house = House(project(), days=(DAY,))
    house.put(obj("a.log"))
    house.apply((Stage.IMPORT,))
    assert list(unfinished_days(["docs"], house.history())) == []
    house.set_record(stat_step(), status=Status.PLANNED)
    assert list(unfinished_days(["docs"], house.history())) == [("docs", DAY)]


def test_days_that_were_planned_and_never_begun_wait_for_their_own_command() -> None:
    """A backfill that was stopped at will is not gone on with by the nightly run."""
    house = House(project())
    for step in (import_step(), stat_step(), csv_step()):
        house.set_record(step, status=Status.PLANNED)
    assert list(unfinished_days(["docs"], house.history())) == []


def test_asking_for_statistics_of_a_day_that_was_never_imported_begins_nothing() -> None:
    """A slip of the hand does not make the nightly run import that day."""
    house = House(project(), days=(DAY,))
    house.apply((Stage.STAT, Stage.CSV))
    assert house.steps[stat_step()].status is Status.BLOCKED
    assert list(unfinished_days(["docs"], house.history())) == []


def test_days_are_touched_only_where_they_have_been_imported() -> None:
    """Of the days that an object has hits on, those that were never imported wait for it."""
    house = House(project(), days=(NEXT,))
    house.put(obj("b.log"), {DAY: 1, NEXT: 2}, day=NEXT)
    house.apply()
    assert touched(house) == (NEXT,)
    house.days = (DAY,)
    house.apply()
    assert touched(house) == (DAY, NEXT)


def test_a_failed_import_touches_no_more() -> None:
    """Its statistics would be made without it."""
    house = House(project())
    house.put(obj("b.log"), {DAY: 1, NEXT: 2}, day=NEXT)
    house.apply()
    house.set_record(import_step(), status=Status.FAILED)
    assert touched(house) == (NEXT,)


def test_a_plan_of_no_days_is_empty() -> None:
    """Nothing asked for is nothing planned."""
    house = House(project())
    plan = make_plan(house.project, house.selection(days=[]), house.world(), house.history(), house.now)
    assert plan.steps == ()
