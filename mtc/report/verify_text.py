"""The days that `mtc verify` compared, as a table and as JSON. Judges nothing."""

from collections.abc import Iterator, Sequence

from mtc.core.sanitize import one_line
from mtc.core.verification import DayVerified, Verified
from mtc.report.terminal import PLAIN, Terminal, Tone
from mtc.report.text import count, json_document, plural, table

_LIMIT = 500
_COLUMNS = (
    ("lines", "lines"),
    ("hits", "imported"),
    ("of the day", "hits"),
    ("delivered", "delivered"),
    ("in Matomo", "matomo_actions"),
    (".stat", "stat_actions"),
    ("CSV", "csv_actions"),
    ("Matomo visits", "matomo_visits"),
    (".stat visits", "stat_visits"),
)
_FIELDS = (
    *("lines", "filtered", "rejected", "imported", "hits", "delivered", "matomo_actions", "matomo_visits"),
    *("stat_actions", "stat_visits", "csv_actions", "csv_visits"),
)
_MATOMO_COLUMNS = frozenset({"delivered", "matomo_actions", "matomo_visits"})
_KEYS = 2


def verify_text(found: Verified, terminal: Terminal = PLAIN) -> str:
    """A row for each day with `ok` or its first disagreement; then what could not be checked, and the counts."""
    shown = [(title, name) for title, name in _COLUMNS if name not in _MATOMO_COLUMNS or _known(found, name)]
    head = ["site", "day", *(title for title, _ in shown), ""]
    rows = [head, *(_row(day, [name for _, name in shown]) for day in found.days)]
    lines = table(rows, right=frozenset(range(_KEYS, _KEYS + len(shown))))
    painted = [terminal.paint(lines[0], Tone.HEAD)] if found.days else []
    painted += [_painted(line, day, terminal) for line, day in zip(lines[1:], found.days, strict=True)]
    errors = [f"{terminal.paint('not verified:', Tone.BAD)} {one_line(error, _LIMIT)}" for error in found.errors]
    return "\n".join((*painted, *([""] if painted else []), *errors, _summary(found, terminal)))


def verify_json(found: Verified) -> str:
    """All numbers of all days as one JSON document."""
    days = [
        {
            "site": day.site,
            "day": day.day.isoformat(),
            **{name: _number(day, name) for name in _FIELDS},
            "disagreements": [{"what": item.what, "by": item.by} for item in day.disagreements],
            "notes": list(day.notes),
        }
        for day in found.days
    ]
    return json_document({"agrees": found.agrees, "errors": list(found.errors), "days": days})


def _number(day: DayVerified, name: str) -> int | None:
    value = getattr(day.numbers, name)
    return value if isinstance(value, int) else None


def _known(found: Verified, name: str) -> bool:
    return any(_number(day, name) is not None for day in found.days)


def _row(day: DayVerified, names: Sequence[str]) -> list[str]:
    numbers = ("-" if (value := _number(day, name)) is None else count(value) for name in names)
    return [one_line(day.site), day.day.isoformat(), *numbers, "; ".join(_remarks(day))]


def _remarks(day: DayVerified) -> Iterator[str]:
    if day.disagreements:
        others = len(day.disagreements) - 1
        yield one_line(day.disagreements[0].what, _LIMIT) + (f" (and {others} more)" if others else "")
    elif not day.notes:
        yield "ok"
    else:
        yield from (one_line(note) for note in day.notes)


def _painted(line: str, day: DayVerified, terminal: Terminal) -> str:
    return terminal.paint(line, Tone.BAD) if day.disagreements else line


def _summary(found: Verified, terminal: Terminal) -> str:
    bad = sum(bool(day.disagreements) for day in found.days)
    text = f"{plural(len(found.days), 'day')} looked at: "
    text += f"{count(bad)} with disagreements" if bad else "nothing disagrees"
    if found.errors and not bad:
        text = f"{plural(len(found.days), 'day')} looked at, not all of it"
    return terminal.paint(text, Tone.GOOD if found.agrees else Tone.BAD)
