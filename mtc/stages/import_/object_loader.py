"""Loading the new objects of a step: fetched, bundled, read; published and recorded object by object, when complete.

An object is complete when its last line is read, is as it was listed, and has not too many lines that cannot be read.
Nothing of an object that is not is left in the warehouse.

Objects that are Parquet files, as text: a JSON object a line for each row, so that all goes the one way.

The database streams from file to file; memory does not grow with the object. Of CloudFront's logs only what is read is
written, under the names that the format `cloudfront_parquet` has for it; of others every column, as it is called.

Doing slow work a few items ahead of whoever needs the results, which come in order.
"""

import contextlib
import dataclasses
import glob
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import duckdb

from mtc.core import crash_points
from mtc.core.atomic_files import StagingFolder, staging_folder
from mtc.core.database import explain
from mtc.core.errors import PermanentError, StepError
from mtc.core.model import RECIPES, LoadedObject, Part, SourceObject, Stage
from mtc.core.sanitize import printable
from mtc.core.sql import literal
from mtc.formats.aws import CLOUDFRONT_COLUMNS, parquet_column
from mtc.formats.model import Format
from mtc.sources.source import LogSource
from mtc.stages.import_.bundle_loader import SAMPLES, Loader, Slice
from mtc.stages.import_.bundles import Bundle, Fetched, Segment, bundles
from mtc.stages.import_.format_choice import Wanted, chooser, judge, judge_early
from mtc.stages.import_.reload import Again
from mtc.stages.import_.step_context import Connect, StepContext
from mtc.stages.stage import Fact, ObjectLoaded
from mtc.warehouse.parts import object_id

_MAGIC = b"PAR1"


def as_text(item: Fetched, connect: Connect, target: Path) -> Fetched:
    """The object as text in `target`, if it is Parquet; any other as it is."""
    with item.path.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            return item
    try:
        with connect() as connection:
            connection.execute(_copy(connection, item.path, target))
    except duckdb.Error as error:
        target.unlink(missing_ok=True)
        raise _problem(error, item.object.key) from None
    return Fetched(item.object, target, origin=item.path)


def _copy(connection: duckdb.DuckDBPyConnection, path: Path, target: Path) -> str:
    rows = f"read_parquet({literal(glob.escape(str(path)))}, hive_partitioning = false, binary_as_string = true)"
    names = [name for name, *_ in connection.execute(f"SELECT * FROM {rows} LIMIT 0").description or ()]  # noqa: S608 - quoted
    known = {parquet_column(name): name for name in names if parquet_column(name) in CLOUDFRONT_COLUMNS}
    chosen = ", ".join(f"{_identifier(name)} AS {_identifier(read)}" for read, name in known.items()) or "*"
    return f"COPY (SELECT {chosen} FROM {rows}) TO {literal(str(target))} (FORMAT json)"  # noqa: S608 - quoted


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _problem(error: duckdb.Error, where: str) -> StepError:
    told = explain(error, where)
    if isinstance(error, duckdb.OutOfMemoryException) and "memory" in told.what:
        hint = "its row groups are large: raise `run.memory`, or have it written with smaller ones"
        return PermanentError("the Parquet file needs more memory to be read", where=where, hint=hint)
    if isinstance(error, duckdb.OutOfMemoryException) or "space" in str(error):
        return told
    hint = "nothing of it was loaded; put a whole copy in its place and run the same command"
    return PermanentError(f"the Parquet file is damaged ({str(error).splitlines()[0]})", where=where, hint=hint)


AHEAD = 8

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(work: Callable[[Item], Result], items: Iterable[Item], *, name: str) -> Generator[tuple[Item, Result]]:
    """Do `work` for each item in threads called `name`, and give item and result in the order of the items.

    Whoever stops early closes the generator: what has not begun by then is not begun any more.
    """
    pending: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(AHEAD, thread_name_prefix=name) as pool:
        try:
            for item in items:
                pending.append((item, pool.submit(work, item)))
                if len(pending) >= AHEAD:
                    yield _first(pending)
            while pending:
                yield _first(pending)
        finally:
            for _, future in pending:
                future.cancel()


def in_turn(work: Callable[[Item], Result], items: Iterable[Item]) -> Generator[tuple[Item, Result]]:
    """The same for work that is done sooner than it is handed to a thread: each item when it is asked for."""
    for item in items:
        yield item, work(item)


def one_ahead(items: Generator[Item], may: Callable[[Item], bool], *, name: str) -> Generator[Item]:
    """The same items; behind one that `may`, the next is made in a thread called `name` while it is worked on.

    `items` is run in that thread alone, closing included.
    """
    with ThreadPoolExecutor(1, thread_name_prefix=name) as pool:
        try:
            item = pool.submit(next, items, None).result()
            while item is not None:
                coming = pool.submit(next, items, None) if may(item) else None
                yield item
                item = (coming or pool.submit(next, items, None)).result()
        finally:
            pool.submit(items.close).result()


def _first(pending: "deque[tuple[Item, Future[Result]]]") -> tuple[Item, Result]:
    item, future = pending.popleft()
    return item, future.result()


@dataclass(slots=True)
class Loading:
    """A step's loading under way.

    `again` judges objects that were delivered. `slices` are those of objects that are not complete yet, by key;
    `handed_out` are the objects given out to be read, until they are recorded; `published` are the files that were put
    into the warehouse; `samples` are lines that could not be read; `notes` are for people.
    """

    context: StepContext
    again: Again
    slices: dict[str, list[Slice]] = field(default_factory=dict)
    handed_out: dict[str, SourceObject] = field(default_factory=dict)
    published: set[str] = field(default_factory=set)
    samples: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def run(self) -> list[LoadedObject]:
        """Load every object of the step's work."""
        source = self.context.open_source(self.context.site)
        try:
            return list(self._load(source))
        except (StepError, OSError):
            _confirm(source, self.handed_out.values())  # a file that is being written looks like a damaged one
            raise

    def _load(self, source: LogSource) -> Iterator[LoadedObject]:
        context = self.context
        choose = chooser(Wanted.of(context.site.source), self.notes)
        with (
            context.connect() as connection,
            staging_folder(context.warehouse) as staging,
            contextlib.closing(self._fetched(source)) as fetched,
            contextlib.closing(_one_ahead(bundles(fetched, context.spool, choose, sizes=context.sizes))) as made,
        ):
            loader = Loader(connection, context.site, context.step.day, staging, context.work.made_with, context.agents)
            for bundle in made:
                context.recorder.check()
                self._read(loader, bundle, source)
                yield from self._record(bundle, staging, connection)

    def _fetched(self, source: LogSource) -> Generator[Fetched]:
        """Fetch objects, those from afar a few ahead of the one that is being read.

        A source that copies makes the object's folder itself: to make one for each of thousands of small objects that
        are read where they lie would take longer than to read them.
        """

        def fetch(object_: SourceObject) -> Path:
            return source.fetch(
                object_, self.context.spool_of(object_), progress=lambda _: self.context.recorder.check()
            )

        self.context.spool.mkdir(parents=True, exist_ok=True)
        wanted, encoding = self.context.work.load, self.context.site.source.encoding
        far = any(source.remote(object_) for object_ in wanted[:1])
        with contextlib.closing(ahead(fetch, wanted, name="fetch") if far else in_turn(fetch, wanted)) as coming:
            for object_, path in coming:
                self.context.recorder.check()
                crash_points.point("fetch.done")
                self.handed_out[object_.key] = object_
                text = self.context.spool / f"{object_id(object_.key, object_.version)}.jsonl"
                item = as_text(Fetched(object_, path, encoding=encoding), self.context.connect, text)
                yield item
                self._forget_text(item)

    def _forget_text(self, item: Fetched) -> None:
        """Remove text made of an object that is read, and its fetched copy, unless the archive may still want that."""
        if item.origin:
            item.path.unlink(missing_ok=True)
        fetched = item.origin or item.path
        if self.context.site.archive is None and fetched.is_relative_to(self.context.spool):
            fetched.unlink(missing_ok=True)

    def _read(self, loader: Loader, bundle: Bundle, source: LogSource) -> None:
        piece = len(self.slices.get(bundle.segments[0].object.key, ()))
        try:
            slices = loader.load(bundle, piece)
        finally:
            bundle.discard()
        _confirm(source, (segment.object for segment in bundle.segments))
        for segment, result in zip(bundle.segments, slices, strict=True):
            read = self.slices.setdefault(segment.object.key, [])
            read.append(result)
            judge_early(segment.object, read, bundle.format, self.context.site.filters.max_rejected)

    def _record(
        self, bundle: Bundle, staging: StagingFolder, connection: duckdb.DuckDBPyConnection
    ) -> Sequence[LoadedObject]:
        """Publish and record what is complete with this bundle, all or nothing."""
        ended = [segment for segment in bundle.segments if segment.last]
        complete = [self._complete(segment, bundle.format) for segment in ended]
        for item in complete:
            self.again.judge(item, connection, staging.path_of)
        self._publish(staging, ended)
        if complete:
            self.context.recorder.record(*(fact for item in complete for fact in self._loaded(item)))
        for segment in ended:
            del self.slices[segment.object.key], self.handed_out[segment.object.key]
        self.context.recorder.progress(size=sum(item.object.size for item in complete), lines=bundle.lines)
        return complete

    def _complete(self, segment: Segment, form: Format) -> LoadedObject:
        object_, slices = segment.object, self.slices[segment.object.key]
        account = judge(object_, slices, form, self.context.site.filters.max_rejected)
        if len(self.samples) < SAMPLES:
            self.samples += [f"{printable(object_.key)} {sample}" for part in slices for sample in part.samples]
        parts = _merged(part for result in slices for part in result.parts)
        identity = object_id(object_.key, object_.version)
        return LoadedObject(
            object_,
            identity,
            segment.content,
            form.name,
            account,
            parts,
            made_with=self.context.work.made_with,
            text=segment.text if account.lines else "",
            recipe=RECIPES[Stage.IMPORT],
        )

    def _loaded(self, item: LoadedObject) -> Iterator[Fact]:
        """What is recorded of an object that is complete; a delivery that covered it before covers it still."""
        yield ObjectLoaded(self.context.step, item)
        yield from self.again.facts(item)

    def _publish(self, staging: StagingFolder, ended: Sequence[Segment]) -> None:
        files = {file for segment in ended for result in self.slices[segment.object.key] for file in result.files}
        staging.publish(files)
        self.published |= files
        crash_points.point("load.published")


def _one_ahead(made: Generator[Bundle]) -> Generator[Bundle]:
    """Write the next bundle while one is read; a file that is read where it lies is not to be let go of meanwhile."""
    return one_ahead(made, lambda bundle: bundle.temporary, name="bundle")


def _merged(parts: Iterable[Part]) -> tuple[Part, ...]:
    """One part for each file: an object may have several segments in a bundle."""
    hits: dict[Part, int] = {}
    for part in parts:
        file = dataclasses.replace(part, hits=0)
        hits[file] = hits.get(file, 0) + part.hits
    return tuple(dataclasses.replace(file, hits=count) for file, count in hits.items())


def _confirm(source: LogSource, objects: Iterable[SourceObject]) -> None:
    """Raise ObjectChangedError when one of the objects is no longer what was listed."""
    for object_ in objects:
        source.confirm_unchanged(object_)
