"""Errors of a state file: every SQLite or system error becomes a StateError with a hint.

An error that can only be a bug in mtc (a broken constraint, wrong SQL on an intact file) is raised unchanged.
"""

import contextlib
import errno
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mtc.core.errors import StateError, explain_machine_error

RESTORE = (
    "restore it from a backup; or save what can be read with `mtc state export`, move it and the warehouse away, "
    "and run again: all logs that are still there are imported again"
)
_SPACE = "free some space and run the same command: nothing is lost"
_RIGHTS = "check the permissions and the owner of the file and its folder, and that the disk is not mounted read-only"
_DISK = (
    "check the disk (its free space, the system's log) and the limit on file sizes (`ulimit -f`); "
    "a state file belongs on a local disk"
)
_IN_USE = "another program has the file open; close it and run the same command"

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_NO_RIGHTS = {errno.EROFS, errno.EACCES, errno.EPERM}
_BUGS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.NotSupportedError)


class CannotWriteError(StateError):
    """The file or folder cannot be written, or not even opened."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """What some of SQLite's result codes, primary or extended, mean (https://sqlite.org/rescode.html)."""

    codes: frozenset[int]
    what: str
    hint: str
    kind: type[StateError] = StateError


_FAULTS = (  # the first that matches
    _Fault(
        frozenset(
            {
                sqlite3.SQLITE_CORRUPT,
                sqlite3.SQLITE_NOTADB,
                sqlite3.SQLITE_FORMAT,
                sqlite3.SQLITE_IOERR_SHORT_READ,
                sqlite3.SQLITE_IOERR_CORRUPTFS,
            }
        ),
        "the state file is damaged",
        RESTORE,
    ),
    _Fault(frozenset({sqlite3.SQLITE_FULL}), "no space left on the disk for the state file", _SPACE),
    _Fault(
        frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN}),
        "cannot write the state file",
        _RIGHTS,
        CannotWriteError,
    ),
    _Fault(
        frozenset({sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP}),
        "cannot write beside the state file",  # the shared memory, which readers need too
        _DISK,
        CannotWriteError,
    ),
    _Fault(frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}), "the state file is in use", _IN_USE),
    _Fault(frozenset({sqlite3.SQLITE_IOERR}), "cannot read or write the state file", _DISK),
)


def damaged(path: Path, detail: str) -> StateError:
    """The error that a file cannot be read as a state file."""
    return StateError(f"the state file is damaged: {detail}", where=str(path), hint=RESTORE)


def of_system(error: OSError, path: Path, doing: str) -> StateError:
    """The StateError for an operating-system error while `doing` something with `path`."""
    if error.errno in _NO_SPACE:
        return StateError("no space left on the disk", where=str(path), hint=_SPACE)
    if error.errno not in _NO_RIGHTS and (known := explain_machine_error(error)) is not None and known.hint:
        return StateError(f"cannot {doing}: {known.what}", where=str(path), hint=known.hint)
    what = f"cannot {doing}: {error.strerror or error}"
    return StateError(what, where=str(path), hint=_RIGHTS if error.errno in _NO_RIGHTS else "")


def of_sqlite(error: sqlite3.Error, path: Path) -> StateError | None:
    """The StateError for an SQLite error; None if only a check of the file can tell damage from a bug in mtc."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by Python's module; while reading that is only text that is not UTF-8
        return damaged(path, str(error)) if isinstance(error, sqlite3.OperationalError) else None
    for fault in _FAULTS:
        if code in fault.codes or code & 0xFF in fault.codes:
            return fault.kind(f"{fault.what}: {error}", where=str(path), hint=fault.hint)
    return None


def _is_intact(connection: sqlite3.Connection | None) -> bool:
    if connection is None:
        return True
    try:
        rows: list[tuple[str]] = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.Error:
        return False
    return rows == [("ok",)]


@contextlib.contextmanager
def explained(connection: sqlite3.Connection | None, path: Path) -> Iterator[None]:
    """Turn SQLite errors inside the block into StateErrors."""
    try:
        yield
    except _BUGS:
        raise
    except sqlite3.Error as error:
        known = of_sqlite(error, path)
        if known is None and not _is_intact(connection):
            known = damaged(path, str(error))
        if known is None:
            raise
        raise known from error


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn errors of decoding rows into StateErrors: a value that cannot be decoded is damage."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(path, f"a value in it cannot be read ({error})") from error
