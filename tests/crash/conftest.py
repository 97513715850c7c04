"""Projects for the crash tests, made once and copied, and the states that uninterrupted runs reach."""

from pathlib import Path

import pytest
from endstate import State, end_state, leftovers
from trial import Trial


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """A project whose logs were never imported. Copy it, do not run it."""
    return Trial.make(tmp_path_factory.mktemp("fresh") / "project").with_logs()


@pytest.fixture(scope="session")
def imported(fresh: Trial, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """The project after its first run. Copy it, do not run it."""
    return state_after_complete_run(fresh, tmp_path_factory.mktemp("imported"))


@pytest.fixture(scope="session")
def changed(imported: Trial, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """The imported project after a change of its source. Copy it, do not run it."""
    return imported.copy(tmp_path_factory.mktemp("changed") / "project").change_logs()


@pytest.fixture(scope="session")
def whole(imported: Trial) -> State:
    """The state after an uninterrupted run of the fresh project."""
    return end_state(imported.root)


@pytest.fixture(scope="session")
def whole_changed(changed: Trial, tmp_path_factory: pytest.TempPathFactory) -> State:
    """The state after an uninterrupted run of the changed project."""
    return end_state(state_after_complete_run(changed, tmp_path_factory.mktemp("whole-changed")).root)


def state_after_complete_run(trial: Trial, folder: Path) -> Trial:
    """Return the state after a complete run of a copy, in a process that is not forked."""
    copy = trial.copy(folder / "project")
    ended = copy.apply(fresh=True)
    assert ended.code == 0, ended.err
    assert leftovers(copy.root) == []
    return copy
