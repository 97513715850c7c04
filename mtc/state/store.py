"""The state file, which records what was done. The rest of mtc uses only this facade, and no SQL of its own.

Only the coordinator writes it, from one thread and with the lock (`lock.py`) held. Each transition is one transaction:
whenever a process is killed, the file holds the state before it or after it. Times come in as arguments.
"""

import contextlib
import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from sqlite3 import Connection
from types import MappingProxyType, TracebackType
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
    """An open state file. Every method raises StateError if the file cannot be read or written."""

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

        For writing, a missing file is made, with `lineage` or a new id. With `readonly`, a missing file is an empty
        history, and a run may be writing meanwhile.
        """
        return cls(open_for_reading(path) if readonly else open_for_writing(path, lineage), path)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def transaction(self) -> contextlib.AbstractContextManager[None]:
        """Commit all transitions inside together, with one fsync, or none of them."""
        return self._connection.transaction()

    # Runs

    def begin_run(self, run: str, *, manifest: str, command: str, at: dt.datetime) -> None:
        """Record that a run begins. `command` is shown to people and holds no secret."""
        self._runs.begin(run, manifest=manifest, command=command, at=at)

    def end_run(self, run: str, *, exit_code: int, counts: Mapping[str, int], at: dt.datetime) -> None:
        """Record that a run ended in an orderly way. Steps that are still running fail as interrupted."""
        self._runs.end(run, exit_code=exit_code, counts=counts, at=at)

    def close_killed(self, at: dt.datetime) -> tuple[RunRow, ...]:
        """End the runs that were killed, and fail their running steps. Returns these runs as they were."""
        return self._runs.close_killed(at)

    # Steps

    def planned(self, steps: Iterable[StepId], figures: Mapping[str, int] = MappingProxyType({})) -> None:
        """Insert planned steps that the state does not have yet, with these figures; known ones stay as they are."""
        self._steps.planned(steps, figures)

    def checked(self, steps: Iterable[StepId], at: dt.datetime) -> None:
        """Record when the source was listed for these steps."""
        self._steps.checked(steps, at)

    def step_started(self, step: StepId, *, run: str, attempt: int, at: dt.datetime) -> None:
        """Record that a step is tried for the `attempt`-th time in this run; its last success stays recorded."""
        self._steps.started(step, run=run, attempt=attempt, at=at)

    def steps_done(self, results: Iterable[StepResult], *, at: dt.datetime) -> None:
        """Record in one transaction that steps are complete: receipts, and what later verdicts compare."""
        self._steps.done(results, at=at)

    def step_failed(self, step: StepId, error: str, *, at: dt.datetime) -> None:
        """Record that an attempt of a step failed; its last success stays recorded. `error` holds no secret."""
        self._steps.failed(step, error, at=at)

    def step_blocked(self, step: StepId, reason: str, *, at: dt.datetime) -> None:
        """Record that a step is not tried, as a step that it depends on failed."""
        self._steps.blocked(step, reason, at=at)

    def recounted(self, step: StepId, accounting: Accounting, notes: Iterable[str]) -> None:
        """Correct the accounting and notes of an import step, after copies of logs were found."""
        self._steps.recounted(step, accounting, notes)

    def inputs_renamed(self, step: StepId, inputs: Mapping[str, str], fingerprint: str) -> None:
        """Record that the inputs of a step have other names now, and are what they were."""
        self._steps.inputs_renamed(step, inputs, fingerprint)

    # Objects and their parts

    def object_loaded(self, step: StepId, loaded: LoadedObject) -> tuple[str, ...]:
        """Record an object and its parts, replacing those of the same key. Returns the part files to delete."""
        return self._objects.loaded(step, loaded)

    def object_dropped(self, step: StepId, key: str) -> tuple[str, ...]:
        """Remove an object and its parts, if it is recorded. Returns the part files to delete."""
        return self._objects.dropped(step, key)

    def objects_merged(self, step: StepId, keys: Iterable[str], merged: LoadedObject) -> tuple[str, ...]:
        """Replace several objects by one with the same hits. Returns the part files to delete."""
        return self._objects.merged(step, keys, merged)

    def object_archived(self, step: StepId, key: str, url: str) -> None:
        """Record the URL of a loaded object's verified copy."""
        self._objects.archived(step, key, url)

    def parts_digested(self, digests: Mapping[str, str]) -> None:
        """Record the digests, by part file, of parts that have none yet."""
        self._objects.digested(digests)

    def forget(self, steps: Iterable[StepId]) -> tuple[str, ...]:
        """Remove steps from the state, with their objects. Returns the part files to delete."""
        return self._objects.forget(steps)

    # Deliveries to Matomo

    def delivery_cut(self, step: StepId, delivery: Delivery, *, at: dt.datetime) -> None:
        """Record a new delivery and how it is cut into batches, before its first hit is sent."""
        self._deliveries.cut(step, delivery, at=at)

    def batches_moved(self, step: StepId, number: int, batches: Iterable[Batch]) -> None:
        """Record the progress of batches of an open delivery."""
        self._deliveries.batches_moved(step, number, batches)

    def delivery_ended(self, step: StepId, number: int, *, at: dt.datetime) -> None:
        """Record that a delivery has ended. Raises ValueError if a batch of it is not recorded."""
        self._deliveries.ended(step, number, at=at)

    def object_carried(self, step: StepId, before: DeliveredObject, after: DeliveredObject) -> None:
        """Record that an object was loaded again with the same hits: its delivery covers the new version."""
        self._deliveries.object_carried(step, before, after)

    def deliveries_merged(
        self, step: StepId, numbers: Iterable[int], keys: Iterable[str], merged: DeliveredObject
    ) -> None:
        """Record that objects which finished deliveries to one site cover are one now, and the deliveries as well."""
        self._deliveries.merged(step, numbers, keys, merged)

    def resend_allowed(self, step: StepId, keys: Iterable[str], *, run: str, at: dt.datetime) -> None:
        """Record an operator's consent to send the hits of these objects again; open deliveries are given up."""
        self._deliveries.resend_allowed(step, keys, run=run, at=at)

    # Queries

    @property
    def lineage(self) -> str:
        """The id that the state file was made with; empty if there is no file."""
        return self._queries.lineage

    def history(self, sites: Collection[str], stages: Collection[Stage] | None = None) -> History:
        """The history of these sites, read in one snapshot. `stages` limits the steps; objects are always included."""
        return self._queries.history(sites, stages)

    def record(self, step: StepId) -> StepRecord | None:
        """The record of one step; None if it was never planned."""
        return self._queries.record(step)

    def list_steps(self, steps: StepFilter = StepFilter()) -> tuple[StepRecord, ...]:  # noqa: B008 - a frozen value
        """The matching steps, in order of stage, site and day."""
        return self._queries.list_steps(steps)

    def objects_of(self, step: StepId) -> tuple[LoadedObject, ...]:
        """The loaded objects of an import step, in order of keys."""
        return self._queries.objects_of(step)

    def listed_files(self) -> set[str]:
        """Every part file that the state lists; any other in the warehouse can be deleted."""
        return self._queries.listed_files()

    def csv_outputs(self) -> tuple[Output, ...]:
        """The CSV files as they were last written, by path."""
        return self._queries.csv_outputs()

    def attempts(self, step: StepId) -> tuple[AttemptRow, ...]:
        """All attempts of a step, the oldest first."""
        return self._queries.attempts(step)

    def runs(self, most: int = 20) -> tuple[RunRow, ...]:
        """The latest runs, at most `most` (-1: all), the newest first."""
        return self._queries.runs(most)

    def open_runs(self) -> tuple[RunRow, ...]:
        """Runs without a recorded end: the one at work, or ones that were killed."""
        return self._queries.open_runs()

    def check(self) -> None:
        """Read every page and verify the file's structure; raises StateError if it is damaged."""
        self._queries.check()

    def export(self, stream: TextIO) -> None:
        """Write everything as JSON lines; of a damaged file, all that can be read before StateError is raised."""
        export.write(self._connection, stream)
