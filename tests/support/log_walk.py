"""A random walk of growing logs: what web servers, logrotate, backups and clocks do to files, with runs in between.

Every line is written once, so in the end each must be recorded once, wherever its file has moved.
"""

import bz2
import contextlib
import datetime as dt
import gzip
import lzma
import os
import random
import re
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import prefork
import zstandard
from applied import Applied, hit
from rig import Listener

import mtc
from mtc.core import crash_points
from mtc.core.model import Accounting, Stage
from mtc.engine import session
from mtc.engine.selection import ApplyRequest, Scope
from mtc.manifest.dates import DateRange
from mtc.state.store import Store
from tests.fake_matomo.faults import Fault
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import SUPER

START = dt.datetime(2026, 5, 1, 9, tzinfo=dt.UTC)
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.compress,
}
_MANIFEST = """\
version: 1
dates: today
source: {{url: "logs/*.log*"}}
filters: {{max_rejected: 1}}
run: {{jobs: 1, retries: 1, backoff: 0s}}
sites: {{docs: {{url: "https://docs.example.org"{site}}}}}
stats: {{from: warehouse}}
{more}"""
_MATOMO = 'matomo: {{url: "{url}", token: "${{TOKEN}}", settle: 0s, timeout: 5s, batch: 20, jobs: 2}}\n'
_PAUSE = dt.timedelta(seconds=20)
_SECOND = dt.timedelta(seconds=1)
_AFTER = dt.timedelta(hours=7)


@dataclass(slots=True)
class Log:
    """A log of a server: its name, the unwritten rest of its last line, and its rotated files.

    `last` is the time and the visitor of the last line of the file.
    """

    name: str
    rest: bytes = b""
    rotated: list[str] = field(default_factory=list)
    last: tuple[dt.datetime, int] | None = None


class Walk:
    """The files, the clock, and everything that was written. Each step has its own random generator."""

    def __init__(self, root: Path, matomo: FakeMatomo | None = None) -> None:
        self.matomo = matomo
        self.applied = Applied(root, {"TOKEN": SUPER})
        self.folder = root / "logs"
        self.folder.mkdir(parents=True)
        more = _MATOMO.format(url=matomo.url) if matomo else ""
        text = _MANIFEST.format(site=", matomo_id: 1" if matomo else "", more=more)
        (root / "mtc.yaml").write_text(text, "utf-8")
        self.logs = [Log("access.log"), Log("b.log")]
        self.now = START
        self.number = 0
        self.written: list[bytes] = []
        self.kinds: Counter[str] = Counter()
        self.times: set[dt.datetime] = set()
        self.hits: list[int] = []
        self.seen: set[str] = set()
        self.copies: set[str] = set()
        self.done: list[str] = []
        self.serial = 0
        self.dice = random.Random(0)

    # ---- lines

    def line(self, log: Log) -> bytes:
        """Return the next line of a log: usually a hit, some are filtered or malformed, some are of the day before.

        Some have the visitor and the second of the preceding line in the same file, and count in file order. The order
        of hits of the same second in different logs is not defined.
        """
        self.number += 1
        self.now += _SECOND
        at = self.now - dt.timedelta(days=1) * (self.dice.random() < 0.05)
        while at in self.times:
            at -= _SECOND
        visitor = self.dice.randrange(1, 5)
        if log.last is not None and self.dice.random() < 0.3:
            at, visitor = log.last
        log.last = at, visitor
        self.times.add(at)
        kind = self.dice.choices(["hit", "filtered", "rejected"], [20, 3, 1])[0]
        self.kinds[kind] += 1
        if kind == "hit":
            self.hits.append(self.number)
        path = f"/{self.number}" if kind == "hit" else f"/style-{self.number}.css"
        text = f"no line of a log: {self.number}\n" if kind == "rejected" else hit(at, path)
        referrer = f"https://{self.number % 7}.example.net/" if self.dice.random() < 0.5 else "-"
        data = text.replace("192.0.2.1 ", f"192.0.2.{visitor} ").replace('"-"', f'"{referrer}"').encode()
        self.written.append(data)
        return data

    def write(self, log: Log, data: bytes) -> None:
        """Append to a log, which then counts as not yet seen."""
        with (self.folder / log.name).open("ab") as stream:
            stream.write(data)
        self.seen.discard(log.name)
        self.stamp(log.name)

    def finish(self, log: Log) -> None:
        """Write the rest of an incomplete line."""
        if log.rest:
            self.write(log, log.rest)
            log.rest = b""

    def stamp(self, name: str, *, right: bool = False) -> None:
        """Set the modification time of a file: exact, rounded, or from another clock."""
        at = self.now.timestamp()
        if not right:
            at = self.dice.choice([at, at, at - at % 2, at - at % 60, at - 5000 * self.dice.random(), at + 300])
        os.utime(self.folder / name, ns=(int(at * 1e9),) * 2)

    def any_log(self) -> Log:
        """Return one of the logs, the first one more often."""
        return self.dice.choice([self.logs[0], self.logs[0], self.logs[1]])

    def is_there(self, name: str) -> bool:
        """Return whether a file exists."""
        return (self.folder / name).exists()

    # ---- steps

    def append(self) -> None:
        """Append some lines."""
        log = self.any_log()
        self.finish(log)
        self.write(log, b"".join(self.line(log) for _ in range(self.dice.choice([1, 1, 2, 3, 10, 60]))))

    def append_piece(self) -> None:
        """Append a line in two pieces, usually with a run in between."""
        log = self.any_log()
        self.finish(log)
        line = self.line(log)
        cut = self.dice.randrange(1, len(line))
        self.write(log, line[:cut])
        self.stamp(log.name, right=True)
        log.rest = line[cut:]
        if self.dice.random() < 0.7:
            self.apply()

    def rotate(self) -> None:
        """Rotate with numbers; the new log is created now, or with its first line."""
        log = self.any_log()
        self.finish(log)
        if not self.is_there(log.name):
            return
        for name in sorted(log.rotated, key=_number, reverse=True):
            if (number := _number(name)) < _DATED:
                head, _, rest = name.removeprefix(log.name + ".").partition(".")
                assert head == str(number)
                self.rename(log, name, f"{log.name}.{number + 1}" + (f".{rest}" if rest else ""))
        self.rename(log, log.name, f"{log.name}.1")
        if self.dice.random() < 0.5:
            (self.folder / log.name).touch()
            self.stamp(log.name)

    def rotate_dateext(self) -> None:
        """Rotate with the date in the name."""
        log = self.any_log()
        self.finish(log)
        if self.is_there(log.name):
            self.serial += 1
            self.rename(log, log.name, f"{log.name}-{self.now:%Y%m%d%H}{self.serial:04}")

    def copytruncate(self) -> None:
        """Copy a log and truncate it, with runs during the copy and before the truncation."""
        log = self.any_log()
        self.finish(log)
        if not self.is_there(log.name):
            return
        self.serial += 1
        target = f"{log.name}-copied{self.serial:04}"
        data = (self.folder / log.name).read_bytes()
        if self.dice.random() < 0.5:
            (self.folder / target).write_bytes(data[: self.dice.randrange(len(data) + 1)])
            self.stamp(target, right=True)
            self.apply()
        (self.folder / target).write_bytes(data)
        self.stamp(target)
        self.took(log, log.name, target)
        if self.dice.random() < 0.5:
            self.apply()
        (self.folder / log.name).write_bytes(b"")
        log.last = None
        self.stamp(log.name)
        self.seen.discard(log.name)

    def compress(self) -> None:
        """Compress a rotated file; a run may find both files, or an incomplete new one."""
        log = self.any_log()
        plain = [name for name in log.rotated if name.rpartition(".")[2] not in PACK]
        if not plain:
            return
        name, ending = self.dice.choice(plain), self.dice.choice(sorted(PACK))
        packed, data = f"{name}.{ending}", (self.folder / name).read_bytes()
        whole = PACK[ending](data)
        if self.dice.random() < 0.2:
            (self.folder / packed).write_bytes(whole[: self.dice.randrange(len(whole))])
            self.stamp(packed, right=True)
            self.apply()
        (self.folder / packed).write_bytes(whole)
        shutil.copystat(self.folder / name, self.folder / packed)
        self.took(log, name, packed)
        if self.dice.random() < 0.3:
            self.apply()
        (self.folder / name).unlink()
        log.rotated.remove(name)
        self.seen.discard(name)

    def delete(self) -> None:
        """Delete a rotated file that a run has seen since it was last written."""
        log = self.any_log()
        if seen := [name for name in log.rotated if name in self.seen]:
            name = self.dice.choice(seen)
            (self.folder / name).unlink()
            log.rotated.remove(name)
            self.seen.discard(name)

    def copy(self) -> None:
        """Copy a file, as rsync or an editor does, with its modification time or with now."""
        there = sorted(path.name for path in self.folder.iterdir())
        if not there:
            return
        name = self.dice.choice(there)
        self.serial += 1
        target = f"backup{self.serial:04}.log"
        shutil.copy2(self.folder / name, self.folder / target)
        if self.dice.random() < 0.5:
            self.stamp(target)
        log = next((log for log in self.logs if log.name == name), None)
        if log and log.rest:  # the incomplete line would stay in the copy until it counts as complete
            (self.folder / target).unlink()
        else:
            self.copies.add(target)

    def delete_copy(self) -> None:
        """Remove a copy."""
        if self.copies:
            name = self.dice.choice(sorted(self.copies))
            (self.folder / name).unlink()
            self.copies.discard(name)

    def replace(self) -> None:
        """Replace a log that was seen by one of the same size: a new file, or in place."""
        log = self.any_log()
        path = self.folder / log.name
        if log.rest or log.name not in self.seen or not path.exists() or path.stat().st_size < 200:
            return
        size, before = path.stat().st_size, path.stat().st_mtime_ns
        if self.dice.random() < 0.5:
            path.unlink()
        log.last = None
        lines = [self.line(log)]
        while sum(map(len, lines)) + 300 < size:
            lines.append(self.line(log))
        short = size - sum(map(len, lines))
        self.number += 1
        self.kinds["rejected"] += 1
        lines.append(b"x" * (short - 1) + b"\n" if short else b"")
        self.written.append(lines[-1])
        if not short:
            self.kinds["rejected"] -= 1
        path.write_bytes(b"".join(lines))
        self.seen.discard(log.name)
        os.utime(path, ns=(before, before)) if self.dice.random() < 0.3 else self.stamp(log.name)

    def touch(self) -> None:
        """Change the modification time of a file only."""
        if there := sorted(path.name for path in self.folder.iterdir()):
            name = self.dice.choice(there)
            if not any(log.rest and log.name == name for log in self.logs):
                self.stamp(name)

    def pass_time(self) -> None:
        """Advance the clock by minutes, hours or a day."""
        hours = self.dice.choice([0.1, 0.5, 2, 5, 12, 26])
        self.jump(dt.timedelta(hours=hours))

    def set_clock_back(self) -> None:
        """Set the clock back."""
        self.jump(-dt.timedelta(hours=self.dice.choice([0.2, 1, 5, 25])))

    def jump(self, by: dt.timedelta) -> None:
        """Move the clock. Incomplete lines are completed before they would count as complete."""
        for log in self.logs:
            self.finish(log)
        self.now = max(self.now + by, START)

    def apply(self) -> int:
        """Apply, and return the exit code."""
        self.now += _PAUSE
        listener = Listener()
        request = ApplyRequest(self.applied.project, Scope(), "mtc apply")
        code = session.apply(request, listener, lambda: self.now)
        self.applied.events = listener.events
        if code == 0:
            self.seen = {path.name for path in self.folder.iterdir()}
        return code

    def apply_and_expect(self) -> None:
        """Apply, and assert that the run succeeds."""
        code = self.apply()
        assert code == 0, [str(event) for event in self.applied.events]

    def apply_killed(self) -> None:
        """Apply, killed at a random crash point."""
        self.now += _PAUSE
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join((str(Path(mtc.__file__).parents[1]), str(Path(__file__).parent))),
            "LC_ALL": "C.UTF-8",
            "TOKEN": SUPER,
            "MTC_CRASH_AT": f"{self.dice.choice(crash_points.POINTS)}:{self.dice.choice([1, 1, 1, 2, 3])}",
        }
        with prefork.start([self.now.isoformat()], self.applied.root, environment, module="apply_at") as process:
            _, errors = process.communicate(timeout=60)
        assert process.returncode in {0, 3, -signal.SIGKILL}, errors

    def apply_failing(self) -> None:
        """Apply while Matomo fails a few times."""
        if self.matomo is None:
            return
        faults = [Fault.DROP, Fault.COMMIT_THEN_DROP, Fault.BAD_GATEWAY, Fault.COMMIT_THEN_BAD_GATEWAY, Fault.SQLSTATE]
        for _ in range(self.dice.choice([1, 3])):
            self.matomo.faults.next(self.dice.choice(faults))
        self.apply()
        self.matomo.faults.clear()

    # ---- files

    def rename(self, log: Log, old: str, new: str) -> None:
        """Rename a file."""
        (self.folder / old).rename(self.folder / new)
        self.took(log, old, new)
        if old == log.name:
            log.last = None
        else:
            log.rotated.remove(old)
        self.seen.discard(old)

    def took(self, log: Log, old: str, new: str) -> None:
        """Note that a file has the content of another one."""
        log.rotated.append(new)
        if old in self.seen:
            self.seen.add(new)
        else:
            self.seen.discard(new)

    # ---- the walk

    def step(self, seed: str) -> None:
        """Take one step, chosen by this seed."""
        self.dice = random.Random(seed)
        name = self.dice.choices(list(STEPS), list(STEPS.values()))[0]
        self.done.append(name)
        getattr(self, name)()

    def settle(self) -> None:
        """Complete all lines, and apply twice, hours apart, after which nothing is left to do."""
        self.jump(_AFTER)
        self.apply_and_expect()
        self.jump(_AFTER)
        self.apply_and_expect()

    def check_lines(self) -> None:
        """Assert that exactly the written lines are recorded."""
        with Store.open(self.applied.root / ".mtc" / "state.db", readonly=True) as store:
            files = [str(self.applied.root / "warehouse" / file) for file in store.listed_files()]
            loaded = [item for objects in store.history(("docs",)).objects.values() for item in objects]
        rows = duckdb.connect().execute("SELECT path FROM read_parquet(?)", [files]).fetchall() if files else []
        found = Counter(int(path[1:]) for (path,) in rows)
        assert found - Counter(self.hits) == Counter(), f"double: {sorted((found - Counter(self.hits)).elements())}"
        assert Counter(self.hits) - found == Counter(), f"lost: {sorted((Counter(self.hits) - found).elements())}"
        total = Accounting.total(item.accounting for item in loaded)
        lines = {
            "hit": total.hits, "filtered": sum(total.filtered.values()), "rejected": sum(total.rejected.values())
        }  # fmt: skip
        assert lines == {kind: self.kinds[kind] for kind in lines}
        if self.matomo is not None:
            assert self.matomo.errors == []
            sent = Counter(int(stored.url.rpartition("/")[2]) for stored in self.matomo.hits(1))
            assert sent == Counter(self.hits)

    def check_statistics(self, root: Path) -> None:
        """Assert that the statistics of each day equal those of a single import of all lines."""
        (root / "logs").mkdir(parents=True)
        whole = Applied(root)
        (root / "mtc.yaml").write_text(_MANIFEST.format(site="", more=""), "utf-8")
        (root / "logs" / "all.log").write_bytes(b"".join(self.written))
        os.utime(root / "logs" / "all.log", (self.now.timestamp(),) * 2)
        days = DateRange(from_=str(START.date() - dt.timedelta(days=1)), to=str(self.now.date()))
        later = self.now + dt.timedelta(days=2)
        whole.apply(days, now=later)
        with contextlib.suppress(AssertionError):  # a day without hits may not have been imported
            self.applied.apply(days, now=later, stages=(Stage.STAT,))
        for stat in sorted((root / "stats" / "docs").iterdir()):
            day = dt.date.fromisoformat(stat.stem)
            if whole.actions(day) or self.applied.actions(day):
                assert _counts(self.applied, day) == _counts(whole, day), _difference(self.applied, whole, day)

    def check_quiet(self) -> None:
        """Assert that a plan has nothing to do."""
        plan = self.applied.plan(now=self.now)
        work = [f"{step.step} {step.verdict}: {step.reasons}" for step in plan.steps if step.verdict.is_work]
        assert work == [], work


_DATED = 1 << 30


def _number(name: str) -> int:
    found = re.search(r"\.log\.(\d+)(?:\.|$)", name)
    return int(found[1]) if found else _DATED


def _difference(one: Applied, other: Applied, day: dt.date) -> str:
    first, second = _counts(one, day), _counts(other, day)
    return f"{day}: " + ", ".join(f"{key}: {first[key]} {second[key]}" for key in first if first[key] != second[key])


def _counts(project: Applied, day: dt.date) -> dict[str, object]:
    found = project.stat(day)
    return {key: value for key, value in found.items() if key in {"summary", "tables"}}


STEPS = {
    "append": 30, "append_piece": 8, "rotate": 8, "rotate_dateext": 4, "copytruncate": 5, "compress": 10, "delete": 6,
    "copy": 3, "delete_copy": 2, "replace": 3, "touch": 3, "pass_time": 8, "set_clock_back": 2, "apply": 12,
    "apply_killed": 6, "apply_failing": 2,
}  # fmt: skip
"""The kinds of steps with their weights."""


def walk(root: Path, seed: str, steps: range | list[int], matomo: FakeMatomo | None = None) -> Walk:
    """Take these steps, and check everything."""
    made = Walk(root / "project", matomo)
    for number in steps:
        made.step(f"{seed} {number}")
    made.settle()
    made.check_lines()
    made.check_quiet()
    made.check_statistics(root / "whole")
    return made
