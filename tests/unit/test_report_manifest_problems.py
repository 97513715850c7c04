"""The output of a problem in a manifest."""

from pathlib import Path

from mtc.core.errors import Problem
from mtc.report.error_report import problem_text


def shown(source: str, column: int, **more: str) -> list[str]:
    problem = Problem("/srv/m/daily.yaml", 12, column, "source", "setle is not a known key", "did you mean settle?")
    problem = Problem(problem.file, 12, column, problem.where, more.get("what", problem.what), problem.hint, source)
    return problem_text(problem, Path("/srv")).splitlines()


def test_a_problem_shows_its_place_and_points_at_it() -> None:
    """`file:line:column: where: what. hint`, the line and a caret; the path is relative to the current folder."""
    head, line, caret = shown("  setle: 6h", 3)
    assert head == "m/daily.yaml:12:3: source: setle is not a known key. did you mean settle?"
    assert line == "   12 |   setle: 6h"
    assert caret == "      |   ^"
    assert line.index("setle") == caret.index("^")


def test_a_file_outside_of_the_current_folder_has_its_whole_path() -> None:
    """A relative path with `..` would be hard to follow."""
    assert problem_text(Problem("/etc/m.yaml", 0, 0, "", "there is no such file"), Path("/srv")) == (
        "/etc/m.yaml: there is no such file"
    )


def test_tabs_and_wide_characters_do_not_move_the_caret() -> None:
    """A tab is written as spaces; a wide character takes two cells, and a combining one takes none."""
    _, line, caret = shown("\tä: x", 2)
    assert line.index("ä") == caret.index("^")
    _, line, caret = shown("名前: x", 5)
    assert caret.index("^") == line.index("x") + 2
    _, line, caret = shown("e\u0301: x", 5)
    assert caret.index("^") == line.index("x") - 1


def test_control_characters_are_escaped() -> None:
    """Control and bidirectional characters of an untrusted file are escaped, in the line and in the message."""
    head, line, caret = shown("\x1b[31mred\u202e: x", 10, what="\x1b]0;title\x07 is not a known key")
    assert "\x1b" not in head + line + caret
    assert "\u202e" not in line
    assert "\\x1b[31mred\\u202e: x" in line
    assert line.index(": x") == caret.index("^")
    assert "\\x1b]0;title\\x07" in head


def test_a_long_line_is_shortened_around_the_caret() -> None:
    """A line of a thousand characters does not fill the screen."""
    source = "a" * 500 + "HERE" + "b" * 500
    _, line, caret = shown(source, 501)
    assert len(line) < 140
    assert line.index("HERE") == caret.index("^")
