"""Runs killed at every named point of `core.crash_points`, in several passages: the same command makes all of it right.

A point that is not passed kills nothing, and its test fails: no point can rot.
"""

import signal
from pathlib import Path

import pytest
from endstate import State, end_state, leftovers
from trial import Trial
from verdict import completes, has_nothing_to_do, is_consistent

from mtc.core import crash_points

ON_THE_WAY = tuple(
    point for point in crash_points.POINTS if not point.startswith(("deliver.", "merge."))
)  # those: test_crash_matomo, test_crash_merging
FIRST_RUN = (*ON_THE_WAY, "load.published:3", "record.after:9", "run.planned:2", "import.done:7")  # of an adjacent day
AFTER_A_CHANGE = (*ON_THE_WAY[::2], "record.after:2")  # a first run goes through all
MORE = tuple(f"{point}:{passage}" for point in ON_THE_WAY[:8] for passage in (2, 3, 4))


def killed_at(trial: Trial, point: str, *, fresh: bool = False) -> None:
    """Run the project until it dies at the point."""
    ended = trial.apply(crash_at=point, fresh=fresh)
    assert ended.code == -signal.SIGKILL, f"{point} was not passed: {ended}"


@pytest.mark.parametrize("point", FIRST_RUN)
def test_a_first_run_killed_anywhere_is_completed_by_the_next(
    point: str, fresh: Trial, whole: State, tmp_path: Path
) -> None:
    """Whatever was done stays, whatever was not is done, nothing counts twice, and nothing is left over."""
    trial = fresh.copy(tmp_path / "project")
    killed_at(trial, point)
    is_consistent(trial)
    completes(trial, whole)


@pytest.mark.parametrize("point", AFTER_A_CHANGE)
def test_a_run_after_a_change_killed_anywhere_is_completed_by_the_next(
    point: str, changed: Trial, whole_changed: State, tmp_path: Path
) -> None:
    """The old version of an object gives way to the new one as a whole, and the statistics follow."""
    trial = changed.copy(tmp_path / "project")
    killed_at(trial, point)
    is_consistent(trial)
    completes(trial, whole_changed)


@pytest.mark.slow
@pytest.mark.parametrize("point", MORE)
def test_the_passage_at_which_a_run_is_killed_makes_no_difference(
    point: str, fresh: Trial, whole: State, changed: Trial, whole_changed: State, tmp_path: Path
) -> None:
    """The second, third and fourth step or object are like the first, where a run has so many."""
    for name, start, end in (("first", fresh, whole), ("second", changed, whole_changed)):
        trial = start.copy(tmp_path / name)
        assert trial.apply(crash_at=point).code in {0, -signal.SIGKILL}
        completes(trial, end)


def test_a_run_killed_at_one_point_after_the_other_still_completes(fresh: Trial, whole: State, tmp_path: Path) -> None:
    """A machine that dies over and over loses nothing either, and once all is done it is left alone."""
    trial = fresh.copy(tmp_path / "project")
    for point in ("record.after", "archive.pushed", "import.done", "stat.written", "csv.written", "run.finished"):
        killed_at(trial, point, fresh=True)
    completes(trial, whole)
    assert has_nothing_to_do(trial.apply())
    completes(trial, whole)


def test_a_recovery_that_is_killed_itself_is_done_again(changed: Trial, whole_changed: State, tmp_path: Path) -> None:
    """The files that a killed run left behind are found also when the run that would remove them was killed."""
    trial = changed.copy(tmp_path / "project").with_jobs(1)
    killed_at(trial, "record.after")
    assert leftovers(trial.root) != []
    killed_at(trial, "run.recovering")
    killed_at(trial, "run.recovering")
    completes(trial, whole_changed)


@pytest.mark.parametrize("point", ["load.staged", "record.before:2", "record.after", "archive.before", "stat.written"])
def test_a_run_after_other_settings_killed_anywhere_is_completed_by_the_next(
    point: str, imported: Trial, tmp_path: Path
) -> None:
    """The same objects are loaded again, as the manifest now says; none keeps hits of before."""
    undisturbed, trial = (with_other_settings(imported, tmp_path / name) for name in ("undisturbed", "killed"))
    assert undisturbed.apply().code == 0
    killed_at(trial, point)
    completes(trial, end_state(undisturbed.root))


def test_a_part_made_again_does_not_touch_the_one_that_is_listed(imported: Trial, tmp_path: Path) -> None:
    """Until the new one is recorded, whoever reads finds what the state says."""
    trial = with_other_settings(imported, tmp_path / "project")
    killed_at(trial, "load.published")
    is_consistent(trial)


def with_other_settings(trial: Trial, folder: Path) -> Trial:
    """A copy with a manifest after which more of the same lines are hits."""
    copy = trial.copy(folder)
    with (copy.root / "mtc.yaml").open("a") as manifest:
        manifest.write("filters: {static: true}\n")
    return copy
