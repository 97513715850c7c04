"""Loads the new objects of a step: fetches, bundles and reads them; publishes and records each one once it is complete.

An object is complete when its last line is read, it is unchanged since it was listed, and enough of its lines could be
read. Nothing of an incomplete object is left in the warehouse.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from mtc.core import crash_points
from mtc.core.atomic_files import StagingFolder, staging_folder
from mtc.core.database import Connect
from mtc.core.errors import StepError
from mtc.core.model import RECIPES, LoadedObject, Part, SourceObject, Stage, StepId
from mtc.core.sanitize import printable
from mtc.formats.csv_lines import Cells
from mtc.formats.model import Format
from mtc.formats.native.reading import NativeReading, native_reading
from mtc.manifest.project import SiteSettings
from mtc.plan.work import ImportWork, LoadedStep
from mtc.sources.source import LogArchive, LogSource
from mtc.stages.deliver.step_delivery import DeliveryJob
from mtc.stages.import_.bundle_loader import BundleLoader, SegmentResult, reading_of
from mtc.stages.import_.bundles import Bundling, make_bundles
from mtc.stages.import_.format_choice import SourceFormat, check_quality, check_quality_early, format_chooser
from mtc.stages.import_.known_agents import KnownAgents
from mtc.stages.import_.object_text import ChooseFormat, FetchedObject, as_text
from mtc.stages.import_.prefetch import one_by_one, prefetch, prefetch_one
from mtc.stages.import_.rejected_files import SAMPLES
from mtc.stages.import_.reload import ReloadCheck
from mtc.stages.import_.segments import Bundle, Segment, lines_of
from mtc.stages.stage import Fact, FactRecorder, ObjectLoaded
from mtc.warehouse.parts import object_id

if TYPE_CHECKING:
    from mtc.stages.deliver.delivery_job import Deliverer  # loads what speaks to Matomo

OpenSource = Callable[[SiteSettings], LogSource]
OpenArchive = Callable[[SiteSettings], LogArchive | None]


@dataclass(frozen=True, slots=True)
class StepContext:
    """What an import step works with. `spool` is a folder for this step, which is removed when the step ends.

    `may_deliver` and `loaded` are those of `mtc.plan.work.Task`.
    """

    site: SiteSettings
    step: StepId
    work: ImportWork
    recorder: FactRecorder
    connect: Connect
    open_source: OpenSource
    open_archive: OpenArchive
    spool: Path
    warehouse: Path
    bundling: Bundling
    deliverer: "Deliverer | None" = None
    may_deliver: bool = True
    loaded: LoadedStep | None = None
    agents: KnownAgents | None = None

    @property
    def delivery_job(self) -> DeliveryJob:
        """The delivery of this step."""
        return DeliveryJob(self.site, self.step, self.recorder)

    def bundles(self, fetched: Iterable[FetchedObject], choose: ChooseFormat) -> Generator[Bundle]:
        """Turn objects of the site into bundles."""

        def native(format_: Format) -> NativeReading | None:
            return native_reading(reading_of(self.site, format_))

        return make_bundles(fetched, self.spool, choose, bundling=self.bundling, native=native)

    def spool_of(self, object_: SourceObject) -> Path:
        """The folder that the object is fetched into."""
        return self.spool / object_id(object_.key, object_.version)


@dataclass(slots=True)
class ObjectLoader:
    """Loads the new objects of one step.

    `reload` checks objects that were delivered before. `results` are those of incomplete objects so far, by key;
    `in_progress` are the fetched objects that are not recorded yet; `published` are the files moved into the warehouse;
    `samples` are lines that could not be read; `notes` are for the step's receipt.
    """

    context: StepContext
    reload: ReloadCheck
    results: dict[str, list[SegmentResult]] = field(default_factory=dict)
    in_progress: dict[str, SourceObject] = field(default_factory=dict)
    published: set[str] = field(default_factory=set)
    samples: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def run(self) -> list[LoadedObject]:
        """Load every object of the step's work.

        Raises:
            StepError: an object cannot be fetched or read, has too many rejected lines, or has changed meanwhile.
        """
        source = self.context.open_source(self.context.site)
        try:
            return list(self._load(source))
        except (StepError, OSError):
            _confirm(source, self.in_progress.values())  # a file that is still being written looks damaged
            raise

    def _load(self, source: LogSource) -> Iterator[LoadedObject]:
        context = self.context
        with (
            context.connect() as connection,
            staging_folder(context.warehouse) as staging,
            contextlib.closing(self.fetched(source)) as fetched,
            contextlib.closing(prefetch_one(context.bundles(fetched, self.chooser()), name="bundle")) as made,
        ):
            loader = BundleLoader(
                connection, context.site, context.step.day, staging, context.work.made_with, context.agents
            )
            for bundle in made:
                context.recorder.check()
                self._read(loader, bundle, source)
                yield from self._record(bundle, staging, connection)

    def chooser(self) -> ChooseFormat:
        """A new function that chooses the formats of the step's objects in order."""
        site = self.context.site
        return format_chooser(SourceFormat.of(site.source, site.filters), self.notes)

    def fetched(self, source: LogSource) -> Generator[FetchedObject]:
        """Fetch objects; from a remote source, a few of them before they are needed.

        A source that copies objects makes their folders itself: to make one for each of thousands of small local
        objects would take longer than to read them.
        """

        def fetch(object_: SourceObject) -> Path:
            return source.fetch(
                object_, self.context.spool_of(object_), progress=lambda _: self.context.recorder.check()
            )

        self.context.spool.mkdir(parents=True, exist_ok=True)
        objects, encoding = self.context.work.load, self.context.site.source.encoding
        is_remote = any(source.remote(object_) for object_ in objects[:1])
        with contextlib.closing(
            prefetch(fetch, objects, name="fetch") if is_remote else one_by_one(fetch, objects)
        ) as fetched:
            for object_, path in fetched:
                self.context.recorder.check()
                crash_points.point("fetch.done")
                self.in_progress[object_.key] = object_
                text = self.context.spool / f"{object_id(object_.key, object_.version)}.jsonl"
                item = as_text(FetchedObject(object_, path, encoding=encoding), self.context.connect, text)
                yield item
                self._remove_text(item)

    def _remove_text(self, item: FetchedObject) -> None:
        """Remove the text of an object that has been read, and its fetched copy unless the archive may need it."""
        if item.origin:
            item.path.unlink(missing_ok=True)
        fetched = item.origin or item.path
        if self.context.site.archive is None and fetched.is_relative_to(self.context.spool):
            fetched.unlink(missing_ok=True)

    def _read(self, loader: BundleLoader, bundle: Bundle, source: LogSource) -> None:
        piece = len(self.results.get(bundle.segments[0].object.key, ()))
        try:
            results = loader.load(bundle, piece)
        finally:
            bundle.discard()
        self.add(bundle.segments, results, bundle.format, source)

    def add(
        self, segments: Sequence[Segment], results: Sequence[SegmentResult], format_: Format, source: LogSource
    ) -> None:
        """Add the results of segments.

        Raises:
            StepError: an object has changed since it was listed, or nothing of it can be read.
        """
        _confirm(source, (segment.object for segment in segments))
        for segment, result in zip(segments, results, strict=True):
            read = self.results.setdefault(segment.object.key, [])
            read.append(result)
            check_quality_early(segment.object, read, format_, self.context.site.filters.max_rejected)

    def _record(
        self, bundle: Bundle, staging: StagingFolder, connection: duckdb.DuckDBPyConnection
    ) -> Sequence[LoadedObject]:
        """Publish and record the objects that end in this bundle, all or none."""
        ended = [segment for segment in bundle.segments if segment.last]
        complete = self.complete(ended, bundle.format)
        for item in complete:
            self.reload.check(item, connection, staging.path_of)
        files = self.end(ended)
        staging.publish(files)
        crash_points.point("load.published")
        if complete:
            self.context.recorder.record(*(fact for item in complete for fact in self._facts(item)))
        for segment in ended:
            del self.in_progress[segment.object.key]
        self.context.recorder.progress(size=sum(item.object.size for item in complete), lines=lines_of(bundle))
        return complete

    def complete(self, ended: Sequence[Segment], format_: Format) -> list[LoadedObject]:
        """The objects whose last segments these are.

        Raises:
            PermanentError: too few lines of one could be read.
        """
        return [self._complete(segment, format_) for segment in ended]

    def end(self, ended: Sequence[Segment]) -> set[str]:
        """Forget the results of objects that are complete; returns the files to be published."""
        results = [result for segment in ended for result in self.results.pop(segment.object.key)]
        files = {file for result in results for file in result.files}
        self.published |= files
        return files

    def _complete(self, segment: Segment, format_: Format) -> LoadedObject:
        object_, results = _loaded_slice(segment, format_), self.results[segment.object.key]
        accounting = check_quality(object_, results, format_, self.context.site.filters.max_rejected)
        if len(self.samples) < SAMPLES:
            self.samples += [f"{printable(object_.label)} {sample}" for part in results for sample in part.samples]
        parts = _merged(part for result in results for part in result.parts)
        identity = object_id(object_.key, object_.version)
        return LoadedObject(
            object_,
            identity,
            segment.content,
            format_.name,
            accounting,
            parts,
            made_with=self.context.work.made_with,
            text=segment.text if accounting.lines and object_.slice is None else "",
            recipe=RECIPES[Stage.IMPORT],
        )

    def _facts(self, item: LoadedObject) -> Iterator[Fact]:
        """The facts about a complete object: that it is loaded, and about its earlier deliveries."""
        yield ObjectLoaded(self.context.step, item)
        yield from self.reload.facts(item)


def _loaded_slice(segment: Segment, format_: Format) -> SourceObject:
    """A segment's object; a slice with the header for what follows it."""
    object_, shape = segment.object, format_.shape
    if object_.slice is None:
        return object_
    header = shape.header + "\n" if isinstance(shape, Cells) and shape.header else segment.header
    part = dataclasses.replace(object_.slice, next_header=header, pieces=())  # it was read as one
    return dataclasses.replace(object_, slice=part)


def _merged(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Merge the parts of each file: an object may have several segments in a bundle."""
    hits: dict[Part, int] = {}
    for part in parts:
        file = dataclasses.replace(part, hits=0)
        hits[file] = hits.get(file, 0) + part.hits
    return tuple(dataclasses.replace(file, hits=count) for file, count in hits.items())


def _confirm(source: LogSource, objects: Iterable[SourceObject]) -> None:
    """Raise ObjectChangedError if one of the objects has changed since it was listed."""
    for object_ in objects:
        source.confirm_unchanged(object_)
