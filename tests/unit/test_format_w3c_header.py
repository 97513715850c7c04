"""Headers: a format is bound to what they say, and to nothing that they do not."""

import itertools
import time
from pathlib import Path

import pytest
from format_samples import w3c as samples
from hypothesis import given
from hypothesis import strategies as st
from reads import Reader

from mtc.core.errors import PermanentError
from mtc.formats.detection import detect, named_format
from mtc.formats.model import Format
from mtc.formats.registry import FORMATS
from mtc.formats.w3c import DIALECTS, FormatSwitches

NAMES = [dialect.name for dialect in DIALECTS]
W3C = "#Fields: date time c-ip cs-method cs-uri-stem sc-status"
LINE = "2026-05-01 10:05:03 192.0.2.1 GET /docs/ 200"


def bound(*header: str, name: str = "w3c") -> Format:
    """The format of a file that begins so."""
    return named_format(name, header, where="a.log")


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """A database of its own."""
    return Reader.make(tmp_path)


def test_equal_headers_give_the_same_object() -> None:
    """So that many objects of a day share a bundle; dates make no difference where lines have their own."""
    first = bound("#Version: 1.0", "#Date: 2026-05-01 00:00:00", W3C, LINE)
    assert bound("#Date: 2026-05-02 00:00:00", W3C, "2026-05-02 10:05:03 192.0.2.1 GET / 404") is first
    assert bound("#Fields: time c-ip cs-uri-stem") is not first
    undated = "#Fields: time c-ip cs-uri-stem"
    assert bound("#Date: 2026-05-01 00:00:00", undated) is bound("#Date: 2026-05-01 09:00:00", undated)
    assert bound("#Date: 2026-05-01 00:00:00", undated) is not bound("#Date: 2026-05-02 00:00:00", undated)


@pytest.mark.parametrize("order", list(itertools.permutations(W3C.split()[1:]))[::37])
def test_columns_may_come_in_any_order(reader: Reader, order: tuple[str, ...]) -> None:
    """Each is found by its name."""
    texts = dict(zip(W3C.split()[1:], LINE.split(), strict=True))
    form = bound("#Fields: " + " ".join(order))
    assert reader.column("path", [" ".join(texts[name] for name in order)], form) == ["/docs/"]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("#Fields: time c-ip cs-method cs-uri-stem sc-status", "bad time"),
        ("#Fields: date c-ip cs-method cs-uri-stem sc-status", "bad time"),
        ("#Fields: date time c-ip cs-method cs-uri-stem", None),
        ("#Fields: date time c-ip cs-method sc-status", "no request"),
        ("#Fields: date time cs-method cs-uri-stem sc-status", "malformed"),
        ("#Fields:", "malformed"),
        ("#Fields: " + "x " * 1000, "malformed"),
        ("#Fields: ' \" { } c-ip %s ( [", "malformed"),
        ("#Version: 1.0", "malformed"),
    ],
)
def test_a_header_without_what_is_needed_is_no_crash(reader: Reader, header: str, reason: str | None) -> None:
    """Date, time, address, path or all names missing: lines are rejected, not read wrong, and nothing fails."""
    names = header.split()[1:]
    texts = dict(zip(W3C.split()[1:], LINE.split(), strict=True))
    line = " ".join(texts[name] for name in names if name in texts) or LINE
    assert reader.reasons([header, line], bound(header)) == ["header", reason]


def test_a_file_of_comments_only_is_read_at_once_and_has_no_hits(reader: Reader) -> None:
    """Also where no comment is a header, and under any name: there is nothing to look for."""
    lines = ["# nothing", "#Software: Example", "#"] * 50
    for form in (detect(lines, where="a.log").format, *(named_format(name, lines, where="a.log") for name in NAMES)):
        assert set(reader.reasons(lines, form)) == {"header"}


def test_a_header_that_names_no_fields_is_refused_by_detection() -> None:
    """Its lines are not guessed; the first is shown."""
    with pytest.raises(PermanentError, match="the first line that none reads is '2026-05-01 10:05:03"):
        detect(["#Version: 1.0", "#Date: 2026-05-01 10:05:00", LINE], where="a.log")


def test_a_file_of_every_field_in_quotes_is_detected_at_once() -> None:
    """Incapsula's lines are the importer's worst case."""
    lines = samples.INCAPSULA.text.splitlines()
    begun = time.process_time()
    assert detect([*lines, *lines[4:] * 30], where="a.log").format.name == "incapsula"
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_begins_with_other_lines_is_refused_under_the_name(name: str) -> None:
    """The hint says what is looked for."""
    with pytest.raises(PermanentError, match=f"does not begin as {name} does"):
        named_format(name, ['192.0.2.1 - - [01/May/2026:10:05:03 +0000] "GET / HTTP/1.1" 200 5'], where="a.log")


@pytest.mark.parametrize("name", NAMES)
def test_under_its_name_a_dialect_takes_any_header(reader: Reader, name: str) -> None:
    """Whoever names it knows better than the header."""
    stem = "cs-uri" if name == "incapsula" else "cs-uri-stem"
    header = f"#Fields: date time c-ip cs-method {stem} sc-status"
    form = named_format(name, [header, LINE], where="a.log")
    assert (form.name, form.detectable) == (name, name == "w3c")
    wanted = "/" if name == "incapsula" else "/docs/"
    assert reader.column("path", [LINE.replace("/docs/", "docs") if name == "incapsula" else LINE], form) == [wanted]


def test_a_dialect_says_in_which_unit_it_measures(reader: Reader) -> None:
    """IIS in milliseconds, the standard in seconds."""
    line = "2026-05-01 10:05:03 192.0.2.1 /docs/ 5"
    for name, wanted in (("w3c", 5000.0), ("iis", 5.0)):
        form = bound("#Fields: date time c-ip cs-uri-stem time-taken", name=name)
        assert reader.column("time_ms", [line], form) == [pytest.approx(wanted)]


def test_a_time_may_lack_seconds_or_have_fractions(reader: Reader) -> None:
    """Both are the standard's."""
    times = {"10:05": "10:05:00", "10:05:03": "10:05:03", "10:05:03.25": "10:05:03.25", "25:00:00": None}
    lines = [LINE.replace("10:05:03", text) for text in times]
    found = [str(moment)[11:].rstrip("0") if "." in str(moment) else moment and str(moment)[11:] for moment in
             reader.column("ts", lines, bound(W3C))]  # fmt: skip
    assert found == list(times.values())


@pytest.mark.parametrize("count", [12, 15, 18, 20, 24, 26, 29, 33, 34])
def test_a_cloudfront_file_without_header_has_the_fields_of_its_time(reader: Reader, count: int) -> None:
    """Fields were added at the end over the years, and may be again."""
    who = "2026-05-01 10:05:03 CDG50 5120 192.0.2.1 GET d1.cloudfront.net /docs/ 200 - Agent%20+ a=1"
    more = "- Hit id www.example.org https 23 0.25 - TLSv1.3 X Hit HTTP/2.0 - - 11040 0.001 Hit text/html 78 - - new"
    line = "\t".join(f"{who} {more}".split(" ")[:count])
    form = detect([line] * 3, where="a.log").format
    assert form.name == "cloudfront"
    host, time_ms = "www.example.org" if count > 15 else "d1.cloudfront.net", 250.0 if count > 18 else None
    assert reader.columns(("user_agent", "host", "time_ms"), [line], form) == [("Agent +", host, time_ms)]


def test_a_user_agent_that_decodes_to_no_text_stays_as_it_is(reader: Reader) -> None:
    """One bad byte of a stranger is no reason to lose a file."""
    form = bound("#Fields: date time c-ip cs-uri-stem sc-status cs(User-Agent)", name="cloudfront")
    agents = {
        "A%20b": "A b",
        "%E9%20x": "%E9%20x",
        "%zz%": "%zz%",
        "100%25": "100%",
        "A%2520b": "A b",
        "a%2Bb+c": "a+b+c",
    }
    lines = [f"2026-05-01\t10:05:03\t192.0.2.1\t/\t200\t{agent}" for agent in agents]
    assert reader.column("user_agent", lines, form) == list(agents.values())


def test_in_a_file_of_all_formats_only_headers_turn(reader: Reader) -> None:  # noqa: ARG001 - none is read
    """Other formats never look for headers."""
    block = f"{W3C}\n{LINE}\n".encode()
    assert [form for form, _ in FormatSwitches(FORMATS["combined"]).cut(block * 2)] == [FORMATS["combined"]]


UNDATED = "#Fields: time c-ip cs-uri-stem"
DATES = [f"#Date: 2026-05-0{day} 10:00:00" for day in (1, 2)]
HEADERS = [
    (W3C,),
    (UNDATED,),
    (DATES[0],),
    (DATES[1], UNDATED),
    (UNDATED, DATES[0]),
    ("#Remark: x", DATES[1], W3C, "#"),
]


@given(
    groups=st.lists(st.sampled_from([*HEADERS, (LINE,), ("",), (" " + UNDATED, "é")]), max_size=40),
    cut=st.integers(0, 40),
)
def test_turns_cut_at_headers_and_lose_nothing(groups: list[tuple[str, ...]], cut: int) -> None:
    """Each line is in the format that the headers before it say, however the text comes in blocks."""
    wanted: list[Format | None] = []
    fields, date = W3C, "#"
    for lines in groups:
        fields = next((line for line in lines if line.startswith("#Fields")), fields)
        date = next((line for line in lines if line.startswith("#Date")), date)
        wanted += [None if line.startswith("#") else bound(date, fields) for line in lines]
    turns, found = FormatSwitches(bound(W3C)), []
    for blocks in (groups[:cut], groups[cut:]):
        for after, piece in turns.cut("".join(f"{line}\n" for lines in blocks for line in lines).encode()):
            found += [(line, after) for line in piece.decode().removesuffix("\n").split("\n")]
    assert [line for line, _ in found] == [line for lines in groups for line in lines]
    for (_, ours), theirs in zip(found, wanted, strict=True):
        assert theirs is None or (ours.shape, ours.derive) == (theirs.shape, theirs.derive)
