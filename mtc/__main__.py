"""`mtc`, and `python -m mtc`: signals are heard first, as loading the commands takes longer than some of them do."""

import gc
import os
import sys
from typing import NoReturn

from mtc.core.signals import SignalError, listen

_YOUNG = 500_000
"""How many more objects there may be before the garbage collector looks at them: more than mtc's own code, and the
history of a year of twenty sites. Few objects of mtc are in cycles.
"""


def main() -> NoReturn:
    """Load the command line and hand over to it."""
    listen()
    gc.set_threshold(_YOUNG)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # to look for some reads of every package installed
    _open_streams()
    try:
        from mtc.cli.main import main as command_line  # noqa: PLC0415 - what takes long, in which a signal may come

        command_line()
    except SignalError as signalled:
        sys.stderr.write(f"ERROR {signalled.error.what}\n  TIP {signalled.error.hint}\n")
        sys.exit(signalled.error.exit_code)


def _open_streams() -> None:
    """Have streams where the caller has closed them: else a file would get their number, and what is printed."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(handle, "r" if number == 0 else "w"))


if __name__ == "__main__":
    main()
