"""Detection of a file's format: every format is tried on a sample of lines, and the best must read most of them.

Of two formats that read equally many lines, the one with more fields on most of them is better: `combined` also reads a
combined line with the time taken after it. Layers that relays put around lines are removed only if more lines can then
be read. Messages of servers between their requests do not count. If less than half of the sample fits, detection fails
and shows a line that no format reads. `named_format` finds the layers for a format that the manifest names.
"""

import dataclasses
import functools
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mtc.core.errors import PermanentError
from mtc.core.suggest import nearest
from mtc.formats import layers
from mtc.formats.field_mapping import reads_more
from mtc.formats.model import Format, Prefix
from mtc.formats.pattern import CustomPattern, LinePattern
from mtc.formats.registry import BINDERS, FORMATS, GUESSED, NAMES, READ_MORE_BY, candidates
from mtc.formats.server_messages import format_beside, is_message

SAMPLE_LINES = 100
_ENOUGH = 0.5
# The line between the facts about a file of Imperva and its log.
_LOG_START = "|==|"
_PREAMBLE_LINES = 20
_GUESS_FACTOR = 3  # a known format that reads a third as many lines as a guessed one is preferred to it
_SHOWN = 200
_NEAREST = 3
_QUICK_LINES = 3
_REQUEST = re.compile(r"\b(?:GET|HEAD|POST) \S+ HTTP/\d")
_DESCRIBE_HINT = (
    "copy the log format from the server's configuration: `format: {nginx: '...'}` or `{apache: '...'}`"
    " (or `{regex: ...}`, `{json: ...}`), or name a format with `format:`"
)
_NO_REQUEST_HINT = (
    "name the format with `format:`, or describe it with `format: {regex: ...}`; if it is not an access log, leave it "
    "out of `source.url`"
)


@dataclass(frozen=True, slots=True)
class Detection:
    """The format found, how many lines of the sample each format reads (`scores`), and how many there were.

    `message` is one of the lines if all are messages of a server.
    """

    format: Format
    scores: Mapping[str, int]
    sampled: int
    message: str = ""

    @property
    def fitting(self) -> int:
        """How many lines of the sample the format reads."""
        return self.scores.get(self.format.name, 0)

    @property
    def why(self) -> str:
        """The reason for the choice, for people."""
        if self.message:
            return f"none of the {self.sampled} sampled lines is a request: messages of a server, as {self.message!r}"
        others = [f"{name} {score}" for name, score in self.scores.items() if name != self.format.name and score]
        behind = f" (others: {', '.join(others)})" if others else ""
        return f"{self.format.name} reads {self.fitting} of {self.sampled} sampled lines{behind}"


def detect(sample: Sequence[str], *, where: str) -> Detection:
    """Detect the format of `sample`, whole lines without line ends; blank lines and headers do not count.

    Raises:
        PermanentError: no format reads half of the lines. `where` names the file.
    """
    sample = without_preamble(sample)
    lines = _data_lines(sample)
    if not lines:
        headers = [line for line in sample if line.strip()]
        return Detection(next(iter(candidates(headers).values())), {}, 0)
    best = _best(sample, lines)
    if not best.lines and len(spread := _spread(sample)) > len(lines):
        best = _best(sample, spread)
    if not best.lines:
        return _of_messages(best.format, lines)
    if best.fitting < _ENOUGH * len(best.lines):
        raise _refusal(best, where)
    return Detection(best.format, best.scores, len(best.lines))


def _best(sample: Sequence[str], lines: Sequence[str]) -> "_Trial":
    """The best trial, of the lines as they are and without the layers that relays may have put around them."""
    best = _try(sample, lines)
    if best.fitting == len(lines):
        return best
    for chain in layers.chains(lines):
        trial = _try_within(chain, sample, lines)
        if trial is None:
            continue
        best = max(best, trial, key=lambda trial: (trial.fitting, -len(trial.lines)))
        if best.fitting == len(lines):
            break
    return best


def _of_messages(tried: Format, lines: Sequence[str]) -> Detection:
    """The format of a file whose lines are all messages: that of the server that writes such messages."""
    chain = tried.prefix.layers if tried.prefix else ()
    found = [format_beside(layers.without_layers(line, chain)) for line in lines]
    log_format = FORMATS.get(max(found, key=found.count)) or next(iter(FORMATS.values()))
    log_format = layers.with_layers(log_format, chain, lines) if chain else log_format
    return Detection(log_format, {}, len(lines), message=lines[0][:_SHOWN])


def typical_format(sample: Sequence[str]) -> Format | None:
    """The format that detection finds, if all lines are typical of one; None if detection has to look further."""
    lines = sample[:SAMPLE_LINES]
    if lines and lines[-1] == "":  # what is behind the last line end
        lines = lines[:-1]
    if not lines:
        return None
    return next((known for known in FORMATS.values() if _is_typical(known, lines)), None)


def _is_typical(log_format: Format, lines: Sequence[str]) -> bool:
    return isinstance(log_format.shape, LinePattern) and log_format.shape.is_typical(lines)


def named_format(name: str, sample: Sequence[str], *, where: str) -> Format:
    """The format of that name, within its layers, for a file that begins with `sample`.

    Raises:
        PermanentError: there is no such format, or the file does not begin as it does. `where` names the file.
    """
    if name not in NAMES:
        match = nearest(name, NAMES)
        hint = f"did you mean {match}?" if match else f"known formats: {', '.join(NAMES)}"
        raise PermanentError(f"no format is called {name!r}", hint=hint)
    bound = fit_layers(lambda lines: _bound(name, lines), sample)
    if bound is None:
        hint = "check that the file begins with the header that the format calls for, or use `format: auto`"
        raise PermanentError(f"the file does not begin as {name} does", where=where, hint=hint)
    return bound


def _bound(name: str, sample: Sequence[str]) -> Format | None:
    return FORMATS[name] if name in FORMATS else BINDERS[name](sample)


def fit_layers(make: Callable[[Sequence[str]], Format | None], sample: Sequence[str]) -> Format | None:
    """A format within the layers without which it reads most lines of `sample`; None if `make` never returns one.

    `make` returns the format for lines without layers, None if they do not begin as it requires.
    """
    lines = sample[:SAMPLE_LINES]
    best = make(lines)
    most = len(_lines_read(best, lines, lines)), sum(map(is_message, lines))
    for chain in layers.chains(lines) if most[0] < len(_data_line_numbers(lines)) else ():
        inner = [layers.without_layers(line, chain) for line in lines]
        log_format = make(inner)
        fitting = _lines_read(log_format, inner, lines)
        found = (
            len(fitting),
            sum(is_message(line) or layers.is_of_relay(raw, chain) for line, raw in zip(inner, lines, strict=True)),
        )
        if log_format is not None and found > most:
            best, most = layers.with_layers(log_format, chain, fitting or lines), found
        if most[0] == len(_data_line_numbers(inner)):
            break
    return best


def _data_line_numbers(lines: Sequence[str]) -> Sequence[int]:
    """The indices of the lines that are neither blank nor headers."""
    return [at for at, line in enumerate(lines) if line.strip() and not line.startswith("#")]


def _lines_read(log_format: Format | None, inner: Sequence[str], lines: Sequence[str]) -> list[str]:
    """The lines whose text without layers (`inner`) a format reads."""
    numbers = _data_line_numbers(inner)
    fits = fits_of(log_format, inner, [inner[at] for at in numbers]) if log_format else []
    return [lines[at] for at, fit in zip(numbers, fits, strict=False) if fit]


def quick_sample(sample: Sequence[str]) -> Sequence[str] | None:
    """The headers and a few lines of a sample; None if it has no more lines, or a header is between them.

    The format changes within a file when the server's configuration changes, so the first and the last line are among
    the few.
    """
    sample = without_preamble(sample)
    lines = _data_lines(sample)
    headers = [line for line in sample if line.startswith("#")]
    if len(lines) <= _QUICK_LINES or (headers and sample.index(headers[-1]) > sample.index(lines[0])):
        return None
    return [*headers, *(lines[at * (len(lines) - 1) // (_QUICK_LINES - 1)] for at in range(_QUICK_LINES))]


def reads_all(log_format: Format, sample: Sequence[str]) -> bool:
    """Whether a format reads all lines of a sample, except blank lines and headers."""
    inner = [layers.without_layers(line, log_format.prefix.layers) for line in sample] if log_format.prefix else sample
    return all(fits_of(log_format, inner, _data_lines(inner)))


def is_certain(log_format: Format, sample: Sequence[str]) -> bool:
    """Whether a format reads all lines of a sample, and is the one that detection finds."""
    if log_format.prefix:
        return _reads_whole_sample(log_format, sample)
    if _is_typical(log_format, sample):
        return True
    trial = _try_likely(candidates(sample), sample, _data_lines(sample))
    return trial is not None and trial.format is log_format


def _reads_whole_sample(log_format: Format, sample: Sequence[str]) -> bool:
    try:
        found = detect(sample, where="")
    except PermanentError:
        return False
    return found.format is log_format and found.fitting == found.sampled


def fits_of(log_format: Format, sample: Sequence[str], lines: Sequence[str]) -> list[int]:
    """How well each line fits, as by `Shape.fits`. `lines` are those of `sample` without headers and blank lines."""
    if isinstance(log_format.shape, CustomPattern):
        return log_format.shape.fits_all(lines)
    if log_format.changes is None:
        return [log_format.shape.fits(line) for line in lines]
    found: list[int] = []
    state = log_format.changes
    for line in sample:
        if line.startswith("#"):
            state = state.after(line)
        elif line.strip():
            found.append(state.format.shape.fits(line))
        if len(found) >= len(lines):
            break
    return [*found, *[0] * len(lines)][: len(lines)]


def without_preamble(sample: Sequence[str]) -> Sequence[str]:
    """The sample without the facts that Imperva writes before the log."""
    head = list(sample[:_PREAMBLE_LINES])
    return sample[head.index(_LOG_START) + 1 :] if _LOG_START in head else sample


def _data_lines(sample: Sequence[str]) -> Sequence[str]:
    """The first lines of a sample that are neither blank nor headers."""
    counting = (line for line in sample if line.strip() and not line.startswith("#"))
    return list(itertools.islice(counting, SAMPLE_LINES))


def _spread(sample: Sequence[str]) -> Sequence[str]:
    """Lines from all over a sample, neither blank nor headers: it may begin with many messages."""
    counting = [line for line in sample if line.strip() and not line.startswith("#")]
    return counting[:: max(1, len(counting) // SAMPLE_LINES)]


@dataclass(frozen=True, slots=True)
class _Trial:
    """The formats that were tried, how many lines each reads, and the best of them.

    `lines` are the lines without layers and without messages of servers and other programs. `unread` are those that no
    format reads, as in the file.
    """

    lines: Sequence[str]
    known: Mapping[str, Format]
    scores: Mapping[str, int]
    best: str
    format: Format
    unread: Sequence[str] = ()

    @property
    def fitting(self) -> int:
        """How many lines the best format reads."""
        return self.scores[self.best]


def _try(sample: Sequence[str], lines: Sequence[str]) -> _Trial:
    """Try every format; only those that read the first line, if one of them reads all lines."""
    known = candidates(sample)
    trial = _try_likely(known, sample, lines)
    return trial or _without_messages(_score(known, sample, lines), sample, lines)


def _try_likely(known: Mapping[str, Format], sample: Sequence[str], lines: Sequence[str]) -> _Trial | None:
    """Try the formats that read the first line: if one of them reads all lines, the best is among them.

    None if no format reads all lines.
    """
    likely = {name: log_format for name, log_format in known.items() if any(fits_of(log_format, sample, lines[:1]))}
    trial = _score(likely, sample, lines) if likely else None
    return None if trial is None or trial.fitting < len(lines) else dataclasses.replace(trial, known=known)


def _score(known: Mapping[str, Format], sample: Sequence[str], lines: Sequence[str]) -> _Trial:
    fits = {name: fits_of(log_format, sample, lines) for name, log_format in known.items()}
    scores = {name: sum(map(bool, found)) for name, found in fits.items()}
    named = [name for name in known if name not in GUESSED]
    # A guess also reads other messages with the same fields, such as Caddy's errors about the same requests.
    guess = max((scores.get(name, 0) for name in GUESSED), default=0)
    eligible = [name for name in named if scores[name] and scores[name] * _GUESS_FACTOR >= guess] or known
    best = functools.reduce(lambda best, name: name if _is_better(fits[name], fits[best]) else best, eligible)
    fuller = READ_MORE_BY.get(best, "")
    if fuller in known and scores[fuller] >= scores[best] and reads_more(known[fuller], known[best], lines):
        best = fuller
    return _Trial(lines, known, scores, best, known[best])


def _is_better(fits: Sequence[int], others: Sequence[int]) -> bool:
    """Whether a format reads more lines than another, or as many and more fields on most of them.

    Most, as clients can write text that looks like another field on a few lines.
    """
    read, other = sum(map(bool, fits)), sum(map(bool, others))
    lead = sum((fit > less) - (fit < less) for fit, less in zip(fits, others, strict=True))
    return read > other or (read == other and lead * 2 > read)


def _without_messages(trial: _Trial, sample: Sequence[str], lines: Sequence[str], logged: Sequence[str] = ()) -> _Trial:
    """The trial without messages and lines of other programs. `logged` are the lines as in the file, if they differ."""
    log_format = trial.format
    fits = list(map(bool, fits_of(log_format, sample, lines)))
    pairs = list(zip(lines, logged or lines, fits, strict=True))
    prefix = log_format.prefix if any(fits) else None
    counting = [(line, raw, fit) for line, raw, fit in pairs if fit or _may_belong(prefix, line, raw)]
    shapes = [known.shape for known in trial.known.values()]
    unread = [raw for line, raw, fit in counting if not fit and not any(shape.fits(line) for shape in shapes)]
    return dataclasses.replace(trial, lines=[line for line, _, _ in counting], unread=unread)


def _may_belong(prefix: Prefix | None, line: str, raw: str) -> bool:
    """Whether a line that the format does not read may still belong to it."""
    return not is_message(line) and (prefix is None or layers.may_be_of_format(raw, prefix))


def _try_within(chain: layers.Layers, sample: Sequence[str], logged: Sequence[str]) -> _Trial | None:
    """The trial of the lines without their layers; None if no line remains."""
    inner = [layers.without_layers(line, chain) for line in sample]
    pairs = [(layers.without_layers(line, chain), line) for line in logged]
    pairs = [(line, raw) for line, raw in pairs if line.strip() and not line.startswith("#")]
    if not pairs:
        return None
    lines, logged_lines = [line for line, _ in pairs], [raw for _, raw in pairs]
    known = candidates(inner)
    trial = _try_likely(known, inner, lines) or _score(known, inner, lines)
    fits = map(bool, fits_of(trial.format, inner, lines))
    log_format = layers.with_layers(trial.format, chain, list(itertools.compress(logged_lines, fits)))
    return _without_messages(dataclasses.replace(trial, format=log_format), inner, lines, logged_lines)


def _refusal(trial: _Trial, where: str) -> PermanentError:
    """The error with the nearest formats, and the first line that no format reads, if there is one."""
    scores = trial.scores
    ranked = sorted((name for name in scores if scores[name]), key=lambda name: -scores[name])[:_NEAREST]
    nearest = ", ".join(f"{name} reads {scores[name]} of {len(trial.lines)} sampled lines" for name in ranked)
    unread_line = next(iter(trial.unread), None)
    first = "" if unread_line is None else f"the first line that none reads is {unread_line[:_SHOWN]!r}"
    found = "; ".join(filter(None, (f"the nearest: {nearest}" if nearest else "", first)))
    is_request = unread_line is not None and _REQUEST.search(unread_line) is not None
    hint = _DESCRIBE_HINT if is_request else _NO_REQUEST_HINT
    return PermanentError(f"no known format reads this file: {found}", where=where, hint=hint)
