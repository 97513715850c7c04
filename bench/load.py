"""How fast mtc is, beside the bare limits and the other programs that are installed, in one table.

`python bench/load.py` does it all, with data of its own (seeded), medians of five, everything as processes and in turn.
`--quick` is for a look whether it works; `--only small` or `--only format` for one part; `--large` loads 8 GB as well.
Data lie in a temporary folder (`--folder` for another disk) and are removed after each part.
"""

import argparse
import os
import platform
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from table import show
from works import KEPT, WORKS, Setting


def setting_of(chosen: argparse.Namespace, folder: Path) -> Setting:
    """How much of everything."""
    quick = chosen.quick
    return Setting(
        folder=folder,
        runs=chosen.runs or (1 if quick else 5),
        size=int(chosen.size * 1e6) if chosen.size else (20_000_000 if quick else 400_000_000),
        lines=chosen.lines or (50_000 if quick else 1_000_000),
        objects=500 if quick else 10_000,
        hits=50_000 if quick else 1_000_000,
        days=30 if quick else 365,
        sites=10 if quick else 200,
        stat_sites=5 if quick else 25,
        stat_days=40 if quick else 400,
        agents=2_000 if quick else 400_000,
        copies=20 if chosen.large else 2,
        importer=chosen.importer,
    )


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    made.add_argument("--only", action="append", metavar="NAME", help=f"one of: {', '.join(WORKS)}; or `format`")
    made.add_argument("--quick", action="store_true", help="small data, one run")
    made.add_argument("--large", action="store_true", help="the memory of loading 20 times --size as well: 8 GB")
    made.add_argument("--runs", type=int, help="how often each is measured [5]")
    made.add_argument("--size", type=float, metavar="MB", help="of the log [400]")
    made.add_argument("--lines", type=int, help="of each other format [1,000,000]")
    made.add_argument("--folder", type=Path, help="where data are made [a temporary folder]")
    made.add_argument("--importer", type=Path, metavar="FILE", help="the official importer, if it is at hand")
    return made


def main() -> None:
    """Measure and print."""
    options = parser()
    chosen = options.parse_args()
    wanted = chosen.only or list(WORKS)
    names = [name for name in WORKS if any(name in {one, f"{one}:{name.partition(':')[2]}"} for one in wanted)]
    if unknown := [one for one in wanted if not any(name.partition(":")[0] == one or name == one for name in names)]:
        options.error(f"there is no {', '.join(unknown)}; there are {', '.join(WORKS)}")
    with tempfile.TemporaryDirectory(prefix="mtc-bench-", dir=chosen.folder) as folder:
        setting = setting_of(chosen, Path(folder))
        print(
            f"mtc {version('mtc')}, duckdb {version('duckdb')}, Python {platform.python_version()}, "
            f"{os.cpu_count()} cores, medians of {setting.runs}"
        )
        for name in names:
            work = WORKS[name]
            title = (work.__doc__ or "the same hits in another format, beside combined").splitlines()[0]
            show(f"{name}: {title}", work(setting))
            for made in Path(folder).iterdir():
                if made.name != KEPT:
                    shutil.rmtree(made)


if __name__ == "__main__":
    main()
