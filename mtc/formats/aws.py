r"""Amazon's formats: load balancers, S3, CloudFront, API Gateway.

Load balancers, Classic (`elb`) and Application (`alb`). Source: Elastic Load Balancing, 'Access log entries' of either
guide. Times are UTC; the time taken is the target's, in seconds, -1 where it did not answer. A target may be `-`
(redirects, fixed responses, functions, requests that the firewall stopped). A request names a URL with the host. Fields
are added at the end over the years.

S3. Source: Amazon S3 User Guide, 'Amazon S3 server access log format'. The bucket is the host, the requester the user,
the total time is in milliseconds, the path is the request's. Fields are added at the end over the years. Batch,
lifecycle and copy operations have `-` for a request and are not requests.

CloudFront: the order of its fields, percent-encoded user agents, JSON lines, Parquet; its W3C header is in `w3c`.
Source: Amazon CloudFront Developer Guide, "Standard logging reference" and "Configure standard logging (v2)"; names of
Parquet columns as in the Amazon Athena User Guide, "Create a table for CloudFront logs ... with Parquet".

API Gateway's example formats in JSON, CLF and CSV. Sources: Amazon API Gateway Developer Guide, "Access logging for
REST APIs" and "Configure logging for HTTP APIs", and the variables of either kind, after which keys of JSON are named.
`requestTimeEpoch` and `responseLatency` are milliseconds. Where no path is logged, the resource or the route
(`GET /pets/{id}`) is read instead; the route `$default` has no path, so such a line is rejected. A WebSocket has no
method: `other`. The CLF of REST APIs has no blank behind the time; either CLF ends with the request's id.
"""

import re

from mtc.core.sql import literal
from mtc.formats.json_lines import OBJECT, JsonLines, Paths, paths_of, pointer
from mtc.formats.model import ANY_EPOCH, CLF_TIME, Format, Time
from mtc.formats.pattern import (
    QUOTED,
    REFERRER_AGENT,
    URL_REQUEST,
    WORDS,
    FastPath,
    LinePattern,
    last,
    port_off,
    uncut,
    unnamed,
)
from mtc.formats.sql import address, host_name, milliseconds, only_where

_ELB_TIME = Time((), utc=True, iso=True)
_ELB_PIECES = 40

_ELB_HEAD = (
    r'(?P<time>\S+Z) \S+ (?P<ip>[^\s"]+):\d+ \S+ \S+ (?:-1|(?P<time_taken>[\d.]+)) \S+ (?P<status>\d+) \S+ \S+'
    r" (?P<bytes>\S+) "
)
_ELB_TAIL = rf'"{URL_REQUEST} (?P<protocol>[^\s"]+)" "(?P<user_agent>{QUOTED})"(?:\s.*)?$'

_ELB_REQUEST = literal(r"^([A-Z][A-Z_\-]*) ([A-Za-z]+://\S+) (\S+)$")
_ELB_COMPUTED = f"{{words: {WORDS}, asked: regexp_extract(c1, {_ELB_REQUEST}, ['method', 'target', 'protocol'])}}"

# A TCP listener logs no request, and a malformed request has no method.
_ELB_OTHER = r"regexp_matches({line}, '^(?:\w+ )?\S+Z \S+ \S+:\d+ (?:\S+ ){8}\"- ')"


def _elb_shape(before: str, words: int) -> LinePattern:
    """The shape of lines with `before`, an expression of that many `words`, before the time."""
    head = f"regexp_full_match(c0, {literal(before + unnamed(_ELB_HEAD))})"
    fields = (
        ("time", f"head.words[{words + 1}]"),
        ("ip", port_off(f"head.words[{words + 3}]")),
        ("time_taken", f"nullif(head.words[{words + 6}], '-1')"),
        ("status", f"head.words[{words + 8}]"),
        ("bytes", f"head.words[{words + 11}]"),
        *((name, f"head.asked.{name}") for name in ("method", "target", "protocol")),
        ("user_agent", "c3"),
    )
    sure = f"{last(4)} AND c2 = ' ' AND {uncut('c1', 'c3')} AND {head} AND head.asked.method <> ''"
    return LinePattern(f"^{before}{_ELB_HEAD}{_ELB_TAIL}", FastPath("", sure, fields, _ELB_PIECES, _ELB_COMPUTED))


ELB = Format(
    name="elb",
    title="AWS Classic Load Balancer",
    shape=_elb_shape("", 0),
    time=_ELB_TIME,
    per_millisecond=0.001,
    other=_ELB_OTHER,
)
ALB = Format(
    name="alb",
    title="AWS Application Load Balancer",
    shape=_elb_shape(r"\w+ ", 1),
    time=_ELB_TIME,
    per_millisecond=0.001,
    other=_ELB_OTHER,
)


_S3_HEAD = r'^\S+ (?P<host>\S+) \[(?P<time>[^\]]+)\] (?P<ip>[^\s"]+) (?P<user>[^\s"]+) \S+ \S+ [^\s"]+ '
_S3_SURE = (
    rf"{last(6)} AND c4 = ' ' AND {uncut('c1', 'c3', 'c5')}"
    r" AND regexp_full_match(c2, ' \d{3} \S+ \S+ \S+ \S+ \S+ ')"
)

S3 = Format(
    name="s3",
    title="Amazon S3 server access log",
    shape=LinePattern(
        rf'{_S3_HEAD}"(?P<request>{QUOTED})" (?P<status>\d{{3}}) \S+ (?P<bytes>\S+) \S+ (?P<time_taken>\S+) \S+'
        rf"{REFERRER_AGENT}(?:\s.*)?$",
        FastPath(
            f"{_S3_HEAD}$",
            _S3_SURE,
            (
                ("request", "c1"),
                ("status", "split_part(c2, ' ', 2)"),
                ("bytes", "split_part(c2, ' ', 4)"),
                ("time_taken", "split_part(c2, ' ', 6)"),
                ("referrer", "c3"),
                ("user_agent", "c5"),
            ),
        ),
    ),
    per_millisecond=1,
    other=r"regexp_matches({line}, '^\S+ \S+ \[[^\]]+\] \S+ \S+ \S+ (?:(?:BATCH|S3)\.\S+|REST\.COPY\.\S+_GET) ')",
)


# All fields in their order. Older files end earlier; each of these numbers was once all of them.
CLOUDFRONT_FIELDS: tuple[str, ...] = (
    *("date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(host)", "cs-uri-stem", "sc-status"),
    *("cs(referer)", "cs(user-agent)", "cs-uri-query", "cs(cookie)", "x-edge-result-type", "x-edge-request-id"),
    *("x-host-header", "cs-protocol", "cs-bytes", "time-taken", "x-forwarded-for", "ssl-protocol", "ssl-cipher"),
    *("x-edge-response-result-type", "cs-protocol-version", "fle-status", "fle-encrypted-fields", "c-port"),
    *("time-to-first-byte", "x-edge-detailed-result-type", "sc-content-type", "sc-content-len", "sc-range-start"),
    "sc-range-end",
)
_FEWEST_FIELDS, _MOST_FIELDS = 12, 100
_HEADERLESS_LINE = re.compile(
    r"\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\t[^\t]*\t(?:\d+|-)\t[0-9a-fA-F.:]+\t[A-Z-]+\t[^\t]*\t/[^\t]*\t(?:\d+|-)\t",
    re.ASCII,
)


def headerless_field_count(line: str) -> int:
    """How many fields a line has, if it begins as one of a file that lost its header; else 0."""
    count = line.removesuffix("\t").count("\t") + 1
    return count if _FEWEST_FIELDS <= count <= _MOST_FIELDS and _HEADERLESS_LINE.match(line) else 0


def percent_decoded(text: str) -> str:
    """SQL: a percent-encoded text, decoded; unchanged if the result is not valid UTF-8. A plus sign stays one."""
    return f"CASE WHEN contains({text}, '%') THEN coalesce(TRY(url_decode({text})), {text}) ELSE {text} END"


def decoded_user_agent(text: str) -> str:
    """SQL: a user agent, percent-encoded once, or twice in older files, where a blank was %2520."""
    once = percent_decoded(text)
    return f"CASE WHEN contains({text}, '%2520') THEN {percent_decoded(once)} ELSE {once} END"


def parquet_column(name: str) -> str:
    """The name of a field as a column of Parquet: `cs_user_agent` for `cs(User-Agent)`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


_CLOUDFRONT_KEYS = (
    ("host", ("x-host-header", "cs(Host)")),
    ("ip", ("c-ip",)),
    ("forwarded_for", ("x-forwarded-for",)),
    ("date", ("date",)),
    ("clock", ("time",)),
    ("time", ("timestamp(ms)",)),
    ("method", ("cs-method",)),
    ("path", ("cs-uri-stem",)),
    ("query", ("cs-uri-query",)),
    ("protocol", ("cs-protocol-version",)),
    ("status", ("sc-status",)),
    ("bytes", ("sc-bytes",)),
    ("time_taken", ("time-taken",)),
    ("referrer", ("cs(Referer)", "cs(Referrer)")),
    ("user_agent", ("cs(User-Agent)",)),
)
CLOUDFRONT_COLUMNS: frozenset[str] = frozenset(parquet_column(name) for _, names in _CLOUDFRONT_KEYS for name in names)
"""The columns of Parquet that are read."""


def _cloudfront(name: str, title: str, paths: Paths) -> Format:
    return Format(
        name=name,
        title=title,
        shape=JsonLines(paths, needed=(("ip",), ("clock", "time"), ("path",))),
        time=Time(("%Y-%m-%d %H:%M:%S",), utc=True, epoch=1000),
        per_millisecond=0.001,
        derive=(
            ("ip", "nullif(z.ip, '-')"),
            ("host", host_name("z.host")),
            ("date", "CASE WHEN coalesce(z.time, '-') = '-' THEN z.date END"),
            ("clock", "coalesce(nullif(z.time, '-'), z.clock)"),
            ("user_agent", decoded_user_agent("z.user_agent")),
        ),
    )


CLOUDFRONT_JSON = _cloudfront(
    "cloudfront_json",
    "Amazon CloudFront standard log (JSON)",
    tuple((field, tuple(pointer(name) for name in names)) for field, names in _CLOUDFRONT_KEYS),
)
CLOUDFRONT_PARQUET = _cloudfront(
    "cloudfront_parquet",
    "Amazon CloudFront standard log (Parquet)",
    tuple((field, tuple(pointer(parquet_column(name)) for name in names)) for field, names in _CLOUDFRONT_KEYS),
)


_API_ROUTE_PATH = r"nullif(regexp_extract(z.route, '^(?:\S+ )?(/.*)$', 1), '')"
_API_IS_HTTP = "(coalesce(z.method, '-') <> '-' OR regexp_matches(z.route, '^[A-Z]+ /'))"
_API_TARGET = f"coalesce(nullif(z.target, '-'), {_API_ROUTE_PATH})"

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
    per_millisecond=1,
    derive=(
        ("ip", only_where(address("z.ip"), _API_IS_HTTP)),
        ("host", host_name("z.host")),
        ("method", "coalesce(nullif(z.method, '-'), nullif(regexp_extract(z.route, '^([A-Z]+) /', 1), ''))"),
        ("target", _API_TARGET),
        ("time_taken", milliseconds("z.time_taken")),
    ),
    other=OBJECT,
)


_API_MEANING = (
    ("ip", address("z.ip")),
    ("target", "CASE WHEN starts_with(z.target, '/') THEN z.target END"),
)
_API_REQUEST = r"(?P<method>[A-Z]+){0}(?:[A-Z]+ )?(?P<target>/\S*|\$default){0}(?P<protocol>HTTP/[\d.]+)"
_API_REQUEST_ID = r"(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f\-]{22}|[\w\-/+]{10,}=*)"

API_GATEWAY_CLF = Format(
    name="api_gateway_clf",
    title="Amazon API Gateway's access log, example format CLF",
    shape=LinePattern(
        r'^(?P<ip>[^\s"]+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] ?"'
        + _API_REQUEST.format(" ")
        + rf'" (?P<status>\d{{3}}|-) (?P<bytes>\d+|-) {_API_REQUEST_ID}(?: {_API_REQUEST_ID})?$'
    ),
    derive=_API_MEANING,
)

_API_CSV_LINE = (
    r"^(?P<ip>[^\s,]+),(?:[^,]*,(?P<user>[^,]*),)?(?P<time>\d\d/\w+/\d{4}:[\d:]+ [+\-]\d{4}),"
    + _API_REQUEST.format(",")
    + r",(?P<status>\d{3}|-),(?P<bytes>\d+|-),[^,]+(?:,[^,]*)?$"
)
# The second cell is no time, so that the fourth is; and no cell is a piece of a path that has commas.
_API_CSV_SURE = (
    f"c1 IS NULL AND len(head) IN (10, 11) AND NOT contains(head[2], '/') AND starts_with(head[7], 'HTTP/')"
    r" AND regexp_full_match(head[8], '\d{3}|-') AND regexp_full_match(head[9], '\d+|-')"
    f" AND regexp_full_match(c0, {literal(unnamed(_API_CSV_LINE))})"
)

API_GATEWAY_CSV = Format(
    name="api_gateway_csv",
    title="Amazon API Gateway's access log, example format CSV",
    shape=LinePattern(
        _API_CSV_LINE,
        FastPath(
            "",
            _API_CSV_SURE,
            (
                ("ip", "head[1]"),
                ("user", "head[3]"),
                ("time", "head[4]"),
                ("method", "head[5]"),
                ("target", "split_part(head[6], ' ', -1)"),
                ("protocol", "head[7]"),
                ("status", "head[8]"),
                ("bytes", "head[9]"),
            ),
            computed="string_split(c0, ',')",
        ),
    ),
    derive=_API_MEANING,
)
