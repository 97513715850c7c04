"""The fast path and the exact path: whatever the lines hold, both give the same fields, or the same reason."""

from pathlib import Path

import pytest
from format_lines import AGENT, TIME, read
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mtc.formats.line_cleaning import clean
from mtc.formats.model import Format
from mtc.formats.registry import FORMATS

NCSA = ("combined", "common", "combined_vhost", "common_vhost")

MANY_QUOTES = 22  # more of them on a line send the whole file down the exact path
NASTY = st.sampled_from(
    ["", " ", "-", '"', '\\"', "\\", "\\\\", "[", "]", "\t", "  ", "\x00", "\x03none\x03", "é☃", "?", "/", ".", ":",
     "'", " HTTP/1.1", "HTTP/1.1", '" 200 1 "', "$(x)", "\u2028", "\xa0", "\x0b", "\x85", "::1", "\ufeff", "1e5", "0x1"]
)  # fmt: skip
TEXT = st.lists(NASTY | st.text("ab/?=", max_size=4), max_size=4).map("".join)


def _mostly(usual: str, *others: str) -> st.SearchStrategy[str]:
    return st.sampled_from([usual] * 8 + list(others)) | TEXT


GAP = st.sampled_from([" "] * 20 + ["  ", "\t", "", "\xa0"])
TIMES = _mostly(TIME, "31/Feb/2026:10:05:03 +0000", "1/May/2026:1:5:3 +0530", "01/may/2026:10:05:03 -0000")
REQUESTS = _mostly("GET /a?b HTTP/1.1", "-", "GET /", "POST /a b HTTP/2", "GET  / HTTP/1.1 ", r"\x16\x03", 'GET /\\"')
FIELDS = st.tuples(
    GAP,
    _mostly("192.0.2.1", "::1", "host.example.org:80 192.0.2.1", "h 192.0.2.1", " ::1", ":80 ::1"),
    GAP,
    _mostly("-"),
    GAP,
    _mostly("-", "ada", "ada lovelace", "- -", "-x y", '""', "[x", "a [b] c"),
    GAP,
    TIMES.map("[{}]".format),
    GAP,
    REQUESTS.map('"{}"'.format),
    GAP,
    _mostly("200", "404", "000", "20", "2000", "-"),
    GAP,
    _mostly("512", "-", "-5", "9" * 30, "1.5", '"x"'),
)
QUOTED = st.tuples(
    GAP, _mostly("-", "https://example.org/").map('"{}"'.format), GAP, _mostly(AGENT, r"\"x\"").map('"{}"'.format)
)
END = st.sampled_from([""] * 10 + [" ", ' "-"', " 0.1 x", "x", "\t1", '"', " \xa0"])
LINE = st.builds(
    lambda *pieces: "".join(pieces).replace("\n", "").lstrip(" ") or "-",
    FIELDS.map("".join),
    st.just("") | QUOTED.map("".join) | QUOTED.map("".join) | QUOTED.map("".join),
    END,
).filter(lambda line: line.count('"') <= MANY_QUOTES)
LINES = st.lists(LINE | LINE.map(" ".__add__) | TEXT, min_size=1, max_size=60)


def _data(lines: list[str]) -> bytes:
    """A file of these lines, as it is read; what marks its bytes as UTF-8 at its start is no part of a line."""
    return clean("".join(f"{line}\n" for line in lines).lstrip("\ufeff").encode())


def _same(folder: Path, form: Format, lines: list[str]) -> None:
    data = _data(lines)
    fast = read(folder / "a.log", form, data)
    exact = read(folder / "a.log", form, data, exact=True)
    assert len(fast) == len(lines)
    for line, left, right in zip(lines, fast, exact, strict=True):
        assert left == right, line


def _settled(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("name", NCSA)
@given(lines=LINES)
@_settled(10)
@example(lines=['192.0.2.1 - - [x] "GET / HTTP/1.1" 200 1\t'])
@example(lines=['192.0.2.1 - - [x] "GET / HTTP/1.1" 200 1 "a" "b\\\\"'])
def test_both_paths_agree(tmp_path: Path, name: str, lines: list[str]) -> None:
    """The fast path may leave a line to the exact one, but may never read it otherwise."""
    _same(tmp_path, FORMATS[name], lines)


@pytest.mark.slow
@pytest.mark.parametrize("name", NCSA)
@given(lines=LINES)
@_settled(300)
def test_both_paths_agree_on_many_more_lines(tmp_path: Path, name: str, lines: list[str]) -> None:
    """The same, for longer."""
    _same(tmp_path, FORMATS[name], lines)


@pytest.mark.parametrize("name", NCSA)
@given(lines=LINES)
@_settled(10)
@example(lines=['192.0.2.1 - -\x0b- [01/May/2026:10:05:03 +0000] "GET /a HTTP/1.1" 200 5 "-" "x"'])
def test_the_exact_path_reads_the_lines_that_detection_counts(tmp_path: Path, name: str, lines: list[str]) -> None:
    """The pattern means the same to the database and to Python, which looks at a sample of lines."""
    form = FORMATS[name]
    data = _data(lines)
    for text, row in zip(data.decode().split("\n")[:-1], read(tmp_path / "a.log", form, data, exact=True), strict=True):
        assert (not form.shape.fits(text)) == (row.reason in {"malformed", "blank"}), text
