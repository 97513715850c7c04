"""The csv stage: writes the set of CSV files from all `.stat` files of the project, all CSV files or none.

It reads every `.stat` file in the folder, not only those of its steps: a CSV file covers all sites and days. A damaged
`.stat` file stops the stage and is named; the CSV files stay as they were. A table without rows has no file: one that
an earlier run wrote is removed, as it can be made again; a file that mtc did not write is kept.

How documents become rows is in `mtc.warehouse.csv_files`.
"""

import contextlib
import datetime as dt
import hashlib
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mtc.core import crash_points
from mtc.core.atomic_files import StagedFiles, explain_write_error, fsync_dir, make_folder, sha256, sweep
from mtc.core.errors import PermanentError
from mtc.core.model import Output, Receipt, Stage, Status, StepId
from mtc.manifest.project import Project
from mtc.plan.work import CsvWork, Task
from mtc.stages.stage import FactRecorder, StepDone
from mtc.warehouse import csv_files
from mtc.warehouse.stat_document import StatFile, list_stat_files, parse_stat_file

RowCounts = Mapping[tuple[str, dt.date], int]
"""How many rows the document of a site's day has in all files together."""

Digests = Mapping[tuple[str, dt.date], str]
"""The digests that `.stat` files were recorded with, by site and day."""

_HEADER_LENGTH = 4096  # characters; a file with a longer first line was not written by mtc


@dataclass(frozen=True, slots=True)
class _CsvSet:
    """The published files, how many rows each document has, and notes on files that were removed or kept."""

    outputs: tuple[Output, ...]
    rows: RowCounts
    notes: tuple[str, ...]


class CsvStage:
    """Runs csv steps, all in one task."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def run(self, task: Task, recorder: FactRecorder) -> None:
        """Write the CSV files, and record every step.

        Raises:
            PermanentError: a `.stat` file is damaged, or the files cannot be written; no file has changed.
        """
        crash_points.point("csv.before")
        try:
            made = self._make(_recorded_digests(task), recorder)
        except OSError as error:
            raise explain_write_error(error, "writing CSV files") from error
        crash_points.point("csv.written")
        self._record(task, made, recorder)

    def _make(self, digests: Digests, recorder: FactRecorder) -> _CsvSet:
        folder = self._project.csv
        make_folder(folder)
        names = [csv_files.file_name(name) for name in csv_files.NAMES]
        sweep(folder, set(names).__contains__)
        with StagedFiles() as files:
            staged, rows = self._stage(folder, files, digests, recorder)
            outputs = tuple(self._output(folder / name, staged[name], files) for name in names if name in staged)
            files.publish()
        return _CsvSet(outputs, rows, tuple(_remove_empty(folder, staged)))

    def _stage(
        self, folder: Path, files: StagedFiles, digests: Digests, recorder: FactRecorder
    ) -> tuple[Mapping[str, Path], RowCounts]:
        """Write every file beside its target; a file is opened when it gets its first row."""
        staged: dict[str, Path] = {}
        with contextlib.ExitStack() as stack:

            def open_file(name: str) -> IO[str]:
                staged[name] = files.stage(folder / name)
                return stack.enter_context(staged[name].open("x", encoding="utf-8", newline=""))

            return staged, self._write_rows(csv_files.CsvWriters(open_file), digests, recorder)

    def _write_rows(self, writers: csv_files.CsvWriters, digests: Digests, recorder: FactRecorder) -> RowCounts:
        rows = {}
        for file in list_stat_files(self._project.stats):
            recorder.check()
            data = file.path.read_bytes()
            if digests.get((file.site, file.day)) not in {None, hashlib.sha256(data).hexdigest()}:
                raise _changed(self._project, file)
            document = parse_stat_file(file, data, _relative(self._project, file.path))
            rows[file.site, file.day] = writers.write(document)
            recorder.progress(size=len(data))
        return rows

    def _output(self, target: Path, staged: Path, files: StagedFiles) -> Output:
        """Describe a staged file; a target with the same content is not replaced."""
        size, digest = staged.stat().st_size, sha256(staged)
        if target.is_file() and target.stat().st_size == size and sha256(target) == digest:
            files.drop(target)
        return Output(_relative(self._project, target), size, digest)

    def _record(self, task: Task, made: _CsvSet, recorder: FactRecorder) -> None:
        """Record the steps; the outputs and notes, which belong to all of them, are recorded with the first."""
        done = []
        for number, planned in enumerate(task.steps):
            status, figures = _result(planned.step, made.rows)
            outputs, notes = ((), ()) if number else (made.outputs, made.notes)
            done.append(StepDone(Receipt(planned.step, status, outputs, figures=figures, notes=notes)))
        recorder.record(*done)


def _recorded_digests(task: Task) -> Digests:
    works = {planned.step.site: planned.work for planned in task.steps if isinstance(planned.work, CsvWork)}
    return {(site, day): digest for site, work in works.items() for day, digest in work.recorded.items()}


def _changed(project: Project, file: StatFile) -> PermanentError:
    step = StepId(Stage.STAT, file.site, file.day)
    hint = f"`mtc stat {file.site} {file.day}` makes it again; to take it as it is: `mtc state forget {step}`"
    return PermanentError("the .stat file is not as it was written", where=_relative(project, file.path), hint=hint)


def _remove_empty(folder: Path, written: Container[str]) -> Iterator[str]:
    """Remove the files of tables that have no row any more; yields a note for each file removed or kept."""
    for name in csv_files.NAMES:
        path = folder / csv_files.file_name(name)
        if path.name in written or not path.is_file():
            continue
        if csv_files.is_ours(name, _first_line(path)):
            path.unlink()
            fsync_dir(folder)
            yield f"{path.name} is removed: no .stat file has a row of it"
        else:
            yield f"{path.name} was not written by mtc, and is kept: no .stat file has a row of it"


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace", newline="") as stream:
        return stream.readline(_HEADER_LENGTH)


def _result(step: StepId, rows: RowCounts) -> tuple[Status, Mapping[str, float]]:
    count = rows.get((step.site, step.day))
    return (Status.DONE, {"rows": count}) if count else (Status.EMPTY, {})


def _relative(project: Project, path: Path) -> str:
    return (path.relative_to(project.root) if path.is_relative_to(project.root) else path).as_posix()
