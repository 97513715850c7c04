"""The findings of `mtc doctor` for people, and as lines of JSON. Judges nothing."""

import json
from collections.abc import Iterable, Sequence

from mtc.core.findings import Finding
from mtc.core.sanitize import one_line
from mtc.report.error_report import tip
from mtc.report.terminal import PLAIN, Terminal, Tone
from mtc.report.text import count, first_few, plural

_LIMIT = 1000
_TONES = {"ok": Tone.GOOD, "warning": Tone.WARN, "problem": Tone.BAD}
_WIDTH = max(map(len, _TONES))


def doctor_text(findings: Sequence[Finding], terminal: Terminal = PLAIN) -> str:
    """A line for each finding, a tip below each warning and problem, the counts last. One cause is shown once."""
    lines = [line for alike in _by_cause(findings) for line in _finding_lines(alike, terminal)]
    return "\n".join((*lines, "", _summary(findings, terminal)))


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
    """The findings in their order, those with one cause and one remedy at the place of their first."""
    causes: dict[tuple[str, ...], list[Finding]] = {}
    for number, finding in enumerate(findings):
        cause = (str(finding.level), finding.what, finding.hint) if finding.hint else (str(number),)
        causes.setdefault(cause, []).append(finding)
    return causes.values()


def _finding_lines(alike: Sequence[Finding], terminal: Terminal) -> list[str]:
    first = alike[0]
    level = terminal.paint(str(first.level).ljust(_WIDTH), _TONES[first.level])
    about = ", ".join(first_few(one_line(finding.about) for finding in alike))
    places = ", ".join(first_few((one_line(finding.where) for finding in alike if finding.where), 1))
    line = f"{level}  {about}: {one_line(first.what, _LIMIT)}{f' ({places})' if places else ''}"
    return [line, f"{' ' * _WIDTH}{tip(first.hint, terminal)}"] if first.hint else [line]


def _summary(findings: Sequence[Finding], terminal: Terminal) -> str:
    problems = sum(finding.level == "problem" for finding in findings)
    warnings = sum(finding.level == "warning" for finding in findings)
    good = f"{count(len(findings) - problems - warnings)} ok"
    text = f"{good}, {plural(warnings, 'warning')}, {plural(problems, 'problem')}"
    return terminal.paint(text, Tone.BAD if problems else Tone.WARN if warnings else Tone.GOOD)
