"""Which reporter a command gets, by its flags and its streams."""

import time
from collections.abc import Callable, Mapping
from typing import TextIO

from mtc.events import Reporter
from mtc.report.console import ConsoleReporter
from mtc.report.jsonlines import JsonReporter
from mtc.report.look import look_at
from mtc.report.many import ManyReporters


def choose(
    *,
    json: bool,
    quiet: bool,
    stdout: TextIO,
    stderr: TextIO,
    environment: Mapping[str, str],
    clock: Callable[[], float] = time.monotonic,
) -> Reporter:
    """With `json`, events on stdout and only failures on stderr; else the console's reporter on stderr."""
    console = ConsoleReporter(stderr, look_at(stderr, environment), quiet=quiet or json, clock=clock)
    return ManyReporters(JsonReporter(stdout), console) if json else console
