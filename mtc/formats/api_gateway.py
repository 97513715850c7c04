r"""Amazon API Gateway: its example formats in JSON, CLF and CSV.

Sources: Amazon API Gateway Developer Guide, "Access logging for REST APIs" and "Configure logging for HTTP APIs"
(example formats), and the variables of either kind, after which keys of JSON are named. `requestTimeEpoch` and
`responseLatency` are milliseconds. Where no path is logged, the resource or the route (`GET /pets/{id}`) stands for it;
the route `$default` says nothing of the path, so that such a line is rejected. A WebSocket has no method: `other`.
The CLF of REST APIs has no blank behind the time, and either CLF ends with the request's id.
"""

from mtc.formats.base import ANY_EPOCH, CLF_TIME, Format, Time
from mtc.formats.json_lines import OBJECT, JsonLines, paths_of
from mtc.formats.pattern import Pattern
from mtc.formats.texts import address, host_name, milliseconds
from mtc.formats.urls import only_where

_ROUTE = r"nullif(regexp_extract(z.route, '^(?:\S+ )?(/.*)$', 1), '')"
_HTTP = "(coalesce(z.method, '-') <> '-' OR regexp_matches(z.route, '^[A-Z]+ /'))"
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
        ("ip", only_where(address("z.ip"), _HTTP)),
        ("host", host_name("z.host")),
        ("method", "coalesce(nullif(z.method, '-'), nullif(regexp_extract(z.route, '^([A-Z]+) /', 1), ''))"),
        ("target", _ASKED),
        ("time_taken", milliseconds("z.time_taken")),
    ),
    other=OBJECT,
)


_MEANING = (
    ("ip", address("z.ip")),
    ("target", "CASE WHEN starts_with(z.target, '/') THEN z.target END"),
)
_ASKED_FOR = r"(?P<method>[A-Z]+){0}(?:[A-Z]+ )?(?P<target>/\S*|\$default){0}(?P<protocol>HTTP/[\d.]+)"
_ID = r"(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f\-]{22}|[\w\-/+]{10,}=*)"

API_GATEWAY_CLF = Format(
    name="api_gateway_clf",
    title="Amazon API Gateway's access log, example format CLF",
    shape=Pattern(
        r'^(?P<ip>[^\s"]+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] ?"'
        + _ASKED_FOR.format(" ")
        + rf'" (?P<status>\d{{3}}|-) (?P<bytes>\d+|-) {_ID}(?: {_ID})?$'
    ),
    derive=_MEANING,
)

API_GATEWAY_CSV = Format(
    name="api_gateway_csv",
    title="Amazon API Gateway's access log, example format CSV",
    shape=Pattern(
        r"^(?P<ip>[^\s,]+),(?:[^,]*,(?P<user>[^,]*),)?(?P<time>\d\d/\w+/\d{4}:[\d:]+ [+\-]\d{4}),"
        + _ASKED_FOR.format(",")
        + r",(?P<status>\d{3}|-),(?P<bytes>\d+|-),[^,]+(?:,[^,]*)?$"
    ),
    derive=_MEANING,
)
