r"""JSON lines of content delivery networks and hosters at the edge: Fastly and Vercel.

Sources: Fastly, "Custom log formats" and "Log streaming" (the format in JSON that new endpoints are given, and the
older one that names `time_start`, `request` and `resp_body_size`), and "Log streaming: Datadog" (with `http` and
`network`, whose `request_time_ms` has been of either unit): where `fastly_is_edge` is false, one of Fastly's own
servers asked its shield for what a client had asked it for, so that the line is `other`. Vercel, "Log Drains
Reference", as NDJSON: the request stands in `proxy`, times are milliseconds since 1970; what a function printed
(`stdout`, `stderr`) and status -1 in `proxy` (a revalidation in the background) are no requests of a client.
"""

from mtc.formats.base import ANY_EPOCH, CLF_TIME, Format, Time
from mtc.formats.json_lines import OBJECT, JsonLines, merged, paths_of, pointer
from mtc.formats.texts import address, host_name, http_version
from mtc.formats.urls import is_page, only_where, url_host, url_target

_AT_EDGE = "lower(coalesce(z.edge, '')) NOT IN ('false', '0')"

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
                # What else tells that it was Fastly.
                telling="fastly_server service_id ddsource cache_status geo_city",
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
        needed=(("ip",), ("time",), ("target",), ("method",), ("edge", "telling")),
    ),
    time=Time((CLF_TIME,), utc=True, epoch=ANY_EPOCH, iso=True),
    taken=1000,
    derive=(
        ("ip", only_where(address("z.ip"), is_page("z.target", "z.method"), _AT_EDGE)),
        ("host", f"coalesce({url_host('z.target')}, {host_name('z.host')})"),
        ("target", url_target("z.target")),
        ("protocol", http_version("z.protocol")),
    ),
    other=OBJECT,
)


_OF_CLIENT = "coalesce(z.background, '') <> '-1' AND coalesce(z.printed, '') NOT IN ('stdout', 'stderr')"

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
        ("ip", only_where(address("z.ip"), is_page("z.target", "z.method"), _OF_CLIENT)),
        ("host", f"coalesce({url_host('z.target')}, {host_name('z.host')})"),
        ("target", url_target("z.target")),
    ),
    other=OBJECT,
)
