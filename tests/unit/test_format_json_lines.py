r"""JSON lines: what is read of a line, what is repaired, and what is no request."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from reads import Reader

from mtc.formats.custom_formats import CustomFormat
from mtc.formats.described_formats import custom
from mtc.formats.json_formats import CADDY, CLOUDFLARE, NGINX_JSON, TRAEFIK_JSON
from mtc.formats.json_lines import pointer
from mtc.formats.model import Format


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader.make(tmp_path)
    with made.connection:
        yield made


def nginx(**fields: str) -> str:
    """A line of nginx's, with these values put in as JSON."""
    known = {"ip": '"192.0.2.1"', "path": '"/a"', "date": '"2026-05-01T10:05:03Z"', "status": "200"} | fields
    return "{" + ",".join(f'"{name}":{value}' for name, value in known.items()) + "}"


def test_a_status_is_a_number_or_a_text_and_the_time_taken_may_lack(reader: Reader) -> None:
    """Matomo's importer stops with a traceback on either (B19)."""
    lines = [nginx(), nginx(status='"404"'), nginx(generation_time_milli="0.25")]
    assert reader.column("status", lines, NGINX_JSON) == [200, 404, 200]
    assert reader.column("time_ms", lines, NGINX_JSON) == [None, None, 250.0]


@pytest.mark.parametrize("form", [NGINX_JSON, CADDY, TRAEFIK_JSON, CLOUDFLARE], ids=lambda form: form.name)
def test_an_object_that_is_no_request_is_filtered_and_what_is_no_json_rejected(reader: Reader, form: Format) -> None:
    """A server's other messages lie in the same file; the importer stops with a traceback on one (B19)."""
    lines = ['{"level":"info","msg":"started"}', "[1, 2]", "3", '"text"', "null", '{"ip":"192.0.2.1","pa', "started"]
    assert reader.reasons(lines, form) == [*["other"] * 5, "malformed", "malformed"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"2026-05-01T12:05:03+02:00"', "2026-05-01 10:05:03"),
        ('"2026-05-01T10:05:03Z"', "2026-05-01 10:05:03"),
        ('"2026-05-01T10:05:03.25Z"', "2026-05-01 10:05:03.250000"),
        ('"2026-05-01T10:05:03.123456789Z"', "2026-05-01 10:05:03.123456"),
        ('"2026-05-01T12:05:03+0200"', "2026-05-01 10:05:03"),
        ('"01/May/2026:12:05:03 +0200"', "2026-05-01 10:05:03"),
        ("1777629903", "2026-05-01 10:05:03"),
        ('"1777629903.250"', "2026-05-01 10:05:03.250000"),
        ("1777629903250", "2026-05-01 10:05:03.250000"),
        ("1777629903250000", "2026-05-01 10:05:03.250000"),
        ("1777629903250000000", "2026-05-01 10:05:03.250000"),
    ],
)
def test_a_time_has_any_of_the_usual_forms(reader: Reader, written: str, read: str) -> None:
    """The importer calls `Z` and fractions invalid, and takes local time for UTC (B24)."""
    assert [str(ts) for ts in reader.column("ts", [nginx(date=written)], NGINX_JSON)] == [read]


@pytest.mark.parametrize(
    "time", ["1e300", "-1e300", "99999999999999999999999", '"nan"', '"inf"', "true", "{}", '"x"', "0"]
)
def test_a_time_that_cannot_be_is_a_bad_time_and_nothing_else(reader: Reader, time: str) -> None:
    """A number is a stranger's: none of it stops the file."""
    assert reader.reasons([nginx(date=time), nginx()], NGINX_JSON) == ["bad time", None]


def test_bytes_that_nginx_writes_in_its_own_way_are_read_as_utf_8(reader: Reader) -> None:
    r"""Without `escape=json`, nginx writes `\xHH`, which no JSON reader takes."""
    agents = [
        r'"Caf\xC3\xA9 100% \x22a\x22 \x5C b\x1F"',
        r'"bad \xFF\xC3"',
        r'"\x5Cx41 \x5c"',
        r'"\xF0\x9F\x98\x80%41"',
    ]
    lines = [nginx(user_agent=agent) for agent in agents]
    assert reader.column("user_agent", lines, NGINX_JSON) == [
        'Café 100% "a" \\ b\x1f',
        r"bad \xFF\xC3",
        r"\x41 " + "\\",
        "😀%41",
    ]


def test_what_is_json_already_is_not_repaired(reader: Reader) -> None:
    r"""With `escape=json`, `\\x22` is a backslash and `x22`, as a visitor sent it."""
    assert reader.column("user_agent", [nginx(user_agent=r'"a\\x22b"')], NGINX_JSON) == [r"a\x22b"]


def test_a_caddy_duration_may_be_a_text(reader: Reader) -> None:
    """Caddy's `duration_format string` writes Go's durations."""
    line = (
        '{"msg":"handled request","ts":1777629903,"duration":%s,"status":200,"request":{"client_ip":"::1","uri":"/"}}'
    )
    lines = [line % written for written in ("0.25", '"12.5ms"', '"250µs"', '"1m1.5s"', '"900ns"')]
    assert reader.column("time_ms", lines, CADDY) == [250.0, 12.5, 0.25, 61500.0, 0.0009]


def test_a_mapping_reads_keys_indices_and_keys_with_dots(reader: Reader) -> None:
    """A manifest says where the fields are; a key may hold any character."""
    paths = {
        "ip": "client.addr",
        "time": r"log\.time",
        "path": "req.parts[1]",
        "user_agent": r"req.head/er~s.a\[b\]",
        "time_us": "*",
        "status": 'q"uote',
    }
    form = custom(CustomFormat.model_validate({"json": paths}))
    line = (
        '{"client":{"addr":"203.0.113.9, 10.0.0.1"},"log.time":"2026-05-01T10:05:03Z","*":2500,"q\\"uote":201,'
        '"req":{"parts":["GET","/a?b=1"],"head/er~s":{"a[b]":"agent"}}}'
    )
    ((reason, _, _, *fields),) = reader.read([line], form)
    assert reason is None
    known = dict(zip(("host", "ip", "user", "ts", "method", "path", "query"), fields, strict=False))
    assert (known["ip"], known["path"], known["query"]) == ("203.0.113.9", "/a", "b=1")
    assert reader.column("user_agent", [line], form) == ["agent"]
    assert reader.column("time_ms", [line], form) == [2.5]
    assert reader.column("status", [line], form) == [201]


def test_a_mapping_has_a_time_of_its_own_where_the_manifest_says_so(reader: Reader) -> None:
    """`time:` is the strptime format of the time."""
    described = {"json": {"ip": "a", "time": "t", "path": "p"}, "time": "%d.%m.%Y %H:%M:%S %z"}
    form = custom(CustomFormat.model_validate(described))
    lines = ['{"a":"192.0.2.1","t":"01.05.2026 12:05:03 +0200","p":"/"}', '{"a":"192.0.2.1","t":"1777629903","p":"/"}']
    assert [str(ts) for ts in reader.column("ts", lines, form)] == ["2026-05-01 10:05:03", "None"]


def test_a_pointer_holds_any_key() -> None:
    """JSON pointers have two escapes (RFC 6901)."""
    assert pointer("a/b", "~c", 0) == "/a~1b/~0c/0"
