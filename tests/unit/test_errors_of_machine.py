"""Limits of the machine are reported as such, not as bugs of mtc or missing permissions."""

import errno
import os
import pathlib
import threading
from collections.abc import Callable

import pytest

from mtc.core.atomic_files import explain_write_error, make_folder, write_atomic
from mtc.core.errors import PermanentError, TransientError, explain_machine_error, explain_read_error
from mtc.state.state_errors import of_system

LIMITS = (
    (errno.ENOSPC, "no space left", "free some space"),
    (errno.EDQUOT, "quota", "free some space"),
    (errno.EFBIG, "limit on file sizes", "ulimit -f"),
    (errno.EMFILE, "too many open files", "ulimit -n"),
    (errno.ENFILE, "too many open files", "fs.file-max"),
    (errno.ENAMETOOLONG, "too long", "shorter"),
    (errno.ENOMEM, "not enough memory", "run.memory"),
)


def failure(number: int) -> OSError:
    return OSError(number, os.strerror(number), "/data/x")


@pytest.mark.parametrize(("number", "what", "hint"), LIMITS)
def test_a_limit_is_reported_with_the_way_to_raise_it(number: int, what: str, hint: str) -> None:
    """It may be reached anywhere, while files are written or read, or by the state file."""
    error = failure(number)
    for told in (explain_machine_error(error), explain_write_error(error, ""), explain_read_error(error, "/data/x")):
        assert told is not None
        assert what in told.what
        assert hint in told.hint
        assert "permission" not in str(told)
        assert told.where == "/data/x"
    state = of_system(error, pathlib.Path("/data/x"), "open the state file")
    assert "permission" not in str(state)
    assert state.hint


@pytest.mark.parametrize(
    ("prepare", "what", "where"),
    [
        (lambda place: place.mkdir(parents=True), "a folder is where a file should be", "stats/docs/day.stat"),
        (lambda place: place.parent.parent.write_bytes(b""), "a file, or a link", "stats"),
        (lambda place: place.parent.parent.symlink_to("nowhere"), "a link that leads nowhere", "stats"),
    ],
)
def test_the_path_that_blocks_a_file_is_named(
    tmp_path: pathlib.Path, prepare: Callable[[pathlib.Path], object], what: str, where: str
) -> None:
    """The error names the file's final path, not that of its temporary file."""
    target = tmp_path / "stats" / "docs" / "day.stat"
    prepare(target)
    with pytest.raises(OSError, match=r".") as raised:
        write_atomic(target, b"x")
    told = explain_write_error(raised.value, "")
    assert what in told.what
    assert told.where == str(tmp_path / where)
    assert "move it away" in told.hint


def test_a_folder_without_permission_is_named_instead_of_the_temporary_file() -> None:
    """All errors with the same cause have the same message."""
    error = PermissionError(errno.EACCES, "Permission denied", "/data/stats/.2026-05-01.stat.0a1b2c3d.tmp")
    assert explain_write_error(error, "").where == "/data/stats"


def test_limits_caused_by_other_programs_are_transient() -> None:
    """Open files are released; a path does not become shorter."""
    assert isinstance(explain_machine_error(failure(errno.EMFILE)), TransientError)
    assert isinstance(explain_machine_error(failure(errno.ENAMETOOLONG)), PermanentError)


def test_memory_and_threads_are_limits_too() -> None:
    """Python has its own classes for them; any other RuntimeError is a bug."""
    memory, threads = (
        explain_machine_error(MemoryError()),
        explain_machine_error(RuntimeError("can't start new thread")),
    )
    assert memory is not None
    assert "run.memory" in memory.hint
    assert threads is not None
    assert "ulimit -u" in threads.hint
    assert explain_machine_error(RuntimeError("dictionary changed size during iteration")) is None
    assert explain_machine_error(KeyError("x")) is None


def test_missing_permissions_are_reported_as_such() -> None:
    """An error about permissions is not taken for a limit."""
    for number in (errno.EACCES, errno.EPERM, errno.EROFS):
        told = explain_machine_error(failure(number))
        assert told is not None
        assert "permissions" in told.hint


def test_new_folders_are_made_durable_up_to_the_first_existing_one(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power loss must not lose the name of a folder whose files were synced."""
    synced: list[str] = []
    monkeypatch.setattr(
        "mtc.core.atomic_files.fsync_dir", lambda folder: synced.append(folder.name)
    )  # the real fsync leaves no trace
    make_folder(tmp_path / "a/b/c")
    assert synced == [tmp_path.name, "a", "b"]
    make_folder(tmp_path / "a/b/c")
    assert len(synced) == 3


def test_several_threads_may_create_the_same_folder(tmp_path: pathlib.Path) -> None:
    """Threads that create it at the same time do not fail."""
    failed: list[Exception] = []

    def make() -> None:
        try:
            make_folder(tmp_path / "a/b/c/d")
        except OSError as error:
            failed.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failed == []
