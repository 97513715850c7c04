"""The command line of benchmarks that have several parts: measures those that are chosen, and prints their tables."""

import argparse
import datetime as dt
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, TypeVar

from table import Row, show


class HasRuns(Protocol):
    """How much of everything a benchmark does."""

    @property
    def runs(self) -> int:
        """How often each work is measured."""


Amounts = TypeVar("Amounts", bound=HasRuns)


def measure(
    description: str | None,
    parts: Mapping[str, Callable[[Amounts], list[Row]]],
    amounts_of: Callable[[Path, int, bool], Amounts],
) -> None:
    """Read the options, measure and print.

    `parts` has every part by the name that `--only` takes; the first line of its docstring is its title. `amounts_of`
    gives the amounts for a folder, a number of runs, and whether it is only a look whether it works.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--only", action="append", metavar="NAME", choices=parts, help=f"one of: {', '.join(parts)}")
    parser.add_argument("--quick", action="store_true", help="small data, one run")
    parser.add_argument("--runs", type=int, help="how often each is measured [5]")
    parser.add_argument("--folder", type=Path, help="where data are made [a temporary folder]")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mtc-bench-", dir=chosen.folder) as folder:
        amounts = amounts_of(Path(folder), chosen.runs or (1 if chosen.quick else 5), chosen.quick)
        print(
            f"mtc {version('mtc')}, duckdb {version('duckdb')}, Python {platform.python_version()}, "
            f"{os.cpu_count()} cores, medians of {amounts.runs}, {dt.datetime.now(dt.UTC):%Y-%m-%d}"
        )
        for name in chosen.only or parts:
            work = parts[name]
            show(f"{name}: {(work.__doc__ or '').splitlines()[0]}", work(amounts))
            for made in Path(folder).iterdir():
                shutil.rmtree(made) if made.is_dir() else made.unlink()
