"""What mtc costs besides its work: its start, a run that has nothing to do, the plan of very many days.

`python bench/overhead.py` does it all, medians of five, everything as processes and in turn; `--quick` is for a look
whether it works, `--only noop` for one part. Aims are in CPU seconds: they hold on a busy machine too, more or less.
"""

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import parts
from measure import Cost, in_turn, run
from table import Aim, Row
from workplace import DAY, Workplace

_HERE = Path(__file__).parent
_LINES = 20


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much of everything: the sites of a small and of a large project, of `days` each; the sites of the plan."""

    folder: Path
    runs: int
    sites: int
    many_sites: int
    days: int
    planned: int


def _cpu(cost: Cost, most: float = 0) -> Aim:
    return Aim(cost.cpu, most, "CPU s", at_least=False)


def _peak(cost: Cost, most: float) -> Aim:
    return Aim(cost.peak / 1e6, most, "MB", at_least=False)


def start(amounts: Amounts) -> list[Row]:
    """One object of 20 lines, with new user agents: most of it is starting."""
    place = Workplace(amounts.folder / "start").write()
    place.make("log", "combined", f"{_LINES}l", f"logs/docs/{DAY}.log")
    costs = in_turn(
        {
            "mtc apply, 20 lines": place.fresh,
            "mtc apply, nothing new": place.apply,
            "mtc import, 20 lines": lambda: place.fresh("import"),
            "mtc --help": lambda: place.mtc("--help"),
        },
        amounts.runs,
    )
    aims = {"mtc apply, 20 lines": 0.5}
    return [Row(name, cost, aims=(_cpu(cost, aims.get(name, 0)),)) for name, cost in costs.items()]


def noop(amounts: Amounts) -> list[Row]:
    """A run over days that are all done, of few sites and of many."""
    places = {sites: amounts.folder / f"noop-{sites}" for sites in (amounts.sites, amounts.many_sites)}
    for sites, folder in places.items():
        made = [str(_HERE / "noop.py"), f"--sites={sites}", f"--days={amounts.days}", "--rounds=0", f"--keep={folder}"]
        subprocess.run([sys.executable, *made], check=True)
    costs = in_turn(
        {f"{3 * sites * amounts.days:,}": Workplace(at).apply for sites, at in places.items()}, amounts.runs
    )
    (small, few), (large, many) = costs.items()
    growth = many.cpu / few.cpu / (amounts.many_sites / amounts.sites)
    return [
        Row(f"mtc apply, {small} steps done", few, aims=(_cpu(few, 1.2),)),
        Row(
            f"mtc apply, {large} steps done",
            many,
            aims=(_cpu(many), Aim(growth, 1.1, "times as much a step", at_least=False), _peak(many, 600)),
        ),
    ]


def plan(amounts: Amounts) -> list[Row]:
    """Imports and statistics of very many site-days, all with work; the process makes its history first."""
    seconds: list[float] = []

    def work() -> Cost:
        command = [sys.executable, str(_HERE / "plan_days.py"), str(amounts.planned), "365"]
        with (amounts.folder / "seconds.txt").open("w+") as found:
            cost = run(command, amounts.folder, found)
            found.seek(0)
            seconds.append(float(found.read()))
        return cost

    cost = in_turn({"plan": work}, amounts.runs)["plan"]
    planned = Aim(sorted(seconds)[len(seconds) // 2], 25, "CPU s of planning", at_least=False)
    return [Row(f"plan of {365 * amounts.planned:,} site-days", cost, aims=(planned, _peak(cost, 700)))]


PARTS: Mapping[str, Callable[[Amounts], list[Row]]] = {"start": start, "noop": noop, "plan": plan}
"""Every part by the name that `--only` takes."""


def amounts_of(folder: Path, runs: int, quick: bool) -> Amounts:  # noqa: FBT001 - an option of the command line
    """The amounts of a whole benchmark, or of a quick look."""
    return Amounts(
        folder=folder,
        runs=runs,
        sites=2 if quick else 20,
        many_sites=10 if quick else 183,
        days=20 if quick else 365,
        planned=10 if quick else 1000,
    )


if __name__ == "__main__":
    parts.measure(__doc__, PARTS, amounts_of)
