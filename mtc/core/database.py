"""The embedded database: one in-memory DuckDB per process, a connection per task, and its errors explained.

All connections share one buffer pool, so that `run.memory` bounds the whole process. Temporary tables belong to a
connection. Nothing is fetched from a network and no extension is loaded.
"""

import functools
import re
from collections.abc import Callable
from pathlib import Path

import duckdb

from mtc.core.cores import available_cores
from mtc.core.errors import PermanentError, StepError, TransientError

Connect = Callable[[], duckdb.DuckDBPyConnection]
"""Opens a connection to the process's database."""


@functools.lru_cache(maxsize=4)
def _database(memory: str, temp: str) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "temp_directory": temp,
        "threads": available_cores(),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": True,
        # A table of another program has no known size, and a loop over all pairs of rows would be chosen for it.
        "asof_loop_join_threshold": 0,
    }
    database = duckdb.connect(":memory:", config=config)
    database.execute("SET GLOBAL TimeZone = 'UTC'")
    return database


def connect(memory: str, temp: Path) -> duckdb.DuckDBPyConnection:
    """Open a new connection to the process's database.

    `memory` is its limit, like `800MB`; data beyond it spills to the folder `temp`.
    """
    temp.mkdir(parents=True, exist_ok=True)
    return _database(memory, str(temp)).cursor()


@functools.lru_cache(maxsize=1)
def _small() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"threads": 1, "autoinstall_known_extensions": False})


def query_texts(sql: str, values: list[str]) -> list[tuple[object, ...]]:
    """Return the rows of a query over the table `given (text)` of these values. For a few values; no files."""
    given = "SELECT unnest(CAST(? AS VARCHAR[])) AS text"
    return _small().cursor().execute(f"WITH given AS ({given}) {sql}", [values]).fetchall()


_FULL = re.compile(r"no space left|not enough space|disk full|max_temp_directory_size|failed to offload", re.IGNORECASE)
_MEMORY = "raise `run.memory`, or lower `run.jobs`"


def explain_database_error(error: duckdb.Error, where: str) -> StepError:
    """Explain a database error: out of space or memory, no access, unreadable data, or a bug."""
    text = (str(error).splitlines() or [""])[0]
    if _FULL.search(text):
        return PermanentError("no space left on the disk", where=where, hint="free some and run the same command")
    for kinds, make in _KINDS:
        if isinstance(error, kinds):
            return make(text, where)
    hint = "please report this, with the message"
    return PermanentError(f"the embedded database refused: {text}", where=where, hint=hint)


def _short_of_memory(_text: str, where: str) -> StepError:
    return PermanentError("the embedded database needs more memory", where=where, hint=_MEMORY)


def _forbidden(text: str, where: str) -> StepError:
    return PermanentError(
        f"a file may not be read or written: {text}", where=where, hint="check its owner and its permissions"
    )


def _unreadable(text: str, where: str) -> StepError:
    hint = "nothing of it was loaded; check the file and its `format:`"
    return PermanentError(f"the data could not be read: {text}", where=where, hint=hint)


def _interrupted(_text: str, where: str) -> StepError:
    return TransientError("the embedded database was interrupted", where=where)


def _failed(text: str, where: str) -> StepError:
    return TransientError(f"reading or writing failed: {text}", where=where)


_KINDS: tuple[tuple[tuple[type[duckdb.Error], ...], Callable[[str, str], StepError]], ...] = (
    ((duckdb.OutOfMemoryException,), _short_of_memory),
    ((duckdb.InterruptException,), _interrupted),
    ((duckdb.PermissionException,), _forbidden),
    ((duckdb.IOException,), _failed),
    ((duckdb.InvalidInputException, duckdb.DataError), _unreadable),
)
"""In order: classes of errors, and what explains each. Data errors are those of conversion and range."""
