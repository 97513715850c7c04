"""The problems of a status grid: which steps failed, are missing, blocked or stale, why, and how to fix them."""

import datetime as dt
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mtc.core.model import Stage, StepId
from mtc.core.sanitize import one_line
from mtc.report.status_grid import State, StatusGrid
from mtc.report.terminal import Terminal, Tone
from mtc.report.text import day_list, first_few, wrapped
from mtc.sources.url_template import fill

PROBLEM_STATES = (State.MISSING, State.FAILED, State.BLOCKED, State.STALE)
_TONES = {State.MISSING: Tone.BAD, State.FAILED: Tone.BAD, State.BLOCKED: Tone.WARN, State.STALE: Tone.WARN}
_MOST_REASONS = 5
_STAGES = tuple(Stage)
_OR_ACCEPT = "put back what is gone or was changed, and run again; or accept it: "
_DEPENDENT = {State.BLOCKED, State.STALE}
_BLOCKING = {State.FAILED, State.BLOCKED}


@dataclass(frozen=True, slots=True)
class StepProblem:
    """Steps of one stage and site in the same bad state: the days of each reason, and the command that fixes them."""

    state: State
    stage: Stage
    site: str
    reasons: tuple[tuple[str, tuple[dt.date, ...]], ...]
    command: str

    @property
    def days(self) -> tuple[dt.date, ...]:
        """All days with the problem, in order."""
        return tuple(sorted(day for _, days in self.reasons for day in days))


def find_problems(grid: StatusGrid) -> tuple[StepProblem, ...]:
    """All steps that are missing, failed, blocked or stale, by state, then by stage and site.

    A step that is blocked by another one with a problem is not listed: fixing that one fixes both.
    """
    found: dict[tuple[State, Stage, str], dict[str, list[dt.date]]] = {}
    for state in PROBLEM_STATES:
        for step, reason in _of_state(grid, state):
            found.setdefault((state, step.stage, step.site), {}).setdefault(reason, []).append(step.day)
    return tuple(
        StepProblem(
            state,
            stage,
            site,
            tuple((why, tuple(days)) for why, days in by.items()),
            _command(grid, state, stage, site, by),
        )
        for (state, stage, site), by in found.items()
    )


def _of_state(grid: StatusGrid, state: State) -> Iterator[tuple[StepId, str]]:
    for stage in grid.stages:
        for step, cell in grid.cells.items():
            if (
                step.stage is stage
                and cell.state is state
                and not (state in _DEPENDENT and _is_blocked_by_earlier(grid, step))
            ):
                yield step, cell.reason


def _is_blocked_by_earlier(grid: StatusGrid, step: StepId) -> bool:
    """Whether an earlier stage of the same site and day failed or is blocked."""
    before = (stage for stage in Stage if _STAGES.index(stage) < _STAGES.index(step.stage))
    cells = (grid.cells.get(StepId(stage, step.site, step.day)) for stage in before)
    return any(cell is not None and cell.state in _BLOCKING for cell in cells)


def _command(grid: StatusGrid, state: State, stage: Stage, site: str, by: dict[str, list[dt.date]]) -> str:
    return fix_for(grid, state, stage, site, [day for of in by.values() for day in of])


def fix_for(grid: StatusGrid, state: State, stage: Stage, site: str, days: Sequence[dt.date]) -> str:
    """How to fix steps: a command, where to look for missing logs, or what has to be decided first."""
    if state is not State.MISSING:
        steps = [StepId(stage, site, day) for day in sorted(days)]
        accepted = [step for step in steps if (cell := grid.cells.get(step)) is not None and cell.accept]
        return (
            _OR_ACCEPT + accept_command(grid, accepted)
            if accepted
            else command(grid, stage, site, min(days), max(days))
        )
    url = grid.sources.get(site, "")
    return f"look for the logs at {fill(url, site=site, day=min(days)) if len(days) == 1 else url}"


def command(grid: StatusGrid, stage: Stage, site: str, first: dt.date, last: dt.date) -> str:
    """The command that runs these steps; steps between them that are up to date are not repeated."""
    dates = [str(first)] if first == last else [str(first), str(last)]
    return _command_line(grid, ["mtc", stage.value, *([] if stage is Stage.CSV else [site, *dates])])


def accept_command(grid: StatusGrid, steps: Sequence[StepId]) -> str:
    """The command that runs these steps of one site even though hits are lost or counted twice."""
    first, last = steps[0].day, steps[-1].day
    days = ["--date", str(first)] if first == last else ["--from", str(first), "--to", str(last)]
    accepts = [word for step in steps[:_MOST_REASONS] for word in ("--accept", str(step))]
    ellipsis = " ..." if len(steps) > _MOST_REASONS else ""
    return _command_line(grid, ["mtc", "apply", "--site", steps[0].site, *days, *accepts]) + ellipsis


def _command_line(grid: StatusGrid, words: list[str]) -> str:
    """The command with its manifest and environment."""
    words += ["-m", grid.manifest] if grid.manifest else []
    words += ["--env", grid.environment] if grid.environment else []
    return shlex.join(words)


def problem_lines(grid: StatusGrid, terminal: Terminal) -> list[str]:
    """The problems as text: a section for each state, wrapped at the terminal's width except for long words."""
    lines: list[str] = []
    shown: State | None = None
    for alike in _by_cause(find_problems(grid)):
        problem = alike[0]
        if problem.state is not shown:
            lines += ["", terminal.paint(problem.state.value, _TONES[problem.state])]
            shown = problem.state
        sites = ", ".join(first_few((one_line(each.site) for each in alike), _MOST_REASONS))
        fix = problem.command if len(alike) == 1 else _for_all(grid, problem)
        lines += [*_lines(problem, sites, terminal.width), *_fix_lines(fix)]
    return lines


def _fix_lines(fix: str) -> list[str]:
    """The fix on one line; a command that accepts losses has a line of its own."""
    what, decided, accepted = fix.partition(_OR_ACCEPT)
    if not decided:
        return [f"      fix: {one_line(what)}"]
    return [f"      fix: {decided.rstrip()}", f"        {one_line(accepted)}"]


def _by_cause(found: Sequence[StepProblem]) -> list[list[StepProblem]]:
    """The problems, grouped by cause across sites; missing logs are a problem of each site on its own."""
    together: dict[object, list[StepProblem]] = {}
    for problem in found:
        alone = problem.site if problem.state is State.MISSING else ""
        together.setdefault((problem.state, problem.stage, problem.reasons, alone), []).append(problem)
    return list(together.values())


def _for_all(grid: StatusGrid, problem: StepProblem) -> str:
    """The command that runs the days of a problem for every site."""
    first, last = min(problem.days), max(problem.days)
    days = ["--date", str(first)] if first == last else ["--from", str(first), "--to", str(last)]
    return _command_line(grid, ["mtc", "apply", "--stage", problem.stage.value, *days])


def _lines(problem: StepProblem, sites: str, width: int) -> list[str]:
    head = f"  {problem.stage.value} {sites} {day_list(problem.days)}"
    if len(problem.reasons) == 1:
        reason = one_line(problem.reasons[0][0])
        return wrapped(f"{head}: {reason}" if reason else head, width, "      ")
    reasons = first_few((f"{day_list(days)}: {one_line(reason)}" for reason, days in problem.reasons), _MOST_REASONS)
    shown = [line for reason in reasons for line in wrapped(f"      {reason}", width, "        ")]
    return [*wrapped(head, width, "      "), *shown]
