"""The capabilities of a stream: colour, bars and characters."""

import io
import os
import pty
from collections.abc import Iterator
from typing import TextIO

import pytest

from mtc.report.terminal import PLAIN, Terminal, Tone, detect_terminal


@pytest.fixture
def stream() -> Iterator[TextIO]:
    """A real pseudo-terminal."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as end:
        yield end
    os.close(ours)


def test_a_pipe_gets_neither_colour_nor_bars() -> None:
    """Escape codes in a mail of cron are useless."""
    found = detect_terminal(io.StringIO(), {"TERM": "xterm"})
    assert (found.is_terminal, found.moving, found.colour, found.width) == (False, False, False, 80)


def test_a_terminal_gets_colour_and_bars(stream: TextIO) -> None:
    """It is interactive."""
    found = detect_terminal(stream, {"TERM": "xterm", "COLUMNS": "132"})
    assert (found.moving, found.colour, found.unicode, found.width) == (True, True, True, 132)


def test_no_color_disables_only_colour(stream: TextIO) -> None:
    """NO_COLOR applies if it is not empty, and takes precedence over FORCE_COLOR."""
    found = detect_terminal(stream, {"NO_COLOR": "1", "FORCE_COLOR": "1"})
    assert (found.moving, found.colour) == (True, False)
    assert detect_terminal(stream, {"NO_COLOR": ""}).colour


def test_force_color_colours_a_pipe_but_draws_no_bars() -> None:
    """A CI log shows colours, but would contain every state of a bar."""
    found = detect_terminal(io.StringIO(), {"FORCE_COLOR": "1"})
    assert (found.moving, found.colour) == (False, True)
    assert not detect_terminal(io.StringIO(), {"FORCE_COLOR": "0"}).colour


def test_a_dumb_terminal_gets_plain_ascii_lines(stream: TextIO) -> None:
    """With TERM=dumb the cursor cannot be moved, and only ASCII is safe."""
    found = detect_terminal(stream, {"TERM": "dumb"})
    assert (found.is_terminal, found.moving, found.colour, found.unicode) == (True, False, False, False)


def test_an_encoding_without_the_signs_gets_ascii() -> None:
    """Signs are letters if the encoding is not a Unicode encoding."""
    assert not detect_terminal(io.TextIOWrapper(io.BytesIO(), encoding="latin-1"), {}).unicode
    assert detect_terminal(io.TextIOWrapper(io.BytesIO(), encoding="UTF-8"), {}).unicode


@pytest.mark.parametrize("columns", ["", "0", "-3", "wide"])
def test_an_invalid_width_is_ignored(columns: str) -> None:
    """COLUMNS applies if it is a positive number."""
    assert detect_terminal(io.StringIO(), {"COLUMNS": columns}).width == 80


def test_text_is_painted_only_with_colour() -> None:
    """Paint is an escape code around the text."""
    assert Terminal(colour=True).paint("x", Tone.BAD) == "\x1b[31mx\x1b[0m"
    assert PLAIN.paint("x", Tone.BAD) == "x"
    assert Terminal(colour=True).paint("x", Tone.PLAIN) == "x"
