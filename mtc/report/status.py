"""The status grid as text and JSON: the calendar, its legend, and the problems with their fixes.

The calendar has a row for each site, a column for each day, and a sign for each stage and day. Stages of a site with
the same signs share a row. Days are grouped by week, from Monday; a calendar wider than the terminal is split into
blocks. Long ranges have a column for each month, which shows its worst day.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from mtc.core.model import Stage, StepId
from mtc.core.sanitize import one_line, shorten
from mtc.plan.neighbours import NOT_WHOLE
from mtc.report.problems import PROBLEM_STATES, find_problems, fix_for, problem_lines
from mtc.report.status_grid import State, StatusGrid
from mtc.report.terminal import PLAIN, Terminal, Tone
from mtc.report.text import count, day_list, day_ranges, json_document, plural, utc_time, wrapped


@dataclass(frozen=True, slots=True)
class Glyph:
    """The sign of a state (one character), its form for terminals without Unicode, and its tone."""

    sign: str
    ascii: str
    tone: Tone


GLYPHS = {
    State.FAILED: Glyph("✗", "F", Tone.BAD),
    State.MISSING: Glyph("?", "?", Tone.BAD),
    State.BLOCKED: Glyph("▲", "B", Tone.WARN),
    State.STALE: Glyph("◆", "S", Tone.WARN),
    State.UNDER_WAY: Glyph("▶", ">", Tone.PLAIN),
    State.NOT_TRIED: Glyph("·", ".", Tone.PLAIN),
    State.EMPTY: Glyph("□", "o", Tone.ASIDE),
    State.NOT_WHOLE: Glyph("◧", "+", Tone.GOOD),
    State.DONE: Glyph("■", "#", Tone.GOOD),
    State.NOT_DUE: Glyph("-", "-", Tone.ASIDE),
}


_GOOD_FIRST = (
    *(State.DONE, State.NOT_WHOLE, State.EMPTY, State.NOT_DUE, State.NOT_TRIED, State.UNDER_WAY),
    *(State.STALE, State.BLOCKED, State.MISSING, State.FAILED),
)


def sign(state: State, terminal: Terminal) -> str:
    """The character for a state."""
    return GLYPHS[state].sign if terminal.unicode else GLYPHS[state].ascii


def paint_cells(cells: Iterable[tuple[State | None, str]], terminal: Terminal) -> str:
    """Join cells of a row, coloured by state; neighbours with the same state share one colour code."""
    return "".join(
        terminal.paint("".join(text for _, text in run), GLYPHS[state].tone if state else Tone.PLAIN)
        for state, run in groupby(cells, key=lambda cell: cell[0])
    )


def legend(states: Iterable[State], terminal: Terminal) -> list[str]:
    """The signs of these states and their meaning, the good ones first, in lines of the terminal's width."""
    present = set(states)
    lines: list[str] = []
    used = 0
    for state in (state for state in _GOOD_FIRST if state in present):
        text, width = f"{terminal.paint(sign(state, terminal), GLYPHS[state].tone)} {state.value}", len(state.value) + 4
        if not lines or used + width > terminal.width:
            lines, used = [*lines, text], width
        else:
            lines[-1], used = f"{lines[-1]}  {text}", used + width
    return lines


MOST_DAYS = 120
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SITE_WIDTH = 24
_HEAD = 8
_STAGES_WIDTH = len("import+stat")
_WORST_FIRST = tuple(State)


@dataclass(frozen=True, slots=True)
class Column:
    """A day, or a month of days. `upper` and `lower` are its headings, `gap` the spaces before it."""

    days: tuple[dt.date, ...]
    upper: str
    lower: str
    gap: int
    width: int = 1


Block = tuple[Column, ...]


def is_folded(grid: StatusGrid) -> bool:
    """Whether the calendar shows months."""
    return len(grid.days) > MOST_DAYS


def calendar(grid: StatusGrid, terminal: Terminal) -> list[str]:
    """The calendar's lines, with an empty line between blocks; none for a grid without days."""
    shown = _names(grid.sites)
    names = max(map(len, shown.values()), default=0)
    stages = _STAGES_WIDTH if len(grid.stages) > 1 else max(map(len, grid.stages), default=0)
    label = names + stages + 4
    units = _months(grid.days) if is_folded(grid) else _weeks(grid.days)
    lines: list[str] = []
    for block in blocks(units, terminal.width - label):
        if lines:
            lines.append("")
        lines += _heads(block, label, terminal)
        for site in grid.sites:
            lines += _site(grid, (site, shown[site]), block, (names, stages), terminal)
    return lines


def blocks(units: Iterable[Block], width: int) -> list[Block]:
    """Fill blocks of at most `width` characters with whole units; a wider unit gets a block to itself."""
    filled: list[Block] = []
    for unit in units:
        together = (*filled[-1], *unit) if filled else unit
        if filled and _width(together) <= width:
            filled[-1] = together
        else:
            filled.append(unit)
    return filled


def _width(block: Block) -> int:
    return sum(column.gap + column.width for column in block) - block[0].gap


def _weeks(days: Sequence[dt.date]) -> list[Block]:
    new = _begins(days, lambda day: (day.year, day.month))
    return [
        tuple(_day(day, first=at == 0, new=day in new) for at, day in enumerate(week))
        for week in (tuple(days) for _, days in groupby(days, key=lambda day: day.isocalendar()[:2]))
    ]


def _begins(days: Sequence[dt.date], key: Callable[[dt.date], object]) -> set[dt.date]:
    """The first shown day of each group, such as each month, even if it is not the first of the month."""
    return {next(group) for _, group in groupby(days, key=key)}


def _day(day: dt.date, *, first: bool, new: bool) -> Column:
    return Column((day,), f"{day:%Y-%m}" if new else "", f"{day:%d}" if first else "", gap=int(first))


def _months(days: Sequence[dt.date]) -> list[Block]:
    months = (tuple(month) for _, month in groupby(days, key=lambda day: (day.year, day.month)))
    new = _begins(days, lambda day: day.year)
    return [
        (Column(month, f"{month[0]:%Y}" if month[0] in new else "", _MONTHS[month[0].month - 1], 1, 3),)
        for month in months
    ]


def _heads(block: Block, label: int, terminal: Terminal) -> list[str]:
    """Two lines: months or years, then days or months. The first column has a heading if there is room for it."""
    offsets = _offsets(block)
    first = block[0].days[0]
    month = f"{first:%Y-%m}" if block[0].width == 1 else f"{first:%Y}"
    upper = [(offset, column.upper) for offset, column in zip(offsets, block, strict=True) if column.upper]
    lower = [(offset, column.lower) for offset, column in zip(offsets, block, strict=True) if column.lower]
    rows = (upper if upper and upper[0][0] == 0 else [(0, month), *upper], lower)
    return [terminal.paint(" " * label + _labels_line(row), Tone.ASIDE) for row in rows]


def _offsets(block: Block) -> list[int]:
    offsets: list[int] = []
    at = 0
    for column in block:
        at += column.gap if offsets else 0
        offsets.append(at)
        at += column.width
    return offsets


def _labels_line(labels: Sequence[tuple[int, str]]) -> str:
    """Write labels at their offsets; one that would touch the next is cut to its last two characters.

    So `2026-05` becomes `05`, whose year is clear from the next label.
    """
    line = ""
    for at, (offset, text) in enumerate(labels):
        follows = labels[at + 1][0] if at + 1 < len(labels) else offset + len(text) + 1
        room = follows - offset - 1
        shown = text if len(text) <= room else text[-2:] if room > 1 else ""
        line = line.ljust(offset) + shown if shown else line
    return line


def _names(sites: Sequence[str]) -> dict[str, str]:
    """The sites' names, cut to a width; where cut names would be equal, the part that differs is kept."""
    alike: dict[str, list[str]] = {}
    for site in sites:
        alike.setdefault(shorten(one_line(site), _SITE_WIDTH), []).append(one_line(site))
    shown: dict[str, str] = {}
    for site in sites:
        group = alike[shorten(one_line(site), _SITE_WIDTH)]
        differs = next((at for at, letters in enumerate(zip(*group, strict=False)) if len(set(letters)) > 1), 0)
        name = f"{one_line(site)[:_HEAD]}...{one_line(site)[differs:]}" if differs > _HEAD else one_line(site)
        shown[site] = shorten(name, _SITE_WIDTH)
    return shown


def _site(
    grid: StatusGrid, named: tuple[str, str], block: Block, widths: tuple[int, int], terminal: Terminal
) -> list[str]:
    site, name = named
    rows = [(stage, tuple(_worst(grid, stage, site, column.days) for column in block)) for stage in grid.stages]
    lines = []
    for states, alike in groupby(rows, key=lambda row: row[1]):
        stages = [stage for stage, _ in alike]
        text = "all" if len(stages) == len(grid.stages) > 1 else "+".join(stages)
        cells = _cells(block, states, terminal)
        lines.append(f"{name.ljust(widths[0])}  {text.ljust(widths[1])}  {paint_cells(cells, terminal)}".rstrip())
        name = ""
    return lines


def _worst(grid: StatusGrid, stage: Stage, site: str, days: Sequence[dt.date]) -> State:
    return min((grid.cells[StepId(stage, site, day)].state for day in days), key=_WORST_FIRST.index)


def _cells(block: Block, states: Sequence[State], terminal: Terminal) -> list[tuple[State | None, str]]:
    cells: list[tuple[State | None, str]] = []
    for at, (column, state) in enumerate(zip(block, states, strict=True)):
        if column.gap and at:
            cells.append((None, " " * column.gap))
        cells.append((state, sign(state, terminal).center(column.width)))
    return cells


_MOST_DAYS = 5


def status_text(grid: StatusGrid, terminal: Terminal = PLAIN) -> str:
    """The grid for people, wrapped at the terminal's width except for long names."""
    counts = grid.count()
    sites, days = plural(len(grid.sites), "site"), day_list(grid.days) or "no days"
    title = wrapped(f"{one_line(grid.name)} on {utc_time(grid.now)}: {sites}, {days}", terminal.width, "  ")
    lines = [terminal.paint(line, Tone.HEAD) for line in title]
    if not counts:
        return "\n".join(lines)
    text = ", ".join(f"{count(counts[state])} {state.value}" for state in reversed(State) if state in counts)
    folded = ["each month shows its worst day"] if is_folded(grid) else []
    lines += [
        *wrapped(f"{plural(len(grid.cells), 'step')}: {text}", terminal.width, "  "),
        "",
        *calendar(grid, terminal),
        "",
        *legend(counts, terminal),
        *folded,
    ]
    return "\n".join((*lines, *problem_lines(grid, terminal), *_not_whole(grid, terminal)))


def _not_whole(grid: StatusGrid, terminal: Terminal) -> list[str]:
    """The days that may be incomplete, each with the reason; only the last few."""
    found = [
        (step, cell.reason)
        for step, cell in sorted(grid.cells.items())
        if cell.state is State.NOT_WHOLE and cell.reason
    ]
    if not found:
        return []
    lines = ["", terminal.paint("may not be whole", Tone.HEAD)]
    for step, reason in found[-_MOST_DAYS:]:
        text = reason.removeprefix(f"{NOT_WHOLE}: ")
        lines += wrapped(f"  {one_line(step.site)} {step.day}: {one_line(text)}", terminal.width, "    ")
    if len(found) > _MOST_DAYS:
        lines.append(f"  and {plural(len(found) - _MOST_DAYS, 'day')} before")
    return lines


def _json_state(state: State) -> str:
    """The state's name in JSON, where a step that is not whole is a step that is done."""
    return (State.DONE if state is State.NOT_WHOLE else state).value


def status_json(grid: StatusGrid) -> str:
    """The grid as one JSON document: every step's state, then the problems with the commands that fix them."""
    steps = [
        {
            "step": str(step),
            "stage": step.stage.value,
            "site": step.site,
            "day": step.day.isoformat(),
            "state": _json_state(cell.state),
            "complete": cell.state is not State.NOT_WHOLE,
            "reason": cell.reason,
            "mend": fix_for(grid, cell.state, step.stage, step.site, (step.day,))
            if cell.state in PROBLEM_STATES
            else "",
        }
        for step, cell in sorted(grid.cells.items())
    ]
    problems = [
        {
            "state": item.state.value,
            "stage": item.stage.value,
            "site": item.site,
            "days": [str(days) for days in day_ranges(item.days)],
            "reasons": [reason for reason, _ in item.reasons],
            "command": item.command,
        }
        for item in find_problems(grid)
    ]
    counts = Counter(_json_state(cell.state) for cell in grid.cells.values())
    ordered = {state.value: counts[state.value] for state in State if counts[state.value]}
    return json_document(
        {"manifest": grid.name, "now": grid.now.isoformat(), "counts": ordered, "troubles": problems, "steps": steps}
    )
