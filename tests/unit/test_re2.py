"""The regular expressions that a manifest accepts: those that mean the same in RE2 and Python."""

import duckdb
import pytest

from mtc.formats.re2 import check_re2, groups

GOOD = [
    "",
    "^/v[0-9]+/(.*)$",
    "(?i)index\\.html?$",
    "(?:a|b)*?c{2,3}d{,}",
    "(?P<name>x)(?i:Y)",
    "[]a^(?=+*{]+",
    "[^]]\\(\\?\\+\\+",
    "a+?b??c*?d{1,5}?",
    "\\d\\D\\w\\W\\s\\S\\b\\B\\A\\x41\\t",
    "x{1000}",
    "é[à-ü]",
    "(|a)",
]
BAD = {
    "(": "cannot be read",
    "[a": "does not end",
    "*a": "cannot be read",
    "(?=a)": "look-ahead",
    "(?!a)": "look-ahead",
    "(?<=a)b": "look-behind",
    "(?<!a)b": "look-behind",
    "(?>a)": "group",
    "(?P<n>a)(?P=n)": "backreference",
    "(a)(?(1)b|c)": "condition",
    "(?#comment)": "comment",
    "(?x)a b": "x.` at character 1",
    "(?a)a": "a.` at character 1",
    "(a)\\1": "backreference",
    "a\\Z": "Z` at character 2",
    "\\u00e9": "u` at character 1",
    "a++": "possessive",
    "a*+": "possessive",
    "a?+": "possessive",
    "a{2}+": "possessive",
    "a{1001}": "1000 times",
    "(?:a{100}){100}": "1000 times",
    "a" * 2001: "longer",
}


@pytest.mark.parametrize("pattern", GOOD)
def test_accepted_expressions_are_read_by_the_database(pattern: str) -> None:
    """An expression that a manifest accepts never fails in an import."""
    check_re2(pattern)
    duckdb.execute("SELECT regexp_replace('/a', ?, '\\0', 'g')", [pattern])


@pytest.mark.parametrize(("pattern", "what"), BAD.items(), ids=range(len(BAD)))
def test_expressions_that_re2_lacks_are_refused(pattern: str, what: str) -> None:
    """The message says what is wrong."""
    with pytest.raises(ValueError, match=what):
        check_re2(pattern)


def test_capturing_groups_are_counted() -> None:
    """A replacement may refer to named and unnamed groups, but not to non-capturing ones."""
    assert groups("(a)(?:b)(?P<n>c)\\(d\\)") == 2
