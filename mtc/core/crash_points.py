"""Named points at which a crash test kills the process: `MTC_CRASH_AT=NAME`, or `NAME:3` for the third passage.

Without that variable a point does nothing. `POINTS` lists all names, so that a test can go through them.
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
    "merge.staged",
    "merge.published",
    "merge.before",
    "merge.recorded",
    "merge.cleaned",
    "run.recovering",
    "run.planned",
    "run.finished",
)

_VARIABLE = "MTC_CRASH_AT"
_passages: dict[str, int] = {}


def point(name: str) -> None:
    """Kill this process with SIGKILL if the environment names this point."""
    value = os.environ.get(_VARIABLE)
    if value is None:
        return
    target, _, count = value.partition(":")
    if target != name:
        return
    _passages[name] = _passages.get(name, 0) + 1
    if _passages[name] == int(count or 1):
        os.kill(os.getpid(), signal.SIGKILL)
