r"""JSON lines and texts of cloud providers and content delivery networks.

Google Cloud. Sources: "Logging query: LogEntry, HttpRequest" and "External Application Load Balancer logging and
monitoring": `requestUrl` is a whole URL, `latency` ends with `s`, `remoteIp` may have a port; App Engine's request log
(`RequestLog`) has its fields in `protoPayload`.

Azure. Sources: "Monitor metrics and logs in Azure Front Door" and "Azure Front Door (classic)": `requestUri` is a whole
URL, `timeTaken` seconds, `httpVersion` a number; where `isReceivedFromClient` is false, the edge asked the origin
shield for a client's request, so the line is `other`. "Diagnostic logs" of Application Gateway, access log: `timeTaken`
is milliseconds in v1 and seconds in v2, and v1 writes plus signs for blanks in user agents and adds
`X-AzureApplicationGateway-...` to queries. The table AGWAccessLogs has the same names with a capital. Firewall and
other logs in the same place have no status: `other`.

Fastly. Sources: "Custom log formats" and "Log streaming" (the JSON of new endpoints, and the older one with
`time_start`, `request` and `resp_body_size`), "Log streaming: Datadog" (with `http` and `network`, whose
`request_time_ms` has been of either unit). Where `fastly_is_edge` is false, one of Fastly's own servers asked its
shield: `other`.

Vercel. Source: "Log Drains Reference", as NDJSON: the request is in `proxy`, times are milliseconds since 1970; what a
function printed (`stdout`, `stderr`) and status -1 in `proxy` (a background revalidation) are not a client's requests.

Akamai DataStream 2: JSON, structured (between blanks or tabs), and names and values. Source: "DataStream 2: Data set
parameters" and "Log format": values are percent-encoded, `reqTimeSec` is seconds since 1970, `reqPath` may lack its
slash, a key may be missing or `-`. A structured line has the values in the order of the stream's fields; it is read
where that is the documentation's: from `reqTimeSec` to `reqPath`, and what may follow up to the user agent and the
referrer. Names and values (`cliIP=...`) have the names of JSON.
"""

from mtc.core.sql import literal
from mtc.formats.aws import percent_decoded
from mtc.formats.json_lines import OBJECT, JsonLines, merged, paths_of, pointer
from mtc.formats.ltsv_logfmt import Pairs, has_all_needed
from mtc.formats.model import ANY_EPOCH, CLF_TIME, Format, Time
from mtc.formats.pattern import NO_OTHER_BLANK, WORDS, FastPath, LinePattern, unnamed
from mtc.formats.sql import (
    address,
    asks_for_page,
    host_name,
    http_version,
    milliseconds,
    only_where,
    url_host,
    url_target,
)

_UTC_TIME = Time((), utc=True, iso=True)
# Some exports put many entries into one object; none of them would be read.
_SINGLE_ENTRY = (
    f"{OBJECT} AND json_extract_string({{line}}, '/records') IS NULL"
    " AND json_extract_string({line}, '/entries') IS NULL"
)
_FRONT_DOOR_NEEDED = (("ip",), ("time",), ("target",), ("status",))


GOOGLE_CLOUD = Format(
    name="google_cloud",
    title="Google Cloud Logging: requests to load balancers, Cloud Run and App Engine",
    shape=JsonLines(
        merged(
            paths_of(
                "httpRequest",
                ip="remoteIp",
                method="requestMethod",
                target="requestUrl",
                protocol="protocol",
                status="status",
                bytes="responseSize",
                time_taken="latency",
                referrer="referer",
                user_agent="userAgent",
            ),
            paths_of(
                "protoPayload",
                host="host",
                ip="ip",
                time="startTime",
                method="method",
                target="resource",
                protocol="httpVersion",
                status="status",
                bytes="responseSize",
                time_taken="latency",
                referrer="referrer",
                user_agent="userAgent",
            ),
            paths_of(time="timestamp receiveTimestamp"),
        ),
        needed=(("ip",), ("time",), ("target",), ("method",)),
    ),
    time=_UTC_TIME,
    per_millisecond=1,
    derive=(
        ("ip", only_where(address("z.ip"), asks_for_page("z.target", "z.method"))),
        ("host", f"coalesce({url_host('z.target')}, {host_name('z.host')})"),
        ("target", url_target("z.target")),
        ("protocol", http_version("z.protocol")),
        ("time_taken", milliseconds("z.time_taken", unit=1000)),
    ),
    other=_SINGLE_ENTRY,
)

_FRONT_DOOR_FROM_CLIENT = "lower(coalesce(z.from_client, '')) <> 'false'"

AZURE_FRONT_DOOR = Format(
    name="azure_front_door",
    title="Azure Front Door's access log",
    shape=JsonLines(
        merged(
            paths_of(time="time timeStamp"),
            paths_of(
                "properties",
                host="hostName",
                ip="clientIp clientIP",
                method="httpMethod",
                target="requestUri",
                protocol="httpVersion",
                status="httpStatusCode",
                bytes="responseBytes",
                time_taken="timeTaken",
                referrer="referer referrer",
                user_agent="userAgent",
                from_client="isReceivedFromClient",
            ),
        ),
        needed=_FRONT_DOOR_NEEDED,
    ),
    time=_UTC_TIME,
    per_millisecond=0.001,
    derive=(
        ("ip", only_where(address("z.ip"), asks_for_page("z.target", "z.method"), _FRONT_DOOR_FROM_CLIENT)),
        ("host", f"coalesce({url_host('z.target')}, {host_name('z.host')})"),
        ("target", url_target("z.target")),
        ("protocol", http_version("z.protocol")),
    ),
    other=_SINGLE_ENTRY,
)

_GATEWAY_V1 = "starts_with(coalesce(z.instance, ''), 'ApplicationGatewayRole')"
_GATEWAY_V1_QUERY = "regexp_replace(coalesce(nullif(z.query, '-'), ''), '&?X-AzureApplicationGateway-.*$', '')"
_GATEWAY_V1_TARGET = f"""concat({url_target("z.uri")},
    CASE WHEN {_GATEWAY_V1_QUERY} <> '' THEN concat('?', ltrim({_GATEWAY_V1_QUERY}, '?')) ELSE '' END)"""
_GATEWAY_V2_TIME = milliseconds("z.time_taken", unit=1000)
_V1_AGENT = "replace(z.user_agent, '+', ' ')"
_GATEWAY_KEYS = {
    "host": "originalHost host",
    "ip": "clientIP clientIp",
    "method": "httpMethod",
    "target": "originalRequestUriWithArgs",
    "uri": "requestUri",
    "query": "requestQuery",
    "protocol": "httpVersion",
    "status": "httpStatus",
    "bytes": "sentBytes",
    "time_taken": "timeTaken",
    "user_agent": "userAgent",
    "instance": "instanceId",
}


def _capitalised(names: str) -> str:
    return " ".join(f"{name[0].upper()}{name[1:]}" for name in names.split())


AZURE_APPLICATION_GATEWAY = Format(
    name="azure_application_gateway",
    title="Azure Application Gateway's access log, v1 and v2",
    shape=JsonLines(
        merged(
            paths_of(time="timeStamp time TimeGenerated"),
            paths_of("properties", **_GATEWAY_KEYS),
            paths_of(**{field: _capitalised(names) for field, names in _GATEWAY_KEYS.items()}),
        ),
        needed=(("ip",), ("time",), ("target", "uri"), ("status",)),
    ),
    time=_UTC_TIME,
    per_millisecond=1,
    derive=(
        ("ip", only_where(address("z.ip"), asks_for_page("coalesce(z.target, z.uri)", "z.method"))),
        ("host", f"coalesce({host_name('z.host')}, {url_host('coalesce(z.target, z.uri)')})"),
        ("target", f"CASE WHEN z.target IS NULL THEN {_GATEWAY_V1_TARGET} ELSE {url_target('z.target')} END"),
        ("query", "NULL::VARCHAR"),
        ("time_taken", f"CASE WHEN {_GATEWAY_V1} THEN {milliseconds('z.time_taken')} ELSE {_GATEWAY_V2_TIME} END"),
        (
            "user_agent",
            f"CASE WHEN {_GATEWAY_V1} AND NOT contains(z.user_agent, ' ') THEN {_V1_AGENT} ELSE z.user_agent END",
        ),
    ),
    other=_SINGLE_ENTRY,
)


_FASTLY_AT_EDGE = "lower(coalesce(z.edge, '')) NOT IN ('false', '0')"

FASTLY = Format(
    name="fastly",
    title="Fastly's log streaming in JSON",
    shape=JsonLines(
        merged(
            paths_of(
                host="host",
                ip="client_ip",
                time="timestamp time_start",
                method="request_method request",
                target="url",
                protocol="request_protocol protocol",
                status="response_status status",
                bytes="response_body_size resp_body_size",
                time_taken="time_elapsed",
                referrer="request_referer",
                user_agent="request_user_agent",
                edge="fastly_is_edge is_edge",
                # Other keys that identify Fastly.
                marker="fastly_server service_id ddsource cache_status geo_city",
            ),
            paths_of(
                "http",
                method="method",
                target="url",
                protocol="protocol",
                status="status_code",
                referrer="referer",
                user_agent="useragent",
                forwarded_for="request_x_forwarded_for",
            ),
            paths_of("network", bytes="bytes_written"),
            paths_of("network", "client", ip="ip"),
        ),
        needed=(("ip",), ("time",), ("target",), ("method",), ("edge", "marker")),
    ),
    time=Time((CLF_TIME,), utc=True, epoch=ANY_EPOCH, iso=True),
    per_millisecond=1000,
    derive=(
        ("ip", only_where(address("z.ip"), asks_for_page("z.target", "z.method"), _FASTLY_AT_EDGE)),
        ("host", f"coalesce({url_host('z.target')}, {host_name('z.host')})"),
        ("target", url_target("z.target")),
        ("protocol", http_version("z.protocol")),
    ),
    other=OBJECT,
)


_VERCEL_FROM_CLIENT = "coalesce(z.background, '') <> '-1' AND coalesce(z.printed, '') NOT IN ('stdout', 'stderr')"

VERCEL = Format(
    name="vercel",
    title="Vercel's log drain, NDJSON",
    shape=JsonLines(
        (
            *paths_of(
                "proxy",
                ip="clientIp",
                method="method",
                target="path",
                bytes="responseByteSize",
                referrer="referer",
                background="statusCode",
            ),
            ("host", (pointer("proxy", "host"), pointer("host"))),
            ("time", (pointer("proxy", "timestamp"), pointer("timestamp"))),
            ("status", (pointer("proxy", "statusCode"), pointer("statusCode"))),
            ("user_agent", (pointer("proxy", "userAgent", 0), pointer("proxy", "userAgent"))),
            ("printed", (pointer("type"),)),
        ),
        needed=(("ip",), ("time",), ("target",), ("method",)),
    ),
    time=Time((), epoch=1000, iso=True),
    derive=(
        ("ip", only_where(address("z.ip"), asks_for_page("z.target", "z.method"), _VERCEL_FROM_CLIENT)),
        ("host", f"coalesce({url_host('z.target')}, {host_name('z.host')})"),
        ("target", url_target("z.target")),
    ),
    other=OBJECT,
)


_AKAMAI_TIME = Time((), epoch=ANY_EPOCH, iso=True)
_AKAMAI_NEEDED = (("ip",), ("time",), ("path",))
_AKAMAI_KEYS = {
    "host": "reqHost",
    "ip": "cliIP",
    "time": "reqTimeSec",
    "method": "reqMethod",
    "path": "reqPath",
    "query": "queryStr",
    "protocol": "proto",
    "version": "protoVer",
    "status": "statusCode",
    "bytes": "bytes totalBytes",
    "time_taken": "turnAroundTimeMSec",
    "referrer": "referer",
    "user_agent": "UA",
    "forwarded_for": "xForwardedFor",
}


def _decoded_text(value: str) -> str:
    """SQL: a decoded value. Blanks are `%20`, or plus signs where there is no `%20`."""
    plus = f"contains({value}, '%') AND contains({value}, '+') AND NOT contains({value}, '%20')"
    blanks = f"replace({value}, '+', ' ')"
    return f"CASE WHEN {plus} THEN {percent_decoded(blanks)} ELSE {percent_decoded(value)} END"


def _decoded_whole(value: str, signs: str) -> str:
    """SQL: a value, decoded if it was encoded as a whole: it contains none of `signs`, its structural characters."""
    return f"CASE WHEN regexp_matches({value}, '[{signs}]') THEN {value} ELSE {percent_decoded(value)} END"


_AKAMAI_NO_TUNNEL = "coalesce(z.method, '') <> 'CONNECT'"
_AKAMAI_PROTOCOL = "CASE WHEN starts_with(z.protocol, 'HTTP/') THEN z.protocol END"
_AKAMAI_PATH = f"concat('/', ltrim({_decoded_whole('z.path', '/')}, '/'))"
_AKAMAI_MEANING = {
    "ip": only_where(address("z.ip"), _AKAMAI_NO_TUNNEL),
    "host": host_name("z.host"),
    "path": f"CASE z.path WHEN '-' THEN '/' WHEN '' THEN NULL ELSE {_AKAMAI_PATH} END",
    "query": f"nullif(nullif({_decoded_whole('z.query', '=&')}, '-'), '')",
    "protocol": http_version(f"coalesce({_AKAMAI_PROTOCOL}, z.version)"),
    "referrer": _decoded_whole("z.referrer", ":/"),
    "user_agent": _decoded_text("z.user_agent"),
}

AKAMAI = Format(
    name="akamai",
    title="Akamai DataStream 2 in JSON",
    shape=JsonLines(paths_of(**_AKAMAI_KEYS), needed=_AKAMAI_NEEDED),
    time=_AKAMAI_TIME,
    per_millisecond=1,
    derive=tuple(_AKAMAI_MEANING.items()),
    other=OBJECT,
)

AKAMAI_PAIRS = Format(
    name="akamai_pairs",
    title="Akamai DataStream 2, names and values",
    shape=Pairs(
        "logfmt", tuple((field, tuple(keys.split())) for field, keys in _AKAMAI_KEYS.items()), needed=_AKAMAI_NEEDED
    ),
    time=_AKAMAI_TIME,
    per_millisecond=1,
    derive=tuple(
        (
            _AKAMAI_MEANING | {"ip": only_where(address("z.ip"), has_all_needed(*_AKAMAI_NEEDED), _AKAMAI_NO_TUNNEL)}
        ).items()
    ),
    other="contains({line}, 'reqTimeSec=')",
)

_S = r"[ \t]"
_STRUCTURED_REQUEST = (
    rf"(?P<time>\d{{10}}(?:\.\d+)?){_S}(?P<bytes>\d+|-){_S}(?P<ip>[0-9A-Fa-f.:]+){_S}(?P<status>\d{{1,3}}|-)"
    rf"{_S}(?P<protocol>HTTPS?(?:/[\d.]+)?){_S}(?P<host>\S+){_S}(?P<method>[A-Z]+|-){_S}(?P<path>\S+)"
)
_STRUCTURED_RESPONSE = (
    rf"(?:{_S}\S+){{3}}{_S}(?P<user_agent>\S+)"
    rf"(?:(?:{_S}\S+){{6}}{_S}(?P<query>\S+)(?:{_S}\S+){{4}}{_S}(?P<referrer>\S+)(?:{_S}.*)?|{_S}.*)?"
)

_STRUCTURED_LINE = rf"^\d+{_S}(?:\S+{_S}){{1,4}}{_STRUCTURED_REQUEST}(?:{_STRUCTURED_RESPONSE}|{_S}.*)?$"


def _structured_word(behind_time: int) -> str:
    """SQL: a word by its distance from the time, which is the third to the sixth."""
    return f"head.words[head.time + {behind_time}]"


# Only the protocol begins with HTTP, where the line might have it: so it is certain which word is the time.
_STRUCTURED_HTTP = [f"starts_with({WORDS}[{at + 4}], 'HTTP')::INTEGER" for at in range(3, 7)]
_STRUCTURED_TIME = " + ".join(f"{at} * {is_http}" for at, is_http in zip(range(3, 7), _STRUCTURED_HTTP, strict=True))
_STRUCTURED_HEAD = f"{{words: {WORDS}, time: {_STRUCTURED_TIME}, times: {' + '.join(_STRUCTURED_HTTP)}}}"
_STRUCTURED_REQUEST_WORDS = f"concat_ws(' ', {', '.join(map(_structured_word, range(8)))})"
_STRUCTURED_SURE = (
    f"c1 IS NULL AND head.times = 1 AND {_structured_word(23)} <> '' AND NOT contains(c0, '  ') AND {NO_OTHER_BLANK}"
    r" AND regexp_full_match(head.words[1], '\d+')"
    f" AND regexp_full_match({_STRUCTURED_REQUEST_WORDS}, {literal(unnamed(_STRUCTURED_REQUEST))})"
)
_STRUCTURED_FIELDS = (
    *(
        (name, _structured_word(at))
        for at, name in enumerate(("time", "bytes", "ip", "status", "protocol", "host", "method", "path"))
    ),
    *(("user_agent", _structured_word(11)), ("query", _structured_word(18)), ("referrer", _structured_word(23))),
)

AKAMAI_STRUCTURED = Format(
    name="akamai_structured",
    title="Akamai DataStream 2, structured: its fields in the order of the documentation",
    shape=LinePattern(_STRUCTURED_LINE, FastPath("", _STRUCTURED_SURE, _STRUCTURED_FIELDS, computed=_STRUCTURED_HEAD)),
    time=Time((), epoch=1),
    derive=tuple((_AKAMAI_MEANING | {"protocol": http_version(_AKAMAI_PROTOCOL)}).items()),
)
