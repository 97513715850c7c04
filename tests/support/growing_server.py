"""The log of a web server in a project: it is written, rotated and compressed while mtc is applied."""

import datetime as dt
import gzip
import os
from pathlib import Path

from applied import Applied, hit


def at(text: str) -> dt.datetime:
    """Return a time in UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


class Server:
    """A project whose site has logs without a date in their URL, and a clock."""

    def __init__(self, root: Path, dates: str = "today", more: str = "", name: str = "access.log") -> None:
        self.applied = Applied(root)
        self.applied.manifest(f"dates: {dates}\n{more}", url="logs/access.log*")
        self.name = name
        self.now = at("2026-05-01T10:00:00")
        self.number = 0

    def path(self, name: str = "") -> Path:
        """Return the path of a log."""
        return self.applied.root / "logs" / (name or self.name)

    def write(self, *hours: str, name: str = "") -> None:
        """Append a hit at each of these times, and set the clock to them."""
        path = self.path(name)
        path.parent.mkdir(exist_ok=True)
        for hour in hours:
            self.now = at(hour if "T" in hour else f"2026-05-01T{hour}:00")
            self.number += 1
            with path.open("a", encoding="utf-8") as stream:
                stream.write(hit(self.now, f"/{self.number}"))
        self.touch(name)

    def touch(self, name: str = "") -> None:
        """Set the modification time of a file to now."""
        moment = int(self.now.timestamp() * 1e9)
        os.utime(self.path(name), ns=(moment, moment))

    def rename(self, old: str, new: str) -> None:
        """Rename a log."""
        self.path(old).rename(self.path(new))

    def compress(self, name: str) -> None:
        """Compress a log."""
        path = self.path(name)
        written = path.stat().st_mtime_ns
        packed = path.with_name(f"{name}.gz")
        packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        os.utime(packed, ns=(written, written))
        path.unlink()

    def apply(self, code: int = 0, later: dt.timedelta = dt.timedelta(minutes=1)) -> None:
        """Apply a little later."""
        self.now += later
        self.applied.apply(now=self.now, code=code)

    def paths(self) -> list[str]:
        """Return the paths of all recorded hits, sorted."""
        return self.applied.hit_paths()

    def expect_all(self) -> None:
        """Assert that every hit that was written is recorded once."""
        assert self.paths() == [f"/{number}" for number in range(1, self.number + 1)]
