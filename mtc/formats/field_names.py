"""Guesses which field a key of JSON or a column of CSV is, by its name and its values.

Only the letters and digits of a key count, in any case: `User-Agent`, `user_agent` and `userAgent` are the same. A
nested key is looked up alone and with its parents (`response.status`, `http.response.status_code`). Keys about another
server (`upstream`, `origin`, `backend`), response headers, and addresses and names of machines other than the client
are ignored. If several keys match a field, the one that is first in the lists of names counts, and of equal names the
least nested. Values must look like the field, as `requestTime` may be a time or a duration; a few may not, as some
lines of any log are not proper requests.

Sources of names, beside those of common servers and loggers: Elastic Common Schema; Cloudflare Logs, "HTTP requests";
Azure Monitor, "AppServiceHTTPLogs" and "StorageBlobLogs"; the Amazon Athena User Guide, tables of service logs; W3C,
"Extended Log File Format". Times also as Kibana's Discover and the portal of Azure write them into a CSV file.
"""

import operator
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from mtc.formats.json_lines import JSON_TIME
from mtc.formats.sql import address, host_name, milliseconds, unbracketed

Keys = tuple[str | int, ...]

NEEDED = (("ip",), ("time", "clock"), ("request", "target", "path"))
"""The fields that a request must have: one of each group."""

TIME = replace(
    JSON_TIME,
    formats=(
        *JSON_TIME.formats,
        "%b %d, %Y @ %H:%M:%S.%f",
        "%m/%d/%Y, %I:%M:%S.%f %p",
        "%m/%d/%Y, %I:%M:%S %p",
        "%m/%d/%Y %I:%M:%S %p",
    ),
)

_NAMES: Mapping[str, str] = {
    "ip": (
        "clientip remoteaddr remoteip clientaddr clientaddress remoteaddress remotehost ip ipaddress cip srcip sourceip"
        " sourceaddress clienthost client remote peer src userip visitorip clientipaddress calleripaddress requestip"
    ),
    "forwarded_for": "xforwardedfor httpxforwardedfor forwardedfor xff forwarded csxforwardedfor",
    "real_ip": "xrealip httpxrealip realip cfconnectingip trueclientip",
    "time": (
        "timeiso8601 timestamp time timelocal requesttime starttime startedat startutc startlocal receivedat eventtime"
        " datetime date ts t at when logtime msec epoch edgestarttimestamp edgeendtimestamp timegenerated"
        " timegeneratedutc timegeneratedlocaltime timestamputc datetimeutc requestdatetime"
    ),
    "date": "date dateutc day logdate",
    "clock": "time timeutc timeofday clock logtime",
    "request": "request requestline req",
    "method": "method requestmethod httpmethod verb reqmethod csmethod clientrequestmethod requestverb",
    "target": (
        "requesturi requesturl uri url originalurl urloriginal rawurl requesttarget target path requestpath urlpath"
        " fullpath rawpath csuri csuristem resource pathinfo clientrequesturi clientrequestpath uristem"
    ),
    "query": "query querystring args urlquery csuriquery uriquery",
    "protocol": (
        "protocol serverprotocol requestprotocol httpversion proto csversion clientrequestprotocol requestproto"
    ),
    "host": (
        "host httphost requesthost domain domainhttphost vhost virtualhost servername authority hostname xhostheader"
        " cshost urldomain clientrequesthost hostheader"
    ),
    "status": (
        "status statuscode httpstatus httpstatuscode responsestatus responsecode responsestatuscode respstatus scstatus"
        " returncode resultcode httpcode respcode code edgeresponsestatus elbstatuscode"
    ),
    "bytes": (
        "bodybytessent httpresponsebodybytes bytessent bytes responsesize responsebytes responselength contentlength"
        " bodysize respsize size length scbytes edgeresponsebytes sentbytes"
    ),
    "referrer": (
        "referer referrer httpreferer httpreferrer requestreferer requestreferrer csreferer csreferrer"
        " clientrequestreferer refererheader"
    ),
    "user_agent": (
        "useragent httpuseragent requestuseragent useragentoriginal csuseragent agent ua browser"
        " clientrequestuseragent useragentheader"
    ),
    "user": "remoteuser username user userid csusername",
    "millis": "durationms elapsedms latencyms tookms responsetimems timems requesttimems timetakenms",
    "seconds": "requesttime durations elapseds",
}
_RANKS = {field: {name: rank for rank, name in enumerate(names.split())} for field, names in _NAMES.items()}
# A name may match several fields; the values decide between them.
_FIELDS = {
    name: tuple(field for field in _RANKS if name in _RANKS[field]) for ranks in _RANKS.values() for name in ranks
}
_ELSEWHERE = re.compile(r"upstream|origin|backend|resp(?:onse)?_?headers?", re.IGNORECASE)
_OTHERS = re.compile(r"(?:server|dest(?:ination)?|dst|host|agent|observer|local|target)$", re.IGNORECASE)
_MACHINES = re.compile(r"(?:kubernetes|k8s|docker|container|pod|cloud|resource|labels)$", re.IGNORECASE)
_RANKED = operator.itemgetter(0, 1, 2)
_ANY_MACHINE = {"ip", "ipaddress", "hostname"}
# The size of a request counts only if there is no size of the response.
_REQUEST_SIZE, _LAST = re.compile(r"req(?:uest)?$", re.IGNORECASE), 1000
_ADDRESS = r'[\s"\[]*(?:\d{1,3}(?:\.\d{1,3}){3}\b|[0-9A-Fa-f]*:[0-9A-Fa-f:]*(?:[.\d]*))'
_TIMES = (
    r"\[?\d{1,2}/\w{3}/\d{4}[: ]|\d{4}[-/]\d\d[-/]\d\d[T ]|\d{9,}(?:\.\d+)?$"
    r"|\w{3} \d{1,2}, \d{4} @ \d|\d{1,2}/\d{1,2}/\d{4},? \d{1,2}:\d\d:\d\d\S* [AP]M$"
)
_LOOKS: Mapping[str, re.Pattern[str]] = {
    "ip": re.compile(_ADDRESS),
    "forwarded_for": re.compile(rf"(?:[Ff]or=|unknown)|{_ADDRESS}|-?$"),
    "real_ip": re.compile(rf"{_ADDRESS}|-?$"),
    "time": re.compile(_TIMES),
    "date": re.compile(r"\d{4}-\d\d-\d\d$"),
    "clock": re.compile(r"\d\d:\d\d:\d\d(?:\.\d+)?$"),
    "request": re.compile(r"[A-Z][A-Z_-]* \S"),
    "method": re.compile(r"[A-Z][A-Z_-]*$"),
    "target": re.compile(r"/|[A-Za-z][A-Za-z0-9+.-]*://|\*$|[\w.\-]+:\d+$"),
    "protocol": re.compile(r"HTTP/\d"),
    "host": re.compile(r"[\w.\-]+(?::\d+)?$|\[[0-9A-Fa-f:.]+\](?::\d+)?$|-?$"),
    "status": re.compile(r"(?:[1-5]\d\d|[69]\d\d|0|000)(?:\.0)?(?:\s|$)|-?$"),
    "bytes": re.compile(r"\d+(?:,\d{3})*(?:\.0)?$|-?$"),
    "millis": re.compile(r"\d+(?:\.\d+)?(?:\s*ms)?$|-?$"),
    "seconds": re.compile(r"\d{1,6}(?:\.\d+)?$|-?$"),
}
_NOTHING = ("", "-")
# The share of values that may not look like the field; one always may.
_ODD_SHARE = 0.1
_UNITS = {"time_taken": 1, "millis": 1, "seconds": 1000}
# The number in `200 OK` and `200.0`.
_STATUS = r"CASE WHEN length(z.status) > 3 THEN regexp_extract(z.status, '^[0-9]{3}') ELSE z.status END"


def guess_fields(values: Mapping[Keys, Sequence[str]]) -> dict[str, Keys]:
    """Map each field to its keys. A key without values counts by its name, if no other key for the field has values.

    `millis` and `seconds` are the time taken; `date` and `clock` are used if no key holds both.
    """
    found = _best_keys(values)
    apart = {"date", "clock"} <= found.keys()
    whole = "time" in found and (values[found["time"]] or not apart)
    dropped = {"date", "clock"} if whole or not apart else {"time"}
    if "target" in found and any("?" in text for text in values[found["target"]]):
        dropped.add("query")
    return {field: keys for field, keys in found.items() if field not in dropped}


def is_request(fields: Collection[str]) -> bool:
    """Whether a line with these fields is a request."""
    return all(any(field in fields for field in group) for group in NEEDED)


def derive_of(fields: Collection[str]) -> tuple[tuple[str, str], ...]:
    """SQL for the fields that were guessed, as a format's `derive`. `time_taken` is in milliseconds."""
    taken = [milliseconds(f"z.{name}", unit=unit) for name, unit in _UNITS.items() if name in fields]
    found = {
        "ip": address("z.ip"),
        "time": unbracketed("z.time"),
        "host": host_name("z.host"),
        "status": _STATUS,
        "bytes": "replace(z.bytes, ',', '')",
    }
    found = {field: sql for field, sql in found.items() if field in fields}
    found |= {"time_taken": f"coalesce({', '.join(taken)})"} if taken else {}
    if "query" in fields and "target" in fields:
        found["path"] = "z.target"
    elif "path" in fields and "query" not in fields:
        found |= {"target": "z.path", "path": "NULL::VARCHAR"}
    return tuple(found.items())


def normalised_name(text: str) -> str:
    """A name reduced to its letters and digits, in lower case."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _best_keys(values: Mapping[Keys, Sequence[str]]) -> dict[str, Keys]:
    offers: dict[str, list[tuple[bool, int, int, Keys]]] = {}
    for keys, texts in values.items():
        for field, rank in _fields_named(keys):
            if _looks_like(field, texts) and not (field == "host" and _is_machine(keys, values)):
                offers.setdefault(field, []).append((not texts, rank, len(keys), keys))
    ranked = {field: [keys for *_, keys in sorted(offers[field], key=_RANKED)] for field in _NAMES if field in offers}
    found = {field: keys[0] for field, keys in ranked.items()}
    # A time in the same object as the client is the request's; one further out may be a log shipper's.
    beside = [keys for keys in ranked.get("time", ()) if "ip" in found and keys[:-1] == found["ip"][:-1]]
    return found | ({"time": beside[0]} if beside and values[beside[0]] else {})


def _is_machine(keys: Keys, values: Mapping[Keys, Sequence[str]]) -> bool:
    """Whether a host is the machine that logs: of a container, or beside `pid`, as in Node's loggers."""
    words = [str(key) for key in keys]
    beside = normalised_name(words[-1]) == "hostname" and (*keys[:-1], "pid") in values
    return beside or any(map(_MACHINES.match, words[:-1]))


def _fields_named(keys: Keys) -> Iterator[tuple[str, int]]:
    """The fields whose names the keys match, each with its rank (lower is better)."""
    words = [str(key) for key in keys if isinstance(key, str)]
    if any(_ELSEWHERE.search(word) for word in words[:-1]) or not words:
        return
    bare = [normalised_name(word) for word in words]
    names = {bare[-1], "".join(bare[-2:]), "".join(bare)}
    if any(map(_OTHERS.match, words[-2:-1])):
        names -= _ANY_MACHINE
    of_request = any(map(_REQUEST_SIZE.match, words[:-1]))
    for name in names:
        for field in _FIELDS.get(name, ()):
            yield field, _RANKS[field][name] + (_LAST if of_request and field == "bytes" else 0)


def _looks_like(field: str, texts: Sequence[str]) -> bool:
    look = _LOOKS.get(field)
    if look is None or not texts:
        return True
    fitting = [text for text in texts if look.match(text)]
    few = len(texts) - len(fitting) <= max(1, _ODD_SHARE * len(texts))
    return few and any(text not in _NOTHING for text in fitting)
