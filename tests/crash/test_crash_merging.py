"""Runs killed while they merge slices of a growing log: the same command completes, and nothing counts twice."""

import signal
from pathlib import Path

import pytest
from endstate import State, end_state, leftovers
from logs import combined_log
from trial import DAYS, Trial
from verdict import completes, is_consistent

from mtc.core import crash_points

POINTS = tuple(point for point in crash_points.POINTS if point.startswith("merge."))
SLICES = 9
_DAY = 86_400

MANIFEST = """\
version: 1
name: trial
dates: {{from: {first}, to: {last}}}
source:
  url: logs/{{site}}/access.log*
filters: {{max_rejected: 0.5}}
run: {{jobs: {jobs}, retries: 2, backoff: 0s}}
sites:
  docs: {{url: "https://docs.example.org"}}
"""


def grow(trial: Trial, number: int, *, later: int) -> None:
    """Append some lines, one of them malformed."""
    path = trial.root / "logs" / "docs" / "access.log"
    before = path.read_bytes() if path.exists() else b""
    trial.log("docs/access.log", before + combined_log(DAYS[0], f"slice {number}", 12), later=later)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """A project with a day of slices, which the next run merges. Copy it, do not run it."""
    trial = Trial.make(tmp_path_factory.mktemp("quiet") / "project", manifest=MANIFEST)
    for number in range(SLICES):
        grow(trial, number, later=number)
        assert trial.apply().code == 0
    grow(trial, SLICES, later=_DAY)
    return trial


@pytest.fixture(scope="module")
def merged(quiet: Trial, tmp_path_factory: pytest.TempPathFactory) -> State:
    """The state after an uninterrupted run."""
    trial = quiet.copy(tmp_path_factory.mktemp("merged") / "project")
    ended = trial.apply()
    assert ended.code == 0, ended.err
    assert leftovers(trial.root) == []
    state = end_state(trial.root)
    assert len(state["objects"]) == 2, "merged, and the new slice"
    return state


def rejected(trial: Trial) -> list[str]:
    """Return all recorded rejected lines."""
    files = sorted((trial.root / "warehouse" / "rejected").rglob("*.jsonl"))
    return sorted(line for path in files for line in path.read_text("utf-8").splitlines())


@pytest.mark.parametrize("point", POINTS)
def test_a_run_killed_while_merging_is_completed_by_the_next(
    point: str, quiet: Trial, merged: State, tmp_path: Path
) -> None:
    """After one or two kills, the next run reaches the state of an uninterrupted run."""
    trial = quiet.copy(tmp_path / "project")
    assert trial.apply(crash_at=point).code == -signal.SIGKILL, f"{point} was not passed"
    is_consistent(trial)
    trial.apply(crash_at=point)
    is_consistent(trial)
    completes(trial, merged)
    assert list((trial.root / "warehouse").rglob("*.unlisted")) == []
    assert not (trial.root / ".mtc" / "merging.json").exists()
    assert len(rejected(trial)) == SLICES + 1
    assert len(set(rejected(trial))) == SLICES + 1
