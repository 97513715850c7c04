"""The transitions of runs. What a run leaves under way when it ends is failed, as interrupted."""

import datetime as dt
from collections.abc import Mapping

from mtc.state.connection import StateConnection
from mtc.state.queries import Queries
from mtc.state.rows import INTERRUPTED, RunRow, to_json, to_text, to_timestamp

_BEGIN_RUN = "INSERT INTO runs (id, manifest, command, started) VALUES (?, ?, ?, ?)"
_END_RUN = "UPDATE runs SET ended = ?, exit_code = ?, counts = ? WHERE id = ?"
_END_KILLED = "UPDATE runs SET ended = ? WHERE id = ?"
_CLOSE_ATTEMPTS_OF_RUN = "UPDATE attempts SET ended = ?, outcome = ?, error = ? WHERE run = ? AND ended IS NULL"
_FAIL_STEPS_OF_RUN = """
    UPDATE steps SET status = 'failed', error = ?
    WHERE status = 'running' AND id IN (SELECT step FROM attempts WHERE run = ? AND ended IS NULL)
"""


class RunTransitions:
    """The beginning and the end of runs. Each method is one transaction, and raises StateError when it fails."""

    def __init__(self, connection: StateConnection, queries: Queries) -> None:
        self._connection = connection
        self._queries = queries

    def begin(self, run: str, *, manifest: str, command: str, at: dt.datetime) -> None:
        """A run begins. `command` is shown to people and holds no secret."""
        with self._connection.transaction():
            self._connection.execute(_BEGIN_RUN, (run, to_text(manifest), to_text(command), to_timestamp(at)))

    def end(self, run: str, *, exit_code: int, counts: Mapping[str, int], at: dt.datetime) -> None:
        """A run ends by itself. Steps that are still under way are failed, as interrupted."""
        with self._connection.transaction():
            self._interrupt(run, "interrupted: the run was asked to stop", at)
            columns = (to_timestamp(at), exit_code, to_json(counts), run)
            if not self._connection.execute(_END_RUN, columns).rowcount:
                raise ValueError(f"the run {run} never began")

    def close_killed(self, at: dt.datetime) -> tuple[RunRow, ...]:
        """End the runs that were killed: with the lock held these are all open ones. Returns them as they were.

        Their steps under way are failed, as interrupted: the next plan has them again.
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
