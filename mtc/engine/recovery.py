"""Changes of the state outside of runs, with the lock held: recovery after a killed run, and forgetting steps."""

import shutil
from collections.abc import Sequence

from mtc.core import crash_points
from mtc.core.atomic_files import clear_staging
from mtc.core.clock import Clock, utc_now
from mtc.core.errors import UsageError
from mtc.core.events import Notice, Reporter, Warned
from mtc.core.model import StepId
from mtc.engine.slice_merging import finish_merging
from mtc.manifest.project import Project
from mtc.state.lock import RunLock
from mtc.state.store import Store
from mtc.state.warehouse_owner import claim
from mtc.warehouse.parts import UNLISTED, all_part_files, rename_unlisted


def recover(project: Project, store: Store, reporter: Reporter, clock: Clock) -> None:
    """Clean up after a killed run: remove unfinished files, and record running steps as interrupted.

    Raises:
        StateError: the warehouse belongs to another state file, or the state cannot be written.
    """
    claim(project.warehouse, store.lineage)
    clear_staging(project.warehouse)
    for folder in ("spool", "tmp"):  # fetched objects; temporary files of the database
        shutil.rmtree(project.work / folder, ignore_errors=True)
    finish_merging(project, store)
    killed = store.open_runs()
    last = store.runs(1)
    if killed or (last and last[0].exit_code):
        listed = store.listed_files()
        unlisted = [file for file in all_part_files(project.warehouse) if file not in listed]
        rename_unlisted(project.warehouse, unlisted)
        if unlisted and not killed:
            reporter.tell(Warned(_unlisted_text(unlisted)))
    if killed:
        reporter.tell(Notice(f"the run {killed[-1].run} was killed; going on from what it had recorded"))
    crash_points.point("run.recovering")
    store.close_killed(clock())  # last: a recovery that is killed itself is done again


def _unlisted_text(files: Sequence[str]) -> str:
    """The warning about unlisted parts that no killed run explains: the state file may be older than the warehouse."""
    parts = "1 part" if len(files) == 1 else f"{len(files):,} parts"
    return (
        f"the state does not list {parts} of the warehouse, such as {files[0]}: renamed to {UNLISTED}; "
        "was an older state file put back?"
    )


def forget(project: Project, steps: Sequence[StepId], command: str, clock: Clock = utc_now) -> list[str]:
    """Remove steps from the state, under the lock; returns a line for each.

    Raises:
        UsageError: the state does not know one of them; then none is forgotten.
    """
    with (
        RunLock.acquire(project.state, command, clock=clock),
        Store.open(project.state) as store,
    ):
        claim(project.warehouse, store.lineage)
        if unknown := [str(step) for step in steps if store.record(step) is None]:
            hint = "nothing was forgotten; `mtc state list` shows what it knows"
            raise UsageError(f"the state file does not know {', '.join(unknown)}", hint=hint)
        rename_unlisted(project.warehouse, store.forget(steps))
    return [f"forgotten: {step}" for step in dict.fromkeys(steps)]
