"""The output of a plan for people and programs."""

import datetime as dt
import json

from mtc.core.model import Accounting, LoadedObject, Part, SourceObject, Stage, StepId, Verdict
from mtc.plan.work import CsvWork, ImportWork, Plan, PlannedStep, StatWork
from mtc.report.plan_text import plan_json, plan_summary, plan_text
from mtc.report.terminal import Terminal


def day(number: int) -> dt.date:
    return dt.date(2026, 5, number)


def planned(
    stage: Stage,
    site: str,
    number: int,
    verdict: Verdict,
    *reasons: str,
    work: ImportWork | StatWork | CsvWork | None = None,
) -> PlannedStep:
    return PlannedStep(StepId(stage, site, day(number)), verdict, reasons, inputs={"a": "1"}, work=work)


def import_work(number: int) -> ImportWork:
    return ImportWork(load=(SourceObject(f"docs/{day(number)}.gz", 40_000_000, "e"),))


def new_object(number: int) -> PlannedStep:
    return planned(Stage.IMPORT, "docs", number, Verdict.NEW, f"docs/{day(number)}.gz is new", work=import_work(number))


LOADED = LoadedObject(SourceObject("docs/old.gz", 5, "e"), "id", "sha", "combined", Accounting(), ())
TIDYING = ImportWork(archive=(LOADED,), drop=(LOADED,))
PLAN = Plan(
    (
        *(new_object(at) for at in range(1, 8)),
        planned(Stage.IMPORT, "shop", 1, Verdict.UP_TO_DATE),
        planned(
            Stage.IMPORT,
            "shop",
            2,
            Verdict.FAILED,
            "it failed: no bucket",
            work=TIDYING,
        ),
        planned(Stage.IMPORT, "shop", 8, Verdict.NOT_DUE, "the day has not ended"),
        planned(
            Stage.STAT,
            "docs",
            1,
            Verdict.LATE_OBJECTS,
            "docs/late.gz has hits of this day",
            work=StatWork((Part("docs", day(1), "p", "id", 1200), Part("docs", day(1), "q", "id", 1))),
        ),
        planned(Stage.STAT, "shop", 2, Verdict.BLOCKED, "import:shop:2026-05-02 failed"),
        planned(Stage.CSV, "docs", 1, Verdict.INPUTS_CHANGED, work=CsvWork("v")),
    )
)


SUMMARY = (
    "plan of daily: 13 steps, 10 to do (7 new, 1 failed, 1 inputs changed, 1 late objects), "
    "1 up to date, 1 blocked, 1 not due"
)


def test_a_plan_has_counts_then_steps_to_do_then_others() -> None:
    """Days are folded into ranges, reasons shortened to a few; blocked and not due steps come last, with reasons."""
    assert plan_text(PLAN, "daily").splitlines() == [
        SUMMARY,
        "",
        "        new  failed  inputs changed  late objects  up to date  blocked  not due",
        "import    7       1               -             -           1        -        1",
        "stat      -       -               -             1           -        1        -",
        "csv       -       -               1             -           -        -        -",
        "",
        "to do",
        "  import  docs  new             2026-05-01..2026-05-07, 7 days  7 objects, 280 MB",
        "      docs/2026-05-01.gz is new",
        "      docs/2026-05-02.gz is new",
        "      docs/2026-05-03.gz is new",
        "      and 4 more",
        "  import  shop  failed          2026-05-02                      1 to archive, 1 to take out",
        "      it failed: no bucket",
        "  stat    docs  late objects    2026-05-01                      2 parts, 1,201 hits",
        "      docs/late.gz has hits of this day",
        "  csv     docs  inputs changed  2026-05-01",
        "",
        "blocked",
        "  stat  shop  2026-05-02",
        "      import:shop:2026-05-02 failed",
        "",
        "not due",
        "  import  shop  2026-05-08",
        "      the day has not ended",
    ]


def test_a_plan_without_work_is_short() -> None:
    """The first line says that there is nothing to do."""
    done = Plan((planned(Stage.STAT, "docs", 1, Verdict.UP_TO_DATE),))
    assert plan_text(done, "daily") == (
        "plan of daily: 1 step, nothing to do, 1 up to date\n\n      up to date\nstat           1"
    )
    assert plan_text(Plan(), "daily") == "plan of daily: 0 steps, nothing to do"


def test_apply_shows_the_plan_in_one_line() -> None:
    """It has the same counts."""
    assert plan_summary(PLAN, "daily") == SUMMARY


def test_colour_is_used_for_whole_words_and_only_if_wanted() -> None:
    """The layout is the same with and without it."""
    coloured = plan_text(PLAN, "daily", Terminal(colour=True))
    assert "\x1b[1mto do\x1b[0m" in coloured
    assert "\x1b[31mimport  shop  failed" in coloured
    assert "\x1b" not in plan_text(PLAN, "daily")


def test_hostile_keys_in_reasons_are_escaped() -> None:
    """Escape sequences and line ends of a key are visible, and stay on its line."""
    hostile = Plan((planned(Stage.STAT, "docs", 1, Verdict.NEW, "a\x1b[2J\nto do\u202e.gz is new"),))
    text = plan_text(hostile, "daily\x1b[1m")
    assert "      a\\x1b[2J\\nto do\\u202e.gz is new" in text.splitlines()
    assert "\x1b" not in text + plan_json(hostile, "daily")


def test_json_has_every_step_and_is_stable() -> None:
    """One document has all steps in the plan's order, each with its verdict, reasons and amounts."""
    document = json.loads(plan_json(PLAN, "daily"))
    assert (document["manifest"], document["steps"], document["work"]) == ("daily", 13, 10)
    assert document["counts"]["stat"] == {"late objects": 1, "blocked": 1}
    assert [item["step"] for item in document["plan"]] == [str(item.step) for item in PLAN.steps]
    assert document["plan"][0] == {
        "step": "import:docs:2026-05-01",
        "stage": "import",
        "site": "docs",
        "day": "2026-05-01",
        "verdict": "new",
        "reasons": ["docs/2026-05-01.gz is new"],
        "inputs": 1,
        "cost": 40_000_000,
        "work": {"load": 1, "size": 40_000_000, "archive": 0, "drop": 0, "keep": 0},
    }
    assert [item["work"] for item in document["plan"][-3:]] == [{"parts": 2, "hits": 1201}, None, {"stat": "v"}]
    assert plan_json(PLAN, "daily") == plan_json(Plan(tuple(PLAN.steps)), "daily")
