r"""The shape `LinePattern`: lines that one expression reads, with a fast path for formats that quote their fields.

On the fast path DuckDB's CSV reader splits the line at every double quote (without quoting rules, so nothing is
unescaped and no lines are merged), and short expressions read the pieces. Where the result is not certain, the exact
path decides: the whole expression.

The second half has the parts of which formats compose their expressions, for RE2 and Python's `re` alike. The exact
ones accept any white space between fields, the fast ones the single blank that servers write. A fast part reads the
same text as the exact one.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from mtc.core.sql import literal
from mtc.formats.sql import IPV4

Ending = Literal["common", "combined", "extra"]
"""What follows the time in a plain line."""

_PIECES = 24
_VERTICAL_TAB = "\v"  # white space (`\s`) in Python's expressions and not in RE2's
# The beginning of nearly all user agents, and of nothing else.
_AGENT = "Mozilla/"
_NAME = re.compile(r"\(\?P<(\w+)>")


@dataclass(frozen=True)
class PlainLine:
    """What nearly every line of a format looks like, for `plain_lines`: a stricter form of the fast path.

    `head` is RE2 without groups for the whole piece before the first quote, which ends with a time; the line is sure
    besides. `c1` is then the request, and `c2` begins with a blank and the status. `fields` gives the fields of the
    first piece as SQL.

    The native reader knows `words`, those before the time, and `ending`, what follows the time: that of `common` or
    `combined` lines, or with an `extra` field. It does not read a format without an ending.
    """

    head: str
    fields: tuple[tuple[str, str], ...]
    words: tuple[str, ...] = ()
    ending: Ending | None = None


@dataclass(frozen=True)
class FastPath:
    """How the pieces between double quotes become fields.

    `head` is an RE2 pattern over `first`, the piece before the first quote, with named groups; it is quick as long as
    it has four groups at most and one way to match. Where it is empty, `computed` is SQL that is computed once instead,
    and known as `head`. `sure` is a SQL condition over the pieces `c0 ... cN` and `head`; where it does not hold, the
    exact path decides. `fields` gives each further field as SQL over the same. A line of more `pieces` has quotes in a
    quoted field. `plain` is for formats whose lines are nearly all alike.
    """

    head: str
    sure: str
    fields: tuple[tuple[str, str], ...]
    pieces: int = _PIECES
    computed: str = ""
    plain: PlainLine | None = None
    first: str = "c0"


@dataclass(frozen=True)
class LinePattern:
    """A shape of one expression. `pattern` is RE2 and Python `re` alike, matches a whole line, and names `FIELDS`.

    Every group of it has a name, or is written `(?:...)`. `sample`, if given, replaces it for the lines of a
    sample, where a format may have to be recognised more strictly than it is read. A line of a sample with a user agent
    that no group reads, or that stands in place of the referrer, does not fit, unless `ignores_agent`. `typical`
    matches lines of which no other format is found, so that none has to be tried.
    """

    pattern: str
    fast: FastPath | None = None
    sample: str = ""
    ignores_agent: bool = False
    typical: str = ""

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The expression for Python, used on the few lines of a sample."""
        return re.compile(self.sample or self.pattern, re.DOTALL | re.ASCII)

    def is_typical(self, lines: Iterable[str]) -> bool:
        """Whether each of these lines is certainly of this format."""
        return bool(self.typical) and all(map(self._typical.fullmatch, lines))

    @cached_property
    def _typical(self) -> re.Pattern[str]:
        return re.compile(self.typical, re.ASCII)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the groups, in order."""
        names = sorted(re.compile(self.pattern).groupindex.items(), key=lambda item: item[1])
        return tuple(name for name, _ in names)

    @property
    def separator(self) -> str:
        """A quote, where there is a fast path."""
        return '"' if self.fast else ""

    @property
    def pieces(self) -> int:
        """The number of pieces of the fast path."""
        return self.fast.pieces if self.fast else 1

    def fits(self, line: str) -> int:
        """How many fields have a value, plus one, if the expression matches; else 0."""
        match = self.regex.match(line.replace(_VERTICAL_TAB, "\0"))
        if match is None:
            return 0
        texts = match.groups()
        if not self.ignores_agent and _AGENT in line:
            agent = texts[self._agent] if self._agent is not None else None
            is_usual = agent is not None and agent.startswith(_AGENT)
            if not is_usual and (overlooks_agent(line, texts) or _swaps_agent(match)):
                return 0
        return 1 + len(texts) - texts.count(None) - texts.count("") - texts.count("-")

    @cached_property
    def _agent(self) -> int | None:
        """The place of the user agent among the groups."""
        number = self.regex.groupindex.get("user_agent")
        return None if number is None else number - 1

    def head(self, names: Collection[str], *, exact: bool) -> str:  # noqa: ARG002 - it has few fields
        """The fields before the first quote."""
        if exact or self.fast is None:
            return "NULL"
        if not self.fast.head:
            return self.fast.computed
        headed = [name for name in self.names if f"(?P<{name}>" in self.fast.head]
        return _extract(self.fast.first, self.fast.head, headed)

    def fields(self, line: str, names: Collection[str], *, exact: bool) -> str:
        """From the fast path where it is sure, else from the exact one."""
        whole = _extract(line, _with_groups(self.pattern, names), names)
        if exact or self.fast is None:
            return whole
        given = dict(self.fast.fields)
        values = ", ".join(f"{literal(name)}: {given.get(name) or f'head.{name}'}" for name in names)
        headed = "AND head.time <> ''" if self.fast.head else ""
        return f"CASE WHEN {self.fast.sure} {headed} THEN {{{values}}} ELSE {whole} END"


@dataclass(frozen=True)
class CustomPattern(LinePattern):
    """The shape of a user's expression: only RE2 runs it, also on the lines of a sample.

    Python's `re` backtracks, which takes exponential time with some expressions and lines.
    """

    ignores_agent: bool = True

    def fits(self, line: str) -> int:
        """How many fields have a value, plus one, if the expression matches; else 0."""
        return self.fits_all([line])[0]

    def fits_all(self, lines: Sequence[str]) -> list[int]:
        """The result of `fits` for many lines at once."""
        from mtc.core.database import query_texts  # noqa: PLC0415 - slow to load, and used with own formats only

        pattern = literal(unnamed(self.pattern))
        texts = f"regexp_extract(text, {pattern}, [{', '.join(map(literal, self.names))}])"
        filled = " + ".join(f"CAST(coalesce(z.{name}, '') NOT IN ('', '-') AS INTEGER)" for name in self.names)
        rows = query_texts(
            f"SELECT CASE WHEN m THEN 1 + {filled} ELSE 0 END FROM"  # noqa: S608 - quoted literals
            f" (SELECT regexp_matches(text, {pattern}) AS m, {texts} AS z FROM given)",
            list(lines),
        )
        return [int(str(found)) for (found,) in rows]


def overlooks_agent(line: str, texts: Iterable[str | None]) -> bool:
    """Whether a line contains a user agent, and none of the texts that were read from it does."""
    return _AGENT in line and _AGENT not in "\n".join(filter(None, texts))


def _swaps_agent(match: re.Match[str]) -> bool:
    """Whether the user agent stands where the referrer should."""
    named = match.re.groupindex
    if "referrer" not in named or "user_agent" not in named:
        return False
    referrer, agent = match["referrer"] or "", match["user_agent"]
    return referrer.startswith(_AGENT) and agent is not None and not agent.startswith(_AGENT)


def unnamed(pattern: str) -> str:
    """The expression with unnamed groups: DuckDB takes their names as a list."""
    return _NAME.sub("(", pattern)


def _with_groups(pattern: str, names: Collection[str]) -> str:
    """The expression with the groups of these names alone."""
    return _NAME.sub(lambda group: group[0] if group[1] in names else "(?:", pattern)


def _extract(text: str, pattern: str, names: Collection[str]) -> str:
    return f"regexp_extract({text}, {literal(unnamed(pattern))}, [{', '.join(literal(name) for name in names)}])"


QUOTED = r'[^"\\]*(?:\\.[^"\\]*)*'
"""The text between quotes; a quote in it is escaped with a backslash, or written differently."""

NAME = r"\[[0-9A-Fa-f:.]+\]|[\w.\-]*"
"""A host name or an address, which may be missing; one of IPv6 is in brackets."""

# A host at the beginning of a line has a letter or is an address: a lone number there is a duration or a count.
_VIRTUAL = r"\[[0-9A-Fa-f:.]+\]|\d{1,3}(?:\.\d{1,3}){3}|[0-9.\-]*[A-Za-z_][\w.\-]*|-?"
HOST = rf"(?P<host>{_VIRTUAL})(?::\d+)?\s+"

# Other words at the beginning of lines, which only Python's expressions can exclude: a scheme, a country, a cache's
# status, the id of a request (hexadecimal, a UUID, or Apache's UNIQUE_ID).
_NO_HOST = (
    r"(?!(?:https?|wss?|[A-Z]{2}|HIT|MISS|EXPIRED|BYPASS|STALE|UPDATING|REVALIDATED|[0-9a-f]{16,}"
    r"|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|(?=\S*[A-Z])(?=\S*\d)[\w\-]{20,})\s)"
)
HOST_SAMPLE = f"{_NO_HOST}{HOST}"
"""The host at the beginning of a line of a sample."""

# An address or a list of forwarded ones, in quotes or not. Not syslog's `<190>`.
_LIST = r'[^\s,<"][^\s,"]*(?:,\s*[^\s,"]+)*'
IP = rf'(?P<ip>{_LIST}|"{_LIST}")'

# A user's name may contain blanks. A word of it is never a lone `-`: such a line has another text at its beginning.
USER = r"(?P<user>-|(?:[^\s\-]\S*|-\S+)(?: (?:[^\s\[\-][^\s\[]*|-[^\s\[]+))*)"

TIMESTAMP = r"\[(?P<time>[^\]]+)\]"
CLIENT = rf"{IP}\s+\S+\s+{USER}\s+{TIMESTAMP}\s+"
REQUEST = rf'"(?P<request>{QUOTED})"\s+(?P<status>\d{{3}})\s+(?P<bytes>[^\s"]+)'
REFERRER_AGENT = rf'\s+"(?P<referrer>{QUOTED})"\s+"(?P<user_agent>{QUOTED})"'

# A request for a whole URL. A blank must follow.
URL_REQUEST = r'(?P<method>[A-Z][A-Z_\-]*) (?P<target>[A-Za-z]+://(?:[^"\\]|\\"?)*?)'

WORDS = "string_split(c0, ' ')"
"""SQL: the words before the first quote, as a list."""
NO_OTHER_BLANK = " AND ".join(f"NOT contains(c0, chr({code}))" for code in (9, 12, 13))
"""SQL: nothing before the first quote separates words but blanks."""

FAST_IP = r'(?P<ip>[^\s,<"]+)'
# A name that begins with a letter; the exact path reads any other.
FAST_HOST = r"(?P<host>[A-Za-z_][\w.\-]*)(?::\d+)? "
FAST_CLIENT = rf"{FAST_IP} \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] $"

# A date that exists, and a time of the day, in years whose every second is a valid time of a hit in any zone.
_DATE = (
    "(?:(?:0[1-9]|1[0-9]|2[0-8])/(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    "|(?:29|30)/(?:Jan|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)|31/(?:Jan|Mar|May|Jul|Aug|Oct|Dec))"
    "/(?:199[7-9]|20[0-8][0-9]|209[0-7])"
)
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9] [+-](?:0[0-9]|1[0-3])[0-5][0-9]"
_PLAIN_WORD = r"[^\s\[]+"
_PLAIN_TIME = rf"\[{_DATE}:{_CLOCK}\]"
_PLAIN_HOST = r"[A-Za-z_](?:[\w.\-]*\w)?(?::\d+)?"
_TIME = ("time", "split_part(split_part(c0, '[', 2), ']', 1)")


def plain_line(words: str, ending: Ending | None = None, behind: str = "") -> PlainLine:
    """What a plain line begins with: these words (`ip`, `host`, `user` or `-`), the time, and what `behind` matches."""
    names = words.split()
    patterns = {"ip": IPV4, "host": _PLAIN_HOST}
    head = " ".join((*(patterns.get(name, _PLAIN_WORD) for name in names), _PLAIN_TIME))
    texts = {name: f"split_part(c0, ' ', {at})" for at, name in enumerate(names, start=1) if name != "-"}
    if "host" in texts:
        texts["host"] = f"split_part({texts['host']}, ':', 1)"
    return PlainLine(f"{head} {behind}", (*texts.items(), _TIME), tuple(names), ending)


def last(number: int) -> str:
    """SQL: the piece of that number exists, and the quote before it ends a quoted field."""
    piece, following = f"c{number}", f"c{number + 1}"
    return f"{piece} IS NOT NULL AND (({piece} = '' AND {following} IS NULL) OR starts_with({piece}, ' '))"


def uncut(*pieces: str) -> str:
    """SQL: none of these pieces ends at an escaped quote."""
    return " AND ".join(rf"NOT ends_with({piece}, '\')" for piece in pieces)


def port_off(address: str) -> str:
    """SQL: an address without the port after its last colon."""
    return f"left({address}, len({address}) - len(split_part({address}, ':', -1)) - 1)"
