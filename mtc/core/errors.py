"""Every error mtc raises on purpose: what happened, where, and what to do about it.

    MtcError
    ├── UsageError              2   the command line is not valid
    │   └── ManifestError       2   a manifest is not valid; carries every problem found
    ├── StepError               3   one step cannot continue; the others can
    │   ├── PermanentError          a retry would fail the same way
    │   │   └── DamagedFileError    a compressed file is damaged or cut off, or is still being written
    │   └── TransientError          may pass: retried with back-off
    │       └── ObjectChangedError  an object changed since it was listed: list again, then retry
    ├── StateError              6   the state file is damaged, from a newer mtc, or cannot be written
    ├── LockedError            75   another run holds the lock
    └── InterruptedRunError  129/130/143   SIGHUP, Ctrl-C or SIGTERM

No message may hold a secret. One handler, in `mtc.cli`, prints them.
"""

import errno
from dataclasses import dataclass

EXIT_OK = 0
EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_FAILED = 3
EXIT_WORK = 4
EXIT_STATE = 6
EXIT_LOCKED = 75


@dataclass(frozen=True, slots=True)
class ExitCode:
    """What one or several exit codes mean: in a few words for `--help`, and in full for the documentation."""

    codes: tuple[int, ...]
    summary: str
    meaning: str


EXIT_CODES: tuple[ExitCode, ...] = (
    ExitCode((EXIT_OK,), "done or up to date", "Everything is done, or was up to date."),
    ExitCode((EXIT_BUG,), "a bug", "A bug in mtc. The message names a file to send with a report."),
    ExitCode(
        (EXIT_USAGE,),
        "usage or an invalid manifest",
        "The command line or the manifest is not valid; `mtc schema --check`: the copy differs.",
    ),
    ExitCode(
        (EXIT_FAILED,),
        "steps failed or are blocked",
        "Steps failed or are blocked, or logs have stopped arriving (`freshness.error_after`). `mtc doctor`: a run "
        "would fail. `mtc verify`: something differs, or an import failed. `mtc explain`: an import would refuse the "
        "file.",
    ),
    ExitCode(
        (EXIT_WORK,),
        "there is work (plan --exit-code)",
        "`mtc plan --exit-code`: there is work to do. If all remaining steps are blocked, the exit code is 3.",
    ),
    ExitCode(
        (EXIT_STATE,),
        "the state file is damaged",
        "The state file is damaged, was written by a newer mtc, or cannot be written.",
    ),
    ExitCode((EXIT_LOCKED,), "another run is active", "Another run holds the lock. `--wait 10m` waits for it."),
    ExitCode(
        (129, 130, 143),
        "interrupted: the same command continues",
        "Interrupted: the terminal was closed (SIGHUP; `nohup` prevents that), Ctrl-C, or SIGTERM. Run the same "
        "command to continue.",
    ),
)
"""Every exit code. The commands' `--help` and `docs/commands.md` are made from this table."""

_DENIED = {errno.EACCES, errno.EPERM}
_PASSING = {errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE, errno.EINTR, errno.EAGAIN}


class MtcError(Exception):
    """What happened (`what`), where (`where`, may be empty), and what to do (`hint`, may be empty)."""

    exit_code = EXIT_FAILED

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what, where, hint)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.where, self.hint))


def _rebuild(kind: type[MtcError], what: str, where: str, hint: str) -> MtcError:
    """Rebuild an error that was pickled."""
    return kind(what, where=where, hint=hint)


class UsageError(MtcError):
    """The command line is not valid."""

    exit_code = EXIT_USAGE


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A problem in a manifest. `line` and `column` count from 1; 0 where the position is not known."""

    file: str
    line: int
    column: int
    where: str
    what: str
    hint: str = ""
    source: str = ""

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {where}{self.what}.{hint}"


class ManifestError(UsageError):
    """A manifest is not valid. `problems` holds all that were found, in order of position."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems

    def __reduce__(self) -> tuple[object, ...]:
        return (ManifestError, (self.problems,))


class StepError(MtcError):
    """One step cannot continue; the others can."""


class PermanentError(StepError):
    """A retry would fail the same way: a bad credential, a corrupt object, a wrong format."""


class DamagedFileError(PermanentError):
    """A compressed file is damaged or cut off. It may be one that is still being written."""


class TransientError(StepError):
    """A failure that may pass: a time-out, a 503, a connection reset. Retried with back-off.

    `retry_after` is the wait that the server requests, in seconds, if it does.
    """

    retry_after: float | None = None


class ObjectChangedError(TransientError):
    """An object changed since it was listed."""


class StateError(MtcError):
    """The state file is damaged, from a newer mtc, or cannot be written."""

    exit_code = EXIT_STATE


class LockedError(MtcError):
    """Another run holds the lock."""

    exit_code = EXIT_LOCKED


class InterruptedRunError(MtcError):
    """A signal asked the run to stop. `exit_code` is 128 plus its number."""

    def __init__(self, signal_number: int) -> None:
        super().__init__("interrupted", hint="run the same command to continue")
        self.exit_code = 128 + signal_number

    def __reduce__(self) -> tuple[object, ...]:
        return (InterruptedRunError, (self.exit_code - 128,))


_MEMORY = "lower `run.memory` or `run.jobs`, or give mtc more"
_LIMITS: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("no space left on the disk", "free some space and run the same command"),
    errno.EDQUOT: ("the disk quota is used up", "free some space and run the same command"),
    errno.EFBIG: ("a file would grow beyond the limit on file sizes", "raise the limit, `ulimit -f`"),
    errno.EMFILE: ("too many open files", "raise the limit, `ulimit -n`, or lower `run.jobs`"),
    errno.ENFILE: ("too many open files on this machine", "close some programs, or raise `fs.file-max`"),
    errno.ENAMETOOLONG: ("a path is too long for the file system", "choose shorter names or a folder higher up"),
    errno.ENOMEM: ("not enough memory", _MEMORY),
    errno.EISDIR: ("a folder is where a file should be", "move it away"),
    errno.ENOTDIR: ("a file is where a folder should be", "move it away"),
    errno.EEXIST: ("a file, or a link that leads nowhere, is where a folder should be", "move it away"),
    errno.ELOOP: ("too many symbolic links on the way", "look for a link that leads to itself"),
}
"""By error number: what it means and what to do."""

_THREADS = "can't start new thread"


def explain_machine_error(error: BaseException, where: str = "") -> StepError | None:
    """Explain an error of the machine (a limit, a missing permission); None for any other error.

    A retry would meet the same limit, so these are permanent, except for limits that other programs use up.
    """
    if isinstance(error, MemoryError):
        return PermanentError("not enough memory", where=where, hint=_MEMORY)
    if isinstance(error, RuntimeError) and _THREADS in str(error):
        hint = "raise the limits on memory and processes (`ulimit -v`, `ulimit -u`), or lower `run.jobs`"
        return PermanentError("no more threads can be started", where=where, hint=hint)
    if not isinstance(error, OSError):
        return None
    where = str(error.filename2 or error.filename or where)
    if error.errno in _LIMITS:
        what, hint = _LIMITS[error.errno]
        kind = TransientError if error.errno in _PASSING else PermanentError
        return kind(what, where=where, hint=hint)
    if error.errno in _DENIED | {errno.EROFS}:
        return PermanentError(f"no access: {error.strerror}", where=where, hint="check the permissions of the path")
    return PermanentError(f"{error.strerror or error}", where=where)


def explain_read_error(error: OSError, where: str) -> StepError:
    """Explain an operating-system error of a read, with a remedy where there is one."""
    if isinstance(error, FileNotFoundError):
        return ObjectChangedError("the file is gone", where=where)
    if error.errno in _DENIED:
        hint = "give the user that runs mtc the right to read it"
        return PermanentError("no permission to read", where=where, hint=hint)
    kind = TransientError if error.errno in _PASSING else PermanentError
    if error.errno in _LIMITS:
        what, hint = _LIMITS[error.errno]
        return kind(what, where=where, hint=hint)
    return kind(f"cannot read: {error.strerror or type(error).__name__}", where=where)
