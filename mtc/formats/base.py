"""What a log format is: a declaration that DuckDB executes.

A line is read in one of two ways. The *fast path* lets DuckDB's CSV reader cut the line at every double quote
(no quoting rules, so nothing is unescaped and no line is swallowed) and takes the pieces apart with short
expressions. A line that the fast path is not sure of goes down the *exact path*: one RE2 regular expression over
the whole line. A line that this does not match either is a rejected line.
"""

import re
from dataclasses import dataclass
from functools import cached_property

# The names a format's pattern may use, in order. `request` is split into method, path, query and protocol.
FIELDS: tuple[str, ...] = ("host", "ip", "user", "time", "request", "status", "bytes", "referrer", "user_agent")

# Common Log Format time, with its offset: 17/May/2015:10:05:03 +0000.
CLF_TIME = "%d/%b/%Y:%H:%M:%S %z"


@dataclass(frozen=True)
class FastPath:
    """How the pieces between double quotes become fields.

    `head` is an RE2 pattern over the piece before the first quote, with named groups. `sure` is a SQL condition over
    the pieces `c0 ... cN`; where it does not hold, the exact path decides. `fields` gives each further field as SQL
    over the pieces.
    """

    head: str
    sure: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Format:
    """One log format. `pattern` is RE2 and Python `re` alike, matches a whole line, and names `FIELDS`."""

    name: str
    title: str
    pattern: str
    time: str
    fast: FastPath | None = None

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The exact pattern for Python, used on the few lines of a sample."""
        return re.compile(self.pattern, re.DOTALL | re.ASCII)

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The names of the pattern's groups, in order; every group has one."""
        names = sorted(self.regex.groupindex.items(), key=lambda item: item[1])
        return tuple(name for name, _ in names)
