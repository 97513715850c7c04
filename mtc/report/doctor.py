"""What the doctor found, in words or as lines of JSON. Judges nothing."""

import json
from collections.abc import Iterable, Sequence
from typing import Protocol

from mtc.report.errors import tip
from mtc.report.look import PLAIN, Look, Tone
from mtc.report.text import count, few, plural, safe

_LIMIT = 1000
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
    return "\n".join((*lines, "", _verdict(findings, look)))


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
    about = ", ".join(few(safe(one.about) for one in alike))
    places = ", ".join(few((safe(one.where) for one in alike if one.where), 1))
    line = f"{level}  {about}: {safe(first.what, _LIMIT)}{f' ({places})' if places else ''}"
    return [line, f"{' ' * _WIDTH}{tip(first.hint, look)}"] if first.hint else [line]


def _verdict(findings: Sequence[Finding], look: Look) -> str:
    problems = sum(finding.level == "problem" for finding in findings)
    warnings = sum(finding.level == "warning" for finding in findings)
    good = f"{count(len(findings) - problems - warnings)} ok"
    told = f"{good}, {plural(warnings, 'warning')}, {plural(problems, 'problem')}"
    return look.paint(told, Tone.BAD if problems else Tone.WARN if warnings else Tone.GOOD)
