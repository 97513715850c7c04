"""Temporary projects for tests that run `mtc` as a process."""

from pathlib import Path

import pytest
from e2e_project import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A project with a manifest and no logs."""
    found = Place(tmp_path)
    found.manifest()
    return found


@pytest.fixture
def full(place: Place) -> Place:
    """A project with a manifest and a log for each of two sites and two days, not yet applied."""
    return place.logs()


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A fully applied project, which the tests that share it do not change."""
    found = Place(tmp_path_factory.mktemp("applied"))
    found.manifest()
    found.logs().mtc("apply", "-q")
    return found
