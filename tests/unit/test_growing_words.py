"""The texts of plan, why, status and freshness for growing logs, from the state and the plan."""

import datetime as dt
from dataclasses import replace

import pytest
from plan_world import DAY, NEXT, House, csv_step, import_step, project, site, stat_step

from mtc.core.model import Accounting, LoadedObject, Part, Slice, SourceObject, Status, StepId, Verdict, label_of_key
from mtc.core.records import History, StepRecord
from mtc.manifest.models import Freshness
from mtc.plan.freshness import stale
from mtc.plan.growing import GROWING, days_with_hits, new_in_logs
from mtc.plan.work import ImportWork, Plan, PlannedStep
from mtc.plan.world import Listing
from mtc.report.history import step_history
from mtc.report.status import status_json, status_text
from mtc.report.status_grid import State, make_grid
from mtc.report.step_text import why_text
from mtc.report.terminal import Terminal

MORNING = dt.datetime(2026, 5, 1, 10, 20, tzinfo=dt.UTC)


def piece(start: int, stop: int, *, log: str = "a1", file: str = "access.log", since: int = 0) -> SourceObject:
    """A slice of a log, written in the morning."""
    part = Slice(log, file, start, stop, "", 0, "", 0, since=since)
    modified = int(MORNING.timestamp() * 1e9)
    return SourceObject(f"{file}@{log}+{start}", stop - start, f"slice-{start}-{stop}", modified, part)


def loaded(item: SourceObject, *days: dt.date, hits: int = 10) -> LoadedObject:
    """A loaded slice with hits of these days."""
    parts = tuple(Part("docs", day, f"hits/{day}-{item.key}.parquet", item.key, hits) for day in days)
    total = hits * len(days)
    return LoadedObject(item, item.key, "c", "combined", Accounting(total, total), parts)


def nanoseconds(at: dt.datetime) -> int:
    """The time of a slice in nanoseconds."""
    return int(at.timestamp() * 1e9)


def test_new_data_is_reported_for_each_log_with_size_and_time() -> None:
    """Slices of a log share a line. The date is shown if it is another day; a log without loaded slices is new."""
    before = nanoseconds(MORNING)
    slices = [
        piece(2_000, 12_000, since=0),
        piece(1_000, 2_000, since=before),
        piece(0, 700, log="b2", file="other.log"),
    ]
    assert list(new_in_logs(slices, dt.UTC, DAY)) == [
        "access.log: 11 kB new since 10:20",
        "other.log: 700 B, a new log",
    ]
    paris = dt.timezone(dt.timedelta(hours=2))
    assert list(new_in_logs(slices[1:2], paris, NEXT)) == ["access.log: 1.0 kB new since 2026-05-01 12:20"]


def test_a_log_that_has_grown_is_not_late() -> None:
    """An import that is done has to load the rest."""
    house = House(project())
    house.put(piece(0, 1_000))
    house.apply()
    house.put(piece(1_000, 3_000, since=nanoseconds(MORNING)))
    assert house.verdict(import_step()) == (Verdict.GROWN, ("access.log: 2.0 kB new since 10:20",))


def test_a_day_whose_hits_were_loaded_for_other_days_has_enough_objects() -> None:
    """Its step is new, and there is nothing to wait for."""
    house = House(project(), days=(DAY,))
    house.put(piece(0, 1_000), hits={DAY: 5, NEXT: 5})
    house.apply()
    house.days = (DAY, NEXT)
    assert house.verdict(import_step(NEXT)) == (
        Verdict.NEW,
        ("its hits are in logs that were loaded for other days",),
    )


def test_slices_of_one_log_share_a_line_of_why() -> None:
    """Slices to load have a separate line; no line shows the key of a slice."""
    new = piece(5_000, 6_000)
    first, second = loaded(piece(0, 1_000), DAY), loaded(piece(1_000, 5_000), DAY)
    other = loaded(piece(0, 400, log="b2", file="access.log.1"), DAY)
    history = History(
        {import_step(): StepRecord(import_step(), Status.DONE, "f", inputs={first.object.key: "v"})},
        {import_step(): (first, second, other)},
    )
    inputs = {item.object.key: "v" for item in (first, second, other)} | {new.key: "v"}
    planned = PlannedStep(import_step(), Verdict.GROWN, (), {}, inputs, ImportWork(load=(new,)))
    text = why_text(step_history(import_step(), Plan((planned,)), history))
    assert "@" not in text
    assert "  input access.log from byte 5,000: added" in text.splitlines()
    at = text.splitlines().index("inputs: 4 slices of 2 logs")
    assert text.splitlines()[at + 1 : at + 4] == [
        "  access.log.1                loaded    400 B  10 lines  10 hits  combined  not archived",
        "  access.log: 2 slices        loaded   5.0 kB  20 lines  20 hits  combined  not archived",
        "  access.log from byte 5,000  to load  1.0 kB",
    ]
    stat = why_text(step_history(stat_step(), None, history)).splitlines()
    [parts] = [line.split() for line in stat if "access.log:" in line]
    assert parts == ["access.log:", "2", "parts", "20", "hits"]


def grid(history: History, now: dt.datetime, *days: dt.date, plan: Plan | None = None) -> dict[StepId, State]:
    """Return the status of each step."""
    return {step: cell.state for step, cell in make_grid(history, project(), days, now, plan).cells.items()}


def test_a_day_is_not_missing_if_growing_logs_contain_its_hits() -> None:
    """They may be loaded for another day. A day without hits is empty if the logs continue after it."""
    third, last = NEXT + dt.timedelta(days=1), NEXT + dt.timedelta(days=3)
    days = (DAY, NEXT, third, last)
    history = History(
        {import_step(day): StepRecord(import_step(day), Status.EMPTY) for day in (DAY, NEXT, last)},
        {import_step(third): (loaded(piece(0, 1_000), DAY, third),)},
    )
    found = make_grid(history, project(), days, dt.datetime(2026, 5, 9, tzinfo=dt.UTC))
    states = [found.cells[import_step(day)].state for day in days]
    assert states == [State.DONE, State.EMPTY, State.DONE, State.MISSING]
    assert found.cells[import_step(last)].reason == "no hits 6h after the day's end"
    new = PlannedStep(import_step(), Verdict.NEW, (), work=ImportWork(load=(piece(0, 9),)))
    assert grid(history, MORNING, DAY, plan=Plan((new,)))[import_step()] is State.NOT_TRIED


@pytest.mark.parametrize(("terminal", "sign"), [(Terminal(), "◧"), (Terminal(unicode=False), "+")])
def test_an_incomplete_day_has_its_own_sign(terminal: Terminal, sign: str) -> None:
    """It is shown in the calendar; in JSON its steps are done, but not complete."""
    history = History(
        {
            import_step(): StepRecord(import_step(), Status.DONE),
            stat_step(): StepRecord(stat_step(), Status.DONE, notes=(GROWING,)),
            csv_step(): StepRecord(csv_step(), Status.DONE),
        }
    )
    found = make_grid(history, project(), [DAY], MORNING)
    lines = status_text(found, terminal).splitlines()
    assert f"      stat+csv     {sign}" in lines
    assert any(line.endswith(f"{sign} not whole") for line in lines)
    assert lines[-2:] == ["may not be whole", "  docs 2026-05-01: its logs may still grow"]
    text = status_json(found)
    assert '"not whole"' not in text
    assert (text.count('"state": "done"'), text.count('"complete": false')) == (3, 2)


def test_freshness_of_growing_logs_is_that_of_their_hits() -> None:
    """The day for which a slice was loaded does not matter; data that is not loaded counts by its modification time."""
    last = dt.date(2026, 5, 10)
    week = [last - dt.timedelta(days=back) for back in range(7)]
    history = History(objects={import_step(dt.date(2026, 5, 30)): (loaded(piece(0, 1_000), *week),)})
    now = dt.datetime(2026, 5, 12, 6, tzinfo=dt.UTC)
    asked = replace(site(), freshness=Freshness())
    assert days_with_hits("docs", history) == set(week)
    found = stale(asked, history, Listing({last: (piece(0, 1_000),)}), now)
    assert found is not None
    assert found.last == last
    written = replace(piece(1_000, 2_000), modified=nanoseconds(now))
    assert stale(asked, history, Listing({last: (piece(0, 1_000), written)}), now) is None


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("access.log@1ea3027e+14870", "access.log from byte 14,870"),
        ("web2/access.log@1ea3027e+0", "web2/access.log"),
        ("a@b.log@1ea3027e-2+5", "a@b.log from byte 5"),
        ("access.log", "access.log"),
        ("mail@example.org+12", "mail@example.org+12"),
    ],
)
def test_a_key_is_enough_for_a_label(key: str, label: str) -> None:
    """Deliveries record only keys. Other files keep their names."""
    assert label_of_key(key) == label


def test_a_day_of_dated_logs_is_missing_whatever_slices_other_days_have() -> None:
    """Its own file has not arrived. Slices of dated logs belong to the days in their names."""
    history = History(
        {import_step(): StepRecord(import_step(), Status.EMPTY)},
        {import_step(NEXT): (loaded(piece(0, 1_000), DAY, NEXT),)},
        dated=frozenset({"docs"}),
    )
    now = dt.datetime(2026, 5, 9, tzinfo=dt.UTC)
    assert grid(history, now, DAY)[import_step()] is State.MISSING
    written = replace(piece(1_000, 2_000), modified=nanoseconds(now))
    asked = replace(site(), freshness=Freshness(warn_after="1d"))
    found = stale(asked, history, Listing({NEXT: (written,)}), now)
    assert found is not None
    assert found.last == NEXT
