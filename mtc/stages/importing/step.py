"""The order of an import step: take out what must go, load what is new, archive what is loaded, report.

What is done is recorded at once, object by object, so that a step that was interrupted goes on where it was. The
source is never changed.
"""

from collections.abc import Sequence

from mtc import faults
from mtc.model import Accounting, LoadedObject, Receipt, Status, StepId
from mtc.stages.base import ObjectDropped, StepDone
from mtc.stages.importing.archiving import archive_objects
from mtc.stages.importing.context import StepContext
from mtc.stages.importing.loading import Loading
from mtc.stages.importing.rejected import sweep_rejected


def import_step(context: StepContext) -> None:
    """Do the step. Whatever it raises, what was recorded before that stays good."""
    work, desk = context.work, context.desk
    desk.check()
    if work.drop:
        desk.record(*(ObjectDropped(context.step, gone.object.key) for gone in work.drop))
    loaded = _load(context)
    archived = archive_objects(context, [*work.archive, *loaded])
    faults.point("import.done")
    desk.record(StepDone(_receipt(context.step, [*work.keep, *loaded], archived)))


def _load(context: StepContext) -> list[LoadedObject]:
    loading = Loading(context)
    loaded = loading.run() if context.work.load else []
    kept = [item.object.key for item in context.work.keep]
    sweep_rejected(context.warehouse, context.site.name, context.step.day, published=loading.published, kept=kept)
    return loaded


def _receipt(step: StepId, objects: Sequence[LoadedObject], archived: int) -> Receipt:
    account = Accounting.total(item.accounting for item in objects)
    figures = {
        "objects": len(objects),
        "bytes": sum(item.object.size for item in objects),
        "lines": account.lines,
        "hits": account.hits,
        "archived": archived,
    }
    status = Status.DONE if objects else Status.EMPTY
    return Receipt(step, status, accounting=account, figures=figures)
