"""Values are converted to columns and back."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtc.core.model import Accounting, Output
from mtc.state import rows

ANY_TEXT = st.text(st.characters())  # including NUL and lone surrogates


@given(ANY_TEXT)
def test_any_text_is_read_back_unchanged(text: str) -> None:
    """A key or a path may not be valid UTF-8, and is kept completely."""
    kept = rows.to_text(text)
    assert rows.from_text(kept) == text
    assert isinstance(kept, bytes) == any("\ud800" <= letter <= "\udfff" for letter in text)


@given(st.dictionaries(ANY_TEXT, ANY_TEXT))
def test_any_map_is_read_back_whatever_its_order(value: dict[str, str]) -> None:
    """The same map gives the same ASCII text, and the text gives the map."""
    text = rows.to_json(value)
    assert text.isascii()
    assert text == rows.to_json(dict(reversed(value.items())))
    assert rows.from_json(text, dict) == value


def test_times_are_stored_in_utc() -> None:
    """The same instant is the same text, whatever its zone was."""
    paris = dt.timezone(dt.timedelta(hours=2))
    text = rows.to_timestamp(dt.datetime(2026, 5, 1, 12, tzinfo=paris))
    assert text == "2026-05-01T10:00:00+00:00"
    assert rows.from_timestamp(text) == dt.datetime(2026, 5, 1, 10, tzinfo=dt.UTC)
    assert rows.to_timestamp(None) is None
    assert rows.from_timestamp(None) is None


def test_a_time_without_a_zone_is_refused() -> None:
    """It would be unknown which instant was meant."""
    with pytest.raises(ValueError, match="needs a zone"):
        rows.to_timestamp(dt.datetime(2026, 5, 1))  # noqa: DTZ001 - the mistake under test


@pytest.mark.parametrize("text", ["[]", "{", "{} ", '{"a":1}x', ""])
def test_text_that_is_not_a_map_is_a_value_error(text: str) -> None:
    """A damaged column is noticed, even if part of it can be read."""
    with pytest.raises(ValueError, match=r"."):
        rows.from_json(text, dict)


def test_accounting_and_outputs_are_read_back() -> None:
    """Nothing is lost, and an absent value stays absent."""
    lines = Accounting(10, 7, {"bot": 2}, {"time": 1})
    outputs = (Output("stats/docs/2026-05-01.stat", 9, "ab"),)
    assert rows.from_accounting(rows.to_accounting(lines)) == lines
    assert rows.from_accounting(rows.to_accounting(None)) is None
    assert rows.from_outputs(rows.to_outputs(outputs)) == outputs
