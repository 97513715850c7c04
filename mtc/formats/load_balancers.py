r"""AWS's load balancers: Classic (`elb`) and Application (`alb`).

Sources: Elastic Load Balancing, 'Access log entries' of either guide. The time is UTC; the time taken is what the
target needed, in seconds, and -1 where it gave no answer. A target may be `-`: redirects, fixed responses, functions,
what the firewall stopped. A request names a URL with the host. Fields are added at the end over the years.
"""

from mtc.formats.base import Format, Time
from mtc.formats.expressions import QUOTED, URL_REQUEST, WORDS, last, port_off, uncut
from mtc.formats.pattern import FastPath, Pattern, unnamed
from mtc.warehouse.quoting import literal

_TIME = Time((), utc=True, iso=True)
_PIECES = 40

_HEAD = (
    r'(?P<time>\S+Z) \S+ (?P<ip>[^\s"]+):\d+ \S+ \S+ (?:-1|(?P<time_taken>[\d.]+)) \S+ (?P<status>\d+) \S+ \S+'
    r" (?P<bytes>\S+) "
)
_REST = rf'"{URL_REQUEST} (?P<protocol>[^\s"]+)" "(?P<user_agent>{QUOTED})"(?:\s.*)?$'

_ASKED = literal(r"^([A-Z][A-Z_\-]*) ([A-Za-z]+://\S+) (\S+)$")
_COMPUTED = f"{{words: {WORDS}, asked: regexp_extract(c1, {_ASKED}, ['method', 'target', 'protocol'])}}"

# A listener of TCP logs no request, and of a malformed one there is no method.
_OTHER = r"regexp_matches({line}, '^(?:\w+ )?\S+Z \S+ \S+:\d+ (?:\S+ ){8}\"- ')"


def _shape(before: str, words: int) -> Pattern:
    """`before` is what stands before the time, so many `words`."""
    head = f"regexp_full_match(c0, {literal(before + unnamed(_HEAD))})"
    fields = (
        ("time", f"head.words[{words + 1}]"),
        ("ip", port_off(f"head.words[{words + 3}]")),
        ("time_taken", f"nullif(head.words[{words + 6}], '-1')"),
        ("status", f"head.words[{words + 8}]"),
        ("bytes", f"head.words[{words + 11}]"),
        *((name, f"head.asked.{name}") for name in ("method", "target", "protocol")),
        ("user_agent", "c3"),
    )
    sure = f"{last(4)} AND c2 = ' ' AND {uncut('c1', 'c3')} AND {head} AND head.asked.method <> ''"
    return Pattern(f"^{before}{_HEAD}{_REST}", FastPath("", sure, fields, _PIECES, _COMPUTED))


ELB = Format(
    name="elb",
    title="AWS Classic Load Balancer",
    shape=_shape("", 0),
    time=_TIME,
    taken=0.001,
    other=_OTHER,
)
ALB = Format(
    name="alb",
    title="AWS Application Load Balancer",
    shape=_shape(r"\w+ ", 1),
    time=_TIME,
    taken=0.001,
    other=_OTHER,
)
