"""What the doctor found, in words or as lines of JSON. Judges nothing."""

import json
from collections.abc import Iterable, Sequence
from typing import Protocol

from mtc.report.errors import tip
from mtc.report.look import PLAIN, Look, Tone
from mtc.report.text import count, plural, safe

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
    """A line for each finding, a tip below what is not well, and the counts last."""
    lines = [line for finding in findings for line in _lines(finding, look)]
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


def _lines(finding: Finding, look: Look) -> list[str]:
    level = look.paint(str(finding.level).ljust(_WIDTH), _TONES[finding.level])
    where = f" ({safe(finding.where)})" if finding.where else ""
    line = f"{level}  {safe(finding.about)}: {safe(finding.what, _LIMIT)}{where}"
    return [line, f"{' ' * _WIDTH}{tip(finding.hint, look)}"] if finding.hint else [line]


def _verdict(findings: Sequence[Finding], look: Look) -> str:
    problems = sum(finding.level == "problem" for finding in findings)
    warnings = sum(finding.level == "warning" for finding in findings)
    good = f"{count(len(findings) - problems - warnings)} ok"
    told = f"{good}, {plural(warnings, 'warning')}, {plural(problems, 'problem')}"
    return look.paint(told, Tone.BAD if problems else Tone.WARN if warnings else Tone.GOOD)
