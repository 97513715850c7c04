r"""Expressions that text formats are put together from, RE2 and Python `re` alike, and SQL for their fast paths.

The exact pieces take any white space between fields; the fast ones take what servers write, one blank. What a fast
piece reads is what the exact one would read.
"""

QUOTED = r'[^"\\]*(?:\\.[^"\\]*)*'
"""What stands between quotes: a quote in it is written as backslash and quote, or in another way than as a quote."""

NAME = r"\[[0-9A-Fa-f:.]+\]|[\w.\-]*"
"""A host name or an address, which may be missing; one of IPv6 is in brackets."""

# A host in front of a line has a letter or is an address: a lone number there is a time taken or a count.
_VIRTUAL = r"\[[0-9A-Fa-f:.]+\]|\d{1,3}(?:\.\d{1,3}){3}|[0-9.\-]*[A-Za-z_][\w.\-]*|-?"
HOST = rf"(?P<host>{_VIRTUAL})(?::\d+)?\s+"

# What else is written in front of lines, which only Python's expressions can leave out: a scheme, a country, what a
# cache did, the number of a request (hexadecimal, a UUID, or Apache's UNIQUE_ID).
_NO_HOST = (
    r"(?!(?:https?|wss?|[A-Z]{2}|HIT|MISS|EXPIRED|BYPASS|STALE|UPDATING|REVALIDATED|[0-9a-f]{16,}"
    r"|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|(?=\S*[A-Z])(?=\S*\d)[\w\-]{20,})\s)"
)
HOST_SAMPLE = f"{_NO_HOST}{HOST}"
"""The same for the lines of a sample."""

# An address or a list of forwarded ones, in quotes or not. Syslog's `<190>` begins none.
_LIST = r'[^\s,<"][^\s,"]*(?:,\s*[^\s,"]+)*'
IP = rf'(?P<ip>{_LIST}|"{_LIST}")'

# A user's name may hold blanks. No word of it is a lone `-`: that is a line with something else in front of it.
USER = r"(?P<user>-|(?:[^\s\-]\S*|-\S+)(?: (?:[^\s\[\-][^\s\[]*|-[^\s\[]+))*)"

CLOCK = r"\[(?P<time>[^\]]+)\]"
WHO = rf"{IP}\s+\S+\s+{USER}\s+{CLOCK}\s+"
WHAT = rf'"(?P<request>{QUOTED})"\s+(?P<status>\d{{3}})\s+(?P<bytes>[^\s"]+)'
WHOM = rf'\s+"(?P<referrer>{QUOTED})"\s+"(?P<user_agent>{QUOTED})"'

# A request that names a URL. What follows begins with a blank.
URL_REQUEST = r'(?P<method>[A-Z][A-Z_\-]*) (?P<target>[A-Za-z]+://(?:[^"\\]|\\"?)*?)'

WORDS = "string_split(c0, ' ')"
"""SQL: what stands before the first quote, as a list."""

FAST_IP = r'(?P<ip>[^\s,<"]+)'
# A name that begins with a letter; any other goes down the exact path.
FAST_HOST = r"(?P<host>[A-Za-z_][\w.\-]*)(?::\d+)? "
FAST_WHO = rf"{FAST_IP} \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] $"


def last(number: int) -> str:
    """SQL: the piece of that number is there, and what it follows is the end of a quoted field."""
    here, behind = f"c{number}", f"c{number + 1}"
    return f"{here} IS NOT NULL AND (({here} = '' AND {behind} IS NULL) OR starts_with({here}, ' '))"


def uncut(*pieces: str) -> str:
    """SQL: no cut behind one of these pieces was at an escaped quote."""
    return " AND ".join(rf"NOT ends_with({piece}, '\')" for piece in pieces)


def port_off(address: str) -> str:
    """SQL: an address without the port behind its last colon."""
    return f"left({address}, len({address}) - len(split_part({address}, ':', -1)) - 1)"
