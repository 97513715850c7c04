"""The csv stage: all `.stat` files that are there in, the set of CSV files out, as a whole or not at all.

It reads every `.stat` file below the folder, not only those of its steps, as CSV has always been made from the files
that are there. A damaged one stops the set and is named; the CSV files stay as they were. A table without a row has no
file: one that an earlier run wrote is removed, as it can be made again; one that mtc did not write stays.
"""

import contextlib
import datetime as dt
import hashlib
import re
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mtc.core import crash_points
from mtc.core.atomic_files import FileSet, explain_os_error, fsync_dir, make_folder, sha256, sweep_staged
from mtc.core.errors import PermanentError
from mtc.core.model import SITE_NAME, Output, Receipt, Stage, Status, StepId
from mtc.manifest.project import Project
from mtc.plan.model import CsvWork, Task
from mtc.stages.stage import FactRecorder, StepDone
from mtc.warehouse import csv_files
from mtc.warehouse.stat_document import StatDocument, loads

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Rows = Mapping[tuple[str, dt.date], int]
"""How many rows the document of a site's day has, in all files."""

_SITE = re.compile(SITE_NAME)

Recorded = Mapping[tuple[str, dt.date], str]
"""The digests that `.stat` files were recorded with, by site and day."""
_LONGEST = 4096


@dataclass(frozen=True, slots=True, order=True)
class StatFile:
    """A `.stat` file that is there."""

    site: str
    day: dt.date
    path: Path


def stat_files(stats: Path) -> tuple[StatFile, ...]:
    """Every `.stat` file below the folder, in order of site and day.

    Raises:
        PermanentError: a file's name is no day, or its folder's name no site: it cannot be told what it is.
    """
    found = (path for path in stats.glob("*/*.stat") if not path.name.startswith("."))
    return tuple(sorted(_identify(path) for path in found))


def _identify(path: Path) -> StatFile:
    try:
        day = dt.date.fromisoformat(path.stem)
    except ValueError:
        day = None
    if day is None or path.stem != day.isoformat() or not _SITE.fullmatch(path.parent.name):
        raise PermanentError(
            "not where a .stat file belongs, stats/SITE/YYYY-MM-DD.stat", where=str(path), hint="move it elsewhere"
        )
    return StatFile(path.parent.name, day, path)


class CsvStage:
    """Does csv steps, all in one task. It needs no database; `connect` is taken so that all stages are made alike."""

    def __init__(self, project: Project, connect: "Callable[[], DuckDBPyConnection] | None" = None) -> None:
        self._project = project
        self._connect = connect

    def run(self, task: Task, recorder: FactRecorder) -> None:
        """Make the CSV files, and record every step.

        Raises:
            PermanentError: a `.stat` file is damaged, or the files cannot be written; none has changed.
        """
        crash_points.point("csv.before")
        try:
            made = self._make(_recorded(task), recorder)
        except OSError as error:
            raise explain_os_error(error, "writing CSV files") from error
        crash_points.point("csv.written")
        self._record(task, made, recorder)

    def _make(self, recorded: Recorded, recorder: FactRecorder) -> "_Made":
        folder = self._project.csv
        make_folder(folder)
        names = [csv_files.file_name(name) for name in csv_files.NAMES]
        sweep_staged(folder, set(names).__contains__)
        with FileSet() as files:
            staged, rows = self._staged(folder, files, recorded, recorder)
            made = [(folder / name, staged[name]) for name in names if name in staged]
            outputs = tuple(self._settle(target, path, files) for target, path in made)
            files.publish()
        return _Made(outputs, rows, tuple(_removed(folder, staged)))

    def _staged(
        self, folder: Path, files: FileSet, recorded: Recorded, recorder: FactRecorder
    ) -> tuple[Mapping[str, Path], Rows]:
        """Write every file beside its place, opened when it gets its first row."""
        staged: dict[str, Path] = {}
        with contextlib.ExitStack() as stack:

            def opened(name: str) -> IO[str]:
                staged[name] = files.stage(folder / name)
                return stack.enter_context(staged[name].open("x", encoding="utf-8", newline=""))

            return staged, self._write(csv_files.CsvWriters(opened), recorded, recorder)

    def _write(self, writers: csv_files.CsvWriters, recorded: Recorded, recorder: FactRecorder) -> Rows:
        rows = {}
        for file in stat_files(self._project.stats):
            recorder.check()
            data = file.path.read_bytes()
            if recorded.get((file.site, file.day)) not in {None, hashlib.sha256(data).hexdigest()}:
                raise _other(self._project, file)
            rows[file.site, file.day] = writers.write(_read(self._project, file, data))
            recorder.progress(size=len(data))
        return rows

    def _settle(self, target: Path, staged: Path, files: FileSet) -> Output:
        """Describe a staged file; one that is the same as what is there is left alone."""
        size, digest = staged.stat().st_size, sha256(staged)
        if target.is_file() and target.stat().st_size == size and sha256(target) == digest:
            files.drop(target)
        return Output(_relative(self._project, target), size, digest)

    def _record(self, task: Task, made: "_Made", recorder: FactRecorder) -> None:
        """Record the steps; the first one has the outputs and notes, which belong to all."""
        done = []
        for number, planned in enumerate(task.steps):
            status, figures = _found(planned.step, made.rows)
            outputs, notes = ((), ()) if number else (made.outputs, made.notes)
            done.append(StepDone(Receipt(planned.step, status, outputs, figures=figures, notes=notes)))
        recorder.record(*done)


@dataclass(frozen=True, slots=True)
class _Made:
    """The files that are there now, how many rows each document has, and what else was done."""

    outputs: tuple[Output, ...]
    rows: Rows
    notes: tuple[str, ...]


def _removed(folder: Path, written: Container[str]) -> Iterator[str]:
    """Remove the files of tables that have no row any more, and say so; also of what is left alone."""
    for name in csv_files.NAMES:
        path = folder / csv_files.file_name(name)
        if path.name in written or not path.is_file():
            continue
        if csv_files.is_ours(name, _first_line(path)):
            path.unlink()
            fsync_dir(folder)
            yield f"{path.name} is removed: no .stat file has a row of it"
        else:
            yield f"{path.name} is not what mtc writes, and stays: no .stat file has a row of it"


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace", newline="") as stream:
        return stream.readline(_LONGEST)


def _found(step: StepId, rows: Rows) -> tuple[Status, Mapping[str, float]]:
    count = rows.get((step.site, step.day))
    return (Status.DONE, {"rows": count}) if count else (Status.EMPTY, {})


def _read(project: Project, file: StatFile, data: bytes) -> StatDocument:
    where = _relative(project, file.path)
    document = loads(data, where)
    if (document.site, document.day) != (file.site, file.day):
        raise PermanentError(
            f"the .stat file is of {document.site} on {document.day}, which is not what its name says",
            where=where,
            hint="put it back where it belongs, or delete it and run `mtc stat` for its site and day",
        )
    return document


def _recorded(task: Task) -> Recorded:
    """The digests that the `.stat` files were recorded with."""
    works = {planned.step.site: planned.work for planned in task.steps if isinstance(planned.work, CsvWork)}
    return {(site, day): digest for site, work in works.items() for day, digest in work.recorded.items()}


def _other(project: Project, file: StatFile) -> PermanentError:
    hint = f"`mtc stat {file.site} {file.day}` makes it again; to take it as it is: `mtc state forget {_step(file)}`"
    return PermanentError("the .stat file is not as it was written", where=_relative(project, file.path), hint=hint)


def _step(file: StatFile) -> StepId:
    return StepId(Stage.STAT, file.site, file.day)


def _relative(project: Project, path: Path) -> str:
    return (path.relative_to(project.root) if path.is_relative_to(project.root) else path).as_posix()
