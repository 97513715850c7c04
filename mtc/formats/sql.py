"""SQL for the texts of a log line that every format may have: addresses, hosts, durations, request targets, times.

Each function takes SQL for a text and returns SQL. Nothing in this module knows a format's layout.

A time becomes microseconds since 1970, UTC, in steps. Each step is a column over the columns before it, so that nothing
is read twice: `number` (`time_number`), `micros` (`time_micros`), `odd` (`normalised_time`) for the few texts that are
not read yet, a second try (`fallback_micros`), and the timestamp (`timestamp_sql`). A time that cannot be read, or that
no server can have logged, is NULL.

A request target is taken apart into host, path and query. Source: RFC 9112, section 3.2. The origin form (`/a?b=c`) is
path and query, and begins with a slash: `//host/a` is a path. The absolute form (`https://user@host:8443/a`), which
proxies get and some servers log, names the host; its scheme may be in any case, and an empty path is `/`. The asterisk
form (`*`) and the authority form of `CONNECT` (`host:443`) request no page. Anything else, such as `.evil.example` or
`@evil.example`, is not a target. A host that a log has in a separate field is the one that the server chose, and takes
precedence over the target's.
"""

from mtc.core.sql import literal
from mtc.formats.model import ANY_EPOCH, CLF_TIME, Format

CUT = "'\x01'"
"""SQL: a character that no line holds, as it is what the reader cuts files at.

Texts are joined with it and cut again where lists would be the branches of a CASE, which copies them.
"""

_BRACKETS = r"'^(\[[^\]]*\]|[^:]*):\d*$'"
_GO_DURATION = r"'^(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9.]+)s)?$'"


def address(text: str) -> str:
    """A text that may contain addresses, unchanged; `client_address` finds the client's for all formats."""
    return f"nullif({text}, '')"


def host_name(text: str) -> str:
    """The host of a text without its port; NULL for `-`."""
    bare = f"coalesce(nullif(regexp_extract({text}, {_BRACKETS}, 1), ''), {text})"
    return f"nullif(CASE WHEN contains({text}, ':') THEN {bare} ELSE {text} END, '-')"


def milliseconds(text: str, *, unit: float = 1) -> str:
    """A duration in milliseconds, from a number of `unit` milliseconds each, or a text with units as Go writes it."""
    pieces = f"regexp_extract({text}, {_GO_DURATION}, ['h', 'm', 's'])"
    hours, minutes, seconds = (f"coalesce(try_cast(({pieces}).{name} AS DOUBLE), 0)" for name in "hms")
    return f"""CASE
        WHEN NOT ends_with({text}, 's') THEN try_cast({text} AS DOUBLE) * {unit}
        WHEN regexp_full_match({text}, '[0-9.]+s') THEN coalesce(try_cast(left({text}, -1) AS DOUBLE), 0) * 1e3
        WHEN ends_with({text}, 'ms') THEN try_cast(left({text}, -2) AS DOUBLE)
        WHEN ends_with({text}, 'ns') THEN try_cast(left({text}, -2) AS DOUBLE) / 1e6
        WHEN regexp_matches({text}, '(?:µ|μ|u)s$') THEN try_cast(left({text}, -2) AS DOUBLE) / 1e3
        WHEN {text} <> '' AND ends_with({text}, 's') THEN {hours} * 36e5 + {minutes} * 6e4 + {seconds} * 1e3
    END"""


def http_version(text: str) -> str:
    """The protocol, from a text that may be the version alone; NULL for a scheme or any other text."""
    alone = f"regexp_extract({text}, '^([0-9](?:[.][0-9])?)(?:[.][0-9])*$', 1)"
    return f"""CASE
        WHEN starts_with({text}, 'HTTP/') THEN {text}
        WHEN {text} IN ('1.0', '1.1', '2', '2.0', '3') THEN concat('HTTP/', {text})
        WHEN {alone} <> '' THEN concat('HTTP/', {alone})
    END"""


def given(text: str | None) -> str:
    """A text; NULL where it is missing, empty or a dash."""
    return f"nullif(nullif({text}, '-'), '')" if text else "NULL::VARCHAR"


def size(text: str) -> str:
    """A number of bytes; NULL for a text that is none."""
    return f"try_cast(try_cast({text} AS UBIGINT) AS BIGINT)"


def duration(text: str | None, log_format: Format) -> str:
    """The time taken in milliseconds, from a number in the format's unit; NULL where there is none."""
    unit = log_format.per_millisecond
    return f"try_cast({text} AS DOUBLE) / {unit}" if text and unit else "NULL::DOUBLE"


def query_text(text: str) -> str:
    """A query without its question mark."""
    return f"ltrim({text}, '?')"


def unbracketed(text: str) -> str:
    """A text without the square brackets around it."""
    return f"CASE WHEN starts_with({text}, '[') THEN trim({text}, '[]') ELSE {text} END"


def marked_outside_quotes(text: str, mark: str) -> str:
    """A text with `CUT` in place of the marks that are not within double quotes."""
    piece = f"CASE WHEN n % 2 = 1 THEN replace(piece, {literal(mark)}, {CUT}) ELSE piece END"
    pieces = f"list_transform(string_split({text}, '\"'), lambda piece, n: {piece})"
    return f"array_to_string({pieces}, '\"')"


_URL = "^(?i:https?|wss?|ftp)://"
# What nearly every URL begins with. It is taken apart by position, as an expression with groups is slow.
_PLAIN_AUTHORITY = r"[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_])?(?::[0-9]*)?/"


def url_host(url: str) -> str:
    """The host of a URL, without user and port; NULL for a path."""
    found = f"regexp_extract({url}, '{_URL}(?:[^/?#@]*@)?([^/?#]*)', 1)"
    return f"""CASE
        WHEN starts_with({url}, '/') THEN NULL
        WHEN {_is_plain_url(url)} THEN {_plain_host(url)}
        ELSE nullif({host_name(found)}, '')
    END"""


def url_target(url: str) -> str:
    """Path and query of a URL; any other text as it is."""
    return f"""CASE
        WHEN starts_with({url}, '/') THEN {url}
        WHEN {_is_plain_url(url)} THEN {_from_path(url)}
        ELSE regexp_replace({url}, '{_URL}[^/?#]*/?', '/')
    END"""


def _is_plain_url(url: str) -> str:
    return f"regexp_matches({url}, '{_URL}{_PLAIN_AUTHORITY}')"


def _plain_host(url: str) -> str:
    """SQL: the host of a URL with a plain authority."""
    return f"split_part(split_part({url}, '/', 3), ':', 1)"


def _from_path(url: str) -> str:
    """SQL: a URL with a plain authority from its path on."""
    host = f"instr({url}, '://') + 3"
    return f"substr({url}, instr(substr({url}, {host}), '/') + {host} - 1)"


def asks_for_page(target: str, method: str) -> str:
    """Whether a request is for a path or URL, and not a tunnel (CONNECT)."""
    usual = " OR ".join(f"starts_with({target}, {literal(begin)})" for begin in ("/", "https://", "http://"))
    return f"(({usual} OR regexp_matches({target}, '{_URL}')) AND coalesce({method}, '') <> 'CONNECT')"


def only_where(value: str, *conditions: str) -> str:
    """A value if all conditions hold, else NULL. Applied to `ip`, as a line without an address is not a request."""
    return f"CASE WHEN {' AND '.join(conditions)} THEN {value} END"


# Seconds since 1970 are smaller than this; a larger number is in a finer unit, with steps of 1000.
_LEAST_MILLIS = 100_000_000_000
_LAST_MICROS = 4_102_444_800_000_000
_ANY_UNIT = f"""CASE
    WHEN number < {_LEAST_MILLIS} THEN 1e6
    WHEN number < {_LEAST_MILLIS}e3 THEN 1e3
    WHEN number < {_LEAST_MILLIS}e6 THEN 1
    ELSE 1e-3
END"""
# Times in place of the one that a format is known for: nginx's `$time_iso8601` and `$msec`, Apache's
# `%{...}t`, loggers that leave out the offset or write a fraction.
_OTHER_TIME_FORMATS = (
    "%d/%b/%Y:%H:%M:%S%z",
    "%d/%b/%Y:%H:%M:%S.%f%z",
    "%d/%b/%Y:%H:%M:%S",
    "%d/%b/%Y:%H:%M:%S.%f",
    "%d/%b/%Y %H:%M:%S%z",
    "%d/%b/%Y %H:%M:%S",
    "%Y%m%dT%H%M%S%z",
    "%Y%m%dT%H%M%S",
)
_NO_OFFSET = r"[T ][0-9]+:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]*)?)?$"


def time_number(log_format: Format) -> str:
    """The time as a number; NULL if it is not one. A cast that fails takes long, and no number has a colon."""
    text = _time_text(log_format)
    number = f"CASE WHEN NOT contains({text}, ':') THEN try_cast({text} AS DOUBLE) END"
    return number if log_format.time.epoch else "NULL::DOUBLE"


def time_micros(log_format: Format, zone: str) -> str:
    """Microseconds since 1970. `zone` is the time zone of times without an offset."""
    text = _time_text(log_format)
    found = (
        [f"try_cast(round(number * {_micros_per_unit(log_format.time.epoch)}) AS BIGINT)"]
        if log_format.time.epoch
        else []
    )
    if log_format.time.iso:
        iso = _iso_micros(text, zone)
        found += [f"CASE WHEN NOT {_is_clf(text)} THEN {iso} END" if CLF_TIME in log_format.time.formats else iso]
    found += [_strptime_micros(text, strptime, zone) for strptime in log_format.time.formats]
    return f"coalesce({', '.join(found)})" if len(found) > 1 else found[0]


def normalised_time(log_format: Format) -> str:
    """SQL over the column `micros` and the fields: a time that `time_micros` cannot read, prepared for a second try.

    A comma becomes a dot, digits finer than microseconds are cut off, a blank before the offset is removed, and `Z`,
    `UTC` and `GMT` become an offset of zero.
    """
    if log_format.time.strict:
        return "NULL::VARCHAR"
    plain = f"regexp_replace(replace({_time_text(log_format)}, ',', '.'), '([.][0-9]{{6}})[0-9]+', '\\1')"
    zoned = f"regexp_replace({plain}, ' *(?:Z|UTC|GMT)$', '+0000')"
    clean = f"regexp_replace({zoned}, ' *([+-][0-9]{{2}}:?[0-9]{{2}})$', '\\1')"
    return f"CASE WHEN micros IS NULL THEN {clean} END"


def fallback_micros(zone: str) -> str:
    """SQL over the column `odd`: microseconds since 1970, from any form of time that servers write."""
    number = "try_cast(odd AS DOUBLE)"
    epoch = f"try_cast(round({number} * {_ANY_UNIT.replace('number', number)}) AS BIGINT)"
    tries = [
        epoch,
        _iso_micros("odd", zone),
        *(_strptime_micros("odd", strptime, zone) for strptime in _OTHER_TIME_FORMATS),
    ]
    return f"CASE WHEN odd <> '' THEN coalesce({', '.join(tries)}) END"


def timestamp_sql(shift: int) -> str:
    """SQL over the column `micros`: the timestamp, moved by `shift` seconds."""
    moved = f"make_timestamp(micros + {shift * 1_000_000})"
    return f"CASE WHEN micros BETWEEN {-_LAST_MICROS} AND {_LAST_MICROS} THEN {moved} END"


def _time_text(log_format: Format) -> str:
    derived = dict(log_format.derive)
    names = {*log_format.shape.names, *derived}
    return "concat(date, ' ', clock)" if "clock" in names and "time" not in derived else '"time"'


def _is_clf(text: str) -> str:
    """SQL: whether a time has the name of a month behind two characters, as no other kind of time has."""
    return f"coalesce(substr({text}, 3, 1) = '/' AND substr({text}, 4, 1) >= 'A', false)"


def _micros_per_unit(epoch: int) -> str:
    return _ANY_UNIT if epoch == ANY_EPOCH else str(1_000_000 / epoch)


def _iso_micros(text: str, zone: str) -> str:
    """Microseconds of an ISO 8601 time; one without an offset is local time in `zone`."""
    instant = f"epoch_us(try_cast({text} AS TIMESTAMPTZ))"
    if zone == "UTC":
        return instant
    local = f"epoch_us(timezone({literal(zone)}, try_cast({text} AS TIMESTAMP)))"
    return f"CASE WHEN regexp_matches({text}, {literal(_NO_OFFSET)}) THEN {local} ELSE {instant} END"


def _strptime_micros(text: str, strptime: str, zone: str) -> str:
    read = f"try_strptime({text}, {literal(strptime)})"
    if "%z" in strptime or zone == "UTC":
        return f"epoch_us({read})"
    return f"epoch_us(timezone({literal(zone)}, {read}))"


_SCHEME = r"[A-Za-z][A-Za-z0-9+.\-]*://"
_USER = r"(?:[^/?#@\\\s]*@)?"
_AUTHORITY = r"(\[[0-9A-Fa-f:.]+\]|[^/?#@\\\s:\[\]]*)(?::[0-9]*)?"
_ABSOLUTE_FORM = rf"(?s)^{_SCHEME}{_USER}{_AUTHORITY}(?:/(.*)|([?#].*)|)$"
_PLAIN_ABSOLUTE = f"^{_SCHEME}{_PLAIN_AUTHORITY}"

# A host name ends with a label that has a letter: a text that ends with a number is an address or invalid.
_LABEL = r"[a-z0-9_](?:[a-z0-9_\-]*[a-z0-9_])?"
_LAST = r"(?:[a-z][a-z0-9_\-]*[a-z0-9_]|[0-9_][a-z0-9_\-]*[a-z][a-z0-9_\-]*[a-z0-9_]|[0-9_][a-z0-9_\-]*[a-z]|[a-z])"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_GROUP = "[0-9a-f]{1,4}"
_V6 = "|".join(
    [
        rf"(?:{_GROUP}:){{7}}{_GROUP}",
        rf"(?:{_GROUP}:){{1,7}}:",
        *(rf"(?:{_GROUP}:){{1,{7 - after}}}(?::{_GROUP}){{{after}}}" for after in range(1, 7)),
        rf":(?::{_GROUP}){{1,7}}",
        "::",
    ]
)
IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
"""RE2: an IPv4 address without leading zeros."""

_NAME = rf"(?:{_LABEL}\.)*{_LAST}"
_HOST = rf"(?:{_NAME}|{IPV4}|\[(?:{_V6})\])"
_LONGEST_HOST = 253


NO_PAGE = "*"
"""The path of requests for no page: `*` and CONNECT."""


def origin_form(target: str) -> str:
    """SQL over `method` and a target: path and query; `NO_PAGE` if no page is requested, NULL for an invalid target."""
    absolute = f"regexp_replace({target}, {literal(_ABSOLUTE_FORM)}, '/\\2\\3')"
    return f"""CASE
        WHEN starts_with({target}, '/') THEN {target}
        WHEN {target} = '*' OR method = 'CONNECT' THEN {literal(NO_PAGE)}
        WHEN {_is_plain_absolute(target)} THEN {_from_path(target)}
        WHEN starts_with({absolute}, '/') THEN {absolute}
    END"""


def host_of(target: str) -> str:
    """SQL: the host that a target names, in lower case; NULL if it names none."""
    found = f"trim(lower(regexp_extract({target}, {literal(_ABSOLUTE_FORM)}, 1)), '.')"
    return f"""CASE
        WHEN starts_with({target}, '/') THEN NULL
        WHEN {_is_plain_absolute(target)} THEN lower({_plain_host(target)})
        ELSE nullif({found}, '')
    END"""


def _is_plain_absolute(target: str) -> str:
    return f"regexp_matches({target}, {literal(_PLAIN_ABSOLUTE)})"


def is_host(host: str) -> str:
    """SQL: whether a text in lower case is a host name or an address, and can stand in a URL as its host."""
    return f"(regexp_full_match({host}, {literal(_HOST)}) AND strlen({host}) <= {_LONGEST_HOST})"


def is_name(host: str) -> str:
    """SQL: whether a text in lower case is a host name with a domain, or `localhost`."""
    named = f"{host} = 'localhost' OR (contains({host}, '.') AND regexp_full_match({host}, {literal(_NAME)}))"
    return f"(({named}) AND strlen({host}) <= {_LONGEST_HOST})"
