"""Pushing loaded objects to the archive, each recorded as soon as its copy is verified."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from mtc import faults
from mtc.model import LoadedObject, SourceObject
from mtc.sources.base import Archive
from mtc.stages.base import ObjectArchived
from mtc.stages.importing.ahead import ahead
from mtc.stages.importing.context import StepContext


def archive_objects(context: StepContext, wanted: Sequence[LoadedObject]) -> int:
    """Archive the objects, where the site has an archive; returns how many."""
    archive = context.open_archive(context.site) if wanted else None
    if archive is None:
        return 0
    with contextlib.closing(ahead(_pusher(context, archive), wanted, name="archive")) as pushed:
        for item, url in pushed:
            faults.point("archive.pushed")
            context.desk.record(ObjectArchived(context.step, item.object.key, url))
            context.desk.check()
    return len(wanted)


def _pusher(context: StepContext, archive: Archive) -> Callable[[LoadedObject], str]:
    source = context.open_source(context.site)
    before = {old.object.key: old.archived for old in context.work.replaced}
    site, day = context.site.name, context.step.day

    def push(item: LoadedObject) -> str:
        faults.point("archive.before")
        local = _local_copy(context, item.object)
        earlier = before.get(item.object.key, "")
        return archive.push(
            site, day, item.object, local, source, replacing=earlier, progress=lambda _: context.desk.check()
        )

    return push


def _local_copy(context: StepContext, object_: SourceObject) -> Path | None:
    """The fetched copy, if the object was fetched into the spool."""
    folder = context.spool_of(object_)
    return next(iter(folder.iterdir()), None) if folder.is_dir() else None
