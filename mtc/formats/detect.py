"""Which format a file is in: every format is tried on a sample of lines, and the best must fit most of them.

Of two that read equally many lines, the one that gets more fields out of them is better: a combined line with the time
taken behind it is read by `combined` as well. What syslog puts in front is looked at only where more lines can be read
without it. Detection never guesses: when less than half of the sample fits, it refuses and shows a line that nothing
reads.
"""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mtc.errors import PermanentError
from mtc.formats import syslog
from mtc.formats.base import Format
from mtc.formats.headers import fits_of, unframed
from mtc.formats.registry import NAMES, candidates

SAMPLE_LINES = 100
_ENOUGH = 0.5
_SHOWN = 200
_NEAREST = 3
_GLANCES = 3


@dataclass(frozen=True, slots=True)
class Detection:
    """The format found, how many of the sample's lines each that reads any reads, and how many there were."""

    format: Format
    scores: Mapping[str, int]
    sampled: int

    @property
    def fitting(self) -> int:
        """How many lines of the sample the format reads."""
        return self.scores.get(self.format.name, 0)

    @property
    def why(self) -> str:
        """The choice in words."""
        others = [f"{name} {score}" for name, score in self.scores.items() if name != self.format.name and score]
        behind = f" (others: {', '.join(others)})" if others else ""
        return f"{self.format.name} reads {self.fitting} of {self.sampled} sampled lines{behind}"


def detect(sample: Sequence[str], *, where: str) -> Detection:
    """Choose the format of `sample`, whole lines without their ends; blank ones and headers do not count."""
    sample = unframed(sample)
    lines = _data(sample)
    if not lines:
        headers = [line for line in sample if line.strip()]
        return Detection(next(iter(candidates(headers).values())), {}, 0)
    trials = [_try(sample, lines)]
    if trials[0].scores[trials[0].best] < len(lines):
        trials += [_try_behind(kind, sample, lines) for kind in syslog.kinds(lines)]
    best = max(trials, key=lambda trial: trial.scores[trial.best])
    sampled = len(best.lines)
    if best.scores[best.best] < _ENOUGH * sampled:
        raise _refusal(trials[0].lines, trials[0].scores, trials[0].known, where)
    return Detection(best.format, best.scores, sampled)


def glance(sample: Sequence[str]) -> Sequence[str] | None:
    """The headers and a few lines of a sample; None where there are no more, or a header stands between them.

    Lines change along a file when its server gets another configuration, which is from some line on: so the first and
    the last line are among the few.
    """
    sample = unframed(sample)
    lines = _data(sample)
    headers = [line for line in sample if line.startswith("#")]
    if len(lines) <= _GLANCES or (headers and sample.index(headers[-1]) > sample.index(lines[0])):
        return None
    return [*headers, *(lines[at * (len(lines) - 1) // (_GLANCES - 1)] for at in range(_GLANCES))]


def reads_all(form: Format, sample: Sequence[str]) -> bool:
    """Whether a format reads all lines that count."""
    bare = [syslog.bare(line, form.prefix.pattern) for line in sample] if form.prefix else sample
    return all(fits_of(form, bare, _data(bare)))


def is_surely(form: Format, sample: Sequence[str]) -> bool:
    """Whether a format reads all lines that count, and is the one that detection finds."""
    if form.prefix:
        return _is_wholly(form, sample)
    lines = _data(sample)
    # What the names of fields or their order is, formats learn from the headers and the first line.
    trial = _try_likely(candidates(sample[: len(sample) - len(lines) + 1]), sample, lines)
    return trial is not None and trial.format is form


def _is_wholly(form: Format, sample: Sequence[str]) -> bool:
    try:
        found = detect(sample, where="")
    except PermanentError:
        return False
    return found.format is form and found.fitting == found.sampled


def _data(sample: Sequence[str]) -> Sequence[str]:
    """The lines that count: neither blank nor headers."""
    counting = (line for line in sample if line.strip() and not line.startswith("#"))
    return list(itertools.islice(counting, SAMPLE_LINES))


@dataclass(frozen=True, slots=True)
class _Trial:
    """The formats that were tried, how many of the lines each reads, and the best of them."""

    lines: Sequence[str]
    known: Mapping[str, Format]
    scores: Mapping[str, int]
    best: str
    format: Format


def _try(sample: Sequence[str], lines: Sequence[str]) -> _Trial:
    """Try every format; those that read the first line will do if one of them reads all lines."""
    known = candidates(sample)
    return _try_likely(known, sample, lines) or _score(known, sample, lines)


def _try_likely(known: Mapping[str, Format], sample: Sequence[str], lines: Sequence[str]) -> _Trial | None:
    """Try the formats that read the first line: a better one than one of them that reads all lines is among them.

    None where no format reads all lines.
    """
    likely = {name: form for name, form in known.items() if any(fits_of(form, sample, lines[:1]))}
    trial = _score(likely, sample, lines) if likely else None
    return None if trial is None or trial.scores[trial.best] < len(lines) else dataclasses.replace(trial, known=known)


def _score(known: Mapping[str, Format], sample: Sequence[str], lines: Sequence[str]) -> _Trial:
    fits = {name: fits_of(form, sample, lines) for name, form in known.items()}
    scores = {name: sum(map(bool, found)) for name, found in fits.items()}
    best = max(known, key=lambda name: (scores[name], sum(fits[name])))
    return _Trial(lines, known, scores, best, known[best])


def _try_behind(kind: str, sample: Sequence[str], lines: Sequence[str]) -> _Trial:
    """With a prefix taken off. Of the lines that do not fit, those of other programs do not count."""
    trial = _try([syslog.bare(line, kind) for line in sample], [syslog.bare(line, kind) for line in lines])
    fits = [bool(trial.format.shape.fits(line)) for line in trial.lines]
    form = syslog.behind(trial.format, kind, list(itertools.compress(lines, fits)))
    own = [fit or syslog.is_own(line, form) for line, fit in zip(lines, fits, strict=True)]
    return dataclasses.replace(trial, lines=list(itertools.compress(trial.lines, own)), format=form)


def _refusal(
    lines: Sequence[str], scores: Mapping[str, int], known: Mapping[str, Format], where: str
) -> PermanentError:
    """Say what was found. Lines of several formats, each of which some format reads, have no stranger among them."""
    ranked = sorted((name for name in scores if scores[name]), key=lambda name: -scores[name])[:_NEAREST]
    nearest = ", ".join(f"{name} reads {scores[name]} of {len(lines)} sampled lines" for name in ranked)
    strange = (line for line in lines if not any(form.shape.fits(line) for form in known.values()))
    stranger = next(strange, None)
    first = "" if stranger is None else f"the first line that none reads is {stranger[:_SHOWN]!r}"
    told = "; ".join(filter(None, (f"the nearest: {nearest}" if nearest else "", first)))
    return PermanentError(
        f"no known format reads this file: {told}",
        where=where,
        hint=f"name the format with `format:` (known: {', '.join(NAMES)})",
    )
