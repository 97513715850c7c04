"""One `apply` from lock to record: recovery, then the coordinator, then a recorded end whatever happens."""

import datetime as dt
import os
import secrets
import shlex
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from mtc.core import crash_points
from mtc.core.clock import Clock, utc_now
from mtc.core.errors import EXIT_BUG, InterruptedRunError, MtcError, StateError
from mtc.core.events import Notice, Reporter, RunFinished, RunStarted
from mtc.core.model import Stage, Status
from mtc.core.signals import ending
from mtc.engine.coordinator import Coordinator
from mtc.engine.recovery import recover
from mtc.engine.selection import ApplyRequest, selection_for, sites_of
from mtc.engine.wiring import executor_maker, source_opener
from mtc.manifest.project import Project
from mtc.plan.duplicates import counted_once
from mtc.state.lock import Owner, RunLock
from mtc.state.run_records import RunRecord, run_id, write_record
from mtc.state.store import Store

INTERRUPTED = 128
DEFAULT_MANIFEST = Path("manifests/daily.yaml")


def apply(request: ApplyRequest, reporter: Reporter, clock: Clock = utc_now) -> int:
    """Apply a request; returns the exit code. The reporter gets every event and is not closed.

    Raises:
        UsageError: the request names an unknown site or step.
        LockedError: another run holds the lock.
        StateError: the state file cannot be used.
    """
    sites_of(request.project, request.scope)

    def waiting(owner: Owner | None) -> None:
        reporter.tell(Notice(f"waiting for {owner or 'another run'}"))

    with (
        RunLock.acquire(request.project.state, request.command, wait=request.wait, clock=clock, on_wait=waiting),
        Store.open(request.project.state) as store,
    ):
        recover(request.project, store, reporter, clock)
        return _Session(request, store, reporter, clock).run()


def command_for(project: Project, *words: str) -> str:
    """A command as a user would type it in this folder; a default manifest or environment is left out."""
    manifest = os.path.relpath(project.manifest)
    words += ("-m", manifest) if Path(manifest) != DEFAULT_MANIFEST else ()
    words += ("--env", project.environment) if project.environment else ()
    return shlex.join(("mtc", *words))


class _Session:
    """One run. The lock is held."""

    def __init__(self, request: ApplyRequest, store: Store, reporter: Reporter, clock: Clock) -> None:
        self._request = request
        self._store = store
        self._reporter = reporter
        self._clock = clock
        self._started = clock()
        self._began = time.monotonic()
        self._run = run_id(self._started, secrets.token_hex(4))
        opener = source_opener(request.project, clock)
        make_executor = executor_maker(request.project, opener)
        self._coordinator = Coordinator(request.project, store, reporter, opener, make_executor, clock, self._run)
        self._errors: list[str] = []

    def run(self) -> int:
        """Run, and record how the run ended, also if it failed."""
        manifest = str(self._request.project.manifest)
        self._store.begin_run(self._run, manifest=manifest, command=self._request.command, at=self._started)
        self._reporter.tell(RunStarted(self._run, manifest, self._request.command, self._started))
        exit_code = EXIT_BUG
        try:
            with _signals(self._coordinator):
                known = self._store.history(sites_of(self._request.project, self._request.scope))
                history = counted_once(self._request.project, known)
                self._coordinator.apply(selection_for(self._request, history, self._started), history)
            if self._coordinator.bugs:
                raise self._coordinator.bugs[0]
            exit_code = self._coordinator.summary.exit_code
        except InterruptedRunError as error:
            exit_code = error.exit_code
        except MtcError as error:
            exit_code = error.exit_code
            self._errors.append(str(error))
            raise
        finally:
            self._finish(exit_code)
        return exit_code

    def _finish(self, exit_code: int) -> None:
        ended = self._clock()
        summary = self._coordinator.summary
        with suppress(StateError):  # if the state cannot be written, the error being raised says so
            self._store.end_run(self._run, exit_code=exit_code, counts=summary.counts(), at=ended)
        crash_points.point("run.finished")
        with suppress(StateError):
            write_record(self._request.project.work / "runs", self._record(exit_code, ended))
        self._reporter.tell(
            RunFinished(
                run=self._run,
                exit_code=exit_code,
                seconds=time.monotonic() - self._began,
                **summary.counts(),
                lines=summary.lines,
                hits=summary.hits,
                next=self._next(exit_code),
            )
        )

    def _record(self, exit_code: int, ended: dt.datetime) -> RunRecord:
        summary = self._coordinator.summary
        steps = tuple(outcome for _, outcome in sorted(summary.outcomes.items()))
        request = self._request
        manifest = str(request.project.manifest)
        counts = {**summary.counts(), "lines": summary.lines, "hits": summary.hits}
        return RunRecord(
            self._run, manifest, request.command, self._started, ended, exit_code, counts, steps, tuple(self._errors)
        )

    def _next(self, exit_code: int) -> str:
        summary = self._coordinator.summary
        if exit_code > INTERRUPTED:
            return "interrupted; run the same command to continue"
        project = self._request.project
        if failed := [step for step, outcome in summary.outcomes.items() if outcome.status is Status.FAILED]:
            why = command_for(project, "why", str(failed[0]))
            return f"`{why}` shows the history of the first; fix the cause and run the same command"
        if summary.blocked:
            return f"`{command_for(project, 'status')}` shows what is blocked and why"
        return self._results() if summary.counts()["done"] else ""

    def _results(self) -> str:
        """Where the results are, as paths relative to the working folder."""
        project = self._request.project
        folder_of = {Stage.STAT: project.stats, Stage.CSV: project.csv}
        stages = {outcome.stage for outcome in self._coordinator.summary.outcomes}
        folders = [f"{os.path.relpath(path)}/" for stage, path in folder_of.items() if stage in stages]
        return f"the results are in {' and '.join(folders)}" if folders else ""


@contextmanager
def _signals(coordinator: Coordinator) -> Iterator[None]:
    """Ask the run to stop at the first SIGINT, SIGTERM or SIGHUP; end the process at a second one. Both are safe."""

    def handle(number: int, _: FrameType | None) -> None:
        if coordinator.stop_signal:
            os._exit(INTERRUPTED + number)
        coordinator.stop(number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handle) for number in ending()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
