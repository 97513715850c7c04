"""Formats that a manifest describes, as the reader works from them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from reads import Reader

from mtc.formats.custom_formats import CustomFormat
from mtc.formats.described_formats import custom
from mtc.formats.layouts.apache import compile_apache
from mtc.formats.layouts.layout import LayoutError
from mtc.formats.layouts.nginx import compile_nginx
from mtc.formats.registry import FORMATS
from mtc.stages.import_.format_choice import choose


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader.make(tmp_path)
    with made.connection:
        yield made


def form_of(**described: object) -> CustomFormat:
    return CustomFormat.model_validate(described)


def test_equal_descriptions_give_the_same_format() -> None:
    """Objects of one format are bundled: it must be one object."""
    assert custom(form_of(apache='%h %t "%r"')) is custom(form_of(apache='%h %t "%r"'))


def test_an_expression_matches_from_the_beginning_of_a_line_and_need_not_reach_its_end(reader: Reader) -> None:
    """As that of Matomo's importer: what stands behind is ignored, what stands in front is not."""
    form = custom(form_of(regex=r"(?P<ip>\S+) (?P<time>\S+) (?P<path>\S+)"))
    lines = ["192.0.2.1 2026-05-01T10:05:03Z /a and more", "# 192.0.2.1 2026-05-01T10:05:03Z"]
    assert reader.reasons(lines, form) == [None, "bad time"]


def test_a_bar_in_an_expression_parts_all_of_it(reader: Reader) -> None:
    """`a|b` is anchored as a whole."""
    form = custom(form_of(regex=r"(?P<ip>\S+) (?P<time>\S+) (?P<path>/\S*)|nothing"))
    assert reader.reasons(["192.0.2.1 2026-05-01T10:05:03Z /a", "nothing", "see nothing"], form) == [
        None,
        "malformed",
        "malformed",
    ]


def test_flags_at_the_beginning_hold_for_the_whole_expression(reader: Reader) -> None:
    """`(?i)` is known to both dialects."""
    form = custom(form_of(regex=r"(?i)ip=(?P<ip>\S+) t=(?P<time>\S+) p=(?P<path>\S+)"))
    assert reader.reasons(["IP=192.0.2.1 T=2026-05-01T10:05:03Z P=/a"], form) == [None]


def test_a_log_format_that_writes_json_is_read_as_json(reader: Reader) -> None:
    """Values are where the format has them, nested or not, in quotes or not; what is mixed with text is passed over."""
    layout = """log_format json escape=json '{"when":"$time_iso8601","from":{"ip":"$remote_addr"},"status":$status,'
        '"request":"$request","all":["$http_user_agent","$request_time"],"mixed":"a $host"}';"""
    form = custom(form_of(nginx=layout))
    line = (
        '{"when":"2026-05-01T12:05:03+02:00","from":{"ip":"192.0.2.1"},"status":200,"request":"GET /a\\"b?c HTTP/1.1",'
        '"all":["Agent \\\\ 1","0.250"],"mixed":"a www.example.org"}'
    )
    assert reader.reasons([line], form) == [None]
    assert reader.column("path", [line], form) == ['/a"b']
    assert reader.column("user_agent", [line], form) == ["Agent \\ 1"]
    assert reader.column("time_ms", [line], form) == [250.0]


def test_a_path_and_its_query_that_are_written_apart(reader: Reader) -> None:
    """In nginx's `$uri$is_args$args`, Apache's `%U%q`: the question mark is neither's."""
    nginx = custom(form_of(nginx='$remote_addr [$time_local] "$uri$is_args$args" $status'))
    apache = custom(form_of(apache="%h %t %U%q %>s"))
    quoted = ['192.0.2.1 [01/May/2026:12:05:03 +0200] "/a?b=1" 200', '192.0.2.1 [01/May/2026:12:05:03 +0200] "/a" 200']
    bare = [line.replace('"', "") for line in quoted]
    for form, lines in ((nginx, quoted), (apache, bare)):
        assert reader.column("path", lines, form) == ["/a", "/a"]
        assert reader.column("query", lines, form) == ["b=1", None]


def test_a_directive_that_comes_twice_counts_once(reader: Reader) -> None:
    """The first of them is the field."""
    form = custom(form_of(apache='%h %t "%r" %>s %h %b %b'))
    line = '192.0.2.1 [01/May/2026:12:05:03 +0200] "GET / HTTP/1.1" 200 198.51.100.7 5 6'
    assert reader.column("ip", [line], form) == ["192.0.2.1"]
    assert reader.column("bytes", [line], form) == [5]


def test_an_s_with_an_argument_is_no_status(reader: Reader) -> None:
    """Tomcat writes attributes of the session so; the status is the one without."""
    form = custom(form_of(apache='%h %t %{user}s "%r" %s'))
    line = '192.0.2.1 [01/May/2026:12:05:03 +0200] ada@x "GET / HTTP/1.1" 404'
    assert reader.column("status", [line], form) == [404]


@pytest.mark.parametrize(
    "line",
    [
        '192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET / HTTP/1.1" 200',
        '192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET / HTTP/1.1" 200 5 7 "more"',
        '192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET / HTTP/1.1" 200 5120 x',
        '192.0.2.1 - - [01/May/2026:12:05:03] "GET / HTTP/1.1" 200 5120 7',
        "192.0.2.1",
    ],
)
def test_a_line_that_the_server_would_not_write_so_is_rejected(reader: Reader, line: str) -> None:
    """A LogFormat says the whole line."""
    form = custom(form_of(apache=r"%h %l %u %t \"%r\" %>s %b %D"))
    assert reader.reasons([line], form) == ["malformed"]


def test_a_quote_that_a_visitor_sends_does_not_end_a_value(reader: Reader) -> None:
    r"""Servers write it as `\"` or `\x22`; what looks like further fields is the user agent's."""
    form = custom(form_of(apache=r"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""))
    agent = r"x\" 200 5 \"-\" \"y"
    line = f'192.0.2.1 - - [01/May/2026:12:05:03 +0200] "GET / HTTP/1.1" 404 7 "-" "{agent}"'
    assert reader.column("user_agent", [line], form) == [agent]
    assert reader.column("status", [line], form) == [404]


@pytest.mark.parametrize(
    ("layout", "what"),
    [
        ("", "no ip"),
        ("%h %t", "none of path, request and target"),
        ('%h "%r"', "none of time and date"),
        ("%h %{%H:%M:%S}t %r", "no date"),
        ("%h %{%Q}t %r", "%Q is not a directive of a time's format"),
        ("%h %t %r %", "`%` is not a directive"),
        ('LogFormat "%h', "not whole"),
        ('LogFormat "%h %t %r" a b c', "not whole"),
    ],
)
def test_a_bad_log_format_of_apache_is_told(layout: str, what: str) -> None:
    """What is wrong is named."""
    with pytest.raises(LayoutError, match=what):
        compile_apache(layout)


@pytest.mark.parametrize(
    ("layout", "what"),
    [
        ("$remote_addr $time_local", "none of path, request and target"),
        ("$remote_addr $request", "none of time and date"),
        ("log_format main '$remote_addr", "look for a quote|not whole"),
        ("log_format", "not whole"),
        ('{"ip": $remote_addr', "none of time and date"),
        ('{"ip": "$remote_addr}', "looks like JSON and is not valid"),
        ('{"ip": "$remote_addr"}', "none of time and date"),
    ],
)
def test_a_bad_log_format_of_nginx_is_told(layout: str, what: str) -> None:
    """What is wrong is named."""
    with pytest.raises(LayoutError, match=what):
        compile_nginx(layout)


@pytest.mark.parametrize(
    ("described", "name"),
    [
        ({"apache": r"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-agent}i\""}, "combined"),
        ({"apache": '%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"'}, "combined_vhost"),
        ({"apache": 'LogFormat "%a %l %u %t \\"%r\\" %>s %B" common'}, "common"),
        ({"nginx": '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent'}, "common"),
    ],
)
def test_what_everybody_has_is_read_as_fast_as_the_format_of_that_name(described: dict[str, str], name: str) -> None:
    """The well-known strings are the well-known formats."""
    assert custom(CustomFormat.model_validate(described)).shape is FORMATS[name].shape


@pytest.mark.parametrize(
    "described",
    [
        {"regex": "^(?P<ip>(?:a|a)*) (?P<time>(?:x*)*) (?P<path>(?:y|y)*)$"},
        {"nginx": "$remote_addr $time_iso8601 $request $status $http_a $http_b $http_c $http_d"},
        {"apache": "%h %{sec}t %r %{a}i %{b}i %{c}i %{d}i x"},
        {"haproxy": "%ci %t %r %[a] %[b] %[c] %[d] x"},
    ],
)
def test_no_line_of_a_sample_keeps_an_own_format_busy(described: dict[str, str]) -> None:
    """Looking for what stands in front of lines takes as long as they are; a runaway would not end within the day."""
    sample = ["a" * 20_000, "a " * 10_000, "- " * 10_000, "1.1.1.1 " + "1 " * 10_000]
    assert choose(form_of(**described), sample, "a.log").format.prefix is None


def test_an_own_format_fits_as_much_as_it_reads() -> None:
    """A blank to RE2 is one here too, and a dash is no value."""
    shape = custom(form_of(apache='%h %t "%r" %>s')).shape
    line = '192.0.2.1 [01/May/2026:12:05:03 +0200] "GET / HTTP/1.1" 404'
    assert [shape.fits(text) for text in (line, line.replace("404", "-"), f"x {line}", "")] == [5, 4, 0, 0]


def test_an_object_is_read_in_the_format_that_the_manifest_describes() -> None:
    """Nothing is detected then, and the reason says so."""
    described = form_of(nginx='$msec $remote_addr "$request"')
    choice = choose(described, ["anything"], "a.log")
    assert (choice.format, choice.why) == (custom(described), "described in the manifest")
