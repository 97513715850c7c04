"""Disks that are full, and folders that cannot be written: a plain message, and the same command goes on later."""

import os
from pathlib import Path

import pytest
from endstate import State
from mounts import small_disk, unwritable
from trial import Ended, Trial
from verdict import completes

FAILED, STATE = 3, 6
SIZE = 4_000  # kilobytes: more than enough for the whole project


def is_plain(ended: Ended) -> bool:
    """Whether a failure is told in words, without Python's."""
    talk = ended.out + ended.err
    return not any(word in talk for word in ("Traceback", "bug in mtc", "OSError", "[Errno", "sqlite3."))


@pytest.mark.parametrize("free", [0, 180, 420])
def test_a_run_on_a_full_disk_goes_on_when_there_is_space(
    free: int, fresh: Trial, whole: State, tmp_path: Path
) -> None:
    """However far it came: the message says that there is no space, and nothing is lost."""
    with small_disk(tmp_path / "disk", SIZE) as disk:
        trial = fresh.copy(disk)
        _fill(disk / "ballast", free)
        full = trial.apply()
        assert full.code in {FAILED, STATE}, full.err
        assert is_plain(full), full.err
        assert "space" in full.err
        (disk / "ballast").unlink()
        completes(trial, whole)


@pytest.mark.parametrize("folder", ["warehouse", "stats", "csv", "archive"])
def test_a_full_disk_that_is_not_the_one_of_the_state_fails_the_steps_that_need_it(
    folder: str, fresh: Trial, whole: State, tmp_path: Path
) -> None:
    """Each failure is in the state; what was done before is not done again."""
    trial = fresh.copy(tmp_path / "project")
    with small_disk(trial.root / folder, SIZE) as disk:
        _fill(disk / "ballast", 4)
        full = trial.apply()
        assert full.code in ({FAILED, STATE} if folder == "warehouse" else {FAILED}), full.err
        assert is_plain(full), full.err
        assert "no space" in full.err
        (disk / "ballast").unlink(missing_ok=True)
        completes(trial, whole)


def _fill(path: Path, free: int) -> None:
    """Leave so many kilobytes of a file system."""
    path.touch()
    status = os.statvfs(path)
    blocks = status.f_bavail - free * 1024 // status.f_frsize
    with path.open("wb") as stream:
        stream.write(bytes(blocks * status.f_frsize))


@pytest.mark.parametrize("kilobytes", [4, 128])
def test_a_run_that_may_not_write_large_files_goes_on_when_it_may(
    kilobytes: int, fresh: Trial, whole: State, tmp_path: Path
) -> None:
    """A limit on the size of files (`ulimit -f`) is a disk that is full for large files only."""
    trial = fresh.copy(tmp_path / "project")
    limited = trial.mtc("apply", largest_file=kilobytes * 1024)
    assert limited.code in {FAILED, STATE}, limited.err
    assert is_plain(limited), limited.err
    completes(trial, whole)


@pytest.mark.parametrize(
    ("folder", "code"), [(".mtc", STATE), ("warehouse", STATE), ("stats", FAILED), ("csv", FAILED), ("archive", FAILED)]
)
def test_a_folder_that_cannot_be_written_is_named(
    folder: str, code: int, fresh: Trial, whole: State, tmp_path: Path
) -> None:
    """The message has the folder in it and says what is wrong; once it is mended, the same command goes on."""
    trial = fresh.copy(tmp_path / "project")
    with unwritable(trial.root / folder):
        denied = trial.apply()
    assert denied.code == code, denied.err
    assert is_plain(denied), denied.err
    assert str(trial.root / folder) in denied.err or f" {folder}/" in denied.err
    completes(trial, whole)


def test_a_state_that_cannot_be_written_keeps_a_run_from_beginning(
    imported: Trial, whole: State, tmp_path: Path
) -> None:
    """Looking works all the same."""
    trial = imported.copy(tmp_path / "project")
    with unwritable(trial.root / ".mtc"):
        denied = trial.apply()
        looked = trial.mtc("plan")
    assert denied.code == STATE, denied.err
    assert is_plain(denied), denied.err
    assert (looked.code, "nothing to do" in looked.out) == (0, True), looked.err
    completes(trial, whole)


def test_a_damaged_state_is_not_written_to(imported: Trial, tmp_path: Path) -> None:
    """It is the only witness of what was done: it stays as it is, and the message says so."""
    trial = imported.copy(tmp_path / "project")
    state = trial.root / ".mtc" / "state.db"
    for beside in state.parent.glob("state.db-*"):
        beside.unlink()
    damage = b"\0" * 512 + state.read_bytes()[512:]
    state.write_bytes(damage)
    ended = trial.apply()
    assert ended.code == STATE, ended.err
    assert is_plain(ended), ended.err
    assert state.read_bytes() == damage
