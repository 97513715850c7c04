"""How well mtc uses several cores: the share of a run's work that one thread does alone, and its speed-up.

`python bench/cores.py` loads one large file, and imports and counts many days, with 1 core and with each of `--cores`.
The share comes from a sampler of running threads (Linux): while exactly one thread wants a core, the others wait for
it, however many cores there are. By Amdahl's law it bounds the speed-up on any machine. A busy machine changes the
speed-up, but not the share: a thread that waits for a core counts as running.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workplace import Workplace

_PAUSE = 0.001  # s between two samples


@dataclass(frozen=True, slots=True)
class Shares:
    """How long a process ran, in seconds, and how many samples found so many threads running."""

    seconds: float
    samples: Counter[int]

    @property
    def serial(self) -> float:
        """The share of the work, from 0 to 1, that one thread does while no other runs."""
        work = sum(threads * count for threads, count in self.samples.items())
        return self.samples[1] / work if work else 0.0


def sampled(command: Sequence[str], folder: Path, cores: int) -> Shares:
    """Run a command on so many cores, and count its running threads meanwhile."""
    chosen = sorted(os.sched_getaffinity(0))[:cores]
    samples: Counter[int] = Counter()
    begun = time.perf_counter()
    process = subprocess.Popen(
        ["taskset", "-c", ",".join(map(str, chosen)), *command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None:
        samples[_running(process.pid)] += 1
        time.sleep(_PAUSE)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit {process.returncode}")
    return Shares(time.perf_counter() - begun, samples)


def _running(process: int) -> int:
    """How many threads of a process run, or wait for nothing but a core."""
    count = 0
    try:
        with os.scandir(f"/proc/{process}/task") as threads:
            for thread in threads:
                count += Path(thread.path, "stat").read_bytes().rpartition(b")")[2].split(maxsplit=1)[0] == b"R"
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return count


def show(name: str, place: Workplace, stages: Sequence[str], cores: Sequence[int]) -> None:
    """Run the stages for the first time with each number of cores, and print a row for each."""
    options = [option for stage in stages for option in ("--stage", stage)]
    alone = 0.0
    for number in cores:
        place.forget(".mtc", "warehouse", "stats", "csv")
        found = sampled([sys.executable, "-m", "mtc", "apply", "-q", "mtc.yaml", *options], place.root, number)
        alone = alone or found.seconds
        text = f"{name:<36}{number:>6}{found.seconds:>9.2f}{alone / found.seconds:>10.2f}{100 * found.serial:>9.1f} %"
        print(text, flush=True)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--size", type=float, default=400, metavar="MB", help="of the large file [400]")
    options.add_argument("--days", type=int, default=32, help="how many days [32]")
    options.add_argument("--lines", type=int, default=50_000, help="of each day [50,000]")
    options.add_argument(
        "--cores", type=int, nargs="+", default=[1, os.cpu_count() or 1], help="[1, and all there are]"
    )
    options.add_argument("--folder", type=Path, help="where data are made [a temporary folder]")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="mtc-bench-", dir=chosen.folder) as folder:
        one = Workplace(Path(folder) / "one").write()
        one.make("log", "combined", int(chosen.size * 1e6), "logs/docs/2026-05-01.log")
        many = Workplace(Path(folder) / "many").write(dates="{from: 2026-01-01, to: 2026-12-31}")
        many.make("days", chosen.days, chosen.lines, "logs/docs", "2026-01-01")
        print(f"{'work':<36}{'cores':>6}{'seconds':>9}{'speed-up':>10}{'alone':>11}")
        show("load, one file", one, ["import"], chosen.cores)
        show("load + stat, one file", one, ["import", "stat"], chosen.cores)
        show(f"import + stat + csv, {chosen.days} days", many, [], chosen.cores)


if __name__ == "__main__":
    main()
