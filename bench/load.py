"""How fast a log is loaded, beside the bare limits in the same run: `python bench/load.py --lines 1000000 --runs 5`.

Makes its own data (seeded), then measures in turn: reading the file, DuckDB's plainest scan of the same columns into
the same Parquet, and `mtc import` as a process. Prints medians. GoAccess is measured as well where it is installed.
"""

import argparse
import datetime as dt
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import generate

DAY = dt.date(2026, 5, 1)
MANIFEST = """version: 1
dates: 2026-05-01
source: {url: "logs/{site}/{date:%Y-%m-%d}.log"}
sites: {docs: {}}
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """Seconds of the runs of one piece of work."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)


def measure(name: str, work: Callable[[], object], runs: int) -> Figure:
    """Do the work so many times."""
    seconds = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return Figure(name, tuple(seconds))


def make_log(path: Path, lines: int) -> None:
    """Write the log, a block of one seed repeated until it has so many lines."""
    midnight = dt.datetime.combine(DAY, dt.time(), dt.UTC)
    block = min(lines, 200_000)
    with path.open("w") as stream:
        for seed in range(-(-lines // block)):
            stream.writelines(generate.combined(one, midnight) for one in generate.requests(block, seed, 3000))


def read_whole(path: Path) -> None:
    """The limit of the disk, or of the page cache."""
    with path.open("rb") as stream:
        while stream.read(4 << 20):
            pass


def bare_scan(path: Path, target: Path) -> None:
    """DuckDB's CSV reader, ten columns, into zstd Parquet: no filters, no checks, no accounting."""
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(10))
    duckdb.connect().execute(
        f"COPY (SELECT * FROM read_csv('{path}', delim = ' ', quote = '\"', escape = '\\', header = false,"
        f" auto_detect = false, columns = {{{columns}}})) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
    )


def mtc_import(root: Path) -> None:
    """A first import, as a user runs it."""
    for folder in (".mtc", "warehouse"):
        shutil.rmtree(root / folder, ignore_errors=True)
    command = [sys.executable, "-m", "mtc", "apply", "-q", "mtc.yaml", "--stage", "import"]
    subprocess.run(command, cwd=root, check=True)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mtc-bench-") as folder:
        root = Path(folder)
        log = root / "logs" / "docs" / f"{DAY}.log"
        log.parent.mkdir(parents=True)
        make_log(log, chosen.lines)
        (root / "mtc.yaml").write_text(MANIFEST)
        figures = [
            measure("read the file", lambda: read_whole(log), chosen.runs),
            measure("duckdb, bare scan to parquet", lambda: bare_scan(log, root / "bare.parquet"), chosen.runs),
            measure("mtc import", lambda: mtc_import(root), chosen.runs),
        ]
        if shutil.which("goaccess"):
            command = ["goaccess", str(log), "--log-format=COMBINED", "-o", str(root / "report.json"), "--no-progress"]
            work = lambda: subprocess.run(command, check=True, capture_output=True)  # noqa: E731
            figures.append(measure("goaccess to JSON", work, chosen.runs))
        size = log.stat().st_size
    show(figures, chosen.lines, size)


def show(figures: list[Figure], lines: int, size: int) -> None:
    """Print a row for each figure."""
    scan = figures[1].median
    print(f"{lines:,} lines, {size / 1e6:.0f} MB, medians of {len(figures[0].seconds)}")
    print(f"{'work':<30} {'seconds':>8} {'lines/s':>12} {'MB/s':>8} {'of bare scan':>13}")
    for one in figures:
        speed, rate = lines / one.median, size / 1e6 / one.median
        print(f"{one.name:<30} {one.median:>8.2f} {speed:>12,.0f} {rate:>8.0f} {scan / one.median:>12.0%}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"largest child process: {peak:.0f} MB")


if __name__ == "__main__":
    main()
