"""The streams of a command: what stdout and stderr can show, notes, warnings, the reporter of a run."""

import os
import sys
from collections.abc import Iterable

from mtc.core.errors import Problem
from mtc.core.events import Reporter
from mtc.core.sanitize import one_line
from mtc.report.error_report import problem_text
from mtc.report.reporters import choose_reporter
from mtc.report.terminal import Terminal, detect_terminal, try_write_line


def stdout_terminal() -> Terminal:
    """What stdout can show."""
    return detect_terminal(sys.stdout, os.environ)


def stderr_terminal() -> Terminal:
    """What stderr can show."""
    return detect_terminal(sys.stderr, os.environ)


def note(text: str) -> None:
    """Write a note for a person to stderr."""
    try_write_line(sys.stderr, f"note: {one_line(text)}")


def warn(problems: Iterable[Problem]) -> None:
    """Show warnings about a manifest on stderr, each with its line."""
    for each in problems:
        try_write_line(sys.stderr, f"warning: {problem_text(each)}")


def reporter(*, json: bool, quiet: bool) -> Reporter:
    """The reporter for this command's streams."""
    return choose_reporter(json=json, quiet=quiet, stdout=sys.stdout, stderr=sys.stderr, environment=os.environ)
