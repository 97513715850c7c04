"""The stat stage: writes a `.stat` file for each day of a site, completely or not at all.

Statistics come from a `StatProvider`: the warehouse or Matomo, as `stats.from` says for each site. A set of files is
made durable together, with one flush of the folder, before any of its steps is recorded.
"""

import datetime as dt
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from mtc.core import crash_points
from mtc.core.atomic_files import StagedFiles, explain_write_error, fsync_dir, make_folder, path_inside, sha256, sweep
from mtc.core.errors import PermanentError, StepError
from mtc.core.model import Output, Receipt, Stage, Status, StepId
from mtc.manifest.project import Project, SiteSettings
from mtc.plan.work import PlannedStep, StatWork, Task
from mtc.stages.stage import FactRecorder, PartsDigested, StepDone, StepFailed
from mtc.warehouse.stat_document import StatDocument, dumps, stat_file
from mtc.warehouse.statistics import DayFailure, DayWork, WarehouseStatistics

if TYPE_CHECKING:
    from mtc.core.database import Connect

SET_SIZE = 64
"""How many files are made durable together. An interrupted run has to compute as many days again at most."""


@dataclass(frozen=True, slots=True)
class NotedDocument:
    """A document, and notes for the step's receipt."""

    document: StatDocument
    notes: tuple[str, ...]


DayResult = StatDocument | NotedDocument | DayFailure
SiteResult = tuple[str, DayResult]


class StatProvider(Protocol):
    """Computes or reads the statistics of a site's days."""

    def statistics(self, site: SiteSettings, days: Mapping[dt.date, DayWork]) -> Iterable[DayResult]:
        """Yield a result for each day, in order of days.

        Raises:
            StepError: the remaining days have no result; the results yielded before are valid.
        """


SiteDays = tuple[SiteSettings, Mapping[dt.date, DayWork]]


@runtime_checkable
class SitesProvider(Protocol):
    """A provider that counts days of several sites together."""

    def of_sites(self, sites: Iterable[SiteDays]) -> Iterable[SiteResult]:
        """Yield the site's name and a result for each day, each site's days in order; raises as `statistics` does."""


def _of_sites(provider: StatProvider, sites: Iterable[SiteDays]) -> Iterator[SiteResult]:
    """The results of several sites, together if the provider can."""
    if isinstance(provider, SitesProvider):
        yield from provider.of_sites(sites)
        return
    for site, days in sites:
        yield from ((site.name, result) for result in provider.statistics(site, days))


@dataclass(frozen=True, slots=True)
class ProviderBySite:
    """Chooses the provider that `stats.from` names for a site. `matomo` makes the server's, if there is a server."""

    warehouse: StatProvider
    matomo: Callable[[], StatProvider] | None = None

    def statistics(self, site: SiteSettings, days: Mapping[dt.date, DayWork]) -> Iterable[DayResult]:
        """Yield a result for each day, in order of days.

        Raises:
            StepError: the site's provider fails, or there is none.
        """
        return self._provider(site).statistics(site, days)

    def of_sites(self, sites: Iterable[SiteDays]) -> Iterator[SiteResult]:
        """Yield the site's name and a result for each day; raises as `statistics` does."""
        for _, group in itertools.groupby(sites, key=lambda each: each[0].answers):
            first, *others = group
            yield from _of_sites(self._provider(first[0]), (first, *others))

    def _provider(self, site: SiteSettings) -> StatProvider:
        if site.answers == "warehouse":
            return self.warehouse
        if self.matomo is None:
            raise PermanentError(
                f"the statistics of {site.name} are to come from Matomo, and the manifest names no server",
                hint="write `matomo:` into the manifest, or `stats: {from: warehouse}`",
            )
        return self.matomo()


class StatStage:
    """Runs stat steps. `connect` opens a database; `provider` replaces the warehouse as the source of statistics."""

    def __init__(
        self,
        project: Project,
        connect: "Connect",
        provider: StatProvider | None = None,
    ) -> None:
        self._project = project
        self._provider: StatProvider = provider or WarehouseStatistics(
            project.warehouse, connect, countries=project.countries
        )

    def run(self, task: Task, recorder: FactRecorder) -> None:
        """Run the task: days without lines first, then the others in order of sites and days.

        Raises:
            MtcError: the provider, the database or the disk failed; days already recorded are in place.
        """
        plans = {planned.step: planned for planned in sorted(task.steps, key=lambda planned: planned.step)}
        try:
            self._run(plans, recorder)
        except OSError as error:
            raise explain_write_error(error, "writing .stat files") from error

    def _run(self, plans: Mapping[StepId, PlannedStep], recorder: FactRecorder) -> None:
        sites: list[SiteDays] = []
        for site, group in itertools.groupby(plans.values(), key=lambda planned: planned.step.site):
            steps = list(group)
            names = {stat_file(self._project.stats, site, planned.step.day).path.name for planned in steps}
            sweep(self._project.stats / site, names.__contains__)
            with_lines = {planned.step.day: work for planned in steps if _has_lines(work := _work(planned))}
            recorder.check()
            recorder.record(*(self._clear(planned) for planned in steps if planned.step.day not in with_lines))
            if with_lines:
                sites.append((self._project.sites[site], with_lines))
        for result_set in _sets(_of_sites(self._provider, sites) if sites else ()):
            self._publish(result_set, plans, recorder)

    def _clear(self, planned: PlannedStep) -> StepDone:
        """Record a day without lines, and remove its file if an earlier run wrote one."""
        path = stat_file(self._project.stats, planned.step.site, planned.step.day).path
        if path.exists():
            path.unlink()
            fsync_dir(path.parent)
        return StepDone(Receipt(planned.step, Status.EMPTY, accounting=_work(planned).accounting))

    def _publish(
        self, results: Iterable[SiteResult], plans: Mapping[StepId, PlannedStep], recorder: FactRecorder
    ) -> None:
        """Write and record a set of results. If the provider fails, the results yielded before are kept."""
        crash_points.point("stat.before")
        written: list[_Written] = []
        failure: StepError | None = None
        with StagedFiles() as files:
            try:
                for site, result in results:
                    recorder.check()
                    planned = plans[StepId(Stage.STAT, site, _day(result))]
                    written.extend(self._write_result(result, planned, files, recorder))
            except StepError as error:
                failure = error
            files.publish()
        crash_points.point("stat.written")
        recorder.record(*_first_digests(self._project, written), *(StepDone(item.receipt) for item in written))
        for item in written:
            recorder.progress(lines=int(item.receipt.figures["actions"]))
        if failure is not None:
            raise failure

    def _write_result(
        self, result: DayResult, planned: PlannedStep, files: StagedFiles, recorder: FactRecorder
    ) -> Iterator["_Written"]:
        if isinstance(result, DayFailure):
            recorder.record(StepFailed(planned.step, result.error))
            return
        document, notes = (result.document, result.notes) if isinstance(result, NotedDocument) else (result, ())
        yield self._write(document, notes, planned, files)

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
    """Describe a file that a step wrote; its path is relative to the project's folder if it is inside it."""
    name = path.relative_to(project.root) if path.is_relative_to(project.root) else path
    return Output(name.as_posix(), len(data), hashlib.sha256(data).hexdigest())


def _first_digests(project: Project, written: Sequence[_Written]) -> Iterator[PartsDigested]:
    """The digests of parts that an earlier mtc recorded without one; their content has just been checked."""
    works = [_work(item.planned) for item in written if project.sites[item.planned.step.site].answers == "warehouse"]
    files = {part.file for work in works for part in work.parts if not part.digest}
    if files:
        yield PartsDigested({file: sha256(path_inside(project.warehouse, file)) for file in files})


def _day(result: DayResult) -> dt.date:
    return result.document.day if isinstance(result, NotedDocument) else result.day


def _sets(results: Iterable[SiteResult]) -> Iterator[Iterable[SiteResult]]:
    """Divide results into sets; a set starts as soon as its first result is available."""
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
