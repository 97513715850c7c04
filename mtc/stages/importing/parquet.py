"""Objects that are Parquet files, as text: a JSON object a line for each row, so that all goes the one way.

The database streams from file to file; memory does not grow with the object. Of CloudFront's logs only what is read is
written, under the names that the format `cloudfront_parquet` has for it; of others every column, as it is called.
"""

import glob
from pathlib import Path

import duckdb

from mtc.errors import PermanentError, StepError
from mtc.formats.cloudfront import COLUMNS, column
from mtc.stages.importing.bundle import Fetched
from mtc.stages.importing.context import Connect
from mtc.warehouse.database import explain
from mtc.warehouse.quoting import literal

_MAGIC = b"PAR1"


def as_text(item: Fetched, connect: Connect, target: Path) -> Fetched:
    """The object as text in `target`, if it is Parquet; any other as it is."""
    with item.path.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            return item
    try:
        with connect() as connection:
            connection.execute(_copy(connection, item.path, target))
    except duckdb.Error as error:
        target.unlink(missing_ok=True)
        raise _problem(error, item.object.key) from None
    return Fetched(item.object, target, origin=item.path)


def _copy(connection: duckdb.DuckDBPyConnection, path: Path, target: Path) -> str:
    rows = f"read_parquet({literal(glob.escape(str(path)))}, hive_partitioning = false, binary_as_string = true)"
    names = [name for name, *_ in connection.execute(f"SELECT * FROM {rows} LIMIT 0").description or ()]  # noqa: S608 - quoted
    known = {column(name): name for name in names if column(name) in COLUMNS}
    chosen = ", ".join(f"{_identifier(name)} AS {_identifier(read)}" for read, name in known.items()) or "*"
    return f"COPY (SELECT {chosen} FROM {rows}) TO {literal(str(target))} (FORMAT json)"  # noqa: S608 - quoted


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _problem(error: duckdb.Error, where: str) -> StepError:
    told = explain(error, where)
    if isinstance(error, duckdb.OutOfMemoryException) and "memory" in told.what:
        hint = "its row groups are large: raise `run.memory`, or have it written with smaller ones"
        return PermanentError("the Parquet file needs more memory to be read", where=where, hint=hint)
    if isinstance(error, duckdb.OutOfMemoryException) or "space" in str(error):
        return told
    hint = "nothing of it was loaded; put a whole copy in its place and run the same command"
    return PermanentError(f"the Parquet file is damaged ({str(error).splitlines()[0]})", where=where, hint=hint)
