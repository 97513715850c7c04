"""Globs: what a manifest's patterns match, as the database runs them."""

import fnmatch
import re

import pytest
from format_lines import database
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mtc.core.sql import literal
from mtc.formats.globs import any_of

SETS = st.builds(
    lambda negated, members: f"[{negated}{members}]",
    st.sampled_from(["", "!"]),
    st.lists(st.sampled_from(["a", "b", "a-c", "x-z", ".", "*", "?", "|", "\\", "$", "é"]), min_size=1, max_size=4).map(
        "".join
    ),
)
PIECES = st.sampled_from(["*", "?", "**", "/", ".", "a", "ab", "]", "(", ")", "|", "\\", "^", "$", "+", "{2}", "é",
                          "\n", "'", "%", "_", " ", "#", "(?i)", "--", "\\d", "☃", "[", "[]", "[!]"])  # fmt: skip
GLOBS = st.lists(PIECES | SETS, min_size=1, max_size=6).map("".join)
TEXTS = st.text("ab/.xyé☃'\\|$^]()\n !", max_size=8)


def matches(globs: tuple[str, ...], texts: list[str]) -> list[bool]:
    """Whether one of the globs matches each text, as the filters ask the database."""
    query = f"SELECT regexp_full_match(text, {literal(any_of(globs))}) FROM (SELECT unnest(?) AS text)"
    with database().cursor() as connection:
        return [bool(answer) for (answer,) in connection.execute(query, [texts]).fetchall()]


def shell_set(glob: str) -> bool:
    """Whether a glob holds a set that Python and a shell read differently: one that begins with a caret."""
    return "[^" in glob or re.search(r"\[!?[^]]*--", glob) is not None


@given(glob=GLOBS, texts=st.lists(TEXTS, min_size=1, max_size=12))
@settings(max_examples=80, deadline=None)
@example(glob="/health*", texts=["/health", "/healthz/x", "/x/health", "/health\nx"])
@example(glob="*.php", texts=[".php", "/a.php", "/axphp", "/a.php5"])
@example(glob="[]a]", texts=["]", "a", "[", "b"])
@example(glob="[!]a]", texts=["]", "a", "[", "b", "", "]a"])
@example(glob="[c-a]x", texts=["ax", "bx", "x", "c-ax"])
@example(glob="[!c-a]", texts=["a", "-", "\n", "", "ab"])
def test_a_glob_matches_what_a_shells_does(glob: str, texts: list[str]) -> None:
    """The whole text, with case: Python's fnmatch says the same of every pattern without odd sets."""
    if not shell_set(glob):
        assert matches((glob,), texts) == [fnmatch.fnmatchcase(text, glob) for text in texts]


def test_a_set_with_a_caret_is_all_but_these() -> None:
    """As in a shell; Python takes the caret for a member."""
    assert matches(("[^a-c]",), ["a", "b", "d", "^"]) == [False, False, True, True]


@given(
    globs=st.lists(GLOBS.filter(lambda glob: not shell_set(glob)), min_size=1, max_size=4),
    texts=st.lists(TEXTS, max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_any_of_several_globs_is_enough(globs: list[str], texts: list[str]) -> None:
    """No glob spills over into its neighbour."""
    wanted = [any(fnmatch.fnmatchcase(text, glob) for glob in globs) for text in texts]
    assert matches(tuple(globs), texts) == wanted


@pytest.mark.parametrize("glob", ["'; DROP TABLE lines; --", "\\", "')", "a'||'b", "$$", "?'"])
def test_a_quote_in_a_glob_is_a_quote(glob: str) -> None:
    """It ends no statement, and matches itself."""
    assert matches((glob,), [glob.replace("?", "x"), "other"]) == [True, False]
