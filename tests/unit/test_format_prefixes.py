"""What relays put around lines: taken off before any format, whichever it is, and one behind another."""

import json
from collections.abc import Callable, Sequence

import pytest
from format_samples import SAMPLES, SampleFile
from reads import Reader

from mtc.core.errors import PermanentError
from mtc.formats.custom_formats import CustomFormat
from mtc.formats.described_formats import custom
from mtc.formats.detection import detect, named_format
from mtc.formats.layers import without_layers, without_prefix_sql
from mtc.formats.model import Format
from mtc.formats.registry import BINDERS, FORMATS
from mtc.formats.server_messages import is_message
from mtc.stages.import_.format_choice import choose

Wrap = Callable[[str], str]
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0"
COMBINED = f'192.0.2.1 - - [01/May/2026:10:05:03 +0000] "GET /a?b=1 HTTP/1.1" 200 512 "-" "{AGENT}"'
TIME = "2026-05-01T10:05:03.123456789Z"


def front(text: str) -> Wrap:
    return lambda line: text + line


def docker(line: str) -> str:
    return json.dumps({"log": line + "\n", "stream": "stdout", "time": TIME})


def journald(line: str) -> str:
    return json.dumps({"__CURSOR": "s=1", "SYSLOG_IDENTIFIER": "nginx", "MESSAGE": line, "_HOSTNAME": "web1"})


def fluentd(line: str) -> str:
    return f"2026-05-01 10:05:03.000000000 +0000 docker.web: {json.dumps({'log': line, 'source': 'stdout'})}"


KINDS: dict[str, Wrap] = {
    "RFC 3164": front("<190>May  1 10:05:03 web1 nginx: "),
    "RFC 5424": front(r'<190>1 2026-05-01T10:05:06Z web1 nginx 8 - [a@1 k="v\] x"] '),
    "ISO and host": front("2026-05-01T10:05:05.123456+02:00 web1 "),
    "ISO and host, two blanks": front("2026-05-01T10:05:05.123456+02:00 web1  "),
    "CRI": front(f"{TIME} stdout F "),
    "CRI in a zone, of the errors": front("2026-05-01T12:05:03.1+02:00 stderr F "),
    "compose": front("web-1     | "),
    "compose of old, in colour": front("\x1b[36mweb_1     |\x1b[0m "),
    "compose -t": front(f"web-1  | {TIME} "),
    "docker service logs": front("shop_web.1.k3jz0q@node7    | "),
    "docker logs -t": front(f"{TIME} "),
    "kubectl --prefix": front("[pod/web-6799fc88d8-abcde/nginx] "),
    "kubectl --prefix --timestamps": front(f"[pod/web-6799fc88d8-abcde/nginx] {TIME} "),
    "stern": front("web-6799fc88d8-abcde nginx "),
    "logcli": front('2026-05-01T10:05:03Z {app="web", job="nginx"} '),
    "logback": front("2026-05-01 10:05:03,123 [info] access - "),
    "docker": docker,
    "journald": journald,
    "fluentd's stdout": fluentd,
    "fluentd's file": lambda line: f"2026-05-01T10:05:03+00:00\tdocker.web\t{json.dumps({'log': line})}",
    "a shipper's object": lambda line: json.dumps({"@timestamp": TIME, "message": line, "host": {"name": "web1"}}),
    "textPayload": lambda line: json.dumps({"insertId": "1", "textPayload": line + "\n", "timestamp": TIME}),
    "syslog in CRI": front(f"{TIME} stdout F <190>May  1 10:05:03 web1 nginx: "),
    "CRI in docker": lambda line: docker(f"{TIME} stdout F {line}"),
    "syslog in docker": lambda line: docker(f"May  1 10:05:03 web1 nginx[8]: {line}"),
    "docker in syslog": lambda line: "May  1 10:05:03 web1 dockerd[8]: " + docker(line),
    "docker in docker": lambda line: docker(docker(line)),
    "syslog in CRI in docker": lambda line: docker(f"{TIME} stdout F <190>May  1 10:05:03 web1 nginx: {line}"),
}
SOME = ("RFC 3164", "ISO and host", "CRI", "compose -t", "docker", "fluentd's stdout", "syslog in CRI in docker")
# They pass over words in front of a line themselves.
TOLERANT = ("logfmt", "akamai_pairs")
ALL = {**FORMATS, **BINDERS}
# Fields of times that the relay's own are put beside, and lines that begin with a tab, are not of this world.
KNOWN = [each for each in SAMPLES if each.format in ALL and each.encoding == "utf-8" and each.rows]
FIRST = {sample.format: sample for sample in reversed(KNOWN)}


def lines_of(sample: SampleFile) -> list[str]:
    return [line for line in sample.text.removesuffix("\n").split("\n") if line.strip()]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader.make(tmp_path_factory.mktemp("prefixes"))


def hits(rows: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """What was read, but the text of lines that were not, and which kind of line that was."""
    return [row[3:] for row in rows if row[0] is None]


def found(lines: Sequence[str]) -> Format:
    return detect(lines, where="sample.log").format


@pytest.mark.parametrize("name", FIRST)
def test_a_format_is_found_within_every_kind_of_prefix(name: str) -> None:
    """Every format, named or detected: it is what it is without, and every line what it is without."""
    lines = [line for line in lines_of(FIRST[name])[:8] if not line.startswith("DEBUG: ")]  # as a tag would be
    plain = found(lines).name if name in BINDERS or FORMATS[name].detectable else ""
    for kind, wrap in KINDS.items():
        wrapped = [wrap(line) for line in lines]
        form = named_format(name, wrapped, where="sample.log")
        if name in TOLERANT:
            continue
        assert form.prefix is not None, (
            f"format {name} reads a line with the prefix {kind} as one without: its expression accepts any text at the "
            "beginning of a line. Make its first field strict, for example with IP or TIMESTAMP of mtc.formats.pattern"
        )
        off = [without_layers(line, form.prefix.layers) for line in wrapped]
        assert [line for line in off if not is_message(line)] == [line for line in lines if not is_message(line)], kind
        assert not plain or kind not in SOME or found(wrapped).name == plain, kind


@pytest.mark.parametrize("kind", KINDS)
def test_the_database_takes_off_what_was_found(kind: str, reader: Reader) -> None:
    """The lines of all samples: what is found in Python on a sample holds in SQL for all lines."""
    lines = [KINDS[kind](line) for name in FIRST for line in lines_of(FIRST[name])[:9]]
    prefix = found([KINDS[kind](COMBINED)]).prefix
    assert prefix is not None
    query = f"SELECT {without_prefix_sql('line', prefix)} FROM (SELECT unnest(?) AS line)"
    off = reader.connection.execute(query, [lines]).fetchall()
    assert [text for (text,) in off] == [without_layers(line, prefix.layers) for line in lines]


@pytest.fixture(scope="module", params=["combined", "combined_vhost", "haproxy", "nginx_json", "ltsv", "w3c"])
def unwrapped(request: pytest.FixtureRequest, reader: Reader) -> tuple[str, list[tuple[object, ...]]]:
    """A format of each shape of lines, and the hits of its sample without a prefix."""
    lines = lines_of(FIRST[request.param])
    return request.param, hits(reader.read(lines, named_format(request.param, lines, where="sample.log")))


@pytest.mark.parametrize("kind", ["RFC 3164", "CRI", "compose", "docker", "syslog in CRI in docker"])
def test_a_format_reads_the_same_behind_a_prefix(
    unwrapped: tuple[str, list[tuple[object, ...]]], kind: str, reader: Reader
) -> None:
    """Every shape of lines: each hit is the hit that it is without, and no other line has become one."""
    name, plain = unwrapped
    wrapped = [KINDS[kind](line) for line in lines_of(FIRST[name])]
    assert hits(reader.read(wrapped, named_format(name, wrapped, where="sample.log"))) == plain


OWN = {
    "nginx": (CustomFormat.model_validate({"nginx": '$remote_addr [$time_local] "$request" "$http_user_agent"'}),
              f'192.0.2.1 [01/May/2026:10:05:03 +0000] "GET /a HTTP/1.1" "{AGENT}"'),
    "regex": (CustomFormat(regex=r"^(?P<ip>\S+) (?P<time>\S+) (?P<path>/\S*) (?P<status>\d+)$"),
              "192.0.2.1 2026-05-01T10:05:03Z /a 200"),
    "json": (CustomFormat.model_validate({"json": {"ip": "client", "time": "ts", "path": "uri", "status": "code"}}),
             '{"ts":"2026-05-01T10:05:03Z","client":"192.0.2.1","uri":"/a","code":200}'),
}  # fmt: skip


@pytest.mark.parametrize("name", OWN)
def test_a_format_of_ones_own_reads_within_every_kind_of_prefix(name: str, reader: Reader) -> None:
    """The manifest describes what the server writes, and not what relays make of it."""
    described, line = OWN[name]
    plain = hits(reader.read([line], custom(described)))
    forms = {kind: choose(described, [wrap(line)], "sample.log").format for kind, wrap in KINDS.items()}
    for kind, wrap in KINDS.items():
        prefix = forms[kind].prefix
        assert prefix is not None, kind
        assert without_layers(wrap(line), prefix.layers) == line, kind
    for kind in ("RFC 3164", "syslog in CRI in docker"):
        assert hits(reader.read([KINDS[kind](line)], forms[kind])) == plain


def test_an_expression_that_reads_the_prefix_itself_goes_on_reading_it(reader: Reader) -> None:
    """What a user has written for whole lines is applied to whole lines."""
    described = CustomFormat(regex=r"^(?P<time>\S+) stdout F (?P<ip>\S+) \S+ \S+ \[[^\]]+\] \"\S+ (?P<path>\S+)")
    line = KINDS["CRI"](COMBINED)
    form = choose(described, [line], "sample.log").format
    assert form.prefix is None
    assert reader.column("path", [line], form) == ["/a"]


def test_a_piece_of_a_line_is_rejected_and_so_is_its_end(reader: Reader) -> None:
    """A long line is cut by the runtime: neither piece is a hit or lost, nothing is put together."""
    common = COMBINED.partition(' "-"')[0]
    pieces = [f"{TIME} stdout P {common[:-1]}", f"{TIME} stdout F {common[-1]}"]
    lines = [KINDS["CRI"](common)] * 3 + pieces
    assert reader.reasons(lines, found(lines)) == [None, None, None, "malformed", "malformed"]
    start = json.dumps({"log": common.replace("/a", "/" + "a" * 16_384), "stream": "stdout", "time": TIME})
    cut = [docker(common)] * 3 + [start, docker("1")]
    assert reader.reasons(cut, found(cut)) == [None, None, None, "malformed", "malformed"]


def test_what_is_escaped_in_an_object_is_read_as_it_was_written(reader: Reader) -> None:
    """Quotes, backslashes, signs of other scripts; a line end within is a blank, and no line of its own."""
    agent = r"Mozilla/5.0 (\x22) ünïcode \"quoted\" < & >"
    line = COMBINED.replace(AGENT, agent)
    for wrap in (docker, journald):
        assert reader.column("user_agent", [wrap(line)], found([wrap(line)])) == [agent]
    broken = journald(COMBINED.replace("Gecko", "\n\x00\x01"))
    ((value,),) = (reader.column("user_agent", [broken], found([broken])),)
    assert "\n" not in str(value)


def test_the_time_of_a_line_is_taken_from_the_relay_where_it_has_it_alone(reader: Reader) -> None:
    """Caddy's console and fluentd take the time out of the object; what the object says itself goes first."""
    asked = {"remote_ip": "192.0.2.1", "method": "GET", "host": "www.example.org", "uri": "/a", "headers": {}}
    body = json.dumps({"request": asked, "duration": 0.1, "size": 5, "status": 200})
    for level in ("info", "INFO", "\x1b[34mINFO\x1b[0m"):
        line = f"2026/05/01 10:05:03.250\t{level}\thttp.log.access\thandled request\t{body}"
        form = found([line])
        assert form.name == "caddy"
        assert str(reader.column("ts", [line], form)[0]) == "2026-05-01 10:05:03.250000"


def test_lines_of_other_containers_are_no_requests(reader: Reader) -> None:
    """Compose, kubectl and journald mix programs: those that write no requests are filtered."""
    for wrap, other in (
        ("compose", "db-1   | LOG: checkpoint starting"),
        ("kubectl --prefix", "[pod/web-6799fc88d8-abcde/sidecar] ready"),
        ("journald", json.dumps({"SYSLOG_IDENTIFIER": "cron", "MESSAGE": "job"})),
    ):
        lines = [KINDS[wrap](COMBINED), *[other] * 5]
        assert reader.reasons(lines, found(lines)) == [None, *["other"] * 5], wrap


def test_what_belongs_to_the_export_of_a_journal_is_no_request(reader: Reader) -> None:
    """Records of several lines, of which one is the message."""
    record = ["__CURSOR=s=1", "_HOSTNAME=web1", "PRIORITY=6", f"MESSAGE={COMBINED}", " "]
    lines = record * 3
    for form in (found(lines), named_format("combined", lines, where="sample.log")):
        assert reader.reasons(lines, form) == ["other", "other", "other", None, "blank"] * 3
        assert set(reader.column("ip", lines, form)) == {None, "192.0.2.1"}


def test_a_prefix_alone_makes_no_format() -> None:
    """Lines that nothing reads are refused as they stand, whatever is around them."""
    for kind, wrap in KINDS.items():
        if kind == "logback":
            continue  # what has a level and no request in it is a message
        with pytest.raises(PermanentError, match="no known format"):
            found([wrap(f"job {number} done") for number in range(9)])


def test_a_router_is_found_among_what_its_applications_say(reader: Reader) -> None:
    """Heroku's lines of either have a time in front, which is the router's only one, and say who wrote them."""
    at = "2026-05-01T10:05:03.123456+00:00"
    asked = f'{at} heroku[router]: at=info method=GET path="/a" host=www.example.org fwd="192.0.2.1" status=200 bytes=5'
    others = [
        f"{at} app[web.1]: Started GET /a for 192.0.2.1",
        f"{at} heroku[web.1]: State changed from starting to up",
    ]
    form = found([*others * 5, asked])
    assert form.name == "logfmt"
    assert reader.reasons([asked, *others], form) == [None, "other", "other"]
    assert reader.reasons([asked], found([asked])) == [None]
