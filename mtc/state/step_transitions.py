"""The transitions of runs and their steps. Each method is one transaction.

A step is planned, tried, done, failed or blocked. Steps that are under way when a run ends fail as interrupted.
"""

import datetime as dt
from collections.abc import Iterable, Mapping

from mtc.core.model import Accounting, Output, Receipt, Stage, Status, StepId
from mtc.state.connection import StateConnection
from mtc.state.queries import Queries
from mtc.state.rows import (
    INTERRUPTED,
    RunRow,
    StepResult,
    step_columns,
    to_accounting,
    to_json,
    to_outputs,
    to_text,
    to_timestamp,
)

_BEGIN_RUN = "INSERT INTO runs (id, manifest, command, started) VALUES (?, ?, ?, ?)"
_END_RUN = "UPDATE runs SET ended = ?, exit_code = ?, counts = ? WHERE id = ?"
_END_KILLED = "UPDATE runs SET ended = ? WHERE id = ?"
_CLOSE_ATTEMPTS_OF_RUN = "UPDATE attempts SET ended = ?, outcome = ?, error = ? WHERE run = ? AND ended IS NULL"
_FAIL_STEPS_OF_RUN = """
    UPDATE steps SET status = 'failed', error = ?
    WHERE status = 'running' AND id IN (SELECT step FROM attempts WHERE run = ? AND ended IS NULL)
"""


_ENSURE_STEP = "INSERT INTO steps (site, stage, day, status) VALUES (?, ?, ?, 'planned') ON CONFLICT DO NOTHING"
_ADD_PLANNED = """
    INSERT INTO steps (site, stage, day, status, figures) VALUES (?, ?, ?, 'planned', ?) ON CONFLICT DO NOTHING
"""
_STEP_ROW = "SELECT id FROM steps WHERE site = ? AND stage = ? AND day = ?"
_START = "UPDATE steps SET status = 'running', error = '', attempts = attempts + 1 WHERE id = ?"
_ADD_ATTEMPT = "INSERT INTO attempts (step, run, number, started) VALUES (?, ?, ?, ?)"
_CLOSE_ATTEMPT = "UPDATE attempts SET ended = ?, outcome = ?, error = ? WHERE step = ? AND ended IS NULL"
_SET_STATUS = "UPDATE steps SET status = ?, error = ? WHERE id = ?"
_DONE = """
    UPDATE steps SET status = ?, fingerprint = ?, settings = ?, inputs = ?, outputs = ?, accounting = ?,
        figures = ?, notes = ?, error = '', attempts = 0, finished = ?, checked = coalesce(?, checked)
    WHERE id = ?
"""
_RECOUNT = """
    UPDATE steps SET accounting = ?, figures = json_set(figures, '$.hits', ?), notes = ? WHERE id = ?
"""
_SET_INPUTS = "UPDATE steps SET inputs = ?, fingerprint = ? WHERE id = ?"
_CHECKED = "UPDATE steps SET checked = ? WHERE site = ? AND stage = ? AND day = ?"
_ADD_CSV = "INSERT OR REPLACE INTO csv_outputs (path, size, digest) VALUES (?, ?, ?)"


def step_row(connection: StateConnection, step: StepId) -> int:
    """The row id of a step; a new step is inserted. Call it inside a transaction."""
    columns = step_columns(step)
    connection.execute(_ENSURE_STEP, columns)
    row: tuple[int] = connection.execute(_STEP_ROW, columns).fetchone()
    return row[0]


class StepTransitions:
    """Changes of steps. Every method is one transaction, and raises StateError when it fails."""

    def __init__(self, connection: StateConnection) -> None:
        self._connection = connection

    def planned(self, steps: Iterable[StepId], figures: Mapping[str, int]) -> None:
        """Insert planned steps that the state does not have yet, with these figures; known ones stay as they are."""
        text = to_json(figures)
        with self._connection.transaction():
            self._connection.execute_many(_ADD_PLANNED, ((*step_columns(step), text) for step in steps))

    def checked(self, steps: Iterable[StepId], at: dt.datetime) -> None:
        """Record when the source was listed for these steps."""
        timestamp = to_timestamp(at)
        with self._connection.transaction():
            self._connection.execute_many(_CHECKED, ((timestamp, *step_columns(step)) for step in steps))

    def started(self, step: StepId, *, run: str, attempt: int, at: dt.datetime) -> None:
        """Record that a step is tried for the `attempt`-th time in this run; its last success stays recorded."""
        with self._connection.transaction():
            row = step_row(self._connection, step)
            self._close_attempt(row, INTERRUPTED, "", at)
            self._connection.execute(_START, (row,))
            self._connection.execute(_ADD_ATTEMPT, (row, run, attempt, to_timestamp(at)))

    def done(self, results: Iterable[StepResult], *, at: dt.datetime) -> None:
        """Record that steps are complete. If they have CSV files as outputs, these replace all recorded ones."""
        with self._connection.transaction():
            files: dict[str, Output] = {}
            for result in results:
                self._record(result, at)
                if result.receipt.step.stage is Stage.CSV:  # all csv steps have the same few files
                    files |= {output.path: output for output in result.receipt.outputs}
            if files:
                self._replace_csv(files.values())

    def failed(self, step: StepId, error: str, *, at: dt.datetime) -> None:
        """Record that an attempt of a step failed; its last success stays recorded. `error` holds no secret."""
        with self._connection.transaction():
            row = step_row(self._connection, step)
            self._connection.execute(_SET_STATUS, (Status.FAILED.value, to_text(error), row))
            self._close_attempt(row, Status.FAILED.value, error, at)

    def blocked(self, step: StepId, reason: str, *, at: dt.datetime) -> None:
        """Record that a step is not tried, as a step that it depends on failed."""
        with self._connection.transaction():
            row = step_row(self._connection, step)
            self._connection.execute(_SET_STATUS, (Status.BLOCKED.value, to_text(reason), row))
            self._close_attempt(row, INTERRUPTED, reason, at)

    def recounted(self, step: StepId, accounting: Accounting, notes: Iterable[str]) -> None:
        """Correct the accounting and notes of an import step, after copies of logs were found."""
        with self._connection.transaction():
            row = step_row(self._connection, step)
            self._connection.execute(_RECOUNT, (to_accounting(accounting), accounting.hits, to_json(list(notes)), row))

    def inputs_renamed(self, step: StepId, inputs: Mapping[str, str], fingerprint: str) -> None:
        """Record that the inputs of a step have other names now, and are what they were."""
        with self._connection.transaction():
            self._connection.execute(_SET_INPUTS, (to_json(inputs), fingerprint, step_row(self._connection, step)))

    def _record(self, result: StepResult, at: dt.datetime) -> None:
        receipt = result.receipt
        if receipt.status not in {Status.DONE, Status.EMPTY}:
            raise ValueError(f"{receipt.step} is not done but {receipt.status.value}")
        row = step_row(self._connection, receipt.step)
        depends_on = (result.fingerprint, to_json(result.settings), to_json(result.inputs))
        times = (to_timestamp(at), to_timestamp(result.checked))
        self._connection.execute(_DONE, (receipt.status.value, *depends_on, *_receipt_columns(receipt), *times, row))
        self._close_attempt(row, receipt.status.value, "", at)

    def _close_attempt(self, row: int, outcome: str, error: str, at: dt.datetime) -> None:
        self._connection.execute(_CLOSE_ATTEMPT, (to_timestamp(at), outcome, to_text(error), row))

    def _replace_csv(self, outputs: Iterable[Output]) -> None:
        """Replace the recorded CSV files with these."""
        self._connection.execute("DELETE FROM csv_outputs")
        columns = ((to_text(output.path), output.size, output.digest) for output in outputs)
        self._connection.execute_many(_ADD_CSV, columns)


def _receipt_columns(receipt: Receipt) -> tuple[str | None, ...]:
    """The columns of a receipt. CSV files have a separate table."""
    outputs = () if receipt.step.stage is Stage.CSV else receipt.outputs
    accounting = to_accounting(receipt.accounting)
    return to_outputs(outputs), accounting, to_json(receipt.figures), to_json(receipt.notes)


class RunTransitions:
    """The beginning and end of runs. Every method is one transaction, and raises StateError when it fails."""

    def __init__(self, connection: StateConnection, queries: Queries) -> None:
        self._connection = connection
        self._queries = queries

    def begin(self, run: str, *, manifest: str, command: str, at: dt.datetime) -> None:
        """Record that a run begins. `command` is shown to people and holds no secret."""
        with self._connection.transaction():
            self._connection.execute(_BEGIN_RUN, (run, to_text(manifest), to_text(command), to_timestamp(at)))

    def end(self, run: str, *, exit_code: int, counts: Mapping[str, int], at: dt.datetime) -> None:
        """Record that a run ended in an orderly way. Steps that are still running fail as interrupted."""
        with self._connection.transaction():
            self._interrupt(run, "interrupted: the run was asked to stop", at)
            columns = (to_timestamp(at), exit_code, to_json(counts), run)
            if not self._connection.execute(_END_RUN, columns).rowcount:
                raise ValueError(f"the run {run} never began")

    def close_killed(self, at: dt.datetime) -> tuple[RunRow, ...]:
        """End the runs that were killed, which are all open ones as the lock is held. Returns them as they were.

        Their running steps fail as interrupted, so that the next plan has them again.
        """
        with self._connection.transaction():
            killed = self._queries.open_runs()
            for row in killed:
                self._interrupt(row.run, "interrupted: the run was killed", at)
                self._connection.execute(_END_KILLED, (to_timestamp(at), row.run))
        return killed

    def _interrupt(self, run: str, why: str, at: dt.datetime) -> None:
        self._connection.execute(_FAIL_STEPS_OF_RUN, (why, run))
        self._connection.execute(_CLOSE_ATTEMPTS_OF_RUN, (to_timestamp(at), INTERRUPTED, why, run))
