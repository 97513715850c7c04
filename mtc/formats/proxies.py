r"""Proxies that write text: Traefik and Envoy.

Sources: Traefik, 'Access Logs', format `common` (combined, then the request's number, router, server and milliseconds;
the status of a request that was not answered is `-`). Envoy, 'Access logging', default format string, and Istio's,
which has three fields more behind the flags: the address is the first of X-Forwarded-For, the host `:authority`, the
time taken is milliseconds, status 0 was not answered; START_TIME may have a format of its own. A line without an
address is nobody's visit: it is not matched.

HAProxy's HTTP log, and its HTTPS log, which has more behind the request.

Source: HAProxy Configuration Manual, 'HTTP log format', 'Timing events', 'Session state at disconnection'. The time
is local and names no zone; the last timer is the whole time in milliseconds; a plus sign (`option logasap`, retries)
is no part of a number; status -1 was not answered. A request may be cut off at its end, and of HTTP/2 it is a URL with
the host. Quotes, braces and bars in what clients send are written as `#XX`.

Captured request headers stand in the first braces, in an order that only the configuration knows. One that is a URL
is the referrer, one that is a host name the host, a list of addresses X-Forwarded-For, any other the user agent.

JSON lines of Envoy's relatives and of Kong and APISIX; APISIX's text.

Sources: Istio, "Envoy Access Logs" (the default JSON encoding), and Envoy Gateway, "Proxy Access Logs" (the default
format): values of operators that say nothing are null or `-`, DURATION is milliseconds, code 0 was not answered; the
client is the first address of X-Forwarded-For, as in Envoy's text, and without that header the downstream's. Kong
Gateway, "File Log" and "HTTP Log" (log format), and Apache APISIX, "file-logger" and "http-logger" (the default format,
without `log_format`): times are milliseconds since 1970, `request.uri` has the query. APISIX, `config-default.yaml`,
`access_log_format`: the host stands before the request, the seconds taken behind the size. Lines of TCP and of anything
else are `other`.

Squid's own log, with or without the request's headers behind it.

Sources: Squid, "logformat" (the built-in format `squid`: time, milliseconds, client, result/status, size, method, URL,
user, hierarchy/peer, type) and "log_mime_hdrs", which adds the headers of request and answer in brackets, with
percent signs before what is no plain text. The built-in `common` and `combined` are the NCSA formats with a word
behind. Of headers that were added in quotes, the URL is the referrer, another the user agent. Status 000 was not
answered. A tunnel (CONNECT) and what was no request (`error:...`, `NONE`, the cache manager's pages) are `other`.
"""

from mtc.core.sql import literal
from mtc.formats.aws import decoded
from mtc.formats.json_lines import OBJECT, JsonLines, Paths, paths_of, pointer
from mtc.formats.ltsv_logfmt import whole
from mtc.formats.model import ANY_EPOCH, CLF_TIME, Format, Time
from mtc.formats.ncsa import COMBINED_FIELDS
from mtc.formats.pattern import (
    CLOCK,
    FAST_WHO,
    IP,
    NAME,
    QUOTED,
    USER,
    WHOM,
    WORDS,
    FastPath,
    Pattern,
    last,
    port_off,
    uncut,
    unnamed,
)
from mtc.formats.sql import address, host_name, is_page, only_where, unbracketed, url_host, url_target

TRAEFIK = Format(
    name="traefik",
    title="Traefik, format common",
    shape=Pattern(
        rf'^{IP}\s+\S+\s+{USER}\s+{CLOCK}\s+"(?P<request>{QUOTED})"\s+(?P<status>\d{{1,3}}|-)\s+(?P<bytes>[^\s"]+)'
        rf'{WHOM}\s+\d+\s+"{QUOTED}"\s+"{QUOTED}"\s+(?P<time_taken>\d+)ms$',
        FastPath(
            f"^{FAST_WHO}",
            rf"c10 IS NOT NULL AND c11 IS NULL AND c4 = ' ' AND c8 = ' ' AND {uncut('c1', 'c3', 'c5', 'c7', 'c9')}"
            r" AND regexp_full_match(c2, ' (?:\d{1,3}|-) \S+ ') AND regexp_full_match(c6, ' \d+ ')"
            r" AND regexp_full_match(c10, ' \d+ms')",
            (*COMBINED_FIELDS, ("time_taken", "trim(c10, ' ms')")),
        ),
    ),
    taken=1,
    derive=(("status", "CASE z.status WHEN '-' THEN '0' ELSE z.status END"),),
    other=(
        "starts_with({line}, 'time=')"
        r" OR regexp_matches({line}, '^\d{4}-\d\d-\d\dT\S+ (?:TRC|DBG|INF|WRN|ERR|FTL|PNC) ')"
    ),
)

_ADDRESS = r'(?P<ip>[0-9A-Za-z\[][^",\s]*)'

ENVOY = Format(
    name="envoy",
    title="Envoy, default format (and Istio's)",
    shape=Pattern(
        rf'^\[(?P<time>[^\]]+)\] "(?P<request>{QUOTED})" (?P<status>\d{{1,3}}) \S+ (?:\S+ \S+ "{QUOTED}" )?\d+'
        rf' (?P<bytes>\d+) (?P<time_taken>\d+) \S+ "{_ADDRESS}[^"]*" "(?P<user_agent>{QUOTED})" "{QUOTED}"'
        rf' "(?:-|(?P<host>{NAME})(?::\d+)?)" "{QUOTED}"(?:\s.*)?$',
        FastPath(
            r"^\[(?P<time>[^\]]+)\] $",
            rf"{last(12)} AND c4 = ' ' AND c6 = ' ' AND c8 = ' '"
            rf" AND c10 = ' ' AND {uncut('c1', 'c5', 'c7', 'c11')} AND regexp_full_match(c3, '[0-9A-Za-z][^,\s]*')"
            r" AND regexp_full_match(c2, ' \d{1,3} \S+ \d+ \d+ \d+ \S+ ')"
            r" AND regexp_full_match(c9, '[\w.\-]*(?::\d+)?')",
            (
                ("request", "c1"),
                ("status", "split_part(c2, ' ', 2)"),
                ("bytes", "split_part(c2, ' ', 5)"),
                ("time_taken", "split_part(c2, ' ', 6)"),
                ("ip", "c3"),
                ("user_agent", "c5"),
                ("host", "nullif(split_part(c9, ':', 1), '-')"),
            ),
        ),
    ),
    time=Time((CLF_TIME,), utc=True, epoch=ANY_EPOCH, iso=True),
    taken=1,
    other=r"regexp_matches({line}, '^\[[^\]]+\]\[\d+\]\[\w+\]\[')",
)


_CALLER = r'^(?P<ip>[^\s"]+):\d+ \[(?P<time>[^\]\s]+)\] '
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
    f"{last(2)} AND regexp_full_match(c0, {literal(unnamed(_CALLER + _SERVER + _TIMERS + _ANSWER + _CAPTURED))})"
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
        f"{_CALLER}{_SERVER}{_TIMERS}{_ANSWER}{_CAPTURED}{_REQUEST}",
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


_MILLIS = Time((), epoch=1000, iso=True)
_ENVOY_NEEDED = (("ip", "forwarded_for"), ("time",), ("target",), ("status",))
_FORWARDED = address("nullif(z.forwarded_for, '-')")
_GATEWAY_CLIENT = f"coalesce({_FORWARDED}, {address('z.ip')})"

ENVOY_JSON = Format(
    name="envoy_json",
    title="Envoy's access log in JSON, with the keys of Istio or of Envoy Gateway",
    shape=JsonLines(
        paths_of(
            host="authority :authority",
            ip="downstream_remote_address downstream_direct_remote_address",
            forwarded_for="x_forwarded_for x-forwarded-for",
            time="start_time @timestamp",
            method="method",
            target="x-envoy-origin-path x-envoy-original-path x_envoy_original_path path",
            protocol="protocol",
            status="response_code",
            bytes="bytes_sent",
            time_taken="duration",
            referrer="referer",
            user_agent="user_agent user-agent",
        ),
        needed=_ENVOY_NEEDED,
    ),
    time=Time((), utc=True, epoch=ANY_EPOCH, iso=True),
    taken=1,
    derive=(
        ("ip", only_where(_GATEWAY_CLIENT, whole(*_ENVOY_NEEDED), is_page("z.target", "z.method"))),
        ("host", f"coalesce({host_name('z.host')}, {url_host('z.target')})"),
        ("target", url_target("z.target")),
    ),
    other=OBJECT,
)


def _plugin(name: str, title: str, started: str, taken: tuple[str, ...]) -> Format:
    """What the logging plug-ins of Kong write, and those of APISIX after them."""
    paths: Paths = (
        *paths_of(ip="client_ip", time=started),
        *paths_of("request", method="method", target="uri", url="url"),
        *paths_of("request", "headers", host="host :authority", referrer="referer", user_agent="user-agent"),
        *paths_of("request", "headers", forwarded_for="x-forwarded-for", real_ip="x-real-ip"),
        *paths_of("response", status="status", bytes="size"),
        *paths_of("consumer", user="username"),
        ("time_taken", (pointer(*taken),)),
    )
    return Format(
        name=name,
        title=title,
        shape=JsonLines(paths, needed=(("ip",), ("time",), ("target", "url"), ("method",))),
        time=_MILLIS,
        taken=1,
        derive=(
            ("ip", only_where(address("z.ip"), is_page("coalesce(z.target, z.url)", "z.method"))),
            ("host", f"coalesce({host_name('z.host')}, {url_host('z.url')})"),
            ("target", url_target("coalesce(z.target, z.url)")),
        ),
        other=OBJECT,
    )


KONG = _plugin("kong", "Kong, file-log or http-log", "started_at", ("latencies", "request"))
APISIX = _plugin("apisix", "Apache APISIX, file-logger or http-logger", "start_time", ("latency",))

APISIX_ACCESS = Format(
    name="apisix_access",
    title="Apache APISIX, access log",
    shape=Pattern(
        rf'^{IP}\s+\S+\s+{USER}\s+{CLOCK}\s+(?P<host>{NAME})(?::\d+)?\s+"(?P<request>{QUOTED})"\s+(?P<status>\d{{3}})'
        rf"\s+(?P<bytes>\d+|-)\s+(?P<time_taken>\d+\.\d+){WHOM}(?:\s.*)?$"
    ),
    taken=0.001,
)


_TAG = r"(?:[A-Z][A-Z_0-9]*)"
# Many have a time to read in place of the seconds.
_TIMED = r"\d{9,}\.\d{3}|\[?\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+\-]\d{4}\]?"
_HEADERS = r"\[(?P<headers>[^\[\]]*)\] \[[^\[\]]*\]"
_BEHIND = rf"(?P<behind>(?: {_HEADERS})?(?: .*)?)$"
_QUOTES = 'regexp_extract_all(z.behind, \'"((?:[^"\\\\]|\\\\.)*)"\', 1)'
_URL = "regexp_matches(h, '^[A-Za-z][A-Za-z0-9+.-]*://')"

# What other caches ask for, by ICP or HTCP.
_NO_PEER = "NOT regexp_matches(z.method, '^(?:ICP|HTCP)_')"


def _quoted(condition: str) -> str:
    """SQL: the first quoted text behind the type that is so; one of headers that were added to the format."""
    return f"CASE WHEN contains(z.behind, '\"') THEN list_filter({_QUOTES}, lambda h: h <> '-' AND {condition})[1] END"


def _header(name: str) -> str:
    """SQL: a header of the request, decoded."""
    found = rf"regexp_extract(z.headers, '(?i)(?:^|%0D%0A|\\r\\n){name}: *(.*?)(?:%0D%0A|\\r\\n|$)', 1)"
    return decoded(f"nullif({found}, '')")


SQUID = Format(
    name="squid",
    title="Squid's own log, with or without headers",
    shape=Pattern(
        rf"^ *(?P<time>{_TIMED}) +(?P<time_taken>-?\d+) (?P<ip>\S+) {_TAG}/(?P<status>\d{{3}}|-)"
        rf" (?P<bytes>\d+|-) (?P<method>\S+) (?P<target>\S+) (?P<user>.*?) {_TAG}/\S+ \S+{_BEHIND}"
    ),
    time=Time(epoch=1),
    taken=1,
    derive=(
        ("ip", only_where(address("z.ip"), is_page("z.target", "z.method"), _NO_PEER)),
        ("time", unbracketed("z.time")),
        ("host", url_host("z.target")),
        ("target", url_target("z.target")),
        ("status", "CASE z.status WHEN '-' THEN '0' ELSE z.status END"),
        ("referrer", f"coalesce({_header('Referer')}, {_quoted(_URL)})"),
        ("user_agent", f"coalesce({_header('User-Agent')}, {_quoted(f'h <> $$$$ AND NOT {_URL}')})"),
    ),
    other=rf"regexp_matches({{line}}, '^ *(?:{_TIMED}) +-?\d+ \S+ {_TAG}/(?:\d{{3}}|-) ')",
)
