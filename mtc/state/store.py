"""The state file: what was done, as named transitions. No SQL of it lives outside this folder.

The coordinator alone writes it, from one thread and with the lock (`lock.py`) in hand. Each transition is one
transaction: whatever is killed, the file holds the state before it or after it. Times come in as arguments.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self, TextIO

from mtc.core.model import Accounting, Output, Receipt, Stage, Status, StepId
from mtc.state import export, opening
from mtc.state.rows import (
    INTERRUPTED,
    RunRow,
    StepResult,
    step_columns,
    to_accounting,
    to_json,
    to_moment,
    to_outputs,
    to_text,
)
from mtc.state.transitions import ENSURE_STEP, DeliveryTransitions

_BEGIN_RUN = "INSERT INTO runs (id, manifest, command, started) VALUES (?, ?, ?, ?)"
_END_RUN = "UPDATE runs SET ended = ?, exit_code = ?, counts = ? WHERE id = ?"
_END_KILLED = "UPDATE runs SET ended = ? WHERE id = ?"
_START = "UPDATE steps SET status = 'running', error = '', attempts = attempts + 1 WHERE id = ?"
_ADD_ATTEMPT = "INSERT INTO attempts (step, run, number, started) VALUES (?, ?, ?, ?)"
_CLOSE_ATTEMPT = "UPDATE attempts SET ended = ?, outcome = ?, error = ? WHERE step = ? AND ended IS NULL"
_CLOSE_ATTEMPTS_OF_RUN = "UPDATE attempts SET ended = ?, outcome = ?, error = ? WHERE run = ? AND ended IS NULL"
_FAIL_STEPS_OF_RUN = """
    UPDATE steps SET status = 'failed', error = ?
    WHERE status = 'running' AND id IN (SELECT step FROM attempts WHERE run = ? AND ended IS NULL)
"""
_SET_STATUS = "UPDATE steps SET status = ?, error = ? WHERE id = ?"
_DONE = """
    UPDATE steps SET status = ?, fingerprint = ?, settings = ?, inputs = ?, outputs = ?, accounting = ?,
        figures = ?, notes = ?, error = '', attempts = 0, finished = ?, checked = coalesce(?, checked)
    WHERE id = ?
"""
_RECOUNT = """
    UPDATE steps SET accounting = ?, figures = json_set(figures, '$.hits', ?), notes = ? WHERE id = ?
"""
_CHECKED = "UPDATE steps SET checked = ? WHERE site = ? AND stage = ? AND day = ?"
_ADD_CSV = "INSERT OR REPLACE INTO csv_outputs (path, size, digest) VALUES (?, ?, ?)"
_FORGET_CSV = "DELETE FROM csv_outputs WHERE NOT EXISTS (SELECT 1 FROM steps WHERE stage = 'csv')"


class Store(DeliveryTransitions):
    """An open state file. Every method raises StateError where the file cannot be read or written."""

    @classmethod
    def open(cls, path: Path, *, readonly: bool = False, lineage: str = "") -> Self:
        """Open the file at `path`.

        To write, it is made when it is not there, with `lineage` or a new id; to read only, a file that is not
        there is an empty history, and a run may be writing meanwhile.
        """
        connection = opening.for_reading(path) if readonly else opening.for_writing(path, lineage)
        return cls(connection, path)

    def planned(self, steps: Iterable[StepId]) -> None:
        """Every planned step is in the state, also those never tried; what is known of them stays."""
        with self.transaction():
            self._connection.executemany(ENSURE_STEP, (step_columns(step) for step in steps))

    def checked(self, steps: Iterable[StepId], at: dt.datetime) -> None:
        """The source was listed for these steps at this time."""
        moment = to_moment(at)
        with self.transaction():
            self._connection.executemany(_CHECKED, ((moment, *step_columns(step)) for step in steps))

    def begin_run(self, run: str, *, manifest: str, command: str, at: dt.datetime) -> None:
        """A run begins. `command` is shown to people and holds no secret."""
        with self.transaction():
            self._connection.execute(_BEGIN_RUN, (run, to_text(manifest), to_text(command), to_moment(at)))

    def end_run(self, run: str, *, exit_code: int, counts: Mapping[str, int], at: dt.datetime) -> None:
        """A run ends by itself. Steps that it left under way are failed, as interrupted."""
        with self.transaction():
            self._interrupt(run, "interrupted: the run was asked to stop", at)
            columns = (to_moment(at), exit_code, to_json(counts), run)
            if not self._connection.execute(_END_RUN, columns).rowcount:
                raise ValueError(f"the run {run} never began")

    def close_killed(self, at: dt.datetime) -> tuple[RunRow, ...]:
        """End the runs that were killed, which with the lock in hand are all open ones; returns them as they were.

        Steps that they left under way are failed, as interrupted: the next plan has them again.
        """
        with self.transaction():
            killed = self.open_runs()
            for row in killed:
                self._interrupt(row.run, "interrupted: the run was killed", at)
                self._connection.execute(_END_KILLED, (to_moment(at), row.run))
        return killed

    def step_started(self, step: StepId, *, run: str, attempt: int, at: dt.datetime) -> None:
        """A step is being tried, for the `attempt`-th time in this run; its last success stays on record."""
        with self.transaction():
            row = self._step_row(step)
            self._close_attempt(row, INTERRUPTED, "", at)
            self._connection.execute(_START, (row,))
            self._connection.execute(_ADD_ATTEMPT, (row, run, attempt, to_moment(at)))

    def step_done(self, result: StepResult, *, at: dt.datetime) -> None:
        """A step is complete: its receipt and all that its verdict will be judged by."""
        self.steps_done((result,), at=at)

    def steps_done(self, results: Iterable[StepResult], *, at: dt.datetime) -> None:
        """Many steps are complete, in one transaction. The CSV files that they tell of are all that there are."""
        with self.transaction():
            files: dict[str, Output] = {}
            for result in results:
                self._done(result, at)
                if result.receipt.step.stage is Stage.CSV:  # the files of all csv steps are the same few
                    files |= {output.path: output for output in result.receipt.outputs}
            if files:
                self.csv_written(files.values())

    def step_failed(self, step: StepId, error: str, *, at: dt.datetime) -> None:
        """A try of a step failed; its last success stays on record. `error` holds no secret."""
        with self.transaction():
            row = self._step_row(step)
            self._connection.execute(_SET_STATUS, (Status.FAILED.value, to_text(error), row))
            self._close_attempt(row, Status.FAILED.value, error, at)

    def step_blocked(self, step: StepId, reason: str, *, at: dt.datetime) -> None:
        """A step is not tried, as one that it depends on failed."""
        with self.transaction():
            row = self._step_row(step)
            self._connection.execute(_SET_STATUS, (Status.BLOCKED.value, to_text(reason), row))
            self._close_attempt(row, INTERRUPTED, reason, at)

    def recounted(self, step: StepId, accounting: Accounting, notes: Iterable[str]) -> None:
        """Where the lines of an import step have gone, as copies of logs are told apart now."""
        with self.transaction():
            row = self._step_row(step)
            self._connection.execute(_RECOUNT, (to_accounting(accounting), accounting.hits, to_json(list(notes)), row))

    def csv_written(self, outputs: Iterable[Output]) -> None:
        """These, and no others, are the CSV files."""
        with self.transaction():
            self._connection.execute("DELETE FROM csv_outputs")
            self._add_csv(outputs)

    def forget(self, steps: Iterable[StepId]) -> tuple[str, ...]:
        """Take steps out of the state; import steps give up their objects. Returns the part files to delete."""
        files: set[str] = set()
        forgotten = tuple(steps)
        with self.transaction():
            for step in forgotten:
                row = self._step_row(step)
                files |= self._give_up(row)
                self._connection.execute("DELETE FROM steps WHERE id = ?", (row,))  # its attempts go with it
            if any(step.stage is Stage.CSV for step in forgotten):
                self._connection.execute(_FORGET_CSV)
            return self._unlisted(files)

    def export(self, stream: TextIO) -> None:
        """Write everything as JSON lines; of a damaged file, all that can be read before StateError is raised."""
        with self._snapshot():
            export.write(self._connection, self.path, stream)

    def _done(self, result: StepResult, at: dt.datetime) -> None:
        receipt = result.receipt
        if receipt.status not in {Status.DONE, Status.EMPTY}:
            raise ValueError(f"{receipt.step} is not done but {receipt.status.value}")
        row = self._step_row(receipt.step)
        judged = (result.fingerprint, to_json(result.settings), to_json(result.inputs))
        moments = (to_moment(at), to_moment(result.checked))
        self._connection.execute(_DONE, (receipt.status.value, *judged, *_told(receipt), *moments, row))
        self._close_attempt(row, receipt.status.value, "", at)

    def _close_attempt(self, row: int, outcome: str, error: str, at: dt.datetime) -> None:
        self._connection.execute(_CLOSE_ATTEMPT, (to_moment(at), outcome, to_text(error), row))

    def _interrupt(self, run: str, why: str, at: dt.datetime) -> None:
        self._connection.execute(_FAIL_STEPS_OF_RUN, (why, run))
        self._connection.execute(_CLOSE_ATTEMPTS_OF_RUN, (to_moment(at), INTERRUPTED, why, run))

    def _add_csv(self, outputs: Iterable[Output]) -> None:
        self._connection.executemany(_ADD_CSV, ((to_text(one.path), one.size, one.digest) for one in outputs))


def _told(receipt: Receipt) -> tuple[str | None, ...]:
    """The columns of what a step reports. CSV files have a table of their own."""
    outputs = () if receipt.step.stage is Stage.CSV else receipt.outputs
    accounting = to_accounting(receipt.accounting)
    return to_outputs(outputs), accounting, to_json(receipt.figures), to_json(receipt.notes)
