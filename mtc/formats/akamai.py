r"""Akamai DataStream 2: JSON, structured (between blanks or tabs), and names and values.

Source: Akamai, "DataStream 2: Data set parameters" and "Log format": values are percent-encoded, `reqTimeSec` is
seconds since 1970, `reqPath` may lack its slash, a key may be missing or `-`. A structured line has the values in the
order of the stream's fields; it is read where that is the documentation's: what stands from `reqTimeSec` to `reqPath`,
and what may follow up to the user agent and up to the referrer. Names and values (`cliIP=...`) have the names of JSON.
"""

from mtc.formats.base import ANY_EPOCH, Format, Time
from mtc.formats.cloudfront import decoded
from mtc.formats.json_lines import OBJECT, JsonLines, paths_of
from mtc.formats.pairs import Pairs, whole
from mtc.formats.pattern import Pattern
from mtc.formats.texts import address, host_name, http_version
from mtc.formats.urls import only_where

_TIME = Time((), epoch=ANY_EPOCH, iso=True)
_NEEDED = (("ip",), ("time",), ("path",))
_KEYS = {
    "host": "reqHost",
    "ip": "cliIP",
    "time": "reqTimeSec",
    "method": "reqMethod",
    "path": "reqPath",
    "query": "queryStr",
    "protocol": "proto",
    "version": "protoVer",
    "status": "statusCode",
    "bytes": "bytes totalBytes",
    "time_taken": "turnAroundTimeMSec",
    "referrer": "referer",
    "user_agent": "UA",
    "forwarded_for": "xForwardedFor",
}


def _text(value: str) -> str:
    """SQL: a value decoded. Blanks are `%20`, or a plus sign where none is written so."""
    plus = f"contains({value}, '%') AND contains({value}, '+') AND NOT contains({value}, '%20')"
    blanks = f"replace({value}, '+', ' ')"
    return f"CASE WHEN {plus} THEN {decoded(blanks)} ELSE {decoded(value)} END"


def _whole(value: str, signs: str) -> str:
    """SQL: a value decoded if it was encoded as a whole: none of the `signs` that structure it stands in it."""
    return f"CASE WHEN regexp_matches({value}, '[{signs}]') THEN {value} ELSE {decoded(value)} END"


_NO_TUNNEL = "coalesce(z.method, '') <> 'CONNECT'"
_HTTP = "CASE WHEN starts_with(z.protocol, 'HTTP/') THEN z.protocol END"
_ROOTED = f"concat('/', ltrim({_whole('z.path', '/')}, '/'))"
_MEANING = {
    "ip": only_where(address("z.ip"), _NO_TUNNEL),
    "host": host_name("z.host"),
    "path": f"CASE z.path WHEN '-' THEN '/' WHEN '' THEN NULL ELSE {_ROOTED} END",
    "query": f"nullif(nullif({_whole('z.query', '=&')}, '-'), '')",
    "protocol": http_version(f"coalesce({_HTTP}, z.version)"),
    "referrer": _whole("z.referrer", ":/"),
    "user_agent": _text("z.user_agent"),
}

AKAMAI = Format(
    name="akamai",
    title="Akamai DataStream 2 in JSON",
    shape=JsonLines(paths_of(**_KEYS), needed=_NEEDED),
    time=_TIME,
    taken=1,
    derive=tuple(_MEANING.items()),
    other=OBJECT,
)

AKAMAI_PAIRS = Format(
    name="akamai_pairs",
    title="Akamai DataStream 2, names and values",
    shape=Pairs("logfmt", tuple((field, tuple(keys.split())) for field, keys in _KEYS.items()), needed=_NEEDED),
    time=_TIME,
    taken=1,
    derive=tuple((_MEANING | {"ip": only_where(address("z.ip"), whole(*_NEEDED), _NO_TUNNEL)}).items()),
    other="contains({line}, 'reqTimeSec=')",
)

_S = r"[ \t]"
_ASKED = (
    rf"(?P<time>\d{{10}}(?:\.\d+)?){_S}(?P<bytes>\d+|-){_S}(?P<ip>[0-9A-Fa-f.:]+){_S}(?P<status>\d{{1,3}}|-)"
    rf"{_S}(?P<protocol>HTTPS?(?:/[\d.]+)?){_S}(?P<host>\S+){_S}(?P<method>[A-Z]+|-){_S}(?P<path>\S+)"
)
_ANSWERED = (
    rf"(?:{_S}\S+){{3}}{_S}(?P<user_agent>\S+)"
    rf"(?:(?:{_S}\S+){{6}}{_S}(?P<query>\S+)(?:{_S}\S+){{4}}{_S}(?P<referrer>\S+)(?:{_S}.*)?|{_S}.*)?"
)

AKAMAI_STRUCTURED = Format(
    name="akamai_structured",
    title="Akamai DataStream 2, structured: its fields in the order of the documentation",
    shape=Pattern(rf"^\d+{_S}(?:\S+{_S}){{1,4}}{_ASKED}(?:{_ANSWERED}|{_S}.*)?$"),
    time=Time((), epoch=1),
    derive=tuple((_MEANING | {"protocol": http_version(_HTTP)}).items()),
)
