"""What the doctor found, in words or as lines of JSON. Judges nothing.

What verify found, as a table of days or as JSON. Judges nothing.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from mtc.core.sanitize import one_line
from mtc.report.error_report import tip
from mtc.report.terminal import PLAIN, Look, Tone
from mtc.report.text import count, document, few, plural, table

_DOCTOR_LIMIT = 1000
_TONES = {"ok": Tone.GOOD, "warning": Tone.WARN, "problem": Tone.BAD}
_WIDTH = max(map(len, _TONES))


class Finding(Protocol):
    """One thing that was looked at. `level` is `ok`, `warning` or `problem`."""

    @property
    def level(self) -> str:
        """How bad it is."""

    @property
    def about(self) -> str:
        """What it is about."""

    @property
    def where(self) -> str:
        """Where that lies."""

    @property
    def what(self) -> str:
        """What was found."""

    @property
    def hint(self) -> str:
        """What to do; empty where all is well."""


def doctor_text(findings: Sequence[Finding], look: Look = PLAIN) -> str:
    """A line for each finding, a tip below what is not well, and the counts last. One cause is told once."""
    lines = [line for alike in _by_cause(findings) for line in _lines(alike, look)]
    return "\n".join((*lines, "", _doctor_verdict(findings, look)))


def doctor_json(findings: Iterable[Finding]) -> str:
    """A line of JSON for each finding."""
    return "".join(
        json.dumps(
            {
                "level": str(one.level),
                "about": one.about,
                "where": one.where,
                "what": one.what,
                "hint": one.hint,
            }
        )
        + "\n"
        for one in findings
    )


def _by_cause(findings: Iterable[Finding]) -> Iterable[Sequence[Finding]]:
    """The findings in their order, those with one cause and one remedy at the place of their first."""
    causes: dict[tuple[str, ...], list[Finding]] = {}
    for number, one in enumerate(findings):
        cause = (str(one.level), one.what, one.hint) if one.hint else (str(number),)
        causes.setdefault(cause, []).append(one)
    return causes.values()


def _lines(alike: Sequence[Finding], look: Look) -> list[str]:
    first = alike[0]
    level = look.paint(str(first.level).ljust(_WIDTH), _TONES[first.level])
    about = ", ".join(few(one_line(one.about) for one in alike))
    places = ", ".join(few((one_line(one.where) for one in alike if one.where), 1))
    line = f"{level}  {about}: {one_line(first.what, _DOCTOR_LIMIT)}{f' ({places})' if places else ''}"
    return [line, f"{' ' * _WIDTH}{tip(first.hint, look)}"] if first.hint else [line]


def _doctor_verdict(findings: Sequence[Finding], look: Look) -> str:
    problems = sum(finding.level == "problem" for finding in findings)
    warnings = sum(finding.level == "warning" for finding in findings)
    good = f"{count(len(findings) - problems - warnings)} ok"
    told = f"{good}, {plural(warnings, 'warning')}, {plural(problems, 'problem')}"
    return look.paint(told, Tone.BAD if problems else Tone.WARN if warnings else Tone.GOOD)


_VERIFY_LIMIT = 500
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
_OF_MATOMO = frozenset({"delivered", "matomo_actions", "matomo_visits"})
_KEYS = 2


class Disagreement(Protocol):
    """Two links of the chain that do not say the same, and by how much where that is a number."""

    @property
    def what(self) -> str:
        """What disagrees."""

    @property
    def by(self) -> int | None:
        """The difference."""


class Day(Protocol):
    """A site's day. `numbers` has the fields that `--json` prints, each a number or None."""

    @property
    def site(self) -> str:
        """The site's name."""

    @property
    def day(self) -> dt.date:
        """The day."""

    @property
    def numbers(self) -> object:
        """Its numbers."""

    @property
    def disagreements(self) -> Sequence[Disagreement]:
        """What disagrees, in the order of the chain."""

    @property
    def notes(self) -> Sequence[str]:
        """What else there is to say."""


class Verified(Protocol):
    """All days, and what could not be looked at."""

    @property
    def days(self) -> Sequence[Day]:
        """The days in order of site and day."""

    @property
    def errors(self) -> Sequence[str]:
        """What could not be looked at."""

    @property
    def agrees(self) -> bool:
        """Whether nothing disagrees."""


def verify_text(found: Verified, look: Look = PLAIN) -> str:
    """A row for each day with `ok` or its first disagreement; then what could not be looked at, and the counts."""
    shown = [one for one in _COLUMNS if one[1] not in _OF_MATOMO or _known(found, one[1])]
    head = ["site", "day", *(title for title, _ in shown), ""]
    rows = [head, *(_row(day, [name for _, name in shown]) for day in found.days)]
    lines = table(rows, right=frozenset(range(_KEYS, _KEYS + len(shown))))
    told = [look.paint(lines[0], Tone.HEAD)] if found.days else []
    told += [_painted(line, day, look) for line, day in zip(lines[1:], found.days, strict=True)]
    errors = [f"{look.paint('not verified:', Tone.BAD)} {one_line(error, _VERIFY_LIMIT)}" for error in found.errors]
    return "\n".join((*told, *([""] if told else []), *errors, _verify_verdict(found, look)))


def verify_json(found: Verified) -> str:
    """All numbers of all days as one JSON document."""
    days = [
        {
            "site": day.site,
            "day": day.day.isoformat(),
            **{name: _number(day, name) for name in _FIELDS},
            "disagreements": [{"what": one.what, "by": one.by} for one in day.disagreements],
            "notes": list(day.notes),
        }
        for day in found.days
    ]
    return document({"agrees": found.agrees, "errors": list(found.errors), "days": days})


def _number(day: Day, name: str) -> int | None:
    value = getattr(day.numbers, name)
    return value if isinstance(value, int) else None


def _known(found: Verified, name: str) -> bool:
    return any(_number(day, name) is not None for day in found.days)


def _row(day: Day, names: Sequence[str]) -> list[str]:
    numbers = ("-" if (value := _number(day, name)) is None else count(value) for name in names)
    return [one_line(day.site), day.day.isoformat(), *numbers, "; ".join(_words(day))]


def _words(day: Day) -> Iterator[str]:
    if day.disagreements:
        more = len(day.disagreements) - 1
        yield one_line(day.disagreements[0].what, _VERIFY_LIMIT) + (f" (and {more} more)" if more else "")
    elif not day.notes:
        yield "ok"
    else:
        yield from (one_line(note) for note in day.notes)


def _painted(line: str, day: Day, look: Look) -> str:
    return look.paint(line, Tone.BAD) if day.disagreements else line


def _verify_verdict(found: Verified, look: Look) -> str:
    bad = sum(bool(day.disagreements) for day in found.days)
    told = f"{plural(len(found.days), 'day')} looked at: "
    told += f"{count(bad)} with disagreements" if bad else "nothing disagrees"
    if found.errors and not bad:
        told = f"{plural(len(found.days), 'day')} looked at, not all of it"
    return look.paint(told, Tone.GOOD if found.agrees else Tone.BAD)
