r"""Combined lines with one more field behind the user agent: the virtual host, or the time taken.

All of them read whatever `combined` reads: what stands behind is looked at, and left alone where it is not what is
looked for. So a line of nginx's `main`, with a forwarded address behind, is no loss whichever is chosen.

A whole number behind the line is microseconds by Apache's `%D`, seconds by its `%T` or by Icecast, or no time at all
(`%I`, bytes received). No line tells, so such a file is `combined` unless its format is named.

Sources: Apache, mod_log_config (`%D`); nginx, ngx_http_log_module (`$request_time`, seconds with three decimals) and
ngx_http_core_module (`$host`, `$http_host`); Icecast, 'Config file: Logging'.
"""

from mtc.formats.base import Format
from mtc.formats.expressions import FAST_WHO, WHAT, WHO, WHOM
from mtc.formats.ncsa import COMBINED_FIELDS, SURE_COMBINED
from mtc.formats.pattern import FastPath, Pattern
from mtc.warehouse.quoting import literal

_NAMED = r"\[[0-9A-Fa-f:.]+\]|[\w.\-]*\w[\w.\-]*"
# What is a host name beyond doubt: not the address of a client, a version, a number or a word.
_SURELY_NAMED = r"\[[0-9A-Fa-f:.]+\]|(?:[\w\-]+\.)+[A-Za-z][\w\-]*\.?"
_PORT = r"(?::\d+)?"

# The piece behind the user agent, in quotes of its own or not, where it is nothing out of the ordinary.
_BEHIND = "CASE WHEN c6 = ' ' THEN c7 ELSE substr(c6, 2) END"
_SURE = (
    f"{SURE_COMBINED} AND (c6 = '' OR (c6 = ' ' AND (c8 IS NULL OR (c8 = '' AND c9 IS NULL) OR starts_with(c8, ' ')))"
    " OR (ascii(substr(c6, 2)) > 32 AND (c7 IS NULL OR ends_with(c6, ' '))))"
)


def _pattern(field: str, text: str, behind: str = "", telling: str = "") -> Pattern:
    """Combined with a field that reads as `text` behind it; `telling` is what a sample must have there."""
    start = rf"^{WHO}{WHAT}{WHOM}"
    found = literal(rf"^({text}){behind}(?:[\s,]|$)")
    fields = (*COMBINED_FIELDS, (field, f"regexp_extract({_BEHIND}, {found}, 1)"))

    whole, sample = (
        rf'{start}(?:\s+"?(?P<{field}>{value}){behind}"?(?:[\s,].*)?|\s.*)?$' for value in (text, telling or text)
    )
    return Pattern(whole, FastPath(f"^{FAST_WHO}", _SURE, fields), sample)


COMBINED_VHOST_LAST = Format(
    name="combined_vhost_last",
    title="NCSA combined log format with the virtual host behind",
    shape=_pattern("host", _NAMED, _PORT, _SURELY_NAMED),
)
COMBINED_NGINX_TIME = Format(
    name="combined_nginx_time",
    title="NCSA combined log format with the seconds taken behind (nginx $request_time)",
    shape=_pattern("time_taken", r"\d+\.\d+", telling=r"\d+\.\d{3}"),
    taken=0.001,
)
COMBINED_APACHE_TIME = Format(
    name="combined_apache_time",
    title="NCSA combined log format with the microseconds taken behind (Apache %D)",
    shape=_pattern("time_taken", r"\d+"),
    taken=1000,
    detectable=False,
)
ICECAST = Format(
    name="icecast",
    title="Icecast: NCSA combined log format with the seconds of listening behind",
    shape=_pattern("time_taken", r"\d+"),
    taken=0.001,
    detectable=False,
)
