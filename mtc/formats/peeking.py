"""What a format reads from the lines of a sample, in Python: enough to see what it lacks and who its clients are."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from mtc.formats import layers
from mtc.formats.base import Format
from mtc.formats.cells import Cells
from mtc.formats.columns import Columns
from mtc.formats.json_lines import JsonLines
from mtc.formats.pairs import Pairs
from mtc.formats.pattern import OwnPattern, Pattern, overlooks_agent

Texts = Mapping[str, str]

_STATUSES = ("status", "own_status", "background")
_TIMES = ("time", "own_time", "clock", "own_clock", "stamp")
_AGENTS = ("user_agent",)
_TARGETS = ("request", "target", "path", "own_request", "own_target", "own_path", "uri", "url")
# Defined without one.
_WITHOUT_STATUS = ("cloudfront_rtmp",)
_EMPTY = ("", "-")
_SAMPLED = 100


def bare_lines(form: Format, sample: Sequence[str]) -> list[str]:
    """The lines of a sample that count, without what relays have put around them."""
    chain = form.prefix.layers if form.prefix else ()
    lines = (layers.bare(line, chain) for line in sample) if chain else iter(sample)
    headed = form.shape.is_header if isinstance(form.shape, Cells) else None
    counting = (line for line in lines if line.strip() and not line.startswith("#") and not (headed and headed(line)))
    return list(itertools.islice(counting, _SAMPLED))


def texts_of(form: Format, sample: Sequence[str]) -> list[Texts]:
    """The texts of each line that the format reads, by the names of its shape; none of an expression of a user's."""
    return list(_texts(form, bare_lines(form, sample)))


def _texts(form: Format, lines: Sequence[str]) -> Iterator[Texts]:
    shape = form.shape
    for line in lines:
        if isinstance(shape, OwnPattern) or not shape.fits(line):
            continue
        if isinstance(shape, JsonLines | Columns | Cells):
            yield shape.texts(line)
        elif isinstance(shape, Pairs):
            read = shape.read(line)
            yield {name: next(filter(None, map(read.get, labels)), "") for name, labels in shape.labels}
        elif isinstance(shape, Pattern) and (match := shape.regex.match(line)):
            yield {name: text or "" for name, text in match.groupdict().items()}


def lacking(form: Format, sample: Sequence[str]) -> tuple[str, ...]:
    """Of status, time, path, client and user agent those that a format that was found reads from no line of a sample.

    Formats of text have all of them; of a header, of JSON and of pairs it depends on the file. A user agent lacks only
    where most lines have one.
    """
    shape = form.shape
    if isinstance(shape, JsonLines | Cells) and (unread := _unread(shape)):
        return unread
    if isinstance(shape, Columns):
        fitting = any(map(shape.fits, bare_lines(form, sample)))
        read: list[Texts] = [dict.fromkeys(shape.columns, "x")] if fitting else []
    elif isinstance(shape, JsonLines | Pairs | Cells):
        read = texts_of(form, sample)
    else:
        return ()
    ways = {"status": _STATUSES, "time": _TIMES, "path": _TARGETS}
    asked = ways if isinstance(shape, Columns) else ("status",)  # the others are needed for a line to be one
    wanted = [name for name in asked if name != "status" or form.name not in _WITHOUT_STATUS]
    lacks = [name for name in wanted if read and not any(_has(texts, ways[name]) for texts in read)]
    return (*lacks, *(["user_agent"] if _overlooks_agents(form, sample) else []))


def _overlooks_agents(form: Format, sample: Sequence[str]) -> bool:
    """Whether most of the lines that a format reads have a user agent in them that it does not read."""
    lines = [line for line in bare_lines(form, sample) if form.shape.fits(line)]
    read = ([text for name, text in texts.items() if name] for texts in _texts(form, lines))
    overlooked = sum(overlooks_agent(line, texts) for line, texts in zip(lines, read, strict=False))
    return overlooked > len(lines) / 2


def reads_more(form: Format, other: Format, lines: Sequence[str]) -> bool:
    """Whether a format reads a status or a user agent of lines, of which the other reads none."""
    mine, theirs = list(_texts(form, lines)), list(_texts(other, lines))
    asked = [names for names in (_STATUSES, _AGENTS) if not any(_has(texts, names) for texts in theirs)]
    return any(_has(texts, names) for names in asked for texts in mine)


def _unread(shape: JsonLines | Cells) -> tuple[str, ...]:
    """What a line must have to be a request, and no line can have, as nothing says where it is."""
    there = dict(shape.paths if isinstance(shape, JsonLines) else shape.places)
    missing = [group for group in shape.needed if not set(group) & there.keys()]
    return tuple("path" if "path" in group else group[0] for group in missing)


def _has(texts: Texts, names: Sequence[str]) -> bool:
    return any(texts.get(name, "") not in _EMPTY for name in names)
