"""Which format a file is in: every format is tried on a sample of lines, and the best must fit most of them.

Detection never guesses: when less than half of the sample fits, it refuses and shows a line that nothing reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mtc.errors import PermanentError
from mtc.formats.base import Format
from mtc.formats.registry import FORMATS

SAMPLE_LINES = 100
_ENOUGH = 0.5
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Detection:
    """The format found, how many of the sample's lines it reads, and how many there were."""

    format: Format
    fitting: int
    sampled: int

    @property
    def why(self) -> str:
        """The choice in words."""
        return f"{self.format.name} reads {self.fitting} of {self.sampled} sampled lines"


def detect(sample: Sequence[str], *, where: str) -> Detection:
    """Choose the format of `sample`, whole lines without their ends; blank ones do not count."""
    lines = [line for line in sample if line.strip()][:SAMPLE_LINES]
    if not lines:
        return Detection(next(iter(FORMATS.values())), 0, 0)
    scores = {name: sum(_fits(form, line) for line in lines) for name, form in FORMATS.items()}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] < _ENOUGH * len(lines):
        raise _refusal(lines, scores[best], best, where)
    return Detection(FORMATS[best], scores[best], len(lines))


def _fits(form: Format, line: str) -> bool:
    return form.regex.match(line) is not None


def _refusal(lines: Sequence[str], score: int, best: str, where: str) -> PermanentError:
    """Say what was found. Lines of several formats, each of which some format reads, have no stranger among them."""
    strange = (line for line in lines if not any(_fits(form, line) for form in FORMATS.values()))
    stranger = next(strange, None)
    nearest = f"the nearest, {best}, reads {score} of {len(lines)} sampled lines" if score else ""
    first = "" if stranger is None else f"the first line that none reads is {stranger[:_SHOWN]!r}"
    return PermanentError(
        f"no known format reads this file: {'; '.join(filter(None, (nearest, first)))}",
        where=where,
        hint=f"name the format with `format:` (known: {', '.join(FORMATS)})",
    )
