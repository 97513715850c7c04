"""Runs killed at every crash point of `core.crash_points`, at several passages: the next run completes the work.

If a run does not pass the point, it is not killed and the test fails, so that no point goes untested.
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
)  # tested in test_crash_matomo and test_crash_merging
FIRST_RUN = (*ON_THE_WAY, "load.published:3", "record.after:9", "run.planned:2", "import.done:7")  # of an adjacent day
AFTER_A_CHANGE = (*ON_THE_WAY[::2], "record.after:2")  # the first run is tested at all of them
MORE = tuple(f"{point}:{passage}" for point in ON_THE_WAY[:8] for passage in (2, 3, 4))


def killed_at(trial: Trial, point: str, *, fresh: bool = False) -> None:
    """Run the project until it is killed at the point."""
    ended = trial.apply(crash_at=point, fresh=fresh)
    assert ended.code == -signal.SIGKILL, f"{point} was not passed: {ended}"


@pytest.mark.parametrize("point", FIRST_RUN)
def test_a_first_run_killed_at_a_point_is_completed_by_the_next(
    point: str, fresh: Trial, whole: State, tmp_path: Path
) -> None:
    """Completed work is kept, the rest is done, nothing counts twice and no file is left over."""
    trial = fresh.copy(tmp_path / "project")
    killed_at(trial, point)
    is_consistent(trial)
    completes(trial, whole)


@pytest.mark.parametrize("point", AFTER_A_CHANGE)
def test_a_run_after_a_change_killed_at_a_point_is_completed_by_the_next(
    point: str, changed: Trial, whole_changed: State, tmp_path: Path
) -> None:
    """The old version of an object is replaced as a whole, and the statistics are updated."""
    trial = changed.copy(tmp_path / "project")
    killed_at(trial, point)
    is_consistent(trial)
    completes(trial, whole_changed)


@pytest.mark.slow
@pytest.mark.parametrize("point", MORE)
def test_runs_killed_at_later_passages_are_completed(
    point: str, fresh: Trial, whole: State, changed: Trial, whole_changed: State, tmp_path: Path
) -> None:
    """Kills at the second, third and fourth step or object are completed like those at the first."""
    for name, start, end in (("first", fresh, whole), ("second", changed, whole_changed)):
        trial = start.copy(tmp_path / name)
        assert trial.apply(crash_at=point).code in {0, -signal.SIGKILL}
        completes(trial, end)


def test_a_run_killed_repeatedly_is_completed(fresh: Trial, whole: State, tmp_path: Path) -> None:
    """A project killed at one point after another is completed, and then has nothing to do."""
    trial = fresh.copy(tmp_path / "project")
    for point in ("record.after", "archive.pushed", "import.done", "stat.written", "csv.written", "run.finished"):
        killed_at(trial, point, fresh=True)
    completes(trial, whole)
    assert has_nothing_to_do(trial.apply())
    completes(trial, whole)


def test_a_killed_recovery_is_repeated(changed: Trial, whole_changed: State, tmp_path: Path) -> None:
    """Leftover files of a killed run are removed even if the run that removes them is killed too."""
    trial = changed.copy(tmp_path / "project").with_jobs(1)
    killed_at(trial, "record.after")
    assert leftovers(trial.root) != []
    killed_at(trial, "run.recovering")
    killed_at(trial, "run.recovering")
    completes(trial, whole_changed)


@pytest.mark.parametrize("point", ["load.staged", "record.before:2", "record.after", "archive.before", "stat.written"])
def test_a_run_with_changed_settings_killed_at_a_point_is_completed_by_the_next(
    point: str, imported: Trial, tmp_path: Path
) -> None:
    """With changed settings, the same objects are loaded again, and none keeps its previous hits."""
    undisturbed, trial = (with_changed_settings(imported, tmp_path / name) for name in ("undisturbed", "killed"))
    assert undisturbed.apply().code == 0
    killed_at(trial, point)
    completes(trial, end_state(undisturbed.root))


def test_a_rebuilt_part_does_not_replace_the_recorded_one_before_it_is_recorded(
    imported: Trial, tmp_path: Path
) -> None:
    """Readers find the recorded part until the new one is recorded."""
    trial = with_changed_settings(imported, tmp_path / "project")
    killed_at(trial, "load.published")
    is_consistent(trial)


def with_changed_settings(trial: Trial, folder: Path) -> Trial:
    """Return a copy whose settings count more of the same lines as hits."""
    copy = trial.copy(folder)
    with (copy.root / "mtc.yaml").open("a") as manifest:
        manifest.write("filters: {static: true}\n")
    return copy
