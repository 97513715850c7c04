"""A project in a folder, applied in this process at a given time, and its results."""

import datetime as dt
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rig import Listener

from mtc.core.events import Event, Notice, StepFinished
from mtc.core.findings import DayVerified
from mtc.core.model import Accounting, Stage, StepId
from mtc.engine import planning, session
from mtc.engine.selection import ApplyRequest, Scope
from mtc.manifest.dates import Dates
from mtc.manifest.load import load
from mtc.manifest.project import Project
from mtc.plan.work import Plan
from mtc.report.reporters import ConsoleReporter
from mtc.report.status import status_text
from mtc.report.status_grid import make_grid
from mtc.report.terminal import Terminal
from mtc.state.store import Store
from mtc.verify.verify import verify

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
DAY = dt.date(2026, 5, 1)


def moment(text: str) -> dt.datetime:
    """Parse a time such as `2026-05-01 10:00` or `2026-05-01 10:00-07:00`; without an offset it is in UTC."""
    at = dt.datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def hit(at: dt.datetime, path: str = "/") -> str:
    """Return a log line in combined format."""
    return f'192.0.2.1 - - [{at:%d/%b/%Y:%H:%M:%S %z}] "GET {path} HTTP/1.1" 200 100 "-" "{AGENT}"\n'


def hours(first: str, count: int, each: int = 1) -> bytes:
    """Return a log with a number of hits in each of some consecutive hours."""
    begin = moment(first)
    step = dt.timedelta(hours=1) / each
    return "".join(hit(begin + number * step, f"/{number}") for number in range(count * each)).encode()


@dataclass(slots=True)
class Applied:
    """The folder of the project. `environ` has the values of the variables in its manifest."""

    root: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    quiet: str = ""

    def manifest(self, more: str = "", *, url: str = "logs/{site}/{date:%Y-%m-%d}*", sites: str = "docs: {}") -> None:
        """Write the manifest."""
        text = f"version: 1\nsource: {{url: '{url}'}}\nrun: {{jobs: 1, retries: 0}}\nsites: {{{sites}}}\n{more}"
        (self.root / "mtc.yaml").write_text(text)

    def log(self, key: str, data: bytes) -> Path:
        """Write a log."""
        path = self.root / "logs" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    @property
    def project(self) -> Project:
        """Return the project as its manifest now defines it."""
        return load(self.root / "mtc.yaml", environ=self.environ)

    def apply(
        self, dates: Dates | None = None, *, now: dt.datetime = NOW, code: int = 0, stages: tuple[Stage, ...] = ()
    ) -> None:
        """Apply; the events are in `events`, and the output of `--quiet` in `quiet`."""
        heard, stream = Listener(), io.StringIO()
        console = ConsoleReporter(stream, Terminal(), quiet=True)
        heard.then = console.tell
        request = ApplyRequest(self.project, Scope(dates=dates, stages=stages), "mtc apply")
        ended = session.apply(request, heard, lambda: now)
        self.events, self.quiet = heard.events, stream.getvalue()
        assert ended == code, [str(event) for event in heard.events]

    def plan(self, dates: Dates | None = None, *, now: dt.datetime = NOW) -> Plan:
        """Return the plan, without changing anything."""
        return planning.plan(ApplyRequest(self.project, Scope(dates=dates), "mtc plan"), lambda _: None, lambda: now)

    def status(self, now: dt.datetime = NOW) -> str:
        """Return the data of `mtc status`."""
        seen = planning.status_data(self.project, Scope(), lambda _: None, offline=False, clock=lambda: now)
        return status_text(make_grid(seen.history, seen.project, seen.days, now, seen.plan))

    def verified(self, dates: Dates | None = None, *, now: dt.datetime = NOW) -> Sequence[DayVerified]:
        """Return what `verify` finds for the days."""
        return verify(self.project, Scope(dates=dates), lambda: now).days

    def stat(self, day: dt.date = DAY, site: str = "docs") -> dict[str, Any]:
        """Return a `.stat` file."""
        found: dict[str, Any] = json.loads((self.root / "stats" / site / f"{day}.stat").read_text())
        return found

    def actions(self, day: dt.date = DAY, site: str = "docs") -> int:
        """Return the number of hits in the statistics of a day, 0 without statistics."""
        there = (self.root / "stats" / site / f"{day}.stat").exists()
        return int(self.stat(day, site)["summary"]["actions"]) if there else 0

    def account(self, day: dt.date = DAY, site: str = "docs") -> Accounting | None:
        """Return the line accounting of a day's logs from the state."""
        with Store.open(self.root / ".mtc" / "state.db", readonly=True) as store:
            record = store.record(StepId(Stage.IMPORT, site, day))
        return record.accounting if record else None

    def hit_paths(self, site: str = "docs") -> list[str]:
        """Return the paths of all recorded hits of a site, `/1`, `/2` ..., sorted by number."""
        import duckdb  # noqa: PLC0415 - only this check needs it

        with Store.open(self.root / ".mtc" / "state.db", readonly=True) as store:
            loaded = [item for items in store.history((site,)).objects.values() for item in items]
        parts = [(str(self.root / "warehouse" / part.file), part.object_id) for item in loaded for part in item.parts]
        query = "SELECT path FROM read_parquet(?) WHERE object = ?"  # may have rows of merged objects
        rows = [row for part in parts for row in duckdb.connect().execute(query, list(part)).fetchall()]
        return sorted((path for (path,) in rows), key=lambda path: int(path[1:]))

    @property
    def notes(self) -> list[str]:
        """Return the notes of the last run and its steps."""
        told = [event.text for event in self.events if isinstance(event, Notice)]
        return told + [note for event in self.events if isinstance(event, StepFinished) for note in event.notes]
