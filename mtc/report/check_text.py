"""What `mtc doctor` and `mtc verify` found, as text and JSON. Judges nothing."""

import json
from collections.abc import Iterable, Iterator, Sequence

from mtc.core.findings import DayVerified, Finding, Verified
from mtc.core.sanitize import one_line
from mtc.report.error_report import tip
from mtc.report.terminal import PLAIN, Terminal, Tone
from mtc.report.text import count, first_few, json_document, plural, table

_FINDING_LIMIT = 1000
_TONES = {"ok": Tone.GOOD, "warning": Tone.WARN, "problem": Tone.BAD}
_LEVEL_WIDTH = max(map(len, _TONES))


def doctor_text(findings: Sequence[Finding], terminal: Terminal = PLAIN) -> str:
    """A line for each finding, a tip below each warning and problem, then the counts. One cause is shown once."""
    lines = [line for alike in _by_cause(findings) for line in _finding_lines(alike, terminal)]
    return "\n".join((*lines, "", _findings_summary(findings, terminal)))


def doctor_json(findings: Iterable[Finding]) -> str:
    """A line of JSON for each finding."""
    return "".join(
        json.dumps(
            {
                "level": str(finding.level),
                "about": finding.about,
                "where": finding.where,
                "what": finding.what,
                "hint": finding.hint,
            }
        )
        + "\n"
        for finding in findings
    )


def _by_cause(findings: Iterable[Finding]) -> Iterable[Sequence[Finding]]:
    """The findings in order, grouped where cause and hint are the same."""
    causes: dict[tuple[str, ...], list[Finding]] = {}
    for number, finding in enumerate(findings):
        cause = (str(finding.level), finding.what, finding.hint) if finding.hint else (str(number),)
        causes.setdefault(cause, []).append(finding)
    return causes.values()


def _finding_lines(alike: Sequence[Finding], terminal: Terminal) -> list[str]:
    first = alike[0]
    level = terminal.paint(str(first.level).ljust(_LEVEL_WIDTH), _TONES[first.level])
    about = ", ".join(first_few(one_line(finding.about) for finding in alike))
    locations = ", ".join(first_few((one_line(finding.where) for finding in alike if finding.where), 1))
    line = f"{level}  {about}: {one_line(first.what, _FINDING_LIMIT)}{f' ({locations})' if locations else ''}"
    return [line, f"{' ' * _LEVEL_WIDTH}{tip(first.hint, terminal)}"] if first.hint else [line]


def _findings_summary(findings: Sequence[Finding], terminal: Terminal) -> str:
    problems = sum(finding.level == "problem" for finding in findings)
    warnings = sum(finding.level == "warning" for finding in findings)
    good = f"{count(len(findings) - problems - warnings)} ok"
    text = f"{good}, {plural(warnings, 'warning')}, {plural(problems, 'problem')}"
    return terminal.paint(text, Tone.BAD if problems else Tone.WARN if warnings else Tone.GOOD)


_REMARK_LIMIT = 500
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
_KEY_COLUMNS = 2


def verify_text(found: Verified, terminal: Terminal = PLAIN) -> str:
    """A row for each day with `ok` or its first disagreement; then what could not be checked, and counts."""
    shown = [(title, name) for title, name in _COLUMNS if name not in _MATOMO_COLUMNS or _known(found, name)]
    head = ["site", "day", *(title for title, _ in shown), ""]
    rows = [head, *(_day_row(day, [name for _, name in shown]) for day in found.days)]
    lines = table(rows, right=frozenset(range(_KEY_COLUMNS, _KEY_COLUMNS + len(shown))))
    painted = [terminal.paint(lines[0], Tone.HEAD)] if found.days else []
    painted += [_painted(line, day, terminal) for line, day in zip(lines[1:], found.days, strict=True)]
    errors = [f"{terminal.paint('not verified:', Tone.BAD)} {one_line(error, _REMARK_LIMIT)}" for error in found.errors]
    return "\n".join((*painted, *([""] if painted else []), *errors, _days_summary(found, terminal)))


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


def _day_row(day: DayVerified, names: Sequence[str]) -> list[str]:
    numbers = ("-" if (value := _number(day, name)) is None else count(value) for name in names)
    return [one_line(day.site), day.day.isoformat(), *numbers, "; ".join(_remarks(day))]


def _remarks(day: DayVerified) -> Iterator[str]:
    if day.disagreements:
        others = len(day.disagreements) - 1
        yield one_line(day.disagreements[0].what, _REMARK_LIMIT) + (f" (and {others} more)" if others else "")
    elif not day.notes:
        yield "ok"
    else:
        yield from (one_line(note) for note in day.notes)


def _painted(line: str, day: DayVerified, terminal: Terminal) -> str:
    return terminal.paint(line, Tone.BAD) if day.disagreements or day.failed else line


def _days_summary(found: Verified, terminal: Terminal) -> str:
    bad = sum(bool(day.disagreements) for day in found.days)
    text = f"{plural(len(found.days), 'day')} checked: "
    text += f"{count(bad)} with differences" if bad else "no differences"
    if found.errors and not bad:
        text = f"{plural(len(found.days), 'day')} checked, but not completely"
    if failed := sum(day.failed for day in found.days):
        text += f"; {plural(failed, 'import')} failed or blocked"
    return terminal.paint(text, Tone.GOOD if found.agrees else Tone.BAD)
