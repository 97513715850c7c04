"""Columns: however a line is cut, both paths read the same, and nothing is read that is not one field a column."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reads import Reader

from mtc.formats.columns import BLANK, MIXED, QUOTES, TAB, Columns
from mtc.formats.line_cleaning import clean
from mtc.formats.model import Format, Time

NAMES = ("ip", "date", "clock", "", "path", "status", "user_agent")
SEPARATORS = (BLANK, TAB, QUOTES, MIXED)
GOOD = ("192.0.2.1", "2026-05-01", "10:05:03", "-", "/docs/", "200", "Agent/1.0+(x)")


def form(separator: str, columns: tuple[str, ...] = NAMES) -> Format:
    """A format of these columns."""
    shape = Columns(columns, separator, plus=("user_agent",))
    return Format("test", "test", shape, Time(("%Y-%m-%d %H:%M:%S",), utc=True), header="starts_with({line}, '#')")


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """One for all tests."""
    return Reader.make(tmp_path_factory.mktemp("columns"))


def both(reader: Reader, lines: list[str], of: Format) -> list[tuple[object, ...]]:
    """Cleaned lines by both paths, which must agree: each one's reason, path and user agent."""
    cleaned = clean("".join(f"{line}\n" for line in lines).encode()).decode().removesuffix("\n").split("\n")
    fast = reader.read(cleaned, of)
    assert fast == reader.read(cleaned, of, exact=True)
    columns = [one[0] for one in reader.connection.execute("DESCRIBE lines").fetchall()]
    wanted = [["reason", "rejected", "text", *columns[3:]].index(name) for name in ("reason", "path", "user_agent")]
    return [tuple(line[at] for at in wanted) for line in fast]


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_line_of_as_many_fields_as_columns_is_read(reader: Reader, separator: str) -> None:
    """White space between them, however much; quotes are taken off, and a plus sign stays in them."""
    bare = ("/docs/", "Agent/1.0 (x)")
    lines = {
        " ".join(GOOD): bare,
        "\t".join(GOOD): bare,
        "   ".join(GOOD): bare,
        (" \t ".join(GOOD) if separator != TAB else "\t\t".join(GOOD)) + " ": bare,
        " ".join(f'"{text}"' for text in GOOD): ("/docs/", "Agent/1.0+(x)"),
        " ".join(GOOD[:-1]) + ' "say ""hi"" + bye"': ("/docs/", 'say "hi" + bye'),
        " ".join(GOOD[:-1]) + ' ""': ("/docs/", None),
        " ".join(GOOD[:-1]) + " -": ("/docs/", None),
    }
    assert both(reader, list(lines), form(separator)) == [(None, *wanted) for wanted in lines.values()]


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_line_of_more_or_fewer_fields_is_not(reader: Reader, separator: str) -> None:
    """Nor is a comment, whatever it looks like; a blank line is blank."""
    lines = [
        " ".join(GOOD[:-1]),
        " ".join((*GOOD, "x")),
        " ".join(GOOD[:-1]) + ' "unended agent',
        "#" + " ".join(GOOD),
        "",
        "    ",
        "x " * 20,
    ]
    reasons = [line[0] for line in both(reader, lines, form(separator))]
    assert reasons == ["malformed", "malformed", "malformed", "header", "blank", "blank", "malformed"]


def test_between_tabs_a_field_may_be_empty_or_hold_blanks(reader: Reader) -> None:
    """Where tabs separate, blanks do not; a tab at the end is nothing."""
    lines = ["\t".join((*GOOD[:3], "", "/a b", "200", "x y")), "\t".join(GOOD) + "\t"]
    assert both(reader, lines, form(TAB)) == [(None, "/a b", "x y"), (None, "/docs/", "Agent/1.0 (x)")]


def test_of_two_columns_with_one_name_the_first_counts(reader: Reader) -> None:
    """A header may name a field twice."""
    of = form(BLANK, (*NAMES, "path"))
    assert both(reader, [" ".join((*GOOD, "/other"))], of) == [(None, "/docs/", "Agent/1.0 (x)")]


def test_without_columns_or_without_an_address_no_line_is_read(reader: Reader) -> None:
    """Nothing fails, nothing is guessed."""
    for columns in ((), ("date", "clock", "", "", "path", "status", "user_agent")):
        assert reader.reasons([" ".join(GOOD), "# x"], form(BLANK, columns)) == ["malformed", "header"]


PIECE = st.sampled_from(
    [*GOOD, '"', '""', '"a b"', '"a ""b"""', "#", "!", "$", "é", "+", "\x00", "\\", "", '" "', "a" * 99]
)
GAP = st.sampled_from([" ", "\t", "  ", '" "', " \t", ""])


@given(
    lines=st.lists(st.lists(st.tuples(PIECE, GAP), min_size=5, max_size=9), min_size=8, max_size=40),
    separator=st.sampled_from(SEPARATORS),
)
@settings(max_examples=25, deadline=None)
def test_both_paths_read_any_line_alike(reader: Reader, lines: list[list[tuple[str, str]]], separator: str) -> None:
    """Whatever stands where; a line that is read is one that detection counts."""
    texts = ["".join(piece + gap for piece, gap in line) for line in lines]
    of = form(separator)
    for text, line in zip(texts, both(reader, texts, of), strict=True):
        assert of.shape.fits(text) or line[0] in {"malformed", "blank", "header"}, text


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("line", ["a " * 300_000, '"' * 500_000, '"a ' * 200_000, "\t" * 500_000, '""a ' * 150_000])
def test_a_hostile_line_costs_no_more_than_its_length(reader: Reader, separator: str, line: str) -> None:
    """No expression runs away on it, and no list of its words is made."""
    lines = [line, " ".join(GOOD)] * 3
    assert form(separator).shape.fits(line) == 0
    reasons = [row[0] for row in reader.read(lines, form(separator), exact=True)]
    assert reasons == ["malformed", None] * 3
