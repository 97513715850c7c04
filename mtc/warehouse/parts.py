"""Where parts lie, and how they get there: staged, made durable, renamed into place."""

import contextlib
import datetime as dt
import hashlib
import shutil
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

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
