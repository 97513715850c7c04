"""The state file: what was done. The facade that the rest of mtc uses; no SQL of the file lives outside this package.

Only the coordinator writes it, from one thread and with the lock (`lock.py`) held. Each transition is one transaction:
whatever is killed, the file holds the state before it or after it. Times come in as arguments.
"""

import contextlib
import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from sqlite3 import Connection
from types import TracebackType
from typing import Self, TextIO

from mtc.core.deliveries import Batch, DeliveredObject, Delivery
from mtc.core.model import Accounting, LoadedObject, Output, Stage, StepId
from mtc.core.records import History, StepRecord
from mtc.state import export
from mtc.state.connection import StateConnection, open_for_reading, open_for_writing
from mtc.state.delivery_transitions import DeliveryTransitions
from mtc.state.object_transitions import ObjectTransitions
from mtc.state.queries import Queries
from mtc.state.rows import AttemptRow, RunRow, StepFilter, StepResult
from mtc.state.step_transitions import RunTransitions, StepTransitions


class Store:
    """An open state file. Every method raises StateError where the file cannot be read or written."""

    def __init__(self, sqlite: Connection, path: Path) -> None:
        self.path = path
        self._connection = StateConnection(sqlite, path)
        self._queries = Queries(self._connection)
        self._runs = RunTransitions(self._connection, self._queries)
        self._steps = StepTransitions(self._connection)
        self._objects = ObjectTransitions(self._connection)
        self._deliveries = DeliveryTransitions(self._connection)

    @classmethod
    def open(cls, path: Path, *, readonly: bool = False, lineage: str = "") -> Self:
        """Open the file at `path`.

        To write, a missing file is made, with `lineage` or a new id. To read only, a missing file is an empty history,
        and a run may be writing meanwhile.
        """
        return cls(open_for_reading(path) if readonly else open_for_writing(path, lineage), path)

    def close(self) -> None:
        """Close the file; everything that was recorded is in it."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def transaction(self) -> contextlib.AbstractContextManager[None]:
        """All transitions inside are recorded together, with one fsync, or not at all."""
        return self._connection.transaction()

    # Runs

    def begin_run(self, run: str, *, manifest: str, command: str, at: dt.datetime) -> None:
        """A run begins. `command` is shown to people and holds no secret."""
        self._runs.begin(run, manifest=manifest, command=command, at=at)

    def end_run(self, run: str, *, exit_code: int, counts: Mapping[str, int], at: dt.datetime) -> None:
        """A run ends by itself. Steps that are still under way are failed, as interrupted."""
        self._runs.end(run, exit_code=exit_code, counts=counts, at=at)

    def close_killed(self, at: dt.datetime) -> tuple[RunRow, ...]:
        """End the runs that were killed, and fail their steps; returns these runs as they were."""
        return self._runs.close_killed(at)

    # Steps

    def planned(self, steps: Iterable[StepId]) -> None:
        """Every planned step is in the state, also those never tried; what is known of them stays."""
        self._steps.planned(steps)

    def checked(self, steps: Iterable[StepId], at: dt.datetime) -> None:
        """The source was listed for these steps at this time."""
        self._steps.checked(steps, at)

    def step_started(self, step: StepId, *, run: str, attempt: int, at: dt.datetime) -> None:
        """A step is being tried, for the `attempt`-th time in this run; its last success stays on record."""
        self._steps.started(step, run=run, attempt=attempt, at=at)

    def steps_done(self, results: Iterable[StepResult], *, at: dt.datetime) -> None:
        """Steps are complete, in one transaction: their receipts and all that their verdicts depend on."""
        self._steps.done(results, at=at)

    def step_failed(self, step: StepId, error: str, *, at: dt.datetime) -> None:
        """A try of a step failed; its last success stays on record. `error` holds no secret."""
        self._steps.failed(step, error, at=at)

    def step_blocked(self, step: StepId, reason: str, *, at: dt.datetime) -> None:
        """A step is not tried, as one that it depends on failed."""
        self._steps.blocked(step, reason, at=at)

    def recounted(self, step: StepId, accounting: Accounting, notes: Iterable[str]) -> None:
        """The accounting of an import step has changed, as copies of logs are known now."""
        self._steps.recounted(step, accounting, notes)

    # Objects and their parts

    def object_loaded(self, step: StepId, loaded: LoadedObject) -> tuple[str, ...]:
        """Record an object and its parts, instead of those of the same key. Returns the part files to delete."""
        return self._objects.loaded(step, loaded)

    def object_dropped(self, step: StepId, key: str) -> tuple[str, ...]:
        """Take an object and its parts out, if it is there. Returns the part files to delete."""
        return self._objects.dropped(step, key)

    def object_archived(self, step: StepId, key: str, url: str) -> None:
        """Record where the verified copy of a loaded object is."""
        self._objects.archived(step, key, url)

    def parts_digested(self, digests: Mapping[str, str]) -> None:
        """Record the digests, by part file, of parts whose digest is not known yet."""
        self._objects.digested(digests)

    def forget(self, steps: Iterable[StepId]) -> tuple[str, ...]:
        """Take steps out of the state, with their objects. Returns the part files to delete."""
        return self._objects.forget(steps)

    # Deliveries to Matomo

    def delivery_cut(self, step: StepId, delivery: Delivery, *, at: dt.datetime) -> None:
        """Record a delivery with its cut, before its first hit is sent."""
        self._deliveries.cut(step, delivery, at=at)

    def batches_moved(self, step: StepId, number: int, batches: Iterable[Batch]) -> None:
        """Record how far batches of an open delivery have come."""
        self._deliveries.batches_moved(step, number, batches)

    def delivery_ended(self, step: StepId, number: int, *, at: dt.datetime) -> None:
        """All batches of a delivery are recorded; a ValueError when they are not."""
        self._deliveries.ended(step, number, at=at)

    def object_carried(self, step: StepId, before: DeliveredObject, after: DeliveredObject) -> None:
        """An object was loaded again, with the same hits: the delivery that covered it before covers it now."""
        self._deliveries.object_carried(step, before, after)

    def resend_allowed(self, step: StepId, keys: Iterable[str], *, run: str, at: dt.datetime) -> None:
        """An operator accepts that the hits of these objects are sent again. An open delivery is given up."""
        self._deliveries.resend_allowed(step, keys, run=run, at=at)

    # Queries

    @property
    def lineage(self) -> str:
        """Whose state this is: the id that the file was made with; empty where there is no file."""
        return self._queries.lineage

    def history(self, sites: Collection[str], stages: Collection[Stage] | None = None) -> History:
        """What the state says of these sites, of one moment. `stages` cuts the steps; objects are always there."""
        return self._queries.history(sites, stages)

    def record(self, step: StepId) -> StepRecord | None:
        """What is known of one step; None when it was never planned."""
        return self._queries.record(step)

    def list_steps(self, steps: StepFilter = StepFilter()) -> tuple[StepRecord, ...]:  # noqa: B008 - a frozen value
        """The steps that fit, in order of stage, site and day."""
        return self._queries.list_steps(steps)

    def objects_of(self, step: StepId) -> tuple[LoadedObject, ...]:
        """What is loaded for an import step, by key."""
        return self._queries.objects_of(step)

    def listed_files(self) -> set[str]:
        """Every part file that the state lists; any other in the warehouse can be deleted."""
        return self._queries.listed_files()

    def csv_outputs(self) -> tuple[Output, ...]:
        """The CSV files as they were last written, by path."""
        return self._queries.csv_outputs()

    def attempts(self, step: StepId) -> tuple[AttemptRow, ...]:
        """Every try of a step, the first one first."""
        return self._queries.attempts(step)

    def runs(self, most: int = 20) -> tuple[RunRow, ...]:
        """The last runs, the latest first; all of them for -1."""
        return self._queries.runs(most)

    def open_runs(self) -> tuple[RunRow, ...]:
        """Runs without an end: the one at work, or ones that were killed."""
        return self._queries.open_runs()

    def check(self) -> None:
        """Read every page and verify the file's structure; raises StateError when something is wrong."""
        self._queries.check()

    def export(self, stream: TextIO) -> None:
        """Write everything as JSON lines; of a damaged file, all that can be read before StateError is raised."""
        export.write(self._connection, stream)
