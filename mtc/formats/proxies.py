r"""Proxies and gateways: Traefik, Envoy and Istio, HAProxy, Kong, APISIX, Squid.

Traefik. Source: 'Access Logs', format `common` (combined, then the request's number, router, server and milliseconds;
the status of a request that was not answered is `-`).

Envoy. Sources: 'Access logging', default format string, and Istio's, which has three fields more behind the flags: the
address is the first of X-Forwarded-For, the host `:authority`, the time taken is milliseconds, status 0 was not
answered; START_TIME may have a format of its own. A line without an address is not matched. In JSON: Istio, "Envoy
Access Logs", and Envoy Gateway, "Proxy Access Logs": empty operators are null or `-`, DURATION is milliseconds, code 0
was not answered; the client is the first address of X-Forwarded-For, else the downstream's.

HAProxy, HTTP and HTTPS log. Source: HAProxy Configuration Manual, 'HTTP log format', 'Timing events', 'Session state at
disconnection'. The time is local and names no zone; the last timer is the whole time in milliseconds; a plus sign
(`option logasap`, retries) is not part of a number; status -1 was not answered. A request may be cut off at its end;
with HTTP/2 it is a URL with the host. Quotes, braces and bars from clients are written as `#XX`. Captured request
headers stand in the first braces, in an order that only the configuration knows: a URL is the referrer, a host name the
host, a list of addresses X-Forwarded-For, any other the user agent.

Kong and APISIX. Sources: Kong Gateway, "File Log" and "HTTP Log" (log format); Apache APISIX, "file-logger" and
"http-logger" (the default format, without `log_format`): times are milliseconds since 1970, `request.uri` has the
query. APISIX, `config-default.yaml`, `access_log_format`: the host stands before the request, the seconds taken behind
the size. Lines of TCP and of anything else are `other`.

Squid, with or without the request's headers behind. Sources: "logformat" (the built-in `squid`: time, milliseconds,
client, result/status, size, method, URL, user, hierarchy/peer, type) and "log_mime_hdrs", which adds the headers of
request and answer in brackets, percent-encoded. The built-in `common` and `combined` are the NCSA formats with a word
behind. Of headers that were added in quotes, the URL is the referrer, another the user agent. Status 000 was not
answered. Tunnels (CONNECT) and lines that are not requests (`error:...`, `NONE`, the cache manager's pages) are
`other`.
"""

from mtc.core.sql import literal
from mtc.formats.aws import percent_decoded
from mtc.formats.json_lines import OBJECT, JsonLines, Paths, paths_of, pointer
from mtc.formats.ltsv_logfmt import has_all_needed
from mtc.formats.model import ANY_EPOCH, CLF_TIME, Format, Time
from mtc.formats.ncsa import COMBINED_FIELDS
from mtc.formats.pattern import (
    FAST_CLIENT,
    FAST_HOST,
    FAST_IP,
    IP,
    NAME,
    NO_OTHER_BLANK,
    QUOTED,
    REFERRER_AGENT,
    TIMESTAMP,
    USER,
    WORDS,
    FastPath,
    LinePattern,
    last,
    port_off,
    uncut,
    unnamed,
)
from mtc.formats.sql import address, asks_for_page, host_name, only_where, unbracketed, url_host, url_target

TRAEFIK = Format(
    name="traefik",
    title="Traefik, format common",
    shape=LinePattern(
        rf'^{IP}\s+\S+\s+{USER}\s+{TIMESTAMP}\s+"(?P<request>{QUOTED})"\s+(?P<status>\d{{1,3}}|-)\s+(?P<bytes>[^\s"]+)'
        rf'{REFERRER_AGENT}\s+\d+\s+"{QUOTED}"\s+"{QUOTED}"\s+(?P<time_taken>\d+)ms$',
        FastPath(
            f"^{FAST_CLIENT}",
            rf"c10 IS NOT NULL AND c11 IS NULL AND c4 = ' ' AND c8 = ' ' AND {uncut('c1', 'c3', 'c5', 'c7', 'c9')}"
            r" AND regexp_full_match(c2, ' (?:\d{1,3}|-) \S+ ') AND regexp_full_match(c6, ' \d+ ')"
            r" AND regexp_full_match(c10, ' \d+ms')",
            (*COMBINED_FIELDS, ("time_taken", "trim(c10, ' ms')")),
        ),
    ),
    per_millisecond=1,
    derive=(("status", "CASE z.status WHEN '-' THEN '0' ELSE z.status END"),),
    other=(
        "starts_with({line}, 'time=')"
        r" OR regexp_matches({line}, '^\d{4}-\d\d-\d\dT\S+ (?:TRC|DBG|INF|WRN|ERR|FTL|PNC) ')"
    ),
)

_ENVOY_CLIENT = r'(?P<ip>[0-9A-Za-z\[][^",\s]*)'

ENVOY = Format(
    name="envoy",
    title="Envoy, default format (and Istio's)",
    shape=LinePattern(
        rf'^\[(?P<time>[^\]]+)\] "(?P<request>{QUOTED})" (?P<status>\d{{1,3}}) \S+ (?:\S+ \S+ "{QUOTED}" )?\d+'
        rf' (?P<bytes>\d+) (?P<time_taken>\d+) \S+ "{_ENVOY_CLIENT}[^"]*" "(?P<user_agent>{QUOTED})" "{QUOTED}"'
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
    per_millisecond=1,
    other=r"regexp_matches({line}, '^\[[^\]]+\]\[\d+\]\[\w+\]\[')",
)


_HAPROXY_CLIENT = r'^(?P<ip>[^\s"]+):\d+ \[(?P<time>[^\]\s]+)\] '
_HAPROXY_SERVER = r"\S+ \S+/\S+ "
_HAPROXY_TIMERS = r"(?:\+?-?\d+/){4}(?:-1|\+?(?P<time_taken>\d+)) "
_HAPROXY_RESPONSE = r"(?P<status>-1|\d{3}) \+?(?P<bytes>\d+) \S+ \S+ \S{4} [\d/+]+ \d+/\d+ "
_HAPROXY_CAPTURES = r"(?:\{(?P<user_agent>[^}]*)\} )?(?:\{[^}]*\} )?"
_HAPROXY_REQUEST = (
    r'"(?P<method>[A-Z][A-Z_\-]*) (?P<target>[^"]*?)'
    r'(?: (?P<protocol>HTTP/[0-9.]+))?(?:"(?:\s.*)?)?$'
)

_HOST_NAME = r"(?:[\w\-]+\.)+[A-Za-z][\w\-]*\.?|localhost"
_IS_URL = "(starts_with(h, 'https://') OR starts_with(h, 'http://'))"
_IS_HOST = rf"(NOT contains(h, ' ') AND regexp_full_match(h, '(?:{_HOST_NAME})(?::\d+)?'))"

_LISTED_ADDRESS = r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f.:]*|unknown)"
_IS_LIST = f"regexp_full_match(h, '{_LISTED_ADDRESS}(?:, *{_LISTED_ADDRESS})*')"
_IS_AGENT = f"NOT {_IS_URL} AND NOT {_IS_HOST} AND NOT {_IS_LIST}"


def _first_header(condition: str, headers: str) -> str:
    """SQL: the first of a list of headers, `h`, for which the condition holds."""
    return f"list_filter({headers}, lambda h: h NOT IN ('', '-') AND {condition})[1]"


def _captured(condition: str) -> str:
    """SQL: the first captured header for which the condition holds."""
    found = _first_header(condition, "string_split(z.user_agent, '|')")
    return f"CASE WHEN z.user_agent <> '' THEN {found} END"


def captured_headers(headers: str) -> dict[str, str]:
    """SQL for the fields that captured headers are, by what they hold. `headers` is SQL for a list of them."""
    return {
        "host": f"regexp_replace({_first_header(_IS_HOST, headers)}, ':\\d+$', '')",
        "referrer": _first_header(_IS_URL, headers),
        "user_agent": _first_header(_IS_AGENT, headers),
        "forwarded_for": _first_header(_IS_LIST, headers),
    }


# Messages of HAProxy, lines of TCP proxies, failed connections, invalid requests.
HAPROXY_OTHER = (
    r"regexp_matches({line}, '^(?:Proxy|Server|[Bb]ackend|Health check|Stopping|Pausing|Enabling|New worker) ')"
    r" OR regexp_matches({line}, '^\S+:\d+ \[[^\]]+\] (?:\S+/\S+: |\S+ \S+/\S+ [\d/+-]+ \+?\d+ \S\S )')"
    " OR contains({line}, '\"<BADREQ>\"')"
)

_HAPROXY_HEAD = f"{_HAPROXY_CLIENT}{_HAPROXY_SERVER}{_HAPROXY_TIMERS}{_HAPROXY_RESPONSE}{_HAPROXY_CAPTURES}"
_HAPROXY_SURE = f"{last(2)} AND regexp_full_match(c0, {literal(unnamed(_HAPROXY_HEAD))}) AND head.asked.method <> ''"
_HAPROXY_PARTS = literal(r"^([A-Z][A-Z_\-]*) (\S+) (HTTP/[0-9.]+)$")
_HAPROXY_COMPUTED = f"{{words: {WORDS}, asked: regexp_extract(c1, {_HAPROXY_PARTS}, ['method', 'target', 'protocol'])}}"
_HAPROXY_FIELDS = (
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
    shape=LinePattern(
        f"{_HAPROXY_HEAD}{_HAPROXY_REQUEST}",
        FastPath("", _HAPROXY_SURE, _HAPROXY_FIELDS, computed=_HAPROXY_COMPUTED),
    ),
    time=Time(("%d/%b/%Y:%H:%M:%S.%f",)),
    per_millisecond=1,
    derive=(
        ("host", f"regexp_replace({_captured(_IS_HOST)}, ':\\d+$', '')"),
        ("referrer", _captured(_IS_URL)),
        ("user_agent", _captured(_IS_AGENT)),
        ("forwarded_for", _captured(_IS_LIST)),
        ("status", "CASE z.status WHEN '-1' THEN '0' ELSE z.status END"),
    ),
    other=HAPROXY_OTHER,
)


_EPOCH_MILLIS = Time((), epoch=1000, iso=True)
_ENVOY_NEEDED = (("ip", "forwarded_for"), ("time",), ("target",), ("status",))
_ENVOY_FORWARDED = address("nullif(z.forwarded_for, '-')")
_ENVOY_JSON_CLIENT = f"coalesce({_ENVOY_FORWARDED}, {address('z.ip')})"

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
    per_millisecond=1,
    derive=(
        ("ip", only_where(_ENVOY_JSON_CLIENT, has_all_needed(*_ENVOY_NEEDED), asks_for_page("z.target", "z.method"))),
        ("host", f"coalesce({host_name('z.host')}, {url_host('z.target')})"),
        ("target", url_target("z.target")),
    ),
    other=OBJECT,
)


def _plugin_format(name: str, title: str, started: str, duration: tuple[str, ...]) -> Format:
    """A format of Kong's logging plug-ins, whose objects those of APISIX follow."""
    paths: Paths = (
        *paths_of(ip="client_ip", time=started),
        *paths_of("request", method="method", target="uri", url="url"),
        *paths_of("request", "headers", host="host :authority", referrer="referer", user_agent="user-agent"),
        *paths_of("request", "headers", forwarded_for="x-forwarded-for", real_ip="x-real-ip"),
        *paths_of("response", status="status", bytes="size"),
        *paths_of("consumer", user="username"),
        ("time_taken", (pointer(*duration),)),
    )
    return Format(
        name=name,
        title=title,
        shape=JsonLines(paths, needed=(("ip",), ("time",), ("target", "url"), ("method",))),
        time=_EPOCH_MILLIS,
        per_millisecond=1,
        derive=(
            ("ip", only_where(address("z.ip"), asks_for_page("coalesce(z.target, z.url)", "z.method"))),
            ("host", f"coalesce({host_name('z.host')}, {url_host('z.url')})"),
            ("target", url_target("coalesce(z.target, z.url)")),
        ),
        other=OBJECT,
    )


KONG = _plugin_format("kong", "Kong, file-log or http-log", "started_at", ("latencies", "request"))
APISIX = _plugin_format("apisix", "Apache APISIX, file-logger or http-logger", "start_time", ("latency",))

APISIX_ACCESS = Format(
    name="apisix_access",
    title="Apache APISIX, access log",
    shape=LinePattern(
        rf'^{IP}\s+\S+\s+{USER}\s+{TIMESTAMP}\s+(?P<host>{NAME})(?::\d+)?\s+"(?P<request>{QUOTED})"\s+(?P<status>\d{{3}})'
        rf"\s+(?P<bytes>\d+|-)\s+(?P<time_taken>\d+\.\d+){REFERRER_AGENT}(?:\s.*)?$",
        FastPath(
            rf"^{FAST_IP} \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] {FAST_HOST}$",
            rf"{last(6)} AND c4 = ' ' AND {uncut('c1', 'c3', 'c5')}"
            r" AND regexp_full_match(c2, ' \d{3} (?:\d+|-) \d+\.\d+ ')",
            (*COMBINED_FIELDS, ("time_taken", "split_part(c2, ' ', 4)")),
        ),
    ),
    per_millisecond=0.001,
)


_SQUID_TAG = r"(?:[A-Z][A-Z_0-9]*)"
# Many configurations write a readable time in place of the seconds.
_SQUID_TIME = r"\d{9,}\.\d{3}|\[?\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+\-]\d{4}\]?"
_SQUID_HEADERS = r"\[(?P<headers>[^\[\]]*)\] \[[^\[\]]*\]"
_SQUID_TAIL = rf"(?P<behind>(?: {_SQUID_HEADERS})?(?: .*)?)$"
_SQUID_QUOTED_TEXTS = 'regexp_extract_all(z.behind, \'"((?:[^"\\\\]|\\\\.)*)"\', 1)'
_IS_ANY_URL = "regexp_matches(h, '^[A-Za-z][A-Za-z0-9+.-]*://')"

# Requests of other caches, by ICP or HTCP.
_SQUID_NO_PEER = "NOT regexp_matches(z.method, '^(?:ICP|HTCP)_')"


def _squid_quoted(condition: str) -> str:
    """SQL: the first quoted text after the type for which the condition holds: a header added to the format."""
    found = f"list_filter({_SQUID_QUOTED_TEXTS}, lambda h: h <> '-' AND {condition})[1]"
    return f"CASE WHEN contains(z.behind, '\"') THEN {found} END"


def _squid_header(name: str) -> str:
    """SQL: a header of the request, decoded."""
    found = rf"regexp_extract(z.headers, '(?i)(?:^|%0D%0A|\\r\\n){name}: *(.*?)(?:%0D%0A|\\r\\n|$)', 1)"
    return percent_decoded(f"nullif({found}, '')")


# Nine words behind a number of seconds are the fields without a header behind them. Blanks align the time taken.
_SQUID_WORDS = "string_split(ltrim(substr(c0, instr(c0, ' '))), ' ')"
_SQUID_BEGINNING = rf"^\d{{9,}}\.\d{{3}} +-?\d+ \S+ {_SQUID_TAG}/(?:\d{{3}}|-) (?:\d+|-) \S+ \S"
_SQUID_SURE = (
    f"c1 IS NULL AND len(head) = 9 AND {NO_OTHER_BLANK} AND regexp_matches(c0, {literal(_SQUID_BEGINNING)})"
    f" AND regexp_matches(head[8], '^{_SQUID_TAG}/.') AND head[9] <> ''"
)

SQUID = Format(
    name="squid",
    title="Squid's own log, with or without headers",
    shape=LinePattern(
        rf"^ *(?P<time>{_SQUID_TIME}) +(?P<time_taken>-?\d+) (?P<ip>\S+) {_SQUID_TAG}/(?P<status>\d{{3}}|-)"
        rf" (?P<bytes>\d+|-) (?P<method>\S+) (?P<target>\S+) (?P<user>.*?) {_SQUID_TAG}/\S+ \S+{_SQUID_TAIL}",
        FastPath(
            "",
            _SQUID_SURE,
            (
                ("time", "split_part(c0, ' ', 1)"),
                ("time_taken", "head[1]"),
                ("ip", "head[2]"),
                ("status", "split_part(head[3], '/', 2)"),
                ("bytes", "head[4]"),
                ("method", "head[5]"),
                ("target", "head[6]"),
                ("user", "head[7]"),
                ("behind", "''"),
                ("headers", "''"),
            ),
            computed=_SQUID_WORDS,
        ),
    ),
    time=Time(epoch=1),
    per_millisecond=1,
    derive=(
        ("ip", only_where(address("z.ip"), asks_for_page("z.target", "z.method"), _SQUID_NO_PEER)),
        ("time", unbracketed("z.time")),
        ("host", url_host("z.target")),
        ("target", url_target("z.target")),
        ("status", "CASE z.status WHEN '-' THEN '0' ELSE z.status END"),
        ("referrer", f"coalesce({_squid_header('Referer')}, {_squid_quoted(_IS_ANY_URL)})"),
        ("user_agent", f"coalesce({_squid_header('User-Agent')}, {_squid_quoted(f'h <> $$$$ AND NOT {_IS_ANY_URL}')})"),
    ),
    other=rf"regexp_matches({{line}}, '^ *(?:{_SQUID_TIME}) +-?\d+ \S+ {_SQUID_TAG}/(?:\d{{3}}|-) ')",
)
