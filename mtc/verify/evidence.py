"""The evidence of a day, except for what Matomo counts: import, warehouse, deliveries, `.stat` and CSV files.

Import and deliveries are read from the state, and their numbers checked against one another. The rows of the
warehouse's files are counted with one query for many days.
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
from mtc.core.deliveries import BatchStatus, DeliveredObject, Delivery, DeliveryStatus, undelivered
from mtc.core.errors import MtcError, PermanentError, explain_read_error
from mtc.core.findings import Disagreement, differ
from mtc.core.model import Accounting, LoadedObject, Part, Stage, Status, StepId, label_of_key
from mtc.core.records import History, StepRecord, copy_note, counted_accounting
from mtc.core.sanitize import printable
from mtc.manifest.project import Project, SiteSettings
from mtc.plan.duplicates import sent_texts
from mtc.plan.stat_inputs import DayPart, count_delivered_hits, deliveries_to_site
from mtc.warehouse.csv_files import columns, file_name
from mtc.warehouse.stat_document import StatDocument, parse_stat_file, stat_file

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Row = tuple[tuple[str, str], ...]
"""A row of CSV: each column's name with its text, in order."""


@dataclass(frozen=True, slots=True)
class StatEvidence:
    """A day's `.stat` file; `document` is None if it does not exist or cannot be read."""

    document: StatDocument | None
    disagreements: tuple[Disagreement, ...] = ()


def stat_evidence(project: Project, site: str, day: dt.date, record: StepRecord | None) -> StatEvidence:
    """Read a day's `.stat` file, and compare it with what the step recorded."""
    file = stat_file(project.stats, site, day)
    done = record is not None and record.status is Status.DONE
    try:
        data = file.path.read_bytes()
    except FileNotFoundError:
        return StatEvidence(None, (Disagreement("the .stat file is missing"),) if done else ())
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
    """The rows of these sites and days (ISO dates) in `summary` or `accounting`; none where the file does not exist.

    Raises:
        StepError: it is not such a file, or cannot be read.
    """
    path = folder / file_name(name)
    names = [*columns(name)]
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


_FILES_AT_ONCE = 2000
_COUNT = """
SELECT filename, object, count(*) FROM read_parquet($paths, filename = true, hive_partitioning = false) GROUP BY ALL
"""

Counted = Mapping[tuple[str, str], int]
"""How many rows a file has for an object, by the file's path and the object's id."""


def wrong_parts(warehouse: Path, parts: Collection[Part], memory: str) -> Mapping[Part, Disagreement]:
    """The parts whose file is missing, unreadable, changed since it was written, or without their hits.

    `memory` is the limit of the database that counts rows, such as `800MB`.
    """
    disagreements: dict[Part, Disagreement] = {}
    paths: dict[Part, str] = {}
    for part in parts:
        path = _path(warehouse, part.file)
        if path is None:
            disagreements[part] = Disagreement(f"{part.file} is missing", part.hits)
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
    """A database connection that spills to a temporary folder."""
    from mtc.core.database import connect  # noqa: PLC0415 - loads duckdb

    with tempfile.TemporaryDirectory(prefix="mtc-verify-") as folder, connect(memory, Path(folder)) as connection:
        yield connection


def _count(connection: "DuckDBPyConnection", files: Sequence[str]) -> tuple[Counted, frozenset[str]]:
    """The rows of all files, and the files that cannot be read. A query that fails is repeated file by file."""
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
    """An import step; `accounting` is None where it was never completed. `failed` also if it could not be tried."""

    accounting: Accounting | None
    disagreements: tuple[Disagreement, ...] = ()
    notes: tuple[str, ...] = ()
    failed: bool = False


def import_evidence(
    record: StepRecord | None,
    objects: Sequence[LoadedObject],
    copies: Mapping[str, str] | None = None,
    *,
    in_slices: bool = False,
) -> ImportEvidence:
    """Compare a step's accounting with that of its objects, and their hits with their parts.

    `copies` are objects with the same lines as another one, which are not counted: their keys, and the keys of those
    that are counted instead. `in_slices`: growing logs that were loaded for any day have hits of this one.
    """
    copies = copies or {}
    accounting = record.accounting if record else None
    counted = [counted_accounting(item, copies) for item in objects]
    disagreements = (*_receipt(accounting, counted), *(found for item in objects for found in _object(item)))
    notes = (
        copy_note(printable(key), printable(copies[key]), item.accounting.lines)
        for key, item in _copied(objects, copies)
    )
    failed = record is not None and record.status in {Status.FAILED, Status.BLOCKED}
    return ImportEvidence(accounting, disagreements, (*_notes(record, in_slices=in_slices), *notes), failed)


def _copied(objects: Sequence[LoadedObject], copies: Mapping[str, str]) -> Iterator[tuple[str, LoadedObject]]:
    return ((item.object.key, item) for item in objects if item.object.key in copies)


def _notes(record: StepRecord | None, *, in_slices: bool) -> Iterator[str]:
    if record is None or record.status is Status.PLANNED:
        if not in_slices:
            yield "not imported"
    elif record.status in {Status.FAILED, Status.BLOCKED, Status.RUNNING}:
        yield "the import failed" if record.status is Status.FAILED else f"the import is {record.status.value}"


def _receipt(accounting: Accounting | None, counted: Sequence[Accounting]) -> Iterator[Disagreement]:
    if accounting is None:
        return
    if not accounting.balanced:
        yield _unbalanced("the import", accounting)
    total = Accounting.total(counted)
    yield from differ("the import has {one} lines, its log files {other}", accounting.lines, total.lines)
    yield from differ("the import has {one} hits, its log files {other}", accounting.hits, total.hits)
    sums = [(sum(each.filtered.values()), sum(each.rejected.values())) for each in (accounting, total)]
    yield from differ("the import has {one} lines filtered, its log files {other}", sums[0][0], sums[1][0])
    yield from differ("the import has {one} lines rejected, its log files {other}", sums[0][1], sums[1][1])


def _object(item: LoadedObject) -> Iterator[Disagreement]:
    name = printable(item.object.label).replace("{", "{{").replace("}", "}}")
    if not item.accounting.balanced:
        yield _unbalanced(printable(item.object.label), item.accounting)
    parts = sum(part.hits for part in item.parts)
    yield from differ(f"{name} has {{one}} hits, its parts {{other}}", item.accounting.hits, parts)


def _unbalanced(what: str, accounting: Accounting) -> Disagreement:
    explained = accounting.hits + sum(accounting.filtered.values()) + sum(accounting.rejected.values())
    where = f"{accounting.lines:,} lines, and says where {explained:,} of them went"
    return Disagreement(f"{what} has {where}", abs(accounting.lines - explained))


@dataclass(frozen=True, slots=True)
class DeliveryEvidence:
    """How many hits of a day were delivered, and how many of them Matomo may lack: refused, or not sendable."""

    hits: int
    lost: int
    disagreements: tuple[Disagreement, ...] = ()


def delivery_evidence(
    site: SiteSettings, history: History, day: dt.date, hits: Sequence[DayPart]
) -> DeliveryEvidence | None:
    """The deliveries of a day's import, and what was delivered of the day's `hits`; None where nothing is."""
    if site.matomo is None:
        return None
    sent = count_delivered_hits(site, history, hits)
    step = StepId(Stage.IMPORT, site.name, day)
    wrong = _delivery_disagreements(
        deliveries_to_site(site, history, step), history.objects.get(step, ()), _undelivered(site, history, step)
    )
    return DeliveryEvidence(sent.hits, sent.lacking, tuple(wrong))


def _loaded_identity(loaded: LoadedObject) -> tuple[str, str, str]:
    """What a loaded and a delivered object must have in common for the delivered hits to be those that are loaded."""
    return loaded.object.key, loaded.object_id, loaded.made_with


def _delivered_identity(item: DeliveredObject) -> tuple[str, str, str]:
    return item.key, item.object_id, item.made_with


def _undelivered(site: SiteSettings, history: History, step: StepId) -> tuple[LoadedObject, ...]:
    """The objects of a step that no delivery covers, not even as a copy of an object of another day."""
    sent = sent_texts(site, history)
    covered = (item for delivery in deliveries_to_site(site, history, step) for item in delivery.objects)
    return tuple(item for item in undelivered(history.counted(step), covered) if item.text not in sent)


def _delivery_disagreements(
    deliveries: Sequence[Delivery], loaded: Sequence[LoadedObject], missing: Sequence[LoadedObject]
) -> Iterator[Disagreement]:
    """Where the loaded objects of a step and its deliveries disagree. No delivery covers the objects in `missing`."""
    for delivery in deliveries:
        if delivery.status is DeliveryStatus.OPEN:
            yield _open_delivery(delivery)
        elif delivery.status is DeliveryStatus.DONE:
            yield from _done_delivery(delivery, loaded)
    hits = sum(part.hits for item in missing for part in item.parts)
    if hits:
        files = "1 log file" if len(missing) == 1 else f"{len(missing):,} log files"
        yield Disagreement(f"{hits:,} hits of {files} are not delivered", hits)


def _open_delivery(delivery: Delivery) -> Disagreement:
    recorded = sum(batch.hits for batch in delivery.batches if batch.status is BatchStatus.RECORDED)
    what = f"delivery {delivery.number} is not finished: {recorded:,} of {delivery.hits:,} hits are recorded"
    return Disagreement(what, delivery.hits - recorded)


def _done_delivery(delivery: Delivery, loaded: Sequence[LoadedObject]) -> Iterator[Disagreement]:
    hits = {_loaded_identity(item): sum(part.hits for part in item.parts) for item in loaded}
    changed = [item for item in delivery.objects if _delivered_identity(item) not in hits]
    for item in changed:
        yield Disagreement(f"{printable(label_of_key(item.key))} was delivered, and is not what is loaded now")
    if delivery.objects and not changed:
        loaded_hits = sum(hits[_delivered_identity(item)] for item in delivery.objects)
        what = f"delivery {delivery.number} has {{one}} hits, its log files {{other}}"
        yield from differ(what, delivery.hits + delivery.unsendable, loaded_hits)
