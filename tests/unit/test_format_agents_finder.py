"""The quick search: the same first expression as if each were tried in turn."""

import re
from importlib.metadata import files
from pathlib import Path

import pytest
import yaml_rs

from mtc.formats.agents.agent_tables import brands, table
from mtc.formats.agents.regex_index import Expression, Finder, fill_template, literals, lower_ascii

BOUNDED = r"(?:^|[^A-Z0-9_-]|[^A-Z0-9-]_|sprd-|MZ-)(?:%s)"
"""How Matomo reads an expression."""

TEXTS = (
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0",
    "Mozilla/5.0 (Linux; Android 9; MZ-M6 Note _SM-A105FN sprd-Lenovo_A319) AppleWebKit/537.36 Chrome/99.0 OPR/60.2",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) Version/17.4 Mobile/15E148 Safari/604.1 [FBAN/FBIOS]",
    "Dalvik/2.1.0 (Linux; U; Android 17) Kodi/21 -bot xbot spider_crawl feed.fetch/1.0 Ubuntu-Touch like Android",
    "İstanbul/1.0 ÜBER-Browser \u017fafari Kelvin/2 붉은별 MQQBrowser/6.2 QQ浏览器/7",
)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("Firefox/", {"firefox/"}),
        ("Fire(?:fox|bird)", {"firefox", "firebird"}),
        ("(?:Fox|Bird)/", {"fox/", "bird/"}),
        ("Fox|Bird", {"fox", "bird"}),
        ("Fox|.+", None),
        ("Foxes?", {"foxe"}),
        ("Fo(?:x|y)?es", {"fo"}),
        ("Safari|Mobile Fox", {"safari", "mobile fox"}),
        ("Mobile.+Fox", {"fox"}),
        ("Fo(?:xes)?", {"fo"}),
        ("(?:xes)?Fo", {"fo"}),
        ("abc+de", {"abc"}),
        ("ab*cd", {"cd"}),
        ("a{2}bcd", {"bcd"}),
        ("ab{0,2}cde", {"cde"}),
        ("SM-[AB]1", {"sm-a1", "sm-b1"}),
        ("x[0-3]y", {"x0y", "x1y", "x2y", "x3y"}),
        ("x[^0]yy", {"yy"}),
        (r"x[\d]yy", {"yy"}),
        ("x[]a]yy", {"yy"}),
        (r"a\.b\d+cc", {"a.b"}),
        ("(?<!like )Gecko(?!x)", {"gecko"}),
        ("(?=abcdef)gh", {"gh"}),
        ("(?P<name>abc)d", {"abc"}),
        ("^ab$", {"ab"}),
        (".", None),
        ("", None),
        (r"\d+", None),
        ("(ab", None),
        ("ab)", None),
        ("[ab", None),
        ("(?#abcd)e", None),
    ],
)
def test_what_a_match_must_contain(pattern: str, expected: set[str] | None) -> None:
    """The longest that is certain; nothing where it is not."""
    found = literals(pattern)
    assert (set(found) if found else None) == expected


PATTERNS = [row["regex"] for name in ("bots", "oss", "client/browsers", "client/mobile_apps") for row in table(name)][
    ::3
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_same_expressions_match_as_without_short_cuts(text: str) -> None:
    """Of Matomo's own tables: with the boundary in front and the case ignored, as Matomo searches."""
    expected = []
    for number, pattern in enumerate(PATTERNS):
        try:
            found = re.search(BOUNDED % pattern, text, re.IGNORECASE | re.ASCII)
        except re.error:  # a look behind of several lengths: only the finder reads it
            continue
        if found:
            expected.append((number, tuple(group or "" for group in found.groups())))
    numbers = {number for number, _ in expected}
    assert [(number, groups) for number, groups in Finder(PATTERNS).all(text) if number in numbers] == expected
    assert expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Fox/1.2", True), ("(Fox/1.2", True), ("xFox/1.2", False), ("xFox/1 Fox/2", True), ("-Fox/1", False),
        ("_Fox/1", False), (" _Fox/1", True), ("x_Fox/1", False), ("-_Fox/1", False), ("sprd-fox/1", True),
        ("MZ-FOX/1", True), ("9Fox/1", False), ("éFox/1", True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("pattern", ["Fox/(\\d)", "[Ff]ox/(\\d)", "(?:Fox|Fux)/(\\d)"])
def test_an_expression_begins_at_a_boundary(pattern: str, text: str, *, found: bool) -> None:
    """Whichever way the boundary is looked at."""
    assert (Expression(pattern).find(text, lower_ascii(text)) is not None) is found


def test_groups_have_the_letters_of_the_text_and_fill_templates() -> None:
    """A group that took no part, or that there is not, is empty."""
    groups = Expression(r"(Fox)(?:/(\d))?").find("ÄÖ FOX", lower_ascii("ÄÖ FOX"))
    assert groups == ("FOX", "")
    assert fill_template(r"The \g<1> \g<2>\g<9>", groups) == "The FOX"
    assert fill_template("plain", groups) == "plain"


def test_the_first_expression_wins_whatever_the_place_of_its_match() -> None:
    """Order is the table's, not the text's."""
    assert Finder(["bbb", "aaa", ".*"]).first("aaa bbb") == (0, ())
    assert Finder([]).first("aaa") is None


@pytest.mark.parametrize("text", ["android " * 70, "a" * 500, "; " * 250, "Windows NT " * 45, "x_" * 250, "_" * 500])
def test_hostile_texts_cost_little(text: str) -> None:
    """None makes the tables' expressions run away: each is searched for in a text of 500 letters at most."""
    assert list(Finder(PATTERNS).all(text)) is not None


TABLES_BY_BRAND = ("mobiles", "televisions", "shell_tv", "notebooks", "consoles", "cameras", "car_browsers")


@pytest.mark.parametrize("name", TABLES_BY_BRAND)
def test_the_brands_of_a_table_are_read_as_its_yaml_says(name: str) -> None:
    """Although their models are read brand by brand, once a user agent names the brand."""
    end = f"regexes/upstream/device/{name}.yml"
    (file,) = (Path(str(each.locate())) for each in files("device-detector") or () if each.match(end))
    whole = {brand.name: {**brand.row, "models": list(brand.models)} for brand in brands(f"device/{name}")}
    read = yaml_rs.loads(file.read_text("utf-8"))
    assert isinstance(read, dict)
    assert whole == {brand: {**row, "models": row.get("models", [])} for brand, row in read.items()}
    assert list(whole) == list(read)
