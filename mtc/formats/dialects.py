"""The dialects of the W3C extended log format: which columns they have, what these mean, how one knows them.

Sources: W3C, "Extended Log File Format"; Microsoft, "W3C Logging" and "IIS Advanced Logging" (time taken in
milliseconds, against the standard's seconds); Citrix, "Web Server Logging"; Imperva, "Log File Structure"; SHOUTcast
DNAS, "W3C logging"; Amazon CloudFront Developer Guide, "Standard logging reference" and, of 2015, "RTMP Distribution
Log File Format".
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from mtc.formats.cloudfront import FIELDS as CLOUDFRONT_FIELDS
from mtc.formats.cloudfront import decoded, decoded_agent, is_bare_line
from mtc.formats.columns import BLANK, QUOTES, TAB
from mtc.formats.texts import address, host_name

Names = tuple[str, ...]
Columns = tuple[tuple[str, Names], ...]
Meaning = tuple[tuple[str, str], ...]

_COLUMNS: Columns = (
    ("host", ("x-host-header", "cs-host", "cs(host)")),
    ("ip", ("c-ip",)),
    ("forwarded_for", ("x-forwarded-for", "cs(x-forwarded-for)", "cs-x-forwarded-for", "forwarded", "cs(forwarded)")),
    (
        "real_ip",
        (
            "x-real-ip",
            "cs(x-real-ip)",
            "true-client-ip",
            "cs(true-client-ip)",
            "cf-connecting-ip",
            "cs(cf-connecting-ip)",
            "x-client-ip",
            "cs(x-client-ip)",
            "x-azure-clientip",
            "fastly-client-ip",
        ),
    ),
    ("user", ("cs-username", "c-auth-id")),
    ("date", ("date", "date-utc", "date-local")),
    ("clock", ("time", "time-utc", "time-local")),
    ("time", ("timestamp(ms)",)),
    ("method", ("cs-method",)),
    ("path", ("cs-uri-stem", "cs-uri-path")),
    ("query", ("cs-uri-query",)),
    ("target", ("cs-uri",)),
    ("protocol", ("cs-version", "cs-protocol-version")),
    ("status", ("sc-status", "c-status")),
    ("bytes", ("sc-bytes", "bytes")),
    ("time_taken", ("time-taken", "x-duration")),
    ("referrer", ("cs(referer)", "cs(referrer)", "c-referrer")),
    ("user_agent", ("cs(user-agent)", "c-user-agent", "cs-user-agent", "cs(useragent)", "user-agent", "x-user-agent")),
)


def _with(*changed: tuple[str, Names]) -> Columns:
    """The standard's columns with other ones for some fields; none takes a field away."""
    return tuple((name, names) for name, names in {**dict(_COLUMNS), **dict(changed)}.items() if names)


@dataclass(frozen=True)
class Dialect:
    """One dialect.

    `columns` are the names that a field may have in the header, in lower case, the preferred first. `software` and
    `telling` are what only this dialect has in its header: a text of the line `#Software`, the beginning of a column's
    name. `taken`, `derive` and `other` are as in a format; `derive` goes before what all dialects share. `separator`
    and `plus` are as in `Columns`.
    """

    name: str
    title: str
    software: Names
    telling: Names = ()
    columns: Columns = _COLUMNS
    taken: float = 0.001
    derive: Meaning = ()
    other: str = ""
    separator: str = BLANK
    plus: Names = ("user_agent",)
    bare: bool = False

    def speaks(self, software: str, fields: Names) -> bool:
        """Whether a header is in this dialect."""
        known = any(mark in software for mark in self.software)
        return known or any(field.startswith(mark) for field in fields for mark in self.telling)

    def default(self, line: str) -> Names:
        """The fields of a file that has no header and begins with this line; none where that is not known."""
        count = is_bare_line(line) if self.bare else 0
        return (*CLOUDFRONT_FIELDS, *([""] * count))[:count]


_SITE = "split_part(z.path, '/', 1)"
_FRAME = "({line} = '|==|' OR regexp_full_match({line}, '[a-zA-Z]+:\\S*'))"

W3C = Dialect("w3c", "W3C extended log format", software=("",))
IIS = Dialect(
    "iis",
    "W3C extended log format of Microsoft IIS",
    software=("microsoft", "iis "),
    telling=("sc-win32-status", "sc-substatus", "s-sitename", "timetakenms", "date-local", "time-local"),
    columns=_with(("time_taken", ("time-taken", "timetakenms"))),
    taken=1,
)
NETSCALER = Dialect("netscaler", "W3C extended log format of Citrix NetScaler", ("netscaler",), ("sc-servicename",))
INCAPSULA = Dialect(
    "incapsula",
    "W3C extended log format of Imperva (Incapsula)",
    software=("incapsula", "imperva"),
    telling=("cs-clapp", "cs-vid", "s-suid"),
    # cs-uri is host and path, cs-version the scheme.
    columns=_with(("path", ("cs-uri",)), ("target", ()), ("host", ()), ("protocol", ()), ("bytes", ("cs-bytes",))),
    derive=(
        ("host", host_name(_SITE)),
        ("path", f"CASE WHEN z.path <> '' THEN concat('/', substr(z.path, length({_SITE}) + 2)) END"),
    ),
    other=_FRAME,
    separator=QUOTES,
    plus=(),
)
SHOUTCAST = Dialect(
    "shoutcast",
    "SHOUTcast DNAS W3C log",
    software=("shoutcast",),
    telling=("avgbandwidth",),
    derive=(("user_agent", decoded("z.user_agent")),),
    plus=(),
)
CLOUDFRONT = Dialect(
    "cloudfront",
    "Amazon CloudFront standard log (W3C)",
    software=("cloudfront",),
    telling=("x-edge-", "x-host-header", "fle-", "timestamp(ms)", "distributionid"),
    derive=(("user_agent", decoded_agent("z.user_agent")),),
    separator=TAB,
    plus=(),
    bare=True,
)
CLOUDFRONT_RTMP = Dialect(
    "cloudfront_rtmp",
    "Amazon CloudFront log of RTMP distributions",
    software=(),
    telling=("x-cf-status", "x-cf-client-id", "x-sname"),
    columns=_with(("status", ())),
    derive=(("user_agent", decoded_agent("z.user_agent")),),
    separator=TAB,
    plus=(),
)

DIALECTS = (INCAPSULA, NETSCALER, SHOUTCAST, CLOUDFRONT_RTMP, CLOUDFRONT, IIS, W3C)

_ASKED = re.compile(r"\bz\.(\w+)")


def meaning(dialect: Dialect, names: Collection[str]) -> Meaning:
    """What the texts of a line mean, where that is not what they say."""
    shared = {"ip": address("z.ip")}
    if "host" in names:
        shared["host"] = host_name("z.host")
    if "time" in names and "clock" in names:
        shared |= {"date": "CASE WHEN coalesce(z.time, '-') = '-' THEN z.date END", "clock": _clock()}
    mine = {name: sql for name, sql in dialect.derive if set(_ASKED.findall(sql)) <= set(names)}
    return tuple((shared | mine).items())


def _clock() -> str:
    """Milliseconds since 1970 tell more than date and time."""
    return "coalesce(nullif(z.time, '-'), z.clock)"
