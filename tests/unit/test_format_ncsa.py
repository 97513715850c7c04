"""The NCSA formats: what is read from a line, however odd, by the fast path and by the exact path alike."""

from pathlib import Path

import pytest
from format_lines import AGENT, MOMENT, OPEN, TIME, Read, combined, common, one_of, read, read_each_way

from mtc.formats.model import Format
from mtc.formats.registry import FORMATS

COMBINED = FORMATS["combined"]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A file for lines."""
    return tmp_path / "a.log"


def one(log: Path, line: str, form: Format = COMBINED) -> Read:
    """A line's fields; both paths agree on them."""
    (row,) = read_each_way(log, form, [line])
    return row


EVERY_FIELD = Read(
    ip="192.0.2.1", user="ada", ts=MOMENT, method="GET", path="/a/b", query="x=1&y=2", protocol="HTTP/1.1", status=200,
    bytes=512, download=False,
)  # fmt: skip


def test_a_combined_line_gives_every_field(log: Path) -> None:
    """Address, user, time, request, status, size, referrer, user agent."""
    line = combined("GET /a/b?x=1&y=2 HTTP/1.1", user="ada", referrer="https://example.org/r?q=1")
    wanted = Read(**{**EVERY_FIELD.__dict__, "referrer": "https://example.org/r?q=1", "user_agent": AGENT})
    assert one(log, line) == wanted


def test_a_common_line_gives_every_field_that_it_has(log: Path) -> None:
    """There is no referrer and no user agent."""
    assert one(log, common("GET /a/b?x=1&y=2 HTTP/1.1", user="ada"), FORMATS["common"]) == EVERY_FIELD


HOSTS = {
    "shop.example.org": "shop.example.org",
    "Shop.Example.ORG:8443": "shop.example.org",
    "shop.example.org.:443": "shop.example.org",
    "_sip.example.org": "_sip.example.org",
    "[2001:db8::1]:443": "[2001:db8::1]",
    ":80": None,
}


@pytest.mark.parametrize("front", HOSTS)
def test_a_virtual_host_in_front_is_read_without_its_port(front: str) -> None:
    """Lower case, without dots at its ends; a host that is not there is none."""
    wanted = {**EVERY_FIELD.__dict__, "host": HOSTS[front]}
    line = combined("GET /a/b?x=1&y=2 HTTP/1.1", user="ada")
    row = one_of([f"{each} {line}" for each in HOSTS], f"{front} {line}", FORMATS["combined_vhost"])
    assert row == Read(**{**wanted, "user_agent": AGENT})
    line = common("GET /a/b?x=1&y=2 HTTP/1.1", user="ada")
    row = one_of([f"{each} {line}" for each in HOSTS], f"{front} {line}", FORMATS["common_vhost"])
    assert row == Read(**wanted)


@pytest.mark.parametrize("ip", ["2001:db8::ff00:42:8329", "::1", "203.0.113.7"])
def test_an_address_is_kept_as_it_was_logged(log: Path, ip: str) -> None:
    """Written as everyone does."""
    assert one(log, combined(ip=ip)).ip == ip


USERS = ("-", "ada", "ada lovelace", "a b c", "-x", '""', "o'neil@example.org", "жанна", "[x]")


@pytest.mark.parametrize("user", USERS)
def test_a_user_name_may_hold_blanks_and_other_things(user: str) -> None:
    """Apache writes the name that was typed in, blanks and all; a dash is none."""
    row = one_of([combined(user=each) for each in USERS], combined(user=user), COMBINED)
    assert (row.user, row.ip, row.ts, row.path) == (None if user == "-" else user, "192.0.2.1", MOMENT, "/")


def test_dashes_are_fields_that_are_not_there(log: Path) -> None:
    """`-` stands for nothing, in every field that may lack."""
    row = one(log, combined(size="-", referrer="-", agent="-"))
    assert (row.user, row.bytes, row.referrer, row.user_agent) == (None, None, None, None)


def test_empty_quoted_fields_are_fields_that_are_not_there(log: Path) -> None:
    """A client may send an empty referrer."""
    row = one(log, combined(referrer="", agent=""))
    assert (row.reason, row.referrer, row.user_agent) == (None, None, None)


AGENTS = (
    r"Mozilla/5.0 \"quoted\" agent",
    r"\"",
    r"\"\"\"",
    r"ends with a backslash \\",
    r"\\\" both",
    r"a \x22hexadecimal\x22 quote",
    r"tab\tand\nmore",
    "with a real \t tab",
    "snowman ☃ and 😀",
    "nul \x00 inside",
    "\x03none\x03",
    "[brackets] (and) {braces}",
    " blanks around ",
)


@pytest.mark.parametrize("agent", AGENTS)
def test_a_user_agent_is_kept_as_it_was_logged(agent: str) -> None:
    r"""Apache's `\"` does not end it, and nothing is unescaped."""
    row = one_of([combined(agent=each) for each in AGENTS], combined(agent=agent), COMBINED)
    assert (row.reason, row.user_agent, row.path) == (None, agent, "/")


@pytest.mark.parametrize("field", ["request", "referrer"])
def test_an_escaped_quote_ends_no_field(log: Path, field: str) -> None:
    """Neither in the request nor in the referrer."""
    nasty = r"/a\"b\" 200 1 \"-\""
    if field == "request":
        row = one(log, combined(f"GET {nasty} HTTP/1.1"))
        assert (row.path, row.status, row.bytes, row.user_agent) == (nasty, 200, 512, AGENT)
    else:
        row = one(log, combined(referrer=nasty))
        assert (row.referrer, row.status, row.user_agent) == (nasty, 200, AGENT)


def test_an_unescaped_quote_inside_a_field_makes_the_line_unreadable(log: Path) -> None:
    """Where the field ends can then only be guessed; the line is kept as rejected, whole."""
    line = combined(agent='a "b" c')
    assert one(log, line) == Read("malformed", rejected=True, text=line)


REQUESTS = (
    ("GET / HTTP/1.1", "GET", "/", None, "HTTP/1.1"),
    ("GET /x HTTP/2.0", "GET", "/x", None, "HTTP/2.0"),
    ("GET /x HTTP/3", "GET", "/x", None, "HTTP/3"),
    ("GET /x", "GET", "/x", None, None),
    ("GET /x?", "GET", "/x", "", None),
    ("GET /x?a=1?b=2 HTTP/1.1", "GET", "/x", "a=1?b=2", "HTTP/1.1"),
    ("GET /with a blank HTTP/1.1", "GET", "/with a blank", None, "HTTP/1.1"),
    ("GET   /x   HTTP/1.1", "GET", "/x", None, "HTTP/1.1"),
    ("GET /x HTTP/1.1 ", "GET", "/x", None, "HTTP/1.1"),
    ("GET http://example.org/x?y HTTP/1.1", "GET", "/x", "y", "HTTP/1.1"),
    ("M-SEARCH /x HTTP/1.1", "M-SEARCH", "/x", None, "HTTP/1.1"),
    ("GET /HTTP/1.1 HTTP/1.1", "GET", "/HTTP/1.1", None, "HTTP/1.1"),
    ("GET /x HTTP/<b>", "GET", "/x HTTP/<b>", None, None),
    ("POST /é%20☃ HTTP/1.1", "POST", "/é%20☃", None, "HTTP/1.1"),
)


@pytest.mark.parametrize(("request_line", "method", "path", "query", "protocol"), REQUESTS)
def test_a_request_is_taken_apart(
    request_line: str, method: str, path: str, query: str | None, protocol: str | None
) -> None:
    """Method, path, query, protocol; HTTP/0.9 has no protocol, and a proxy's request names a whole URL."""
    row = one_of([combined(each) for each, *_ in REQUESTS], combined(request_line), COMBINED)
    assert (row.reason, row.method, row.path, row.query, row.protocol) == (None, method, path, query, protocol)


@pytest.mark.parametrize(
    ("request_line", "status"), [("-", "408"), (r"\x16\x03\x01\x02", "400"), ("", "400"), ("\x16\x03\x01", "400")]
)
def test_what_is_no_request_is_an_error_or_else_rejected(log: Path, request_line: str, status: str) -> None:
    """A time-out or a TLS hello on a plain port is answered with an error, and left out as such.

    Where errors count there is no page to count; the line is then one that cannot be read.
    """
    line = combined(request_line, status=status)
    assert one(log, line).reason == "no request"
    (row,) = read_each_way(log, COMBINED, [line], OPEN.model_copy(update={"errors": False}))
    assert (row.reason, row.rejected) == ("error", False)


NO_REQUESTS = ("GET", "GET ", "get / HTTP/1.1", " / HTTP/1.1", "/ HTTP/1.1", "G3T / HTTP/1.1")


@pytest.mark.parametrize("request_line", NO_REQUESTS)
def test_a_request_without_method_or_path_is_rejected(request_line: str) -> None:
    """Even when the answer was no error."""
    line = combined(request_line)
    assert one_of([combined(each) for each in NO_REQUESTS], line, COMBINED) == Read(
        "no request", rejected=True, text=line
    )


TIMES = (
    ("01/May/2026:10:05:03 +0530", "2026-05-01 04:35:03"),
    ("01/May/2026:00:05:03 +0530", "2026-04-30 18:35:03"),
    ("31/Dec/2025:23:59:59 -0800", "2026-01-01 07:59:59"),
    ("29/Mar/2026:01:59:59 +0100", "2026-03-29 00:59:59"),
    ("29/Mar/2026:03:00:00 +0200", "2026-03-29 01:00:00"),
    ("29/Feb/2024:12:00:00 +0000", "2024-02-29 12:00:00"),
    ("25/Oct/2026:02:30:00 +0200", "2026-10-25 00:30:00"),
    ("25/Oct/2026:02:30:00 +0100", "2026-10-25 01:30:00"),
)


@pytest.mark.parametrize(("time", "utc"), TIMES)
def test_a_time_is_read_with_its_offset(time: str, utc: str) -> None:
    """Half hours, days that change, and both sides of a clock change."""
    row = one_of([combined(time=each) for each, _ in TIMES], combined(time=time), COMBINED)
    assert str(row.ts) == utc


NO_TIMES = (
    "31/Feb/2026:10:05:03 +0000", "29/Feb/2026:10:05:03 +0000", "32/May/2026:10:05:03 +0000",
    "01/Foo/2026:10:05:03 +0000", "01/May/2026:25:05:03 +0000", "01/May/2026:10:61:03 +0000",
    "01/05/2026:10:05:03", "2026-05-32T10:05:03Z", "x", "01/May/1970:00:00:00 +0000", "01/May/9999:00:00:00 +0000",
    "01/May/99999999999:00:00:00 +0000", " ",
)  # fmt: skip


@pytest.mark.parametrize("time", NO_TIMES)
def test_a_time_that_cannot_be_is_rejected(time: str) -> None:
    """No day is guessed for such a line; it is kept, with its reason."""
    line = combined(time=time)
    assert one_of([combined(time=each) for each in NO_TIMES], line, COMBINED) == Read(
        "bad time", rejected=True, text=line
    )


SIZES = {
    "0": 0, "9223372036854775807": 2**63 - 1, "9223372036854775808": None, "9" * 60: None, "-5": None, "x": None
}  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def test_a_size_that_is_no_number_or_too_large_is_none(size: str) -> None:
    """The line still counts; nothing overflows."""
    row = one_of([combined(size=each) for each in SIZES], combined(size=size), COMBINED)
    assert (row.reason, row.bytes) == (None, SIZES[size])


NO_STATUSES = ("-", "20", "2000", "abc", "")


@pytest.mark.parametrize("status", NO_STATUSES)
def test_a_line_without_a_status_of_three_digits_is_malformed(status: str) -> None:
    """There is nothing to tell hits from errors by."""
    row = one_of([combined(status=each) for each in NO_STATUSES], combined(status=status), COMBINED)
    assert row.reason == "malformed"


def test_several_blanks_between_fields_are_as_one(log: Path) -> None:
    """People align their logs."""
    line = f'192.0.2.1  -   ada  [{TIME}]   "GET /x HTTP/1.1"  200   512   "-"    "{AGENT}"'
    row = one(log, line)
    assert (row.ip, row.user, row.path, row.bytes, row.user_agent) == ("192.0.2.1", "ada", "/x", 512, AGENT)


COLUMNS = (' "-"', " 0.004 0.004 . -", ' "gzip" 12 "203.0.113.9, 10.0.0.1"', " ", " [x] ")


@pytest.mark.parametrize("more", COLUMNS)
def test_further_columns_are_ignored(more: str) -> None:
    """As for Matomo's importer: times, upstreams, forwarded addresses."""
    row = one_of([combined() + each for each in COLUMNS], combined() + more, COMBINED)
    assert (row.reason, row.user_agent) == (None, AGENT)


def test_further_columns_of_a_common_line_are_ignored_unless_they_are_quoted(log: Path) -> None:
    """A combined line that is broken off does not pass for a common one, or its robot would be a visitor."""
    form = FORMATS["common"]
    assert one(log, common() + " 0.004 -", form).reason is None
    assert one(log, combined()[:-1], form).reason == "malformed"
    assert one(log, combined(), form).reason == "malformed"


BROKEN = (
    "", " ", "#", "\t", "-", '"', '""""""""', "\x00" * 40, combined()[:-1], combined()[:40], f"x{combined()}x",
    combined().replace("[", ""), combined().replace("]", ""), combined().replace('"', "'"), f" {combined()}",
    combined("GET /x HTTP/1.1\\"), combined(referrer="x\\"), combined(agent="x\\"),
    '{"ip": "192.0.2.1"}', "☃" * 200, "\x03none\x03", ' "\x03none\x03', "192.0.2.1 - - [",
)  # fmt: skip


@pytest.mark.parametrize("line", BROKEN)
def test_a_line_that_does_not_fit_is_counted_and_never_a_hit(line: str) -> None:
    """Blank lines are set aside; all else is rejected and keeps its text."""
    wanted = Read("malformed", rejected=True, text=line) if line.strip(" ") else Read("blank")
    assert one_of(BROKEN, line, COMBINED) == wanted


def test_a_rejected_line_keeps_no_more_than_a_screenful(log: Path) -> None:
    """The beginning tells enough of it."""
    (row,) = read(log, COMBINED, b"x" * 100_000 + b"\n")
    assert (row.reason, row.text) == ("malformed", "x" * 2000)


def test_each_line_is_read_by_itself(log: Path) -> None:
    """A quote that is left open does not swallow the lines after it."""
    lines = [combined("GET /1 HTTP/1.1"), '192.0.2.1 - - [x] "GET /', '"', combined("GET /2 HTTP/1.1"), combined()[:-1]]
    rows = read_each_way(log, COMBINED, [*lines, combined("GET /3 HTTP/1.1")])
    assert [row.path or row.reason for row in rows] == ["/1", "malformed", "malformed", "/2", "malformed", "/3"]
