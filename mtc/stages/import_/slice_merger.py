"""Merges the loaded slices of a growing log: one part for each day, one file of rejected lines. Records nothing."""

import dataclasses
import datetime as dt
import glob
from collections.abc import Sequence
from pathlib import Path

import duckdb

from mtc.core.atomic_files import StagingFolder, sha256
from mtc.core.database import explain_database_error
from mtc.core.errors import PermanentError
from mtc.core.model import Accounting, LoadedObject, Part, StepId
from mtc.core.sql import literal
from mtc.sources.merged_slices import merged_content, merged_slice
from mtc.stages.import_.hit_parts import PARQUET, part_name
from mtc.warehouse.parts import COLUMNS, bundle_name, object_id, part_file, rejected_file
from mtc.warehouse.rejected_lines import merged_lines

_SELECTED = """
CREATE OR REPLACE TEMP TABLE merged_parts AS
SELECT unnest($files) AS file, unnest($objects) AS object, unnest($shifts) AS shift
"""
_SOURCES = {"object": "{object}", "line": "part.line + merged_parts.shift"}
_COLUMNS = ", ".join(
    f'CAST({_SOURCES.get(name, f"part.{chr(34)}{name}{chr(34)}")} AS {kind}) AS "{name}"' for name, kind, _ in COLUMNS
)
_MERGED = f"""
COPY (
    SELECT {_COLUMNS}
    FROM read_parquet({{paths}}, filename = true, hive_partitioning = false) AS part
    JOIN merged_parts ON merged_parts.file = part.filename AND merged_parts.object = part.object
    ORDER BY line
) TO {{target}} {PARQUET}
"""  # noqa: S608 - made of this package's own pieces
_COUNT = "SELECT count(*) FROM read_parquet($path, hive_partitioning = false)"


def merge_slices(
    connection: duckdb.DuckDBPyConnection,
    warehouse: Path,
    step: StepId,
    slices: Sequence[LoadedObject],
    staging: StagingFolder,
) -> tuple[LoadedObject, tuple[str, ...]]:
    """Stage what consecutive slices of a step are as one; returns it, and the files to publish.

    Line numbers go on from slice to slice.

    Raises:
        StepError: a part is missing or is not as it was written, or the database fails.
    """
    found = merged_slice([item.object for item in slices])
    identity = object_id(found.key, found.version)
    days: dict[dt.date, list[tuple[Part, int]]] = {}
    shift = 0
    for item in slices:
        for part in item.parts:
            days.setdefault(part.day, []).append((part, shift))
        shift += item.accounting.lines
    _check_parts(warehouse, {part for parts in days.values() for part, _ in parts})
    name = bundle_name([identity], 0)
    file_name = part_name(name, slices[0].made_with, slices[0].recipe)
    try:
        parts = tuple(
            _merged_part(connection, warehouse, parts, Part(step.site, day, file, identity, 0), staging)
            for day, parts in sorted(days.items())
            for file in (part_file(step.site, day, file_name),)
        )
    except duckdb.Error as error:
        raise explain_database_error(error, f"merging slices of {step}") from error
    files = [part.file for part in parts]
    rejected = rejected_file(step.site, step.day, name)
    if data := b"".join(merged_lines(warehouse, step, slices, found.key)):
        staging.stage(rejected).write_bytes(data)
        files.append(rejected)
    content = merged_content(item.content for item in slices)
    accounting = Accounting.total(item.accounting for item in slices)
    merged = dataclasses.replace(
        slices[-1], object=found, object_id=identity, content=content, accounting=accounting, parts=parts
    )
    return merged, tuple(files)


def _check_parts(warehouse: Path, parts: set[Part]) -> None:
    """Check that the files are there, and as they were written."""
    for file, digest in sorted({part.file: part.digest for part in parts}.items()):
        path = warehouse / file
        if not path.is_file():
            raise PermanentError("the part is missing", where=ascii(file)[1:-1])
        if digest and sha256(path) != digest:
            raise PermanentError("the part is damaged: it is not as it was written", where=ascii(file)[1:-1])


def _merged_part(
    connection: duckdb.DuckDBPyConnection,
    warehouse: Path,
    parts: Sequence[tuple[Part, int]],
    merged: Part,
    staging: StagingFolder,
) -> Part:
    """Stage the hits of a day; `parts` has for each part how many lines come before its slice."""
    paths = [str(warehouse / part.file) for part, _ in parts]
    selected = {"files": paths, "objects": [part.object_id for part, _ in parts], "shifts": [at for _, at in parts]}
    connection.execute(_SELECTED, selected)
    staged = staging.stage(merged.file)
    listed = ", ".join(literal(glob.escape(path)) for path in sorted(set(paths)))
    sql = _MERGED.format(paths=f"[{listed}]", object=literal(merged.object_id), target=literal(str(staged)))
    connection.execute(sql)
    ((hits,),) = connection.execute(_COUNT, {"path": glob.escape(str(staged))}).fetchall()
    if hits != sum(part.hits for part, _ in parts):
        what = f"the parts hold {hits:,} hits, and {sum(part.hits for part, _ in parts):,} were loaded"
        raise PermanentError(what, where=merged.day.isoformat())
    return dataclasses.replace(merged, hits=hits, digest=sha256(staged))
