"""Merges the slices of growing logs at the end of a run, so that a year of frequent runs leaves few objects and files.

It needs no source, changes no hit, and makes no step stale. The merged parts are published before the state lists them
instead of those of the slices, in one transaction; then the files that nothing lists any more are removed. A note in
the working folder says which, from before the transaction until they are gone, so that the next run can finish.
"""

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mtc.core import crash_points
from mtc.core.atomic_files import explain_write_error, staging_folder, write_atomic
from mtc.core.deliveries import DeliveredObject
from mtc.core.errors import PermanentError, StepError
from mtc.core.model import LoadedObject, StepId
from mtc.core.records import History
from mtc.manifest.project import Project
from mtc.plan.slice_merging import SliceGroup, records_after, slice_groups, steps_with_inputs
from mtc.state.store import Store
from mtc.warehouse.parts import remove_files, remove_unlisted
from mtc.warehouse.rejected_lines import remove_merged


@dataclass(frozen=True, slots=True)
class SliceMerger:
    """Merges slices for one run. `check_stop` may raise to stop; `warn` is called where slices cannot be merged."""

    project: Project
    store: Store
    warn: Callable[[str], None]
    check_stop: Callable[[], None]

    def run(self, history: History) -> None:
        """Merge what can be merged of the sites in `history`, which is that after the run's imports.

        Raises:
            InterruptedRunError: the run was asked to stop.
            StateError: the state cannot be written.
        """
        names = {step.site for step in history.objects}
        for name in sorted(names & self.project.sites.keys()):
            for group in filter(self._has_all_parts, slice_groups(self.project.sites[name], history)):
                self.check_stop()
                try:
                    self._merge(group)
                except StepError as error:
                    self.warn(f"slices of {group.step} cannot be merged: {error}")
                    break

    def _has_all_parts(self, group: SliceGroup) -> bool:
        """Whether all part files are there; slices without theirs are loaded again first."""
        files = {part.file for item in group.slices for part in item.parts}
        return all((self.project.warehouse / file).is_file() for file in files)

    def _merge(self, group: SliceGroup) -> None:
        try:
            merged, files = self._publish(group)
            remove_unlisted(self.project.warehouse, files)  # of a run that was killed here
            self._record(group, merged)
        except OSError as error:
            where = str(self.project.warehouse)
            raise PermanentError(str(explain_write_error(error, where)), where=where) from error

    def _publish(self, group: SliceGroup) -> tuple[LoadedObject, tuple[str, ...]]:
        from mtc.core.database import connect  # noqa: PLC0415 - loads duckdb
        from mtc.stages.import_.slice_merger import merge_slices  # noqa: PLC0415 - loads duckdb

        warehouse = self.project.warehouse
        with (
            connect(self.project.run.memory, self.project.work / "tmp") as connection,
            staging_folder(warehouse) as staging,
        ):
            merged, files = merge_slices(connection, warehouse, group.step, group.slices, staging)
            crash_points.point("merge.staged")
            staging.publish(files)
        crash_points.point("merge.published")
        return merged, files

    def _record(self, group: SliceGroup, merged: LoadedObject) -> None:
        """Record the merged slice, then remove the files of those that it was made from."""
        keys = [item.object.key for item in group.slices]
        found = (self.store.record(step) for step in steps_with_inputs(group))
        records = list(records_after(group, merged, [record for record in found if record is not None]))
        write_atomic(self._note, _note_of(group, merged))
        crash_points.point("merge.before")
        with self.store.transaction():
            unlisted = self.store.objects_merged(group.step, keys, merged)
            for numbers in group.deliveries:
                self.store.deliveries_merged(group.step, numbers, keys, DeliveredObject.of(merged))
            for record in records:
                self.store.inputs_renamed(record.step, record.inputs, record.fingerprint)
        crash_points.point("merge.recorded")
        remove_files(self.project.warehouse, unlisted)
        crash_points.point("merge.cleaned")
        remove_merged(self.project.warehouse, group.step, self.store.objects_of(group.step))
        self._note.unlink()

    @property
    def _note(self) -> Path:
        return _note_path(self.project)


def finish_merging(project: Project, store: Store) -> None:
    """Remove the files of slices that a killed run has merged, as its note says.

    Raises:
        StateError: the state cannot be read.
    """
    path = _note_path(project)
    with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError, StepError):
        note = json.loads(path.read_text("utf-8"))
        step, merged, files = StepId.parse(note["step"]), str(note["merged"]), set(map(str, note["files"]))
        objects = store.objects_of(step)
        if any(item.object_id == merged for item in objects):
            remove_files(project.warehouse, files - store.listed_files())
            remove_merged(project.warehouse, step, objects)
    path.unlink(missing_ok=True)


def _note_path(project: Project) -> Path:
    return project.work / "merging.json"


def _note_of(group: SliceGroup, merged: LoadedObject) -> bytes:
    files = sorted({part.file for item in group.slices for part in item.parts})
    return json.dumps({"step": str(group.step), "merged": merged.object_id, "files": files}).encode()
