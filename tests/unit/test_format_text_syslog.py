"""What syslog puts in front of lines: taken off whatever the format, and never taken for a part of a line."""

from dataclasses import dataclass, field

import pytest
from reads import Line, Reader

from mtc.core.errors import PermanentError
from mtc.formats.detection import detect, named_format
from mtc.formats.model import Format

COMBINED = '192.0.2.1 - - [01/May/2026:10:05:03 +0000] "GET /a HTTP/1.1" 200 512 "-" "Reader 1.0"'
COMMON = '192.0.2.1 - ada [01/May/2026:10:05:03 +0000] "GET /a HTTP/1.1" 200 512'
JSON = (
    '{"ts":1777629903.5,"level":"info","msg":"handled request","request":{"client_ip":"192.0.2.1","method":"GET",'
    '"host":"www.example.org","uri":"/a","proto":"HTTP/1.1","headers":{}},"duration":0.1,"size":5,"status":200}'
)
ELB = (
    "2026-05-01T10:05:03.654321Z my-lb 192.0.2.1:40001 198.51.100.10:80 0.1 0.2 0.3 200 200 0 5120"
    ' "GET https://www.example.org:443/a HTTP/1.1" "Reader 1.0" - -'
)

PREFIXES = {
    "RFC 3164, as nginx sends it": "<190>May  1 10:05:03 web1 nginx: ",
    "without a host (nohostname)": "<190>May  1 10:05:03 nginx: ",
    "as written to a file": "May  1 10:05:03 web1 nginx[812]: ",
    "two-digit day": "May 21 10:05:03 web1.example.org docker/web[1]: ",
    "with a year": "May  1 2026 10:05:03 web1 nginx: ",
    "without a tag": "<190>May  1 10:05:03 web1 ",
    "without a tag or a priority": "May  1 10:05:03 web1 ",
    "a time alone": "May  1 10:05:03 ",
    "a priority alone": "<190>",
    "rsyslog's file format": "2026-05-01T12:05:05.123456+02:00 web1 nginx[9]: ",
    "ISO in UTC, without a tag": "2026-05-01T10:05:05Z web1 ",
    "RFC 5424": "<190>1 2026-05-01T10:05:06Z web1.example.org nginx 812 - - ",
    "RFC 5424 without a host": "<190>1 2026-05-01T10:05:06.123Z - nginx - - - ",
    "RFC 5424 with a byte order mark": "<190>1 2026-05-01T10:05:06Z web1 nginx 812 ID47 - \ufeff",
    "RFC 5424 with data": r'<190>1 2026-05-01T10:05:06Z web1 nginx 8 - [a@1 k="v\] x" l="2"][b m="3"] ',
    "journalctl -o short": "May 01 10:05:03 web1 nginx[812]: ",
    "journalctl -o short-precise": "May 01 10:05:03.123456 web1 nginx[812]: ",
    "journalctl -o short-iso": "2026-05-01T10:05:03+0200 web1 nginx[812]: ",
    "journalctl -o short-full": "Fri 2026-05-01 10:05:03 UTC web1 nginx[812]: ",
    "journalctl -o short-unix": "1777629903.123456 web1 nginx[812]: ",
}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader.make(tmp_path_factory.mktemp("syslog"))


def found(lines: list[str]) -> Format:
    return detect(lines, where="sample.log").format


@dataclass(frozen=True, slots=True)
class Together:
    """Reads a line behind every prefix: all that have one format in one file, as most of the time goes into the SQL."""

    reader: Reader
    known: dict[tuple[str, bool], dict[str, Line]] = field(default_factory=dict)

    def read(self, prefix: str, line: str, *, exact: bool) -> Line:
        """The row of the line behind this prefix."""
        if (line, exact) not in self.known:
            formats = {each: found([each + line]) for each in ["", *PREFIXES.values()]}
            self.known[line, exact] = {
                each: row
                for form in set(formats.values())
                if (mine := [each for each in formats if formats[each] is form])
                for each, row in zip(
                    mine, self.reader.read([each + line for each in mine], form, exact=exact), strict=True
                )
            }
        return self.known[line, exact][prefix]


@pytest.fixture(scope="module")
def together(reader: Reader) -> Together:
    return Together(reader)


@pytest.mark.parametrize("line", [COMBINED, COMMON, JSON], ids=["combined", "common", "caddy"])
@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES.keys())
def test_a_line_means_the_same_with_a_prefix_in_front(prefix: str, line: str, together: Together) -> None:
    """Any kind of prefix, before any format, changes neither the format found nor a field read."""
    assert found([prefix + line]).name == found([line]).name
    plain = together.read("", line, exact=False)
    assert together.read(prefix, line, exact=False) == plain
    assert together.read(prefix, line, exact=True) == plain


def test_a_format_that_is_named_may_stand_behind_a_prefix(reader: Reader) -> None:
    """`format: combined` reads the same lines from syslog as from the server."""
    line = PREFIXES["as written to a file"] + COMBINED
    form = named_format("combined", [line], where="sample.log")
    assert reader.column("ip", [line], form) == ["192.0.2.1"]


def test_lines_with_and_without_a_prefix_lie_in_one_file(reader: Reader) -> None:
    """A log that was moved to syslog one day is read on both sides of that day."""
    lines = [COMBINED, "<190>May  1 10:05:03 web1 nginx: " + COMBINED, COMBINED]
    assert reader.reasons(lines, found(lines)) == [None, None, None]


@pytest.fixture(scope="module", params=["combined", "common", "combined_vhost", "common_vhost", "ovh"])
def unexpected(request: pytest.FixtureRequest, reader: Reader) -> dict[str, list[Line]]:
    """The rows of two lines behind each prefix, read in a format by name."""
    form = named_format(request.param, [], where="sample.log")
    pairs = [(prefix, prefix + line) for prefix in PREFIXES.values() for line in (COMBINED, COMMON)]
    rows: dict[str, list[Line]] = {}
    for (prefix, _), row in zip(pairs, reader.read([line for _, line in pairs], form), strict=True):
        rows.setdefault(prefix, []).append(row)
    return rows


@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES.keys())
def test_a_prefix_that_was_not_expected_is_no_part_of_a_hit(prefix: str, unexpected: dict[str, list[Line]]) -> None:
    """Where the sample had none, a line with a prefix is rejected; `<190>May` is nobody's address."""
    assert [rejected for _, rejected, *_ in unexpected[prefix]] == [True, True]


def test_lines_of_other_programs_are_no_requests(reader: Reader) -> None:
    """Syslog mixes programs: a line of one that writes no requests is filtered, and does not count in detection."""
    lines = ["May  1 10:05:03 web1 nginx: " + COMBINED, *[f"May  1 10:05:03 web1 cron[{n}]: job" for n in range(9)]]
    assert reader.reasons(lines, found(lines)) == [None, *["other"] * 9]


def test_a_broken_line_of_the_server_is_rejected_with_all_its_text(reader: Reader) -> None:
    """What the server itself wrote and nobody can read is kept as it was logged."""
    whole = "May  1 10:05:03 web1 nginx: " + COMBINED
    broken = whole[:90]
    ((reason, rejected, text, *_),) = reader.read([broken], found([whole]))
    assert (reason, rejected, text) == ("malformed", True, broken)


def test_a_format_that_begins_with_a_time_has_no_prefix() -> None:
    """The time of a load balancer's line is not taken for syslog's."""
    form = found([ELB, ELB])
    assert form.name == "elb"
    assert form.prefix is None


def test_one_format_behind_one_kind_of_prefix_is_one_object() -> None:
    """Objects in the same format go into one bundle: the format found is the same object again and again."""
    line = PREFIXES["as written to a file"] + COMBINED
    assert found([line]) is found([line.replace("812", "813")])
    assert found([line]) is named_format("combined", [line], where="sample.log")


def test_syslog_without_requests_is_refused() -> None:
    """A prefix alone makes no format."""
    with pytest.raises(PermanentError, match="no known format"):
        found([f"May  1 10:05:03 web1 cron[{number}]: job" for number in range(9)])
