r"""What syslog and its kin put in front of a line, for any format: recognised in a sample, taken off when read.

Sources: RFC 3164 (`<190>May  1 10:05:03 host nginx[812]: `) as sent, or as written to files without the priority;
RFC 5424 (`<190>1 2026-05-01T10:05:06Z host nginx 812 - - `); rsyslog's file format (an ISO time); journalctl's
`short` forms. Of these the priority, the host or the tag may be missing. The time of a hit is the line's own.

Where there is no tag, nothing in the prefix says where it ends. So the kinds are tried in order, and one is taken only
where it makes more lines readable. A line that syslog cut off, or `message repeated 2 times: [ ... ]`, is not matched.
"""

import dataclasses
import functools
import re
from collections.abc import Iterator, Sequence

from mtc.formats.base import Format, Prefix
from mtc.formats.pattern import unnamed
from mtc.warehouse.quoting import literal

_BSD = r"[A-Z][a-z]{2} {1,2}\d{1,2} (?:\d{4} )?\d\d:\d\d:\d\d(?:[.,]\d+)?"
_ISO = r"(?:[A-Z][a-z]{2} )?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+\-]\d\d:?\d\d| [A-Z]{2,5})?"
_UNIX = r"\d{9,}\.\d+"
_PRIORITY = r"<\d{1,3}>"
_TIMED = rf"(?:{_BSD}|{_ISO}|{_UNIX}) "
_STARTED = rf"(?:{_PRIORITY}(?:{_TIMED})?|{_TIMED})"

_RFC_5424 = (
    rf"{_PRIORITY}1 (?:-|{_ISO}) \S+ (?P<app>\S+) \S+ \S+"
    r" (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) ?" + "\ufeff?"
)
_TAGGED = rf'{_STARTED}(?:\S*[^\s:] )?(?P<tag>[^\s:\[\]"]+)(?:\[[^\]\s]*\])?: *'

KINDS: tuple[str, ...] = (
    rf"^(?:{_RFC_5424}|{_TAGGED})",
    rf"^(?:{_PRIORITY})?{_TIMED}\S+ ",
    rf"^{_STARTED}",
)
"""Expressions for a prefix, RE2 and Python `re` alike: with a tag, with a host and no tag, with neither."""

_SAMPLED = 100

_compiled = functools.cache(functools.partial(re.compile, flags=re.DOTALL | re.ASCII))


def kinds(sample: Sequence[str]) -> Iterator[str]:
    """The kinds of prefix that lines of a sample begin with."""
    return (kind for kind in KINDS if any(_compiled(kind).match(line) for line in sample))


def bare(line: str, kind: str) -> str:
    """A line without its prefix."""
    return _compiled(kind).sub("", line, count=1)


def program(line: str, kind: str) -> str:
    """The program that wrote a line; empty where the line does not say."""
    match = _compiled(kind).match(line)
    return next(filter(None, match.groups()), "") if match else ""


def is_own(line: str, form: Format) -> bool:
    """Whether a line may be of a program that writes the format."""
    return form.prefix is None or program(line, form.prefix.pattern) in {"", *form.prefix.programs}


def fitted(form: Format, sample: Sequence[str]) -> Format:
    """A format as a file has it that begins with `sample`: behind the kind of prefix with which it reads most lines."""
    lines = sample[:_SAMPLED]
    best, most = form, sum(bool(form.shape.fits(line)) for line in lines)
    for kind in kinds(lines):
        fitting = [line for line in lines if form.shape.fits(bare(line, kind))]
        if len(fitting) > most:
            best, most = behind(form, kind, fitting), len(fitting)
    return best


def behind(form: Format, kind: str, fitting: Sequence[str]) -> Format:
    """The format with such a prefix. `fitting` are lines that it reads: their programs are those that write it."""
    return _behind(form, kind, tuple(sorted({program(line, kind) for line in fitting})))


@functools.lru_cache(maxsize=256)
def _behind(form: Format, kind: str, programs: tuple[str, ...]) -> Format:
    return dataclasses.replace(form, prefix=Prefix(kind, programs))


def taken_off(text: str, prefix: Prefix) -> str:
    """SQL: a text without the prefix."""
    return f"regexp_replace({text}, {literal(unnamed(prefix.pattern))}, '')"


def foreign(text: str, prefix: Prefix) -> str:
    """SQL: whether a line with its prefix was written by another program."""
    groups = re.findall(r"\(\?P<(\w+)>", prefix.pattern)
    if not groups:
        return "false"
    found = f"regexp_extract({text}, {literal(unnamed(prefix.pattern))}, [{', '.join(map(literal, groups))}])"
    own = ", ".join(map(literal, prefix.programs))
    return f"concat({', '.join(f'({found}).{group}' for group in groups)}) NOT IN ('', {own})"
