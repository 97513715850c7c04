"""What growing logs cost: a long log with little new, many rotated files with nothing new, a year of runs, a bucket.

`python bench/growing.py` does it all, with data of its own (seeded), medians of five, everything as processes and in
turn. It needs 7 GB in the folder (`--folder` for another disk); data are removed after each part. `--quick` is for a
look whether it works; `--only long` for one part.
"""

import functools
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import parts
from growing_bucket import Bucket
from measure import Cost, in_turn
from table import Aim, Row
from workplace import Workplace

_GROWING = "logs/{site}/access.log*"
_DATED = "logs/{site}/{date:%Y-%m-%d}.log*"
_NEXT = "2026-05-02"
_FILES = 15
_ALL_DAYS = "{from: 2026-04-17, to: 2026-05-01}"
_NEW_LINES = 5_000
"""About 1 MB."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much of everything: `size` of the long log in bytes, `lines` of each rotated file."""

    folder: Path
    runs: int
    size: int
    lines: int
    import_lines: int
    sites: int
    days: int

    def place(self, name: str) -> Workplace:
        """A folder for one part."""
        return Workplace(self.folder / name)


def long_log(amounts: Amounts) -> list[Row]:
    """A run over a long log of which 1 MB is new, beside the run over that 1 MB alone; import, statistics and CSV."""
    place = amounts.place("long").write(_GROWING, dates=_NEXT)
    alone = amounts.place("alone").write(_GROWING, dates=_NEXT)
    log, new = place.root / "logs/docs/access.log", alone.root / "logs/docs/access.log"
    place.make("log", "combined", amounts.size // 10, log)
    place.make("copies", 10, log)
    size = log.stat().st_size
    first = place.fresh()
    new.parent.mkdir(parents=True)
    seeds = iter(range(1, 1000))

    def append() -> Cost:
        place.make("append", _NEW_LINES, log, next(seeds))
        return place.apply()

    def small() -> Cost:
        new.unlink(missing_ok=True)
        alone.make("append", _NEW_LINES, new, next(seeds))
        return alone.fresh()

    nothing, long, short = (
        "mtc apply, nothing new",
        f"mtc apply, 1 MB new of {size / 1e9:.1f} GB",
        "mtc apply, 1 MB alone",
    )
    costs = in_turn({nothing: place.apply, long: append, short: small}, amounts.runs)
    aims = {
        long: (
            Aim(
                (costs[long].read - costs[nothing].read) / 1e6, 10, "MB read more than with nothing new", at_least=False
            ),
            Aim(costs[long].seconds / costs[short].seconds, 1.5, "times the run over 1 MB", at_least=False),
        )
    }
    lines = f"mtc apply, first, {size / 1e9:.1f} GB"
    return [
        Row(lines, first, size=size),
        *(Row(name, cost, aims=(*_read(cost), *aims.get(name, ()))) for name, cost in costs.items()),
    ]


def _read(cost: Cost) -> tuple[Aim, ...]:
    return (Aim(cost.read / 1e6, 0, "MB read"),)


def nothing_new(amounts: Amounts) -> list[Row]:
    """Many sites with 15 files each, 13 of them gzip, and nothing new; also after a rotation renamed all of them."""
    names = [f"site{number:02}" for number in range(amounts.sites)]
    place = amounts.place("nothing").write(_GROWING, sites=names, dates=_ALL_DAYS)
    place.make("rotated", _FILES, amounts.lines, "logs/site00", "numbered")
    for name in names[1:]:
        shutil.copytree(place.root / "logs/site00", place.root / "logs" / name)
    first = place.fresh()
    dated = amounts.place("dated").write(_DATED, sites=names, dates=_ALL_DAYS)
    dated.make("rotated", _FILES, amounts.lines, "logs/site00", "dated")
    for name in names[1:]:
        shutil.copytree(dated.root / "logs/site00", dated.root / "logs" / name)
    dated.fresh()

    def rotated() -> Cost:
        _rotate(place.root / "logs", 1)
        cost = place.apply()
        _rotate(place.root / "logs", -1)
        place.apply()
        return cost

    works = {
        "mtc --version": lambda: place.mtc("--version"),
        "mtc apply, dated files": dated.apply,
        "mtc apply, nothing new": place.apply,
        "mtc apply, all renamed": rotated,
    }
    costs = in_turn(works, amounts.runs)
    aims = {
        name: (Aim(costs[name].seconds, 1, "s", at_least=False), *_read(costs[name]))
        for name in ("mtc apply, nothing new", "mtc apply, all renamed")
    }
    lines = amounts.sites * _FILES * amounts.lines
    return [
        Row(f"mtc apply, first, {amounts.sites} x {_FILES} files", first, lines),
        *(Row(name, cost, aims=aims.get(name, ())) for name, cost in costs.items()),
    ]


def _rotate(folder: Path, step: int) -> None:
    """Rename every log but the newest to the next number, or back."""
    found = [path for path in folder.rglob("access.log.*") if path.is_file()]
    for path in sorted(found, key=lambda each: -step * int(each.name.split(".")[2])):
        number, *ending = path.name.split(".")[2:]
        path.rename(path.with_name(".".join(("access.log", str(int(number) + step), *ending))))


def first_import(amounts: Amounts) -> list[Row]:
    """The first import of 15 rotated files, beside the same lines as dated files."""
    places = {}
    for names, url in (("dated", _DATED), ("numbered", _GROWING)):
        place = places[names] = amounts.place(names).write(url, dates=_ALL_DAYS)
        place.make("rotated", _FILES, amounts.import_lines, "logs/docs", names)

    def load(place: Workplace) -> Cost:
        return place.fresh("import")

    costs = in_turn({name: functools.partial(load, place) for name, place in places.items()}, amounts.runs)
    lines = _FILES * amounts.import_lines
    ratio = Aim(costs["numbered"].seconds / costs["dated"].seconds, 1.5, "times the dated files", at_least=False)
    return [
        Row("mtc load, 15 dated files", costs["dated"], lines),
        Row("mtc load, 15 rotated files", costs["numbered"], lines, aims=(ratio,)),
    ]


def year(amounts: Amounts) -> list[Row]:
    """A year of ten-minute runs in the state, and nothing new; with the slices of past days merged, and without."""
    rows = []
    for name in ("merged", "never-merged"):
        place = amounts.place(f"year-{name}")
        command = [sys.executable, str(Path(__file__).with_name("growing_year.py"))]
        made = subprocess.run([*command, place.root, str(amounts.days), name], capture_output=True, check=True)
        cost = in_turn({name: place.apply}, amounts.runs)[name]
        aim = Aim(cost.seconds, 1 if name == "merged" else 3, "s", at_least=False)
        rows.append(Row(f"{int(made.stdout):,} slices, {name}", cost, aims=(aim,)))
    return rows


def bucket(amounts: Amounts) -> list[Row]:
    """Requests to S3 (moto) for 15 rotated objects: at first, with nothing new, with 1 MB new."""
    place = amounts.place("bucket")
    with Bucket.running(place.root) as server:
        place.write("s3://logs/{site}/access.log*", dates=_ALL_DAYS)
        server.add_credentials(place.root / "mtc.yaml")
        place.make("rotated", _FILES, amounts.lines, "made/docs", "numbered")
        server.put(place.root / "made")
        rows = [_requests("mtc load, first", server, lambda: place.fresh("import"))]
        rows.append(_requests("mtc load, nothing new", server, lambda: place.apply("import"), most=1))
        place.make("append", _NEW_LINES, "made/docs/access.log", 1)
        server.put(place.root / "made", "docs/access.log")
        rows.append(_requests("mtc load, 1 MB new", server, lambda: place.apply("import")))
    return rows


def _requests(name: str, server: Bucket, work: Callable[[], Cost], most: int = 0) -> Row:
    before = server.requests()
    cost = work()
    made = server.requests()[len(before) :]
    kinds = f"requests, {sum('list-type' in each for each in made)} of them listings"
    return Row(name, cost, aims=(Aim(len(made), most, kinds, at_least=False),))


PARTS: Mapping[str, Callable[[Amounts], list[Row]]] = {
    "long": long_log,
    "nothing": nothing_new,
    "first": first_import,
    "year": year,
    "bucket": bucket,
}
"""Every part by the name that `--only` takes."""


def amounts_of(folder: Path, runs: int, quick: bool) -> Amounts:  # noqa: FBT001 - an option of the command line
    """The amounts of a whole benchmark, or of a quick look."""
    return Amounts(
        folder=folder,
        runs=runs,
        size=20_000_000 if quick else 2_000_000_000,
        lines=500 if quick else 5_000,
        import_lines=20_000 if quick else 100_000,
        sites=3 if quick else 20,
        days=10 if quick else 365,
    )


if __name__ == "__main__":
    parts.measure(__doc__, PARTS, amounts_of)
