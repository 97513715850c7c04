"""What is particular to Amazon CloudFront's logs: the order of fields, percent-encoded agents, JSON lines, Parquet.

Source: Amazon CloudFront Developer Guide, "Standard logging reference" and "Configure standard logging (v2)"; the names
of Parquet columns are those of the Amazon Athena User Guide, "Create a table for CloudFront logs ... with Parquet".
"""

import re

from mtc.formats.base import Format, Time
from mtc.formats.json_lines import JsonLines, Paths, pointer
from mtc.formats.texts import host_name

# All fields in their order. Older files end earlier; each of these numbers was once all of them.
FIELDS: tuple[str, ...] = (
    *("date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(host)", "cs-uri-stem", "sc-status"),
    *("cs(referer)", "cs(user-agent)", "cs-uri-query", "cs(cookie)", "x-edge-result-type", "x-edge-request-id"),
    *("x-host-header", "cs-protocol", "cs-bytes", "time-taken", "x-forwarded-for", "ssl-protocol", "ssl-cipher"),
    *("x-edge-response-result-type", "cs-protocol-version", "fle-status", "fle-encrypted-fields", "c-port"),
    *("time-to-first-byte", "x-edge-detailed-result-type", "sc-content-type", "sc-content-len", "sc-range-start"),
    "sc-range-end",
)
_FEWEST, _MOST = 12, 100
_BARE = re.compile(
    r"\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\t[^\t]*\t(?:\d+|-)\t[0-9a-fA-F.:]+\t[A-Z-]+\t[^\t]*\t/[^\t]*\t(?:\d+|-)\t",
    re.ASCII,
)


def is_bare_line(line: str) -> int:
    """How many fields a line has, if it begins as one of a file that lost its header; else 0."""
    count = line.removesuffix("\t").count("\t") + 1
    return count if _FEWEST <= count <= _MOST and _BARE.match(line) else 0


def decoded(text: str) -> str:
    """SQL: a percent-encoded text; as it is where it decodes to what is no text. A plus sign is one."""
    return f"CASE WHEN contains({text}, '%') THEN coalesce(TRY(url_decode({text})), {text}) ELSE {text} END"


def decoded_agent(text: str) -> str:
    """SQL: a user agent, percent-encoded once, or twice in older files, where a blank was %2520."""
    return f"CASE WHEN contains({text}, '%2520') THEN {decoded(decoded(text))} ELSE {decoded(text)} END"


def column(name: str) -> str:
    """What a field is called as a column of Parquet: `cs_user_agent` for `cs(User-Agent)`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


_JSON = (
    ("host", ("x-host-header", "cs(Host)")),
    ("ip", ("c-ip",)),
    ("forwarded_for", ("x-forwarded-for",)),
    ("date", ("date",)),
    ("clock", ("time",)),
    ("time", ("timestamp(ms)",)),
    ("method", ("cs-method",)),
    ("path", ("cs-uri-stem",)),
    ("query", ("cs-uri-query",)),
    ("protocol", ("cs-protocol-version",)),
    ("status", ("sc-status",)),
    ("bytes", ("sc-bytes",)),
    ("time_taken", ("time-taken",)),
    ("referrer", ("cs(Referer)", "cs(Referrer)")),
    ("user_agent", ("cs(User-Agent)",)),
)
COLUMNS: frozenset[str] = frozenset(column(name) for _, names in _JSON for name in names)
"""The columns of Parquet that are read."""


def _json(name: str, title: str, paths: Paths) -> Format:
    return Format(
        name=name,
        title=title,
        shape=JsonLines(paths, needed=(("ip",), ("clock", "time"), ("path",))),
        time=Time(("%Y-%m-%d %H:%M:%S",), utc=True, epoch=1000),
        taken=0.001,
        derive=(
            ("ip", "nullif(z.ip, '-')"),
            ("host", host_name("z.host")),
            ("date", "CASE WHEN coalesce(z.time, '-') = '-' THEN z.date END"),
            ("clock", "coalesce(nullif(z.time, '-'), z.clock)"),
            ("user_agent", decoded_agent("z.user_agent")),
        ),
    )


CLOUDFRONT_JSON = _json(
    "cloudfront_json",
    "Amazon CloudFront standard log (JSON)",
    tuple((field, tuple(pointer(name) for name in names)) for field, names in _JSON),
)
CLOUDFRONT_PARQUET = _json(
    "cloudfront_parquet",
    "Amazon CloudFront standard log (Parquet)",
    tuple((field, tuple(pointer(column(name)) for name in names)) for field, names in _JSON),
)
