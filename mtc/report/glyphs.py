"""The sign of each state, with a plain one for terminals that have no others, and its colour."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from mtc.report.board import State
from mtc.report.look import Look, Tone


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character each, so that columns line up."""

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
    State.DONE: Glyph("■", "#", Tone.GOOD),
    State.NOT_DUE: Glyph("-", "-", Tone.ASIDE),
}


_GOOD_FIRST = (
    *(State.DONE, State.EMPTY, State.NOT_DUE, State.NOT_TRIED, State.UNDER_WAY),
    *(State.STALE, State.BLOCKED, State.MISSING, State.FAILED),
)


def sign(state: State, look: Look) -> str:
    """The character for a state."""
    return GLYPHS[state].sign if look.unicode else GLYPHS[state].ascii


def paint_cells(cells: Iterable[tuple[State | None, str]], look: Look) -> str:
    """Join pieces of a row, each painted for its state; pieces of the same state share one colour code."""
    return "".join(
        look.paint("".join(text for _, text in run), GLYPHS[state].tone if state else Tone.PLAIN)
        for state, run in groupby(cells, key=lambda cell: cell[0])
    )


def legend(states: Iterable[State], look: Look) -> list[str]:
    """What the signs mean, the good first; only of the states that are there. In lines of the look's width."""
    present = set(states)
    lines: list[str] = []
    used = 0
    for state in (state for state in _GOOD_FIRST if state in present):
        told, width = f"{look.paint(sign(state, look), GLYPHS[state].tone)} {state.value}", len(state.value) + 4
        if not lines or used + width > look.width:
            lines, used = [*lines, told], width
        else:
            lines[-1], used = f"{lines[-1]}  {told}", used + width
    return lines
