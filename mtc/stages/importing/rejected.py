"""The lines that could not be read: kept where an operator finds them, with object, line number and reason."""

import datetime as dt
import json
from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb

from mtc.sources.keys import printable
from mtc.stages.importing.bundle import Bundle
from mtc.stages.importing.owners import owned_lines
from mtc.warehouse.parts import rejected_file
from mtc.warehouse.quoting import literal

SAMPLES = 3
_SHOWN = 120
_ANY = "SELECT count(*) FROM lines WHERE rejected"


def any_rejected(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a line of `lines` could not be read."""
    ((count,),) = connection.execute(_ANY).fetchall()
    return bool(count)


def write_rejected(connection: duckdb.DuckDBPyConnection, bundle: Bundle, target: Path) -> None:
    """Write the rejected lines to a file, a JSON object each."""
    connection.execute(
        f"COPY (SELECT key AS object, n + shift AS line, reason, text FROM {owned_lines(bundle)}"  # noqa: S608 - own pieces
        f" WHERE rejected ORDER BY n) TO {literal(str(target))} (FORMAT json)"
    )


def sample_rejected(connection: duckdb.DuckDBPyConnection, bundle: Bundle) -> Mapping[int, list[str]]:
    """The first rejected lines of each segment, by its number, for a message."""
    query = (
        f"SELECT number, n + shift, reason, text FROM {owned_lines(bundle)} WHERE rejected"  # noqa: S608 - own pieces
        f" QUALIFY row_number() OVER (PARTITION BY number ORDER BY n) <= {SAMPLES} ORDER BY n"
    )
    samples: dict[int, list[str]] = {}
    for number, line, reason, text in connection.execute(query).fetchall():
        samples.setdefault(number, []).append(f"line {line} ({reason}): {printable(text[:_SHOWN])}")
    return samples


def sweep_rejected(
    warehouse: Path, site: str, day: dt.date, *, published: Collection[str], kept: Collection[str]
) -> None:
    """Remove a step's files of rejected lines that are of no object any more.

    `published` are those just made; an older one stays when it holds lines of an object with a key among `kept`.
    """
    folder = (warehouse / rejected_file(site, day, "any")).parent
    keys = {printable(key) for key in kept}
    for path in sorted(folder.glob("*.jsonl")):
        if str(path.relative_to(warehouse)) not in published and not _speaks_of(path, keys):
            path.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _speaks_of(path: Path, keys: Collection[str]) -> bool:
    with path.open(encoding="utf-8") as lines:
        return any(json.loads(line)["object"] in keys for line in lines) if keys else False
