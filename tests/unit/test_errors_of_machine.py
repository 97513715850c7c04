"""What a machine's limits are told as: never a bug of mtc, and never rights that are fine."""

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
def test_a_limit_is_named_with_what_raises_it(number: int, what: str, hint: str) -> None:
    """Wherever it is met: in general, while files are written or read, or by the state file."""
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
def test_what_is_in_the_way_of_a_file_is_named(
    tmp_path: pathlib.Path, prepare: Callable[[pathlib.Path], object], what: str, where: str
) -> None:
    """By the path that people know, not by the one under which the file was begun."""
    target = tmp_path / "stats" / "docs" / "day.stat"
    prepare(target)
    with pytest.raises(OSError, match=r".") as raised:
        write_atomic(target, b"x")
    told = explain_write_error(raised.value, "")
    assert what in told.what
    assert told.where == str(tmp_path / where)
    assert "move it away" in told.hint


def test_a_folder_without_rights_is_named_and_no_file_that_was_begun_in_it() -> None:
    """So that all that fails over it fails in the same words."""
    error = PermissionError(errno.EACCES, "Permission denied", "/data/stats/.2026-05-01.stat.0a1b2c3d.tmp")
    assert explain_write_error(error, "").where == "/data/stats"


def test_limits_that_other_programs_cause_may_pass() -> None:
    """Open files are given back; a path does not become shorter."""
    assert isinstance(explain_machine_error(failure(errno.EMFILE)), TransientError)
    assert isinstance(explain_machine_error(failure(errno.ENAMETOOLONG)), PermanentError)


def test_memory_and_threads_are_limits_too() -> None:
    """Python has classes of its own for these; any other RuntimeError is a bug."""
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


def test_rights_are_told_as_rights() -> None:
    """That much of the old message was right."""
    for number in (errno.EACCES, errno.EPERM, errno.EROFS):
        told = explain_machine_error(failure(number))
        assert told is not None
        assert "permissions" in told.hint


def test_new_folders_are_made_durable_up_to_the_first_that_was_there(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power loss must not take the name of a folder whose files were fsynced."""
    synced: list[str] = []
    monkeypatch.setattr(
        "mtc.core.atomic_files.fsync_dir", lambda folder: synced.append(folder.name)
    )  # the real one leaves no trace
    make_folder(tmp_path / "a/b/c")
    assert synced == [tmp_path.name, "a", "b"]
    make_folder(tmp_path / "a/b/c")
    assert len(synced) == 3


def test_a_folder_may_be_made_by_several_at_a_time(tmp_path: pathlib.Path) -> None:
    """Threads that meet do not stumble over one another."""
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
