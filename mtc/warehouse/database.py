"""The embedded database: one in-memory DuckDB per process, a connection per task, one way to quote.

All connections share one buffer pool, so that `run.memory` bounds the whole process. Temporary tables belong to a
connection. Nothing is fetched from a network and no extension is loaded.
"""

import functools
import os
import re
from pathlib import Path

import duckdb

from mtc.errors import PermanentError, StepError, TransientError

_MISSING = re.compile(r"No files found that match the pattern \"(?P<file>.*)\"")


@functools.lru_cache(maxsize=4)
def _database(memory: str, temp: str) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "temp_directory": temp,
        "threads": max(1, os.cpu_count() or 1),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": True,
    }
    database = duckdb.connect(":memory:", config=config)
    database.execute("SET GLOBAL TimeZone = 'UTC'")
    return database


def connect(memory: str, temp: Path) -> duckdb.DuckDBPyConnection:
    """A connection of its own to the process's database. `memory` is like `800MB`."""
    temp.mkdir(parents=True, exist_ok=True)
    return _database(memory, str(temp)).cursor()


@functools.lru_cache(maxsize=1)
def _small() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"threads": 1, "autoinstall_known_extensions": False})


def asked(sql: str, values: list[str]) -> list[tuple[object, ...]]:
    """What a query over the table `given (text)` says, with these values as its rows: for a few, and without files."""
    given = "SELECT unnest(CAST(? AS VARCHAR[])) AS text"
    return _small().cursor().execute(f"WITH given AS ({given}) {sql}", [values]).fetchall()


def explain(error: duckdb.Error, where: str) -> StepError:
    """Put a database error that is no fault of the data into words."""
    text = str(error).splitlines()[0]
    if "No space left" in text or "not enough space" in text.lower():
        return PermanentError("no space left on the disk", where=where, hint="free some and run the same command")
    if isinstance(error, duckdb.OutOfMemoryException):
        return PermanentError(
            "the embedded database needs more memory", where=where, hint="raise `run.memory`, or lower `run.jobs`"
        )
    if isinstance(error, duckdb.IOException):
        return TransientError(f"reading or writing failed: {text}", where=where)
    return PermanentError(f"the embedded database refused: {text}", where=where)
