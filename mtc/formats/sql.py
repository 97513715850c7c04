"""Texts that need a second look, as SQL: addresses, host names, durations, what stands in quotes.

Each function takes SQL for a text and gives SQL; nothing of a log is in it.

Request targets that may be whole URLs, as proxies, balancers and CDNs log them.

Each function takes SQL for a text and gives SQL; nothing of a log is in it.

When a request was made: the text of a time into microseconds since 1970, UTC, as SQL.

Each step is over columns that the steps before have made, so that nothing is read twice: `number` over the fields,
`micros` over them and `number`, `odd` and `otherwise` where that gave nothing, `timestamp` over `micros`. What cannot
be read, or is of no sane year, is NULL.
"""

from mtc.core.sql import literal
from mtc.formats.model import ANY_EPOCH, Format

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


_URL = "^(?i:https?|wss?|ftp)://"


def url_host(url: str) -> str:
    """The host of a URL, without user and port; NULL for a text that is none."""
    found = f"regexp_extract({url}, '{_URL}(?:[^/?#@]*@)?([^/?#]*)', 1)"
    return f"CASE WHEN NOT starts_with({url}, '/') THEN nullif({host_name(found)}, '') END"


def url_target(url: str) -> str:
    """Path and query of a URL; any other text as it is."""
    return f"CASE WHEN starts_with({url}, '/') THEN {url} ELSE regexp_replace({url}, '{_URL}[^/?#]*/?', '/') END"


def is_page(target: str, method: str) -> str:
    """Whether somebody asked for something on a site: not a tunnel, nor what is no request at all."""
    named = f"(starts_with({target}, '/') OR regexp_matches({target}, '{_URL}'))"
    return f"({named} AND coalesce({method}, '') <> 'CONNECT')"


def only_where(value: str, *conditions: str) -> str:
    """A value where all of the conditions hold, else NULL: a line without an address is no request."""
    return f"CASE WHEN {' AND '.join(conditions)} THEN {value} END"


# In seconds since 1970 a number of this size or more is of a finer unit, and so on in thousands.
_FINER = 100_000_000_000
_LATEST = 4_102_444_800_000_000
_ANY_UNIT = f"""CASE
    WHEN number < {_FINER} THEN 1e6 WHEN number < {_FINER}e3 THEN 1e3 WHEN number < {_FINER}e6 THEN 1 ELSE 1e-3
END"""
# What stands in a log in place of the time that its format is known for: nginx's `$time_iso8601` and `$msec`, Apache's
# `%{...}t`, loggers that leave out the offset or write a fraction.
_OTHERS = (
    "%d/%b/%Y:%H:%M:%S%z",
    "%d/%b/%Y:%H:%M:%S.%f%z",
    "%d/%b/%Y:%H:%M:%S",
    "%d/%b/%Y:%H:%M:%S.%f",
    "%d/%b/%Y %H:%M:%S%z",
    "%d/%b/%Y %H:%M:%S",
    "%Y%m%dT%H%M%S%z",
    "%Y%m%dT%H%M%S",
)
_BARE = r"[T ][0-9]+:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]*)?)?$"


def number(form: Format) -> str:
    """The time as a number, where it can be one."""
    return f"try_cast({_text(form)} AS DOUBLE)" if form.time.epoch else "NULL::DOUBLE"


def micros(form: Format, zone: str) -> str:
    """Microseconds since 1970. `zone` is that of times which name none."""
    text = _text(form)
    found = [f"try_cast(round(number * {_unit(form.time.epoch)}) AS BIGINT)"] if form.time.epoch else []
    found += [_iso(text, zone)] if form.time.iso else []
    found += [_strptime(text, one, zone) for one in form.time.formats]
    return f"coalesce({', '.join(found)})" if len(found) > 1 else found[0]


def odd(form: Format) -> str:
    """SQL over `micros` and the fields: a time that is none as its format has them, made ready for `otherwise`.

    A comma stands for a dot, more digits than microseconds have are cut off, no blank stands in front of an offset, and
    `Z`, `UTC` and `GMT` are an offset of zero.
    """
    if form.time.strict:
        return "NULL::VARCHAR"
    plain = f"regexp_replace(replace({_text(form)}, ',', '.'), '([.][0-9]{{6}})[0-9]+', '\\1')"
    zoned = f"regexp_replace({plain}, ' *(?:Z|UTC|GMT)$', '+0000')"
    clean = f"regexp_replace({zoned}, ' *([+-][0-9]{{2}}:?[0-9]{{2}})$', '\\1')"
    return f"CASE WHEN micros IS NULL THEN {clean} END"


def otherwise(zone: str) -> str:
    """SQL over `odd`: the same as `micros`, of any time that servers write. Most lines never get here."""
    number = "try_cast(odd AS DOUBLE)"
    epoch = f"try_cast(round({number} * {_ANY_UNIT.replace('number', number)}) AS BIGINT)"
    tries = [epoch, _iso("odd", zone), *(_strptime("odd", one, zone) for one in _OTHERS)]
    return f"CASE WHEN odd <> '' THEN coalesce({', '.join(tries)}) END"


def timestamp(shift: int) -> str:
    """The timestamp of `micros`, moved by so many seconds."""
    return f"CASE WHEN micros BETWEEN {-_LATEST} AND {_LATEST} THEN make_timestamp(micros + {shift * 1_000_000}) END"


def _text(form: Format) -> str:
    derived = dict(form.derive)
    names = {*form.shape.names, *derived}
    return "concat(date, ' ', clock)" if "clock" in names and "time" not in derived else '"time"'


def _unit(epoch: int) -> str:
    return _ANY_UNIT if epoch == ANY_EPOCH else str(1_000_000 / epoch)


def _iso(text: str, zone: str) -> str:
    """A text with an offset says its instant; one without is local time in `zone`."""
    instant = f"epoch_us(try_cast({text} AS TIMESTAMPTZ))"
    if zone == "UTC":
        return instant
    local = f"epoch_us(timezone({literal(zone)}, try_cast({text} AS TIMESTAMP)))"
    return f"CASE WHEN regexp_matches({text}, {literal(_BARE)}) THEN {local} ELSE {instant} END"


def _strptime(text: str, form: str, zone: str) -> str:
    read = f"try_strptime({text}, {literal(form)})"
    if "%z" in form or zone == "UTC":
        return f"epoch_us({read})"
    return f"epoch_us(timezone({literal(zone)}, {read}))"
