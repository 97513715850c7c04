"""The law of growing logs: whatever happens to files between two runs, every line that was written counts once.

It counts once in the hits, in the counts of filtered and rejected lines, and in Matomo; and the statistics of each day
are those of one import of all lines.
"""

from pathlib import Path

import pytest
from log_walk import walk

from tests.fake_matomo.server import FakeMatomo

_STEPS = 50
_WALKS = 20
_ROUNDS = 20
"""The slow test walks `_ROUNDS` times `_WALKS` walks of `_STEPS` steps: 20,000."""


@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_every_line_counts_once(seed: str, tmp_path: Path) -> None:
    """In the warehouse and in the statistics."""
    walk(tmp_path, seed, range(_STEPS))


@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_every_line_counts_once_in_matomo(seed: str, tmp_path: Path) -> None:
    """Whose server fails now and then, also while lines are sent."""
    with FakeMatomo() as matomo:
        walk(tmp_path, f"matomo {seed}", range(_STEPS), matomo)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(_ROUNDS))
def test_every_line_counts_once_in_many_walks(number: int, tmp_path: Path) -> None:
    """The same, 20,000 steps; every second walk delivers."""
    for each in range(_WALKS):
        root, seed = tmp_path / str(each), f"slow {number} {each}"
        if each % 2:
            walk(root, seed, range(_STEPS))
            continue
        with FakeMatomo() as matomo:
            walk(root, seed, range(_STEPS), matomo)
