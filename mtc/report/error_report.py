"""Errors as they are shown: an error that mtc raises on purpose with its tip, and a bug as a crash log.

A crash log can be read by its owner only. It holds the traceback without local variables and without secrets: every
known secret is masked, in whatever spelling it may appear.
"""

import base64
import contextlib
import datetime as dt
import json
import os
import platform
import re
import tempfile
import traceback
import urllib.parse
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TextIO

from mtc import __version__
from mtc.core.errors import EXIT_BUG, ManifestError, MtcError
from mtc.core.sanitize import one_line, text_block
from mtc.report.terminal import PLAIN, Terminal, Tone, try_write_line
from mtc.report.text import plural

# as long as a line of a manifest may reasonably be
_ERROR_LIMIT = 1000


def error_text(error: MtcError, terminal: Terminal = PLAIN, problems: str = "") -> str:
    """`ERROR where: what`, then `  TIP hint`. A ManifestError's problems come first, their count last.

    `problems` is the caller's text of a ManifestError's problems; without it each problem is a line.
    """
    if isinstance(error, ManifestError):
        shown = text_block(problems.rstrip("\n") or "\n".join(map(str, error.problems)), _ERROR_LIMIT)
        number = plural(len(error.problems), "problem")
        return f"{shown}\n{_error(f'the manifest is not valid: {number}', terminal)}"
    where = f"{one_line(error.where)}: " if error.where else ""
    text = _error(f"{where}{one_line(error.what, _ERROR_LIMIT)}", terminal)
    return f"{text}\n{tip(error.hint, terminal)}" if error.hint else text


def tip(hint: str, terminal: Terminal = PLAIN) -> str:
    """The line that says what to do."""
    return f"  {terminal.paint('TIP', Tone.WARN)} {one_line(hint, _ERROR_LIMIT)}"


def _error(text: str, terminal: Terminal) -> str:
    return f"{terminal.paint('ERROR', Tone.BAD)} {text}"


def print_error(error: MtcError, stream: TextIO, terminal: Terminal = PLAIN, problems: str = "") -> int:
    """Print the error and return its exit code, also if the stream cannot be written to."""
    try_write_line(stream, error_text(error, terminal, problems))
    return error.exit_code


MASK = "***"
_TRACEBACK_LIMIT = 2000
_TIP = "this is a bug in mtc; please report it with that file. Running the same command again is safe"


def mask(text: str, secrets: Collection[str]) -> str:
    """Replace every secret in `text`, plain, quoted for a URL, escaped or in base64."""
    spellings = {spelling for secret in secrets if secret for spelling in _spellings(secret)}
    if not spellings:
        return text
    # the longest first, so that no spelling hides behind a part of itself
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
    """Write a crash log, name it on `stream`, and return the exit code of a bug.

    Args:
        error: the bug.
        folder: where the log goes; the folder for temporary files, if it cannot be written there.
        secrets: what must not appear in it.
        now: the time, with a zone.
        stream: where the log is named.
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
