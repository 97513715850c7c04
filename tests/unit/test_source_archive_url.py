"""The URLs of archive copies, and the keys that must not become paths."""

import datetime as dt
import posixpath
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtc.core.errors import PermanentError
from mtc.core.model import SourceObject
from mtc.core.sanitize import key_problem, printable
from mtc.sources.url_pattern import ArchiveUrl

DAY = dt.date(2026, 5, 1)


def render(url: str, key: str) -> str:
    """Return the URL of the copy of an object."""
    template = ArchiveUrl.compile(url, "docs")
    return template.copy_url(template.render(DAY, SourceObject(key, 1)))


@pytest.mark.parametrize(
    ("url", "copy"),
    [
        ("s3://kept/{site}/{date:%Y/%m/%d}/{name}", "s3://kept/docs/2026/05/01/a.gz"),
        ("s3://kept-{site}/{key}", "s3://kept-docs/x/y/a.gz"),
        ("kept/{site}/{date:%d-%b-%y}_{name}", "kept/docs/01-May-26_a.gz"),
        ("/srv/kept/{name}", "/srv/kept/a.gz"),
        ("/{name}", "/a.gz"),
        ("{date:%F}/100%/{key}.bak", "2026-05-01/100%/x/y/a.gz.bak"),
    ],
)
def test_a_copy_has_the_url_of_the_template(url: str, copy: str) -> None:
    """Site, day, name and key are put in the places of the template."""
    assert render(url, "x/y/a.gz") == copy


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://kept/{site}/{date:%F}", "{name} or {key}"),
        ("s3://kept/{site}/*/{name}", "no globs"),
        ("s3://kept/{date:%H}/{name}", "time of day"),
        ("s3://kept/../{name}", "dots"),
        ("gs://kept/{name}", "not supported"),
    ],
)
def test_an_invalid_url_is_explained(url: str, words: str) -> None:
    """The error quotes the URL and says what is wrong."""
    with pytest.raises(PermanentError) as caught:
        ArchiveUrl.compile(url, "docs")
    assert words in str(caught.value)
    assert caught.value.where == url


@given(st.text(alphabet="ab./\\\0\n\x1b\x85\u2028\ud800é", max_size=12))
def test_no_key_leads_a_copy_out_of_its_folder(key: str) -> None:
    """A key is refused, or its copy is below the archive's folder, on one line, in UTF-8."""
    try:
        copy = render("kept/{site}/{key}", key)
    except PermanentError as error:
        assert printable(str(error)) == str(error)  # noqa: PT017 - both results are right, and are checked
        return
    assert posixpath.normpath(copy) == copy
    assert copy.startswith("kept/docs/")
    assert not re.search(r"[\\\x00-\x1f]", copy)
    copy.encode()


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "../a",
        "a/../b",
        "a/.",
        "a\\b",
        "a\0",
        "a\nb",
        "\x1b[2J",
        "a\x7f",
        "a\x9b",
    ],
)
def test_unsafe_keys_are_found(key: str) -> None:
    """Each has a reason."""
    assert key_problem(key)


@pytest.mark.parametrize("key", ["a", "a/b.gz", "...", "..a", "a b/c+d=%e", "é/日本", ".hidden", "-rf", "~"])
def test_unusual_but_safe_keys_are_accepted(key: str) -> None:
    """They have no reason."""
    assert key_problem(key) == ""


@given(st.text())
def test_a_shown_key_is_one_line_without_control_characters(text: str) -> None:
    """A message about a hostile key shows it."""
    shown = printable(text)
    assert all(unicodedata.category(char)[0] != "C" for char in shown)
    assert len(shown) <= 203
