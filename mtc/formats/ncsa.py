r"""The NCSA family: common and combined, with a virtual host or one more field, and the variants of hosters.

Apache writes a quote inside a quoted field as `\"`, nginx as `\x22`; neither is unescaped. Further fields after the
known ones are ignored; in the common formats only those without quotes, so that a cut-off combined line does not pass
for a common one. In a sample no possible user agent or referrer may be ignored: where `log_format` lacks the
quotes around them, `common_agent` reads the lines on which their beginning and end are certain.

The formats with one more field behind the user agent (the host, or the time taken) read whatever `combined` reads, and
ignore that field where it holds something else. A whole number there may be microseconds (Apache's `%D`), seconds
(`%T`, Icecast) or no time at all (`%I`). No line shows which, so such a file is `combined` unless its format is named.

OVH and lighttpd put the host in the place of combined's identity, so their lines are combined lines as well: it is read
as the host if it certainly is one, or if the format is named. OpenLiteSpeed's templates put quotes around each line.

Sources: Apache, mod_log_config (`%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"`; `vhost_combined` adds `%v:%p
` in front; `%D`); nginx's predefined `combined`, ngx_http_log_module (`$request_time`, seconds with three decimals),
ngx_http_core_module (`$host`, `$http_host`); Icecast, 'Config file: Logging'; the pages of OVH and Gandi on raw logs;
lighttpd, mod_accesslog (default format, whose `%V` is the host); LiteSpeed Web Server manual, 'Access Log'; Nginx Proxy
Manager, `conf.d/include/log-proxy.conf` (log formats `proxy` and `standard`).
"""

import re

from mtc.core.sql import literal
from mtc.formats.model import Format
from mtc.formats.pattern import (
    CLIENT,
    FAST_CLIENT,
    FAST_HOST,
    FAST_IP,
    HOST,
    HOST_SAMPLE,
    IP,
    NAME,
    QUOTED,
    REFERRER_AGENT,
    REQUEST,
    TIMESTAMP,
    USER,
    WORDS,
    FastPath,
    LinePattern,
    last,
    plain_line,
    uncut,
    unnamed,
)

_COMMON_END = r'(?:\s[^"]*)?$'
_COMBINED_END = r"(?:\s.*)?$"
# Numbers, words, `TCP_MISS/200`, `TLSv1.3/AES`: neither `curl/8.5`, nor a URL, nor a text in brackets.
_COMMON_SAMPLE = r'(?:\s+(?:[^\s"()/]+(?:/[^\s"()/\d][^\s"()]*)?|[A-Z_]+/\d+))*\s*$'

# A product with its version, and more behind it that does not end in a number: that would be a further field.
_PRODUCT = r'[A-Za-z][\w.\-]*/v?\d[^\s"]*(?: [^"]*[^\s\d."\-][^\s"]*)?'
_UNQUOTED = r'(?:-|[A-Za-z][A-Za-z+.\-]*://[^\s"]*)'
_AGENT_END = rf'(?:\s+(?:"(?P<quoted>{QUOTED})"|(?P<bare>{_UNQUOTED})))?\s+(?P<user_agent>[^\s"-].*|-)$'
_AGENT_SAMPLE = rf'(?:\s+(?:"{QUOTED}"|{_UNQUOTED}))?\s+(?P<user_agent>{_PRODUCT})$'

_COMMON_FIELDS = (("request", "c1"), ("status", "split_part(c2, ' ', 2)"), ("bytes", "split_part(c2, ' ', 3)"))
COMBINED_FIELDS = (*_COMMON_FIELDS, ("referrer", "c3"), ("user_agent", "c5"))
"""The fields of combined from the pieces between quotes, except those before the first quote."""

# A common line has no quotes behind the size.
_SURE_COMMON = rf"c2 IS NOT NULL AND c3 IS NULL AND {uncut('c1')} AND regexp_full_match(c2, ' \d{{3}} \S+(?: .*)?')"
_SURE_PIECES = rf"c4 = ' ' AND {uncut('c1', 'c3', 'c5')} AND regexp_full_match(c2, ' \d{{3}} \S+ ')"
SURE_COMBINED = f"{last(6)} AND {_SURE_PIECES}"
"""SQL: whether the pieces are those of a combined line, with or without further fields."""

_TYPICAL = (
    r"\d{1,3}(?:\.\d{1,3}){3} - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+\-]\d{4}\] "
    r'"(?:GET|POST|HEAD) /[^\s"\\]* HTTP/\d\.\d" \d{3} \d+'
)
_TYPICAL_COMBINED = _TYPICAL + r' "(?:-|https?://[^\s"\\]*)" "[^"\\]*"'

_PLAIN_COMMON = plain_line("ip - user", "common")
_PLAIN_COMMON_VHOST = plain_line("host ip - user", "common")
_PLAIN = plain_line("ip - user", "combined")
_PLAIN_VHOST = plain_line("host ip - user", "combined")
_PLAIN_WITH_EXTRA = plain_line("ip - user", "extra")

COMMON = Format(
    name="common",
    title="NCSA common log format",
    shape=LinePattern(
        rf"^{CLIENT}{REQUEST}{_COMMON_END}",
        FastPath(f"^{FAST_CLIENT}", _SURE_COMMON, _COMMON_FIELDS, plain=_PLAIN_COMMON),
        rf"^{CLIENT}{REQUEST}{_COMMON_SAMPLE}",
        typical=_TYPICAL,
    ),
)
COMBINED = Format(
    name="combined",
    title="NCSA combined log format (Apache, nginx)",
    shape=LinePattern(
        rf"^{CLIENT}{REQUEST}{REFERRER_AGENT}{_COMBINED_END}",
        FastPath(f"^{FAST_CLIENT}", SURE_COMBINED, COMBINED_FIELDS, plain=_PLAIN),
        typical=_TYPICAL_COMBINED,
    ),
)
COMMON_VHOST = Format(
    name="common_vhost",
    title="NCSA common log format with the virtual host first",
    shape=LinePattern(
        rf"^{HOST}{CLIENT}{REQUEST}{_COMMON_END}",
        FastPath(f"^{FAST_HOST}{FAST_CLIENT}", _SURE_COMMON, _COMMON_FIELDS, plain=_PLAIN_COMMON_VHOST),
        rf"^{HOST_SAMPLE}{CLIENT}{REQUEST}{_COMMON_SAMPLE}",
    ),
)
COMBINED_VHOST = Format(
    name="combined_vhost",
    title="NCSA combined log format with the virtual host first (Apache vhost_combined)",
    shape=LinePattern(
        rf"^{HOST}{CLIENT}{REQUEST}{REFERRER_AGENT}{_COMBINED_END}",
        FastPath(f"^{FAST_HOST}{FAST_CLIENT}", SURE_COMBINED, COMBINED_FIELDS, plain=_PLAIN_VHOST),
        rf"^{HOST_SAMPLE}{CLIENT}{REQUEST}{REFERRER_AGENT}{_COMBINED_END}",
    ),
)


# Behind the size stands the user agent, or one word before it, which is the referrer if it looks so.
_BEHIND_SIZE = "length(split_part(c2, ' ', 3)) + 7"
_FIRST_WORD = "split_part(c2, ' ', 4)"
_REFERRER_BEHIND_SIZE = rf"^ \d{{3}} \S+ {_UNQUOTED} [^\s-]"
_HAS_REFERRER = f"regexp_matches(c2, {literal(_REFERRER_BEHIND_SIZE)})"
_SURE_UNQUOTED = (
    rf"c2 IS NOT NULL AND c3 IS NULL AND {uncut('c1')} AND regexp_matches(c2, '^ \d{{3}} \S+ \S')"
    f" AND ({_HAS_REFERRER} OR NOT (starts_with({_FIRST_WORD}, '-') OR contains({_FIRST_WORD}, '://')))"
)
_UNQUOTED_FIELDS = (
    *_COMMON_FIELDS,
    ("quoted", "''"),
    ("bare", f"CASE WHEN {_HAS_REFERRER} THEN {_FIRST_WORD} ELSE '' END"),
    (
        "user_agent",
        f"substr(c2, {_BEHIND_SIZE} + CASE WHEN {_HAS_REFERRER} THEN length({_FIRST_WORD}) + 1 ELSE 0 END)",
    ),
)


def _with_unquoted_agent(name: str, title: str, start: str, head: str, sampled: str = "") -> Format:
    return Format(
        name=name,
        title=title,
        shape=LinePattern(
            rf"^{start}{_AGENT_END}",
            FastPath(head, _SURE_UNQUOTED, _UNQUOTED_FIELDS),
            rf"^{sampled or start}{_AGENT_SAMPLE}",
        ),
        derive=(("referrer", "coalesce(nullif(z.quoted, ''), z.bare)"),),
    )


COMMON_AGENT = _with_unquoted_agent(
    "common_agent",
    "NCSA common log format with a user agent without quotes",
    f"{CLIENT}{REQUEST}",
    f"^{FAST_CLIENT}",
)
COMMON_AGENT_VHOST = _with_unquoted_agent(
    "common_agent_vhost",
    "NCSA common log format with the virtual host first and a user agent without quotes",
    f"{HOST}{CLIENT}{REQUEST}",
    f"^{FAST_HOST}{FAST_CLIENT}",
    f"{HOST_SAMPLE}{CLIENT}{REQUEST}",
)


_HOST_BEHIND = r"\[[0-9A-Fa-f:.]+\]|[\w.\-]*\w[\w.\-]*"
# A certain host name: not the address of a client, a version, a number or a word.
_CERTAIN_HOST_BEHIND = r"\[[0-9A-Fa-f:.]+\]|(?:[\w\-]+\.)+[A-Za-z][\w\-]*\.?"
_PORT = r"(?::\d+)?"

# The piece after the user agent, in quotes or not.
_EXTRA_PIECE = "CASE WHEN c6 = ' ' THEN c7 ELSE substr(c6, 2) END"
_SURE_WITH_EXTRA = (
    f"{SURE_COMBINED} AND (c6 = '' OR (c6 = ' ' AND (c8 IS NULL OR (c8 = '' AND c9 IS NULL) OR starts_with(c8, ' ')))"
    " OR (ascii(substr(c6, 2)) > 32 AND (c7 IS NULL OR ends_with(c6, ' '))))"
)


def _combined_with_extra(field: str, text: str, behind: str = "", sampled: str = "") -> LinePattern:
    """Combined with a further field that `text` matches; in a sample it must match `sampled`."""
    start = rf"^{CLIENT}{REQUEST}{REFERRER_AGENT}"
    found = literal(rf"^({text}){behind}(?:[\s,]|$)")
    fields = (*COMBINED_FIELDS, (field, f"regexp_extract({_EXTRA_PIECE}, {found}, 1)"))

    whole, sample = (
        rf'{start}(?:\s+"?(?P<{field}>{value}){behind}"?(?:[\s,].*)?|\s.*)?$' for value in (text, sampled or text)
    )
    return LinePattern(whole, FastPath(f"^{FAST_CLIENT}", _SURE_WITH_EXTRA, fields, plain=_PLAIN_WITH_EXTRA), sample)


COMBINED_VHOST_LAST = Format(
    name="combined_vhost_last",
    title="NCSA combined log format with the virtual host last",
    shape=_combined_with_extra("host", _HOST_BEHIND, _PORT, _CERTAIN_HOST_BEHIND),
)
COMBINED_NGINX_TIME = Format(
    name="combined_nginx_time",
    title="NCSA combined log format and the request time in seconds (nginx `$request_time`)",
    shape=_combined_with_extra("time_taken", r"\d+\.\d+", sampled=r"\d+\.\d{3}"),
    per_millisecond=0.001,
)
COMBINED_APACHE_TIME = Format(
    name="combined_apache_time",
    title="NCSA combined log format and the request time in microseconds (Apache `%D`)",
    shape=_combined_with_extra("time_taken", r"\d+"),
    per_millisecond=1000,
    detectable=False,
)
ICECAST = Format(
    name="icecast",
    title="Icecast: NCSA combined log format and the listening time in seconds",
    shape=_combined_with_extra("time_taken", r"\d+"),
    per_millisecond=0.001,
    detectable=False,
)


# A certain host: an identity (RFC 1413) is a user's name.
_CERTAIN_HOST_AS_IDENTITY = r"\[[0-9A-Fa-f:.]+\]|\d{1,3}(?:\.\d{1,3}){3}|(?:[\w\-]+\.)+[A-Za-z][\w\-]*\.?|localhost"
_FAST_USER_TIME = r"(?P<user>\S+) \[(?P<time>[^\]]+)\]"

_HOST_AS_IDENTITY = LinePattern(
    rf"^{IP}\s+{HOST}{USER}\s+{TIMESTAMP}\s+{REQUEST}{REFERRER_AGENT}{_COMBINED_END}",
    FastPath(
        f"^{FAST_IP} {FAST_HOST}{_FAST_USER_TIME} $",
        SURE_COMBINED,
        COMBINED_FIELDS,
        plain=plain_line("ip host user", "combined"),
    ),
    rf"^{IP}\s+(?P<host>-|{_CERTAIN_HOST_AS_IDENTITY})(?::\d+)?\s+{USER}\s+{TIMESTAMP}\s+{REQUEST}{REFERRER_AGENT}{_COMBINED_END}",
)

OVH = Format(
    name="ovh",
    title="OVH: NCSA combined log format with the host in place of the identity",
    shape=_HOST_AS_IDENTITY,
    detectable=False,
)

LIGHTTPD = Format(
    name="lighttpd",
    title="lighttpd: NCSA combined log format with the host in place of the identity",
    shape=_HOST_AS_IDENTITY,
)

GANDI = Format(
    name="gandi",
    title="Gandi: NCSA combined log format with the host first and the request time in seconds after the time",
    shape=LinePattern(
        rf"^{HOST}{IP}\s+\S+\s+{USER}\s+{TIMESTAMP}\s+\((?P<time_taken>\d+) s\)\s+"
        rf"{REQUEST}{REFERRER_AGENT}{_COMBINED_END}",
        FastPath(
            rf"^{FAST_HOST}{FAST_IP} \S+ {_FAST_USER_TIME} \(\d+ s\) $",
            SURE_COMBINED,
            (*COMBINED_FIELDS, ("time_taken", "substr(split_part(c0, ' ', -3), 2)")),
            plain=plain_line("host ip - user", behind=r"\(\d+ s\) "),
        ),
    ),
    per_millisecond=0.001,
)

_PIECE = re.compile(r"\bc(\d+)\b")


def _one_further(text: str) -> str:
    """SQL with the piece after each: a quote around a line has an empty piece before it."""
    return _PIECE.sub(lambda piece: f"c{int(piece[1]) + 1}", text)


def _in_quotes_or_not(text: str) -> str:
    return f"CASE WHEN c0 = '' THEN {_one_further(text)} ELSE {text} END"


_SURE_IN_QUOTES = f"{_one_further(_SURE_PIECES)} AND c7 = '' AND c8 = '' AND c9 IS NULL"

LITESPEED = Format(
    name="litespeed",
    title="LiteSpeed: NCSA combined log format, in quotes or not",
    shape=LinePattern(
        rf'^"?{CLIENT}{REQUEST}{REFERRER_AGENT}(?:"|\s.*)?$',
        FastPath(
            f"^{FAST_CLIENT}",
            f"CASE WHEN c0 = '' THEN {_SURE_IN_QUOTES} ELSE {SURE_COMBINED} END",
            tuple((name, _in_quotes_or_not(text)) for name, text in COMBINED_FIELDS),
            first=_in_quotes_or_not("c0"),
        ),
    ),
    other=r"regexp_matches({line}, '^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \[')",
)

# Status of the upstream, which may be several or missing; the line's own is the last before the lone dash.
_NPM_HEAD = (
    rf'^\[(?P<time>[^\]\s]+ [^\]\s]+)\] (?:[^\s"]+ )*?(?P<status>\d{{3}}) - (?P<method>[^\s"]+) [^\s"]+ '
    rf"(?:-|(?P<host>{NAME})(?::\d+)?) "
)
_NPM_FACTS = r" \[Client (?P<ip>[^\]]+)\] \[Length (?P<bytes>[^\]]+)\] \[Gzip [^\]]*\](?: \[Sent-to [^\]]*\])? "

NGINX_PROXY_MANAGER = Format(
    name="nginx_proxy_manager",
    title="Nginx Proxy Manager",
    shape=LinePattern(
        rf'{_NPM_HEAD}"(?P<target>{QUOTED})"{_NPM_FACTS}"(?P<user_agent>{QUOTED})" "(?P<referrer>{QUOTED})"'
        f"{_COMBINED_END}",
        FastPath(
            "",
            rf"{last(6)} AND c4 = ' ' AND {uncut('c1', 'c3', 'c5')}"
            f" AND regexp_full_match(c0, {literal(unnamed(_NPM_HEAD))})"
            r" AND regexp_full_match(c2,"
            r" ' \[Client [^\s\]]+\] \[Length [^\s\]]+\] \[Gzip [^\]]*\](?: \[Sent-to [^\]]*\])? ')",
            (
                ("time", "concat(substr(head[1], 2), ' ', head[2][:-2])"),
                ("status", "head[-6]"),
                ("method", "head[-4]"),
                ("host", "regexp_replace(nullif(head[-2], '-'), ':\\d+$', '')"),
                ("target", "c1"),
                ("ip", "rtrim(split_part(c2, ' ', 3), ']')"),
                ("bytes", "rtrim(split_part(c2, ' ', 5), ']')"),
                ("user_agent", "c3"),
                ("referrer", "c5"),
            ),
            computed=WORDS,
        ),
    ),
    other=r"regexp_matches({line}, '^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[\w+\] ')",
)
