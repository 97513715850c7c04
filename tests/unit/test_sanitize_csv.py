"""A CSV cell is text that a spreadsheet shows and never runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtc.core.sanitize import csv_cell


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", " =1", "\u00a0=1", "\u3000+1", "\ufeff=1", "\u200b=1",
        "\uff1d1", "\uff0b1", "\uff0d1", "\uff201", "\ufe661", "\u22121", "\t=1", "\r=1", "\n=1", "\x00=1",
        "\tx", "\rx", "\nx",
    ],
)  # fmt: skip
def test_a_formula_gets_an_apostrophe(text: str) -> None:
    """It may follow blanks of any kind, and control characters may hide its start."""
    assert csv_cell(text).startswith("'")


@pytest.mark.parametrize(
    "text", ["/", "/a=b", "Chrome", "", "example.net", "/\u00e9", "1-2", "'quoted", '"', "a,b", "\u4e2d"]
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert csv_cell(text) == text


def test_control_characters_are_made_visible() -> None:
    """This includes bidirectional and zero-width characters."""
    assert csv_cell("/a\x00b\r\n\x1b[31m\x9b\u202e\u200b") == r"/a\x00b\x0d\x0a\x1b[31m\x9b\u202e\u200b"


@given(st.text())
def test_no_cell_starts_as_a_formula_or_contains_a_control_character(text: str) -> None:
    made = csv_cell(text)
    assert made.lstrip()[:1] not in {"=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"} or not made.strip()
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in made)
    assert csv_cell(made) in {made, "'" + made}
