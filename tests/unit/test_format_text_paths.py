"""Text formats: the fast path and the exact one read every line alike, whatever is done to it."""

import random
from pathlib import Path

import pytest
from format_samples import SAMPLES
from reads import Reader

from mtc.formats import aws, clouds, ncsa, proxies
from mtc.formats.model import Format
from mtc.formats.pattern import LinePattern

MODULES = (ncsa, proxies, aws, clouds)
FORMATS = {form.name: form for module in MODULES for form in vars(module).values() if isinstance(form, Format)}
FAST = [form for form in FORMATS.values() if isinstance(form.shape, LinePattern) and form.shape.fast]

MOST = 24  # more quotes send a file down the exact path
LINES = tuple({line for sample in SAMPLES if sample.format in FORMATS for line in sample.text.split("\n") if line})
PIECES = ('"', '\\"', "\\", " ", "  ", "\t", "-", " - ", ",", "[", "]", ":", "/", "é", "0.120", "host.example.org", "7")


def damaged(line: str, dice: random.Random) -> str:
    """The line with something put in, taken out or doubled somewhere."""
    text = line
    for _ in range(dice.randrange(4)):
        at = dice.randrange(len(text) + 1)
        end = min(len(text), at + dice.randrange(1, 6))
        text = dice.choice(
            (text[:at] + dice.choice(PIECES) + text[at:], text[:at] + text[end:], text[:end] + text[at:])
        )
    return text or "-"


def damaged_lines(form: Format, seed: str, count: int) -> list[str]:
    dice = random.Random(f"{form.name} {seed}")
    own = [line for sample in SAMPLES if sample.format == form.name for line in sample.text.split("\n") if line]
    return [line for line in (damaged(dice.choice(own), dice) for _ in range(count)) if line.count('"') < MOST]


def assert_alike(lines: list[str], form: Format, folder: Path) -> None:
    reader = Reader.make(folder)
    fast, exact = reader.read(lines, form), reader.read(lines, form, exact=True)
    for line, one, other in zip(lines, fast, exact, strict=True):
        assert one == other, line


@pytest.mark.parametrize("form", FAST, ids=lambda form: form.name)
def test_both_paths_read_the_samples_alike(form: Format, tmp_path: Path) -> None:
    """Every sample line of every text format, also those of others, comes out of both paths with the same fields."""
    assert_alike([line for line in LINES if line.count('"') < MOST], form, tmp_path)


@pytest.mark.parametrize("form", FAST, ids=lambda form: form.name)
def test_both_paths_read_damaged_lines_alike(form: Format, tmp_path: Path) -> None:
    """A line that is cut, doubled or has quotes, blanks and backslashes in odd places means one thing only."""
    assert_alike(damaged_lines(form, "once", 500), form, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("form", FAST, ids=lambda form: form.name)
def test_both_paths_read_many_damaged_lines_alike(form: Format, seed: int, tmp_path: Path) -> None:
    """The same, over and over."""
    assert_alike(damaged_lines(form, f"{seed}", 1000), form, tmp_path)
