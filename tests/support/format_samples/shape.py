"""What a sample is: a log file as text, and the exact fields that a reader must get from each of its lines.

How fields are given, whatever the format: `time` is UTC, written as Python writes a datetime (`2026-05-01 10:05:03`,
with six digits behind a point where there is a fraction). `host` is in lower case and without a port. `ip` has no
port, and is the first of a list. `status` 0 is a request that was not answered (`000`, `0`, `-1`), None one whose log
does not tell. `time_ms` is milliseconds, whatever the log's unit; compare it with a tolerance. Paths, queries and
referrers are as logged. `-` and nothing are None.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Row:
    """One line that must be read. A field that is not given is None."""

    host: str | None = None
    ip: str | None = None
    user: str | None = None
    time: str = ""
    method: str | None = None
    path: str | None = None
    query: str | None = None
    protocol: str | None = None
    status: int | None = None
    bytes: int | None = None
    time_ms: float | None = None
    referrer: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class SampleFile:
    """One log file.

    `format` is the name in the registry. `rows` are the readable requests, in order; `headers` counts comment lines
    (filtered as `header`); `other` counts lines that are no readable requests but belong to such files, blank ones
    among them (filtered or rejected). `note` says what the sample shows and where the rule comes from. `zone` is the
    zone of times that are logged without an offset.
    """

    format: str
    text: str
    rows: tuple[Row, ...]
    headers: int = 0
    other: int = 0
    note: str = ""
    encoding: str = "utf-8"
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class LayoutSample:
    """Lines as a server writes them that was given this text, in its own language."""

    server: Literal["apache", "nginx", "haproxy", "tomcat", "envoy", "squid"]
    layout: str
    text: str
    rows: tuple[Row, ...]
    other: int = 0
    note: str = ""
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class RegexSample:
    """Lines and a user's regular expression over them, its groups named after fields.

    `time` is the `strptime` format of the time group; empty where the time is CLF, ISO 8601 or an epoch.
    """

    regex: str
    text: str
    rows: tuple[Row, ...]
    other: int = 0
    time: str = ""
    note: str = ""
    zone: str = "UTC"


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36"
)
