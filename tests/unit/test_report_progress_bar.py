"""The progress bar on a terminal."""

import dataclasses
import datetime as dt
import io
import re

from mtc.core.events import PlanMade, RunFinished, StepFinished, StepProgress, StepStarted
from mtc.core.model import Stage, Status, StepId, Verdict
from mtc.report.progress_bar import BarScreen
from mtc.report.reporters import ConsoleReporter
from mtc.report.terminal import Terminal, Tone

LOOK = Terminal(is_terminal=True, moving=True, colour=True, width=80)
STEP = StepId(Stage.IMPORT, "docs", dt.date(2026, 5, 1))
END = RunFinished("R1", 0, 2.0, 1, 0, 0, 0, 0, 0, 0, 0, "")
CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Run:
    """A run on a terminal whose clock advances by a second on every call."""

    def __init__(self, terminal: Terminal = LOOK, *, quiet: bool = False) -> None:
        self.stream = io.StringIO()
        self.now = 0.0
        self.reporter = ConsoleReporter(self.stream, terminal, quiet=quiet, clock=self.clock)
        self.reporter.tell(PlanMade("", 4, 4, {"new": 4}))
        self.reporter.tell(StepStarted(STEP, Verdict.NEW, 1))
        self.reporter.tell(StepProgress("t", 5_000_000, 1_000))

    def clock(self) -> float:
        self.now += 1.0
        return self.now

    def text(self) -> str:
        return CODES.sub("", self.stream.getvalue())


def test_a_terminal_shows_steps_bytes_rate_and_running_steps() -> None:
    """Two lines are redrawn: the counts, and the steps that are running."""
    run = Run()
    run.reporter.tell(StepFinished(STEP._replace(site="shop"), Status.DONE, 1.0))
    shown = run.text()
    assert "1 of 4 steps, 12 s left, 5.0 MB, 1,000 lines, 250 lines/s" in shown
    assert "import docs 2026-05-01" in shown
    assert "done    import:shop" not in shown


def test_the_bar_is_removed_and_the_cursor_shown_at_the_end() -> None:
    """The terminal is restored, with the summary as the last line."""
    run = Run()
    run.reporter.tell(END)
    run.reporter.close()
    assert run.stream.getvalue().count("\x1b[?25l") == run.stream.getvalue().count("\x1b[?25h") == 1
    assert run.text().rstrip().splitlines()[-1] == "finished: 1 done in 2.0 s"


def test_the_cursor_is_shown_after_an_error_too() -> None:
    """A call of `close` is enough."""
    run = Run()
    run.reporter.close()
    run.reporter.close()
    assert run.stream.getvalue().count("\x1b[?25h") == 1


def test_no_color_leaves_no_colour_code() -> None:
    """With NO_COLOR bars move without colours."""
    run = Run(dataclasses.replace(LOOK, colour=False))
    run.reporter.tell(StepFinished(STEP, Status.FAILED, 1.0, error="no"))
    run.reporter.close()
    colours = [code for code in CODES.findall(run.stream.getvalue()) if re.search(r"[34][0-7]m|;5;|;2;", code)]
    assert colours == []


def test_no_progress_line_is_wider_than_the_terminal() -> None:
    """A wrapped line could not be redrawn."""
    run = Run(dataclasses.replace(LOOK, width=30))
    for day in range(2, 30, 2):
        run.reporter.tell(StepStarted(STEP._replace(day=dt.date(2026, 5, day)), Verdict.NEW, 1))
    lines = re.split(r"[\r\n]+", run.text())
    assert max(len(line) for line in lines if "steps" in line or "import docs" in line) <= 30


def test_failures_stay_above_the_bar_and_markup_is_text() -> None:
    """Brackets in a key are not a style, and a failure is shown at once."""
    run = Run()
    run.reporter.tell(StepFinished(STEP, Status.FAILED, 1.0, error="a[red]b[/red]\x1b[2J: :bomb: corrupt"))
    assert "FAILED  import:docs:2026-05-01: a[red]b[/red]\\x1b[2J: :bomb: corrupt" in run.text()


def test_a_quiet_run_draws_no_bar() -> None:
    """A terminal makes no difference."""
    run = Run(quiet=True)
    run.reporter.tell(END)
    run.reporter.close()
    assert run.stream.getvalue() == ""


def test_a_terminal_with_another_encoding_gets_characters_it_can_show() -> None:
    """ASCII causes no error."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    screen = BarScreen(stream, LOOK)
    screen.line("née", Tone.BAD)
    screen.close()
    stream.flush()
    assert b"n\\xe9e" in raw.getvalue()
