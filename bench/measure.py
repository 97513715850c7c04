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


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost. `cpu` is of all its threads and children; `peak` in bytes, of the largest process."""

    seconds: float
    cpu: float
    peak: int


Work = Callable[[], Cost]


def run(command: Sequence[str], folder: Path) -> Cost:
    """Run a command and wait for it; one that fails ends the benchmark, with what it said."""
    with (folder / "said.txt").open("w+b") as said:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)}: exit {process.returncode}\n{said.read().decode(errors='replace')}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10)


def in_turn(works: Mapping[str, Work], runs: int) -> dict[str, Cost]:
    """Do each of the works so many times, one after the other, so that what disturbs one disturbs all."""
    costs: dict[str, list[Cost]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            costs[name].append(work())
    return {name: _median(found) for name, found in costs.items()}


def _median(costs: Sequence[Cost]) -> Cost:
    """The median of the seconds and of the CPU, and the highest peak."""
    return Cost(
        statistics.median(cost.seconds for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        max(cost.peak for cost in costs),
    )
