r"""Squid's own log, with or without the request's headers behind it.

Sources: Squid, "logformat" (the built-in format `squid`: time, milliseconds, client, result/status, size, method, URL,
user, hierarchy/peer, type) and "log_mime_hdrs", which adds the headers of request and answer in brackets, with
percent signs before what is no plain text. The built-in `common` and `combined` are the NCSA formats with a word
behind. Of headers that were added in quotes, the URL is the referrer, another the user agent. Status 000 was not
answered. A tunnel (CONNECT) and what was no request (`error:...`, `NONE`, the cache manager's pages) are `other`.
"""

from mtc.formats.base import Format, Time
from mtc.formats.cloudfront import decoded
from mtc.formats.pattern import Pattern
from mtc.formats.texts import address, unbracketed
from mtc.formats.urls import is_page, only_where, url_host, url_target

_TAG = r"(?:[A-Z][A-Z_0-9]*)"
# Many have a time to read in place of the seconds.
_TIMED = r"\d{9,}\.\d{3}|\[?\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+\-]\d{4}\]?"
_HEADERS = r"\[(?P<headers>[^\[\]]*)\] \[[^\[\]]*\]"
_BEHIND = rf"(?P<behind>(?: {_HEADERS})?(?: .*)?)$"
_QUOTES = 'regexp_extract_all(z.behind, \'"((?:[^"\\\\]|\\\\.)*)"\', 1)'
_URL = "regexp_matches(h, '^[A-Za-z][A-Za-z0-9+.-]*://')"

# What other caches ask for, by ICP or HTCP.
_NO_PEER = "NOT regexp_matches(z.method, '^(?:ICP|HTCP)_')"


def _quoted(condition: str) -> str:
    """SQL: the first quoted text behind the type that is so; one of headers that were added to the format."""
    return f"CASE WHEN contains(z.behind, '\"') THEN list_filter({_QUOTES}, lambda h: h <> '-' AND {condition})[1] END"


def _header(name: str) -> str:
    """SQL: a header of the request, decoded."""
    found = rf"regexp_extract(z.headers, '(?i)(?:^|%0D%0A|\\r\\n){name}: *(.*?)(?:%0D%0A|\\r\\n|$)', 1)"
    return decoded(f"nullif({found}, '')")


SQUID = Format(
    name="squid",
    title="Squid's own log, with or without headers",
    shape=Pattern(
        rf"^ *(?P<time>{_TIMED}) +(?P<time_taken>-?\d+) (?P<ip>\S+) {_TAG}/(?P<status>\d{{3}}|-)"
        rf" (?P<bytes>\d+|-) (?P<method>\S+) (?P<target>\S+) (?P<user>.*?) {_TAG}/\S+ \S+{_BEHIND}"
    ),
    time=Time(epoch=1),
    taken=1,
    derive=(
        ("ip", only_where(address("z.ip"), is_page("z.target", "z.method"), _NO_PEER)),
        ("time", unbracketed("z.time")),
        ("host", url_host("z.target")),
        ("target", url_target("z.target")),
        ("status", "CASE z.status WHEN '-' THEN '0' ELSE z.status END"),
        ("referrer", f"coalesce({_header('Referer')}, {_quoted(_URL)})"),
        ("user_agent", f"coalesce({_header('User-Agent')}, {_quoted(f'h <> $$$$ AND NOT {_URL}')})"),
    ),
    other=rf"regexp_matches({{line}}, '^ *(?:{_TIMED}) +-?\d+ \S+ {_TAG}/(?:\d{{3}}|-) ')",
)
