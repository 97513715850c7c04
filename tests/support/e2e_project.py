"""A project in a temporary folder, with `mtc` as a user runs it: a process with streams and an exit code."""

import datetime as dt
import gzip
import json
import os
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import prefork
from prefork import Process

DAY = dt.date(2026, 5, 1)
NEXT = dt.date(2026, 5, 2)
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"

MANIFEST = """\
version: 1
name: daily
dates: {from: 2026-05-01, to: 2026-05-02}
source:
  url: logs/{site}/{date:%Y-%m-%d}*.log*
archive:
  url: archive/{site}/{date:%Y/%m/%d}/{name}
sites:
  docs: {url: https://docs.example.org}
  shop: {url: https://shop.example.org}
run: {jobs: 1, retries: 0}
environments:
  staging:
    archive: null
    warehouse: {path: staging/warehouse}
    stats: {path: staging/stats}
    csv: {path: staging/csv}
    state: staging/.mtc/state.db
"""


@dataclass(frozen=True, slots=True)
class Done:
    """The exit code and the output of a process."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Return the lines of stderr."""
        return self.err.splitlines()

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """Return the JSON events on stdout, all or those with one name."""
        found = [json.loads(line) for line in self.out.splitlines()]
        return [event for event in found if not name or event["event"] == name]


def line(day: dt.date, path: str = "/a.html", *, client: str = "192.0.2.1", hour: int = 10, status: int = 200) -> str:
    """Return a line of an access log in combined format."""
    when = f"{day:%d/%b/%Y}:{hour:02}:00:00 +0000"
    return f'{client} - - [{when}] "GET {path} HTTP/1.1" {status} 100 "-" "{AGENT}"\n'


def noon() -> tuple[str, dt.date]:
    """Return a time zone where it is about noon, so that no test crosses midnight, and the date there."""
    hour = dt.datetime.now(dt.UTC).hour
    zone = f"Etc/GMT{hour - 12:+}" if hour != 12 else "Etc/GMT"
    return zone, dt.datetime.now(zoneinfo.ZoneInfo(zone)).date()


@dataclass(slots=True)
class Place:
    """The folder of a project. With `fresh` its commands import everything in a new process."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    fresh: bool = False

    def write(self, path: str, text: str) -> Path:
        """Write a file."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
        return target

    def manifest(self, text: str = MANIFEST, name: str = "daily") -> Path:
        """Write a manifest."""
        return self.write(f"manifests/{name}.yaml", text)

    def log(self, site: str, day: dt.date, text: str | None = None, *, name: str = "", packed: bool = False) -> Path:
        """Write the log of a site and day, by default three hits of two visitors."""
        text = line(day) + line(day, "/b.html") + line(day, client="192.0.2.2") if text is None else text
        path = self.root / "logs" / site / (f"{day}{name}.log" + ".gz" * packed)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.encode(), mtime=0) if packed else text.encode())
        return path

    def logs(self, days: Iterable[dt.date] = (DAY, NEXT), sites: Iterable[str] = ("docs", "shop")) -> "Place":
        """Write a log for each of these sites and days."""
        days = tuple(days)
        for site in sites:
            for day in days:
                self.log(site, day)
        return self

    def mtc(self, *arguments: str, code: int = 0, fresh: bool = False, **environment: str) -> Done:
        """Run a command to its end, and assert its exit code."""
        process = self.start(*arguments, fresh=fresh, **environment)
        out, err = process.communicate(timeout=60)
        assert process.returncode is not None
        done = Done(process.returncode, out, err)
        assert done.code == code, done
        return done

    def start(self, *arguments: str, fresh: bool = False, **environment: str) -> Process:
        """Start a command; with `fresh`, or with a `PYTHONPATH`, in a process that is not forked."""
        fresh = fresh or self.fresh or "PYTHONPATH" in environment
        return prefork.start(arguments, self.root, self._environment(environment), fresh=fresh)

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MTC_", "AWS_"))}
        return {**kept, "TZ": "UTC", "HOME": str(self.root), **self.environment, **more}

    def files(self, folder: str = ".") -> set[str]:
        """Return every file below a folder, except SQLite's auxiliary files."""
        found = (path for path in (self.root / folder).rglob("*") if path.is_file())
        return {str(path.relative_to(self.root)) for path in found if not path.name.endswith(("-wal", "-shm"))}

    def content(self, *folders: str) -> dict[str, bytes]:
        """Return the content of every file below these folders."""
        return {name: (self.root / name).read_bytes() for folder in folders for name in sorted(self.files(folder))}

    def statuses(self, *arguments: str) -> dict[str, str]:
        """Return the status of each step in the state file."""
        listed = self.mtc("state", "list", "--json", *arguments).out.splitlines()
        return {step["step"]: step["status"] for step in map(json.loads, listed)}
