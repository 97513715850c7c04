"""Files are created once and completely."""

from pathlib import Path

import pytest

from mtc.core.atomic_files import create_once
from mtc.core.errors import StateError
from mtc.state.connection import open_for_writing


def write_content(staged: Path) -> None:
    staged.write_text("mine")


def test_a_new_file_is_private_and_leftovers_are_removed(tmp_path: Path) -> None:
    """No other file remains in the folder, including the temporary file of a killed process."""
    target = tmp_path / "mark"
    (tmp_path / ".mark.0badcafe.new").write_text("half")
    assert create_once(target, write_content)
    assert target.read_text() == "mine"
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [target]


def test_an_existing_file_is_not_replaced(tmp_path: Path) -> None:
    """A dangling link counts as existing: it belongs to somebody else."""
    target, link = tmp_path / "mark", tmp_path / "link"
    target.write_text("theirs")
    link.symlink_to(tmp_path / "nowhere")
    assert not create_once(target, write_content)
    assert not create_once(link, write_content)
    assert target.read_text() == "theirs"
    assert link.is_symlink()


def test_the_first_writer_wins(tmp_path: Path) -> None:
    """A file that another process created first is kept."""
    target = tmp_path / "mark"

    def slow(staged: Path) -> None:
        staged.write_text("mine")
        target.write_text("theirs")

    assert not create_once(target, slow)
    assert target.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [target]


def test_a_temporary_file_of_a_concurrent_writer_is_not_removed(tmp_path: Path) -> None:
    """Two processes may write at the same time; the first to finish gives the file its name."""
    target = tmp_path / "mark"

    def lose_the_race(staged: Path) -> None:
        staged.write_text("mine")
        assert create_once(target, write_content)
        assert staged.exists()

    assert not create_once(target, lose_the_race)
    assert list(tmp_path.iterdir()) == [target]


def test_creation_starts_over_when_another_process_removed_the_temporary_file(tmp_path: Path) -> None:
    """A file is never named after content that this process did not write."""
    target = tmp_path / "mark"
    tries: list[Path] = []

    def remove_once(staged: Path) -> None:
        tries.append(staged)
        staged.write_text("mine")
        if len(tries) == 1:
            staged.unlink()

    assert create_once(target, remove_once)
    assert len(set(tries)) == 2
    assert target.read_text() == "mine"


@pytest.mark.parametrize("error", [StateError("no space"), OSError("no space"), RuntimeError("a bug")])
def test_a_failed_creation_leaves_nothing(tmp_path: Path, error: Exception) -> None:
    """The error is raised, and the folder is unchanged."""

    def fail(staged: Path) -> None:
        staged.write_text("half")
        raise error

    with pytest.raises(type(error)):
        create_once(tmp_path / "mark", fail)
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_killed_process_are_removed_even_if_the_file_exists(tmp_path: Path) -> None:
    """A process that lost the race and was killed leaves a temporary file next to the file of the winner."""
    state = tmp_path / "state.db"
    open_for_writing(state).close()
    (tmp_path / ".state.db.0badcafe.new").write_text("half")
    open_for_writing(state).close()
    assert not list(tmp_path.glob(".*.new"))
