r"""HAProxy's HTTP log, and its HTTPS log, which has more behind the request.

Source: HAProxy Configuration Manual, 'HTTP log format', 'Timing events', 'Session state at disconnection'. The time
is local and names no zone; the last timer is the whole time in milliseconds; a plus sign (`option logasap`, retries)
is no part of a number; status -1 was not answered. A request may be cut off at its end, and of HTTP/2 it is a URL with
the host. Quotes, braces and bars in what clients send are written as `#XX`.

Captured request headers stand in the first braces, in an order that only the configuration knows. One that is a URL
is the referrer, one that is a host name the host, a list of addresses X-Forwarded-For, any other the user agent.
"""

from mtc.formats.base import Format, Time
from mtc.formats.expressions import WORDS, last, port_off
from mtc.formats.pattern import FastPath, Pattern, unnamed
from mtc.warehouse.quoting import literal

_CLIENT = r'^(?P<ip>[^\s"]+):\d+ \[(?P<time>[^\]\s]+)\] '
_SERVER = r"\S+ \S+/\S+ "
_TIMERS = r"(?:\+?-?\d+/){4}(?:-1|\+?(?P<time_taken>\d+)) "
_ANSWER = r"(?P<status>-1|\d{3}) \+?(?P<bytes>\d+) \S+ \S+ \S{4} [\d/+]+ \d+/\d+ "
_CAPTURED = r"(?:\{(?P<user_agent>[^}]*)\} )?(?:\{[^}]*\} )?"
_REQUEST = (
    r'"(?P<method>[A-Z][A-Z_\-]*) (?P<target>[^"]*?)'
    r'(?: (?P<protocol>HTTP/[0-9.]+))?(?:"(?:\s.*)?)?$'
)

_NAMED = r"(?:[\w\-]+\.)+[A-Za-z][\w\-]*\.?|localhost"
_IS_URL = "(starts_with(h, 'https://') OR starts_with(h, 'http://'))"
_IS_HOST = rf"(NOT contains(h, ' ') AND regexp_full_match(h, '(?:{_NAMED})(?::\d+)?'))"

_ONE = r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f.:]*|unknown)"
_IS_LIST = f"regexp_full_match(h, '{_ONE}(?:, *{_ONE})*')"
_IS_ELSE = f"NOT {_IS_URL} AND NOT {_IS_HOST} AND NOT {_IS_LIST}"


def _first(condition: str, headers: str) -> str:
    """SQL: the first of a list of headers, `h`, for which the condition holds."""
    return f"list_filter({headers}, lambda h: h NOT IN ('', '-') AND {condition})[1]"


def _captured(condition: str) -> str:
    """SQL: the first captured header for which the condition holds."""
    found = _first(condition, "string_split(z.user_agent, '|')")
    return f"CASE WHEN z.user_agent <> '' THEN {found} END"


def told_apart(headers: str) -> dict[str, str]:
    """SQL for the fields that captured headers are, by what they hold. `headers` is SQL for a list of them."""
    return {
        "host": f"regexp_replace({_first(_IS_HOST, headers)}, ':\\d+$', '')",
        "referrer": _first(_IS_URL, headers),
        "user_agent": _first(_IS_ELSE, headers),
        "forwarded_for": _first(_IS_LIST, headers),
    }


# What HAProxy says of itself, lines of TCP proxies, connections that failed, requests that were none.
OTHER = (
    r"regexp_matches({line}, '^(?:Proxy|Server|[Bb]ackend|Health check|Stopping|Pausing|Enabling|New worker) ')"
    r" OR regexp_matches({line}, '^\S+:\d+ \[[^\]]+\] (?:\S+/\S+: |\S+ \S+/\S+ [\d/+-]+ \+?\d+ \S\S )')"
    " OR contains({line}, '\"<BADREQ>\"')"
)

_SURE = (
    f"{last(2)} AND regexp_full_match(c0, {literal(unnamed(_CLIENT + _SERVER + _TIMERS + _ANSWER + _CAPTURED))})"
    " AND head.asked.method <> ''"
)
_ASKED = literal(r"^([A-Z][A-Z_\-]*) (\S+) (HTTP/[0-9.]+)$")
_COMPUTED = f"{{words: {WORDS}, asked: regexp_extract(c1, {_ASKED}, ['method', 'target', 'protocol'])}}"
_FIELDS = (
    ("ip", port_off("head.words[1]")),
    ("time", "head.words[2][2:-2]"),
    ("time_taken", "nullif(replace(split_part(head.words[5], '/', 5), '+', ''), '-1')"),
    ("status", "head.words[6]"),
    ("bytes", "replace(head.words[7], '+', '')"),
    ("user_agent", "split_part(split_part(c0, '{', 2), '}', 1)"),
    *((name, f"head.asked.{name}") for name in ("method", "target", "protocol")),
)

HAPROXY = Format(
    name="haproxy",
    title="HAProxy HTTP log",
    shape=Pattern(
        f"{_CLIENT}{_SERVER}{_TIMERS}{_ANSWER}{_CAPTURED}{_REQUEST}",
        FastPath("", _SURE, _FIELDS, computed=_COMPUTED),
    ),
    time=Time(("%d/%b/%Y:%H:%M:%S.%f",)),
    taken=1,
    derive=(
        ("host", f"regexp_replace({_captured(_IS_HOST)}, ':\\d+$', '')"),
        ("referrer", _captured(_IS_URL)),
        ("user_agent", _captured(_IS_ELSE)),
        ("forwarded_for", _captured(_IS_LIST)),
        ("status", "CASE z.status WHEN '-1' THEN '0' ELSE z.status END"),
    ),
    other=OTHER,
)
