"""Hostile text on a terminal, and the formatting of values."""

import datetime as dt
import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtc.core.quantities import size
from mtc.core.sanitize import one_line, shorten, text_block
from mtc.report.terminal import write_line
from mtc.report.text import count, duration, first_few, json_document, plural, rate, table, utc_time


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("one\ntwo\r\tthree", "one\\ntwo\\r\\tthree"),
        ("log\u202egz.exe", "log\\u202egz.exe"),
        ("a\u200bb\u2028c\u2066d", "a\\u200bb\\u2028c\\u2066d"),
        ("\udcff", "\\udcff"),
        ("\U000e0041", "\\U000e0041"),
        ("née/日本.log", "née/日本.log"),
    ],
)
def test_hostile_text_is_escaped(hostile: str, shown: str) -> None:
    """Control characters become visible; letters of any script are kept."""
    assert one_line(hostile) == shown


@given(st.text(), st.integers(4, 400))
def test_safe_text_is_one_printable_line_within_its_limit(text: str, limit: int) -> None:
    """The result has no control, format or line characters, and is not longer than the limit."""
    shown = one_line(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_a_long_text_is_shortened_in_the_middle() -> None:
    """Both ends of a key are the most useful parts."""
    assert shorten("docs/2026/05/01/access-0001.log.gz", 20) == "docs/2026/05...og.gz"
    assert shorten("short", 5) == "short"
    assert shorten("longer", 2) == "lo"


def test_a_huge_text_is_cut_before_it_is_escaped() -> None:
    """A line of many megabytes must not become an even longer text."""
    assert one_line("\x00" * 50_000_000, 12) == "\\x00\\x...x00"


def test_a_block_keeps_its_lines_and_escapes_each() -> None:
    """Line ends of a block are kept; other control characters become visible."""
    assert text_block("one\n\x1b[2Jtwo") == "one\n\\x1b[2Jtwo"


@pytest.mark.parametrize(
    ("octets", "told"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345, "12 kB"), (999_700, "1.0 MB"), (9_949_000, "9.9 MB")],
)
def test_sizes_are_decimal(octets: int, told: str) -> None:
    """The units are those of the manifest: 1 kB is 1000 bytes."""
    assert size(octets) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0.0 s"),
        (3.24, "3.2 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (7201, "2 h"),
        (273_600, "3 d 4 h"),
    ],
)
def test_durations_have_at_most_two_units(seconds: float, told: str) -> None:
    """The two largest units are shown."""
    assert duration(seconds) == told


def test_counts_and_rates_are_grouped_by_thousands() -> None:
    """1234567 cannot be read at a glance."""
    assert count(1_234_567) == "1,234,567"
    assert plural(1, "step") == "1 step"
    assert plural(2000, "step") == "2,000 steps"
    assert rate(100_000, 4) == "25,000 lines/s"
    assert rate(0, 4) == rate(7, 0) == ""


def test_times_are_shown_in_utc() -> None:
    """The zone is the same for all sites, and shown."""
    paris = dt.timezone(dt.timedelta(hours=2))
    assert utc_time(dt.datetime(2026, 5, 2, 1, 30, tzinfo=paris)) == "2026-05-01 23:30:00 UTC"


def test_the_first_few_distinct_items_represent_many() -> None:
    """A repeated reason is shown once, and omitted ones are counted."""
    assert first_few(["a", "b", "a", "c"]) == ("a", "b", "c")
    assert first_few(f"r{at}" for at in range(15)) == ("r0", "r1", "r2", "and 12 more")


def test_tables_are_aligned_without_trailing_spaces() -> None:
    """Numbers are right-aligned and names left-aligned; rows may be short."""
    assert table([["a", "1", ""], ["bcd", "10"]], right=frozenset({1})) == ["a     1", "bcd  10"]
    assert table([]) == []


def test_documents_are_ascii() -> None:
    """JSON contains no escape sequence, and its keys keep their order."""
    text = json_document({"b": "\x1b[31m\u202e", "a": 1})
    assert text.isascii()
    assert "\x1b" not in text
    assert list(json.loads(text)) == ["b", "a"]


def test_a_stream_with_any_encoding_can_be_written_to() -> None:
    """Characters that the encoding lacks are escaped."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    write_line(stream, "née \udcff")
    assert raw.getvalue() == b"n\\xe9e \\udcff\n"
