"""The csv stage: all `.stat` files that are there in, the set of CSV files out, as a whole or not at all.

It reads every `.stat` file below the folder, not only those of its steps, as CSV has always been made from the files
that are there. A damaged one stops the set and is named; the CSV files stay as they were.
"""

import contextlib
import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mtc import faults
from mtc.errors import PermanentError
from mtc.files import explain_os_error, sha256
from mtc.manifest.project import Project
from mtc.model import SITE_NAME, Output, Receipt, Status, StepId
from mtc.plan.model import Task
from mtc.stages.base import Desk, StepDone
from mtc.warehouse import csvset
from mtc.warehouse.fileset import FileSet, sweep
from mtc.warehouse.statfile import StatDocument, loads

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SITE = re.compile(SITE_NAME)


@dataclass(frozen=True, slots=True, order=True)
class StatFile:
    """A `.stat` file that is there."""

    site: str
    day: dt.date
    path: Path


def csv_files(project: Project) -> tuple[str, ...]:
    """The paths of all CSV files, relative to the project where they lie in it."""
    return tuple(_relative(project, project.csv / name) for name in csvset.csv_files())


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

    def run(self, task: Task, desk: Desk) -> None:
        """Make the CSV files, and record every step.

        Raises:
            PermanentError: a `.stat` file is damaged, or the files cannot be written; none has changed.
        """
        faults.point("csv.before")
        try:
            outputs, rows = self._make(desk)
        except OSError as error:
            raise explain_os_error(error, "writing CSV files") from error
        faults.point("csv.written")
        self._record(task, outputs, rows, desk)

    def _make(self, desk: Desk) -> tuple[tuple[Output, ...], Mapping[tuple[str, dt.date], int]]:
        folder = self._project.csv
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder, set(csvset.csv_files()).__contains__)
        with FileSet() as files:
            staged = {folder / name: files.stage(folder / name) for name in csvset.csv_files()}
            with _opened(staged) as streams:
                rows = self._write(csvset.CsvWriters(streams), desk)
            outputs = tuple(self._settle(target, path, files) for target, path in staged.items())
            files.publish()
        return outputs, rows

    def _write(self, writers: csvset.CsvWriters, desk: Desk) -> Mapping[tuple[str, dt.date], int]:
        rows = {}
        for file in stat_files(self._project.stats):
            desk.check()
            data = file.path.read_bytes()
            rows[file.site, file.day] = writers.write(_read(self._project, file, data))
            desk.progress(size=len(data))
        return rows

    def _settle(self, target: Path, staged: Path, files: FileSet) -> Output:
        """Describe a staged file; one that is the same as what is there is left alone."""
        size, digest = staged.stat().st_size, sha256(staged)
        if target.is_file() and target.stat().st_size == size and sha256(target) == digest:
            files.drop(target)
        return Output(_relative(self._project, target), size, digest)

    def _record(
        self, task: Task, outputs: tuple[Output, ...], rows: Mapping[tuple[str, dt.date], int], desk: Desk
    ) -> None:
        """Record the steps; the first one has the outputs, which belong to all."""
        done = []
        for number, planned in enumerate(task.steps):
            status, figures = _found(planned.step, rows)
            done.append(StepDone(Receipt(planned.step, status, () if number else outputs, figures=figures)))
        desk.record(*done)


def _found(step: StepId, rows: Mapping[tuple[str, dt.date], int]) -> tuple[Status, Mapping[str, float]]:
    count = rows.get((step.site, step.day))
    return (Status.DONE, {"rows": count}) if count else (Status.EMPTY, {})


@contextlib.contextmanager
def _opened(staged: Mapping[Path, Path]) -> Iterator[dict[str, IO[str]]]:
    with contextlib.ExitStack() as stack:
        yield {
            target.name: stack.enter_context(path.open("x", encoding="utf-8", newline=""))
            for target, path in staged.items()
        }


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


def _relative(project: Project, path: Path) -> str:
    return (path.relative_to(project.root) if path.is_relative_to(project.root) else path).as_posix()
