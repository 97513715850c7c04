r"""The NCSA family: common and combined, each with or without the virtual host in front.

Sources: Apache's mod_log_config (`%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"`, `vhost_combined` adds
`%v:%p ` in front) and nginx's predefined `combined`. Apache writes a quote inside a quoted field as `\"`, nginx as
`\x22`; neither is unescaped here. Further fields after the known ones are ignored, in the common formats those
without quotes only: a combined line that is broken off must not pass for a common one. In a sample nothing that may be
a user agent or a referrer may be left over: who forgot the quotes around them in `log_format` has them so, and is read
by `common_agent`, where one can tell where they begin and end.
"""

from mtc.formats.base import Format
from mtc.formats.expressions import FAST_HOST, FAST_WHO, HOST, HOST_SAMPLE, QUOTED, WHAT, WHO, WHOM, last, uncut
from mtc.formats.pattern import FastPath, Pattern

_COMMON_END = r'(?:\s[^"]*)?$'
_COMBINED_END = r"(?:\s.*)?$"
# Numbers, words, `TCP_MISS/200`, `TLSv1.3/AES`: neither `curl/8.5`, nor a URL, nor what stands in brackets.
_COMMON_SAMPLE = r'(?:\s+(?:[^\s"()/]+(?:/[^\s"()/\d][^\s"()]*)?|[A-Z_]+/\d+))*\s*$'

# A product with its version, and more behind it that does not end in a number: that would be a further field.
_PRODUCT = r'[A-Za-z][\w.\-]*/v?\d[^\s"]*(?: [^"]*[^\s\d."\-][^\s"]*)?'
_UNQUOTED = r'(?:-|[A-Za-z][A-Za-z+.\-]*://[^\s"]*)'
_AGENT_END = rf'(?:\s+(?:"(?P<quoted>{QUOTED})"|(?P<bare>{_UNQUOTED})))?\s+(?P<user_agent>[^\s"-].*|-)$'
_AGENT_SAMPLE = rf'(?:\s+(?:"{QUOTED}"|{_UNQUOTED}))?\s+(?P<user_agent>{_PRODUCT})$'

_COMMON = (("request", "c1"), ("status", "split_part(c2, ' ', 2)"), ("bytes", "split_part(c2, ' ', 3)"))
COMBINED_FIELDS = (*_COMMON, ("referrer", "c3"), ("user_agent", "c5"))
"""The fields of combined in the pieces between quotes, but those before the first."""

# A common line has no quotes behind the size.
_SURE_COMMON = rf"c2 IS NOT NULL AND c3 IS NULL AND {uncut('c1')} AND regexp_full_match(c2, ' \d{{3}} \S+(?: .*)?')"
SURE_COMBINED = (
    rf"{last(6)} AND c4 = ' ' AND {uncut('c1', 'c3', 'c5')}"
    r" AND regexp_full_match(c2, ' \d{3} \S+ ')"
)
"""Whether the pieces are those of a combined line, with or without something behind it."""

COMMON = Format(
    name="common",
    title="NCSA common log format",
    shape=Pattern(
        rf"^{WHO}{WHAT}{_COMMON_END}",
        FastPath(f"^{FAST_WHO}", _SURE_COMMON, _COMMON),
        rf"^{WHO}{WHAT}{_COMMON_SAMPLE}",
    ),
)
COMBINED = Format(
    name="combined",
    title="NCSA combined log format (Apache, nginx)",
    shape=Pattern(rf"^{WHO}{WHAT}{WHOM}{_COMBINED_END}", FastPath(f"^{FAST_WHO}", SURE_COMBINED, COMBINED_FIELDS)),
)
COMMON_VHOST = Format(
    name="common_vhost",
    title="NCSA common log format with the virtual host in front",
    shape=Pattern(
        rf"^{HOST}{WHO}{WHAT}{_COMMON_END}",
        FastPath(f"^{FAST_HOST}{FAST_WHO}", _SURE_COMMON, _COMMON),
        rf"^{HOST_SAMPLE}{WHO}{WHAT}{_COMMON_SAMPLE}",
    ),
)
COMBINED_VHOST = Format(
    name="combined_vhost",
    title="NCSA combined log format with the virtual host in front (Apache vhost_combined)",
    shape=Pattern(
        rf"^{HOST}{WHO}{WHAT}{WHOM}{_COMBINED_END}",
        FastPath(f"^{FAST_HOST}{FAST_WHO}", SURE_COMBINED, COMBINED_FIELDS),
        rf"^{HOST_SAMPLE}{WHO}{WHAT}{WHOM}{_COMBINED_END}",
    ),
)


def _unquoted(name: str, title: str, start: str, sampled: str = "") -> Format:
    return Format(
        name=name,
        title=title,
        shape=Pattern(rf"^{start}{_AGENT_END}", sample=rf"^{sampled or start}{_AGENT_SAMPLE}"),
        derive=(("referrer", "coalesce(nullif(z.quoted, ''), z.bare)"),),
    )


COMMON_AGENT = _unquoted("common_agent", "NCSA common log format with a user agent without quotes", f"{WHO}{WHAT}")
COMMON_AGENT_VHOST = _unquoted(
    "common_agent_vhost",
    "NCSA common log format with the virtual host in front and a user agent without quotes",
    f"{HOST}{WHO}{WHAT}",
    f"{HOST_SAMPLE}{WHO}{WHAT}",
)
