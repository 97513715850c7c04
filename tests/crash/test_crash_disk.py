"""Full disks and unwritable folders: a clear error, and the same command continues afterwards."""

import os
from pathlib import Path

import pytest
from endstate import State
from mounts import small_disk, unwritable
from trial import Ended, Trial
from verdict import completes

FAILED, STATE = 3, 6
SIZE = 4_000  # kilobytes: more than the whole project needs


def is_plain(ended: Ended) -> bool:
    """Return whether a failure is reported without a Python error or traceback."""
    talk = ended.out + ended.err
    return not any(word in talk for word in ("Traceback", "bug in mtc", "OSError", "[Errno", "sqlite3."))


@pytest.mark.parametrize("free", [0, 180, 420])
def test_a_run_on_a_full_disk_continues_once_there_is_space(
    free: int, fresh: Trial, whole: State, tmp_path: Path
) -> None:
    """The error mentions the missing space, and the next run completes the steps."""
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
def test_a_full_disk_without_the_state_fails_only_its_steps(
    folder: str, fresh: Trial, whole: State, tmp_path: Path
) -> None:
    """Steps that write to the full disk fail and are recorded; completed steps are not run again."""
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
    """Fill a file system up to some free kilobytes."""
    path.touch()
    status = os.statvfs(path)
    blocks = status.f_bavail - free * 1024 // status.f_frsize
    with path.open("wb") as stream:
        stream.write(bytes(blocks * status.f_frsize))


@pytest.mark.parametrize("kilobytes", [4, 128])
def test_a_run_with_a_file_size_limit_continues_without_it(
    kilobytes: int, fresh: Trial, whole: State, tmp_path: Path
) -> None:
    """With a file size limit (`ulimit -f`), large files fail as on a full disk."""
    trial = fresh.copy(tmp_path / "project")
    limited = trial.mtc("apply", largest_file=kilobytes * 1024)
    assert limited.code in {FAILED, STATE}, limited.err
    assert is_plain(limited), limited.err
    completes(trial, whole)


@pytest.mark.parametrize(
    ("folder", "code"), [(".mtc", STATE), ("warehouse", STATE), ("stats", FAILED), ("csv", FAILED), ("archive", FAILED)]
)
def test_an_unwritable_folder_is_reported(folder: str, code: int, fresh: Trial, whole: State, tmp_path: Path) -> None:
    """The error names the folder, and the same command continues once it is writable."""
    trial = fresh.copy(tmp_path / "project")
    with unwritable(trial.root / folder):
        denied = trial.apply()
    assert denied.code == code, denied.err
    assert is_plain(denied), denied.err
    assert str(trial.root / folder) in denied.err or f" {folder}/" in denied.err
    completes(trial, whole)


def test_an_unwritable_state_prevents_a_run(imported: Trial, whole: State, tmp_path: Path) -> None:
    """`apply` fails, while `plan` still works."""
    trial = imported.copy(tmp_path / "project")
    with unwritable(trial.root / ".mtc"):
        denied = trial.apply()
        looked = trial.mtc("plan")
    assert denied.code == STATE, denied.err
    assert is_plain(denied), denied.err
    assert (looked.code, "nothing to do" in looked.out) == (0, True), looked.err
    completes(trial, whole)


def test_a_damaged_state_stays_unchanged(imported: Trial, tmp_path: Path) -> None:
    """A damaged state file is reported and stays unchanged."""
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
