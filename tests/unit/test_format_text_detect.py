"""Text formats that look alike: which one a log is taken for, and what is left to the manifest."""

from pathlib import Path

import pytest
from format_samples import SampleFile, ncsa, streaming
from reads import Reader

from mtc.core.errors import PermanentError
from mtc.formats.detection import detect
from mtc.formats.registry import FORMATS

COMBINED = '192.0.2.1 - - [01/May/2026:10:05:03 +0000] "GET /a HTTP/1.1" 200 512 "-" "Reader 1.0"'


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader.make(tmp_path)


def found(*lines: str) -> str:
    return detect(lines, where="sample.log").format.name


@pytest.mark.parametrize(
    ("behind", "name"),
    [
        ("", "combined"),
        (' "-"', "combined"),
        (' "203.0.113.9, 198.51.100.1"', "combined"),
        (" 4", "combined"),
        (" 5123", "combined"),
        (" 3.10", "combined"),
        (" TLSv1.3 TLS_AES_256_GCM_SHA384", "combined"),
        (" 198.51.100.10:8080", "combined"),
        (" FR", "combined"),
        (" 0.005", "combined_nginx_time"),
        (' "0.005" "0.004"', "combined_nginx_time"),
        (" 0.120, 0.118 .", "combined_nginx_time"),
        (" www.example.org", "combined_vhost_last"),
        (' "www.example.org:8443"', "combined_vhost_last"),
        (" [2001:db8::80]", "combined_vhost_last"),
    ],
)
def test_what_stands_behind_a_combined_line_is_taken_only_for_what_it_surely_is(behind: str, name: str) -> None:
    """A forwarded address, a whole number, a ratio or a cipher is neither a host nor a time."""
    assert found(COMBINED + behind, COMBINED + behind) == name


def test_a_format_with_more_behind_loses_no_line_without_it(reader: Reader) -> None:
    """Whichever of them is chosen, every combined line is read, with whatever stands behind it."""
    lines = [COMBINED + behind for behind in ("", " -", ' "-"', " 7", " 0.5", " host", ' "203.0.113.9, x"', " a b c")]
    for name in ("combined", "combined_vhost_last", "combined_nginx_time", "combined_apache_time", "icecast"):
        assert reader.reasons(lines, FORMATS[name]) == [None] * len(lines)


@pytest.mark.parametrize("sample", [streaming.ICECAST, ncsa.COMBINED_APACHE_TIME], ids=lambda sample: sample.format)
def test_what_no_line_tells_is_left_to_the_manifest(sample: SampleFile) -> None:
    """Icecast's seconds and Apache's microseconds read as combined, less what only a name could tell."""
    assert found(*sample.text.splitlines()) == "combined"


def test_a_host_by_name_may_be_any_word(reader: Reader) -> None:
    """Where the format is named, a host without a dot and an address are hosts as well."""
    lines = [COMBINED + " intranet", COMBINED + " 192.0.2.80:80", COMBINED + " -"]
    assert reader.column("host", lines, FORMATS["combined_vhost_last"]) == ["intranet", "192.0.2.80", None]


def test_of_a_list_of_forwarded_addresses_the_first_counts(reader: Reader) -> None:
    """Servers log X-Forwarded-For in place of the address, with or without blanks."""
    rest = COMBINED.removeprefix("192.0.2.1")
    lines = ["192.0.2.1, 198.51.100.1, 10.0.0.1" + rest, "2001:db8::7,10.0.0.1" + rest]
    assert found(*lines) == "combined"
    assert reader.column("ip", lines, FORMATS["combined"]) == ["192.0.2.1", "2001:db8::7"]


def test_istio_writes_three_fields_more_than_envoy(reader: Reader) -> None:
    """Istio's default format has the details of the answer behind the flags."""
    line = (
        '[2026-05-01T10:05:03.310Z] "GET /a HTTP/1.1" 200 - via_upstream - "-" 0 5120 12 10 "192.0.2.1" "Reader 1.0"'
        ' "id-1" "www.example.org" "198.51.100.10:80" outbound|80||web 10.0.0.1:1 10.0.0.2:2 10.0.0.3:3 - default'
    )
    assert found(line) == "envoy"
    assert reader.column("time_ms", [line], FORMATS["envoy"]) == [12.0]
    assert reader.column("host", [line], FORMATS["envoy"]) == ["www.example.org"]


def test_haproxy_https_log_has_more_behind_the_request(reader: Reader) -> None:
    """`option httpslog` adds the states of TLS to the HTTP log."""
    line = (
        "192.0.2.1:40001 [01/May/2026:10:05:03.143] www~ app/node1 2/0/1/20/25 200 5120 - - ---- 2/1/0/0/0 0/0"
        ' "GET https://www.example.org/a HTTP/2.0" 0/0000000000000000/0/0/0 www.example.org/TLSv1.3/TLS_AES_128'
    )
    assert found(line) == "haproxy"
    assert reader.column("host", [line], FORMATS["haproxy"]) == ["www.example.org"]


@pytest.mark.parametrize(
    "line",
    [
        "this is no log",
        "192.0.2.1 - - [01/May/2026:10:05:03 +0000]",
        'a "b" c "d" e "f" g',
        '"""""""""""""""""""""""""""""""""""""""""""""""""""""""""""',
        "- - - - - - - - - - - - - - - -",
        "id,ip,time",
    ],
)
def test_junk_is_refused(line: str) -> None:
    """No format of all that are registered takes what is no access log."""
    with pytest.raises(PermanentError, match="no known format"):
        found(line, line)
