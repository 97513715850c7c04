"""The queries of the state file. None of them changes it."""

import contextlib
import datetime as dt
from collections.abc import Collection, Iterable

from mtc.core.deliveries import Delivery
from mtc.core.model import LoadedObject, Output, Stage, Status, StepId
from mtc.core.records import History, StepRecord
from mtc.state.connection import StateConnection
from mtc.state.rows import (
    AttemptRow,
    Decoder,
    Row,
    RunRow,
    StepFilter,
    from_text,
    group_deliveries,
    group_objects,
    no_collecting,
    step_columns,
    to_json,
)
from mtc.state.state_errors import damaged, readable

_STEPS = """
    SELECT site, stage, day, status, fingerprint, settings, inputs, outputs, accounting, figures, notes,
           error, attempts, finished, checked
    FROM steps
    WHERE (:sites IS NULL OR site IN (SELECT value FROM json_each(:sites)))
      AND (:stages IS NULL OR stage IN (SELECT value FROM json_each(:stages)))
      AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
      AND (:first IS NULL OR day >= :first)
      AND (:last IS NULL OR day <= :last)
"""
_STEP = """
    SELECT site, stage, day, status, fingerprint, settings, inputs, outputs, accounting, figures, notes,
           error, attempts, finished, checked
    FROM steps WHERE site = ? AND stage = ? AND day = ?
"""
_OBJECTS = """
    SELECT o.id, s.site, s.stage, s.day,
           o.key, o.size, o.etag, o.modified, o.object_id, o.content, o.format, o.accounting, o.archived, o.made_with,
           o.text, o.recipe, o.slice
    FROM objects AS o JOIN steps AS s ON s.id = o.step
    WHERE s.site IN (SELECT value FROM json_each(:sites)) AND (:day IS NULL OR s.day = :day)
    ORDER BY o.step, o.key
"""
_PARTS = """
    SELECT p.object, p.site, p.day, p.file, p.object_id, p.hits, p.digest
    FROM parts AS p JOIN objects AS o ON o.id = p.object JOIN steps AS s ON s.id = o.step
    WHERE s.site IN (SELECT value FROM json_each(:sites)) AND (:day IS NULL OR s.day = :day)
    ORDER BY p.rowid
"""
_DELIVERIES = """
    SELECT id, site, day, number, server, site_id, uid, lanes, size, until, hits, unsendable, invalid, status
    FROM deliveries
    WHERE site IN (SELECT value FROM json_each(:sites))
    ORDER BY site, day, number
"""
_DELIVERED = """
    SELECT o.delivery, o.key, o.version, o.object_id, o.made_with, o.account, o.text
    FROM delivered AS o JOIN deliveries AS d ON d.id = o.delivery
    WHERE o.taken_back IS NULL AND d.site IN (SELECT value FROM json_each(:sites))
    ORDER BY o.delivery, o.key
"""
_BATCHES = """
    SELECT b.delivery, b.lane, b.number, b.hits, b.status, b.moved, b.places, b.invalid, b.refused
    FROM batches AS b JOIN deliveries AS d ON d.id = b.delivery
    WHERE d.site IN (SELECT value FROM json_each(:sites))
    ORDER BY b.delivery, b.lane, b.number
"""
_ATTEMPTS = """
    SELECT s.site, s.stage, s.day, a.run, a.number, a.started, a.ended, a.outcome, a.error
    FROM attempts AS a JOIN steps AS s ON s.id = a.step
    WHERE s.site = ? AND s.stage = ? AND s.day = ?
    ORDER BY a.id
"""
_RUNS = """
    SELECT id, manifest, command, started, ended, exit_code, counts FROM runs
    WHERE :open = 0 OR ended IS NULL
    ORDER BY started DESC, id DESC LIMIT :most
"""

_STAGE_ORDER = tuple(Stage)


class Queries:
    """Reads the state file. Every method raises StateError if the file cannot be read."""

    def __init__(self, connection: StateConnection) -> None:
        self._connection = connection

    @property
    def lineage(self) -> str:
        """The id that the state file was made with; empty if there is no file."""
        rows = self._connection.rows("SELECT value FROM meta WHERE name = 'lineage'")
        return str(rows[0][0]) if rows else ""

    def history(self, sites: Collection[str], stages: Collection[Stage] | None = None) -> History:
        """The history of these sites, read in one snapshot. `stages` limits the steps; objects are always included."""
        names = tuple(sorted(sites))
        decoder = Decoder()
        with self._connection.snapshot(), no_collecting():
            steps = self._steps(
                _parameters(StepFilter(stages=tuple(stages or ()))) | {"sites": to_json(names)}, decoder
            )
            objects = self._objects(names, decoder)
            outputs = self.csv_outputs()
            deliveries = self._deliveries(names)
        return History({record.step: record for record in steps}, objects, outputs, deliveries)

    def record(self, step: StepId) -> StepRecord | None:
        """The record of one step; None if it was never planned."""
        rows = self._connection.rows(_STEP, step_columns(step))
        return self._decode_steps(rows, Decoder())[0] if rows else None

    def list_steps(self, steps: StepFilter = StepFilter()) -> tuple[StepRecord, ...]:  # noqa: B008 - a frozen value
        """The matching steps, in order of stage, site and day."""
        found = self._steps(_parameters(steps), Decoder())
        return tuple(sorted(found, key=_order))

    def objects_of(self, step: StepId) -> tuple[LoadedObject, ...]:
        """The loaded objects of an import step, in order of keys."""
        if step.stage is not Stage.IMPORT:
            return ()
        with self._connection.snapshot():
            return self._objects((step.site,), Decoder(), step.day).get(step, ())

    def listed_files(self) -> set[str]:
        """Every part file that the state lists; any other in the warehouse can be deleted."""
        rows = self._connection.rows("SELECT DISTINCT file FROM parts")
        with readable(self._connection.path):
            return {from_text(file) for (file,) in rows}

    def csv_outputs(self) -> tuple[Output, ...]:
        """The CSV files as they were last written, by path."""
        rows = self._connection.rows("SELECT path, size, digest FROM csv_outputs ORDER BY path")
        with readable(self._connection.path):
            return tuple(Output(from_text(path), size, digest) for path, size, digest in rows)

    def attempts(self, step: StepId) -> tuple[AttemptRow, ...]:
        """All attempts of a step, the oldest first."""
        decoder = Decoder()
        rows = self._connection.rows(_ATTEMPTS, step_columns(step))
        with readable(self._connection.path):
            return tuple(decoder.attempt(row) for row in rows)

    def runs(self, most: int = 20) -> tuple[RunRow, ...]:
        """The latest runs, at most `most` (-1: all), the newest first."""
        return self._runs(only_open=False, most=most)

    def open_runs(self) -> tuple[RunRow, ...]:
        """Runs without a recorded end: the one at work, or ones that were killed."""
        return self._runs(only_open=True, most=-1)

    def check(self) -> None:
        """Read every page and verify the file's structure; raises StateError if it is damaged."""
        rows = self._connection.rows("PRAGMA integrity_check(1)") + self._connection.rows("PRAGMA foreign_key_check")
        if rows != [("ok",)]:
            raise damaged(self._connection.path, str(rows[0][0]))

    def _runs(self, *, only_open: bool, most: int) -> tuple[RunRow, ...]:
        decoder = Decoder()
        rows = self._connection.rows(_RUNS, {"open": only_open, "most": most})
        with readable(self._connection.path):
            return tuple(decoder.run(row) for row in rows)

    def _steps(self, parameters: dict[str, object], decoder: Decoder) -> list[StepRecord]:
        with contextlib.closing(self._connection.each_row(_STEPS, parameters)) as rows:
            return self._decode_steps(rows, decoder)

    def _decode_steps(self, rows: Iterable[Row], decoder: Decoder) -> list[StepRecord]:
        with readable(self._connection.path):
            return [decoder.record(row) for row in rows]

    def _deliveries(self, sites: tuple[str, ...]) -> dict[StepId, tuple[Delivery, ...]]:
        parameters = {"sites": to_json(sites)}
        found = [self._connection.rows(sql, parameters) for sql in (_DELIVERIES, _DELIVERED, _BATCHES)]
        with readable(self._connection.path):
            return group_deliveries(*found)

    def _objects(
        self, sites: tuple[str, ...], decoder: Decoder, day: dt.date | None = None
    ) -> dict[StepId, tuple[LoadedObject, ...]]:
        parameters = {"sites": to_json(sites), "day": day and day.isoformat()}
        each_row = self._connection.each_row
        with (
            contextlib.closing(each_row(_OBJECTS, parameters)) as objects,
            contextlib.closing(each_row(_PARTS, parameters)) as parts,
            readable(self._connection.path),
        ):
            return group_objects(decoder, objects, parts)


def _order(record: StepRecord) -> tuple[int, str, dt.date]:
    return _STAGE_ORDER.index(record.step.stage), record.step.site, record.step.day


def _parameters(steps: StepFilter) -> dict[str, object]:
    def json_or_none(values: Collection[str | Stage | Status]) -> str | None:
        return to_json([str(value) for value in values]) if values else None

    return {
        "sites": json_or_none(steps.sites),
        "stages": json_or_none(steps.stages),
        "statuses": json_or_none(steps.statuses),
        "first": steps.first and steps.first.isoformat(),
        "last": steps.last and steps.last.isoformat(),
    }
