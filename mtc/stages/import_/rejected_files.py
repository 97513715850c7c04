"""The files of rejected lines: those of a bundle written, with samples for a message; those of gone objects removed."""

import datetime as dt
import json
from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb

from mtc.core.sanitize import printable
from mtc.core.sql import literal
from mtc.warehouse.parts import rejected_file

SAMPLES = 3
"""How many rejected lines of each segment are kept for a message."""

_SAMPLE_LENGTH = 120
_COUNT_REJECTED = "SELECT count(*) FROM lines WHERE rejected"


def any_rejected(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether `lines` has any rejected line."""
    ((count,),) = connection.execute(_COUNT_REJECTED).fetchall()
    return bool(count)


def write_rejected(connection: duckdb.DuckDBPyConnection, lines: str, target: Path) -> None:
    """Write the rejected lines to a file, one JSON object per line."""
    connection.execute(
        f"COPY (SELECT key AS object, n + shift AS line, reason, text FROM {lines}"  # noqa: S608 - own pieces
        f" WHERE rejected ORDER BY n) TO {literal(str(target))} (FORMAT json)"
    )


def sample_rejected(connection: duckdb.DuckDBPyConnection, lines: str) -> Mapping[int, list[str]]:
    """The first rejected lines of each segment, by the segment's number, for a message."""
    query = (
        f"SELECT number, n + shift, reason, text FROM {lines} WHERE rejected"  # noqa: S608 - own pieces
        f" QUALIFY row_number() OVER (PARTITION BY number ORDER BY n) <= {SAMPLES} ORDER BY n"
    )
    samples: dict[int, list[str]] = {}
    for number, line, reason, text in connection.execute(query).fetchall():
        samples.setdefault(number, []).append(f"line {line} ({reason}): {printable(text[:_SAMPLE_LENGTH])}")
    return samples


def sweep_rejected(
    warehouse: Path, site: str, day: dt.date, *, published: Collection[str], kept_keys: Collection[str]
) -> None:
    """Remove a step's files of rejected lines that belong to none of its objects.

    `published` are the files just written; an older file is kept if it has lines of an object whose key is among
    `kept_keys`.
    """
    folder = (warehouse / rejected_file(site, day, "any")).parent
    keys = {printable(key) for key in kept_keys}
    for path in sorted(folder.glob("*.jsonl")):
        if str(path.relative_to(warehouse)) not in published and not _has_lines_of(path, keys):
            path.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _has_lines_of(path: Path, keys: Collection[str]) -> bool:
    with path.open(encoding="utf-8") as lines:
        return any(json.loads(line)["object"] in keys for line in lines) if keys else False
