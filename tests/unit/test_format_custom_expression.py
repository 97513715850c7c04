"""What RE2 and Python have in common, and nothing else, is what a user may write."""

import re
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtc.formats.layouts.layout import LayoutError
from mtc.formats.pattern import unnamed
from mtc.formats.re2 import compile_expression

_FIELDS = r"(?P<ip>\S+) (?P<time>\S+) (?P<path>\S+)"
_PIECES = st.sampled_from(
    [
        *(
            "a",
            "Z",
            "0",
            " ",
            ".",
            "^",
            "$",
            "|",
            "(",
            ")",
            "(?:",
            "(?P<host>",
            "(?<user>",
            "(?i)",
            "(?i:",
            "(?s:",
            "(?m)",
        ),
        *(
            "[",
            "]",
            "[^",
            "-",
            "[a-z]",
            "[[:alpha:]]",
            "[]a]",
            "[a-]",
            "[--a]",
            "[a&&b]",
            "[[a]",
            r"[\d\-x]",
            "[~~]",
            "[||]",
        ),
        *("*", "+", "?", "*?", "++", "*+", "{2}", "{2,}", "{1,3}?", "{,3}", "{", "}", "{1001}", "{2}{3}", "{1,2}+"),
        *(r"\d", r"\S", r"\b", r"\A", r"\Z", r"\z", r"\1", r"\x41", r"\x{41}", r"\u0041", r"\pL", r"\Q", r"\C", r"\n"),
        *(
            r"\.",
            r"\(",
            r"\/",
            r"\_",
            r"\-",
            r"\"",
            r"\é",
            "\\",
            "é",
            "(?=a)",
            "(?!a)",
            "(?<=a)",
            "(?>a)",
            "(?#a)",
            "(?P=ip)",
        ),
    ]
)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@settings(max_examples=200, deadline=None)
@given(st.lists(_PIECES, max_size=8), st.text("ab -_é.&~|[]^0Z", max_size=8))
def test_what_is_accepted_both_dialects_read_and_match_alike(
    database: duckdb.DuckDBPyConnection, pieces: list[str], line: str
) -> None:
    """An expression that passes never fails later, and Python's detection sees what RE2 reads."""
    try:
        layout = compile_expression(f"{_FIELDS} {''.join(pieces)}")
    except LayoutError:
        return
    text = f"192.0.2.1 t /p {line}"
    ours = re.compile(layout.pattern, re.ASCII | re.DOTALL).match(text)
    ((theirs,),) = database.execute("SELECT regexp_matches(?, ?)", [text, unnamed(layout.pattern)]).fetchall()
    assert (ours is not None) == theirs


@pytest.mark.parametrize(
    ("piece", "what"),
    [
        ("(?=a)", "look-ahead, `(?=`, at character 41"),
        ("(?!a)", "look-ahead"),
        ("(?<=a)", "look-behind"),
        ("(?<!a)", "look-behind"),
        ("(?>a)", "an atomic group"),
        ("(?P=ip)", "a backreference"),
        (r"\1", "a backreference"),
        ("a++", "a possessive repetition, `++`,"),
        ("a{2}+", "a possessive repetition"),
        ("a**", "a repetition of a repetition"),
        ("a{,3}", "without its lower bound"),
        ("[[:alpha:]]", "a named set"),
        (r"\p{L}", r"`\p`"),
        (r"\Z", r"`\Z`"),
        ("a{1001}", "repeats more than 1000 times"),
        ("(?:a{100}){100}", "repeats more than 1000 times"),
        ("(?:a{900}){1}(?:b{900}){1}" * 10, "too large"),
        ("(?P<ip>a)", "there are two groups for ip"),
        ("(?P<adress>a)", "adress is not a field"),
        ("(a", "cannot be read"),
        ("a)", "closes nothing"),
        ("[a", "does not end"),
        ("\\", "ends with a backslash"),
        ("(?m)", "`(?m)` at character 41"),
        ("a" * 4000, "longer than 4000 characters"),
    ],
)
def test_what_one_of_them_does_not_know_is_refused_by_name(piece: str, what: str) -> None:
    """The message names the construct and where it is."""
    with pytest.raises(LayoutError, match=re.escape(what)):
        compile_expression(f"{_FIELDS} {piece}")


def test_groups_of_the_importers_that_are_no_fields_are_passed_over() -> None:
    """An expression that works with Matomo's importer works here."""
    layout = compile_expression(f"{_FIELDS} (?P<event_name>a)(b)(?P<length>c)")
    assert layout.names == ("ip", "time", "path", "bytes")
    assert re.compile(layout.pattern).groups == 4


@pytest.mark.parametrize("lacking", ["ip", "time", "path"])
def test_without_a_field_that_every_request_has_there_is_nothing_to_read(lacking: str) -> None:
    """Address, time and path are what a hit is made of."""
    with pytest.raises(LayoutError, match=f"none of {lacking}|no {lacking}"):
        compile_expression(_FIELDS.replace(f"(?P<{lacking}>", "(?:"))
