r"""What hosters, panels and small servers write: lines like combined ones, but those of Nginx Proxy Manager.

Sources: the hosters' pages on raw logs (OVH, Gandi); lighttpd, mod_accesslog (default format, whose `%V` is the host);
LiteSpeed Web Server manual, 'Access Log', and OpenLiteSpeed's virtual host templates, whose quotes around the log
format end up around each line; Nginx Proxy Manager, `conf.d/include/log-proxy.conf` (log formats `proxy` and
`standard`).

OVH and lighttpd put the host where combined has an identity that nobody uses, so their lines are combined lines as
well: the host is read where it is one beyond doubt, or the format is named. A line of LiteSpeed without the stray
quotes is a combined line.
"""

from mtc.formats.base import Format
from mtc.formats.expressions import (
    CLOCK,
    FAST_HOST,
    FAST_IP,
    FAST_WHO,
    HOST,
    IP,
    NAME,
    QUOTED,
    USER,
    WHAT,
    WHO,
    WHOM,
    WORDS,
    last,
    uncut,
)
from mtc.formats.ncsa import COMBINED_FIELDS, SURE_COMBINED
from mtc.formats.pattern import FastPath, Pattern, unnamed
from mtc.warehouse.quoting import literal

_END = r"(?:\s.*)?$"
# A host beyond doubt: an identity (RFC 1413) is a user's name.
_SURELY_NAMED = r"\[[0-9A-Fa-f:.]+\]|\d{1,3}(?:\.\d{1,3}){3}|(?:[\w\-]+\.)+[A-Za-z][\w\-]*\.?|localhost"
_FAST_CLOCK = r"(?P<user>\S+) \[(?P<time>[^\]]+)\]"

_HOSTED = Pattern(
    rf"^{IP}\s+{HOST}{USER}\s+{CLOCK}\s+{WHAT}{WHOM}{_END}",
    FastPath(f"^{FAST_IP} {FAST_HOST}{_FAST_CLOCK} $", SURE_COMBINED, COMBINED_FIELDS),
    rf"^{IP}\s+(?P<host>-|{_SURELY_NAMED})(?::\d+)?\s+{USER}\s+{CLOCK}\s+{WHAT}{WHOM}{_END}",
)

OVH = Format(
    name="ovh",
    title="OVH: NCSA combined log format with the host in place of the identity",
    shape=_HOSTED,
    detectable=False,
)

LIGHTTPD = Format(
    name="lighttpd",
    title="lighttpd: NCSA combined log format with the host in place of the identity",
    shape=_HOSTED,
)

GANDI = Format(
    name="gandi",
    title="Gandi: NCSA combined log format with the host in front and the seconds taken behind the time",
    shape=Pattern(
        rf"^{HOST}{IP}\s+\S+\s+{USER}\s+{CLOCK}\s+\((?P<time_taken>\d+) s\)\s+{WHAT}{WHOM}{_END}",
        FastPath(
            rf"^{FAST_HOST}{FAST_IP} \S+ {_FAST_CLOCK} \(\d+ s\) $",
            SURE_COMBINED,
            (*COMBINED_FIELDS, ("time_taken", "substr(split_part(c0, ' ', -3), 2)")),
        ),
    ),
    taken=0.001,
)

LITESPEED = Format(
    name="litespeed",
    title="LiteSpeed: NCSA combined log format, in quotes or not",
    shape=Pattern(
        rf'^"?{WHO}{WHAT}{WHOM}(?:"|\s.*)?$',
        FastPath(f"^{FAST_WHO}", SURE_COMBINED, COMBINED_FIELDS),
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
    shape=Pattern(
        rf'{_NPM_HEAD}"(?P<target>{QUOTED})"{_NPM_FACTS}"(?P<user_agent>{QUOTED})" "(?P<referrer>{QUOTED})"{_END}',
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
