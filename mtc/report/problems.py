"""What of a board needs a person or a run: what failed, is missing, blocked or stale, why, and what mends it."""

import datetime as dt
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mtc.core.model import Stage, StepId
from mtc.core.sanitize import one_line
from mtc.report.day_ranges import day_list
from mtc.report.status_grid import Board, State
from mtc.report.terminal import Terminal, Tone
from mtc.report.text import first_few, wrapped
from mtc.sources.url_rules import fill

TOLD = (State.MISSING, State.FAILED, State.BLOCKED, State.STALE)
_TONES = {State.MISSING: Tone.BAD, State.FAILED: Tone.BAD, State.BLOCKED: Tone.WARN, State.STALE: Tone.WARN}
_MOST_REASONS = 5
_STAGES = tuple(Stage)
_OR_ACCEPT = "put back what is gone or was changed, and run again; or accept it: "
_FOLLOWING = {State.BLOCKED, State.STALE}
_IN_THE_WAY = {State.FAILED, State.BLOCKED}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Steps of one stage and site in the same bad state, with the days of each reason."""

    state: State
    stage: Stage
    site: str
    reasons: tuple[tuple[str, tuple[dt.date, ...]], ...]
    command: str

    @property
    def days(self) -> tuple[dt.date, ...]:
        """All its days, in order."""
        return tuple(sorted(day for _, days in self.reasons for day in days))


def troubles(board: Board) -> tuple[Trouble, ...]:
    """All that is missing, failed, blocked or stale, by state, then by stage and site.

    A step that waits for one that is itself in trouble is not told: mending that one mends both.
    """
    found: dict[tuple[State, Stage, str], dict[str, list[dt.date]]] = {}
    for state in TOLD:
        for step, reason in _of_state(board, state):
            found.setdefault((state, step.stage, step.site), {}).setdefault(reason, []).append(step.day)
    return tuple(
        Trouble(
            state,
            stage,
            site,
            tuple((why, tuple(days)) for why, days in by.items()),
            _command(board, state, stage, site, by),
        )
        for (state, stage, site), by in found.items()
    )


def _of_state(board: Board, state: State) -> Iterator[tuple[StepId, str]]:
    for stage in board.stages:
        for step, cell in board.cells.items():
            if step.stage is stage and cell.state is state and not (state in _FOLLOWING and _follows(board, step)):
                yield step, cell.reason


def _follows(board: Board, step: StepId) -> bool:
    """Whether a step before this one, on the same day, is in the way."""
    before = (stage for stage in Stage if _STAGES.index(stage) < _STAGES.index(step.stage))
    cells = (board.cells.get(StepId(stage, step.site, step.day)) for stage in before)
    return any(cell is not None and cell.state in _IN_THE_WAY for cell in cells)


def _command(board: Board, state: State, stage: Stage, site: str, by: dict[str, list[dt.date]]) -> str:
    return mend(board, state, stage, site, [day for of in by.values() for day in of])


def mend(board: Board, state: State, stage: Stage, site: str, days: Sequence[dt.date]) -> str:
    """What helps: a command, the place where missing logs are looked for, or what is to be decided first."""
    if state is not State.MISSING:
        steps = [StepId(stage, site, day) for day in sorted(days)]
        accepted = [step for step in steps if (cell := board.cells.get(step)) is not None and cell.accept]
        return (
            _OR_ACCEPT + accepting(board, accepted) if accepted else command(board, stage, site, min(days), max(days))
        )
    place = board.sources.get(site, "")
    return f"look for the logs at {fill(place, site=site, day=min(days)) if len(days) == 1 else place}"


def command(board: Board, stage: Stage, site: str, first: dt.date, last: dt.date) -> str:
    """The command that does these steps; those between that are up to date cost nothing."""
    dates = [str(first)] if first == last else [str(first), str(last)]
    return _typed(board, ["mtc", stage.value, *([] if stage is Stage.CSV else [site, *dates])])


def accepting(board: Board, steps: Sequence[StepId]) -> str:
    """The command that does these steps of one site though something is lost or counts twice by it."""
    first, last = steps[0].day, steps[-1].day
    days = ["--date", str(first)] if first == last else ["--from", str(first), "--to", str(last)]
    accepts = [word for step in steps[:_MOST_REASONS] for word in ("--accept", str(step))]
    more = " ..." if len(steps) > _MOST_REASONS else ""
    return _typed(board, ["mtc", "apply", "--site", steps[0].site, *days, *accepts]) + more


def _typed(board: Board, words: list[str]) -> str:
    """A command with the manifest and environment that it means."""
    words += ["-m", board.manifest] if board.manifest else []
    words += ["--env", board.environment] if board.environment else []
    return shlex.join(words)


def trouble_lines(board: Board, terminal: Terminal) -> list[str]:
    """The troubles in words: a section for each state, no wider than the look but for what cannot be broken."""
    lines: list[str] = []
    told: State | None = None
    for alike in _alike(troubles(board)):
        trouble = alike[0]
        if trouble.state is not told:
            lines += ["", terminal.paint(trouble.state.value, _TONES[trouble.state])]
            told = trouble.state
        sites = ", ".join(first_few((one_line(each.site) for each in alike), _MOST_REASONS))
        mending = trouble.command if len(alike) == 1 else _for_all(board, trouble)
        lines += [*_lines(trouble, sites, terminal.width), *_mending(mending)]
    return lines


def _mending(mending: str) -> list[str]:
    """What helps, on one line, but for a command that is to be decided on."""
    what, decided, accepted = mending.partition(_OR_ACCEPT)
    if not decided:
        return [f"      mend: {one_line(what)}"]
    return [f"      mend: {decided.rstrip()}", f"        {one_line(accepted)}"]


def _alike(found: Sequence[Trouble]) -> list[list[Trouble]]:
    """The troubles of several sites that have one cause, together; logs are missing for each site by itself."""
    together: dict[object, list[Trouble]] = {}
    for trouble in found:
        alone = trouble.site if trouble.state is State.MISSING else ""
        together.setdefault((trouble.state, trouble.stage, trouble.reasons, alone), []).append(trouble)
    return list(together.values())


def _for_all(board: Board, trouble: Trouble) -> str:
    """The command that does a trouble's days for every site."""
    first, last = min(trouble.days), max(trouble.days)
    days = ["--date", str(first)] if first == last else ["--from", str(first), "--to", str(last)]
    return _typed(board, ["mtc", "apply", "--stage", trouble.stage.value, *days])


def _lines(trouble: Trouble, sites: str, width: int) -> list[str]:
    head = f"  {trouble.stage.value} {sites} {day_list(trouble.days)}"
    if len(trouble.reasons) == 1:
        reason = one_line(trouble.reasons[0][0])
        return wrapped(f"{head}: {reason}" if reason else head, width, "      ")
    reasons = first_few((f"{day_list(days)}: {one_line(reason)}" for reason, days in trouble.reasons), _MOST_REASONS)
    told = [line for reason in reasons for line in wrapped(f"      {reason}", width, "        ")]
    return [*wrapped(head, width, "      "), *told]
