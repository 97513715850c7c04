"""Loads small import steps together: their lines are read at once, as each reading costs much by itself.

Every step gets what it would have got alone: its own choice of formats, files, accounting and messages. Where that is
not sure, or something fails, the steps concerned are left to be run alone, so that each fails with its own error.
Nothing of them is published or recorded then.
"""

import contextlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mtc.core import crash_points
from mtc.core.atomic_files import staging_folder
from mtc.core.errors import InterruptedRunError, StepError, TransientError
from mtc.core.model import LoadedObject, StepId
from mtc.formats.model import Format
from mtc.sources.source import LogSource
from mtc.stages.import_.bundle_loader import BundleLoader
from mtc.stages.import_.object_loader import ObjectLoader, StepContext
from mtc.stages.import_.object_text import ChooseFormat, FetchedObject
from mtc.stages.import_.reload import ReloadCheck
from mtc.stages.import_.segments import Bundle
from mtc.stages.import_.shared_bundle import Share, load_shared
from mtc.stages.stage import FactRecorder, ObjectLoaded


def may_be_grouped(context: StepContext) -> bool:
    """Whether a step only loads objects: it delivers nothing, and archives nothing."""
    return context.work.only_loads and context.loaded is None and context.site.archive is None


@dataclass(slots=True)
class Member:
    """A step of a group, with what loads its objects and the objects that are loaded; or the error that ended it."""

    context: StepContext
    loader: ObjectLoader
    loaded: list[LoadedObject] = field(default_factory=list)
    error: StepError | None = None

    def source(self) -> LogSource:
        """The source of its site."""
        return self.context.open_source(self.context.site)

    @classmethod
    def of(cls, context: StepContext) -> "Member":
        """A step of which nothing is loaded yet."""
        return cls(context, ObjectLoader(context, ReloadCheck(context.step, context.work, context.warehouse)))


def load_group(contexts: Sequence[StepContext], spool: Path) -> tuple[list[Member], list[StepContext]]:
    """Load, publish and record the objects of steps; returns those steps, and those that have to be run alone.

    `spool` is a folder for them. Those with the same settings are a group, also of several sites; a group that cannot
    be read is halved. A step whose objects cannot be fetched for now ends with that error, so that it is tried again
    only after a pause.

    Raises:
        InterruptedRunError: the run has been asked to stop.
        OSError: the warehouse cannot be written.
        RuntimeError: the coordinator could not record what was loaded.
    """
    over = [Member.of(context) for context in contexts if not context.work.load]
    alone: list[StepContext] = []
    waiting = list(_groups(contexts, alone))
    while waiting:
        some = waiting.pop()
        if len(some) < 2:  # noqa: PLR2004 - one step is no group
            alone += some
            continue
        group = _Group.of(some, spool)
        is_read = group.run()
        over += group.over
        alone += group.alone
        if is_read:
            alone += group.rest
        else:
            middle = len(group.rest) // 2
            waiting += [group.rest[middle:], group.rest[:middle]]
    return over, alone


def _groups(contexts: Sequence[StepContext], alone: list[StepContext]) -> Iterable[list[StepContext]]:
    """The steps with objects, by their settings; those with an object of an earlier step are added to `alone`."""
    keys: set[tuple[str, str]] = set()
    found: dict[str, list[StepContext]] = {}
    for context in contexts:
        mine = {(context.site.name, item.key) for item in context.work.load}
        if mine:
            (alone if mine & keys else found.setdefault(context.work.made_with, [])).append(context)
        keys |= mine
    return found.values()


@dataclass(slots=True)
class _Group:
    """Steps that are read together. `chooser` is that of the step whose objects are being bundled.

    `owners` says which step an object is of, by its identity: sites may have equal objects. `over` are recorded as
    loaded, or cannot be fetched for now. `alone` have to be run alone, as a check of theirs failed.
    """

    members: Mapping[StepId, Member]
    contexts: Mapping[StepId, StepContext]
    owners: Mapping[int, StepId]
    spool: Path
    chooser: ChooseFormat | None = None
    over: list[Member] = field(default_factory=list)
    alone: list[StepContext] = field(default_factory=list)

    @classmethod
    def of(cls, contexts: Sequence[StepContext], spool: Path) -> "_Group":
        """A group of which nothing is read yet."""
        moved = [replace(context, spool=spool / context.site.name) for context in contexts]
        members = {context.step: Member.of(context) for context in moved}
        owners = {id(item): context.step for context in contexts for item in context.work.load}
        return cls(members, {context.step: context for context in contexts}, owners, spool)

    @property
    def rest(self) -> list[StepContext]:
        """The steps that are neither over nor to be run alone."""
        known = {*(member.context.step for member in self.over), *(context.step for context in self.alone)}
        return [context for step, context in self.contexts.items() if step not in known]

    def run(self) -> bool:
        """Load what can be loaded; returns whether everything could be read."""
        context = next(iter(self.members.values())).context
        with (
            context.connect() as connection,
            staging_folder(context.warehouse) as staging,
            contextlib.closing(self._fetched()) as fetched,
            contextlib.closing(context.bundles(fetched, self._choose)) as bundles,
        ):
            loader = BundleLoader(
                connection, context.site, context.step.day, staging, context.work.made_with, context.agents
            )
            while True:
                try:
                    if (bundle := next(bundles, None)) is None:
                        return True
                    complete = self._load(loader, bundle)
                except InterruptedRunError:
                    raise
                except Exception:  # noqa: BLE001 - whatever it is, the step that it is of raises it again
                    return False
                self._record(complete, context.recorder)

    def _choose(self, sample: Sequence[str], where: str, before: str = "") -> Format:
        """Choose the format of an object as its step would alone."""
        assert self.chooser is not None  # noqa: S101 - an object is fetched before it is bundled
        return self.chooser(sample, where, before)

    def _fetched(self) -> Generator[FetchedObject]:
        for member in self.members.values():
            self.chooser = member.loader.chooser()
            with contextlib.closing(member.loader.fetched(member.source())) as fetched:
                while (item := self._next(fetched, member)) is not None:
                    yield item

    def _next(self, fetched: Iterator[FetchedObject], member: Member) -> FetchedObject | None:
        try:
            return next(fetched, None)
        except TransientError as error:
            member.error = error
            self.over.append(member)
            raise

    def _load(self, loader: BundleLoader, bundle: Bundle) -> list[Member]:
        """Load a bundle, and publish what it has of steps that lie in it as a whole; returns these steps."""
        whole = self._whole(bundle)
        try:
            results = load_shared(loader, bundle, [share for _, share in whole]) if whole else []
        finally:
            bundle.discard()
        found: list[Member] = []
        files: set[str] = set()
        for (member, share), own in zip(whole, results, strict=True):
            segments = [bundle.segments[number] for number in share.numbers]
            try:
                member.loader.add(segments, own, bundle.format, member.source())
                member.loaded = member.loader.complete(segments, bundle.format)
            except (StepError, OSError):
                self.alone.append(self.contexts[member.context.step])
                continue
            found.append(member)
            files |= member.loader.end(segments)
        loader.staging.publish(files)
        crash_points.point("load.published")
        return found

    def _whole(self, bundle: Bundle) -> list[tuple[Member, Share]]:
        """The steps all of whose objects lie in a bundle, each as one segment with lines, and what they have of it."""
        numbers: dict[StepId, list[int]] = {}
        for number, segment in enumerate(bundle.segments):
            if segment.last and segment.lines and not segment.offset:
                numbers.setdefault(self.owners[id(segment.object)], []).append(number)
        members = [(self.members[step], tuple(found)) for step, found in numbers.items()]
        return [
            (member, Share(member.context.site.name, member.context.step.day, found))
            for member, found in members
            if len(found) == len(member.context.work.load)
        ]

    def _record(self, complete: Sequence[Member], recorder: FactRecorder) -> None:
        """Record the objects of steps that are published."""
        for member in complete:
            member.loader.in_progress.clear()
        objects = [(member.context.step, item) for member in complete for item in member.loaded]
        recorder.record(*(ObjectLoaded(step, item) for step, item in objects))
        recorder.progress(
            size=sum(item.object.size for _, item in objects),
            lines=sum(item.accounting.lines for _, item in objects),
        )
        self.over += complete
