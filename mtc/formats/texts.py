"""Texts that need a second look, as SQL: addresses, host names, durations, what stands in quotes.

Each function takes SQL for a text and gives SQL; nothing of a log is in it.
"""

from mtc.warehouse.quoting import literal

# No line that is read holds this character: it is what the reader cuts files at.
_CUT = "'\x01'"
_BRACKETS = r"'^(\[[^\]]*\]|[^:]*):\d*$'"
_GO_DURATION = r"'^(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9.]+)s)?$'"


def address(text: str) -> str:
    """A text that may hold addresses, as it stands: which of them is the client's is read once, for all formats."""
    return f"nullif({text}, '')"


def host_name(text: str) -> str:
    """A host without its port; NULL for `-`."""
    bare = f"coalesce(nullif(regexp_extract({text}, {_BRACKETS}, 1), ''), {text})"
    return f"nullif(CASE WHEN contains({text}, ':') THEN {bare} ELSE {text} END, '-')"


def milliseconds(text: str, *, unit: float = 1) -> str:
    """A duration in milliseconds: a number of `unit` milliseconds each, or a text with its unit, as Go writes them."""
    pieces = f"regexp_extract({text}, {_GO_DURATION}, ['h', 'm', 's'])"
    hours, minutes, seconds = (f"coalesce(try_cast(({pieces}).{name} AS DOUBLE), 0)" for name in "hms")
    return f"""CASE
        WHEN try_cast({text} AS DOUBLE) IS NOT NULL THEN try_cast({text} AS DOUBLE) * {unit}
        WHEN ends_with({text}, 'ms') THEN try_cast(left({text}, -2) AS DOUBLE)
        WHEN ends_with({text}, 'ns') THEN try_cast(left({text}, -2) AS DOUBLE) / 1e6
        WHEN regexp_matches({text}, '(?:µ|μ|u)s$') THEN try_cast(left({text}, -2) AS DOUBLE) / 1e3
        WHEN {text} <> '' AND ends_with({text}, 's') THEN {hours} * 36e5 + {minutes} * 6e4 + {seconds} * 1e3
    END"""


def http_version(text: str) -> str:
    """A protocol, of which the text may be the version alone; NULL where it is a scheme or anything else."""
    alone = f"regexp_extract({text}, '^([0-9](?:[.][0-9])?)(?:[.][0-9])*$', 1)"
    return f"CASE WHEN starts_with({text}, 'HTTP/') THEN {text} WHEN {alone} <> '' THEN concat('HTTP/', {alone}) END"


def query_text(text: str) -> str:
    """A query without its question mark."""
    return f"ltrim({text}, '?')"


def unbracketed(text: str) -> str:
    """A text without the square brackets around it."""
    return f"CASE WHEN starts_with({text}, '[') THEN trim({text}, '[]') ELSE {text} END"


def cut_outside_quotes(text: str, mark: str) -> str:
    """A list of what stands between the marks that are not within double quotes."""
    piece = f"CASE WHEN n % 2 = 1 THEN replace(piece, {literal(mark)}, {_CUT}) ELSE piece END"
    pieces = f"list_transform(string_split({text}, '\"'), lambda piece, n: {piece})"
    return f"string_split(array_to_string({pieces}, '\"'), {_CUT})"
