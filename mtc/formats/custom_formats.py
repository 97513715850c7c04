"""Log formats that a manifest describes: the settings. `described_formats` makes a `Format` of them.

Every text is checked when the manifest is read, so that an error names its place in the file. The modules that read the
languages of servers are loaded for manifests that use them.
"""

import functools
import importlib
import json
from collections.abc import Callable
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from mtc.core.frozen_model import Model
from mtc.formats.layouts.json_paths import read_path
from mtc.formats.layouts.layout import JsonLayout, Layout, LayoutError, TextLayout, TimeLayout, check_time, require
from mtc.formats.re2 import compile_expression


def _checked(compile_: Callable[[str], object]) -> AfterValidator:
    def check(text: str) -> str:
        compile_(text)
        return text

    return AfterValidator(check)


JsonPath = Annotated[str, Field(min_length=1, examples=["client.addr", "headers.User-Agent[0]"]), _checked(read_path)]


def compile_layout(server: str, text: str) -> Layout:
    """The layout that the line of a server's configuration defines: `compile_SERVER` of the module of its name.

    Raises:
        LayoutError: the line is not right.
    """
    module = importlib.import_module(f"mtc.formats.layouts.{server}")
    layout: Layout = getattr(module, f"compile_{server}")(text)
    return layout


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


_SERVERS = ("apache", "nginx", "haproxy", "tomcat", "envoy", "squid")
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
            _checked(functools.partial(compile_layout, "apache")),
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
            _checked(functools.partial(compile_layout, "nginx")),
        ]
        | None
    ) = None
    """A `log_format` of nginx."""
    haproxy: (
        Annotated[
            str,
            Field(min_length=1, examples=["%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %hr %hs %{+Q}r"]),
            _checked(functools.partial(compile_layout, "haproxy")),
        ]
        | None
    ) = None
    """A `log-format` of HAProxy."""
    tomcat: (
        Annotated[
            str,
            Field(min_length=1, examples=['%h %l %u %t "%r" %s %b %D', "combined"]),
            _checked(functools.partial(compile_layout, "tomcat")),
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
            _checked(functools.partial(compile_layout, "envoy")),
        ]
        | None
    ) = None
    """A format string of Envoy's or Istio's."""
    squid: (
        Annotated[
            str,
            Field(min_length=1, examples=["%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru", "combined"]),
            _checked(functools.partial(compile_layout, "squid")),
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
        return compile_layout(self.name, str(self._given()[self.name]))

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
