"""A small project in its own folder, with `mtc` as a real process."""

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
WRITTEN = 1_746_200_000_000_000_000  # ns: when the logs were written, so that copies of a project are the same
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
    """The exit code and the output of a process."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """Return the last line of stderr."""
        return self.err.rstrip("\n").rsplit("\n", 1)[-1]


@dataclass(frozen=True, slots=True)
class Trial:
    """The folder of a project."""

    root: Path

    @classmethod
    def make(cls, root: Path, *, jobs: int = 2, manifest: str = MANIFEST) -> "Trial":
        """Write a manifest for two sites and three days, without logs."""
        root.mkdir(parents=True, exist_ok=True)
        text = manifest.format(first=DAYS[0], last=DAYS[-1], jobs=jobs)
        (root / "mtc.yaml").write_text(text, "utf-8")
        (root / "logs").mkdir()
        return cls(root)

    def with_logs(self) -> "Trial":
        """Write logs of every kind: plain and compressed, two formats, two objects a day, and a day without any."""
        for day in DAYS:
            self.log(f"docs/{day}-a.log", combined_log(day, f"docs a {day}"))
            self.log(f"docs/{day}-b.log.gz", gzipped(common_log(day, f"docs b {day}")))
            if day != DAYS[-1]:
                self.log(f"shop/{day}.log.gz", gzipped(combined_log(day, f"shop {day}", 80)))
        self.log(f"shop/{DAYS[0]}-z.log", combined_log(DAYS[0], "shop z", 20))
        return self

    def change_logs(self) -> "Trial":
        """Change the source between two runs: one object is replaced, one is late, one is removed."""
        self.log(f"docs/{DAYS[0]}-a.log", combined_log(DAYS[0], "docs a, written on", 75), later=1)
        self.log(f"docs/{DAYS[1]}-c.log.gz", gzipped(combined_log(DAYS[1], "docs c", 40)), later=1)
        (self.root / "logs" / "shop" / f"{DAYS[0]}-z.log").unlink()
        return self

    def log(self, name: str, data: bytes, *, later: int = 0) -> Path:
        """Write one log into the source, `later` seconds after the usual time."""
        path = self.root / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        moment = WRITTEN + later * 1_000_000_000
        os.utime(path, ns=(moment, moment))
        return path

    def copy(self, root: Path) -> "Trial":
        """Return a copy of the project in another folder."""
        shutil.copytree(self.root, root, symlinks=True, dirs_exist_ok=True)
        return dataclasses.replace(self, root=root)

    def with_jobs(self, jobs: int) -> "Trial":
        """Set the number of parallel tasks."""
        path = self.root / "mtc.yaml"
        path.write_text(re.sub(r"jobs: \d+", f"jobs: {jobs}", path.read_text("utf-8")), "utf-8")
        return self

    def start(self, *arguments: str, crash_at: str = "", largest_file: int = 0, fresh: bool = False) -> Process:
        """Start `mtc ARGUMENTS -m mtc.yaml`. `largest_file` is a file size limit in bytes."""
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(mtc.__file__).parents[1]),  # the child imports the tested mtc
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.root),
        }
        if crash_at:
            environment["MTC_CRASH_AT"] = crash_at
        words = [*arguments, "-m", "mtc.yaml"]
        if not largest_file:
            return prefork.start(words, self.root, environment, fresh=fresh)
        environment["PYTHONDONTWRITEBYTECODE"] = "1"  # Python would leave truncated modules behind
        blocks = largest_file // 512  # the unit of POSIX's ulimit
        command = ["/bin/sh", "-c", f'ulimit -f {blocks} && exec "$@"', "sh", sys.executable, "-m", "mtc", *words]
        return subprocess.Popen(
            command, cwd=self.root, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def mtc(self, *arguments: str, crash_at: str = "", largest_file: int = 0, fresh: bool = False) -> Ended:
        """Run a command to its end."""
        return ended(self.start(*arguments, crash_at=crash_at, largest_file=largest_file, fresh=fresh))

    def apply(self, crash_at: str = "", *, fresh: bool = False) -> Ended:
        """Run `mtc apply`."""
        return self.mtc("apply", crash_at=crash_at, fresh=fresh)


def ended(process: Process, patience: float = PATIENCE) -> Ended:
    """Wait for a process; kill it and fail if it does not end."""
    with process:
        try:
            out, err = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode is not None
    return Ended(process.returncode, out, err)
