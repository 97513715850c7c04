"""The stat stage: a site's days in, `.stat` files out, each written completely or not at all.

Where the statistics come from is known only through `StatProvider`. A set of files is made durable together, with one
flush of the folder, before any of its steps is recorded.
"""

import datetime as dt
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mtc.core import crash_points
from mtc.core.atomic_files import StagedFiles, explain_write_error, fsync_dir, make_folder, path_inside, sha256, sweep
from mtc.core.errors import StepError
from mtc.core.model import Output, Receipt, Status
from mtc.manifest.project import Project
from mtc.plan.work import PlannedStep, StatWork, Task
from mtc.stages.stage import FactRecorder, PartsDigested, StepDone, StepFailed
from mtc.stages.stat.providers import DayResult, NotedDocument, StatProvider
from mtc.warehouse.stat_document import StatDocument, dumps
from mtc.warehouse.stat_files import stat_file
from mtc.warehouse.statistics import DayFailure, WarehouseStatistics

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SET_SIZE = 64
"""How many files are made durable together: as many days an interrupted run may have to count again."""


class StatStage:
    """Does stat steps. `connect` opens a database; `provider` is asked instead of the warehouse if it is given."""

    def __init__(
        self,
        project: Project,
        connect: "Callable[[], DuckDBPyConnection]",
        provider: StatProvider | None = None,
    ) -> None:
        self._project = project
        self._provider: StatProvider = provider or WarehouseStatistics(
            project.warehouse, connect, countries=project.countries
        )

    def run(self, task: Task, recorder: FactRecorder) -> None:
        """Do the task, site by site: days without lines first, then the others in order.

        Raises:
            MtcError: the provider, the database or the disk failed; days already recorded are in place.
        """
        steps = sorted(task.steps, key=lambda planned: planned.step)
        try:
            for site, planned_steps in itertools.groupby(steps, key=lambda planned: planned.step.site):
                self._site(site, list(planned_steps), recorder)
        except OSError as error:
            raise explain_write_error(error, "writing .stat files") from error

    def _site(self, site: str, steps: Sequence[PlannedStep], recorder: FactRecorder) -> None:
        names = {stat_file(self._project.stats, site, planned.step.day).path.name for planned in steps}
        sweep(self._project.stats / site, names.__contains__)
        plans = {planned.step.day: planned for planned in steps}
        with_lines = {day: work for day, planned in plans.items() if _has_lines(work := _work(planned))}
        recorder.check()
        recorder.record(*(self._clear(planned) for day, planned in plans.items() if day not in with_lines))
        results = self._provider.statistics(self._project.sites[site], with_lines) if with_lines else ()
        for result_set in _sets(results):
            self._publish(result_set, plans, recorder)

    def _clear(self, planned: PlannedStep) -> StepDone:
        """A day without lines has no file: remove one from before."""
        path = stat_file(self._project.stats, planned.step.site, planned.step.day).path
        if path.exists():
            path.unlink()
            fsync_dir(path.parent)
        return StepDone(Receipt(planned.step, Status.EMPTY, accounting=_work(planned).accounting))

    def _publish(
        self, results: Iterable[DayResult], plans: Mapping[dt.date, PlannedStep], recorder: FactRecorder
    ) -> None:
        """Write and record a set of results. Where the provider fails midway, the results before that are kept."""
        crash_points.point("stat.before")
        written: list[_Written] = []
        failure: StepError | None = None
        with StagedFiles() as files:
            try:
                for result in results:
                    recorder.check()
                    written.extend(self._write_result(result, plans, files, recorder))
            except StepError as error:
                failure = error
            files.publish()
        crash_points.point("stat.written")
        recorder.record(*_first_digests(self._project, written), *(StepDone(item.receipt) for item in written))
        for item in written:
            recorder.progress(size=item.planned.cost, lines=int(item.receipt.figures["actions"]))
        if failure is not None:
            raise failure

    def _write_result(
        self, result: DayResult, plans: Mapping[dt.date, PlannedStep], files: StagedFiles, recorder: FactRecorder
    ) -> Iterator["_Written"]:
        if isinstance(result, DayFailure):
            recorder.record(StepFailed(plans[result.day].step, result.error))
            return
        document, notes = (result.document, result.notes) if isinstance(result, NotedDocument) else (result, ())
        yield self._write(document, notes, plans[document.day], files)

    def _write(
        self, document: StatDocument, notes: tuple[str, ...], planned: PlannedStep, files: StagedFiles
    ) -> "_Written":
        if lacking := _work(planned).lacking:
            document, notes = document.model_copy(update={"complete": False, "lacking": lacking}), (*notes, *lacking)
        path = stat_file(self._project.stats, document.site, document.day).path
        make_folder(path.parent)
        data = dumps(document)
        files.stage(path).write_bytes(data)
        outputs = (_output(self._project, path, data),)
        figures = _figures(document)
        return _Written(planned, Receipt(planned.step, Status.DONE, outputs, _work(planned).accounting, figures, notes))


@dataclass(frozen=True, slots=True)
class _Written:
    planned: PlannedStep
    receipt: Receipt


def _output(project: Project, path: Path, data: bytes) -> Output:
    """A file that a step made; its path is relative to the project where it is below it."""
    name = path.relative_to(project.root) if path.is_relative_to(project.root) else path
    return Output(name.as_posix(), len(data), hashlib.sha256(data).hexdigest())


def _first_digests(project: Project, written: Sequence[_Written]) -> Iterator[PartsDigested]:
    """The digests of parts recorded without one by an earlier mtc, which were just found to hold what was loaded."""
    works = [_work(item.planned) for item in written if project.sites[item.planned.step.site].answers == "warehouse"]
    files = {part.file for work in works for part in work.parts if not part.digest}
    if files:
        yield PartsDigested({file: sha256(path_inside(project.warehouse, file)) for file in files})


def _sets(results: Iterable[DayResult]) -> Iterator[Iterable[DayResult]]:
    """Cut results into sets; a set starts as soon as its first result is there."""
    stream = iter(results)
    for first in stream:
        yield itertools.chain((first,), itertools.islice(stream, SET_SIZE - 1))


def _work(planned: PlannedStep) -> StatWork:
    return planned.work if isinstance(planned.work, StatWork) else StatWork()


def _has_lines(work: StatWork) -> bool:
    return bool(work.parts) or (work.accounting is not None and work.accounting.lines > 0)


def _figures(document: StatDocument) -> Mapping[str, float]:
    summary = document.summary
    return {
        "visits": summary.visits,
        "unique_visitors": summary.unique_visitors,
        "actions": summary.actions,
        "pageviews": summary.pageviews,
        "downloads": summary.downloads,
        "searches": summary.searches or 0,
        "bounces": summary.bounces,
        "bytes": summary.bytes or 0,
    }
