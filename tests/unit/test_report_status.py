"""The calendar of `mtc status`, and the problems that it shows."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtc.core.model import Stage, Status, StepId, Verdict
from mtc.core.records import History, StepRecord
from mtc.formats.settings import Filters
from mtc.manifest.models import Run, Source
from mtc.manifest.project import Project, SiteSettings
from mtc.plan.work import Plan, PlannedStep
from mtc.report.problems import command, find_problems
from mtc.report.status import Column, blocks, calendar, status_json, status_text
from mtc.report.status_grid import Cell, State, StatusGrid, make_grid
from mtc.report.terminal import PLAIN, Terminal

ALL = (Stage.IMPORT, Stage.STAT, Stage.CSV)
FIRST = dt.date(2026, 4, 28)  # a Tuesday
NOW = dt.datetime(2026, 5, 12, 10, tzinfo=dt.UTC)


def project(*names: str, stages: tuple[Stage, ...] = ALL, zone: str = "UTC") -> Project:
    source = Source(url="logs/{site}/{date:%Y-%m-%d}*.log")
    sites = {name: SiteSettings(name, "", zone, source, None, Filters()) for name in names}
    p = Path("here")
    return Project("daily", p, p, "yesterday", stages, sites, {}, p, p, p, p, Run())


def days(number: int) -> list[dt.date]:
    return [FIRST + dt.timedelta(at) for at in range(number)]


def step(text: str) -> StepId:
    return StepId.parse(text)


def history(names: Iterable[str], number: int, other: Mapping[str, StepRecord]) -> History:
    steps = (StepId(stage, name, day) for stage in ALL for name in names for day in days(number))
    done = {item: StepRecord(item, Status.DONE) for item in steps}
    return History({**done, **{step(text): record for text, record in other.items()}})


def cell(record: StepRecord | None, planned: PlannedStep | None, text: str, now: dt.datetime = NOW) -> Cell:
    at = step(text)
    plan = Plan((planned,)) if planned else None
    return make_grid(History({at: record} if record else {}), project(at.site), [at.day], now, plan).cells[at]


def record(text: str, state: Status, error: str = "") -> StepRecord:
    return StepRecord(step(text), state, error=error)


TROUBLED = history(
    ("docs", "shop"),
    14,
    {
        "import:shop:2026-05-02": record("import:shop:2026-05-02", Status.FAILED, "s3://logs: no such bucket"),
        "import:shop:2026-05-03": record("import:shop:2026-05-03", Status.FAILED, "s3://logs: no such bucket"),
        "stat:shop:2026-05-02": record("stat:shop:2026-05-02", Status.BLOCKED),
        "import:shop:2026-05-05": record("import:shop:2026-05-05", Status.EMPTY),
        "import:docs:2026-05-11": record("import:docs:2026-05-11", Status.DONE),
    },
)


def test_a_calendar_has_sites_as_rows_days_as_columns_and_problems_below() -> None:
    """Equal stages share a row; weeks are separated; each problem has the command that fixes it."""
    grid = make_grid(TROUBLED, project("docs", "shop"), days(16), NOW, manifest="daily.yaml")
    assert status_text(grid, PLAIN).splitlines() == [
        "daily on 2026-05-12 10:00:00 UTC: 2 sites, 2026-04-28..2026-05-13, 16 days",
        "96 steps: 12 not due, 80 done, 1 blocked, 1 missing, 2 failed",
        "",
        "                   04 2026-05",
        "                   28     04      11",
        "docs  all          ■■■■■■ ■■■■■■■ ■--",
        "shop  import       ■■■■✗✗ ■?■■■■■ ■--",
        "      stat         ■■■■▲■ ■■■■■■■ ■--",
        "      csv          ■■■■■■ ■■■■■■■ ■--",
        "",
        "■ done  - not due  ▲ blocked  ? missing  ✗ failed",
        "",
        "missing",
        "  import shop 2026-05-05: no objects 6h after the day's end",
        "      fix: look for the logs at logs/shop/2026-05-05*.log",
        "",
        "failed",
        "  import shop 2026-05-02..2026-05-03, 2 days: s3://logs: no such bucket",
        "      fix: mtc import shop 2026-05-02 2026-05-03 -m daily.yaml",
    ]


def test_signs_are_letters_in_ascii() -> None:
    """A stream with the encoding ASCII gets only ASCII."""
    grid = make_grid(TROUBLED, project("docs", "shop"), days(16), NOW)
    text = status_text(grid, Terminal(unicode=False))
    assert text.isascii()
    assert "shop  import       ####FF #?##### #--" in text.splitlines()
    assert "# done  - not due  B blocked  ? missing  F failed" in text.splitlines()


def test_colour_marks_runs_of_signs_on_a_terminal_only() -> None:
    """A run of the same state has one colour code."""
    grid = make_grid(TROUBLED, project("shop"), days(6), NOW)
    assert "\x1b[32m■■■■\x1b[0m\x1b[31m✗✗\x1b[0m" in status_text(grid, Terminal(colour=True))
    assert "\x1b" not in status_text(grid)


def test_a_calendar_wider_than_the_terminal_is_split_at_mondays() -> None:
    """Blocks contain whole weeks and label their first column."""
    grid = make_grid(history(("docs",), 20, {}), project("docs", stages=(Stage.STAT,)), days(20), NOW)
    assert calendar(grid, Terminal(width=27)) == [
        "            04 2026-05",
        "            28     04",
        "docs  stat  ■■■■■■ ■■■■■■■",
        "",
        "            2026-05",
        "            11",
        "docs  stat  ■■■■■■■",
    ]


def test_long_ranges_are_folded_into_months_with_their_worst_day() -> None:
    """A failed day is not hidden by thirty good ones."""
    bad = {"stat:docs:2026-05-30": record("stat:docs:2026-05-30", Status.FAILED, "no")}
    now = dt.datetime(2027, 6, 1, tzinfo=dt.UTC)
    grid = make_grid(history(("docs",), 300, bad), project("docs", stages=(Stage.STAT,)), days(300), now)
    assert status_text(grid).splitlines()[3:9] == [
        "            2026                                2027",
        "            Apr May Jun Jul Aug Sep Oct Nov Dec Jan Feb",
        "docs  stat   ■   ✗   ■   ■   ■   ■   ■   ■   ■   ■   ■",
        "",
        "■ done  ✗ failed",
        "each month shows its worst day",
    ]


def test_twenty_sites_and_thirty_days_fit_into_eighty_columns() -> None:
    """A month of twenty good sites is twenty-two short lines."""
    names = [f"site-{at:02}" for at in range(20)]
    lines = calendar(make_grid(history(names, 30, {}), project(*names), days(30), NOW), PLAIN)
    assert len(lines) == 22
    assert max(map(len, lines)) <= 80


@given(st.lists(st.integers(1, 9), min_size=1), st.integers(1, 40))
def test_blocks_keep_every_column_in_order_and_within_the_width(sizes: list[int], width: int) -> None:
    """Only a week that is wider than the terminal exceeds the width."""
    units = [tuple(Column((FIRST,), str(at), "", int(at == 0)) for at in range(size)) for size in sizes]
    filled = blocks(units, width)
    assert [column for block in filled for column in block] == [column for unit in units for column in unit]
    for block in filled:
        assert len(block) + sum(column.gap for column in block[1:]) <= width or block in units


@pytest.mark.parametrize(
    ("verdict", "state", "reason"),
    [
        (Verdict.NEW, State.NOT_TRIED, "r"),
        (Verdict.FAILED, State.FAILED, "r"),
        (Verdict.INPUTS_CHANGED, State.STALE, "inputs changed: r"),
        (Verdict.MANIFEST_CHANGED, State.STALE, "manifest changed: r"),
        (Verdict.OUTPUT_MISSING, State.STALE, "output missing: r"),
        (Verdict.LATE_OBJECTS, State.STALE, "late objects: r"),
        (Verdict.UP_TO_DATE, State.DONE, ""),
        (Verdict.BLOCKED, State.BLOCKED, "r"),
        (Verdict.NOT_DUE, State.NOT_DUE, "r"),
    ],
)
def test_a_current_plan_overrides_the_record(verdict: Verdict, state: State, reason: str) -> None:
    """A step that is recorded as done may be out of date today."""
    text = "stat:docs:2026-05-01"
    planned = PlannedStep(step(text), verdict, ("r", "s"))
    assert cell(record(text, Status.DONE), planned, text) == Cell(state, reason)


@pytest.mark.parametrize(
    ("kept", "state"),
    [
        (None, State.NOT_TRIED),
        (Status.PLANNED, State.NOT_TRIED),
        (Status.RUNNING, State.NOT_TRIED),
        (Status.DONE, State.DONE),
        (Status.EMPTY, State.EMPTY),
        (Status.FAILED, State.FAILED),
        (Status.BLOCKED, State.BLOCKED),
    ],
)
def test_without_a_plan_the_record_decides(kept: Status | None, state: State) -> None:
    """`status` shows what was done without listing the source."""
    text = "stat:docs:2026-05-01"
    assert cell(record(text, kept) if kept else None, None, text).state is state


def test_the_recorded_error_is_the_reason_of_a_failure() -> None:
    """The error itself is shown."""
    text = "import:docs:2026-05-01"
    planned = PlannedStep(step(text), Verdict.FAILED, ("it failed last time",))
    assert cell(record(text, Status.FAILED, "no bucket"), planned, text) == Cell(State.FAILED, "no bucket")


def test_an_empty_day_is_missing_after_the_settle_time() -> None:
    """Until then a day without objects is empty. The time zone is that of the site."""
    text = "import:docs:2026-05-11"
    empty = record(text, Status.EMPTY)
    before, after = (dt.datetime(2026, 5, 12, hour, minute, tzinfo=dt.UTC) for hour, minute in ((5, 59), (6, 0)))
    assert cell(empty, None, text, before).state is State.EMPTY
    assert cell(empty, None, text, after).state is State.MISSING
    assert cell(empty, PlannedStep(step(text), Verdict.UP_TO_DATE), text, after).state is State.MISSING
    at = step(text)
    auckland = project("docs", zone="Pacific/Auckland")
    grid = make_grid(History({at: empty}), auckland, [at.day], before - dt.timedelta(hours=11))
    assert grid.cells[at].state is State.MISSING


def test_a_day_that_has_not_ended_is_not_due() -> None:
    """Today is not a problem."""
    assert cell(None, None, "stat:docs:2026-05-12").state is State.NOT_DUE
    assert cell(None, None, "stat:docs:2026-05-11").state is State.NOT_TRIED


def test_different_reasons_are_shown_with_their_days() -> None:
    """Each reason lists its days; of many reasons the first few are shown."""
    names = {f"stat:docs:2026-05-0{at}": f"e{at % 7}" for at in range(1, 9)}
    errors = {text: record(text, Status.FAILED, error) for text, error in names.items()}
    grid = make_grid(history(("docs",), 14, errors), project("docs"), days(14), NOW)
    assert status_text(grid).splitlines()[-9:] == [
        "failed",
        "  stat docs 2026-05-01..2026-05-08, 8 days",
        "      2026-05-01, 2026-05-08, 2 days: e1",
        "      2026-05-02: e2",
        "      2026-05-03: e3",
        "      2026-05-04: e4",
        "      2026-05-05: e5",
        "      and 2 more",
        "      fix: mtc stat docs 2026-05-01 2026-05-08",
    ]


def test_commands_can_be_pasted_into_a_shell() -> None:
    """File names are quoted, and the environment is included; csv takes no days."""
    grid = StatusGrid("daily", NOW, ("docs",), ALL, (FIRST,), {}, "my daily.yaml", "staging")
    assert command(grid, Stage.IMPORT, "docs", FIRST, FIRST) == (
        "mtc import docs 2026-04-28 -m 'my daily.yaml' --env staging"
    )
    assert command(grid, Stage.CSV, "docs", FIRST, FIRST) == "mtc csv -m 'my daily.yaml' --env staging"


def test_a_hostile_error_is_escaped_in_the_calendar() -> None:
    """The text of a key in an error is shown, not interpreted."""
    text = "import:docs:2026-05-01"
    failed = History({step(text): record(text, Status.FAILED, "a\x1b[2J\n\u202e: no")})
    grid = make_grid(failed, project("docs"), [dt.date(2026, 5, 1)], NOW)
    assert "  import docs 2026-05-01: a\\x1b[2J\\n\\u202e: no" in status_text(grid).splitlines()
    assert status_json(grid).isascii()


def test_without_days_there_is_no_calendar() -> None:
    """The status of a state without runs can be shown."""
    assert status_text(make_grid(History(), project("docs"), [], NOW)) == (
        "daily on 2026-05-12 10:00:00 UTC: 1 site, no days"
    )


def test_json_has_every_step_and_every_problem() -> None:
    """It has the same data in order."""
    grid = make_grid(TROUBLED, project("docs", "shop"), days(16), NOW)
    document = json.loads(status_json(grid))
    assert document["counts"] == {"failed": 2, "missing": 1, "blocked": 1, "done": 80, "not due": 12}
    assert len(document["steps"]) == 96
    assert [item["step"] for item in document["steps"]] == [str(item) for item in sorted(grid.cells)]
    assert document["troubles"][1] == {
        "state": "failed",
        "stage": "import",
        "site": "shop",
        "days": ["2026-05-02..2026-05-03"],
        "reasons": ["s3://logs: no such bucket"],
        "command": "mtc import shop 2026-05-02 2026-05-03",
    }
    assert [item.state for item in find_problems(grid)] == [State.MISSING, State.FAILED]


def test_a_step_of_another_run_in_progress_is_not_failed() -> None:
    """It has its own state and sign in the plan."""
    planned = PlannedStep(step("import:docs:2026-05-01"), Verdict.UNDER_WAY, ("another run is at it",))
    running = StepRecord(planned.step, Status.RUNNING)
    grid = make_grid(History({planned.step: running}), project("docs"), [planned.step.day], NOW, Plan((planned,)))
    assert grid.cells[planned.step].state is State.UNDER_WAY
    assert "▶ under way" in status_text(grid)


def test_months_are_labelled_even_if_their_first_days_are_not_shown() -> None:
    """A range may start in the middle of a month or skip months; years are labelled too."""
    some = [dt.date(2026, 1, 10) + dt.timedelta(n) for n in range(3)] + [dt.date(2026, 3, 20), dt.date(2026, 3, 21)]
    grid = make_grid(History(), project("docs", stages=(Stage.STAT,)), some, NOW)
    assert calendar(grid, PLAIN)[0].split() == ["01", "2026-03"]
    long = [dt.date(2025, 10, 1) + dt.timedelta(n) for n in range(150)]
    grid = make_grid(History(), project("docs", stages=(Stage.STAT,)), long, NOW)
    assert calendar(grid, PLAIN)[0].split() == ["2025", "2026"]


def test_no_line_is_wider_than_the_terminal() -> None:
    """This includes title, counts, legend and reasons; the fix stays on one line, so that it can be copied."""
    reason = "the source cannot be listed: " + "many words " * 20
    records = {f"import:docs:{day}": record(f"import:docs:{day}", Status.FAILED, reason) for day in days(30)[::2]}
    grid = make_grid(history(("docs",), 30, records), project("docs", "shop"), days(30), NOW)
    lines = [line for line in status_text(grid, Terminal(width=60)).splitlines() if "fix:" not in line]
    assert max(map(len, lines)) <= 60


def test_one_cause_of_several_sites_is_shown_once() -> None:
    """Its command covers all of them; missing logs are shown for each site."""
    records = {
        f"import:{site}:2026-05-02": record(f"import:{site}:2026-05-02", Status.FAILED, "no such bucket")
        for site in ("docs", "shop")
    }
    text = status_text(make_grid(history(("docs", "shop"), 6, records), project("docs", "shop"), days(6), NOW))
    assert text.count("no such bucket") == 1
    assert "import docs, shop 2026-05-02: no such bucket" in text
    assert "fix: mtc apply --stage import --date 2026-05-02" in text


def test_long_shortened_names_can_be_told_apart() -> None:
    """Names with a common start and end are not shortened where they differ."""
    names = [f"a-very-long-name-number-{number:02}.department.example.org" for number in range(12)]
    grid = make_grid(history(names, 1, {}), project(*names), days(1), NOW)
    shown = [line.split()[0] for line in status_text(grid, PLAIN).splitlines() if line.startswith("a-very")]
    assert len(set(shown)) == len(names)
    assert all(f"{number:02}." in name for number, name in enumerate(shown))
