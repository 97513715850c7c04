"""Named points at which a crash test has the process killed: `MTC_CRASH_AT=NAME` or `NAME:3` for the third passage.

Without that variable a point does nothing. The names are listed here, so that a test can go through all of them.
"""

import os
import signal

POINTS: tuple[str, ...] = (
    "fetch.done",
    "load.staged",
    "load.published",
    "record.before",
    "record.after",
    "archive.before",
    "archive.pushed",
    "deliver.cut",
    "deliver.sending",
    "deliver.sent",
    "deliver.doubt",
    "deliver.ended",
    "import.done",
    "stat.before",
    "stat.written",
    "csv.before",
    "csv.written",
    "run.recovering",
    "run.planned",
    "run.finished",
)

_VARIABLE = "MTC_CRASH_AT"
_passages: dict[str, int] = {}


def point(name: str) -> None:
    """Die here, as by `kill -9`, if a test asked for it."""
    wanted = os.environ.get(_VARIABLE)
    if wanted is None:
        return
    target, _, count = wanted.partition(":")
    if target != name:
        return
    _passages[name] = _passages.get(name, 0) + 1
    if _passages[name] == int(count or 1):
        os.kill(os.getpid(), signal.SIGKILL)
