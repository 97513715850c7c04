"""Where parts lie, and how they get there: staged, made durable, renamed into place.

The columns of a part, in order: the one shape that loading writes and statistics read.

Files on their way into the warehouse: written aside, moved into place when all that they belong to is ready.

What is not published when the folder is closed is gone: a step that fails leaves nothing behind.
"""

import contextlib
import datetime as dt
import hashlib
import secrets
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mtc.core.atomic_files import publish

STAGING = ".staging"
HITS = "hits"
REJECTED = "rejected"
DAMAGED = ".damaged"
UNLISTED = ".unlisted"


def object_id(key: str, version: str) -> str:
    """The id of an object's content: the same object again has the same one, a changed object another."""
    return hashlib.sha256(f"{key}\0{version}".encode("utf-8", "surrogateescape")).hexdigest()[:20]


def bundle_name(object_ids: Collection[str], piece: int) -> str:
    """The name of the files made from a bundle: one object's id, or a digest of all ids; a slice has its number."""
    ids = list(object_ids)
    name = ids[0] if len(ids) == 1 else "b" + hashlib.sha256("\0".join(ids).encode()).hexdigest()[:19]
    return f"{name}-{piece}" if piece else name


def part_file(site: str, day: dt.date, name: str) -> str:
    """The path of a part, relative to the warehouse."""
    return f"{HITS}/site={site}/date={day.isoformat()}/{name}.parquet"


def rejected_file(site: str, day: dt.date, name: str) -> str:
    """The path of the lines of a bundle that could not be read, relative to the warehouse."""
    return f"{REJECTED}/site={site}/date={day.isoformat()}/{name}.jsonl"


def clear_staging(warehouse: Path) -> None:
    """Remove what a killed run left half-made."""
    shutil.rmtree(warehouse / STAGING, ignore_errors=True)


def all_part_files(warehouse: Path) -> Iterator[str]:
    """Every part file that is there, relative to the warehouse."""
    for path in (warehouse / HITS).glob("site=*/date=*/*.parquet"):
        yield str(path.relative_to(warehouse))


def lay_aside(warehouse: Path, files: Iterable[str]) -> None:
    """Keep parts that the state does not list beside their places: nobody can say that they can be made again."""
    for file in files:
        path = warehouse / file
        with contextlib.suppress(FileNotFoundError):
            path.replace(path.with_name(f"{path.name}{UNLISTED}"))


def forget_aside(warehouse: Path, files: Iterable[str]) -> None:
    """Remove what was laid aside of parts that have been made again."""
    for file in files:
        (warehouse / f"{file}{UNLISTED}").unlink(missing_ok=True)


def set_aside(path: Path) -> None:
    """Take a damaged part out of the way, beside its place: it may be all that is left of its hits.

    The part is missing then, and made again from its log if that is there. Where nothing can be renamed, it stays.
    """
    with contextlib.suppress(OSError):
        path.replace(path.with_name(f"{path.name}{DAMAGED}"))


def remove_files(warehouse: Path, files: Collection[str]) -> None:
    """Remove part files that the state lists no more, and the day's folder when it is empty."""
    for file in files:
        path = warehouse / file
        path.unlink(missing_ok=True)
        if path.parent.is_dir() and not any(path.parent.iterdir()):
            path.parent.rmdir()


# name, DuckDB type, what it holds
COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("object", "VARCHAR", "the id of the object the line came from"),
    ("line", "BIGINT", "the line's number in the object, from 1"),
    ("ts", "TIMESTAMP", "the time of the request, UTC"),
    ("host", "VARCHAR", "the virtual host, lower case; NULL where the format has none"),
    ("ip", "VARCHAR", "the client's address as logged"),
    ("user", "VARCHAR", "the authenticated user, or NULL"),
    ("method", "VARCHAR", "GET, POST ..."),
    ("path", "VARCHAR", "the request's path, before the question mark"),
    ("query", "VARCHAR", "what follows the question mark, or NULL"),
    ("protocol", "VARCHAR", "HTTP/1.1 ..., or NULL"),
    ("status", "SMALLINT", "the answer's status, or NULL"),
    ("bytes", "BIGINT", "the answer's size, or NULL"),
    ("time_ms", "DOUBLE", "how long the answer took, or NULL"),
    ("referrer", "VARCHAR", "the referrer, or NULL"),
    ("user_agent", "VARCHAR", "the user agent, or NULL"),
    ("download", "BOOLEAN", "whether the hit is a download, not a page view"),
    ("bot", "BOOLEAN", "whether the user agent is a robot's"),
    ("browser", "VARCHAR", "the browser or other client as Matomo calls it, or 'Unknown'"),
    ("browser_version", "VARCHAR", "a browser's version in two parts, or NULL"),
    ("os", "VARCHAR", "the family of operating systems as Matomo calls it, or 'Unknown'"),
    ("device", "VARCHAR", "the type of device in Matomo's words (desktop, smartphone, tv ...), bot or unknown"),
)


@dataclass(slots=True)
class Staging:
    """A folder of staged files. A target is a path relative to the warehouse."""

    warehouse: Path
    folder: Path
    waiting: dict[str, Path] = field(default_factory=dict)
    number: int = 0

    def aside(self, name: str = "aside") -> Path:
        """A path for a file that is never published."""
        self.number += 1
        return self.folder / f"{name}-{self.number}"

    def stage(self, target: str) -> Path:
        """The path at which to write what shall become `target`."""
        self.waiting[target] = self.aside("staged")
        return self.waiting[target]

    def path_of(self, target: str) -> Path:
        """Where the file is now that is, or will be, `target`."""
        return self.waiting.get(target, self.warehouse / target)

    def publish(self, targets: Collection[str]) -> None:
        """Move those of the targets that wait into place, durably."""
        for target in [target for target in self.waiting if target in targets]:
            publish(self.waiting.pop(target), self.warehouse / target)


@contextmanager
def staging(warehouse: Path) -> Iterator[Staging]:
    """A staging folder of its own, on the warehouse's file system."""
    folder = warehouse / STAGING / secrets.token_hex(8)
    folder.mkdir(parents=True)
    try:
        yield Staging(warehouse, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
