"""The rows of the warehouse's files, counted for each object: one query for many days. The only room with DuckDB."""

import contextlib
import glob
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mtc.errors import PermanentError
from mtc.files import inside, sha256
from mtc.model import Part
from mtc.run.verifying.values import Disagreement

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_AT_ONCE = 2000
_COUNT = """
SELECT filename, object, count(*) FROM read_parquet($paths, filename = true, hive_partitioning = false) GROUP BY ALL
"""

Counted = Mapping[tuple[str, str], int]
"""How many rows a file has for an object, by the file's path and the object's id."""


def wrong_parts(warehouse: Path, parts: Collection[Part], memory: str) -> Mapping[Part, Disagreement]:
    """The parts whose file is not there, cannot be read, is not as it was written, or does not hold their hits.

    `memory` is like `800MB`.
    """
    wrong: dict[Part, Disagreement] = {}
    paths: dict[Part, str] = {}
    for part in parts:
        path = _path(warehouse, part.file)
        if path is None:
            wrong[part] = Disagreement(f"{part.file} is not there", part.hits)
        else:
            paths[part] = str(path)
    with _connected(memory) as connection:
        counted, damaged = _count(connection, sorted(set(paths.values())))
    digests = {file: _digest(file) for file in {paths[part] for part in paths if part.digest}}
    for part, file in paths.items():
        rows = counted.get((file, part.object_id), 0)
        if file in damaged:
            wrong[part] = Disagreement(f"{part.file} cannot be read", part.hits)
        elif rows != part.hits:
            what = f"{part.file} holds {rows:,} hits of a log file, of {part.hits:,} that were loaded"
            wrong[part] = Disagreement(what, abs(rows - part.hits))
        elif part.digest and digests[file] != part.digest:
            what = f"{part.file} is damaged: it is not as it was written; `mtc apply --remake` reads its log again"
            wrong[part] = Disagreement(what, part.hits)
    return wrong


def _digest(file: str) -> str:
    try:
        return sha256(Path(file))
    except OSError:
        return ""


def _path(warehouse: Path, file: str) -> Path | None:
    try:
        path = inside(warehouse, file)
    except PermanentError:
        return None
    return path if path.is_file() else None


@contextlib.contextmanager
def _connected(memory: str) -> "Iterator[DuckDBPyConnection]":
    """A connection whose spill-over goes to a folder that does not stay."""
    from mtc.warehouse.database import connect  # noqa: PLC0415 - loads duckdb

    with tempfile.TemporaryDirectory(prefix="mtc-verify-") as folder, connect(memory, Path(folder)) as connection:
        yield connection


def _count(connection: "DuckDBPyConnection", files: Sequence[str]) -> tuple[Counted, frozenset[str]]:
    """The rows of all files; those that cannot be read are found one by one."""
    import duckdb  # noqa: PLC0415 - loaded when it is used

    counted: dict[tuple[str, str], int] = {}
    damaged: set[str] = set()
    for at in range(0, len(files), _AT_ONCE):
        some = files[at : at + _AT_ONCE]
        try:
            counted |= _rows(connection, some)
        except duckdb.Error:
            for file in some:
                try:
                    counted |= _rows(connection, (file,))
                except duckdb.Error:
                    damaged.add(file)
    return counted, frozenset(damaged)


def _rows(connection: "DuckDBPyConnection", files: Sequence[str]) -> Counted:
    paths = [glob.escape(file) for file in files]
    return {(file, item): rows for file, item, rows in connection.execute(_COUNT, {"paths": paths}).fetchall()}
