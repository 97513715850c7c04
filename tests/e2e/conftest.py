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
    """A project with a manifest, and a log for two sites on two days; nothing has been done yet."""
    return place.logs()


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project where everything has been done. Tests that share it change nothing."""
    found = Place(tmp_path_factory.mktemp("applied"))
    found.manifest()
    found.logs().mtc("apply", "-q")
    return found
