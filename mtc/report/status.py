"""A board in words or as JSON: the calendar, its legend, and what is missing, failed or stale."""

from mtc.plan.neighbours import NOT_WHOLE
from mtc.report.board import Board, State
from mtc.report.calendar import calendar, is_folded
from mtc.report.days import fold, tell_days
from mtc.report.glyphs import legend
from mtc.report.look import PLAIN, Look, Tone
from mtc.report.text import count, document, moment, plural, safe, wrapped
from mtc.report.trouble import TOLD, mend, trouble_lines, troubles

_MOST_DAYS = 5


def status_text(board: Board, look: Look = PLAIN) -> str:
    """The board for people, no wider than `look.width` but for long names and reasons."""
    counts = board.count()
    sites, days = plural(len(board.sites), "site"), tell_days(board.days) or "no days"
    title = wrapped(f"{safe(board.name)} on {moment(board.now)}: {sites}, {days}", look.width, "  ")
    lines = [look.paint(line, Tone.HEAD) for line in title]
    if not counts:
        return "\n".join(lines)
    told = ", ".join(f"{count(counts[state])} {state.value}" for state in reversed(State) if state in counts)
    folded = ["each month shows its worst day"] if is_folded(board) else []
    lines += [
        *wrapped(f"{plural(len(board.cells), 'step')}: {told}", look.width, "  "),
        "",
        *calendar(board, look),
        "",
        *legend(counts, look),
        *folded,
    ]
    return "\n".join((*lines, *trouble_lines(board, look), *_not_whole(board, look)))


def _not_whole(board: Board, look: Look) -> list[str]:
    """The days that may not be whole, each with the reason; of many the last."""
    found = [
        (step, cell.reason) for step, cell in sorted(board.cells.items()) if cell.state is State.DONE and cell.reason
    ]
    if not found:
        return []
    lines = ["", look.paint("may not be whole", Tone.HEAD)]
    for step, reason in found[-_MOST_DAYS:]:
        told = reason.removeprefix(f"{NOT_WHOLE}: ")
        lines += wrapped(f"  {safe(step.site)} {step.day}: {safe(told)}", look.width, "    ")
    if len(found) > _MOST_DAYS:
        lines.append(f"  and {plural(len(found) - _MOST_DAYS, 'day')} before")
    return lines


def status_json(board: Board) -> str:
    """The board as one JSON document: every step's state, then the troubles with the commands that mend them."""
    steps = [
        {
            "step": str(step),
            "stage": step.stage.value,
            "site": step.site,
            "day": step.day.isoformat(),
            "state": cell.state.value,
            "reason": cell.reason,
            "mend": mend(board, cell.state, step.stage, step.site, (step.day,)) if cell.state in TOLD else "",
        }
        for step, cell in sorted(board.cells.items())
    ]
    mending = [
        {
            "state": item.state.value,
            "stage": item.stage.value,
            "site": item.site,
            "days": [str(days) for days in fold(item.days)],
            "reasons": [reason for reason, _ in item.reasons],
            "command": item.command,
        }
        for item in troubles(board)
    ]
    counts = {state.value: number for state, number in board.count().items()}
    return document(
        {"manifest": board.name, "now": board.now.isoformat(), "counts": counts, "troubles": mending, "steps": steps}
    )
