"""JSON lines of a server that nobody knows: fields are told by what their keys are called and by what they hold.

Of a key only its letters and digits count, in any case: `User-Agent`, `user_agent` and `userAgent` are one. A key
within others is looked for by itself and behind those around it (`response.status`, `http.response.status_code`); what
a server says of another one (`upstream`, `origin`, `backend`) or sends back as headers is passed over. Where several
fit, the first of the names below counts, and of equal ones the one that is less deep. A value must look like what it is
taken for: `requestTime` may be a time or a duration.

Formats whose keys are known read as much or more, and then win.
"""

import functools
import re
from collections.abc import Iterator, Mapping, Sequence

from mtc.formats.base import Format
from mtc.formats.json_formats import JSON_TIME
from mtc.formats.json_lines import JsonLines, Paths, pointer, read_object
from mtc.formats.messages import object_message
from mtc.formats.texts import address, host_name, milliseconds

Keys = tuple[str | int, ...]

_NAMES: Mapping[str, str] = {
    "ip": (
        "clientip remoteaddr remoteip clientaddr clientaddress remoteaddress remotehost ip ipaddress cip srcip sourceip"
        " sourceaddress clienthost client remote peer src userip visitorip"
    ),
    "forwarded_for": "xforwardedfor httpxforwardedfor forwardedfor xff forwarded",
    "real_ip": "xrealip httpxrealip realip cfconnectingip trueclientip",
    "time": (
        "timeiso8601 timestamp time timelocal requesttime starttime startedat startutc startlocal receivedat eventtime"
        " datetime date ts t at when logtime msec epoch"
    ),
    "request": "request requestline req",
    "method": "method requestmethod httpmethod verb reqmethod csmethod",
    "target": (
        "requesturi requesturl uri url originalurl urloriginal rawurl requesttarget target path requestpath urlpath"
        " fullpath rawpath csuri csuristem resource pathinfo"
    ),
    "query": "query querystring args urlquery csuriquery",
    "protocol": "protocol serverprotocol requestprotocol httpversion proto",
    "host": (
        "host httphost requesthost domain domainhttphost vhost virtualhost servername authority hostname xhostheader"
        " cshost urldomain"
    ),
    "status": (
        "status statuscode httpstatus httpstatuscode responsestatus responsecode responsestatuscode respstatus scstatus"
        " returncode resultcode httpcode respcode code"
    ),
    "bytes": (
        "bodybytessent bytessent bytes responsesize responsebytes responselength contentlength bodysize respsize size"
        " length scbytes"
    ),
    "referrer": "referer referrer httpreferer httpreferrer requestreferer requestreferrer csreferer",
    "user_agent": "useragent httpuseragent requestuseragent useragentoriginal csuseragent agent ua browser",
    "user": "remoteuser username user userid",
    "millis": "durationms elapsedms latencyms tookms responsetimems timems requesttimems",
    "seconds": "requesttime durations elapseds",
}
_RANKS = {name: (field, rank) for field, names in _NAMES.items() for rank, name in enumerate(names.split())}
# `requestTime` is told by its value.
_TWICE = {"requesttime": ("time", "seconds")}
_ELSEWHERE = re.compile(r"upstream|origin|backend|resp(?:onse)?_?headers?", re.IGNORECASE)
_ADDRESS = r'[\s"\[]*(?:\d{1,3}(?:\.\d{1,3}){3}\b|[0-9A-Fa-f]*:[0-9A-Fa-f:]*(?:[.\d]*))'
_LOOKS: Mapping[str, re.Pattern[str]] = {
    "ip": re.compile(_ADDRESS),
    "forwarded_for": re.compile(rf"(?:[Ff]or=|unknown)|{_ADDRESS}|-?$"),
    "real_ip": re.compile(rf"{_ADDRESS}|-?$"),
    "time": re.compile(r"\[?\d{1,2}/\w{3}/\d{4}[: ]|\d{4}[-/]\d\d[-/]\d\d[T ]|\d{9,}(?:\.\d+)?$"),
    "request": re.compile(r"[A-Z][A-Z_-]* \S"),
    "method": re.compile(r"[A-Z][A-Z_-]*$"),
    "target": re.compile(r"/|[A-Za-z][A-Za-z0-9+.-]*://|\*$|[\w.\-]+:\d+$"),
    "protocol": re.compile(r"HTTP/\d"),
    "host": re.compile(r"[\w.\-]+(?::\d+)?$|\[[0-9A-Fa-f:.]+\](?::\d+)?$|-?$"),
    "status": re.compile(r"(?:[1-5]\d\d|[69]\d\d|0|000)(?:\.0)?(?:\s|$)|-?$"),
    "bytes": re.compile(r"\d+$|-?$"),
    "millis": re.compile(r"\d+(?:\.\d+)?(?:\s*ms)?$|-?$"),
    "seconds": re.compile(r"\d{1,6}(?:\.\d+)?$|-?$"),
}
_DEEPEST = 5
_SAMPLED = 100
_MOST_KEYS = 300


def bind(sample: Sequence[str]) -> Format | None:
    """The format of lines like those of a sample; None where they are no requests in JSON."""
    lines = [line for line in sample[:_SAMPLED] if "{" in line]
    values: dict[Keys, list[str]] = {}
    for line in lines:
        for keys, text in _leaves(read_object(line)):
            if keys in values or len(values) < _MOST_KEYS:
                values.setdefault(keys, []).append(text)
    found = _chosen(values)
    if not {"ip", "time"} <= set(found) or not {"request", "target"} & set(found):
        return None
    if "target" in found and "query" in found and any("?" in text for text in values[found["target"]]):
        del found["query"]
    return _made(tuple((field, (pointer(*keys),)) for field, keys in found.items()))


def bind_any(sample: Sequence[str]) -> Format | None:
    """A format for any JSON objects, of which `fields` must say what they have."""
    return bind(sample) or (_made(()) if any(isinstance(read_object(line), dict) for line in sample) else None)


def _leaves(value: object, keys: Keys = ()) -> Iterator[tuple[Keys, str]]:
    """The values of an object that are texts or numbers, with the keys that lead to them; of a list the first."""
    if isinstance(value, dict) and len(keys) < _DEEPEST:
        for key, inner in value.items():
            yield from _leaves(inner, (*keys, key))
    elif isinstance(value, list) and value and keys:
        yield from _leaves(value[0], (*keys, 0))
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
        yield keys, str(value)


def _chosen(values: Mapping[Keys, Sequence[str]]) -> dict[str, Keys]:
    """The keys of each field."""
    best: dict[str, tuple[int, int, Keys]] = {}
    for keys, texts in values.items():
        for field, rank in _meant(keys):
            offer = (rank, len(keys), keys)
            if _looks_so(field, texts) and (field not in best or offer[:2] < best[field][:2]):
                best[field] = offer
    return {field: best[field][2] for field in _NAMES if field in best}


def _meant(keys: Keys) -> Iterator[tuple[str, int]]:
    """The fields that keys may be called after, each with how well."""
    words = [str(key) for key in keys if isinstance(key, str)]
    if any(_ELSEWHERE.search(word) for word in words[:-1]) or not words:
        return
    bare = [re.sub(r"[^a-z0-9]", "", word.lower()) for word in words]
    for name in {bare[-1], "".join(bare[-2:]), "".join(bare)}:
        known = _RANKS.get(name)
        fields = _TWICE.get(name, (known[0],) if known else ())
        for field in fields:
            yield field, _NAMES[field].split().index(name)


def _looks_so(field: str, texts: Sequence[str]) -> bool:
    look = _LOOKS.get(field)
    return look is None or (all(map(look.match, texts)) and any(text not in {"", "-"} for text in texts))


# Of `200 OK` and `200.0` the number.
_STATUS = r"CASE WHEN length(z.status) > 3 THEN regexp_extract(z.status, '^[0-9]{3}') ELSE z.status END"


@functools.lru_cache(maxsize=256)
def _made(paths: Paths) -> Format:
    """One object for equal keys: objects of the same format are bundled."""
    names = [name for name, _ in paths]
    if "query" in names and "target" in names:
        paths = tuple(("path" if name == "target" else name, found) for name, found in paths)
    taken = [milliseconds(f"z.{name}", unit=unit) for name, unit in (("millis", 1), ("seconds", 1000)) if name in names]
    derive = [("ip", address("z.ip"))] if "ip" in names else []
    derive += [("host", host_name("z.host"))] if "host" in names else []
    derive += [("status", _STATUS)] if "status" in names else []
    derive += [("time_taken", f"coalesce({', '.join(taken)})")] if taken else []
    return Format(
        name="any_json",
        title="JSON lines, with fields told by what their keys are called",
        shape=JsonLines(paths),
        time=JSON_TIME,
        taken=1,
        derive=tuple(derive),
        other=object_message("{line}"),
    )
