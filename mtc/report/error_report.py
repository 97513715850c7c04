"""Errors as they are shown: an error with its tip, a problem of a manifest with its line, and a bug as a crash log.

A manifest is untrusted text: control, direction and private-use characters are escaped, never sent to a terminal.

A crash log can be read by its owner only. It holds the traceback without local variables and without secrets: every
known secret is masked, however it is written.
"""

import base64
import contextlib
import datetime as dt
import json
import os.path
import platform
import re
import tempfile
import traceback
import unicodedata
import urllib.parse
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TextIO

from mtc import __version__
from mtc.core.errors import EXIT_BUG, ManifestError, MtcError, Problem
from mtc.core.sanitize import escape_invisible, one_line, text_block
from mtc.report.terminal import PLAIN, Terminal, Tone, try_write_line
from mtc.report.text import plural

# room for a long line of a manifest
_ERROR_LIMIT = 1000


def error_text(error: MtcError, terminal: Terminal = PLAIN) -> str:
    """`ERROR where: what`, then `  TIP hint`. A ManifestError's problems come first, their count last."""
    if isinstance(error, ManifestError):
        shown = text_block("\n\n".join(map(problem_text, error.problems)), _ERROR_LIMIT)
        number = plural(len(error.problems), "problem")
        return f"{shown}\n{_error(f'the manifest is not valid: {number}', terminal)}"
    where = f"{one_line(error.where)}: " if error.where else ""
    text = _error(f"{where}{one_line(error.what, _ERROR_LIMIT)}", terminal)
    return f"{text}\n{tip(error.hint, terminal)}" if error.hint else text


def tip(hint: str, terminal: Terminal = PLAIN) -> str:
    """The line of an error that says what to do."""
    return f"  {terminal.paint('TIP', Tone.WARN)} {one_line(hint, _ERROR_LIMIT)}"


def _error(text: str, terminal: Terminal) -> str:
    return f"{terminal.paint('ERROR', Tone.BAD)} {text}"


def print_error(error: MtcError, stream: TextIO, terminal: Terminal = PLAIN) -> int:
    """Print the error and return its exit code, also if the stream cannot be written to."""
    try_write_line(stream, error_text(error, terminal))
    return error.exit_code


_TAB_WIDTH = 4
_EXCERPT_WIDTH = 110


def problem_text(problem: Problem, cwd: Path | None = None) -> str:
    """`file:line:column: where: what. hint`, then the source line with a caret under the column, if there is one."""
    place = ":".join([_relative_path(problem.file, cwd or Path.cwd()), *_numbers(problem)])
    where = f"{problem.where}: " if problem.where else ""
    text = f"{problem.what}. {problem.hint}" if problem.hint else problem.what
    head = escape_invisible(f"{place}: {where}{text}")
    return f"{head}\n{_excerpt(problem)}" if problem.source.strip() else head


def _numbers(problem: Problem) -> list[str]:
    return [str(problem.line), str(problem.column)] if problem.line else []


def _relative_path(file: str, cwd: Path) -> str:
    path = Path(file)
    if not path.is_absolute() or not path.is_relative_to(cwd):
        return file
    return os.path.relpath(path, cwd)


def _excerpt(problem: Problem) -> str:
    """The source line and the caret; of a long line, the part around the caret."""
    column = max(problem.column - 1, 0)
    start = max(0, column - _EXCERPT_WIDTH // 2) if len(problem.source) > _EXCERPT_WIDTH else 0
    piece = problem.source[start : start + _EXCERPT_WIDTH]
    shown = [" " * _TAB_WIDTH if character == "\t" else escape_invisible(character) for character in piece]
    before = "".join(shown[: column - start])
    left, right = "..." if start else "", "..." if start + _EXCERPT_WIDTH < len(problem.source) else ""
    indent = sum(_cells(character) for character in left + before)
    margin = f"{problem.line:>5} | "
    return f"{margin}{left}{''.join(shown)}{right}\n{' ' * (len(margin) - 2)}| {' ' * indent}^"


def _cells(character: str) -> int:
    """How many cells of a terminal a visible character takes."""
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


MASK = "***"
_TRACEBACK_LIMIT = 2000
_TIP = "this is a bug in mtc; please report it with that file. Running the same command again is safe"


def mask(text: str, secrets: Collection[str]) -> str:
    """Replace every secret in `text`: plain, quoted for a URL, escaped or in base64."""
    spellings = {spelling for secret in secrets if secret for spelling in _spellings(secret)}
    if not spellings:
        return text
    # the longest first, so that no spelling is masked only in part
    pattern = "|".join(map(re.escape, sorted(spellings, key=lambda spelling: (-len(spelling), spelling))))
    return re.sub(pattern, MASK, text)


def _spellings(secret: str) -> Iterator[str]:
    octets = secret.encode("utf-8", "surrogatepass")
    yield secret
    yield urllib.parse.quote(octets, safe="")
    yield urllib.parse.quote(octets)
    yield urllib.parse.quote_plus(octets)
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield base64.b64encode(octets).decode("ascii")
    yield from (line for line in secret.splitlines() if line != secret and line.strip())


def crash_text(error: BaseException, secrets: Collection[str], now: dt.datetime) -> str:
    """The text of a crash log: versions, the time and the masked traceback, sanitized line by line."""
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
    system = f"python {platform.python_version()} on {platform.system()} {platform.machine()}"
    head = f"mtc {__version__}, {system}, {now.astimezone(dt.UTC).isoformat(timespec='seconds')}"
    return f"{head}\n\n{text_block(mask(shown, secrets), _TRACEBACK_LIMIT)}"


def report_crash(
    error: BaseException,
    *,
    folder: Path,
    secrets: Collection[str],
    now: dt.datetime,
    stream: TextIO,
    terminal: Terminal = PLAIN,
) -> int:
    """Write a crash log, print its name on `stream`, and return the exit code of a bug.

    Args:
        error: the unexpected exception.
        folder: where the log goes; if that fails, the folder for temporary files.
        secrets: texts that must not appear in it.
        now: the current time, with a time zone.
        stream: where the name of the log is printed.
        terminal: what `stream` can show.
    """
    text = crash_text(error, secrets, now)
    log = _written(text, (folder, Path(tempfile.gettempdir())), now)
    named = f"the details are in {one_line(str(log))}" if log else "its log could not be written"
    try_write_line(stream, f"{terminal.paint('ERROR', Tone.BAD)} {type(error).__name__}: {named}")
    try_write_line(stream, tip(_TIP, terminal) if log else text)
    return EXIT_BUG


def _written(text: str, folders: tuple[Path, ...], now: dt.datetime) -> Path | None:
    name = f"crash-{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}.log"
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            # O_EXCL: never through a link, or over a file, that someone else has put there
            handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as log:
                log.write(text)
            return folder / name
    return None
