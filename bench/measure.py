"""What a process costs: seconds, CPU seconds and peak memory, in medians of several runs taken in turn.

Everything is measured as a process of its own, as a user would start it, its start and end included. The process that
measures stays small, as Linux counts it into the peak of those it starts.
"""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost. `cpu` is of all its threads and children; `peak` in bytes, of the largest process.

    `read` counts the bytes that it read of files, from the disk or from memory; of Linux only.
    """

    seconds: float
    cpu: float
    peak: int
    read: int = 0


Work = Callable[[], Cost]


def run(
    command: Sequence[str], folder: Path, output: IO[str] | None = None, changed: Mapping[str, str] | None = None
) -> Cost:
    """Run a command and wait for it; one that fails ends the benchmark, with what it said on stderr.

    `output` is where its stdout goes, if it is wanted; `changed` are further variables of its environment.
    """
    with (folder / "said.txt").open("w+b") as said:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output or subprocess.DEVNULL,
            stderr=said,
            env={**_environment(), **(changed or {})},
        )
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        seconds = time.perf_counter() - begun
        read = _bytes_read(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)}: exit {process.returncode}\n{said.read().decode(errors='replace')}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10, read)


def _environment() -> dict[str, str]:
    """This one, but Python keeps what it has compiled, as where mtc is installed."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _bytes_read(process: int) -> int:
    """What Linux counted for a process that has ended, and for the children that it waited for."""
    try:
        counts = Path(f"/proc/{process}/io").read_text("ascii")
    except OSError:
        return 0
    return int(next(line for line in counts.splitlines() if line.startswith("rchar:")).split()[1])


def in_turn(works: Mapping[str, Work], runs: int) -> dict[str, Cost]:
    """Do each of the works so many times, one after the other, so that what disturbs one disturbs all."""
    costs: dict[str, list[Cost]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            costs[name].append(work())
    return {name: _median(found) for name, found in costs.items()}


def _median(costs: Sequence[Cost]) -> Cost:
    """The medians, and the highest peak."""
    return Cost(
        statistics.median(cost.seconds for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        max(cost.peak for cost in costs),
        int(statistics.median(cost.read for cost in costs)),
    )
