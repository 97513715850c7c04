r"""Envoy's format strings, also those of Istio's `accessLogFormat`. Source: Envoy, "Access logging", command operators.

A format that writes JSON becomes paths. The client is the first address of X-Forwarded-For where the format has that
header, as in Envoy's default, else the downstream's. Unknown operators, such as flags and upstreams, are matched
and ignored.
"""

import functools
import re
from collections.abc import Iterator

from mtc.formats.layouts.apache import HEADERS
from mtc.formats.layouts.json_paths import json_layout, looks_like_json
from mtc.formats.layouts.layout import Layout, LayoutError, Piece, Value, assemble, scanned, spelled_out

_OPERATOR = re.compile(r"%(?:(?P<name>[A-Z][A-Z0-9_]*)(?:\((?P<argument>[^)]*)\))?(?::\d+)?)?%")
_FRACTIONS = {"%3f": "%g", "%6f": "%f"}

_OPERATORS = {
    "PROTOCOL": Value("protocol", "word"),
    "RESPONSE_CODE": Value("status", "number"),
    "BYTES_SENT": Value("bytes", "number"),
    "DURATION": Value("time_ms", "number"),
    "REQUESTED_SERVER_NAME": Value("host", "word", 6),
    "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT": Value("ip", "word", 5),
    "DOWNSTREAM_REMOTE_ADDRESS": Value("ip", "word", 6),
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT": Value("ip", "word", 7),
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS": Value("ip", "word", 8),
}
_REQUEST = {
    **HEADERS,
    ":method": Value("method", "word"),
    ":path": Value("target", "text", 1),
    "x-envoy-original-path": Value("target", "text"),
    ":authority": Value("host", "word"),
    "x-forwarded-for": Value("ip", "list", 1),
    "x-envoy-external-address": Value("ip", "word", 2),
}


@functools.lru_cache(maxsize=256)
def compile_envoy(text: str) -> Layout:
    """The layout of a format string.

    Raises:
        LayoutError: the text is not a format string, or no request could be read with it.
    """
    inner = text.strip().removesuffix("\\n")
    pieces = list(_pieces(inner))
    return json_layout(pieces, "the format") if looks_like_json(inner) else assemble(pieces, "the format")


def _pieces(text: str) -> Iterator[Piece]:
    for found in scanned(text, _OPERATOR, _unknown):
        if isinstance(found, str):
            yield found
        else:
            yield _value(found["name"], found["argument"] or "") if found["name"] else "%"


def _unknown(rest: str, place: int) -> LayoutError:
    what = f"`{rest.split(maxsplit=1)[0][:20]}` at character {place + 1} is not a command operator"
    return LayoutError(what, "one looks like %PROTOCOL% or %REQ(USER-AGENT)%; write `%%` for a percent sign")


def _value(name: str, argument: str) -> Value:
    """The value that an operator writes."""
    if name == "START_TIME":
        return _time(argument)
    if name == "REQ":
        headers = (_REQUEST.get(header.strip().lower()) for header in argument.split("?"))
        return next((value for value in headers if value is not None), Value())
    return _OPERATORS.get(name, Value())


def _time(time_format: str) -> Value:
    if time_format.startswith("%s"):
        return Value(kind="number", clock="epoch:1")
    if not time_format or re.match(r"%Y-%m-%d[T ]|%FT", time_format):
        return Value("time", "text")
    return Value(kind="text", clock=spelled_out(re.sub(r"%[36]f", lambda found: _FRACTIONS[found[0]], time_format)))
