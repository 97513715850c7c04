"""Days whose hits lie in the logs of the day beside: they are read too, and a day that may not be whole says so."""

import datetime as dt
from pathlib import Path

import pytest
from applied import DAY, NOW, Applied, hours, moment

from mtc.core.model import Stage, StepId
from mtc.report.history import step_history
from mtc.report.plan_text import plan_text
from mtc.report.step_text import why_text
from mtc.state.store import Store

ONE = dt.timedelta(days=1)
ZONES = ["America/Los_Angeles", "Pacific/Auckland", "Asia/Kolkata", "Europe/Paris", "Pacific/Kiritimati", "UTC"]


def utc_folders(place: Applied, first: int = -2, last: int = 2) -> None:
    """Ten hits in each hour of some days around the day, in a folder for each day of UTC."""
    for number in range(first, last + 1):
        day = DAY + number * ONE
        place.log(f"docs/{day}.log", hours(f"{day} 00:00", 24, 10))


@pytest.mark.parametrize("zone", ZONES)
def test_folders_of_utc_days_give_the_whole_day_in_every_zone(tmp_path: Path, zone: str) -> None:
    """One day is asked for: 240 of 240 hits, and of the days beside it no statistics."""
    place = Applied(tmp_path)
    place.manifest(f"timezone: {zone}\n")
    utc_folders(place)
    place.apply(str(DAY))
    assert place.actions() == 240
    assert (place.stat()["complete"], place.stat()["lacking"]) == (True, [])
    assert sorted(path.name for path in (tmp_path / "stats/docs").iterdir()) == [f"{DAY}.stat"]
    assert place.quiet == ""
    assert [day.day for day in place.verified()] == [DAY]
    place.apply(str(DAY))
    assert sorted(path.name for path in (tmp_path / "stats/docs").iterdir()) == [f"{DAY}.stat"]


@pytest.mark.parametrize(("cut", "needed"), [("06:25", 1), ("17:00", 1)])
def test_logs_cut_at_another_hour_give_the_whole_day(tmp_path: Path, cut: str, needed: int) -> None:
    """As logrotate names them: the log of a day begins the day before, and the next one has the rest."""
    place = Applied(tmp_path)
    place.manifest()
    for number in range(-1, 3):
        day = DAY + number * ONE
        place.log(f"docs/{day}.log", hours(f"{day - ONE} {cut}", 24, 6))
    place.apply(str(DAY))
    assert place.actions() == 144
    assert place.stat()["complete"]
    with Store.open(tmp_path / ".mtc/state.db", readonly=True) as store:
        known = {step.day - DAY for step in store.history(("docs",)).steps if step.stage is Stage.IMPORT}
    assert known == {dt.timedelta(), needed * ONE}


def test_a_day_that_waits_for_the_next_ones_logs_says_so_and_is_made_again(tmp_path: Path) -> None:
    """In Los Angeles, every morning: what is there is counted, called incomplete, and whole the day after."""
    place = Applied(tmp_path)
    place.manifest("timezone: America/Los_Angeles\ndates: yesterday\n")
    utc_folders(place, -3, 0)
    place.apply(now=moment("2026-05-02 01:00-07:00"))
    step_history = "may not be whole: the logs of 2026-05-02 may hold hits of this day, and are not imported yet"
    assert place.actions() == 170
    assert (place.stat()["complete"], place.stat()["lacking"]) == (False, [step_history])
    assert place.quiet == f"warning docs: {DAY} {step_history.replace('of this day', 'of it')}\n"
    (planned,) = [one for one in place.plan(str(DAY)).steps if one.step.stage is Stage.STAT]
    assert step_history in planned.reasons
    shown = plan_text(place.plan(str(DAY), now=moment("2026-05-02 01:00-07:00")), "daily")
    assert f"may not be whole\n  stat  docs  {DAY}" in shown
    assert "  docs 2026-05-01: the logs of 2026-05-02 may hold hits" in place.status(moment("2026-05-02 01:00-07:00"))
    (verified,) = place.verified(str(DAY))
    assert (verified.disagreements, step_history in verified.notes) == ((), True)
    utc_folders(place, -3, 1)
    place.apply(now=moment("2026-05-03 01:00-07:00"))
    assert place.actions() == 240
    assert place.stat()["complete"]
    assert not place.stat(DAY + ONE)["complete"]
    assert place.quiet == "", "that a day waits for the next is news once"


def test_what_comes_late_for_a_day_beside_is_read_and_gives_it_no_statistics(tmp_path: Path) -> None:
    """The manifest's one day ends at 07:00 UTC of the next, whose logs are whole only a day later."""
    place = Applied(tmp_path)
    place.manifest(f"timezone: America/Los_Angeles\ndates: {DAY}\n")
    utc_folders(place, 0, 0)
    place.log(f"docs/{DAY + ONE}.log", hours(f"{DAY + ONE} 00:00", 2, 10))
    place.apply(now=moment("2026-05-02 02:30+00:00"))
    place.log(f"docs/{DAY + ONE}.log", hours(f"{DAY + ONE} 00:00", 24, 10))
    for hour in (8, 23):
        place.apply(now=moment(f"2026-05-03 {hour:02}:00+00:00"))
        assert place.actions() == 240
        assert sorted(path.name for path in (tmp_path / "stats/docs").iterdir()) == [f"{DAY}.stat"]
    assert place.stat()["complete"]


def test_a_day_beside_that_has_no_logs_is_known_to_be_absent(tmp_path: Path) -> None:
    """Looked at, and nothing is there: nothing more can come."""
    place = Applied(tmp_path)
    place.manifest("timezone: America/Los_Angeles\n")
    utc_folders(place, 0, 0)
    place.apply(str(DAY))
    assert place.actions() == 170
    assert place.stat()["complete"]


def test_a_few_lines_over_midnight_are_no_other_cut(tmp_path: Path) -> None:
    """What every log has: no day beside is read, and no word is said."""
    place = Applied(tmp_path)
    place.manifest()
    for number in range(-1, 2):
        day = DAY + number * ONE
        stray = hours(f"{day - ONE} 23:59", 1, 1) * 3
        place.log(f"docs/{day}.log", stray + hours(f"{day} 00:00", 24, 10))
    place.apply(str(DAY))
    assert place.actions() == 240
    assert place.stat()["complete"]
    assert place.quiet == ""
    with Store.open(tmp_path / ".mtc/state.db", readonly=True) as store:
        assert [step.day for step in store.history(("docs",)).steps if step.stage is Stage.IMPORT] == [DAY]
    (verified,) = place.verified(str(DAY))
    assert verified.notes == ("docs/2026-05-01.log: its 243 hits include 3 of 2026-04-30, which are in no statistics",)


@pytest.mark.parametrize("off", [-5, -2, -1, 1, 2, 400])
def test_a_log_of_another_day_is_a_warning(tmp_path: Path, off: int) -> None:
    """A log of the 24th under the name of the 26th: its hits are in no statistics, and that is said, also quietly."""
    place = Applied(tmp_path)
    place.manifest()
    day = DAY + off * ONE
    place.log(f"docs/{DAY}.log", hours(f"{day} 00:00", 24, 2))
    place.apply(str(DAY), now=NOW + dt.timedelta(days=500))
    said = f"its 48 hits include 48 of {day}, which are in no statistics"
    assert place.quiet == f"warning docs: docs/{DAY}.log of {DAY}: {said}\n"
    (verified,) = place.verified(str(DAY))
    assert f"docs/{DAY}.log: {said}" in verified.notes
    place.apply(str(day), now=NOW + dt.timedelta(days=500))
    assert place.actions(day) == 48, "once they are asked for, they are counted"


def test_why_tells_of_the_hits_of_other_days(tmp_path: Path) -> None:
    """`mtc why` of the import."""
    place = Applied(tmp_path)
    place.manifest()
    place.log(f"docs/{DAY}.log", hours(f"{DAY - 2 * ONE} 00:00", 24))
    place.apply(str(DAY))
    with Store.open(tmp_path / ".mtc/state.db", readonly=True) as store:
        told = why_text(step_history(StepId(Stage.IMPORT, "docs", DAY), None, store.history(("docs",))))
    assert (
        "hits of other days\n  docs/2026-05-01.log: its 24 hits include 24 of 2026-04-29, which are in no statistics"
        in told
    )
