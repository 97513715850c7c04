"""Objects that are Parquet files, as text: each row a line of JSON, so that the rest of the import reads text alone.

The database streams from file to file; memory does not grow with the object. Of CloudFront's logs only the columns that
the format `cloudfront_parquet` reads are written, under its names for them; of others every column, under its own name.
"""

import glob
from pathlib import Path

import duckdb

from mtc.core.database import explain_database_error
from mtc.core.errors import PermanentError, StepError
from mtc.core.sql import literal
from mtc.formats.aws import CLOUDFRONT_COLUMNS, parquet_column
from mtc.stages.import_.bundles import FetchedObject
from mtc.stages.import_.step_context import Connect

_MAGIC = b"PAR1"


def as_text(item: FetchedObject, connect: Connect, target: Path) -> FetchedObject:
    """A Parquet object as text in the file `target`; any other object as it is.

    Raises:
        PermanentError: the Parquet file is damaged, or needs more memory or disk than there is.
    """
    with item.path.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            return item
    try:
        with connect() as connection:
            connection.execute(_copy(connection, item.path, target))
    except duckdb.Error as error:
        target.unlink(missing_ok=True)
        raise _explain(error, item.object.key) from None
    return FetchedObject(item.object, target, origin=item.path)


def _copy(connection: duckdb.DuckDBPyConnection, path: Path, target: Path) -> str:
    rows = f"read_parquet({literal(glob.escape(str(path)))}, hive_partitioning = false, binary_as_string = true)"
    names = [name for name, *_ in connection.execute(f"SELECT * FROM {rows} LIMIT 0").description or ()]  # noqa: S608 - quoted
    known = {parquet_column(name): name for name in names if parquet_column(name) in CLOUDFRONT_COLUMNS}
    chosen = ", ".join(f"{_identifier(name)} AS {_identifier(read)}" for read, name in known.items()) or "*"
    return f"COPY (SELECT {chosen} FROM {rows}) TO {literal(str(target))} (FORMAT json)"  # noqa: S608 - quoted


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _explain(error: duckdb.Error, where: str) -> StepError:
    explained = explain_database_error(error, where)
    if isinstance(error, duckdb.OutOfMemoryException) and "memory" in explained.what:
        hint = "its row groups are large: raise `run.memory`, or have it written with smaller ones"
        return PermanentError("the Parquet file needs more memory to be read", where=where, hint=hint)
    if isinstance(error, duckdb.OutOfMemoryException) or "space" in str(error):
        return explained
    hint = "nothing of it was loaded; put a whole copy in its place and run the same command"
    return PermanentError(f"the Parquet file is damaged ({str(error).splitlines()[0]})", where=where, hint=hint)
