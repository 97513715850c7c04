"""A small project in a folder of its own, and `mtc` as a real process in it."""

import dataclasses
import datetime as dt
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import prefork
from logs import combined_log, common_log, gzipped
from prefork import Process

import mtc

DAYS = tuple(dt.date(2025, 5, 1) + dt.timedelta(days=number) for number in range(3))
WRITTEN = 1_746_200_000_000_000_000  # ns: when the logs were written, so that a copy of a project is the same
PATIENCE = 60.0

MANIFEST = """\
version: 1
name: trial
dates: {{from: {first}, to: {last}}}
source:
  url: logs/{{site}}/{{date:%Y-%m-%d}}*.log*
archive:
  url: archive/{{site}}/{{date:%Y/%m/%d}}/{{name}}
run: {{jobs: {jobs}, retries: 2, backoff: 0s}}
sites:
  docs: {{url: "https://docs.example.org", timezone: Europe/Paris}}
  shop: {{url: "https://shop.example.org", source: {{vanished: drop}}}}
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The last line that it said to people."""
        return self.err.rstrip("\n").rsplit("\n", 1)[-1]


@dataclass(frozen=True, slots=True)
class Trial:
    """A project's folder."""

    root: Path

    @classmethod
    def make(cls, root: Path, *, jobs: int = 2, manifest: str = MANIFEST) -> "Trial":
        """Write a manifest for two sites and three days; there are no logs yet."""
        root.mkdir(parents=True, exist_ok=True)
        text = manifest.format(first=DAYS[0], last=DAYS[-1], jobs=jobs)
        (root / "mtc.yaml").write_text(text, "utf-8")
        (root / "logs").mkdir()
        return cls(root)

    def with_logs(self) -> "Trial":
        """Put logs of every kind there: plain and compressed, two formats, two objects a day, a day without any."""
        for day in DAYS:
            self.log(f"docs/{day}-a.log", combined_log(day, f"docs a {day}"))
            self.log(f"docs/{day}-b.log.gz", gzipped(common_log(day, f"docs b {day}")))
            if day != DAYS[-1]:
                self.log(f"shop/{day}.log.gz", gzipped(combined_log(day, f"shop {day}", 80)))
        self.log(f"shop/{DAYS[0]}-z.log", combined_log(DAYS[0], "shop z", 20))
        return self

    def change_logs(self) -> "Trial":
        """What happens to a source between two runs: one object is another, one came late, one is gone."""
        self.log(f"docs/{DAYS[0]}-a.log", combined_log(DAYS[0], "docs a, written on", 75), later=1)
        self.log(f"docs/{DAYS[1]}-c.log.gz", gzipped(combined_log(DAYS[1], "docs c", 40)), later=1)
        (self.root / "logs" / "shop" / f"{DAYS[0]}-z.log").unlink()
        return self

    def log(self, name: str, data: bytes, *, later: int = 0) -> Path:
        """Put one log into the source, `later` seconds after the usual time."""
        path = self.root / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        moment = WRITTEN + later * 1_000_000_000
        os.utime(path, ns=(moment, moment))
        return path

    def copy(self, root: Path) -> "Trial":
        """The same project, in another folder, as it is now."""
        shutil.copytree(self.root, root, symlinks=True, dirs_exist_ok=True)
        return dataclasses.replace(self, root=root)

    def with_jobs(self, jobs: int) -> "Trial":
        """Have so many tasks done at a time."""
        path = self.root / "mtc.yaml"
        path.write_text(re.sub(r"jobs: \d+", f"jobs: {jobs}", path.read_text("utf-8")), "utf-8")
        return self

    def start(self, *arguments: str, crash_at: str = "", largest_file: int = 0, fresh: bool = False) -> Process:
        """Start `mtc ARGUMENTS -m mtc.yaml`. `largest_file`, in bytes, is as far as it may write."""
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(mtc.__file__).parents[1]),  # the child runs what the test has imported
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.root),
        }
        if crash_at:
            environment["MTC_CRASH_AT"] = crash_at
        words = [*arguments, "-m", "mtc.yaml"]
        if not largest_file:
            return prefork.start(words, self.root, environment, fresh=fresh)
        environment["PYTHONDONTWRITEBYTECODE"] = "1"  # Python would leave modules cut short behind
        blocks = largest_file // 512  # what POSIX's ulimit counts in
        command = ["/bin/sh", "-c", f'ulimit -f {blocks} && exec "$@"', "sh", sys.executable, "-m", "mtc", *words]
        return subprocess.Popen(
            command, cwd=self.root, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def mtc(self, *arguments: str, crash_at: str = "", largest_file: int = 0, fresh: bool = False) -> Ended:
        """Run a command to its end."""
        return ended(self.start(*arguments, crash_at=crash_at, largest_file=largest_file, fresh=fresh))

    def apply(self, crash_at: str = "", *, fresh: bool = False) -> Ended:
        """Run `mtc apply`, which every test here is about."""
        return self.mtc("apply", crash_at=crash_at, fresh=fresh)


def ended(process: Process, patience: float = PATIENCE) -> Ended:
    """Wait for a process; one that does not end is killed, and a failure."""
    with process:
        try:
            out, err = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode is not None
    return Ended(process.returncode, out, err)
