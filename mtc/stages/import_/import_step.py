"""The import stage: runs the import steps of a task, one after the other.

An import step drops objects that are gone, loads new ones, delivers and archives what is loaded, and reports. Progress
is recorded at once, object by object and batch by batch, so that an interrupted step continues where it stopped. An
open delivery is finished before anything is loaded again, as it needs the parts. After the delivery objects are pushed
to the archive, each recorded as soon as its copy is verified. The source is never changed.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mtc.core import crash_points
from mtc.core.database import Connect
from mtc.core.deliveries import Delivery, undelivered
from mtc.core.errors import InterruptedRunError, PermanentError, StepError
from mtc.core.model import Accounting, LoadedObject, Receipt, SourceObject, Status, StepId
from mtc.core.records import copies_among, copy_note, counted_accounting
from mtc.core.sanitize import printable
from mtc.manifest.project import Project
from mtc.plan.work import ImportWork, LoadedStep, PlannedStep, Task
from mtc.sources.source import LogArchive
from mtc.stages.deliver.step_delivery import DeliverySummary
from mtc.stages.import_.bundles import Bundling
from mtc.stages.import_.format_choice import check_step_quality, messages_note
from mtc.stages.import_.known_agents import KnownAgents
from mtc.stages.import_.object_loader import ObjectLoader, OpenArchive, OpenSource, StepContext
from mtc.stages.import_.prefetch import prefetch
from mtc.stages.import_.rejected_files import sweep_rejected
from mtc.stages.import_.reload import ReloadCheck
from mtc.stages.import_.step_group import Member, load_group, may_be_grouped
from mtc.stages.stage import (
    FactRecorder,
    ObjectArchived,
    ObjectDropped,
    ResendAllowed,
    StepDone,
    StepFailed,
    StepLoaded,
)

if TYPE_CHECKING:
    from mtc.stages.deliver.delivery_job import Deliverer  # loads what speaks to Matomo

_SHOWN = 3  # refused deliveries in a message
_BUNDLING = Bundling()


@dataclass(frozen=True, slots=True)
class ImportStage:
    """Runs import steps. `open_source` and `open_archive` open what the manifest names for a site.

    `agents` is the cache of the user agents that earlier runs have classified.
    """

    project: Project
    connect: Connect
    open_source: OpenSource
    open_archive: OpenArchive
    bundling: Bundling = _BUNDLING
    deliverer: "Deliverer | None" = None
    agents: KnownAgents | None = None

    def run(self, task: Task, recorder: FactRecorder) -> None:
        """Run the steps of the task: several of them together, as far as possible, and each of the others alone."""
        contexts = [self._context(planned, recorder, task) for planned in task.steps]
        if len(contexts) == 1:
            _run_alone(contexts[0])
            return
        for context in self._run_together(contexts, recorder):
            try:
                _run_alone(context)
            except InterruptedRunError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this step's alone
                recorder.record(StepFailed(context.step, error))

    def _run_together(self, contexts: Sequence[StepContext], recorder: FactRecorder) -> list[StepContext]:
        """Run steps together; returns those that have to be run alone."""
        some = [context for context in contexts if may_be_grouped(context)]
        first = contexts[0]
        spool = first.spool.with_name(f"{first.spool.name}-group")
        shutil.rmtree(spool, ignore_errors=True)
        try:
            alone = import_group(some, spool, recorder)
        finally:
            shutil.rmtree(spool, ignore_errors=True)
        return sorted([*(context for context in contexts if context not in some), *alone], key=lambda each: each.step)

    def _context(self, planned: PlannedStep, recorder: FactRecorder, task: Task) -> StepContext:
        if not isinstance(planned.work, ImportWork):
            raise TypeError(planned)
        site = self.project.sites[planned.step.site]
        return StepContext(
            site=site,
            step=planned.step,
            work=planned.work,
            recorder=recorder,
            connect=self.connect,
            open_source=self.open_source,
            open_archive=self.open_archive,
            spool=self.project.work / "spool" / f"{site.name}-{planned.step.day}",
            warehouse=self.project.warehouse,
            bundling=self.bundling,
            deliverer=self.deliverer,
            may_deliver=task.may_deliver,
            loaded=task.loaded,
            agents=self.agents,
        )


def _run_alone(context: StepContext) -> None:
    if context.loaded is None:
        shutil.rmtree(context.spool, ignore_errors=True)
    is_over = True
    try:
        is_over = import_step(context)
    finally:
        if is_over:  # otherwise the archive may need the fetched copies
            shutil.rmtree(context.spool, ignore_errors=True)


def import_group(contexts: Sequence[StepContext], spool: Path, recorder: FactRecorder) -> list[StepContext]:
    """Run steps that only load objects, and record each; returns those that have to be run alone.

    `spool` is a folder for all of them.
    """
    recorder.check()
    drops = (ObjectDropped(each.step, dropped.object.key) for each in contexts for dropped in each.work.drop)
    recorder.record(*drops)
    over, alone = load_group(contexts, spool)
    recorder.record(*(_ended(member) for member in sorted(over, key=lambda member: member.context.step)))
    return alone


def _ended(member: Member) -> StepDone | StepFailed:
    """How a step ended that has nothing else to do than to load objects."""
    context = member.context
    try:
        if member.error is not None:
            raise member.error
        loaded = _checked(context, member.loader, member.loaded)
        crash_points.point("import.done")
        return _done(context, loaded, 0, DeliverySummary())
    except (StepError, OSError) as error:
        return StepFailed(context.step, error)


def import_step(context: StepContext) -> bool:
    """Run the step, or the rest of it; returns False if it is loaded and has to wait until it may deliver.

    If it raises, everything recorded before stays valid.
    """
    work, recorder = context.work, context.recorder
    recorder.check()
    delivered, loaded = DeliverySummary(), context.loaded
    opened: tuple[Delivery, ...] = ()
    if loaded is None:
        delivered, opened = _finish(context)
        if work.drop:
            recorder.record(*(ObjectDropped(context.step, dropped.object.key) for dropped in work.drop))
        loaded = _load(context)
        if not context.may_deliver and _undelivered(context, loaded):
            recorder.record(StepLoaded(context.step, loaded))
            return False
    delivered += _deliver(context, opened, loaded)
    archived = archive_objects(context, [*work.archive, *loaded.objects])
    crash_points.point("import.done")
    recorder.record(_done(context, loaded, archived, delivered))
    return True


def _done(context: StepContext, loaded: LoadedStep, archived: int, delivered: DeliverySummary) -> StepDone:
    """The end of a step.

    Raises:
        PermanentError: some of its files cannot be read.
    """
    if context.work.unreadable:
        raise _unreadable(context.work.unreadable)
    objects = [*context.work.keep, *loaded.objects]
    copies = copies_among(objects) if context.site.source.duplicates == "skip" else {}
    return StepDone(_receipt(context.step, objects, copies, archived, delivered, loaded.notes))


def _unreadable(files: Sequence[str]) -> PermanentError:
    others = f" (and {len(files) - _SHOWN:,} more)" if len(files) > _SHOWN else ""
    hint = "everything else is imported; put a complete copy in its place, make it readable, or move it away"
    return PermanentError(f"cannot be read: {'; '.join(files[:_SHOWN])}{others}", hint=hint)


def _finish(context: StepContext) -> tuple[DeliverySummary, tuple[Delivery, ...]]:
    """Finish open deliveries; returns also those whose parts are missing.

    Raises:
        PermanentError: hits of the step would count twice in Matomo, and no operator has accepted that.
    """
    deliver, deliverer, work = context.work.deliver, context.deliverer, context.work
    if deliver is None or deliverer is None:
        return DeliverySummary(), ()
    listed = (*work.keep, *work.drop, *work.replaced)
    finished, waiting = deliverer.finish(context.delivery_job, deliver.opened, listed)
    if deliver.refused:
        raise PermanentError(
            f"hits would count twice in Matomo: {'; '.join(deliver.refused[:_SHOWN])}",
            hint=f"to count them again: --accept {context.step}",
        )
    if deliver.resend:
        context.recorder.record(ResendAllowed(context.step, deliver.resend))
        waiting = ()  # abandoned
    return finished, waiting


def _deliver(context: StepContext, opened: Sequence[Delivery], loaded: LoadedStep) -> DeliverySummary:
    """Finish the deliveries whose parts were missing, then deliver the objects that no delivery covers."""
    deliver, deliverer = context.work.deliver, context.deliverer
    if deliver is None or deliverer is None:
        return DeliverySummary()
    finished, waiting = deliverer.finish(context.delivery_job, opened, [*context.work.keep, *loaded.objects])
    if waiting:
        raise PermanentError(
            "a delivery cannot be finished, as parts of it are gone",
            hint=f"restore the warehouse; or give it up, and what it has sent counts twice: --accept {context.step}",
        )
    return finished + deliverer.deliver(context.delivery_job, deliver.number, _undelivered(context, loaded))


def _undelivered(context: StepContext, loaded: LoadedStep) -> tuple[LoadedObject, ...]:
    """The objects whose hits no delivery covers, without copies; including those that an operator allows to resend."""
    deliver = context.work.deliver
    if deliver is None or context.deliverer is None:
        return ()
    resent = {*deliver.resend, *loaded.resent}
    new = undelivered([*context.work.keep, *loaded.objects], (*deliver.covered, *loaded.covered))
    return tuple(item for item in new if item.text not in deliver.sent or item.object.key in resent)


def _load(context: StepContext) -> LoadedStep:
    """Load new objects, and check that enough lines of the whole step could be read."""
    loader = ObjectLoader(context, ReloadCheck(context.step, context.work, context.warehouse))
    return _checked(context, loader, loader.run() if context.work.load else [])


def _checked(context: StepContext, loader: ObjectLoader, loaded: Sequence[LoadedObject]) -> LoadedStep:
    """Check that enough lines of the whole step could be read, and remove rejected lines that are no longer its own."""
    kept_keys = [item.object.key for item in context.work.keep]
    sweep_rejected(
        context.warehouse, context.site.name, context.step.day, published=loader.published, kept_keys=kept_keys
    )
    check_step_quality([*context.work.keep, *loaded], context.site.filters.max_rejected, loader.samples)
    notes = (*loader.notes, *_replaced_note(context.work.replaced, loaded))
    return LoadedStep(tuple(loaded), notes, tuple(loader.reload.covered.values()), tuple(loader.reload.resent))


def _replaced_note(before: Iterable[LoadedObject], loaded: Iterable[LoadedObject]) -> Iterator[str]:
    """A note where changed logs have fewer hits than they had: another log may have taken the name of a deleted one."""
    old = {item.object.key: item for item in before}
    pairs = [(old[item.object.key], item) for item in loaded if item.object.key in old]
    changed = [(was, item) for was, item in pairs if _is_changed(was, item)]
    had = sum(was.accounting.hits for was, _ in changed)
    has = sum(item.accounting.hits for _, item in changed)
    if has < had:
        others = f" and {len(changed) - 1:,} more" if len(changed) > 1 else ""
        log = f"{printable(changed[0][0].object.label)}{others}"
        yield f"{log}: its hits went down from {had:,} to {has:,}, as what is no longer there does not count any more"


def _is_changed(was: LoadedObject, now: LoadedObject) -> bool:
    """Whether the log is another, and was not only loaded with other settings."""
    is_alike = (was.made_with, was.recipe) == (now.made_with, now.recipe)
    return is_alike and was.object.version != now.object.version


def _receipt(
    step: StepId,
    objects: Sequence[LoadedObject],
    copies: Mapping[str, str],
    archived: int,
    delivered: DeliverySummary,
    line_notes: Sequence[str],
) -> Receipt:
    """Make the step's receipt.

    `copies` maps the keys of copies to the keys of the objects with the same lines, which are counted instead.
    """
    accounting = Accounting.total(counted_accounting(item, copies) for item in objects)
    lines = {item.object.key: item.accounting.lines for item in objects}
    copy_notes = tuple(copy_note(key, original, lines[key]) for key, original in copies.items())
    figures = {
        "objects": len(objects),
        "bytes": sum(item.object.size for item in objects),
        "lines": accounting.lines,
        "hits": accounting.hits,
        "rejected": sum(accounting.rejected.values()),
        "archived": archived,
        **delivered.figures,
    }
    status = Status.DONE if objects else Status.EMPTY
    return Receipt(
        step,
        status,
        accounting=accounting,
        figures=figures,
        notes=(*delivered.notes, *line_notes, *copy_notes, *messages_note(objects)),
    )


def archive_objects(context: StepContext, objects: Sequence[LoadedObject]) -> int:
    """Push the objects to the site's archive, if it has one; returns how many."""
    archive = context.open_archive(context.site) if objects else None
    if archive is None:
        return 0
    with contextlib.closing(prefetch(_pusher(context, archive), objects, name="archive")) as pushed:
        for item, url in pushed:
            crash_points.point("archive.pushed")
            context.recorder.record(ObjectArchived(context.step, item.object.key, url))
            context.recorder.check()
    return len(objects)


def _pusher(context: StepContext, archive: LogArchive) -> Callable[[LoadedObject], str]:
    source = context.open_source(context.site)
    before = {old.object.key: old.archived for old in context.work.replaced}
    site, day = context.site.name, context.step.day

    def push(item: LoadedObject) -> str:
        crash_points.point("archive.before")
        local = _local_copy(context, item.object)
        earlier = before.get(item.object.key, "")
        return archive.push(
            site, day, item.object, local, source, replacing=earlier, progress=lambda _: context.recorder.check()
        )

    return push


def _local_copy(context: StepContext, object_: SourceObject) -> Path | None:
    """The object's fetched copy in the spool, if there is one."""
    folder = context.spool_of(object_)
    return next(iter(folder.iterdir()), None) if folder.is_dir() else None
