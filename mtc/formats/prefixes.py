r"""What relays put around lines: the kinds, in the order in which they are tried.

Sources: RFC 3164 (`<190>May  1 10:05:03 host nginx[812]: `) as sent, or as written to files without the priority;
RFC 5424 (`<190>1 2026-05-01T10:05:06Z host nginx 812 - - `); rsyslog's file format (an ISO time); journalctl's
`short` forms, `-o json` and `-o export` ("Journal Export Formats"). Of syslog's parts the priority, the host or the tag
may be missing; Heroku's Logplex leaves out the structured data and sends each line behind its length (RFC 6587).
`@cee: ` in front of JSON is the Common Event Expression's. Kubernetes, CRI container log format (`TIME stdout F `; `P`
is a piece of a longer line). Docker, "JSON File logging driver", `docker compose logs`, `docker logs -t`. `kubectl logs
--prefix`; stern, also with namespaces. Fluentd, "out_stdout" and
"out_file" with the JSON formatter. Caddy's console encoder, which writes zap's: the object lacks what stands in front
of it, so that is put into it. Loki's `logcli`; logback and log4j with a logger's name.

The time of a hit is the line's own, but where a relay has taken it away (Caddy's console, fluentd).
"""

import re

from mtc.formats.model import Layer

_NAME = re.compile(r"\(\?P<\w+>")
_BSD = r"[A-Z][a-z]{2} {1,2}\d{1,2} (?:\d{4} )?\d\d:\d\d:\d\d(?:[.,]\d+)?"
_OFFSET = r"(?:Z|[+\-]\d\d:?\d\d| [+\-]\d{4}| [A-Z]{2,5})"
_ISO = rf"(?:[A-Z][a-z]{{2}} )?\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?{_OFFSET}?"
_UNIX = r"\d{9,}\.\d+"
_PRIORITY = r"<\d{1,3}>"
_TIMED = rf"(?:{_BSD}|{_ISO}|{_UNIX})[ \t]"
_STARTED = rf"(?:{_PRIORITY}(?:{_TIMED})?|{_TIMED})"
_NANO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7,9}(?:Z|[+\-]\d\d:\d\d)"
_COLOUR = r"(?:\x1b\[[0-9;]*m)*"

_COUNTED = r"(?:\d+ )?"

_RFC_5424 = (
    rf"{_COUNTED}{_PRIORITY}1 (?:-|{_ISO}) \S+ (?P<app>\S+) \S+ \S+"
    r"(?: (?:-|(?:\[(?:[^\]\\]|\\.)*\])+))? ?" + "\ufeff?"
)
_TAGGED = rf'{_STARTED}(?:\S*[^\s:] )?(?P<tag>[^\s:\[\]"{{}}]+)(?:\[[^\]\s]*\])?:(?: +|$)'

# A piece of a line is no line: it keeps what stands in front, and so no format reads it.
CRI = Layer("Kubernetes CRI", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* std(?:out|err) F(?: |$)", sure=True)
COMPOSE = Layer(
    "docker compose",
    rf"^{_COLOUR}(?P<tag>[A-Za-z0-9][\w.@\-]{{0,120}}?)(?:[_.\-]\d{{1,4}}(?:\.[\w@\-]{{1,120}})?)?"
    rf" +\|{_COLOUR} ?{_COLOUR}",
    sure=True,
    foreign=r"^(?:Attaching to |[\w.\-]+ exited with code )",
)
KUBECTL = Layer("kubectl", r"^\[pod/[^/\]\s]+/(?P<tag>[^\]\s]+)\] ", sure=True)
CADDY_CONSOLE = Layer(
    "Caddy console",
    r"^(\d{4}[/\-]\d\d[/\-]\d\d[ T][\d:.,]+\S*)"
    rf'\t{_COLOUR}([A-Za-z]+){_COLOUR}\t(?:([^\t"\\]*)\t)?([^\t"\\]*)\t\{{ *"',
    r'{"ts":"\1","level":"\2","logger":"\3","msg":"\4","',
    sure=True,
)
FLUENTD = Layer(
    "fluentd",
    rf'^({_ISO})(?: |\t)(?P<tag>[^\s":{{}}]+)(?:: |\t)\{{ *"',
    r'{"@timestamp":"\1","fluent_tag":"\2","',
    sure=True,
)
EXPORT = Layer("journalctl -o export", r"^MESSAGE=", foreign=r"^_{0,2}[A-Z][A-Z0-9_]*=", sure=True)
# With nanoseconds, which syslog's times do not have; no host stands behind it.
TIMESTAMPS = Layer("docker's timestamps", rf"^{_NANO} ", sure=True)
LOKI = Layer("logcli", rf"^{_TIMED}\{{(?:\w+=[^{{}}]*)?\}} +", sure=True)

# Loggers (pino, bunyan, structlog), Splunk, Elasticsearch, Datadog and Azure Monitor, as they write and export lines.
_AROUND = ("@message", "msg", "event", "original", "_raw", "result", "_source", "content", "LogMessage", "body")
_JOURNALD = ("SYSLOG_IDENTIFIER", "_COMM")
OBJECTS: tuple[Layer, ...] = (
    Layer("docker's json-file", key="log", programs=("container_name",), sure=True, pieces=True),
    Layer("journald JSON", key="MESSAGE", programs=_JOURNALD, sure=True),
    Layer("JSON around `message`", key="message", programs=("container_name", "program")),
    Layer("JSON around `textPayload`", key="textPayload"),
    Layer("JSON around `jsonPayload`", key="jsonPayload"),
    Layer("JSON around `short_message` (GELF)", key="short_message", programs=("_container_name",)),
    Layer("JSON around `line`", key="line"),
    *(Layer(f"JSON around `{key}`", key=key) for key in _AROUND),
)
"""JSON objects of which a line is a part."""

PATTERNS: tuple[Layer, ...] = (
    *(CRI, COMPOSE, KUBECTL, CADDY_CONSOLE, FLUENTD, EXPORT, LOKI, TIMESTAMPS),
    # The router's lines have no other time.
    Layer("Heroku", r"^(\d{4}-\d\d-\d\dT\S+) (?P<tag>(?:heroku|app)\[[a-z][\w.\-]*\]): ", r"\1 "),
    Layer("Heroku", rf"^{_COUNTED}{_PRIORITY}1 ({_ISO}) \S+ (?P<tag>(?:heroku|app) [a-z][\w.\-]*) - ", r"\1 "),
    Layer("syslog", rf"^(?:{_RFC_5424}|{_TAGGED})"),
    Layer("`@cee`", r"^@cee: ?"),
    Layer("logback", rf"^{_TIMED}(?:\[[^\]]*\] +|[A-Z]{{4,5}} +)+(?P<tag>[\w.$\-]+) +- "),
    Layer("time and host", rf"^(?:{_PRIORITY})?{_TIMED}\S+ +"),
    Layer("time", rf"^{_STARTED}"),
    Layer(
        "stern",
        rf"^{_COLOUR}(?:[a-z0-9][a-z0-9\-]{{0,62}}{_COLOUR} {_COLOUR})?"
        rf"[a-z0-9][a-z0-9.\-]{{0,250}}-[a-z0-9]{{1,10}}{_COLOUR}"
        rf" {_COLOUR}(?P<tag>[a-z][a-z0-9\-]*){_COLOUR} ",
    ),
)
"""What stands in front of lines. Where there is no tag, nothing in syslog's prefix says where it ends: so the kinds are
tried in order, and one is taken only where it makes more lines readable. A line that syslog cut off, or `message
repeated 2 times: [ ... ]`, is not matched."""

KINDS: tuple[Layer, ...] = (*OBJECTS, *PATTERNS)

IN_FRONT = "|".join(
    (
        *(_NAME.sub("(?:", layer.pattern.removeprefix("^")) for layer in (CRI, COMPOSE, KUBECTL)),
        _NAME.sub("(?:", _TAGGED),
        r'\{"log":"',
    )
)
"""What may stand in front of a line that its format reads with its prefix, as an expression of a user's does."""
