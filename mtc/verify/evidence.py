"""The evidence of a day from the import, the warehouse, and the files that people read (`.stat` and CSV).

Of the import: what the state has, its lines and hits accounted for. Of the warehouse: the rows of its files, counted
with one query for many days.
"""

import contextlib
import csv
import datetime as dt
import glob
import hashlib
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mtc.core.atomic_files import path_inside, sha256
from mtc.core.copies import copy_note, counted_accounting
from mtc.core.errors import MtcError, PermanentError, explain_read_error
from mtc.core.model import Accounting, LoadedObject, Part, Status
from mtc.core.records import StepRecord
from mtc.core.sanitize import printable
from mtc.core.verification import Disagreement, differ
from mtc.manifest.project import Project
from mtc.warehouse.csv_files import columns, file_name
from mtc.warehouse.stat_document import StatDocument
from mtc.warehouse.stat_files import parse_stat_file, stat_file

Row = tuple[tuple[str, str], ...]
"""A row of CSV: each column's name with its text, in order."""


@dataclass(frozen=True, slots=True)
class StatEvidence:
    """A day's `.stat` file; `document` is None where there is none that can be read."""

    document: StatDocument | None
    disagreements: tuple[Disagreement, ...] = ()


def stat_evidence(project: Project, site: str, day: dt.date, record: StepRecord | None) -> StatEvidence:
    """Read a day's `.stat` file, and compare it with what the step recorded."""
    file = stat_file(project.stats, site, day)
    done = record is not None and record.status is Status.DONE
    try:
        data = file.path.read_bytes()
    except FileNotFoundError:
        return StatEvidence(None, (Disagreement("the .stat file is not there"),) if done else ())
    except OSError as error:
        return StatEvidence(None, (Disagreement(f"the .stat file: {explain_read_error(error, str(file.path)).what}"),))
    try:
        document = parse_stat_file(file, data, str(file.path))
    except MtcError as error:
        return StatEvidence(None, (Disagreement(error.what),))
    digests = {output.digest for output in record.outputs} if record is not None and done else set()
    if digests and hashlib.sha256(data).hexdigest() not in digests:
        return StatEvidence(document, (Disagreement("the .stat file is not as it was written"),))
    return StatEvidence(document)


def csv_rows(folder: Path, name: str, keys: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], Row]:
    """The rows of these sites and days (ISO dates) of `summary` or `accounting`. None of a file that is not there.

    Raises:
        StepError: it is no such file, or cannot be read.
    """
    path = folder / file_name(name)
    names = [column for column, _ in columns(name)]
    hint = "run `mtc csv` to make it again"
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            if next(reader, None) != names:
                raise PermanentError("its columns are not those of this mtc", where=str(path), hint=hint)
            rows = {(row[0], row[1]): tuple(zip(names, row, strict=True)) for row in reader if tuple(row[:2]) in keys}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise explain_read_error(error, str(path)) from error
    except (ValueError, csv.Error):
        raise PermanentError("the file cannot be read: it is damaged", where=str(path), hint=hint) from None
    return rows


if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FILES_AT_ONCE = 2000
_COUNT = """
SELECT filename, object, count(*) FROM read_parquet($paths, filename = true, hive_partitioning = false) GROUP BY ALL
"""

Counted = Mapping[tuple[str, str], int]
"""How many rows a file has for an object, by the file's path and the object's id."""


def wrong_parts(warehouse: Path, parts: Collection[Part], memory: str) -> Mapping[Part, Disagreement]:
    """The parts whose file is not there, cannot be read, is not as it was written, or does not hold their hits.

    `memory` is like `800MB`.
    """
    disagreements: dict[Part, Disagreement] = {}
    paths: dict[Part, str] = {}
    for part in parts:
        path = _path(warehouse, part.file)
        if path is None:
            disagreements[part] = Disagreement(f"{part.file} is not there", part.hits)
        else:
            paths[part] = str(path)
    with _connected(memory) as connection:
        counted, damaged = _count(connection, sorted(set(paths.values())))
    digests = {file: _digest(file) for file in {paths[part] for part in paths if part.digest}}
    for part, file in paths.items():
        rows = counted.get((file, part.object_id), 0)
        if file in damaged:
            disagreements[part] = Disagreement(f"{part.file} cannot be read", part.hits)
        elif rows != part.hits:
            what = f"{part.file} holds {rows:,} hits of a log file, of {part.hits:,} that were loaded"
            disagreements[part] = Disagreement(what, abs(rows - part.hits))
        elif part.digest and digests[file] != part.digest:
            what = f"{part.file} is damaged: it is not as it was written; `mtc apply --remake` reads its log again"
            disagreements[part] = Disagreement(what, part.hits)
    return disagreements


def _digest(file: str) -> str:
    try:
        return sha256(Path(file))
    except OSError:
        return ""


def _path(warehouse: Path, file: str) -> Path | None:
    try:
        path = path_inside(warehouse, file)
    except PermanentError:
        return None
    return path if path.is_file() else None


@contextlib.contextmanager
def _connected(memory: str) -> "Iterator[DuckDBPyConnection]":
    """A connection whose spill-over goes to a folder that does not stay."""
    from mtc.core.database import connect  # noqa: PLC0415 - loads duckdb

    with tempfile.TemporaryDirectory(prefix="mtc-verify-") as folder, connect(memory, Path(folder)) as connection:
        yield connection


def _count(connection: "DuckDBPyConnection", files: Sequence[str]) -> tuple[Counted, frozenset[str]]:
    """The rows of all files; those that cannot be read are found one by one."""
    import duckdb  # noqa: PLC0415 - loaded when it is used

    counted: dict[tuple[str, str], int] = {}
    damaged: set[str] = set()
    for at in range(0, len(files), _FILES_AT_ONCE):
        some = files[at : at + _FILES_AT_ONCE]
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


@dataclass(frozen=True, slots=True)
class ImportEvidence:
    """An import step; `accounting` is None where it never came to an end."""

    accounting: Accounting | None
    disagreements: tuple[Disagreement, ...] = ()
    notes: tuple[str, ...] = ()


def import_evidence(
    record: StepRecord | None, objects: Sequence[LoadedObject], copies: Mapping[str, str] | None = None
) -> ImportEvidence:
    """Compare a step's receipt with its objects, and their hits with their parts. `copies` are objects not counted."""
    copies = copies or {}
    accounting = record.accounting if record else None
    accounts = [counted_accounting(item, copies) for item in objects]
    disagreements = (*_receipt(accounting, accounts), *(one for item in objects for one in _object(item)))
    notes = (
        copy_note(printable(key), printable(copies[key]), item.accounting.lines)
        for key, item in _copied(objects, copies)
    )
    return ImportEvidence(accounting, disagreements, (*_notes(record), *notes))


def _copied(objects: Sequence[LoadedObject], copies: Mapping[str, str]) -> Iterator[tuple[str, LoadedObject]]:
    return ((item.object.key, item) for item in objects if item.object.key in copies)


def _notes(record: StepRecord | None) -> Iterator[str]:
    if record is None or record.status is Status.PLANNED:
        yield "not imported"
    elif record.status in {Status.FAILED, Status.BLOCKED, Status.RUNNING}:
        yield f"the import is {record.status.value}"


def _receipt(accounting: Accounting | None, accounts: Sequence[Accounting]) -> Iterator[Disagreement]:
    if accounting is None:
        return
    if not accounting.balanced:
        yield _unbalanced("the import", accounting)
    total = Accounting.total(accounts)
    yield from differ("the import has {one} lines, its log files {other}", accounting.lines, total.lines)
    yield from differ("the import has {one} hits, its log files {other}", accounting.hits, total.hits)
    sums = [(sum(account.filtered.values()), sum(account.rejected.values())) for account in (accounting, total)]
    yield from differ("the import has {one} lines filtered, its log files {other}", sums[0][0], sums[1][0])
    yield from differ("the import has {one} lines rejected, its log files {other}", sums[0][1], sums[1][1])


def _object(item: LoadedObject) -> Iterator[Disagreement]:
    name = printable(item.object.key).replace("{", "{{").replace("}", "}}")
    if not item.accounting.balanced:
        yield _unbalanced(printable(item.object.key), item.accounting)
    parts = sum(part.hits for part in item.parts)
    yield from differ(f"{name} has {{one}} hits, its parts {{other}}", item.accounting.hits, parts)


def _unbalanced(what: str, account: Accounting) -> Disagreement:
    notes = account.hits + sum(account.filtered.values()) + sum(account.rejected.values())
    where = f"{account.lines:,} lines, and says where {notes:,} of them went"
    return Disagreement(f"{what} has {where}", abs(account.lines - notes))
