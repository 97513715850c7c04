r"""JSON lines of Envoy's relatives and of Kong and APISIX; APISIX's text.

Sources: Istio, "Envoy Access Logs" (the default JSON encoding), and Envoy Gateway, "Proxy Access Logs" (the default
format): values of operators that say nothing are null or `-`, DURATION is milliseconds, code 0 was not answered; the
client is the first address of X-Forwarded-For, as in Envoy's text, and without that header the downstream's. Kong
Gateway, "File Log" and "HTTP Log" (log format), and Apache APISIX, "file-logger" and "http-logger" (the default format,
without `log_format`): times are milliseconds since 1970, `request.uri` has the query. APISIX, `config-default.yaml`,
`access_log_format`: the host stands before the request, the seconds taken behind the size. Lines of TCP and of anything
else are `other`.
"""

from mtc.formats.base import ANY_EPOCH, Format, Time
from mtc.formats.expressions import CLOCK, IP, NAME, QUOTED, USER, WHOM
from mtc.formats.json_lines import OBJECT, JsonLines, Paths, paths_of, pointer
from mtc.formats.pairs import whole
from mtc.formats.pattern import Pattern
from mtc.formats.texts import address, host_name
from mtc.formats.urls import is_page, only_where, url_host, url_target

_MILLIS = Time((), epoch=1000, iso=True)
_ENVOY_NEEDED = (("ip", "forwarded_for"), ("time",), ("target",), ("status",))
_FORWARDED = address("nullif(z.forwarded_for, '-')")
_CLIENT = f"coalesce({_FORWARDED}, {address('z.ip')})"

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
        ("ip", only_where(_CLIENT, whole(*_ENVOY_NEEDED), is_page("z.target", "z.method"))),
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
