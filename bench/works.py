"""What is measured: each work makes its data, does what is to be compared in turn, and gives the rows of its table."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import peers
from layouts import LAYOUTS
from measure import Cost, Work, in_turn, run
from table import Aim, Row
from workplace import ALL_HITS, MANY_FILES, Workplace

KEPT = "combined"
"""The folder of the log that every other format is compared with."""

_IMPORTER = 31_800  # lines/s of the official importer's dry run on two cores, where it is not at hand
_LIMIT = 600e6


@dataclass(frozen=True, slots=True)
class Setting:
    """How much of everything: `size` of the log in bytes, `lines` of each format, the other counts by their names."""

    folder: Path
    runs: int
    size: int
    lines: int
    objects: int
    hits: int
    days: int
    sites: int
    stat_sites: int
    stat_days: int
    agents: int
    copies: int
    importer: Path | None = None

    def place(self, name: str) -> Workplace:
        """A folder for a work."""
        return Workplace(self.folder / name)


@dataclass(frozen=True, slots=True)
class _Log:
    """A project with one combined log."""

    place: Workplace
    lines: int
    size: int

    @classmethod
    def made(cls, setting: Setting, name: str, amount: object, filters: str = "{bots: false}") -> "_Log":
        place = setting.place(name).write(filters=filters)
        if not place.log.exists():
            place.make("log", "combined", amount, f"logs/docs/{_DAY_LOG}")
        return cls(place, _count(place.log), place.log.stat().st_size)

    def row(self, name: str, cost: Cost, *aims: Aim) -> Row:
        return Row(name, cost, self.lines, self.size, aims)

    def scan(self) -> Cost:
        return self.place.limit("scan", str(self.place.log), "bare.parquet")


_DAY_LOG = "2026-05-01.log"


def _count(path: Path) -> int:
    with path.open("rb") as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(4 << 20), b""))


def load(setting: Setting) -> list[Row]:
    """One plain file, beside the bare limits."""
    one = _Log.made(setting, "load", setting.size)
    costs = in_turn(
        {
            "read the file": lambda: one.place.limit("read", str(one.place.log)),
            "duckdb, bare scan": one.scan,
            "mtc load": lambda: one.place.fresh("import"),
        },
        setting.runs,
    )
    mine = costs["mtc load"].seconds
    aims = (
        Aim(100 * costs["duckdb, bare scan"].seconds / mine, 60, "% of the bare scan"),
        Aim(one.lines / mine / _IMPORTER, 25, f"times {_IMPORTER:,} lines/s (the official importer's dry run)"),
        Aim(costs["mtc load"].peak / 1e6, _LIMIT / 1e6, "MB", at_least=False),
    )
    return [one.row(name, cost, *(aims if name == "mtc load" else ())) for name, cost in costs.items()]


def packed(setting: Setting) -> list[Row]:
    """The same as one gzip file."""
    one = _Log.made(setting, "gzip", setting.size)
    place = one.place
    run(["gzip", "-6", str(place.log)], place.root)
    log = f"{place.log}.gz"
    costs = in_turn(
        {
            "gzip -dc": lambda: run(["gzip", "-dc", log], place.root),
            "duckdb, bare scan": lambda: place.limit("scan", log, "bare.parquet"),
            "mtc load": lambda: place.fresh("import"),
        },
        setting.runs,
    )
    return [one.row(f"{name}, gzip", cost) for name, cost in costs.items()]


def others(setting: Setting) -> list[Row]:
    """Load and statistics, beside other programs that are installed."""
    one = _Log.made(setting, "peers", setting.size)
    there = peers.installed(one.place.log, one.place.root, setting.importer)
    mine: dict[str, Work] = {
        "mtc load + stat": lambda: one.place.fresh("import", "stat"),
        "mtc load": lambda: one.place.fresh("import"),
    }
    costs = in_turn(mine | {peer.name: _peer(peer, one.place) for peer in there}, setting.runs)
    aims = {
        name: tuple(
            Aim(costs[peer.name].seconds / costs[name].seconds, peer.wanted, f"times {peer.name}")
            for peer in there
            if peer.against_load == (name == "mtc load")
        )
        for name in mine
    }
    return [one.row(name, cost, *aims.get(name, ())) for name, cost in costs.items()]


def _peer(peer: peers.Peer, place: Workplace) -> Work:
    def work() -> Cost:
        place.forget(peer.fresh.name)
        peer.fresh.mkdir()
        return run(peer.command, place.root)

    return work


def small(setting: Setting) -> list[Row]:
    """A day as many small gzip objects."""
    place = setting.place("small").write(MANY_FILES)
    folder = "logs/docs/2026-05-01"
    place.make("objects", setting.objects, 100, folder)
    size = sum(path.stat().st_size for path in (place.root / folder).iterdir())
    lines = 100 * setting.objects
    costs = in_turn({"mtc load": lambda: place.fresh("import")}, setting.runs)
    cost = costs["mtc load"]
    aim = Aim(lines / cost.seconds, 200_000, "lines/s")
    return [Row(f"mtc load, {setting.objects:,} gzip objects", cost, lines, size, (aim,))]


def memory(setting: Setting) -> list[Row]:
    """The peak of a load as the log grows; once each, as a peak has no median."""
    one = _Log.made(setting, "memory", setting.size)
    rows = [one.row("mtc load", (first := one.place.fresh("import")), _under(first))]
    one.place.make("copies", setting.copies, f"logs/docs/{_DAY_LOG}")
    large = _Log(one.place, one.lines * setting.copies, one.place.log.stat().st_size)
    second = large.place.fresh("import")
    flat = Aim(second.peak / first.peak, 1.25, "times the peak of the smaller one", at_least=False)
    return [*rows, large.row(f"mtc load, {setting.copies} times as much", second, _under(second), flat)]


def _under(cost: Cost) -> Aim:
    return Aim(cost.peak / 1e6, _LIMIT / 1e6, "MB", at_least=False)


def stat(setting: Setting) -> list[Row]:
    """The statistics of a day on which every line is a hit, beside its load."""
    one = _Log.made(setting, "stat", f"{setting.hits}l", ALL_HITS)
    place = one.place
    works: dict[str, Work] = {"mtc load": lambda: place.fresh("import"), "mtc stat": lambda: place.apply("stat")}
    costs = in_turn(works, setting.runs)
    aim = Aim(100 * costs["mtc stat"].cpu / costs["mtc load"].cpu, 60, "% of the CPU of its load", at_least=False)
    return [one.row("mtc load", costs["mtc load"]), one.row("mtc stat", costs["mtc stat"], aim)]


def days(setting: Setting) -> list[Row]:
    """The first import of many small days, and their statistics."""
    place = setting.place("days").write(dates=f"{{from: 2025-05-01, to: {_last(setting.days)}}}")
    place.make("days", setting.days, 200, "logs/docs", "2025-05-01")
    costs = in_turn({"mtc load": lambda: place.fresh("import"), "mtc stat": lambda: place.apply("stat")}, setting.runs)
    wanted = {"mtc load": 6, "mtc stat": 10}
    return [
        Row(
            f"{name}, {setting.days} days",
            cost,
            200 * setting.days,
            aims=(Aim(1000 * cost.seconds / setting.days, wanted[name], "ms a day", at_least=False),),
        )
        for name, cost in costs.items()
    ]


def sites(setting: Setting) -> list[Row]:
    """Load and statistics of small days of many sites."""
    place = setting.place("sites")
    names = [f"site{number:03}" for number in range(setting.sites)]
    place.write(sites=names, dates=f"{{from: 2025-05-01, to: {_last(10)}}}")
    place.make("sites", setting.sites, 10, 200, "logs", "2025-05-01")
    costs = in_turn({"mtc load": lambda: place.fresh("import"), "mtc stat": lambda: place.apply("stat")}, setting.runs)
    count = 10 * setting.sites
    both = sum(cost.seconds for cost in costs.values())
    aim = Aim(1000 * both / count, 15, "ms a site-day, load and stat", at_least=False)
    return [
        Row(f"{name}, {setting.sites} sites of 10 days", cost, 200 * count, aims=(aim,) if name == "mtc stat" else ())
        for name, cost in costs.items()
    ]


def _last(count: int) -> str:
    return str(dt.date(2025, 5, 1) + dt.timedelta(days=count - 1))


def agents(setting: Setting) -> list[Row]:
    """A log in which every line has a user agent of its own: new ones, and ones that an earlier run has seen."""
    count = setting.agents
    place = setting.place("agents").write().make("agents", count, f"logs/docs/{_DAY_LOG}")

    def again() -> Cost:
        place.forget("warehouse", *(f".mtc/{name}" for name in ("runs", "tmp", "spool")))
        for file in (place.root / ".mtc").glob("state.db*"):
            file.unlink()
        return place.apply("import")

    costs = in_turn({"new": lambda: place.fresh("import"), "seen before": again}, setting.runs)
    new, seen = costs["new"], costs["seen before"]
    each = Aim(1000 * (new.cpu - seen.cpu) / count, 1, "ms of CPU a new one", at_least=False)
    known = Aim(count / seen.cpu, 100_000, "lines per CPU s")
    return [
        Row(f"mtc load, {count:,} agents, new", new, count, aims=(each,)),
        Row(f"mtc load, {count:,} agents, seen", seen, count, aims=(known,)),
    ]


def csv(setting: Setting) -> list[Row]:
    """CSV from many `.stat` files, of days with few lines and of days with more."""
    return [_csv(setting, lines) for lines in (200, 2000)]


def _csv(setting: Setting, lines: int) -> Row:
    one = _Log.made(setting, f"csv-{lines}", f"{lines}l")
    place = one.place
    place.fresh("import", "stat")
    document = place.root / "document.stat"
    (place.root / "stats" / "docs" / "2026-05-01.stat").rename(document)
    place.forget("stats")
    place.make("stats", setting.stat_sites, setting.stat_days, document, "stats")
    place.write(sites=[f"site{number:02}" for number in range(setting.stat_sites)])

    def tables() -> Cost:
        place.forget(".mtc", "warehouse", "csv")
        return place.mtc("csv", "-q", "-m", "mtc.yaml")

    cost = in_turn({"csv": tables}, setting.runs)["csv"]
    count = setting.stat_sites * setting.stat_days
    if (rows := _count(place.root / "csv" / "summary.csv") - 1) != count:
        raise SystemExit(f"{rows} rows of {count} .stat files")
    size = document.stat().st_size
    aim = Aim(cost.seconds, 10, "s", at_least=False)
    return Row(f"mtc csv, {count:,} files of {size / 1e3:.0f} kB", cost, size=size * count, aims=(aim,))


def _format(name: str) -> Callable[[Setting], list[Row]]:
    def work(setting: Setting) -> list[Row]:
        base = _Log.made(setting, KEPT, f"{setting.lines}l")
        form = LAYOUTS[name]
        place = setting.place(name).write(form=name if form.named else "auto")
        place.make("log", name, f"{setting.lines}l", f"logs/docs/{_DAY_LOG}")
        by_sql = replace(base.place, native=False)
        costs = in_turn({"combined": lambda: by_sql.fresh("import"), name: lambda: place.fresh("import")}, setting.runs)
        place.check(name)
        aims = (
            Aim(100 * costs["combined"].seconds / costs[name].seconds, 50, "% of combined's lines/s, read by SQL"),
            Aim(100 * costs["combined"].cpu / costs[name].cpu, 0, "% by CPU"),
        )
        row = Row(f"mtc load, {name}", costs[name], base.lines, place.log.stat().st_size, aims)
        return [base.row("mtc load, combined, by SQL", costs["combined"]), row]

    return work


WORKS: Mapping[str, Callable[[Setting], list[Row]]] = {
    "load": load,
    "gzip": packed,
    "peers": others,
    "small": small,
    "memory": memory,
    "stat": stat,
    "days": days,
    "sites": sites,
    "agents": agents,
    "csv": csv,
    **{f"format:{name}": _format(name) for name in LAYOUTS},
}
"""Every work by the name that `--only` takes."""
