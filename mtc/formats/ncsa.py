r"""The NCSA family: common and combined, each with or without the virtual host in front.

Sources: Apache's mod_log_config (`%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"`, `vhost_combined` adds
`%v:%p ` in front) and nginx's predefined `combined`. Apache writes a quote inside a quoted field as `\"`, nginx as
`\x22`; neither is unescaped here. Further fields after the known ones are ignored, in the common formats those
without quotes only: a combined line that is broken off must not pass for a common one.
"""

from mtc.formats.base import CLF_TIME, FastPath, Format

_QUOTED = r'(?:[^"\\]|\\.)*'
_HOST = r"(?P<host>[\w.\-\[\]:]*?)(?::\d+)?\s+"
# A user's name may hold blanks. It does not begin with `- `: that is a line with a virtual host in front.
_USER = r"(?P<user>-|(?:[^\s\-]\S*|-\S+)(?: [^\s\[]+)*)"
_WHO = rf"(?P<ip>\S+)\s+\S+\s+{_USER}\s+\[(?P<time>[^\]]+)\]\s+"
_WHAT = rf'"(?P<request>{_QUOTED})"\s+(?P<status>\d{{3}})\s+(?P<bytes>[^\s"]+)'
_MORE = r'(?:\s[^"]*)?'
_WHOM = rf'\s+"(?P<referrer>{_QUOTED})"\s+"(?P<user_agent>{_QUOTED})"(?:\s.*)?'

_HEAD_HOST = r"^(?P<host>[\w.\-]*)(?::\d+)? "
_HEAD = r"(?P<ip>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] $"

_STATUS_BYTES = (("status", "split_part(c2, ' ', 2)"), ("bytes", "split_part(c2, ' ', 3)"))
_COMMON = (("request", "c1"), *_STATUS_BYTES)
_COMBINED = (*_COMMON, ("referrer", "c3"), ("user_agent", "c5"))

# A piece that ends with a backslash was cut at an escaped quote; a common line has no quotes behind the size.
_SURE_COMMON = (
    r"c2 IS NOT NULL AND c3 IS NULL AND NOT ends_with(c1, '\') AND regexp_full_match(c2, ' \d{3} \S+(?: .*)?')"
)
_SURE_COMBINED = (
    r"c6 IS NOT NULL AND (c6 = '' OR starts_with(c6, ' ')) AND c4 = ' '"
    r" AND NOT ends_with(c1, '\') AND NOT ends_with(c3, '\') AND NOT ends_with(c5, '\')"
    r" AND regexp_full_match(c2, ' \d{3} \S+ ')"
)

COMMON = Format(
    name="common",
    title="NCSA common log format",
    pattern=rf"^{_WHO}{_WHAT}{_MORE}$",
    time=CLF_TIME,
    fast=FastPath(f"^{_HEAD}", _SURE_COMMON, _COMMON),
)
COMBINED = Format(
    name="combined",
    title="NCSA combined log format (Apache, nginx)",
    pattern=rf"^{_WHO}{_WHAT}{_WHOM}$",
    time=CLF_TIME,
    fast=FastPath(f"^{_HEAD}", _SURE_COMBINED, _COMBINED),
)
COMMON_VHOST = Format(
    name="common_vhost",
    title="NCSA common log format with the virtual host in front",
    pattern=rf"^{_HOST}{_WHO}{_WHAT}{_MORE}$",
    time=CLF_TIME,
    fast=FastPath(f"{_HEAD_HOST}{_HEAD}", _SURE_COMMON, _COMMON),
)
COMBINED_VHOST = Format(
    name="combined_vhost",
    title="NCSA combined log format with the virtual host in front (Apache vhost_combined)",
    pattern=rf"^{_HOST}{_WHO}{_WHAT}{_WHOM}$",
    time=CLF_TIME,
    fast=FastPath(f"{_HEAD_HOST}{_HEAD}", _SURE_COMBINED, _COMBINED),
)
