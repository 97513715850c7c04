"""Projects for the crash tests, made once and copied, and what becomes of them when nothing interrupts a run."""

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
    return undisturbed(fresh, tmp_path_factory.mktemp("imported"))


@pytest.fixture(scope="session")
def changed(imported: Trial, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """The same after its source has changed. Copy it, do not run it."""
    return imported.copy(tmp_path_factory.mktemp("changed") / "project").change_logs()


@pytest.fixture(scope="session")
def whole(imported: Trial) -> State:
    """What a run over the fresh project comes to."""
    return end_state(imported.root)


@pytest.fixture(scope="session")
def whole_changed(changed: Trial, tmp_path_factory: pytest.TempPathFactory) -> State:
    """What a run over the changed project comes to."""
    return end_state(undisturbed(changed, tmp_path_factory.mktemp("whole-changed")).root)


def undisturbed(trial: Trial, folder: Path) -> Trial:
    """Run a copy of a project to its end: a fresh start, that those which are forked be compared with."""
    copy = trial.copy(folder / "project")
    ended = copy.apply(fresh=True)
    assert ended.code == 0, ended.err
    assert leftovers(copy.root) == []
    return copy
