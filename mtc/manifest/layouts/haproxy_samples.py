"""Sample expressions of HAProxy's log-format, `%[...]`: what each writes.

Source: HAProxy Configuration Manual, "Fetching samples" and "Converters".
"""

import re

from mtc.manifest.layouts.apache import HEADERS
from mtc.manifest.layouts.pieces import Value
from mtc.manifest.layouts.times import spelled_out

_FETCH = re.compile(r"\s*(?P<name>[\w.\-]+)(?:\((?P<argument>[^)]*)\))?(?P<converters>.*)", re.DOTALL)
_CONVERTER = re.compile(r",\s*(?P<name>[\w.\-]+)(?:\((?P<argument>\"[^\"]*\"|'[^']*'|(?:\\.|[^)])*)\))?")
# What leaves a text what it is.
_HARMLESS = frozenset({"json", "lower", "upper", "ltrim", "rtrim", "ipmask", "url_dec"})
_EPOCHS = {"": "epoch:1", "s": "epoch:1", "ms": "epoch:1000", "us": "epoch:1000000"}

_FETCHES = {
    "src": Value("ip", "word", 1),
    "fc_src": Value("ip", "word", 2),
    "method": Value("method", "word"),
    "capture.req.method": Value("method", "word", 1),
    "pathq": Value("target", "text", 1),
    "url": Value("target", "text", 2),
    "capture.req.uri": Value("target", "text", 3),
    "path": Value("path", "text", 2),
    "query": Value("query", "text", 1),
    "capture.req.ver": Value("protocol", "word", 1),
    "status": Value("status", "signed", 1),
    "bytes_out": Value("bytes", "signed", 1),
    "txn.timer.total": Value("time_ms", "signed", 2),
    "ssl_fc_sni": Value("host", "text", 6),
    "req.ssl_sni": Value("host", "text", 7),
}
_HEADER_FETCHES = frozenset({"hdr", "fhdr", "hdr_ip", "req.hdr", "req.fhdr", "req.hdr_ip"})
_CLIENT = Value("ip", "list", 5)
_NAMED = {
    **dict.fromkeys(("host", "vhost", "httphost"), Value("host", "text", 1)),
    **dict.fromkeys(("useragent", "ua", "agent"), Value("user_agent", "text", 1)),
    **dict.fromkeys(("referer", "referrer"), Value("referrer", "text", 1)),
    **dict.fromkeys(("uri", "url", "pathq", "target"), Value("target", "text", 4)),
    **dict.fromkeys(("xff", "xforwardedfor", "forwardedfor", "xrealip", "realip", "clientip"), _CLIENT),
    "method": Value("method", "word", 2),
    "path": Value("path", "text", 3),
    "query": Value("query", "text", 2),
}


def sample(expression: str) -> Value:
    """What an expression writes; an unknown one is passed over."""
    found = _FETCH.fullmatch(expression)
    if found is None:
        return Value()
    name, argument = found["name"], (found["argument"] or "").strip().strip("\"'")
    converters = [(each["name"], each["argument"] or "") for each in _CONVERTER.finditer(found["converters"])]
    if name in {"date", "accept_date", "request_date"}:
        return _date(argument.rpartition(",")[2] if name == "date" else argument, converters)
    harmless = all(converter in _HARMLESS for converter, _ in converters)
    return _fetched(name, argument) if harmless else Value()


def _fetched(name: str, argument: str) -> Value:
    first = argument.partition(",")[0]
    if name in _HEADER_FETCHES:
        return HEADERS.get(first.lower(), Value())
    if name == "var":
        return _variable(first)
    if name == "capture.req.hdr" and argument.isdecimal():
        return Value(f"captured{argument}", "text")
    return _FETCHES.get(name, Value())


def _variable(name: str) -> Value:
    """What a variable's name says that it holds."""
    bare = re.sub(r"[^a-z0-9]", "", name.rpartition(".")[2].lower())
    for prefix in ("", "req", "request", "hdr", "reqhdr", "http"):
        if (known := _NAMED.get(bare.removeprefix(prefix))) is not None:
            return known
    return Value()


def _date(unit: str, converters: list[tuple[str, str]]) -> Value:
    """A date is a number of seconds or of less, unless a converter writes it out."""
    if not converters:
        unit = unit.strip()
        return Value(kind="number", clock=_EPOCHS["" if unit.lstrip("-").isdecimal() else unit] if _known(unit) else "")
    name, argument = converters[0]
    if len(converters) > 1 or name not in {"ltime", "utime"}:
        return Value()
    form = re.sub(r"\\(.)", r"\1", re.sub(r",\s*-?\d+\s*$", "", argument).strip().strip("\"'"))
    return Value(kind="text", clock=spelled_out(form))


def _known(unit: str) -> bool:
    return unit in _EPOCHS or unit.lstrip("-").isdecimal()
