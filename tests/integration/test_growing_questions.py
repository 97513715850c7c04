"""What verify, status, plan and why answer about logs that grow, after whole runs."""

import datetime as dt
from pathlib import Path

import pytest
from applied import hit
from growing_server import Server

from mtc.core.model import Stage, StepId, Verdict
from mtc.engine import planning
from mtc.engine.selection import Scope
from mtc.manifest.dates import DateRange
from mtc.report.history import step_history
from mtc.report.plan_text import plan_text
from mtc.report.step_text import why_text
from mtc.state.store import Store
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import SUPER, Settings, Site

DAY = dt.date(2026, 5, 1)
NEXT = dt.date(2026, 5, 2)
THIRD = dt.date(2026, 5, 3)
ALL_DAYS = DateRange(from_="2026-05-01", to="2026-05-03")


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """Three days of a log that was rotated at midnight. The first run came on the third, and asked for that day."""
    server = Server(tmp_path)
    server.write("09:00", "10:00", "23:50", "2026-05-02T00:10", name="access.log.2")
    server.write("2026-05-02T11:00", "2026-05-02T23:40", "2026-05-03T00:20", name="access.log.1")
    server.compress("access.log.2")
    server.write("2026-05-03T09:00", "2026-05-03T10:00")
    server.apply()
    return server


def why(server: Server, text: str) -> str:
    """What `mtc why` says of a step."""
    project, step = server.applied.project, StepId.parse(text)
    plan = planning.plan_step(project, step, lambda _: None, lambda: server.now)
    with Store.open(project.state, readonly=True) as store:
        history = store.history((step.site,))
    return why_text(step_history(step, plan, history, (), project.setting_locations))


def test_verify_holds_also_for_days_whose_logs_belong_to_another(server: Server) -> None:
    """The lines of a day's step, the hits of the day, its statistics and its rows."""
    server.applied.apply(ALL_DAYS, now=server.now)
    server.write("2026-05-03T11:00")
    server.apply()
    found = server.applied.verified(ALL_DAYS, now=server.now)
    assert [day.day for day in found] == [DAY, NEXT, THIRD]
    assert not any(day.disagreements for day in found)
    assert [server.applied.actions(day) for day in (DAY, NEXT, THIRD)] == [3, 3, 4]


def test_verify_looks_at_each_day_with_hits(server: Server) -> None:
    """Also before anybody asked for its statistics: it was imported with the logs of another day."""
    found = {day.day: day for day in server.applied.verified(now=server.now)}
    assert list(found) == [DAY, NEXT, THIRD]
    assert (found[DAY].numbers.hits, found[NEXT].numbers.hits) == (3, 3)
    assert found[DAY].notes == ("no .stat file yet",)
    assert not any(day.disagreements for day in found.values())


def test_verify_holds_where_lines_come_that_are_no_hits_of_the_day(tmp_path: Path) -> None:
    """Robots alone; hits of yesterday that today's slice begins with."""
    server = Server(tmp_path)
    server.write("09:00")
    server.apply()
    with server.path().open("a", encoding="utf-8") as stream:
        stream.write(hit(server.now, "/robot").replace("Firefox", "Googlebot/2.1"))
    server.apply()
    server.write("2026-05-01T23:59")
    server.now += dt.timedelta(minutes=5)
    server.touch()
    server.apply()
    days = DateRange(from_="2026-05-01", to="2026-05-02")
    found = server.applied.verified(days, now=server.now)
    assert [(day.numbers.lines, day.numbers.stat_actions) for day in found] == [(2, 2), (1, 0)]
    assert not any(day.disagreements for day in found)


def test_verify_holds_with_matomo(tmp_path: Path) -> None:
    """Slices are delivered by the day of their steps, and compared by the day of their hits."""
    with FakeMatomo(Settings(sites=(Site(1, "docs", ("https://docs.example.org",), "UTC"),))) as matomo:
        server = Server(tmp_path)
        more = f"dates: today\nmatomo: {{url: '{matomo.url}', token: '{SUPER}', settle: 1s}}\n"
        sites = "docs: {matomo_id: 1, url: 'https://docs.example.org'}"
        server.applied.manifest(more, url="logs/access.log*", sites=sites)
        server.write("09:00", "10:00")
        server.apply()
        server.write("2026-05-01T23:59")
        server.rename("access.log", "access.log.1")
        server.write("2026-05-02T00:10", "2026-05-02T01:00")
        server.apply()
        server.write("2026-05-02T23:50", "2026-05-03T00:30")
        server.apply()
        found = server.applied.verified(ALL_DAYS, now=server.now)
        assert (len(matomo.hits()), matomo.doubles()) == (7, {})
    numbers = [(day.numbers.hits, day.numbers.delivered, day.numbers.matomo_actions) for day in found]
    assert numbers == [(3, 3, 3), (3, 3, 3), (1, 1, 1)]
    assert not any(day.disagreements for day in found)


def test_status_shows_no_day_as_missing_that_has_hits(server: Server) -> None:
    """The middle day has no step of its own that loaded anything; today is not whole."""
    server.applied.apply(ALL_DAYS, now=server.now)
    lines = server.applied.status(server.now).splitlines()
    assert not [line for line in lines if "missing" in line]
    [imports] = [line for line in lines if line.startswith("docs  import")]
    [rest] = [line for line in lines if line.strip().startswith("stat+csv")]
    assert imports.replace(" ", "").endswith("import■■■")
    assert rest.replace(" ", "").endswith("stat+csv■■◧")
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("dates", ["today", "yesterday", "{last: 3}"])
def test_status_begins_with_the_first_day_that_is_known(tmp_path: Path, dates: str) -> None:
    """Before it there was nothing to try; of a log that is older than the last 30 days no more than these are shown."""

    def days() -> list[dt.date]:
        found = planning.status_data(server.applied.project, Scope(), lambda _: None, offline=True, clock=clock)
        return list(found.days)

    def clock() -> dt.datetime:
        return server.now

    server = Server(tmp_path, dates)
    server.write("2026-05-08T10:00", "2026-05-11T10:00", name="access.log.1")
    server.write("2026-05-12T10:00")
    asked = {"today": 12, "yesterday": 11, "{last: 3}": 9}[dates]
    assert (min(days()), max(days())) == (dt.date(2026, 5, asked), dt.date(2026, 5, 12 if dates == "today" else 11))
    server.apply()
    assert min(days()) == dt.date(2026, 5, 8)
    server.now += dt.timedelta(days=40)
    begin = server.now.date() - dt.timedelta(days=30)
    assert [day for day in days() if begin - dt.timedelta(days=9) < day <= begin] == [begin]


def test_plan_says_what_is_new_of_each_log(server: Server) -> None:
    """In the words of its reader, within 80 columns."""
    server.write("2026-05-03T11:00", "2026-05-03T12:00")
    server.write("2026-05-03T12:05", name="access.log.web2")
    text = plan_text(server.applied.plan(now=server.now), "daily")
    assert "plan of daily: 3 steps, 3 to do (2 inputs changed, 1 grown)" in text
    assert "  import  docs  grown           2026-05-03  2 slices, 441 B\n" in text
    assert "      access.log: 294 B new since 10:00\n" in text
    assert "      access.log.web2: 147 B, a new log\n" in text
    assert max(map(len, text.splitlines())) <= 80


def test_why_asks_as_a_run_would(server: Server) -> None:
    """What is new belongs to the last day that a run asks for, not to the day of the question."""
    server.applied.apply(ALL_DAYS, now=server.now)
    server.write("2026-05-03T11:00")
    text = why(server, "import:docs:2026-05-02")
    assert "11:00" not in text
    assert "grown" not in text
    today = why(server, "import:docs:2026-05-03")
    assert "because access.log: 147 B new since 10:00" in today
    assert "@" not in today + text + why(server, "stat:docs:2026-05-03")
    plan = planning.plan_step(server.applied.project, StepId(Stage.IMPORT, "docs", THIRD), lambda _: None)
    assert Verdict.GROWN in {step.verdict for step in plan.steps}
