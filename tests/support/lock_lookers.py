"""Processes that continuously check which run holds the lock of a state file."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LOOKER = """
import sys
from pathlib import Path
from mtc.state.lock import owner_at_work
print("looking", flush=True)
while True:
    owner_at_work(Path(sys.argv[1]))
"""


@contextlib.contextmanager
def lookers(state: Path, number: int = 3) -> Iterator[None]:
    """Run some of these processes during the block; they are all active when it starts."""
    with contextlib.ExitStack() as stack:
        for _ in range(number):
            command = [sys.executable, "-c", LOOKER, str(state)]
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "looking\n"
        yield
