"""The `Format` that is made of a manifest's description of one."""

import dataclasses
import functools
import re
from collections.abc import Mapping

from mtc.core.sql import literal
from mtc.formats import ncsa, proxies
from mtc.formats.custom_formats import CustomFormat, compile_layout
from mtc.formats.json_lines import JsonLines, pointer
from mtc.formats.layouts.layout import ADDRESSES, JsonLayout, Layout, TextLayout, TimeLayout
from mtc.formats.model import ANY_EPOCH, CLF_TIME, FIELDS, Format, Time
from mtc.formats.pattern import CustomPattern
from mtc.formats.server_messages import is_json_message_sql
from mtc.formats.sql import address, host_name, milliseconds, query_text, unbracketed

_USUAL_TIMES = (CLF_TIME,)
_UNITS = {"time_ms": 1, "time_us": 0.001, "time_s": 1000, "time_ns": 1e-6, "time_taken": 1}
# Common configurations, and the built-in formats that read them fastest.
_APACHE = '%h %l %u %t "%r" %>s %b'
_NGINX = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent'
_HEADERS = ' "%{Referer}i" "%{User-Agent}i"'
_FAST = (
    ("apache", _APACHE, ncsa.COMMON),
    ("apache", _APACHE + _HEADERS, ncsa.COMBINED),
    ("apache", f"%v:%p {_APACHE}", ncsa.COMMON_VHOST),
    ("apache", f"%v:%p {_APACHE}{_HEADERS}", ncsa.COMBINED_VHOST),
    ("apache", f"%v:%p {_APACHE.replace('%b', '%O')}{_HEADERS}", ncsa.COMBINED_VHOST),
    ("nginx", _NGINX, ncsa.COMMON),
    ("nginx", f'{_NGINX} "$http_referer" "$http_user_agent"', ncsa.COMBINED),
    ("haproxy", "httplog", proxies.HAPROXY),
    ("haproxy", "httpslog", proxies.HAPROXY),
)
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


@functools.cache
def _fast_formats() -> Mapping[str, Format]:
    """The formats that read common configurations fastest, by the pattern of these."""
    layouts = ((compile_layout(server, text), log_format) for server, text, log_format in _FAST)
    return {layout.pattern: log_format for layout, log_format in layouts if isinstance(layout, TextLayout)}


def _text_format(name: str, layout: TextLayout) -> Format:
    if (known := _fast_formats().get(layout.pattern)) is not None:
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
