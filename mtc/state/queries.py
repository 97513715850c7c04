"""The questions that the state file answers. Nothing here changes it."""

import datetime as dt
from collections.abc import Collection, Iterable

from mtc.core.deliveries import Delivery
from mtc.core.model import LoadedObject, Output, Part, Stage, Status, StepId
from mtc.core.records import History, StepRecord
from mtc.state import rows
from mtc.state.connection import Ledger
from mtc.state.rows import AttemptRow, Decoder, Row, RunRow, StepFilter, from_text, no_collecting, step_columns, to_json
from mtc.state.state_errors import damaged, readable

STEPS = """
    SELECT site, stage, day, status, fingerprint, settings, inputs, outputs, accounting, figures, notes,
           error, attempts, finished, checked
    FROM steps
    WHERE (:sites IS NULL OR site IN (SELECT value FROM json_each(:sites)))
      AND (:stages IS NULL OR stage IN (SELECT value FROM json_each(:stages)))
      AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
      AND (:first IS NULL OR day >= :first)
      AND (:last IS NULL OR day <= :last)
"""
STEP = """
    SELECT site, stage, day, status, fingerprint, settings, inputs, outputs, accounting, figures, notes,
           error, attempts, finished, checked
    FROM steps WHERE site = ? AND stage = ? AND day = ?
"""
OBJECTS = """
    SELECT o.id, s.site, s.stage, s.day,
           o.key, o.size, o.etag, o.modified, o.object_id, o.content, o.format, o.accounting, o.archived, o.made_with,
           o.text, o.recipe
    FROM objects AS o JOIN steps AS s ON s.id = o.step
    WHERE s.site IN (SELECT value FROM json_each(:sites)) AND (:day IS NULL OR s.day = :day)
    ORDER BY o.step, o.key
"""
PARTS = """
    SELECT p.object, p.site, p.day, p.file, p.object_id, p.hits, p.digest
    FROM parts AS p JOIN objects AS o ON o.id = p.object JOIN steps AS s ON s.id = o.step
    WHERE s.site IN (SELECT value FROM json_each(:sites)) AND (:day IS NULL OR s.day = :day)
    ORDER BY p.rowid
"""
PARTS_OF_DAY = """
    SELECT site, day, file, object_id, hits, digest FROM parts WHERE site = ? AND day = ?
    ORDER BY file, object_id, object
"""
ATTEMPTS = """
    SELECT s.site, s.stage, s.day, a.run, a.number, a.started, a.ended, a.outcome, a.error
    FROM attempts AS a JOIN steps AS s ON s.id = a.step
    WHERE s.site = ? AND s.stage = ? AND s.day = ?
    ORDER BY a.id
"""
RUNS = """
    SELECT id, manifest, command, started, ended, exit_code, counts FROM runs
    WHERE :open = 0 OR ended IS NULL
    ORDER BY started DESC, id DESC LIMIT :most
"""
UNCLEAN = """
    SELECT EXISTS (SELECT 1 FROM runs WHERE ended IS NULL) OR EXISTS (SELECT 1 FROM steps WHERE status = 'running')
"""

_STAGE_ORDER = tuple(Stage)


class Reader(Ledger):
    """What the state file knows. Every method raises StateError where the file cannot be read."""

    @property
    def lineage(self) -> str:
        """Whose state this is: the id that the file was made with; empty where there is no file."""
        rows = self._rows("SELECT value FROM meta WHERE name = 'lineage'")
        return str(rows[0][0]) if rows else ""

    def history(self, sites: Collection[str], stages: Collection[Stage] | None = None) -> History:
        """What the state says of these sites, of one moment. `stages` cuts the steps; objects are there always."""
        wanted = tuple(sorted(sites))
        with self._snapshot(), no_collecting():
            steps = self._steps(_parameters(StepFilter(stages=tuple(stages or ()))) | {"sites": to_json(wanted)})
            objects = self._objects(wanted, None)
            outputs = self.csv_outputs()
            deliveries = self._deliveries(wanted, None)
        return History({record.step: record for record in steps}, objects, outputs, deliveries)

    def record(self, step: StepId) -> StepRecord | None:
        """What is known of one step; None when it was never planned."""
        rows = self._rows(STEP, step_columns(step))
        return self._decode_steps(rows)[0] if rows else None

    def list_steps(self, wanted: StepFilter = StepFilter()) -> tuple[StepRecord, ...]:  # noqa: B008 - a frozen value
        """The steps that fit, in order of stage, site and day."""
        found = self._steps(_parameters(wanted))
        return tuple(sorted(found, key=lambda one: (_STAGE_ORDER.index(one.step.stage), one.step.site, one.step.day)))

    def objects_of(self, step: StepId) -> tuple[LoadedObject, ...]:
        """What is loaded for an import step, by key."""
        if step.stage is not Stage.IMPORT:
            return ()
        with self._snapshot():
            return self._objects((step.site,), step.day).get(step, ())

    def deliveries_of(self, step: StepId) -> tuple[Delivery, ...]:
        """What was sent to Matomo of an import step, the first delivery first."""
        if step.stage is not Stage.IMPORT:
            return ()
        with self._snapshot():
            return self._deliveries((step.site,), step.day).get(step, ())

    def parts_of(self, site: str, day: dt.date) -> tuple[Part, ...]:
        """Every part with hits of a site's day, whichever object and step they came from."""
        decoder = Decoder()
        rows = self._rows(PARTS_OF_DAY, (site, day.isoformat()))
        with readable(self.path):
            return tuple(decoder.part(row) for row in rows)

    def listed_files(self) -> set[str]:
        """Every part file that the state lists; any other in the warehouse is left over."""
        rows = self._rows("SELECT DISTINCT file FROM parts")
        with readable(self.path):
            return {from_text(file) for (file,) in rows}

    def csv_outputs(self) -> tuple[Output, ...]:
        """The CSV files as they were last written, by path."""
        rows = self._rows("SELECT path, size, digest FROM csv_outputs ORDER BY path")
        with readable(self.path):
            return tuple(Output(from_text(path), size, digest) for path, size, digest in rows)

    def attempts(self, step: StepId) -> tuple[AttemptRow, ...]:
        """Every try of a step, the first one first."""
        decoder = Decoder()
        rows = self._rows(ATTEMPTS, step_columns(step))
        with readable(self.path):
            return tuple(decoder.attempt(row) for row in rows)

    def runs(self, most: int = 20) -> tuple[RunRow, ...]:
        """The last runs, the latest first."""
        return self._runs(only_open=False, most=most)

    def open_runs(self) -> tuple[RunRow, ...]:
        """Runs without an end: the one at work, or ones that were killed."""
        return self._runs(only_open=True, most=-1)

    @property
    def unclean(self) -> bool:
        """Whether a run or a step is open: with the lock in hand, a sign that a run was killed."""
        return bool(self._rows(UNCLEAN)[0][0])

    def check(self) -> None:
        """Read every page and verify the file's structure; raises StateError when something is wrong."""
        rows = self._rows("PRAGMA integrity_check(1)") + self._rows("PRAGMA foreign_key_check")
        if rows != [("ok",)]:
            raise damaged(self.path, str(rows[0][0]))

    def _runs(self, *, only_open: bool, most: int) -> tuple[RunRow, ...]:
        decoder = Decoder()
        rows = self._rows(RUNS, {"open": only_open, "most": most})
        with readable(self.path):
            return tuple(decoder.run(row) for row in rows)

    def _steps(self, parameters: dict[str, object]) -> list[StepRecord]:
        return self._decode_steps(self._rows(STEPS, parameters))

    def _decode_steps(self, rows: Iterable[Row]) -> list[StepRecord]:
        decoder = Decoder()
        with readable(self.path):
            return [decoder.record(row) for row in rows]

    def _deliveries(self, sites: tuple[str, ...], day: dt.date | None) -> dict[StepId, tuple[Delivery, ...]]:
        parameters = _of_days(sites, day)
        found = [self._rows(sql, parameters) for sql in (rows.DELIVERIES, rows.DELIVERED, rows.BATCHES)]
        with readable(self.path):
            return rows.grouped(*found)

    def _objects(self, sites: tuple[str, ...], day: dt.date | None) -> dict[StepId, tuple[LoadedObject, ...]]:
        parameters = _of_days(sites, day)
        objects, parts = self._rows(OBJECTS, parameters), self._rows(PARTS, parameters)
        with readable(self.path):
            return _grouped(objects, parts)


def _grouped(objects: Iterable[Row], parts: Iterable[Row]) -> dict[StepId, tuple[LoadedObject, ...]]:
    """Loaded objects by step, each with its parts."""
    decoder = Decoder()
    owned: dict[int, list[Part]] = {}
    for owner, *columns in parts:
        owned.setdefault(owner, []).append(decoder.part(tuple(columns)))
    found: dict[StepId, list[LoadedObject]] = {}
    for row in objects:
        loaded = decoder.loaded(row[4:], owned.get(row[0], ()))
        found.setdefault(decoder.step(*row[1:4]), []).append(loaded)
    return {step: tuple(loaded) for step, loaded in found.items()}


def _of_days(sites: tuple[str, ...], day: dt.date | None) -> dict[str, object]:
    return {"sites": to_json(sites), "day": None if day is None else day.isoformat()}


def _parameters(wanted: StepFilter) -> dict[str, object]:
    def chosen(values: Collection[str | Stage | Status]) -> str | None:
        return to_json([str(value) for value in values]) if values else None

    return {
        "sites": chosen(wanted.sites),
        "stages": chosen(wanted.stages),
        "statuses": chosen(wanted.statuses),
        "first": wanted.first and wanted.first.isoformat(),
        "last": wanted.last and wanted.last.isoformat(),
    }
