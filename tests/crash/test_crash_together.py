"""Runs killed while the import steps of a task are read together: the next run completes the work."""

import signal
from pathlib import Path

import pytest
from endstate import State, end_state
from logs import combined_log
from trial import DAYS, MANIFEST, Trial
from verdict import completes, has_nothing_to_do, is_consistent

WITHOUT_ARCHIVE = MANIFEST.replace("archive:\n  url: archive/{{site}}/{{date:%Y/%m/%d}}/{{name}}\n", "")
POINTS = (
    "fetch.done", "fetch.done:4", "load.staged", "load.published", "record.before", "record.after", "record.before:2",
    "import.done", "import.done:3", "record.after:2", "load.staged:2", "record.after:3", "run.planned:2", "stat.before",
)  # fmt: skip


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """A project without an archive, whose small days share tasks."""
    return Trial.make(tmp_path_factory.mktemp("days") / "project", jobs=1, manifest=WITHOUT_ARCHIVE).with_logs()


@pytest.fixture(scope="module")
def whole_days(days: Trial, tmp_path_factory: pytest.TempPathFactory) -> State:
    """The state after an uninterrupted run."""
    return after_a_run(days, tmp_path_factory.mktemp("whole-days") / "project")


def after_a_run(trial: Trial, folder: Path) -> State:
    """The state after an uninterrupted run of a copy."""
    copy = trial.copy(folder)
    ended = copy.apply()
    assert ended.code == 0, ended.err
    return end_state(copy.root)


@pytest.mark.parametrize("point", POINTS)
def test_a_run_killed_at_a_point_is_completed_by_the_next(
    point: str, days: Trial, whole_days: State, tmp_path: Path
) -> None:
    """Nothing is lost, nothing counts twice and no file is left over."""
    trial = days.copy(tmp_path / "project")
    ended = trial.apply(crash_at=point)
    assert ended.code == -signal.SIGKILL, f"{point} was not passed: {ended}"
    is_consistent(trial)
    completes(trial, whole_days)
    assert has_nothing_to_do(trial.apply())


@pytest.mark.parametrize("point", ["load.staged", "load.published", "record.after", "import.done:2"])
def test_a_run_after_a_change_killed_at_a_point_is_completed_by_the_next(
    point: str, days: Trial, tmp_path: Path
) -> None:
    """Objects that are loaded again are replaced as a whole."""
    trial = days.copy(tmp_path / "project")
    assert trial.apply().code == 0
    trial.change_logs()
    trial.log(f"docs/{DAYS[2]}-a.log", combined_log(DAYS[2], "docs, written on", 75), later=1)
    whole = after_a_run(trial, tmp_path / "undisturbed")
    assert trial.apply(crash_at=point).code == -signal.SIGKILL
    is_consistent(trial)
    completes(trial, whole)


ALIKE = f"{WITHOUT_ARCHIVE.partition('sites:')[0]}sites: {{{{docs: {{{{}}}}, shop: {{{{}}}}, wiki: {{{{}}}}}}}}\n"


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """A project with sites of the same settings, two of which have the same logs."""
    trial = Trial.make(tmp_path_factory.mktemp("sites") / "project", jobs=1, manifest=ALIKE)
    for day in DAYS:
        for site in ("docs", "shop"):
            trial.log(f"{site}/{day}.log", combined_log(day, f"the same {day}", bad=2))
        trial.log(f"wiki/{day}.log", combined_log(day, f"wiki {day}"))
    return trial


@pytest.fixture(scope="module")
def whole_sites(sites: Trial, tmp_path_factory: pytest.TempPathFactory) -> State:
    """The state after every step was imported by a run of its own."""
    trial = sites.copy(tmp_path_factory.mktemp("one-by-one") / "project")
    for site in ("docs", "shop", "wiki"):
        for day in DAYS:
            assert trial.mtc("import", site, f"{day}").code == 0
    return after_a_run(trial, tmp_path_factory.mktemp("whole-sites") / "project")


@pytest.mark.parametrize("point", ["fetch.done:7", "load.published", "record.after", "import.done:4"])
def test_sites_that_are_read_together_have_what_they_would_have_alone(
    point: str, sites: Trial, whole_sites: State, tmp_path: Path
) -> None:
    """Also after a kill, and where two of them have equal objects."""
    trial = sites.copy(tmp_path / "project")
    assert trial.apply(crash_at=point).code == -signal.SIGKILL
    is_consistent(trial)
    completes(trial, whole_sites)


def test_a_task_has_the_results_of_its_steps_one_by_one(whole_days: State, tmp_path: Path) -> None:
    """With an archive each step is a task, and the hits, parts and statistics are the same."""
    archived = Trial.make(tmp_path / "archived", jobs=1).with_logs()
    state = after_a_run(archived, tmp_path / "done")
    for kind in ("hits", "parts"):
        assert state[kind] == whole_days[kind]
