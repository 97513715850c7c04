"""Parsing YAML: places, values, and hostile text."""

import itertools
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtc.core.errors import Problem
from mtc.manifest.nodes import Map, plain, text_of
from mtc.manifest.yaml import MAX_SIZE, read_file, read_text

FILE = Path("/nowhere/m.yaml")


def tree_of(text: str) -> Map:
    tree, problems = read_text(text, FILE)
    assert problems == ()
    assert tree is not None
    return tree


def only_problem(text: str) -> Problem:
    _, problems = read_text(text, FILE)
    assert len(problems) == 1, problems
    return problems[0]


def test_keys_and_values_have_their_places() -> None:
    """Lines and columns count from 1, after a byte order mark and with any line ends."""
    tree = tree_of("\ufeffversion: 1\r\nsource:\r\n  url: 'x'\r\n")
    entry = tree.entries["source"]
    assert (entry.mark.line, entry.mark.column) == (2, 1)
    node = tree.get("source", "url")
    assert node is not None
    assert (node.mark.line, node.mark.column) == (3, 8)
    assert text_of(node) == "x"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("2026-05-01", "2026-05-01"),
        ("2026-02-30", "2026-02-30"),
        ("2026-05-01T10:00:00Z", "2026-05-01T10:00:00Z"),
        ("yes", "yes"),
        ("off", "off"),
        ("true", True),
        ("FALSE", False),
        ("7", 7),
        ("-7", -7),
        ("007", 7),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("0.5", 0.5),
        ("4.0", 4),
        ("1e3", 1000),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("9" * 5000, "9" * 5000),
        ("1e999", "1e999"),
        ("'7'", "7"),
        ('"true"', "true"),
        ("6h", "6h"),
    ],
)
def test_values_are_those_of_yaml_1_2_and_dates_stay_text(written: str, value: object) -> None:
    """Only true and false are booleans, numbers are plain, and nothing becomes a date."""
    data = plain(tree_of(f"key: {written}"))
    assert isinstance(data, dict)
    assert data["key"] == value
    assert type(data["key"]) is type(value)


def test_anchors_and_merge_keys_are_supported() -> None:
    """An own key overrides a merged one; of several merged maps the first one wins."""
    tree = tree_of("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 3}\nd: *a\n")
    assert plain(tree.entries["c"].node) == {"x": 3, "y": 1, "z": 2}
    assert plain(tree.entries["d"].node) == {"x": 1, "y": 1}


def test_all_duplicates_are_reported_at_once() -> None:
    """Each has its own place, and the line of the first one."""
    _, problems = read_text("a: 1\nb: {c: 1, c: 2}\na: 2\na: 3\n", FILE)
    assert [(each.line, each.column, each.what) for each in problems] == [
        (2, 11, "c is written twice"),
        (3, 1, "a is written twice"),
        (4, 1, "a is written twice"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("null", "the file is empty"),
        ("[1, 2]", "a manifest is a map"),
        ("42", "a manifest is a map"),
        ("a: 1\n---\nb: 2\n", "a second document"),
        ("a: !x 1", "YAML tags are not supported"),
        ("a: !!python/object:os.system {}", "YAML tags are not supported"),
        ("1: x", "1 is not a text, as a key must be"),
        ("null: x", "null is not a text"),
        ("? [a, b]\n: x", "a key is not a text"),
        ('a: "\\ud800"', "a control character in a value"),
        ('a: "\\UFFFFFFFF"', "this is not YAML"),
        ("a: \x01", "this is not YAML"),
        ("a: *b", "an alias (`*`) that no anchor"),
        ("a: &a [*a]", "an alias inside its own anchor"),
        ("a: {<<: 1}", "`<<` takes a map"),
        ("%YAML 3.0\n---\na: 1", "this is not YAML"),
    ],
)
def test_hostile_text_is_one_plain_problem(text: str, said: str) -> None:
    """No code runs, and no error of the YAML library is raised."""
    assert said in only_problem(text).what


BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{more}: &{more} [{','.join(['*' + less] * 9)}]\n" for less, more in itertools.pairwise("abcdefghijklm")
)


@pytest.mark.parametrize(
    "text",
    [BOMB, "a: " + "[" * 100_000, "a: " + "{b: " * 100_000, "- " * 50_000, "? " * 50_000, "a: [" + "1," * 60_000 + "]"],
    ids=["aliases", "lists", "maps", "blocks", "complex keys", "long list"],
)
def test_a_yaml_bomb_is_refused_quickly(text: str) -> None:
    """Limits apply before it fills the memory or the stack."""
    start = time.process_time()
    problem = only_problem(text)
    assert "more than" in problem.what
    assert time.process_time() - start < 30


def test_unreadable_files_are_problems_too(tmp_path: Path) -> None:
    """Each of a missing file, a folder, invalid UTF-8 and a file that is too large has a plain message."""
    assert read_file(tmp_path / "none.yaml")[1][0].what == "there is no such file"
    assert read_file(tmp_path)[1][0].what == "this is a folder"
    assert read_file(Path("/dev/null"))[1][0].what == "this is not a regular file"
    assert read_file(Path("a\0b"))[0] is None
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("version: 1\nname: caf\xe9\n".encode("latin-1"))
    (problem,) = read_file(latin)[1]
    assert (problem.line, problem.column, problem.what) == (2, 10, "the file is not UTF-8")
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (MAX_SIZE + 1))
    assert "larger than" in read_file(large)[1][0].what


@given(st.text(st.sampled_from("ab: -[]{}*&!|>'\"%@`#,?\n\t0<~\\$\x85\u2028"), max_size=60))
def test_no_text_makes_parsing_fail(text: str) -> None:
    """Any text gives a tree, or problems with places inside the text."""
    tree, problems = read_text(text, FILE)
    assert (tree is None) <= bool(problems)
    assert all(each.line >= 1 and each.column >= 1 for each in problems)
