"""The order of an import step: take out what must go, load what is new, archive what is loaded, report.

What is done is recorded at once, object by object, so that a step that was interrupted goes on where it was. The
source is never changed.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from mtc import faults
from mtc.errors import StepError
from mtc.formats.base import Format
from mtc.formats.detect import detect
from mtc.formats.registry import get
from mtc.manifest.project import SiteSettings
from mtc.model import Accounting, LoadedObject, Receipt, SourceObject, Status, StepId
from mtc.plan.model import ImportWork
from mtc.sources.base import Archive, Source
from mtc.stages.base import Desk, ObjectArchived, ObjectDropped, ObjectLoaded, StepDone
from mtc.stages.importing.ahead import ahead
from mtc.stages.importing.bundle import Bundle, Chooser, Fetched, Sizes
from mtc.stages.importing.load import Loader, Slice
from mtc.stages.importing.rejected import judge, sweep_rejected
from mtc.stages.importing.spool import bundles
from mtc.stages.importing.staging import Staging, staging
from mtc.warehouse.parts import object_id


@dataclass(frozen=True, slots=True)
class Places:
    """Where a step reads from and writes to. `spool` is the step's own folder."""

    source: Source
    open_archive: Callable[[SiteSettings], Archive | None]
    spool: Path
    warehouse: Path
    sizes: Sizes


@dataclass(slots=True)
class ImportStep:
    """One import step at work.

    `slices` are those of objects that are not complete yet, by key; `reading` are the objects handed out to be read
    and not recorded yet; `published` are the files that this run has put into the warehouse.
    """

    site: SiteSettings
    step: StepId
    work: ImportWork
    desk: Desk
    places: Places
    connect: Callable[[], duckdb.DuckDBPyConnection]
    slices: dict[str, list[Slice]] = field(default_factory=dict)
    reading: dict[str, SourceObject] = field(default_factory=dict)
    published: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Do the step."""
        self.desk.check()
        if self.work.drop:
            self.desk.record(*(ObjectDropped(self.step, gone.object.key) for gone in self.work.drop))
        loaded = self._load() if self.work.load else []
        kept = [item.object.key for item in self.work.keep]
        sweep_rejected(self.places.warehouse, self.step, self.published, kept)
        archived = self._archive([*self.work.archive, *loaded])
        faults.point("import.done")
        self.desk.record(StepDone(self._receipt([*self.work.keep, *loaded], archived)))

    def _load(self) -> list[LoadedObject]:
        try:
            return self._load_bundles()
        except StepError:
            self._confirm(self.reading.values())
            raise

    def _load_bundles(self) -> list[LoadedObject]:
        choose = _chooser(self.site.source.format)
        loaded: list[LoadedObject] = []
        with (
            self.connect() as connection,
            staging(self.places.warehouse) as aside,
            contextlib.closing(self._fetched()) as fetched,
            contextlib.closing(bundles(fetched, self.places.spool, choose, sizes=self.places.sizes)) as made,
        ):
            loader = Loader(connection, self.site, self.step.day, aside)
            for bundle in made:
                self.desk.check()
                loaded += self._load_bundle(loader, bundle)
        return loaded

    def _fetched(self) -> Iterator[Fetched]:
        """Fetch objects a few ahead of the one that is being read."""
        with contextlib.closing(ahead(self._fetch, self.work.load, name="fetch")) as coming:
            for object_, path in coming:
                self.desk.check()
                faults.point("fetch.done")
                self.reading[object_.key] = object_
                yield Fetched(object_, path)
                self._forget_spooled(path)

    def _fetch(self, object_: SourceObject) -> Path:
        folder = self.places.spool / object_id(object_.key, object_.version)
        folder.mkdir(parents=True, exist_ok=True)
        return self.places.source.fetch(object_, folder)

    def _forget_spooled(self, path: Path) -> None:
        """Remove a fetched copy that is read to its end, unless the archive may still want it."""
        if self.site.archive is None and path.is_relative_to(self.places.spool):
            path.unlink(missing_ok=True)

    def _confirm(self, objects: Iterable[SourceObject]) -> None:
        """Raise ObjectChangedError when one of the objects is no longer what was listed."""
        for object_ in objects:
            self.places.source.confirm(object_)

    def _load_bundle(self, loader: Loader, bundle: Bundle) -> list[LoadedObject]:
        """Load a bundle; what is complete with it is published and recorded."""
        piece = len(self.slices.get(bundle.segments[0].object.key, ()))
        try:
            slices = loader.load(bundle, piece)
        finally:
            bundle.discard()
        self._confirm(segment.object for segment in bundle.segments)
        for segment, part in zip(bundle.segments, slices, strict=True):
            self.slices.setdefault(segment.object.key, []).append(part)
        complete = [self._complete(segment.object, segment.content, bundle.format) for segment in bundle.segments if segment.last]
        self._record(complete, loader.staging)
        self.desk.progress(size=sum(item.object.size for item in complete), lines=bundle.lines)
        return complete
