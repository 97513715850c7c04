"""The parts of the warehouse: paths, names and columns, and the renaming of damaged or unlisted ones.

A part is a Parquet file with the hits that one object, or a bundle of small ones, has on one day. Parts reach the
warehouse through a `StagingFolder`. A part that the state does not list, or that is damaged, is renamed and not
deleted: it may be the only copy of its hits.
"""

import contextlib
import datetime as dt
import hashlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

HITS = "hits"
REJECTED = "rejected"
DAMAGED = ".damaged"
UNLISTED = ".unlisted"

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
"""The columns of a part, in order, as the import writes and statistics read them."""


def object_id(key: str, version: str) -> str:
    """The id of a version of an object, 20 hexadecimal digits: equal for the same key and version."""
    return hashlib.sha256(f"{key}\0{version}".encode("utf-8", "surrogateescape")).hexdigest()[:20]


def bundle_name(object_ids: Collection[str], piece: int) -> str:
    """The name of the files made from a bundle: its only object's id or a digest of the ids; `piece` numbers slices."""
    ids = list(object_ids)
    name = ids[0] if len(ids) == 1 else "b" + hashlib.sha256("\0".join(ids).encode()).hexdigest()[:19]
    return f"{name}-{piece}" if piece else name


def part_file(site: str, day: dt.date, name: str) -> str:
    """The path of a part, relative to the warehouse."""
    return f"{HITS}/site={site}/date={day.isoformat()}/{name}.parquet"


def rejected_file(site: str, day: dt.date, name: str) -> str:
    """The path of the file of a bundle's rejected lines, relative to the warehouse."""
    return f"{REJECTED}/site={site}/date={day.isoformat()}/{name}.jsonl"


def all_part_files(warehouse: Path) -> Iterator[str]:
    """The path of every part file, relative to the warehouse."""
    for path in (warehouse / HITS).glob("site=*/date=*/*.parquet"):
        yield str(path.relative_to(warehouse))


def rename_unlisted(warehouse: Path, files: Iterable[str]) -> None:
    """Rename parts that the state does not list; they are not deleted, as their logs may be gone."""
    for file in files:
        path = warehouse / file
        with contextlib.suppress(FileNotFoundError):
            path.replace(path.with_name(f"{path.name}{UNLISTED}"))


def remove_unlisted(warehouse: Path, files: Iterable[str]) -> None:
    """Remove the renamed files of parts that were made again."""
    for file in files:
        (warehouse / f"{file}{UNLISTED}").unlink(missing_ok=True)


def rename_damaged(path: Path) -> None:
    """Rename a damaged part; it is not deleted, as it may be the only copy of its hits.

    The part then counts as missing, and is made again from its log if that exists. A file that cannot be renamed stays.
    """
    with contextlib.suppress(OSError):
        path.replace(path.with_name(f"{path.name}{DAMAGED}"))


def remove_files(warehouse: Path, files: Collection[str]) -> None:
    """Remove part files that the state no longer lists, and the folder of their day if it is empty."""
    for file in files:
        path = warehouse / file
        path.unlink(missing_ok=True)
        if path.parent.is_dir() and not any(path.parent.iterdir()):
            path.parent.rmdir()
