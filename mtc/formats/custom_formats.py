"""Log formats that a manifest describes: the settings (`CustomFormat`), and the `Format` that is made of one.

Every text is checked when the manifest is read, so that an error names its place in the file.
"""

import dataclasses
import functools
import json
import re
from collections.abc import Callable
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from mtc.core.frozen_model import Model
from mtc.core.sql import literal
from mtc.formats import ncsa, proxies
from mtc.formats.json_lines import JsonLines, pointer
from mtc.formats.layouts.apache import compile_apache
from mtc.formats.layouts.envoy import compile_envoy
from mtc.formats.layouts.haproxy import compile_haproxy
from mtc.formats.layouts.json_paths import read_path
from mtc.formats.layouts.layout import (
    ADDRESSES,
    JsonLayout,
    Layout,
    LayoutError,
    TextLayout,
    TimeLayout,
    check_time,
    require,
)
from mtc.formats.layouts.nginx import compile_nginx
from mtc.formats.layouts.squid import compile_squid
from mtc.formats.layouts.tomcat import compile_tomcat
from mtc.formats.model import ANY_EPOCH, CLF_TIME, FIELDS, Format, Time
from mtc.formats.pattern import CustomPattern
from mtc.formats.re2 import compile_expression
from mtc.formats.server_messages import is_json_message_sql
from mtc.formats.sql import address, host_name, milliseconds, query_text, unbracketed


def _checked(compile_: Callable[[str], object]) -> AfterValidator:
    def check(text: str) -> str:
        compile_(text)
        return text

    return AfterValidator(check)


JsonPath = Annotated[str, Field(min_length=1, examples=["client.addr", "headers.User-Agent[0]"]), _checked(read_path)]


class JsonPaths(Model):
    r"""Where each field is in a line's JSON object.

    A path is keys with dots between them. `[0]` is the first element of a list, `\.` a dot that is part of a key.
    """

    ip: JsonPath | None = None
    """The client's address, or a list whose first is. Without it, `real_ip` or `forwarded_for` is the client."""
    forwarded_for: JsonPath | None = None
    """The list that proxies write, like X-Forwarded-For. See `client` of a source."""
    real_ip: JsonPath | None = None
    """The client as the last proxy saw it, like X-Real-IP."""
    time: JsonPath
    """The time: ISO 8601, the common log format's, or seconds, milli-, micro- or nanoseconds since 1970."""
    request: JsonPath | None = None
    """The request line, `GET /path HTTP/1.1`."""
    method: JsonPath | None = None
    """The method."""
    target: JsonPath | None = None
    """Path and query together."""
    path: JsonPath | None = None
    """The path, with the query unless `query` is given."""
    query: JsonPath | None = None
    """The query."""
    protocol: JsonPath | None = None
    """The protocol, like HTTP/1.1."""
    status: JsonPath | None = None
    """The response's status."""
    bytes: JsonPath | None = None
    """The response's size in bytes."""
    referrer: JsonPath | None = None
    """The referrer."""
    user_agent: JsonPath | None = None
    """The user agent."""
    host: JsonPath | None = None
    """The host that the client requested."""
    user: JsonPath | None = None
    """The user who signed in."""
    time_s: JsonPath | None = None
    """How long the response took, in seconds."""
    time_ms: JsonPath | None = None
    """How long the response took, in milliseconds."""
    time_us: JsonPath | None = None
    """How long the response took, in microseconds."""
    time_ns: JsonPath | None = None
    """How long the response took, in nanoseconds."""
    time_taken: JsonPath | None = None
    """How long the response took, with its unit (12.5ms, 1.5s); in milliseconds without one."""

    @model_validator(mode="after")
    def _enough(self) -> Self:
        require(frozenset(self.layout().names), "the mapping", "`{0}: path.to.it`")
        return self

    def layout(self, clock: TimeLayout = TimeLayout()) -> JsonLayout:  # noqa: B008 - frozen
        """The layout of these paths, as keys and indices."""
        return JsonLayout(tuple((name, read_path(path)) for name, path in self if path), clock)


_SERVERS: dict[str, Callable[[str], Layout]] = {
    "apache": compile_apache,
    "nginx": compile_nginx,
    "haproxy": compile_haproxy,
    "tomcat": compile_tomcat,
    "envoy": compile_envoy,
    "squid": compile_squid,
}
_KINDS = ("regex", *_SERVERS, "json")


class CustomFormat(Model):
    """A log format of your own: an expression, the line of a server's configuration, or paths into JSON."""

    regex: (
        Annotated[
            str,
            Field(min_length=1, examples=[r'(?P<ip>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<request>[^"]*)"']),
            _checked(compile_expression),
        ]
        | None
    ) = None
    """An expression that matches a line from its beginning. Its groups are named after fields: ip, time (or date),
    path or request, and others."""
    apache: (
        Annotated[
            str,
            Field(min_length=1, examples=['%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"']),
            _checked(compile_apache),
        ]
        | None
    ) = None
    """A `LogFormat` of Apache."""
    nginx: (
        Annotated[
            str,
            Field(
                min_length=1, examples=['$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent']
            ),
            _checked(compile_nginx),
        ]
        | None
    ) = None
    """A `log_format` of nginx."""
    haproxy: (
        Annotated[
            str,
            Field(min_length=1, examples=["%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %hr %hs %{+Q}r"]),
            _checked(compile_haproxy),
        ]
        | None
    ) = None
    """A `log-format` of HAProxy."""
    tomcat: (
        Annotated[
            str,
            Field(min_length=1, examples=['%h %l %u %t "%r" %s %b %D', "combined"]),
            _checked(compile_tomcat),
        ]
        | None
    ) = None
    """A pattern of Tomcat's access log valve, or of Jetty's request log."""
    envoy: (
        Annotated[
            str,
            Field(
                min_length=1,
                examples=[
                    '[%START_TIME%] "%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%" %RESPONSE_CODE% "%REQ(X-FORWARDED-FOR)%"'
                ],
            ),
            _checked(compile_envoy),
        ]
        | None
    ) = None
    """A format string of Envoy's or Istio's."""
    squid: (
        Annotated[
            str,
            Field(min_length=1, examples=["%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru", "combined"]),
            _checked(compile_squid),
        ]
        | None
    ) = None
    """A `logformat` of Squid."""
    json_: Annotated[
        JsonPaths | None,
        Field(alias="json", examples=[{"ip": "client.addr", "time": "ts", "path": "uri", "status": "code"}]),
    ] = None
    """Where each field is in lines that are JSON objects."""
    time: Annotated[str, Field(min_length=1, examples=["%d.%m.%Y %H:%M:%S"]), _checked(check_time)] | None = None
    """The `strptime` format of the time, for `regex` and `json`; the usual ones need none."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in _KINDS if name in self._given()]
        if len(given) != 1:
            what = f"{' and '.join(given)} exclude one another" if given else "there is no format in it"
            raise LayoutError(what, f"give one of {', '.join(_KINDS[:-1])} and {_KINDS[-1]}")
        if self.time is not None and given[0] in _SERVERS:
            raise LayoutError(f"{given[0]} says itself how the time reads", "remove `time`")
        return self

    def _given(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @property
    def name(self) -> str:
        """The name of the format in records: the kind of its description."""
        return next(name for name in _KINDS if name in self._given())

    @property
    def layout(self) -> Layout:
        """The layout that the description defines."""
        clock = TimeLayout(formats=(check_time(self.time),)) if self.time else TimeLayout()
        if self.regex is not None:
            read = compile_expression(self.regex)
            return TextLayout(read.pattern, read.names, clock)
        if self.json_ is not None:
            return self.json_.layout(clock)
        return _SERVERS[self.name](str(self._given()[self.name]))

    def __str__(self) -> str:
        return json.dumps(self._given(), sort_keys=True, ensure_ascii=False)


def _kind(value: object) -> str:
    return CustomFormat.__name__ if isinstance(value, dict | CustomFormat) else str.__name__


FormatName = Annotated[str, Field(min_length=1, examples=["auto", "combined"])]
FormatChoice = Annotated[
    Annotated[FormatName, Tag(str.__name__)] | Annotated[CustomFormat, Tag(CustomFormat.__name__)],
    Discriminator(_kind),
]
"""A format's name, or a description of one."""


_USUAL_TIMES = (CLF_TIME,)
_UNITS = {"time_ms": 1, "time_us": 0.001, "time_s": 1000, "time_ns": 1e-6, "time_taken": 1}
# Common configurations, and the built-in formats that read them fastest.
_APACHE = '%h %l %u %t "%r" %>s %b'
_NGINX = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent'
_HEADERS = ' "%{Referer}i" "%{User-Agent}i"'
_FAST_FORMATS = {
    compile_apache(_APACHE).pattern: ncsa.COMMON,
    compile_apache(_APACHE + _HEADERS).pattern: ncsa.COMBINED,
    compile_apache(f"%v:%p {_APACHE}").pattern: ncsa.COMMON_VHOST,
    compile_apache(f"%v:%p {_APACHE}{_HEADERS}").pattern: ncsa.COMBINED_VHOST,
    compile_apache(f"%v:%p {_APACHE.replace('%b', '%O')}{_HEADERS}").pattern: ncsa.COMBINED_VHOST,
    **{
        layout.pattern: log_format
        for layout, log_format in (
            (compile_nginx(_NGINX), ncsa.COMMON),
            (compile_nginx(f'{_NGINX} "$http_referer" "$http_user_agent"'), ncsa.COMBINED),
            (compile_haproxy("httplog"), proxies.HAPROXY),
            (compile_haproxy("httpslog"), proxies.HAPROXY),
        )
        if isinstance(layout, TextLayout)
    },
}
# What a server writes in place of a request that it could not read, and conditions for lines that are not requests.
_NO_REQUEST = {"haproxy": ("<BADREQ>",), "envoy": ("-", "- - -")}
_OTHER = {
    "haproxy": f"{proxies.HAPROXY_OTHER} OR contains({{line}}, '<BADREQ>')",
    "envoy": "contains({line}, '\"- - -\"') OR contains({line}, ' - - - ')",
}
_TIMES = ("date", "time", "clock", "zone")


@functools.lru_cache(maxsize=64)
def custom(described: CustomFormat) -> Format:
    """The format of a description, for lines without a prefix; equal descriptions give the same object."""
    layout = described.layout
    if isinstance(layout, TextLayout):
        return _text_format(described.name, layout)
    return _json_format(described.name, layout)


def _text_format(name: str, layout: TextLayout) -> Format:
    if (known := _FAST_FORMATS.get(layout.pattern)) is not None:
        return dataclasses.replace(known, name=name, detectable=False)
    return Format(
        name=name,
        title=f"{name}, as the manifest describes it",
        shape=CustomPattern(layout.pattern),
        time=_time_syntax(layout.clock),
        per_millisecond=1,
        derive=_derive(name, layout),
        other=_OTHER.get(name, ""),
        detectable=False,
    )


def _json_format(name: str, layout: JsonLayout) -> Format:
    return Format(
        name=name,
        title=f"{name}, as the manifest describes it",
        shape=JsonLines(tuple((field, (pointer(*keys),)) for field, keys in layout.paths)),
        time=_time_syntax(layout.clock),
        per_millisecond=1,
        derive=_derive(name, layout),
        other=is_json_message_sql("{line}"),
        detectable=False,
    )


def _time_syntax(clock: TimeLayout) -> Time:
    if clock.epoch:
        return Time((), epoch=clock.epoch, strict=True)
    return Time(clock.formats, strict=True) if clock.formats else Time(_USUAL_TIMES, epoch=ANY_EPOCH, iso=True)


def _derive(name: str, layout: Layout) -> tuple[tuple[str, str], ...]:
    """SQL for the fields whose value is not their text."""
    names = layout.names
    found = {"ip": _client(names, _NO_REQUEST.get(name, ())), "time": _time_text(names, layout.clock)}
    if "status" in names:
        found["status"] = "CASE z.status WHEN '-1' THEN '0' ELSE z.status END"
    if "host" in names:
        found["host"] = host_name("z.host")
    if taken := [milliseconds(f"z.{each}", unit=unit) for each, unit in _UNITS.items() if each in names]:
        found["time_taken"] = f"coalesce({', '.join(taken)})"
    found |= _from_captures(names)
    if "query" in names:
        found["query"] = query_text("z.query")
    elif "path" in names:
        found |= {"path": "NULL::VARCHAR", "target": "z.path"}
    return tuple((field, sql) for field, sql in found.items() if field in FIELDS)


def _client(names: tuple[str, ...], absent: tuple[str, ...]) -> str:
    """SQL: the address; NULL where the request is one of the texts in `absent`.

    If the layout has `ip`, that is the address: other fields count only if the source's `client` names them.
    """
    addresses = [address(f"z.{name}") for name in ADDRESSES if name in names]
    ip = addresses[0] if "ip" in names else f"coalesce({', '.join(addresses)})"
    request = next((f"z.{name}" for name in ("request", "method") if name in names), "")
    if not request or not absent:
        return ip
    listed = ", ".join(map(literal, absent))
    return f"CASE WHEN coalesce({request}, '') NOT IN ({listed}) THEN {ip} END"


def _from_captures(names: tuple[str, ...]) -> dict[str, str]:
    """SQL for fields from the headers that HAProxy captured, in braces (`captured`) or singly, by what they hold."""
    singly = ", ".join(f"z.{name}" for name in names if re.fullmatch(r"captured\d+", name))
    braced = "string_split(trim(z.captured, '{}'), '|')" if "captured" in names else "[]::VARCHAR[]"
    if not singly and "captured" not in names:
        return {}
    captures = proxies.captured_headers(f"list_concat({braced}, [{singly}]::VARCHAR[])")
    return {name: sql for name, sql in captures.items() if name not in names}


def _time_text(names: tuple[str, ...], clock: TimeLayout) -> str:
    """SQL: the text of the time, joined from all parts that the layout has."""
    groups = clock.groups if clock.groups != ("time",) else tuple(name for name in _TIMES if name in names)
    texts = [f"nullif(z.{group}, '')" for group in groups]
    joined = f"concat_ws({literal(clock.joint)}, {', '.join(texts)})" if len(texts) > 1 else texts[0]
    return joined if clock.formats or clock.epoch else unbracketed(joined)
