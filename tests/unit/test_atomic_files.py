"""Files that come into being once, whole."""

from pathlib import Path

import pytest

from mtc.core.atomic_files import create_once
from mtc.core.errors import StateError
from mtc.state.connection import open_for_writing


def write_mine(staged: Path) -> None:
    staged.write_text("mine")


def test_a_file_is_made_private_and_alone(tmp_path: Path) -> None:
    """Nothing else is left in the folder, and what a killed creation had left is swept."""
    target = tmp_path / "mark"
    (tmp_path / ".mark.0badcafe.new").write_text("half")
    assert create_once(target, write_mine)
    assert target.read_text() == "mine"
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    """Also a link that leads nowhere: it is somebody's."""
    target, link = tmp_path / "mark", tmp_path / "link"
    target.write_text("theirs")
    link.symlink_to(tmp_path / "nowhere")
    assert not create_once(target, write_mine)
    assert not create_once(link, write_mine)
    assert target.read_text() == "theirs"
    assert link.is_symlink()


def test_a_rival_that_was_faster_wins(tmp_path: Path) -> None:
    """What got the name first keeps it."""
    target = tmp_path / "mark"

    def slow(staged: Path) -> None:
        staged.write_text("mine")
        target.write_text("theirs")

    assert not create_once(target, slow)
    assert target.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [target]


def test_a_rival_at_work_is_not_swept(tmp_path: Path) -> None:
    """Of two at the same time both may write; the first to end gives the name."""
    target = tmp_path / "mark"

    def overtaken(staged: Path) -> None:
        staged.write_text("mine")
        assert create_once(target, write_mine)
        assert staged.exists()

    assert not create_once(target, overtaken)
    assert list(tmp_path.iterdir()) == [target]


def test_a_creation_that_a_rival_swept_starts_over(tmp_path: Path) -> None:
    """It never gives the name to what it did not write."""
    target = tmp_path / "mark"
    tries: list[Path] = []

    def swept_once(staged: Path) -> None:
        tries.append(staged)
        staged.write_text("mine")
        if len(tries) == 1:
            staged.unlink()

    assert create_once(target, swept_once)
    assert len(set(tries)) == 2
    assert target.read_text() == "mine"


@pytest.mark.parametrize("error", [StateError("no space"), OSError("no space"), RuntimeError("a bug")])
def test_a_creation_that_fails_leaves_nothing(tmp_path: Path, error: Exception) -> None:
    """The error is told, and the folder is as it was."""

    def fail(staged: Path) -> None:
        staged.write_text("half")
        raise error

    with pytest.raises(type(error)):
        create_once(tmp_path / "mark", fail)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_creation_left_is_swept_also_when_the_file_is_there(tmp_path: Path) -> None:
    """A process that lost the race and was killed leaves its file beside the one that won."""
    state = tmp_path / "state.db"
    open_for_writing(state).close()
    (tmp_path / ".state.db.0badcafe.new").write_text("half")
    open_for_writing(state).close()
    assert not list(tmp_path.glob(".*.new"))
