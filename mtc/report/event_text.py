"""Each event of a run as a line of text, and the recap. Does not decide when or where they are shown."""

from collections.abc import Mapping, Sequence

from mtc.core.errors import EXIT_FAILED, EXIT_OK
from mtc.core.events import (
    Event,
    Notice,
    PlanMade,
    RunFinished,
    RunStarted,
    StepBlocked,
    StepFinished,
    StepRetried,
    Warned,
)
from mtc.core.model import Status, StepId, Verdict
from mtc.core.sanitize import one_line
from mtc.report.terminal import Tone
from mtc.report.text import count, day_list, duration, plural, rate

# the figures shown on a step's line, in this order
_FIGURES = ("objects", "lines", "hits", "rejected", "delivered", "visits", "rows")
_WITHOUT_PLURAL = frozenset({"delivered", "rejected"})
_NOTES = 3
_SHORT = 100
"""How long a reason is at most that is repeated for a further step."""
_TONES = {Status.DONE: Tone.GOOD, Status.EMPTY: Tone.ASIDE, Status.FAILED: Tone.BAD, Status.BLOCKED: Tone.WARN}
_INTERRUPTED = frozenset({129, 130, 143})


def event_text(event: Event) -> tuple[Tone, str] | None:
    """The tone and the sanitized line of an event; None for events that are only counted."""
    line: tuple[Tone, str] | None = None
    match event:
        case RunStarted():
            line = Tone.ASIDE, f"run {one_line(event.run)} of {one_line(event.manifest)}"
        case PlanMade():
            stage = f"{one_line(event.stage)}: " if event.stage else ""
            line = Tone.PLAIN, f"plan: {stage}{plan_counts(event.verdicts)}"
        case StepFinished():
            line = _TONES.get(event.status, Tone.PLAIN), _finished(event)
        case StepRetried():
            again = f"attempt {event.attempt} failed, the next is in {duration(event.delay)}"
            line = Tone.WARN, f"retry   {event.step}: {one_line(event.error)} ({again})"
        case StepBlocked():
            line = Tone.WARN, f"blocked {event.step}: {one_line(event.reason)}"
        case Notice():
            line = Tone.PLAIN, f"note    {one_line(event.text)}"
        case Warned():
            line = Tone.WARN, f"warning {one_line(event.text)}"
        case _:
            pass
    return line


def empty_text(events: Sequence[StepFinished]) -> tuple[Tone, str]:
    """The line of empty steps of one stage and site: `empty   import:docs: 2026-05-01..2026-05-09, 9 days`."""
    text = _finished(events[0]) if len(events) == 1 else f"empty   {_together([event.step for event in events])}"
    return _TONES[Status.EMPTY], text


def blocked_text(events: Sequence[StepBlocked]) -> tuple[Tone, str]:
    """The line of blocked steps of one stage and site whose causes were shown before."""
    [*reasons] = {event.reason for event in events}
    reason = reasons[0] if len(events) == 1 and len(reasons[0]) <= _SHORT else "for a cause shown above"
    return Tone.WARN, f"blocked {_together([event.step for event in events])}: {one_line(reason)}"


def _together(steps: Sequence[StepId]) -> str:
    """Steps of one stage and site."""
    first = steps[0]
    days = day_list(step.day for step in steps)
    return str(first) if len(steps) == 1 else f"{first.stage.value}:{first.site}: {days}"


def plan_counts(verdicts: Mapping[str, int]) -> str:
    """Counts of verdicts on one line: `30 steps, 12 to do (10 new, 2 failed), 18 up to date`."""
    counts = {Verdict(name): number for name, number in verdicts.items() if number}
    ordered = [(verdict, counts[verdict]) for verdict in Verdict if verdict in counts]
    work = sum(number for verdict, number in ordered if verdict.is_work)
    parts = [f"{count(number)} {verdict.value}" for verdict, number in ordered if verdict.is_work]
    to_do = f"{count(work)} to do ({', '.join(parts)})" if work else "nothing to do"
    rest = [f"{count(number)} {verdict.value}" for verdict, number in ordered if not verdict.is_work]
    return ", ".join((plural(sum(counts.values()), "step"), to_do, *rest))


def _finished(event: StepFinished) -> str:
    head = f"{event.status.value.upper() if event.status is Status.FAILED else event.status.value:<7} {event.step}"
    if event.error:
        return f"{head}: {one_line(event.error)}"
    parts = [_figure(name, event.figures[name]) for name in _FIGURES if event.figures.get(name)]
    notes = [one_line(note) for note in event.notes[:_NOTES]]
    if len(event.notes) > _NOTES:
        notes.append(f"{len(event.notes) - _NOTES} more notes: `mtc why {event.step}`")
    return f"{head}: {', '.join((*parts, *notes, duration(event.seconds)))}"


def _figure(name: str, number: float) -> str:
    return (
        f"{count(round(number))} {name}" if name in _WITHOUT_PLURAL else plural(round(number), name.removesuffix("s"))
    )


def _ending(event: RunFinished) -> tuple[Tone, str]:
    if event.exit_code in _INTERRUPTED:
        return Tone.WARN, "interrupted"
    if event.exit_code == EXIT_FAILED or event.failed or event.blocked:
        return Tone.BAD, "not finished"
    return (Tone.GOOD, "finished") if event.exit_code == EXIT_OK else (Tone.BAD, "stopped")


def recap(event: RunFinished) -> tuple[tuple[Tone, str], ...]:
    """The last lines of a run: how it ended, its counts, and what to do next, if anything."""
    tone, ending = _ending(event)
    steps = (
        (event.done, "done"),
        (event.up_to_date, "up to date"),
        (event.empty, "empty"),
        (event.failed, "failed"),
        (event.blocked, "blocked"),
        (event.not_due, "not due"),
    )
    parts = ", ".join(f"{count(number)} {name}" for number, name in steps if number) or "no steps"
    loaded = f"; {plural(event.lines, 'line')}, {plural(event.hits, 'hit')}" if event.lines else ""
    pace = f", {speed}" if (speed := rate(event.lines, event.seconds)) else ""
    line = f"{ending}: {parts}{loaded} in {duration(event.seconds)}{pace}"
    return ((tone, line), (Tone.PLAIN, f"  next: {one_line(event.next)}")) if event.next else ((tone, line),)
