r"""Formats of JSON lines: nginx, Caddy, Traefik, Cloudflare, Tomcat, and `any_json`, whose keys are guessed.

Status and sizes may be numbers or texts; times have any form of ISO 8601, or are an epoch. A message of the server in
the same file is `other`; any other object does not belong to the format.

Sources: nginx, ngx_http_log_module and the names of its variables, and Matomo's guide to nginx JSON logs, in which
`generation_time_milli` holds `$request_time`, seconds. Caddy, "How Logging Works". Traefik, "Access Logs", available
fields. Cloudflare Logs, "HTTP requests". Apache Tomcat, "The Valve Component", JSON Access Log Valve: `host` is the
client (`%h`), as is `remoteAddr` (`%a`); the time is in brackets; headers that the pattern names stand in
`requestHeaders`. `elapsedTime` is milliseconds or microseconds, by Tomcat's version, which no line shows: it is
ignored, and `elapsedTimeS` is read. Patterns of the text valve are NCSA's, or `format: {tomcat: ...}`.

For an unknown server (`any_json`) the names and values of its keys say which field is which (`field_names`). Formats
with known keys read as much or more, and then win.
"""

import functools
from collections.abc import Iterator, Sequence

from mtc.formats.field_names import NEEDED, TIME, Keys, derive_of, guess_fields, is_request
from mtc.formats.json_lines import JSON_TIME, OBJECT, JsonLines, Paths, paths_of, pointer, read_object
from mtc.formats.model import CLF_TIME, Format, Time
from mtc.formats.server_messages import is_json_message_sql
from mtc.formats.sql import address, host_name, milliseconds, query_text, unbracketed

ANY_JSON_TITLE = "JSON lines of any server: fields are recognised by the names of the keys"

# JSON that is not an object. Messages are recognised in any format, and any other object is of another format.
_NO_OBJECT = "(json_valid({line}) AND NOT starts_with(ltrim({line}), '{'))"
# Caddy's messages name their logger.
_CADDYS = """CASE WHEN json_valid({line}) THEN
    NOT starts_with(ltrim({line}), '{')
    OR (json_exists({line}, '$.logger') AND json_extract_string({line}, '/msg') <> 'handled request')
END"""
# nginx's `$uri` has no query, but other servers use its name for a target with one.
_WITH_QUERY = "z.request IS NULL AND z.query IS NULL AND contains(z.path, '?')"
_CLEAN = (("ip", address("z.ip")), ("host", host_name("z.host")))


NGINX_JSON = Format(
    name="nginx_json",
    title="JSON lines of nginx, with the importer's keys or named after its variables",
    shape=JsonLines(
        paths_of(
            host="host http_host server_name",
            ip="ip remote_addr realip_remote_addr http_x_real_ip http_x_forwarded_for",
            forwarded_for="http_x_forwarded_for x_forwarded_for xff forwarded_for proxy_add_x_forwarded_for",
            real_ip="http_x_real_ip x_real_ip real_ip http_cf_connecting_ip http_true_client_ip",
            user="userid remote_user",
            time="time_iso8601 msec time_local date time timestamp @timestamp",
            request="request",
            method="method request_method",
            target="path request_uri",
            path="uri document_uri",
            query="args query_string",
            protocol="protocol server_protocol",
            status="status",
            bytes="length body_bytes_sent bytes_sent",
            time_taken="generation_time_milli request_time",
            referrer="referrer http_referer http_referrer referer",
            user_agent="user_agent http_user_agent",
        ),
    ),
    time=JSON_TIME,
    per_millisecond=0.001,
    derive=(
        *_CLEAN,
        ("target", f"coalesce(z.target, CASE WHEN {_WITH_QUERY} THEN z.path END)"),
        ("path", f"CASE WHEN z.request IS NULL AND z.target IS NULL AND NOT ({_WITH_QUERY}) THEN z.path END"),
    ),
    other=_NO_OBJECT,
)

CADDY = Format(
    name="caddy",
    title="Caddy's access log",
    shape=JsonLines(
        (
            ("host", (pointer("request", "host"),)),
            ("ip", tuple(pointer("request", key) for key in ("client_ip", "remote_ip", "remote_addr"))),
            ("forwarded_for", (pointer("request", "headers", "X-Forwarded-For", 0),)),
            ("real_ip", tuple(pointer("request", "headers", name, 0) for name in ("X-Real-Ip", "Cf-Connecting-Ip"))),
            ("user", (pointer("user_id"),)),
            ("time", (pointer("ts"),)),
            ("method", (pointer("request", "method"),)),
            ("target", (pointer("request", "uri"),)),
            ("protocol", (pointer("request", "proto"),)),
            ("status", (pointer("status"),)),
            ("bytes", (pointer("size"),)),
            ("time_taken", (pointer("duration"),)),
            ("referrer", (pointer("request", "headers", "Referer", 0),)),
            ("user_agent", (pointer("request", "headers", "User-Agent", 0),)),
        ),
        equal=((pointer("msg"), "handled request"),),
    ),
    time=JSON_TIME,
    per_millisecond=1,
    derive=(*_CLEAN, ("time_taken", milliseconds("z.time_taken", unit=1000))),
    other=_CADDYS,
)

TRAEFIK_JSON = Format(
    name="traefik_json",
    title="Traefik's access log, format json",
    shape=JsonLines(
        paths_of(
            host="RequestHost RequestAddr",
            ip="ClientHost ClientAddr",
            forwarded_for="request_X-Forwarded-For",
            real_ip="request_X-Real-Ip request_Cf-Connecting-Ip",
            user="ClientUsername",
            time="StartUTC StartLocal time",
            method="RequestMethod",
            target="RequestPath",
            protocol="RequestProtocol",
            status="DownstreamStatus",
            bytes="DownstreamContentSize",
            time_taken="Duration",
            referrer="request_Referer",
            user_agent="request_User-Agent",
        ),
    ),
    time=JSON_TIME,
    per_millisecond=1e6,
    derive=_CLEAN,
    other=_NO_OBJECT,
)

CLOUDFLARE = Format(
    name="cloudflare",
    title="Cloudflare Logpush, HTTP requests",
    shape=JsonLines(
        paths_of(
            host="ClientRequestHost",
            ip="ClientIP",
            time="EdgeStartTimestamp EdgeEndTimestamp",
            method="ClientRequestMethod",
            target="ClientRequestURI ClientRequestPath",
            protocol="ClientRequestProtocol",
            status="EdgeResponseStatus",
            bytes="EdgeResponseBytes",
            time_taken="EdgeTimeToFirstByteMs",
            referrer="ClientRequestReferer",
            user_agent="ClientRequestUserAgent",
        ),
    ),
    time=JSON_TIME,
    per_millisecond=1,
    derive=_CLEAN,
    other=_NO_OBJECT,
)


TOMCAT_JSON = Format(
    name="tomcat_json",
    title="Tomcat's JSON access log valve",
    shape=JsonLines(
        (
            *paths_of(
                ip="remoteAddr host",
                named="localServerName",
                user="user",
                time="time",
                request="request",
                method="method",
                path="path",
                query="query",
                protocol="protocol",
                status="statusCode",
                bytes="size byteSentNC",
                time_taken="elapsedTimeS",
            ),
            *paths_of(
                "requestHeaders",
                host="Host host",
                referrer="Referer referer",
                user_agent="User-Agent user-agent",
                forwarded_for="X-Forwarded-For x-forwarded-for",
            ),
        ),
        needed=(("ip",), ("time",), ("request", "path"), ("status",)),
    ),
    time=Time((CLF_TIME,), iso=True),
    per_millisecond=0.001,
    derive=(
        ("ip", address("z.ip")),
        ("host", host_name("coalesce(nullif(z.host, '-'), z.named)")),
        ("time", unbracketed("z.time")),
        ("path", "CASE WHEN z.request IS NULL THEN z.path END"),
        ("query", query_text("CASE WHEN z.request IS NULL THEN z.query END")),
    ),
    other=OBJECT,
)


_DEEPEST = 5
_SAMPLED = 100
_MOST_KEYS = 300


def bind_json(sample: Sequence[str]) -> Format | None:
    """The format of lines like those of a sample, with guessed fields; None if they are not requests in JSON."""
    log_format = bind_json_objects(sample)
    return log_format if log_format and is_request(log_format.shape.names) else None


def bind_json_objects(sample: Sequence[str]) -> Format | None:
    """Like `bind_json` for any JSON objects: `source.fields` must name what cannot be guessed; None without objects."""
    values: dict[Keys, list[str]] = {}
    for line in sample[:_SAMPLED]:
        for keys, text in _leaves(read_object(line)) if "{" in line else ():
            if keys in values or len(values) < _MOST_KEYS:
                values.setdefault(keys, []).append(text)
    return _made(tuple((field, (pointer(*keys),)) for field, keys in guess_fields(values).items())) if values else None


def _leaves(value: object, keys: Keys = ()) -> Iterator[tuple[Keys, str]]:
    """Yield the texts and numbers in an object with the keys that lead to them; of a list the first only."""
    if isinstance(value, dict) and len(keys) < _DEEPEST:
        for key, inner in value.items():
            yield from _leaves(inner, (*keys, key))
    elif isinstance(value, list) and value and keys:
        yield from _leaves(value[0], (*keys, 0))
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
        yield keys, str(value)


@functools.lru_cache(maxsize=256)
def _made(paths: Paths) -> Format:
    """Returns the same object for equal keys: log files of the same format are loaded in one bundle."""
    return Format(
        name="any_json",
        title=ANY_JSON_TITLE,
        shape=JsonLines(paths, needed=NEEDED),
        time=TIME,
        per_millisecond=1,
        derive=derive_of([name for name, _ in paths]),
        other=is_json_message_sql("{line}"),
    )
