"""The format languages of HAProxy, Tomcat, Envoy and Squid: their meaning, and the errors for mistakes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from reads import Reader

from mtc.formats.custom_formats import CustomFormat
from mtc.formats.described_formats import custom
from mtc.formats.layouts.envoy import compile_envoy
from mtc.formats.layouts.haproxy import compile_haproxy, fetched_value
from mtc.formats.layouts.layout import JsonLayout, LayoutError, TextLayout, expression_of
from mtc.formats.layouts.squid import compile_squid
from mtc.formats.layouts.tomcat import compile_tomcat, strptime_format
from mtc.formats.registry import FORMATS

_WITH_ID = (
    "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r %ID"
)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader.make(tmp_path)
    with made.connection:
        yield made


@pytest.mark.parametrize(
    ("layout", "what", "hint"),
    [
        ("%ci %tR %r", "`%tR` at character 5 is not a variable of a log-format", "did you mean %tr?"),
        ("%ci %t %", "`%` at character 8 is not an item of a log-format", "write `%%` for a percent sign"),
        ("%ci %[src", "`%[src` at character 5 is not an item of a log-format", "write `%%` for a percent sign"),
        ("%ci [%tr] %ST", "the log-format has none of path, request and target", "add what writes the path"),
        ("%ci %{+X}Ts %r", "the log-format has none of time and date", "add what writes the time"),
        ("%{+json}o %ci %tr %r", "the log-format has no ip", "add what writes the ip"),
        ('{"ip": "%ci",}', "the log-format looks like JSON and is not valid", "check its commas, quotes and braces"),
        ('%ci %[date,ltime("%Q")] %r', "%Q is not a directive of a time's format", "use %Y %m %b %d"),
    ],
)
def test_a_wrong_log_format_of_haproxy_is_reported(layout: str, what: str, hint: str) -> None:
    """The error has the place and a suggestion."""
    with pytest.raises(LayoutError) as mistake:
        compile_haproxy(layout)
    assert str(mistake.value) == what
    assert mistake.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("layout", "what", "hint"),
    [
        ("%h %t %d %r", "`%d` at character 7 is not a code of a pattern", "did you mean %D?"),
        ("%h %t %y %r", "`%y` at character 7 is not a code of a pattern", "write `%%` for a percent sign"),
        ("%h %t 5%", "`%` at character 8 is not a code of a pattern", "write `%%` for a percent sign"),
        ('%h %l "%r"', "the pattern has none of time and date", "add what writes the time"),
        ("%h %{yyyy QQ}t %r", "`QQ` in the time's format is not supported", "use yyyy MM"),
        ("%h %{yyyy 'of}t %r", "the quote at character 6 of the time does not end", "close it with `'`"),
        ('<Valve className="x"/>', "there is no pattern in the Valve", "one looks like <Valve"),
    ],
)
def test_a_wrong_pattern_of_tomcat_is_reported(layout: str, what: str, hint: str) -> None:
    """The error has the place and a suggestion."""
    with pytest.raises(LayoutError) as mistake:
        compile_tomcat(layout)
    assert str(mistake.value) == what
    assert mistake.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("compile_", "layout", "what", "hint"),
    [
        (compile_envoy, "%START_TIME% %REQ(:PATH)", "`%REQ(:PATH)` at character 14 is not a command", "one looks like"),
        (compile_envoy, "%START_TIME% %REQ(:PATH)%", "the format has no ip", "add what writes the ip"),
        (compile_envoy, "%START_TIME(%Q)% %REQ(:PATH)%", "%Q is not a directive of a time's format", "use %Y"),
        (compile_squid, "%>a %ru %ts %", "`%` at character 13 is not a code of a logformat", "write `%%`"),
        (compile_squid, "%>a %ru", "the logformat has none of time and date", "add what writes the time"),
    ],
)
def test_a_wrong_string_of_envoy_or_squid_is_reported(
    compile_: Callable[[str], object], layout: str, what: str, hint: str
) -> None:
    """The error has the place and a suggestion."""
    with pytest.raises(LayoutError) as mistake:
        compile_(layout)
    assert str(mistake.value).startswith(what)
    assert mistake.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("described", "name"),
    [
        ({"tomcat": "common"}, "common"),
        ({"tomcat": "combined"}, "combined"),
        ({"haproxy": "httplog"}, "haproxy"),
        ({"haproxy": "httpslog"}, "haproxy"),
    ],
)
def test_a_default_format_string_is_read_like_the_built_in_format(described: dict[str, str], name: str) -> None:
    """Reading it is as fast as with the name of the format."""
    assert custom(CustomFormat.model_validate(described)).shape is FORMATS[name].shape


@pytest.mark.parametrize(
    ("expression", "field"),
    [
        ("src", "ip"),
        ("src,ipmask(24)", "ip"),
        ("src,sha1,hex", ""),
        ("req.hdr(User-Agent)", "user_agent"),
        ("req.fhdr(referer),json(utf8s)", "referrer"),
        ("hdr(Host)", "host"),
        ("hdr(X-Other)", ""),
        ("var(txn.host)", "host"),
        ("var(txn.http_user_agent)", "user_agent"),
        ("var(sess.requests)", ""),
        ("capture.req.hdr(12)", "captured12"),
        ("capture.res.hdr(0)", ""),
        ("pathq", "target"),
        ("path,lower", "path"),
        ("bytes_out", "bytes"),
        ("", ""),
    ],
)
def test_a_sample_expression_is_the_field_that_it_fetches(expression: str, field: str) -> None:
    """Converted values that cannot be recognised and unknown expressions are ignored."""
    assert fetched_value(expression).field == field


@pytest.mark.parametrize(
    ("expression", "clock"),
    [
        ("date", "epoch:1"),
        ("date(-60)", "epoch:1"),
        ("date(0,ms)", "epoch:1000"),
        ("request_date(us)", "epoch:1000000"),
        ("accept_date,utime(%Y-%m-%d %T)", "%Y-%m-%d %H:%M:%S"),
        ('date,ltime("%d.%m.%Y %H:%M",3600)', "%d.%m.%Y %H:%M"),
        ("date(0,weeks)", ""),
    ],
)
def test_a_date_is_a_number_or_the_text_of_its_converter(expression: str, clock: str) -> None:
    """A number is in the requested unit."""
    assert fetched_value(expression).clock == clock


def test_a_format_that_only_starts_with_a_brace_is_not_json() -> None:
    """Captured headers are in braces too."""
    assert isinstance(compile_haproxy("{%ci} %tr %r"), TextLayout)
    assert isinstance(compile_haproxy('{"ip":"%ci","t":%Ts,"r":%{+Q}r}'), JsonLayout)


@pytest.mark.parametrize(
    ("java", "strptime"),
    [
        ("dd/MMM/yyyy:HH:mm:ss Z", "%d/%b/%Y:%H:%M:%S %z"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "%Y-%m-%dT%H:%M:%S.%g%z"),
        ("EEE, d MMMM yy h:mm a", "%a, %d %B %y %I:%M %p"),
        ("'100%' yyyy''D", "100%% %Y'%j"),
    ],
)
def test_a_java_time_pattern_is_converted_to_strptime(java: str, strptime: str) -> None:
    """Quoted letters are kept."""
    assert strptime_format(java) == strptime


@pytest.mark.parametrize(
    ("described", "line"),
    [
        ({"envoy": '[%START_TIME%] "%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%" %DOWNSTREAM_REMOTE_ADDRESS%'},
         '[2026-05-01T10:05:03Z] "- - -" 192.0.2.1:4000'),
        ({"haproxy": "%ci [%tr] %{+Q}r"}, '192.0.2.1 [01/May/2026:10:05:03.000] "<BADREQ>"'),
        ({"haproxy": "%ci [%tr] %r %ST"}, "192.0.2.1 [01/May/2026:10:05:03.000] <BADREQ> 400"),
        ({"haproxy": "%ci [%tr] %HM %HU"}, "192.0.2.1 [01/May/2026:10:05:03.000] <BADREQ> -"),
    ],
)  # fmt: skip
def test_a_connection_without_a_request_is_an_other_line(reader: Reader, described: dict[str, str], line: str) -> None:
    """It belongs to the log, but is neither a hit nor an unreadable line."""
    assert reader.reasons([line], custom(CustomFormat.model_validate(described))) == ["other"]


@pytest.mark.parametrize("described", [None, {"haproxy": "httplog"}, {"haproxy": _WITH_ID}])
def test_addresses_in_captured_headers_are_not_a_user_agent(reader: Reader, described: dict[str, str] | None) -> None:
    """They are those of X-Forwarded-For."""
    form = custom(CustomFormat.model_validate(described)) if described else FORMATS["haproxy"]
    captured = ("192.0.2.7", "192.0.2.7, 198.51.100.2|curl/8.0", "2001:db8::7|curl/8.0|", "1.2.3", "curl/8.0")
    start = "198.51.100.9:40001 [01/May/2026:10:05:03.310] www bck/srv1 1/0/3/6/9 200 5 - - ---- 1/1/1/1/0 0/0"
    lines = [
        f'{start} {{{each}}} "GET / HTTP/1.1"{" id" if described == {"haproxy": _WITH_ID} else ""}' for each in captured
    ]
    assert reader.column("user_agent", lines, form) == [None, "curl/8.0", "curl/8.0", "1.2.3", "curl/8.0"]
    assert reader.column("host", lines, form) == [None] * len(captured)


def test_a_time_with_spaces_matches_only_its_own_text() -> None:
    """Its expression follows its format instead of ending at the next space."""
    assert expression_of("%d.%b %Y") == r"\d{1,2}\.[^\s\d/]+\ \d{4}"
    layout = compile_tomcat("%{yyyy-MM-dd HH:mm}t %h %r")
    assert r"(?P<time>\d{4}\-\d{1,2}\-\d{1,2} \d{1,2}:\d{1,2})" in layout.pattern
