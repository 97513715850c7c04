"""nginx's `log_format`. Source: ngx_http_log_module, and the variables of ngx_http_core_module.

The text may be the format alone or the whole directive, its quoted pieces on several lines. A format that writes JSON
becomes paths. Unknown variables, such as upstreams' times, are matched and ignored.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import replace

from mtc.core.suggest import nearest
from mtc.formats.layouts.json_paths import json_layout
from mtc.formats.layouts.layout import CLF, JsonLayout, Layout, LayoutError, Piece, Value, assemble

_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)\}|(?P<bare>\w+))")
_DIRECTIVE = re.compile(r"\s*log_format\s+(?P<name>[^\s'\"]+)(?P<escape>\s+escape=\w+)?(?P<rest>\s.*)", re.DOTALL)
_TOKEN = re.compile(r"\s*(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([^\s;'\"][^\s;]*))", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}

_VARIABLES = {
    "remote_addr": Value("ip", "word"),
    "realip_remote_addr": Value("ip", "word", 2),
    "proxy_protocol_addr": Value("ip", "word", 3),
    "http_x_forwarded_for": Value("forwarded_for", "list"),
    "proxy_add_x_forwarded_for": Value("forwarded_for", "list", 1),
    "http_forwarded": Value("forwarded_for", "text", 2),
    **{
        f"http_{name}": Value("real_ip", "list", rank)
        for rank, name in enumerate(("cf_connecting_ip", "true_client_ip", "x_real_ip", "x_client_ip"))
    },
    "remote_user": Value("user", "text"),
    "time_local": Value(kind="clf", rank=1, clock=CLF),
    "time_iso8601": Value(kind="word", clock="%Y-%m-%dT%H:%M:%S%z"),
    "msec": Value(kind="number", clock="epoch:1"),
    "request": Value("request", "text"),
    "request_method": Value("method", "word"),
    "request_uri": Value("target", "text"),
    "uri": Value("path", "text"),
    "document_uri": Value("path", "text", 1),
    "args": Value("query", "text"),
    "query_string": Value("query", "text", 1),
    "is_args": Value(kind="mark"),
    "server_protocol": Value("protocol", "word"),
    "status": Value("status", "number"),
    "body_bytes_sent": Value("bytes", "number"),
    "bytes_sent": Value("bytes", "number", 1),
    "request_time": Value("time_s", "number"),
    "http_referer": Value("referrer", "text"),
    "http_user_agent": Value("user_agent", "text"),
    "host": Value("host", "word"),
    "http_host": Value("host", "word", 1),
    "server_name": Value("host", "word", 2),
}


@functools.lru_cache(maxsize=256)
def compile_nginx(text: str) -> Layout:
    """The layout of a log_format.

    Raises:
        LayoutError: the text is not a log_format, or no request could be read with it.
    """
    inner = _format_of(text)
    try:
        return _layout(inner)
    except LayoutError as error:
        raise LayoutError(str(error), _misspelt(inner) or error.hint) from None


def _misspelt(inner: str) -> str:
    """A hint for a variable that may be misspelt. An unknown one alone is not an error: it may be a module's."""
    for match in _VARIABLE.finditer(inner):
        name = _name(match)
        if name not in _VARIABLES and (known := nearest(name, _VARIABLES)):
            return f"did you mean ${known} for ${name}?"
    return ""


def _layout(inner: str) -> Layout:
    if re.fullmatch(r"\s*\{.*\}\s*", inner, re.DOTALL) and not _VARIABLE.fullmatch(inner.strip()):
        return _json(inner)
    return assemble(list(_pieces(inner)), "the log_format")


def _format_of(text: str) -> str:
    """The format without directive: its quoted pieces joined and unescaped."""
    directive = _DIRECTIVE.fullmatch(text)
    if re.match(r"\s*log_format\b", text) and directive is None:
        raise LayoutError("the log_format directive is not whole", "one looks like log_format name '$remote_addr ...';")
    if directive is not None:
        return _joined(directive["rest"])
    if re.fullmatch(r"\s*'.*'\s*;?\s*", text, re.DOTALL):
        return _joined(text)
    return _unescaped(text)


def _joined(text: str) -> str:
    pieces: list[str] = []
    at = 0
    while match := _TOKEN.match(text, at):
        pieces.append(next(_unescaped(piece) for piece in match.groups() if piece is not None))
        at = match.end()
    if text[at:].strip() not in {"", ";"}:
        raise LayoutError("the log_format directive is not whole", "look for a quote that is not closed")
    return "".join(pieces)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text, flags=re.DOTALL)


def _pieces(text: str) -> Iterator[Piece]:
    at = 0
    for match in _VARIABLE.finditer(text):
        if match.start() > at:
            yield text[at : match.start()]
        yield _VARIABLES.get(_name(match), Value())
        at = match.end()
    if at < len(text):
        yield text[at:]


def _name(match: re.Match[str]) -> str:
    return match["braced"] or match["bare"]


def _json(text: str) -> JsonLayout:
    """Paths to the values of a format that writes an object. Its times are read in any of the usual forms."""
    pieces = (piece if isinstance(piece, str) else _of_object(piece) for piece in _pieces(text))
    return json_layout(list(pieces), "the log_format")


def _of_object(value: Value) -> Value:
    """A copy of a value, as a variable may be written twice."""
    return replace(value, field="time", clock="") if value.clock else replace(value)
