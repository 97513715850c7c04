"""The report of a run on stderr for people."""

import dataclasses
import datetime as dt
import io
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from mtc.core.events import (
    Event,
    Notice,
    PlanMade,
    RunFinished,
    RunStarted,
    StepBlocked,
    StepFinished,
    StepProgress,
    StepRetried,
    StepStarted,
    Warned,
)
from mtc.core.model import Stage, Status, StepId, Verdict
from mtc.report.progress import Progress
from mtc.report.reporters import MOST_FAILURES, ConsoleReporter
from mtc.report.terminal import PLAIN, Terminal

AT = dt.datetime(2026, 5, 2, 1, 0, tzinfo=dt.UTC)
END = RunFinished("R1", 0, 12.0, 2, 18, 0, 0, 1, 0, 1_200_000, 1_100_000, "")


@dataclass
class Clock:
    """A clock that the test sets."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def step(day: int = 1, stage: Stage = Stage.IMPORT, site: str = "docs") -> StepId:
    return StepId(stage, site, dt.date(2026, 5, 1) + dt.timedelta(day - 1))


def plan(work: int) -> PlanMade:
    return PlanMade("", work + 18, work, {"new": work, "up to date": 18})


def shown(events: Iterable[Event], terminal: Terminal = PLAIN, *, quiet: bool = False) -> str:
    stream = io.StringIO()
    reporter = ConsoleReporter(stream, terminal, quiet=quiet, clock=Clock())
    for event in events:
        reporter.tell(event)
    reporter.close()
    return stream.getvalue()


GOOD = (
    RunStarted("R1", "daily", "mtc apply daily.yaml", AT),
    plan(3),
    StepStarted(step(), Verdict.NEW, 1, 1000),
    StepProgress("import:docs:2026-05-01", 1000, 500),
    StepRetried(step(), "s3://logs: answered 503", 1, 2.5),
    StepStarted(step(), Verdict.NEW, 2, 1000),
    StepFinished(step(), Status.DONE, 3.2, {"lines": 12345, "hits": 1, "objects": 2}, ("1 line of 2026-04-30",)),
    StepFinished(step(2), Status.EMPTY, 0.1, notes=("no objects yet",)),
    Notice("2 parts were left over and are gone"),
    END,
)
FAILURE = StepFinished(step(2), Status.FAILED, 1.0, error="docs/a.gz: the object is corrupt. Push it again")
BAD = (
    plan(3),
    StepFinished(step(), Status.DONE, 3.2),
    FAILURE,
    StepBlocked(step(2, Stage.STAT), "import:docs:2026-05-02 failed"),
    dataclasses.replace(
        END, exit_code=3, done=1, failed=1, blocked=1, empty=0, lines=0, hits=0, next="mtc why import:docs:2026-05-02"
    ),
)


def test_a_good_run_without_a_terminal_has_a_line_for_each_step() -> None:
    """If there are few steps each is shown as it ends, and the last line sums up."""
    assert shown(GOOD) == (
        "run R1 of daily\n"
        "plan: 21 steps, 3 to do (3 new), 18 up to date\n"
        "retry   import:docs:2026-05-01: s3://logs: answered 503 (attempt 1 failed, the next is in 2.5 s)\n"
        "done    import:docs:2026-05-01: 2 objects, 12,345 lines, 1 hit, 1 line of 2026-04-30, 3.2 s\n"
        "empty   import:docs:2026-05-02: no objects yet, 0.1 s\n"
        "note    2 parts were left over and are gone\n"
        "finished: 2 done, 18 up to date, 1 empty; 1,200,000 lines, 1,100,000 hits in 12 s, 100,000 lines/s\n"
    )


def test_a_failed_run_shows_what_failed_why_and_what_to_do() -> None:
    """A failure shows step, message and hint at once; the summary ends with what to do."""
    assert shown(BAD) == (
        "plan: 21 steps, 3 to do (3 new), 18 up to date\n"
        "done    import:docs:2026-05-01: 3.2 s\n"
        "FAILED  import:docs:2026-05-02: docs/a.gz: the object is corrupt. Push it again\n"
        "blocked stat:docs:2026-05-02: import:docs:2026-05-02 failed\n"
        "not finished: 1 done, 18 up to date, 1 failed, 1 blocked in 12 s\n"
        "  next: mtc why import:docs:2026-05-02\n"
    )


def test_empty_steps_of_a_stage_and_site_share_a_line() -> None:
    """The line is shown at the end of the stage; steps with data keep their own lines."""

    def empty(day: int, site: str = "docs", stage: Stage = Stage.IMPORT) -> StepFinished:
        return StepFinished(step(day, stage, site), Status.EMPTY, 0.1)

    days = [*range(2, 12), *range(15, 20)]
    events = (
        PlanMade("import", 25, 25, {"new": 25}),
        *(empty(day) for day in reversed(days)),
        empty(1, "shop"),
        FAILURE,
        dataclasses.replace(empty(13), notes=("1 log could not be read",)),
        StepFinished(step(20), Status.DONE, 3.2),
        PlanMade("stat", 10, 10, {"new": 10}),
        *(empty(day, stage=Stage.STAT) for day in (1, 2)),
        END,
    )
    assert shown(events).splitlines()[:-1] == [
        "plan: import: 25 steps, 25 to do (25 new)",
        "FAILED  import:docs:2026-05-02: docs/a.gz: the object is corrupt. Push it again",
        "empty   import:docs:2026-05-13: 1 log could not be read, 0.1 s",
        "done    import:docs:2026-05-20: 3.2 s",
        "empty   import:docs: 2026-05-02..2026-05-11, 2026-05-15..2026-05-19, 15 days",
        "empty   import:shop:2026-05-01: 0.1 s",
        "plan: stat: 10 steps, 10 to do (10 new)",
        "empty   stat:docs: 2026-05-01..2026-05-02, 2 days",
    ]
    assert "empty" not in shown(events, quiet=True)


@pytest.mark.parametrize("quiet", [False, True])
def test_a_cause_of_blocked_steps_is_shown_once(*, quiet: bool) -> None:
    """It is shown in full with the first step; the other steps, also of later stages, share a line for each site."""
    cause = "the source cannot be listed: " + "/srv/logs/www: no such folder; " * 5 + "go on"
    events = (
        *(StepBlocked(step(day), cause) for day in (1, 2, 3, 5)),
        StepBlocked(step(1, site="shop"), cause),
        PlanMade("import", 5, 0, {"blocked": 5}),
        *(StepBlocked(step(day, Stage.STAT), f"import is blocked; {cause}") for day in (1, 2, 3, 5)),
        StepBlocked(step(7, Stage.STAT), "another cause"),
        FAILURE,
        StepBlocked(step(2, Stage.CSV), "stat:docs:2026-05-02 failed"),
        dataclasses.replace(END, exit_code=3, blocked=11),
    )
    lines = [line for line in shown(events, quiet=quiet).splitlines() if "blocked" in line[:8]]
    told = [f"blocked import:docs:2026-05-01: {cause}", "blocked stat:docs:2026-05-07: another cause"]
    assert [line for line in lines if "above" not in line and "csv" not in line] == told
    shared = [
        "blocked import:docs: 2026-05-02..2026-05-03, 2026-05-05, 3 days: for a cause shown above",
        "blocked import:shop:2026-05-01: for a cause shown above",
        "blocked csv:docs:2026-05-02: stat:docs:2026-05-02 failed",
        "blocked stat:docs: 2026-05-01..2026-05-03, 2026-05-05, 4 days: for a cause shown above",
    ]
    assert sorted(set(lines) - set(told)) == sorted([] if quiet else shared)


def test_a_quiet_run_shows_nothing_on_success() -> None:
    """Cron sends no mail then."""
    assert shown(GOOD, quiet=True) == ""


def test_a_quiet_run_shows_failures_and_the_summary() -> None:
    """It shows failures, counts and what to do, and nothing else."""
    assert shown(BAD, quiet=True) == (
        "FAILED  import:docs:2026-05-02: docs/a.gz: the object is corrupt. Push it again\n"
        "not finished: 1 done, 18 up to date, 1 failed, 1 blocked in 12 s\n"
        "  next: mtc why import:docs:2026-05-02\n"
    )


@pytest.mark.parametrize(("code", "ending"), [(130, "interrupted"), (143, "interrupted"), (6, "stopped")])
def test_a_stopped_run_is_reported_even_if_quiet(code: int, ending: str) -> None:
    """An interruption is not a success."""
    end = dataclasses.replace(END, exit_code=code, next="the same command goes on")
    assert shown([end], quiet=True) == (
        f"{ending}: 2 done, 18 up to date, 1 empty; 1,200,000 lines, 1,100,000 hits in 12 s, 100,000 lines/s\n"
        "  next: the same command goes on\n"
    )


def test_many_steps_are_counted_at_most_every_ten_seconds() -> None:
    """400 lines of "done" would hide an important one; failures are still shown at once."""
    stream, clock = io.StringIO(), Clock()
    reporter = ConsoleReporter(stream, PLAIN, clock=clock)
    reporter.tell(plan(400))
    for at in range(40):
        clock.now += 1
        reporter.tell(StepProgress("task", 1_000_000, 2_000))
        reporter.tell(
            StepFinished(step(at + 1), Status.FAILED if at == 14 else Status.DONE, 1.0, error="" if at != 14 else "no")
        )
    assert stream.getvalue() == (
        "plan: 418 steps, 400 to do (400 new), 18 up to date\n"
        "9 of 400 steps, 7 min 14 s left, 10 MB, 20,000 lines, 2,000 lines/s\n"
        "FAILED  import:docs:2026-05-15: no\n"
        "19 of 400 steps, 1 failed, 6 min 41 s left, 20 MB, 40,000 lines, 2,000 lines/s\n"
        "29 of 400 steps, 1 failed, 6 min 24 s left, 30 MB, 60,000 lines, 2,000 lines/s\n"
        "39 of 400 steps, 1 failed, 6 min 10 s left, 40 MB, 80,000 lines, 2,000 lines/s\n"
    )


def test_the_number_of_shown_failures_is_limited() -> None:
    """Years of logs with different damage show a hundred failures, not a thousand."""
    failures = [StepFinished(step(at), Status.FAILED, 1.0, error=f"{at}.gz: corrupt") for at in range(1, 1001)]
    lines = shown(failures).splitlines()
    assert len([line for line in lines if line.startswith("FAILED")]) == MOST_FAILURES
    assert lines[-1] == "further failures are only counted; mtc status lists them"


def test_many_failures_with_one_cause_are_one_line() -> None:
    """A full disk is reported once for all days; the summary has their number."""
    failures = [StepFinished(step(at), Status.FAILED, 1.0, error="/data: no space left") for at in range(1, 10)]
    assert shown(failures, quiet=True) == "FAILED  import:docs:2026-05-01: /data: no space left\n"


def test_a_hostile_key_in_an_error_cannot_forge_a_line() -> None:
    """Escape sequences, line ends and bidirectional overrides of a key are shown as text."""
    hostile = "a\x1b[2K\ndone    import:docs:2026-05-02\u202e.gz: corrupt"
    assert shown([StepFinished(step(), Status.FAILED, 1.0, error=hostile)]) == (
        "FAILED  import:docs:2026-05-01: a\\x1b[2K\\ndone    import:docs:2026-05-02\\u202e.gz: corrupt\n"
    )


def test_failures_are_red_only_with_colour() -> None:
    """FORCE_COLOR has an effect in CI; without colour there is no escape code."""
    assert shown([FAILURE], Terminal(colour=True)).startswith("\x1b[31mFAILED  import:docs:2026-05-02")
    assert "\x1b" not in shown((*GOOD, *BAD))


def test_a_closed_pipe_stops_no_run() -> None:
    """It also causes no error message when Python ends."""
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w", encoding="utf-8")
    reporter = ConsoleReporter(stream, PLAIN, clock=Clock())
    for event in BAD:
        reporter.tell(event)
    reporter.close()
    stream.close()


def test_a_full_disk_stops_no_run() -> None:
    """Only lines of the log file are lost."""
    with open("/dev/full", "w", encoding="utf-8") as stream:  # noqa: PTH123 - a device
        reporter = ConsoleReporter(stream, PLAIN, clock=Clock())
        for event in BAD:
            reporter.tell(event)
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def test_retried_and_finished_steps_are_not_shown_as_running() -> None:
    """A running step was started and has not ended; they are folded by stage and site."""
    progress = Progress(0.0)
    for day in (1, 2, 3, 5):
        progress.add(StepStarted(step(day), Verdict.NEW, 1), 1.0)
    progress.add(StepFinished(step(5), Status.DONE, 1.0), 2.0)
    progress.add(StepRetried(step(3), "503", 1, 1.0), 2.0)
    progress.add(StepStarted(step(1, site="shop"), Verdict.NEW, 1), 2.0)
    assert progress.running_steps() == "import docs 2026-05-01..2026-05-02, 2 days; import shop 2026-05-01"


def test_further_plans_add_steps() -> None:
    """Stages may be planned one after the other; the remaining time is that of all known steps."""
    progress = Progress(0.0)
    assert progress.figures() == ()
    progress.add(PlanMade("import", 4, 4, {"new": 4}), 0.0)
    progress.add(StepFinished(step(), Status.DONE, 1.0), 2.0)
    assert progress.steps == 4
    assert progress.figures() == ("6.0 s left",)
    progress.add(PlanMade("stat", 4, 2, {"new": 2}), 2.0)
    assert progress.steps == 6
    assert progress.figures() == ("10 s left",)


def test_reporters_are_loaded_without_rich() -> None:
    """`mtc --help` and cron do not wait for a library that only a terminal needs."""
    code = "import sys; from mtc.report import plan_text, reporters, status, step_text; print('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"False\n"


def test_the_remaining_time_is_estimated_by_bytes_if_the_plan_knows_them() -> None:
    """A step of 900 bytes and one of 100 are not half done after the small one."""
    progress = Progress(began=0.0)
    progress.add(PlanMade("import", 2, 2, {"new": 2}, size=1000), 0.0)
    progress.add(StepProgress("import:docs:2026-05-01", size=100), 1.0)
    assert progress.remaining == pytest.approx(9.0)
    assert "100 B of 1.0 kB" in ", ".join(progress.figures())


def test_a_warning_is_shown_in_a_quiet_run() -> None:
    """A note is not shown."""
    stream = io.StringIO()
    reporter = ConsoleReporter(stream, Terminal(), quiet=True)
    reporter.tell(Notice("by the way"))
    reporter.tell(Warned("docs: 3 logs\x1b are left out"))
    assert stream.getvalue() == "warning docs: 3 logs\\x1b are left out\n"
