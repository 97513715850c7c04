r"""HAProxy's `log-format`. Source: HAProxy Configuration Manual, "Custom log format" and its table of aliases.

The text may be the format alone, with or without the backslashes of haproxy.cfg, the whole directive, or the name of a
built-in format: `httplog`, `httpslog`, `clf`. A format that writes JSON, or that `%{+json}o` turns into JSON, becomes
paths. HAProxy writes one blank where several would come together, and nothing where no header is captured. Only the
configuration knows which header a capture is: `mtc.formats.proxies` tells them apart by what they hold.

Sample expressions (`%[...]`; "Fetching samples" and "Converters") are known where they write a field; a variable
(`%[var(txn.host)]`) is what its name says. Anything else, such as counters, is matched and ignored.
"""

import functools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mtc.core.suggest import suggest
from mtc.formats.layouts.apache import HEADERS
from mtc.formats.layouts.json_paths import json_layout, looks_like_json
from mtc.formats.layouts.layout import CLF, Layout, LayoutError, Piece, Value, assemble, scanned, spelled_out

_FETCH = re.compile(r"\s*(?P<name>[\w.\-]+)(?:\((?P<argument>[^)]*)\))?(?P<converters>.*)", re.DOTALL)
_CONVERTER = re.compile(r",\s*(?P<name>[\w.\-]+)(?:\((?P<argument>\"[^\"]*\"|'[^']*'|(?:\\.|[^)])*)\))?")
# Converters that keep the meaning of a text.
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
_VARIABLES = {
    **dict.fromkeys(("host", "vhost", "httphost"), Value("host", "text", 1)),
    **dict.fromkeys(("useragent", "ua", "agent"), Value("user_agent", "text", 1)),
    **dict.fromkeys(("referer", "referrer"), Value("referrer", "text", 1)),
    **dict.fromkeys(("uri", "url", "pathq", "target"), Value("target", "text", 4)),
    **dict.fromkeys(("xff", "xforwardedfor", "forwardedfor", "xrealip", "realip", "clientip"), _CLIENT),
    "method": Value("method", "word", 2),
    "path": Value("path", "text", 3),
    "query": Value("query", "text", 2),
}


def fetched_value(expression: str) -> Value:
    """The value that a sample expression writes; an unknown one is ignored."""
    found = _FETCH.fullmatch(expression)
    if found is None:
        return Value()
    name, argument = found["name"], (found["argument"] or "").strip().strip("\"'")
    converters = [(each["name"], each["argument"] or "") for each in _CONVERTER.finditer(found["converters"])]
    if name in {"date", "accept_date", "request_date"}:
        return _date(argument.rpartition(",")[2] if name == "date" else argument, converters)
    harmless = all(converter in _HARMLESS for converter, _ in converters)
    return _fetch_value(name, argument) if harmless else Value()


def _fetch_value(name: str, argument: str) -> Value:
    first = argument.partition(",")[0]
    if name in _HEADER_FETCHES:
        return HEADERS.get(first.lower(), Value())
    if name == "var":
        return _variable(first)
    if name == "capture.req.hdr" and argument.isdecimal():
        return Value(f"captured{argument}", "text")
    return _FETCHES.get(name, Value())


def _variable(name: str) -> Value:
    """The value of a variable, by its name."""
    bare = re.sub(r"[^a-z0-9]", "", name.rpartition(".")[2].lower())
    for prefix in ("", "req", "request", "hdr", "reqhdr", "http"):
        if (known := _VARIABLES.get(bare.removeprefix(prefix))) is not None:
            return known
    return Value()


def _date(unit: str, converters: list[tuple[str, str]]) -> Value:
    """A date: a number of seconds or of a smaller unit, unless a converter formats it."""
    if not converters:
        unit = unit.strip()
        return Value(kind="number", clock=_EPOCHS["" if unit.lstrip("-").isdecimal() else unit] if _known(unit) else "")
    name, argument = converters[0]
    if len(converters) > 1 or name not in {"ltime", "utime"}:
        return Value()
    time_format = re.sub(r"\\(.)", r"\1", re.sub(r",\s*-?\d+\s*$", "", argument).strip().strip("\"'"))
    return Value(kind="text", clock=spelled_out(time_format))


def _known(unit: str) -> bool:
    return unit in _EPOCHS or unit.lstrip("-").isdecimal()


_ITEM = re.compile(
    r"%(?:\((?P<name>[^):]*)(?::[^)]*)?\))?(?:\{(?P<flags>[^}]*)\})?"
    r"(?:\[(?P<expression>(?:[^\[\]\"']|\"[^\"]*\"|'[^']*'|\[[^\]]*\])*)\]|(?P<alias>[A-Za-z][A-Za-z0-9_]*)|(?P<percent>%))"
)
_DIRECTIVE = re.compile(r"\s*(?:error-)?log-format\s+(?P<rest>.*)", re.DOTALL)
_MILLIS = "%d/%b/%Y:%H:%M:%S.%f"
_BLANKS = re.compile(r"\s+")

_HTTP = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"
_HTTPS_TAIL = "%[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc"
_CLF = (
    '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq'
    " %CC %CS %hrl %hsl"
)
_BUILT_IN = {"httplog": _HTTP, "httpslog": f"{_HTTP} {_HTTPS_TAIL}", "clf": _CLF}

_WORD, _TEXT, _NUMBER, _BRACED = (Value(kind=kind) for kind in ("word", "text", "signed", "braced"))
_ALIASES: dict[str, Value] = {
    "ci": Value("ip", "word"),
    "r": Value("request", "text"),
    "HM": Value("method", "word"),
    "HU": Value("target", "text"),
    "HP": Value("path", "text"),
    "HPO": Value("path", "text", 1),
    "HQ": Value("query", "text"),
    "HV": Value("protocol", "word"),
    "ST": Value("status", "signed"),
    "B": Value("bytes", "signed"),
    "Ta": Value("time_ms", "signed"),
    "Tt": Value("time_ms", "signed", 1),
    "tr": Value(kind="word", clock=_MILLIS),
    "t": Value(kind="word", rank=1, clock=_MILLIS),
    "trg": Value(kind="clf", clock=CLF),
    "trl": Value(kind="clf", clock=CLF),
    "T": Value(kind="clf", rank=1, clock=CLF),
    "Tl": Value(kind="clf", rank=1, clock=CLF),
    "Ts": Value(kind="number", clock="epoch:1"),
    "ms": Value(kind="number", clock="fraction"),
    "hr": Value("captured", "braced"),
    "hrl": _TEXT,
    "hs": _BRACED,
    "hsl": _TEXT,
    "tsc": _WORD,
    "ts": _WORD,
    **dict.fromkeys(("CC", "CS", "H", "b", "f", "ft", "s", "sslc", "sslv", "bi", "fi", "si"), _WORD),
    **dict.fromkeys(("ID", "OG"), _TEXT),
    **dict.fromkeys(("TR", "Tc", "Td", "Th", "Ti", "Tq", "Tr", "Tu", "Tw", "U", "ac", "bc", "bp", "bq", "cp"), _NUMBER),
    **dict.fromkeys(("fc", "fp", "lc", "pid", "rc", "rt", "sc", "sp", "sq"), _NUMBER),
}
# Their names before version 1.5.
_ALIASES |= {name[:1].upper() + name[1:]: _ALIASES[name] for name in ("bi", "bp", "ci", "cp", "fi", "fp", "si", "sp")}
_ALIASES |= {name.lower(): _ALIASES[name] for name in ("CC", "CS", "ST")}
_NEVER_QUOTED = frozenset({"tsc", "ts", "tr", "t", "hrl", "hsl"})
_MAY_BE_EMPTY = frozenset({"hr", "hs", "hrl", "hsl"})
_GAP = Value(kind="gap")


_JSON_OUTPUT = re.compile(r"\s*%\{[^}]*\+(?:json|cbor)[^}]*\}o", re.IGNORECASE)


@functools.lru_cache(maxsize=256)
def compile_haproxy(text: str) -> Layout:
    """The layout of a log-format.

    Raises:
        LayoutError: the text is not a log-format, or no request could be read with it.
    """
    inner = _format_of(text)
    if _JSON_OUTPUT.match(inner):
        return json_layout(list(_by_name(inner)), "the log-format")
    pieces = list(_with_single_blanks(list(_pieces(inner))))
    if looks_like_json(inner):
        return json_layout(pieces, "the log-format")
    return assemble(pieces, "the log-format")


def _format_of(text: str) -> str:
    """The format without directive and quotes, unescaped; of a built-in format its definition."""
    directive = _DIRECTIVE.fullmatch(text)
    inner = directive["rest"].strip() if directive else text
    if inner.strip() in _BUILT_IN:
        return _BUILT_IN[inner.strip()]
    if inner[:1] == "'" and inner[-1:] == "'" and len(inner) > 1:
        return inner[1:-1]
    if inner[:1] == '"' and inner[-1:] == '"' and len(inner) > 1 and not looks_like_json(inner):
        inner = inner[1:-1]
    return re.sub(r'\\([ "\'\\#{}%$])', r"\1", inner)


@dataclass(slots=True)
class _Flags:
    """The flags of `%{...}`: whether values are quoted, and whether numbers are hexadecimal."""

    quoted: bool = False
    hexadecimal: bool = False

    def after(self, text: str) -> "_Flags":
        """The flags changed by those of an item."""
        found = {flag[1:]: flag[0] == "+" for flag in _BLANKS.sub("", text).split(",") if flag[:1] in {"+", "-"}}
        return _Flags(found.get("Q", self.quoted), found.get("X", self.hexadecimal))


def _pieces(text: str) -> Iterator[Piece]:
    shared = _Flags()
    for found in scanned(text, _ITEM, _unknown):
        if isinstance(found, str):
            yield _BLANKS.sub(" ", found)
            continue
        flags = shared.after(found["flags"] or "")
        if found["alias"] == "o":
            shared = flags
        else:
            yield from _item(found, flags, found.start())


def _unknown(rest: str, place: int) -> LayoutError:
    what = f"`{_BLANKS.split(rest, maxsplit=1)[0][:12]}` at character {place + 1} is not an item of a log-format"
    return LayoutError(what, "write `%%` for a percent sign")


def _by_name(text: str) -> Iterator[Piece]:
    """The pieces of the object that HAProxy makes of a format with `%{+json}o`: its named items."""
    before = "{"
    for found in _ITEM.finditer(text):
        if found["name"]:
            values = [piece for piece in _item(found, _Flags(), found.start()) if isinstance(piece, Value)]
            yield from (f"{before}{json.dumps(found['name'])}:", values[0])
            before = ","
    yield "{}" if before == "{" else "}"


def _item(found: re.Match[str], flags: _Flags, place: int) -> Iterator[Piece]:
    """The pieces that an item writes."""
    if found["percent"]:
        yield "%"
        return
    alias = found["alias"]
    if alias and alias not in _ALIASES:
        hint = suggest(f"%{alias}", [f"%{name}" for name in _ALIASES])
        raise LayoutError(f"`%{alias}` at character {place + 1} is not a variable of a log-format", hint)
    value = _ALIASES[alias] if alias else fetched_value(found["expression"])
    if flags.hexadecimal and value.kind in {"number", "signed"}:
        value = Value()
    if flags.quoted and value.kind in {"word", "text", "list", "braced"} and alias not in _NEVER_QUOTED:
        yield from ('"', value, '"')
    elif alias in _MAY_BE_EMPTY:
        yield from (replace(value), _GAP)
    else:
        yield value


def _with_single_blanks(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The pieces with blanks as HAProxy writes them: none first, none doubled, optional after an empty value."""
    blank = True
    for at, piece in enumerate(pieces):
        if piece is _GAP:
            if at + 1 < len(pieces) and str(pieces[at + 1]).startswith(" "):
                yield piece
                blank = True
        elif isinstance(piece, str):
            text = piece.removeprefix(" ") if blank else piece
            blank = text.endswith(" ") or (blank and not text)
            if text:
                yield text
        else:
            yield piece
            blank = False
