"""Errors as text on stderr and as an exit code; a bug leaves a crash log."""

import sys

from mtc.core.errors import InterruptedRunError, MtcError, explain_machine_error
from mtc.core.signals import heard


def report_failure(error: Exception) -> int:
    """Report an error and return its exit code; after a signal, that of the signal, as libraries then raise errors."""
    if heard:
        return report_error(InterruptedRunError(heard[0]))
    known = error if isinstance(error, MtcError) else explain_machine_error(error)
    return report_error(known) if known else _report_crash(error)


def report_error(error: MtcError) -> int:
    """Print an error with its tip and return its exit code."""
    from mtc.cli.streams import stderr_terminal
    from mtc.report.error_report import print_error

    return print_error(error, sys.stderr, stderr_terminal())


def _report_crash(error: Exception) -> int:
    from mtc.cli.preflight import crash_folder, known_secrets
    from mtc.cli.streams import stderr_terminal
    from mtc.core.clock import utc_now
    from mtc.report.error_report import report_crash

    now = utc_now()
    return report_crash(
        error, folder=crash_folder(), secrets=known_secrets(), now=now, stream=sys.stderr, terminal=stderr_terminal()
    )
