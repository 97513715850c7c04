"""nginx's `log_format`. Source: ngx_http_log_module, and the variables of ngx_http_core_module.

The text may be the format alone or the whole directive, its quoted pieces on several lines. A format that writes JSON
becomes paths. What is not known here, such as upstreams' times, is matched and passed over.
"""

import functools
import json
import re
from collections.abc import Iterator

from mtc.manifest.layouts.model import JsonLayout, Layout, LayoutError, require
from mtc.manifest.layouts.pieces import Piece, Value, assemble, choose
from mtc.manifest.layouts.times import CLF
from mtc.manifest.near import nearest

_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)\}|(?P<bare>\w+))")
_DIRECTIVE = re.compile(r"\s*log_format\s+(?P<name>[^\s'\"]+)(?P<escape>\s+escape=\w+)?(?P<rest>\s.*)", re.DOTALL)
_TOKEN = re.compile(r"\s*(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([^\s;'\"][^\s;]*))", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_MARK = "\x01"

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
    """The layout of a log_format."""
    inner = _format_of(text)
    try:
        return _layout(inner)
    except LayoutError as error:
        raise LayoutError(str(error), _misspelt(inner) or error.hint) from None


def _misspelt(inner: str) -> str:
    """A hint for a variable that nginx may not know; any may be a module's own, so that alone is no mistake."""
    for match in _VARIABLE.finditer(inner):
        name = _name(match)
        if name not in _VARIABLES and (near := nearest(name, _VARIABLES)):
            return f"did you mean ${near} for ${name}?"
    return ""


def _layout(inner: str) -> Layout:
    if re.fullmatch(r"\s*\{.*\}\s*", inner, re.DOTALL) and not _VARIABLE.fullmatch(inner.strip()):
        return _json(inner)
    return assemble(list(_pieces(inner)), "the log_format")


def _format_of(text: str) -> str:
    """The format itself: the directive's quoted pieces joined, their escapes read."""
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
    """Paths to the values of a format that writes an object."""
    try:
        value = json.loads("".join(_marked(text)))
    except ValueError:
        raise LayoutError("the log_format looks like JSON and is none", "check its commas, quotes and braces") from None
    found: dict[int, tuple[Value, tuple[str | int, ...]]] = {}
    for name, path in _leaves(value, ()):
        if (known := _VARIABLES.get(name)) is not None:
            each = Value("time", known.kind, known.rank) if known.clock else Value(known.field, known.kind, known.rank)
            found[id(each)] = (each, path)
    chosen = choose(value for value, _ in found.values())
    require(frozenset(chosen), "the log_format", "what writes the {0}")
    return JsonLayout(tuple((name, found[id(value)][1]) for name, value in chosen.items()))


def _marked(text: str) -> Iterator[str]:
    """The text with each variable as a marked string."""
    quoted = False
    at = 0
    for match in _VARIABLE.finditer(text):
        before = text[at : match.start()]
        quoted ^= before.count('"') % 2 == 1
        yield before
        mark = json.dumps(f"{_MARK}{_name(match)}{_MARK}")
        yield mark[1:-1] if quoted else mark
        at = match.end()
    yield text[at:]


def _leaves(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """The variables that are a value by themselves, with their paths."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    elif isinstance(value, str) and re.fullmatch(f"{_MARK}\\w+{_MARK}", value):
        yield value.strip(_MARK), path
