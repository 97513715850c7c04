r"""JSON lines of API gateways and of Envoy's relatives.

Sources: Istio, "Envoy Access Logs" (the default JSON encoding), and Envoy Gateway, "Proxy Access Logs" (the default
format): values of operators that say nothing are null or `-`, DURATION is milliseconds, code 0 was not answered; the
client is the first address of X-Forwarded-For, as in Envoy's text, and without that header the downstream's. Kong
Gateway, "File Log" and "HTTP Log" (log format), and Apache APISIX, "file-logger" and "http-logger" (the default format,
without `log_format`): times are milliseconds since 1970, `request.uri` has the query. Amazon API Gateway Developer
Guide, "Access logging for REST APIs", "Configure logging for HTTP APIs" (example formats in JSON) and the variables of
either kind, after which keys are named; where no path is logged, the resource or the route stands for it, and the route
`$default` says nothing. Lines of TCP and of anything else are `other`.
"""

from mtc.formats.base import ANY_EPOCH, CLF_TIME, Format, Time
from mtc.formats.json_lines import JsonLines, Paths, paths_of, pointer
from mtc.formats.pairs import whole
from mtc.formats.texts import address, host_name, milliseconds
from mtc.formats.urls import is_page, only_where, url_host, url_target

_MILLIS = Time((), epoch=1000, iso=True)
_NO_REQUEST = "json_valid(c0)"
_ENVOY_NEEDED = (("ip", "forwarded"), ("time",), ("target",), ("status",))
_CLIENT = f"coalesce({address('z.forwarded')}, {address('z.ip')})"

ENVOY_JSON = Format(
    name="envoy_json",
    title="Envoy's access log in JSON, with the keys of Istio or of Envoy Gateway",
    shape=JsonLines(
        paths_of(
            host="authority :authority",
            ip="downstream_remote_address downstream_direct_remote_address",
            forwarded="x_forwarded_for x-forwarded-for",
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
        ("ip", only_where(_CLIENT, whole(*_ENVOY_NEEDED), is_page("z.target", "z.method"))),
        ("host", f"coalesce({host_name('z.host')}, {url_host('z.target')})"),
        ("target", url_target("z.target")),
    ),
    other=_NO_REQUEST,
)


def _plugin(name: str, title: str, started: str, taken: tuple[str, ...]) -> Format:
    """What the logging plug-ins of Kong write, and those of APISIX after them."""
    paths: Paths = (
        *paths_of(ip="client_ip", time=started),
        *paths_of("request", method="method", target="uri", url="url"),
        *paths_of("request", "headers", host="host :authority", referrer="referer", user_agent="user-agent"),
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
        other=_NO_REQUEST,
    )


KONG = _plugin("kong", "Kong, file-log or http-log", "started_at", ("latencies", "request"))
APISIX = _plugin("apisix", "Apache APISIX, file-logger or http-logger", "start_time", ("latency",))

_ROUTE = r"nullif(regexp_extract(z.route, '^(?:\S+ )?(/.*)$', 1), '')"
_ASKED = f"coalesce(nullif(z.target, '-'), {_ROUTE})"

API_GATEWAY = Format(
    name="api_gateway",
    title="Amazon API Gateway's access log in JSON, with the keys of its example formats",
    shape=JsonLines(
        paths_of(
            host="domainName",
            ip="ip sourceIp identity.sourceIp",
            user="user",
            time="requestTime requestTimeEpoch",
            method="httpMethod",
            target="path",
            route="resourcePath routeKey",
            protocol="protocol",
            status="status",
            bytes="responseLength",
            time_taken="responseLatency",
            user_agent="userAgent identity.userAgent",
        ),
        needed=(("ip",), ("time",), ("target", "route"), ("method", "route")),
    ),
    time=Time((CLF_TIME,), epoch=ANY_EPOCH, iso=True),
    taken=1,
    derive=(
        ("ip", address("z.ip")),
        ("host", host_name("z.host")),
        ("method", "coalesce(nullif(z.method, '-'), nullif(regexp_extract(z.route, '^([A-Z]+) /', 1), ''))"),
        ("target", _ASKED),
        ("time_taken", milliseconds("z.time_taken")),
    ),
    other=_NO_REQUEST,
)
