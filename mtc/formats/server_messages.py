r"""Messages that servers write between their requests: banners, errors, warnings. They are not requests in any format.

They are in the same file if all output goes to one stream (containers, syslog). Only lines that the format does not
read are tested, so a pattern may be short; but none may match a line of an access log in another format. Sources: what
nginx, Apache httpd, HAProxy ("Logging" and the messages of its checks), Caddy, Traefik, Envoy, lighttpd, PHP-FPM,
Tomcat, gunicorn, uvicorn, supervisord, s6, journalctl, klog and their images on Docker Hub write.
"""

import functools
import re

from mtc.core.sql import literal
from mtc.formats.layers import IN_FRONT

_LEVEL = r"(?i:debug|info|notice|warn(?:ing)?|error|err|crit(?:ical)?|alert|emerg(?:ency)?|fatal|trace|panic|severe)"
_TIME = r"\d\d:\d\d:\d\d(?:[.,]\d+)?"
_DAY = r"\d{4}[-/]\d\d[-/]\d\d"

CERTAIN: tuple[tuple[str, str], ...] = (
    ("", rf"{_DAY} {_TIME} \[{_LEVEL}\] \d+#\d+: "),  # nginx
    ("", rf"nginx: (?:\[{_LEVEL}\]|the configuration file|configuration file) "),
    ("", rf"\[\w{{3}} \w{{3}} [ \d]\d {_TIME} \d{{4}}\] \[[\w:.\-]*{_LEVEL}\] "),  # Apache httpd
    ("", r"(?:AH\d{5}: |httpd: |apache2?: )"),
    ("", r"/docker-entrypoint(?:\.sh|\.d/)|/entrypoint\.sh: |\d\d-[\w\-]+\.(?:sh|envsh): "),
    ("haproxy", r"(?:Proxy|Server|[Bb]ackend|Health check|Stopping|Pausing|Enabling|Loading|New worker|Connect from) "),
    ("haproxy", r"(?:\[NOTICE\]|\[WARNING\]|\[ALERT\]) +"),
    ("haproxy", r"\S+:\d+ \[[^\]]+\] (?:\S+/\S+: |\S+ \S+/\S+ [\d/+-]+ \+?\d+ \S\S )"),
    ("haproxy", r"\S+:\d+ \[[^\]]+\] \S+ \S+/\S+ \S+ \S+ \S+ \S+ \S+ \S{4} [^\"]*\"<BADREQ>\""),
    ("envoy", r"\[[^\]]+\]\[\d+\]\[\w+\]\["),
    ("", r"httpd \(pid \d+\) |\(\d+\)[A-Z][\w ]+: AH\d{5}: |ModSecurity: "),
    ("", rf"\[\d\d-\w{{3}}-\d{{4}} {_TIME}(?: [\w/+\-]+)?\] "),  # PHP
    ("", r"(?:PHP )?(?:Fatal error|Warning|Notice|Deprecated|Parse error): |PHP Stack trace:|PHP +\d+\. "),
    ("", r"(?:DEBUG|INFO|WARNING|ERROR|CRITICAL): +(?:Started|Waiting|Application|Uvicorn|Shutting|Finished|Stopping)"),
    ("", r"\[(?:cont-init\.d|services\.d|s6-init|fix-attrs\.d|cmd|cont-finish\.d|init|custom-init|ls\.io-init)\] "),
    ("", r"s6-rc: info: "),
    ("", r"-- (?:Logs begin|Journal begins|Boot|Reboot|No entries|cursor:)"),  # journalctl
    ("", r"==> .* <==$"),  # tail
    ("", r"tail: "),
    ("", r"Traceback \(most recent call last\):|Caused by: |\tat [\w$.]+\(|\t\.\.\. \d+ more|    at "),
    ("", r'  File "[^"]*", line \d+|(?:[\w$]+\.)*[A-Z]?\w*(?:Exception|Error)(?:: |$)|panic: |goroutine \d+ \['),
    ("", r"\(node:\d+\) |npm (?:WARN|ERR!|notice|warn|error) |> \S+@\d[\w.\-]* |\[nodemon\] "),
    ("", r" \* (?:Running on|Serving Flask|Debug|Environment|Restarting|Debugger)|(?:DEBUG|INFO|WARNING|ERROR):root:"),
    ("", r"Puma starting|\* (?:Listening on|Puma version|Environment|PID|M(?:in|ax) threads)|=> [A-Z]"),
    ("", r"[DIWEF], \[\d{4}-\d\d-\d\dT[^\]]*\] +[A-Z]+ -- "),
    ("", r"NGINX Ingress controller|-{20,}$|  (?:Release|Build|Repository): "),
    ("", r"message repeated \d+ times|last message repeated \d+ times"),
)
"""The format whose server writes a message (empty if several), and the beginning of the message."""

LIKELY: tuple[tuple[str, str], ...] = (
    ("traefik", r'time="[^"]*" level=\w+ msg='),
    ("traefik", rf"{_DAY}T\S+ (?:TRC|DBG|INF|WRN|ERR|FTL|PNC) "),
    ("caddy", rf"{_DAY}[ T]{_TIME}\S*\t(?:\x1b\[\d+m)?{_LEVEL}"),
    (
        "",
        rf"\[?{_DAY} {_TIME}(?: [+\-]\d{{4}})?\]?:? (?:\[\d+\] )?(?:\[{_LEVEL}\]|{_LEVEL}\b)",
    ),  # gunicorn, many
    ("", rf"{_DAY} {_TIME}: (?:\(|server )"),  # lighttpd
    ("", rf"{_DAY}[T ]{_TIME}(?:Z|[+\-]\d\d:?\d\d)? +(?:\[[^\]]*\] +)?{_LEVEL} "),  # Spring, many
    (
        "",
        rf"\d{{4}}/\d\d/\d\d {_TIME} (?:http: |[Ll]istening |[Ss]tart(?:ed|ing) |[Ss]erver |[Ss]erving )",
    ),  # Go
    ("", rf"\d\d-\w{{3}}-\d{{4}} {_TIME} {_LEVEL} "),  # Tomcat
    ("", r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+\] "),  # klog
)
"""Like `CERTAIN`, but applications also log requests so: a line that contains a method is not a message."""

# A message in JSON has a level and a text, and no key of a request. The text may be a line of an access log.
_LOGGED_REQUEST = r'HTTP/[0-9.]+(?:\\*"| ) ?[1-5][0-9]{2}\b'
_MESSAGE_KEY = r'"(?:msg|message|error|err|event)"\s*:'
_LEVEL_KEY = r'"(?:level|lvl|severity|loglevel|log_level|log\.level)"\s*:'
_REQUEST_KEY = (
    r'"[\w.\-()]*(?:[Mm]ethod|[Rr]equest(?:[_.]?\w*)|[Uu]ser_?[Aa]gent|[Ss]tatus(?:_?[Cc]ode)?|verb|req|res|httpRequest)"'
    r"\s*:"
)
_ANY_REQUEST = f"{_REQUEST_KEY}|{_LOGGED_REQUEST}"
_METHOD = r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|PROPFIND)\b"
_CERTAIN_MESSAGE, _LIKELY_MESSAGE = (
    f"^(?:{IN_FRONT})?(?:{'|'.join(pattern for _, pattern in table)})" for table in (CERTAIN, LIKELY)
)
_compiled = functools.cache(functools.partial(re.compile, flags=re.ASCII))


def is_message(line: str) -> bool:
    """Whether a line that no format reads is a message of a server."""
    return _is_text_message(line) or _is_json_message(line)


def _is_text_message(line: str) -> bool:
    if _compiled(_CERTAIN_MESSAGE).match(line):
        return True
    return _compiled(_LIKELY_MESSAGE).match(line) is not None and _compiled(_METHOD).search(line) is None


def _is_json_message(line: str) -> bool:
    if not line.lstrip().startswith("{"):
        return False
    patterns = (_MESSAGE_KEY, _LEVEL_KEY, _ANY_REQUEST)
    message, level, request = (_compiled(pattern).search(line) is not None for pattern in patterns)
    return message and level and not request


def format_beside(line: str) -> str:
    """The name of the format whose server writes such a message; empty if that may be any."""
    if _is_json_message(line):
        return "caddy"
    return next(
        (name for name, pattern in (*CERTAIN, *LIKELY) if name and _compiled(f"^(?:{pattern})").match(line)), ""
    )


def is_message_sql(line: str) -> str:
    """SQL: whether a line that the format does not read is a message of a server."""
    certain, likely, has_method = (
        f"regexp_matches({line}, {literal(pattern)})" for pattern in (_CERTAIN_MESSAGE, _LIKELY_MESSAGE, _METHOD)
    )
    return f"({certain} OR ({likely} AND NOT {has_method}) OR {is_json_message_sql(line)})"


def is_json_message_sql(line: str) -> str:
    """SQL: whether a line is a message in JSON."""
    message, level, request = (
        f"regexp_matches({line}, {literal(pattern)})" for pattern in (_MESSAGE_KEY, _LEVEL_KEY, _ANY_REQUEST)
    )
    return f"(starts_with(ltrim({line}), '{{') AND {message} AND {level} AND NOT {request})"
