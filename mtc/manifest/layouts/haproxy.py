r"""HAProxy's `log-format`. Source: HAProxy Configuration Manual, "Custom log format" and its table of aliases.

The text may be the format alone, with or without the backslashes of haproxy.cfg, the whole directive, or the name of a
built-in format: `httplog`, `httpslog`, `clf`. A format that writes JSON, or of which `%{+json}o` makes it, becomes
paths. HAProxy writes one blank where several would come together, and nothing for captured headers where none is
captured. Which header a capture is, only the configuration knows: `mtc.formats.haproxy` tells them by what they hold. A
variable (`%[var(txn.host)]`) is taken for what its name says. What is not known here, such as counters, is matched and
passed over.
"""

import functools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mtc.manifest.layouts.haproxy_samples import sample
from mtc.manifest.layouts.model import Layout, LayoutError
from mtc.manifest.layouts.objects import json_layout, looks_like_json
from mtc.manifest.layouts.pieces import Piece, Value, assemble, scanned
from mtc.manifest.layouts.times import CLF
from mtc.manifest.near import suggest

_ITEM = re.compile(
    r"%(?:\((?P<name>[^):]*)(?::[^)]*)?\))?(?:\{(?P<flags>[^}]*)\})?"
    r"(?:\[(?P<expression>(?:[^\[\]\"']|\"[^\"]*\"|'[^']*'|\[[^\]]*\])*)\]|(?P<alias>[A-Za-z][A-Za-z0-9_]*)|(?P<percent>%))"
)
_DIRECTIVE = re.compile(r"\s*(?:error-)?log-format\s+(?P<rest>.*)", re.DOTALL)
_MILLIS = "%d/%b/%Y:%H:%M:%S.%f"
_BLANKS = re.compile(r"\s+")

_HTTP = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"
_TLS = "%[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc"
_CLF = (
    '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq'
    " %CC %CS %hrl %hsl"
)
_BUILT_IN = {"httplog": _HTTP, "httpslog": f"{_HTTP} {_TLS}", "clf": _CLF}

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
# What they were called before version 1.5.
_ALIASES |= {name[:1].upper() + name[1:]: _ALIASES[name] for name in ("bi", "bp", "ci", "cp", "fi", "fp", "si", "sp")}
_ALIASES |= {name.lower(): _ALIASES[name] for name in ("CC", "CS", "ST")}
_NEVER_QUOTED = frozenset({"tsc", "ts", "tr", "t", "hrl", "hsl"})
_MAYBE_NOTHING = frozenset({"hr", "hs", "hrl", "hsl"})
_GAP = Value(kind="gap")


_NAMED = re.compile(r"\s*%\{[^}]*\+(?:json|cbor)[^}]*\}o", re.IGNORECASE)


@functools.lru_cache(maxsize=256)
def compile_haproxy(text: str) -> Layout:
    """The layout of a log-format."""
    inner = _format_of(text)
    if _NAMED.match(inner):
        return json_layout(list(_by_name(inner)), "the log-format")
    pieces = list(_merged(list(_pieces(inner))))
    if looks_like_json(inner):
        return json_layout(pieces, "the log-format")
    return assemble(pieces, "the log-format")


def _format_of(text: str) -> str:
    """The format itself, its escapes read."""
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
    """What `%{...}` says of values: whether they are quoted, and whether numbers are hexadecimal."""

    quoted: bool = False
    hexadecimal: bool = False

    def after(self, told: str) -> "_Flags":
        """The flags with those of an item."""
        found = {flag[1:]: flag[0] == "+" for flag in _BLANKS.sub("", told).split(",") if flag[:1] in {"+", "-"}}
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
    what = f"`{_BLANKS.split(rest, maxsplit=1)[0][:12]}` at character {place + 1} is no item of a log-format"
    return LayoutError(what, "write `%%` for a percent sign")


def _by_name(text: str) -> Iterator[Piece]:
    """What a format writes of which HAProxy itself makes an object (`%{+json}o`): the items that have a name."""
    before = "{"
    for found in _ITEM.finditer(text):
        if found["name"]:
            values = [piece for piece in _item(found, _Flags(), found.start()) if isinstance(piece, Value)]
            yield from (f"{before}{json.dumps(found['name'])}:", values[0])
            before = ","
    yield "{}" if before == "{" else "}"


def _item(found: re.Match[str], flags: _Flags, place: int) -> Iterator[Piece]:
    """What one item writes."""
    if found["percent"]:
        yield "%"
        return
    alias = found["alias"]
    if alias and alias not in _ALIASES:
        near = suggest(f"%{alias}", [f"%{name}" for name in _ALIASES])
        raise LayoutError(f"`%{alias}` at character {place + 1} is no variable of a log-format", near)
    value = _ALIASES[alias] if alias else sample(found["expression"])
    if flags.hexadecimal and value.kind in {"number", "signed"}:
        value = Value()
    if flags.quoted and value.kind in {"word", "text", "list", "braced"} and alias not in _NEVER_QUOTED:
        yield from ('"', value, '"')
    elif alias in _MAYBE_NOTHING:
        yield from (replace(value), _GAP)
    else:
        yield value


def _merged(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The pieces with as many blanks as are written: none at the beginning or twice, and maybe none behind nothing."""
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
