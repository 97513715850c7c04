"""A folder with a manifest, logs, and what mtc makes of them."""

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from measure import Cost, run

DAY = "2026-05-01"
_HERE = Path(__file__).parent
_MANIFEST = """version: 1
dates: {dates}
source: {{url: "{url}", format: {form}}}
filters: {filters}
sites: {{{sites}}}
"""
ALL_HITS = "{bots: true, static: true, errors: true, redirects: true}"
ONE_FILE = "logs/{site}/{date:%Y-%m-%d}.log*"
MANY_FILES = "logs/{site}/{date:%Y-%m-%d}/*"


@dataclass(frozen=True, slots=True)
class Workplace:
    """One project of the benchmark. Without `native` its logs are read by SQL alone."""

    root: Path
    native: bool = True

    @property
    def log(self) -> Path:
        """The log of a project with one."""
        return self.root / "logs" / "docs" / f"{DAY}.log"

    def write(
        self,
        url: str = ONE_FILE,
        *,
        dates: str = DAY,
        form: str = "auto",
        filters: str = "{bots: false}",
        sites: Iterable[str] = ("docs",),
    ) -> "Workplace":
        """Write the manifest."""
        self.root.mkdir(parents=True, exist_ok=True)
        named = ", ".join(f"{site}: {{}}" for site in sites)
        text = _MANIFEST.format(dates=dates, url=url, form=form, filters=filters, sites=named)
        (self.root / "mtc.yaml").write_text(text)
        return self

    def make(self, *arguments: object) -> "Workplace":
        """Have data made by `material.py`, in a process of its own."""
        subprocess.run([sys.executable, str(_HERE / "material.py"), *map(str, arguments)], cwd=self.root, check=True)
        return self

    def mtc(self, *arguments: str) -> Cost:
        """Run a command of mtc."""
        changed = {} if self.native else {"MTC_NATIVE": "0"}
        return run([sys.executable, "-m", "mtc", *arguments], self.root, changed=changed)

    def fresh(self, *stages: str) -> Cost:
        """Do stages for the first time."""
        self.forget(".mtc", "warehouse", "stats", "csv")
        return self.apply(*stages)

    def apply(self, *stages: str) -> Cost:
        """Do stages."""
        chosen = [option for stage in stages for option in ("--stage", stage)]
        return self.mtc("apply", "-q", "mtc.yaml", *chosen)

    def check(self, form: str) -> None:
        """See that the log was read in this format and wholly: what reads nothing is quick."""
        with contextlib.closing(sqlite3.connect(self.root / ".mtc" / "state.db")) as state:
            found = state.execute("SELECT format, accounting FROM objects").fetchall()
        for name, accounting in found:
            account = json.loads(accounting)
            if name != form or account["rejected"] or not account["hits"]:
                raise SystemExit(f"{self.root}: read as {name}: {accounting}")

    def keep_state(self) -> None:
        """Remember what is done up to here."""
        self.forget("kept")
        shutil.copytree(self.root / ".mtc", self.root / "kept")

    def back_to_kept(self) -> None:
        """Forget what was done since, and what it made but for the warehouse."""
        self.forget(".mtc", "stats", "csv")
        shutil.copytree(self.root / "kept", self.root / ".mtc")

    def forget(self, *names: str) -> None:
        """Remove folders."""
        for name in names:
            shutil.rmtree(self.root / name, ignore_errors=True)

    def limit(self, *arguments: str) -> Cost:
        """Run one of the bare limits."""
        return run([sys.executable, str(_HERE / "limits.py"), *arguments], self.root)
