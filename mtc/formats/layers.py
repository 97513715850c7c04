r"""Layers that relays put around lines: the kinds, which ones a sample has, and lines without them.

Layers are removed in Python from a sample and in SQL from a whole file. Relays stand behind each other (syslog into
docker, docker into fluentd), so layers nest. An unmistakable layer is taken at once; of the other kinds each is tried
in order, and taken only where it makes more lines readable.

Sources: RFC 3164 (`<190>May  1 10:05:03 host nginx[812]: `) as sent, or as written to files without the priority;
RFC 5424 (`<190>1 2026-05-01T10:05:06Z host nginx 812 - - `); rsyslog's file format (an ISO time); journalctl's
`short` forms, `-o json` and `-o export` ("Journal Export Formats"). Of syslog's parts the priority, the host or the tag
may be missing; Heroku's Logplex leaves out the structured data and sends each line behind its length (RFC 6587).
`@cee: ` in front of JSON is the Common Event Expression's. Kubernetes, CRI container log format (`TIME stdout F `; `P`
is a piece of a longer line). Docker, "JSON File logging driver", `docker compose logs`, `docker logs -t`. `kubectl logs
--prefix`; stern, also with namespaces. Fluentd, "out_stdout" and "out_file" with the JSON formatter. Caddy's console
encoder, which writes zap's: its object lacks what stands in front of it, so that is put into it. Loki's `logcli`;
logback and log4j with a logger's name.

The time of a hit is the line's own, except where a relay has removed it (Caddy's console, fluentd).
"""

import dataclasses
import functools
import json
import re
from collections.abc import Iterator, Sequence

from mtc.core.sql import literal
from mtc.formats.model import Format, Layer, Prefix
from mtc.formats.pattern import unnamed

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

# A piece of a line (`P`) keeps its layer, so that no format reads it.
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
# With nanoseconds, which times of syslog do not have; no host follows.
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
"""JSON objects that contain a line."""

PATTERNS: tuple[Layer, ...] = (
    *(CRI, COMPOSE, KUBECTL, CADDY_CONSOLE, FLUENTD, EXPORT, LOKI, TIMESTAMPS),
    # Lines of Heroku's router have no other time.
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
"""Texts in front of lines. Without a tag, nothing in syslog's prefix marks its end: so the kinds are tried in order,
and one is taken only if more lines can then be read. A line that syslog truncated is not matched, nor is `message
repeated 2 times: [ ... ]`."""

KINDS: tuple[Layer, ...] = (*OBJECTS, *PATTERNS)


def _ungrouped(pattern: str) -> str:
    """The expression without its groups' names and without capturing them."""
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


ABOUT: dict[str, str] = {
    "Kubernetes CRI": "time, stream and tag of the container runtime, `2026-05-01T10:05:06.1Z stdout F ...`",
    "docker compose": "`docker compose logs`: the service's name and `|`, with or without colours",
    "kubectl": "`kubectl logs --prefix`: `[pod/NAME/CONTAINER] ...`",
    "Caddy console": "Caddy's console encoder: time, level, logger and message before the JSON object",
    "fluentd": "fluentd's `stdout` and `file` outputs: time and tag before a JSON object",
    "journalctl -o export": "the `MESSAGE=` field of the journal export format; the other fields are skipped",
    "logcli": 'Loki\'s `logcli query`: time and labels, `{app="web"}`',
    "docker's timestamps": "`docker logs --timestamps`: a time with nanoseconds",
    "Heroku": "Logplex: the router's and the dynos' lines, with or without the length before them (RFC 6587)",
    "syslog": "RFC 3164 and RFC 5424, sent or written to files: priority, time, host and program may each be missing",
    "`@cee`": "`@cee: ` before a JSON object",
    "logback": "logback and log4j: time, thread, level and logger",
    "time and host": "a time and a host, as syslog writes them without a program",
    "time": "a time alone: `May  1 10:05:03`, ISO 8601 or seconds since 1970",
    "stern": "stern: pod and container, with or without namespace and colours",
    "docker's json-file": "docker's `json-file` driver: the line is under `log`",
    "journald JSON": "`journalctl -o json`: the line is under `MESSAGE`",
}
"""What each kind is, for the documentation; `JSON around` says it by its name."""

IN_FRONT = "|".join(
    (
        *(_ungrouped(layer.pattern.removeprefix("^")) for layer in (CRI, COMPOSE, KUBECTL)),
        _ungrouped(_TAGGED),
        r'\{"log":"',
    )
)
"""Prefixes that a user's expression may read as part of the line."""


Layers = tuple[Layer, ...]

_SAMPLED = 100
_DEEPEST = 3
_ENOUGH = 0.5
# Docker splits longer lines; a piece that is not the last does not end in a line feed.
_CUT_FROM = 16_000
_CONTROLS = "\x00\x01\x02\n\r"
_NO_CONTROLS = str.maketrans(dict.fromkeys(_CONTROLS, " "))
_PROGRAM_GROUPS = ("tag", "app")

_compiled = functools.cache(functools.partial(re.compile, flags=re.DOTALL | re.ASCII))


def chains(lines: Sequence[str], depth: int = _DEEPEST) -> Iterator[Layers]:
    """The combinations of layers that a sample may have, each from the outside in."""
    if depth == 0:
        return
    for layer in _layers_of(lines):
        inner = [without_layer(line, layer) for line in lines]
        yield (layer,)
        yield from ((layer, *deeper) for deeper in chains(inner, depth - 1))


def _layers_of(lines: Sequence[str]) -> Iterator[Layer]:
    """The kinds that some lines have. If most lines have an unmistakable one, no further kind is tried."""
    for layer in KINDS:
        found = sum(has_layer(line, layer) for line in lines)
        if found:
            yield layer
        if layer.sure and found > _ENOUGH * len(lines):
            return


def has_layer(line: str, layer: Layer) -> bool:
    """Whether a line has this layer around it."""
    if not layer.key:
        return _compiled(layer.pattern).match(line) is not None
    return _object(line, layer) is not None


def without_layer(line: str, layer: Layer) -> str:
    """A line without the layer."""
    if not layer.key:
        return _compiled(layer.pattern).sub(layer.instead, line, count=1)
    value = _object(line, layer)
    return line if value is None else _text(value)


def without_layers(line: str, layers: Layers) -> str:
    """A line without all of the layers."""
    return functools.reduce(without_layer, layers, line)


def program_of(line: str, layers: Layers) -> str:
    """The program that wrote a line, by its layers; empty if they do not name it."""
    programs = []
    for layer in layers:
        programs.append(_program(line, layer))
        line = without_layer(line, layer)
    return "".join(programs)


def may_be_of_format(line: str, prefix: Prefix) -> bool:
    """Whether a line may come from the program that writes the format."""
    return not is_of_relay(line, prefix.layers) and program_of(line, prefix.layers) in {"", *prefix.programs}


def is_of_relay(line: str, layers: Layers) -> bool:
    """Whether a line is a message of the relay itself."""
    for layer in layers:
        if layer.foreign and not has_layer(line, layer) and _compiled(layer.foreign).match(line):
            return True
        line = without_layer(line, layer)
    return False


def with_layers(log_format: Format, layers: Layers, fitting: Sequence[str]) -> Format:
    """The format within these layers. `fitting` are lines that it reads; other programs do not write it."""
    return _with_prefix(log_format, layers, tuple(sorted({program_of(line, layers) for line in fitting})))


@functools.lru_cache(maxsize=256)
def _with_prefix(log_format: Format, layers: Layers, programs: tuple[str, ...]) -> Format:
    return dataclasses.replace(log_format, prefix=Prefix(layers, programs))


def _object(line: str, layer: Layer) -> object:
    """The value of the layer's key; None if the line is not an object with it, or is only a piece of a line."""
    if f'"{layer.key}"' not in line:
        return None
    value = _parsed(line)
    found = value.get(layer.key) if isinstance(value, dict) else None
    if not layer.pieces:
        return found
    whole = isinstance(found, str) and (len(found) < _CUT_FROM or found.endswith("\n"))
    return found if whole else None


@functools.lru_cache(maxsize=512)
def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.rstrip("\r\n").translate(_NO_CONTROLS)


def _program(line: str, layer: Layer) -> str:
    if not layer.key:
        match = _compiled(layer.pattern).match(line)
        named = match.groupdict() if match else {}
        return next((named[name] for name in _PROGRAM_GROUPS if named.get(name)), "")
    value = _parsed(line)
    texts = [value.get(name) for name in layer.programs] if isinstance(value, dict) else []
    return next((text for text in texts if isinstance(text, str) and text), "")


def is_simple(prefix: Prefix) -> bool:
    """Whether the prefix is plain text in front of lines, so that it can be removed from the first piece of a line."""
    return len(prefix.layers) == 1 and not prefix.layers[0].key and not prefix.layers[0].instead


def without_prefix_sql(text: str, prefix: Prefix) -> str:
    """SQL: a text without the prefix."""
    return functools.reduce(_without_layer_sql, prefix.layers, text)


def _without_layer_sql(text: str, layer: Layer) -> str:
    if not layer.key:
        return f"regexp_replace({text}, {literal(unnamed(layer.pattern))}, {literal(layer.instead)})"
    found = f"json_extract_string(t, {literal('/' + layer.key)})"
    plain = rf"regexp_replace(regexp_replace({found}, '[\r\n]+$', ''), '[\x00-\x02\n\r]', ' ', 'g')"
    is_text = f"json_type(t, {literal('/' + layer.key)}) = 'VARCHAR'"
    cut = f"AND {is_text} AND (length({found}) < {_CUT_FROM} OR ends_with({found}, chr(10)))" if layer.pieces else ""
    return _computed_once(text, f"CASE WHEN {_is_object('t')} {cut} THEN coalesce({plain}, t) ELSE t END")


def is_foreign_sql(text: str, prefix: Prefix) -> str:
    """SQL: whether a line (with its prefix) was written by another program, or by the relay."""
    format_programs = ", ".join(map(literal, ("", *prefix.programs)))
    programs: list[str] = []
    relays: list[str] = []
    inner = text
    for layer in prefix.layers:
        programs += [_program_sql(inner, layer)]
        if layer.foreign:
            relays.append(f"regexp_matches({inner}, {literal(layer.foreign)})")
        inner = _without_layer_sql(inner, layer)
    return f"({' OR '.join((*relays, f'''concat({', '.join(programs)}) NOT IN ({format_programs})'''))})"


def _program_sql(text: str, layer: Layer) -> str:
    """SQL: the program that a layer names; empty if it names none."""
    if layer.key:
        found = ", ".join(f"nullif(json_extract_string(t, {literal('/' + name)}), '')" for name in layer.programs)
        known = f"CASE WHEN {_is_object('t')} THEN coalesce({found}, '') ELSE '' END"
        return _computed_once(text, known) if found else "''"
    groups = re.compile(layer.pattern)
    named = {at: name for name, at in groups.groupindex.items() if name in _PROGRAM_GROUPS}
    if not named:
        return "''"
    names = [named.get(at, f"g{at}") for at in range(1, max(named) + 1)]
    listed = ", ".join(map(literal, names))
    found = f"regexp_extract(t, {literal(unnamed(layer.pattern))}, [{listed}])"
    return _computed_once(text, f"concat({', '.join(f'({found}).{name}' for name in named.values())})")


def _is_object(text: str) -> str:
    return f"starts_with(ltrim({text}), '{{') AND json_valid({text})"


def _computed_once(text: str, expression: str) -> str:
    """SQL: an expression over `t`, the value of `text`, so that `text` is computed, and written, only once."""
    return f"list_transform([{text}], lambda t: {expression})[1]"
