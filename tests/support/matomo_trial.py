"""A small project that delivers to a fake Matomo, which must store each hit once."""

import datetime as dt
import os
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import prefork
from prefork import Process
from trial import Ended, ended

import mtc
from mtc.state.store import Store
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import SUPER

DAYS = (dt.date(2026, 5, 1), dt.date(2026, 5, 2))
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0",
)
_MANIFEST = """\
version: 1
stages: [{stages}]
source: {{url: "logs/{{site}}/{{date:%Y-%m-%d}}*.log"}}
matomo: {{url: "{url}", token: "${{TOKEN}}", settle: 1s, timeout: {timeout}s, batch: {batch}, jobs: {lanes}{extra}}}
run: {{jobs: {jobs}, retries: 3, backoff: 0s}}
sites:
  docs: {{matomo_id: 1, url: "https://docs.example.org"}}
"""

Hit = tuple[str, int, str]
"""Path, second and address, which identify a hit of these logs."""

Visit = tuple[str, int, int, int]
"""Address, first and last second, and number of actions."""


@dataclass(frozen=True, slots=True)
class MatomoTrial:
    """The folder of the project, and its server."""

    root: Path
    matomo: FakeMatomo
    token: str = SUPER

    def write(  # noqa: PLR0913 - one for each setting
        self, *, batch: int = 40, lanes: int = 2, jobs: int = 2, timeout: int = 5, stages: str = "import",
        more: str = "", extra: str = "", span: bool = True,
    ) -> "MatomoTrial":  # fmt: skip
        """Write the manifest. `extra` are further keys of `matomo:`, `more` of the manifest; `span` adds both days."""
        self.root.mkdir(parents=True, exist_ok=True)
        knobs = {"batch": batch, "lanes": lanes, "jobs": jobs, "timeout": timeout, "stages": stages, "extra": extra}
        dates = f"dates: {{from: {DAYS[0]}, to: {DAYS[-1]}}}\n" if span else ""
        text = _MANIFEST.format(url=self.matomo.url, **knobs)
        (self.root / "mtc.yaml").write_text(text + dates + more, "utf-8")
        return self

    def with_logs(self, seed: str = "logs", hits: int = 150, *, early: int = 0) -> "MatomoTrial":
        """Write two logs a day, of two edge servers with interleaved lines; `early` lines are of the day before."""
        dice = random.Random(seed)
        for day in DAYS:
            for edge in ("a", "b"):
                self.log(f"docs/{day}-{edge}.log", _lines(dice, day, edge, hits, early))
        return self

    def log(self, name: str, lines: list[str]) -> Path:
        """Write one log."""
        path = self.root / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return path

    def start(self, *arguments: str, crash_at: str = "", fresh: bool = False) -> Process:
        """Start `mtc ARGUMENTS -m mtc.yaml`."""
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(mtc.__file__).parents[1]),
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.root),
            "TOKEN": self.token,
        }
        if crash_at:
            environment["MTC_CRASH_AT"] = crash_at
        return prefork.start([*arguments, "-m", "mtc.yaml"], self.root, environment, fresh=fresh)

    def mtc(self, *arguments: str, crash_at: str = "", fresh: bool = False) -> Ended:
        """Run a command to its end."""
        return ended(self.start(*arguments, crash_at=crash_at, fresh=fresh))

    def apply(self, *arguments: str, crash_at: str = "", fresh: bool = False) -> Ended:
        """Run `mtc apply`."""
        return self.mtc("apply", *arguments, crash_at=crash_at, fresh=fresh)

    def state(self) -> Store:
        """Open the state for reading."""
        return Store.open(self.root / ".mtc" / "state.db", readonly=True)

    def logged(self) -> Counter[Hit]:
        """Return every hit of the existing logs."""
        lines = (line for path in sorted(self.root.glob("logs/docs/*.log")) for line in path.read_text().splitlines())
        return Counter(map(_hit, lines))

    def stored(self) -> Counter[Hit]:
        """Return every hit on the server."""
        base = len("https://docs.example.org")
        return Counter((hit.url[base:], hit.time, hit.ip) for hit in self.matomo.hits(1))

    def visits(self) -> Counter[Visit]:
        """Return every visit on the server."""
        return Counter((seen.hits[0].ip, seen.first, seen.last, seen.actions) for seen in self.matomo.visits(1))

    def is_exact(self) -> None:
        """Assert that the server has each hit exactly once."""
        assert self.matomo.errors == []
        assert self.matomo.doubles() == {}
        stored, logged = self.stored(), self.logged()
        assert stored - logged == Counter(), "more than was logged"
        assert logged - stored == Counter(), "lost"


def _lines(dice: random.Random, day: dt.date, edge: str, hits: int, early: int) -> list[str]:
    midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
    seconds = [*sorted(-dice.randrange(1, 900) for _ in range(early)), *sorted(dice.sample(range(85_000), hits))]
    times = [midnight + dt.timedelta(seconds=second) for second in seconds]
    return [_line(dice, time, f"{edge}{number}") for number, time in enumerate(times)]


def _line(dice: random.Random, time: dt.datetime, name: str) -> str:
    address, size, agent = f"192.0.2.{dice.randrange(12)}", dice.randrange(1, 9000), dice.choice(_AGENTS)
    request = f"GET /{time:%d}/{name}?q=a%20b&x={dice.randrange(9)} HTTP/1.1"
    return f'{address} - - [{time:%d/%b/%Y:%H:%M:%S} +0000] "{request}" 200 {size} "-" "{agent}"'


def _hit(line: str) -> Hit:
    address, rest = line.split(" ", 1)
    time, rest = rest.partition("[")[2].split("]", 1)
    path = rest.split('"')[1].split(" ")[1]
    return path, int(dt.datetime.strptime(time, "%d/%b/%Y:%H:%M:%S %z").timestamp()), address
