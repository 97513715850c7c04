"""How fast hits are delivered: to a server that answers at once, so that what is measured is the client.

`python bench/deliver.py` makes a seeded log, loads it without a server, then times `mtc import` from there on: process
start, laying out, sending and recording of every batch, over loopback and on the same cores as the server. With it the
making of requests alone, and the official importer where `--importer FILE` is given, which reads the log meanwhile.
`--hits 4000000` is for memory. CPU and peak are of the client alone.
"""

import argparse
import contextlib
import datetime as dt
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from measure import Cost, Work, in_turn, run
from table import Aim, Row, show
from workplace import DAY, Workplace

_HERE = Path(__file__).parent
_MANIFEST = """version: 1
source: {{url: "logs/{{site}}/{{date:%Y-%m-%d}}.log", format: combined}}
filters: {{bots: true, static: true, errors: true, redirects: true}}
run: {{memory: {memory}}}
sites: {{docs: {{matomo_id: 1, url: "https://docs.example.org"}}}}
"""
_MATOMO = "matomo: {{url: {url}, token: none, jobs: {lanes}, batch: {batch}}}\n"
_IMPORTER = 15_000  # hits/s of the official importer on two cores, where it is not at hand
_DELIVERED = "SELECT coalesce(sum(hits), 0) FROM deliveries WHERE status = 'done'"


@dataclass(frozen=True, slots=True)
class Delivering:
    """A project whose hits are loaded, and the server."""

    place: Workplace
    url: str
    hits: int
    memory: str

    def loaded(self) -> "Delivering":
        """Make the log and load it."""
        self.place.root.mkdir(parents=True)
        self.place.make("log", "combined", f"{self.hits}l", f"logs/docs/{DAY}.log")
        self._write("")
        self._import()
        self.place.keep_state()
        return self

    def sent(self, lanes: int, batch: int) -> Cost:
        """Deliver all, as if nothing had been delivered before."""
        self._write(_MATOMO.format(url=self.url, lanes=lanes, batch=batch))
        self.place.back_to_kept()
        cost = self._import()
        if self._delivered() != self.hits:
            raise SystemExit("not every hit was delivered")
        return cost

    def made(self, lanes: int, batch: int) -> Cost:
        """Lay out and read all requests; the seconds are of that alone, CPU and peak of the whole process."""
        told = self.place.root / "seconds.txt"
        asked = [str(self.place.root), str(lanes), str(batch), self.memory, str(told)]
        cost = run([sys.executable, str(_HERE / "deliver.py"), "--make", *asked], self.place.root)
        return replace(cost, seconds=float(told.read_text()))

    def official(self, program: Path) -> Cost:
        """Matomo's own importer."""
        options = ["--idsite=1", "--token-auth=none", "--recorders=2", "--recorder-max-payload-size=500"]
        options += ["--enable-http-errors", "--enable-http-redirects", "--enable-static", "--enable-bots"]
        command = [sys.executable, str(program), f"--url={self.url}", *options, str(self.place.log)]
        return run(command, self.place.root)

    def _write(self, more: str) -> None:
        (self.place.root / "mtc.yaml").write_text(_MANIFEST.format(memory=self.memory) + more)

    def _import(self) -> Cost:
        return self.place.mtc("import", "docs", DAY, "-q", "-m", "mtc.yaml")

    def _delivered(self) -> int:
        with contextlib.closing(sqlite3.connect(self.place.root / ".mtc" / "state.db")) as state:
            found: tuple[int] = state.execute(_DELIVERED).fetchone()
        return found[0]


def make(root: str, lanes: str, batch: str, memory: str, told: str) -> None:
    """Lay out what is loaded and read all of its requests, as the lanes do; tell how many seconds that took."""
    # In a process of its own, as what it loads would count into the peak of every process that is measured.
    from mtc.core.database import connect  # noqa: PLC0415
    from mtc.core.deliveries import Cut  # noqa: PLC0415
    from mtc.core.model import Stage, StepId  # noqa: PLC0415
    from mtc.stages.deliver.batching import Batching, RequestContext  # noqa: PLC0415
    from mtc.state.store import Store  # noqa: PLC0415

    place = Path(root)
    with Store.open(place / "kept" / "state.db", readonly=True) as store:
        loaded = store.history(("docs",)).objects[StepId(Stage.IMPORT, "docs", dt.date.fromisoformat(DAY))]
    cut = Cut("0123456789abcdef", int(lanes), int(batch), dt.datetime.now(dt.UTC))
    begun = time.perf_counter()
    with Batching(connect(memory, place / "tmp"), cut) as batching:
        batching.lay_out(place / "warehouse", loaded, RequestContext(1, "https://docs.example.org"))
        starts = [one.id for one in batching.batches() if one.id.number % _AHEAD == 0]
        read = sum(len(texts) for start in starts for texts in batching.requests(start, _AHEAD))
        if read != batching.hits:
            raise SystemExit("not every request was made")
    Path(told).write_text(str(time.perf_counter() - begun))


_AHEAD = 20


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The server, for as long as the block lasts; its address."""
    command = [sys.executable, str(_HERE / "null_server.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def works(project: Delivering, lanes: list[int], batches: list[int], importer: Path | None) -> Mapping[str, Work]:
    """What is to be measured, by the names of the rows."""

    def sent(lane: int, batch: int) -> Callable[[], Cost]:
        return lambda: project.sent(lane, batch)

    made: dict[str, Work] = {"requests alone": lambda: project.made(lanes[-1], batches[0])}
    for batch in batches:
        made |= {f"mtc, batch {batch}, lanes {lane}": sent(lane, batch) for lane in lanes}
    return made | ({"official importer": lambda: project.official(importer)} if importer else {})


def rows(costs: Mapping[str, Cost], hits: int) -> list[Row]:
    """The rows, each with its CPU for a million hits; aims where the issue sets them."""
    official = costs.get("official importer")
    theirs = hits / official.seconds if official else _IMPORTER
    best = min((name for name in costs if name.startswith("mtc")), key=lambda name: costs[name].seconds)
    aims = {
        "requests alone": Aim(hits / costs["requests alone"].seconds, 500_000, "hits/s"),
        best: Aim(hits / costs[best].seconds / theirs, 10, f"times {theirs:,.0f} hits/s (the official importer)"),
    }
    return [
        Row(
            name, cost, hits, aims=(Aim(cost.cpu * 1e6 / hits, 0, "CPU s per million"), *filter(None, [aims.get(name)]))
        )
        for name, cost in costs.items()
    ]


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    made.add_argument("--hits", type=int, default=1_000_000, help="how many [1,000,000]")
    made.add_argument("--lanes", type=int, nargs="+", default=[1, 2, 4], help="how many requests at once [1 2 4]")
    made.add_argument("--batch", type=int, nargs="+", default=[500, 1000], help="hits in a request [500 1000]")
    made.add_argument("--runs", type=int, default=3, help="how often each is measured [3]")
    made.add_argument("--memory", default="800MB", help="`run.memory` of the manifest [800MB]")
    made.add_argument("--folder", type=Path, help="where data are made [a temporary folder]")
    made.add_argument("--importer", type=Path, metavar="FILE", help="the official importer, if it is at hand")
    made.add_argument("--make", nargs=5, help=argparse.SUPPRESS)
    return made


def main() -> None:
    """Measure and print."""
    chosen = parser().parse_args()
    if chosen.make:
        make(*chosen.make)
        return
    print(
        f"mtc {version('mtc')}, duckdb {version('duckdb')}, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores, medians of {chosen.runs}, {chosen.hits:,} hits"
    )
    with tempfile.TemporaryDirectory(prefix="mtc-bench-", dir=chosen.folder) as folder, serving() as url:
        project = Delivering(Workplace(Path(folder) / "deliver"), url, chosen.hits, chosen.memory).loaded()
        costs = in_turn(works(project, chosen.lanes, chosen.batch, chosen.importer), chosen.runs)
    show("deliver: hits into a server that answers at once", rows(costs, chosen.hits))


if __name__ == "__main__":
    main()
