r"""JSON lines of cloud providers' balancers: Google Cloud Logging and Azure's resource logs.

Sources: Google Cloud, "Logging query: LogEntry, HttpRequest" and "External Application Load Balancer logging and
monitoring": `requestUrl` is a whole URL, `latency` ends with `s`, `remoteIp` may have a port; App Engine's request log
(`RequestLog`) has its fields in `protoPayload`. Azure, "Monitor metrics and logs in Azure Front Door" and "Azure Front
Door (classic)": `requestUri` is a whole URL, `timeTaken` seconds, `httpVersion` a number; where `isReceivedFromClient`
is false, the edge asked the origin shield for what a client had asked the edge for, so that the line is `other`. Azure
Application Gateway, "Diagnostic logs", access log: `timeTaken` is milliseconds in v1 and seconds in v2, and v1 writes
plus signs for blanks in user agents and adds `X-AzureApplicationGateway-...` to queries. The table AGWAccessLogs has
the same names with a capital. Firewall and other logs in the same place have no status: they are `other`.
"""

from mtc.formats.base import Format, Time
from mtc.formats.json_lines import OBJECT, JsonLines, merged, paths_of
from mtc.formats.texts import address, host_name, http_version, milliseconds
from mtc.formats.urls import is_page, only_where, url_host, url_target

_UTC = Time((), utc=True, iso=True)
# Some exports put many entries into one object, of which none would be read.
_ENTRY = (
    f"{OBJECT} AND json_extract_string({{line}}, '/records') IS NULL"
    " AND json_extract_string({line}, '/entries') IS NULL"
)
_NEEDED = (("ip",), ("time",), ("target",), ("status",))


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
    time=_UTC,
    taken=1,
    derive=(
        ("ip", only_where(address("z.ip"), is_page("z.target", "z.method"))),
        ("host", f"coalesce({url_host('z.target')}, {host_name('z.host')})"),
        ("target", url_target("z.target")),
        ("protocol", http_version("z.protocol")),
        ("time_taken", milliseconds("z.time_taken", unit=1000)),
    ),
    other=_ENTRY,
)

_FROM_CLIENT = "lower(coalesce(z.from_client, '')) <> 'false'"

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
        needed=_NEEDED,
    ),
    time=_UTC,
    taken=0.001,
    derive=(
        ("ip", only_where(address("z.ip"), is_page("z.target", "z.method"), _FROM_CLIENT)),
        ("host", f"coalesce({url_host('z.target')}, {host_name('z.host')})"),
        ("target", url_target("z.target")),
        ("protocol", http_version("z.protocol")),
    ),
    other=_ENTRY,
)

_FIRST = "starts_with(coalesce(z.instance, ''), 'ApplicationGatewayRole')"
_QUERY = "regexp_replace(coalesce(nullif(z.query, '-'), ''), '&?X-AzureApplicationGateway-.*$', '')"
_ASKED = f"concat({url_target('z.uri')}, CASE WHEN {_QUERY} <> '' THEN concat('?', ltrim({_QUERY}, '?')) ELSE '' END)"
_SECONDS = milliseconds("z.time_taken", unit=1000)
_BLANKS = "replace(z.user_agent, '+', ' ')"
_GATEWAY = {
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


def _capital(names: str) -> str:
    return " ".join(f"{name[0].upper()}{name[1:]}" for name in names.split())


AZURE_APPLICATION_GATEWAY = Format(
    name="azure_application_gateway",
    title="Azure Application Gateway's access log, v1 and v2",
    shape=JsonLines(
        merged(
            paths_of(time="timeStamp time TimeGenerated"),
            paths_of("properties", **_GATEWAY),
            paths_of(**{field: _capital(names) for field, names in _GATEWAY.items()}),
        ),
        needed=(("ip",), ("time",), ("target", "uri"), ("status",)),
    ),
    time=_UTC,
    taken=1,
    derive=(
        ("ip", only_where(address("z.ip"), is_page("coalesce(z.target, z.uri)", "z.method"))),
        ("host", f"coalesce({host_name('z.host')}, {url_host('coalesce(z.target, z.uri)')})"),
        ("target", f"CASE WHEN z.target IS NULL THEN {_ASKED} ELSE {url_target('z.target')} END"),
        ("query", "NULL::VARCHAR"),
        ("time_taken", f"CASE WHEN {_FIRST} THEN {milliseconds('z.time_taken')} ELSE {_SECONDS} END"),
        ("user_agent", f"CASE WHEN {_FIRST} AND NOT contains(z.user_agent, ' ') THEN {_BLANKS} ELSE z.user_agent END"),
    ),
    other=_ENTRY,
)
