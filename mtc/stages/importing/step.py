"""The order of an import step: take out what must go, load what is new, deliver and archive what is loaded, report.

What is done is recorded at once, object by object and batch by batch, so that a step that was interrupted goes on where
it was. A delivery that is open is finished before anything is loaded again, as it needs its parts. The source is never
changed.
"""

from collections.abc import Mapping, Sequence

from mtc import faults
from mtc.copies import copies_among, copy_note, counted_account
from mtc.delivery import Delivery, uncovered
from mtc.errors import PermanentError
from mtc.model import Accounting, LoadedObject, Receipt, Status, StepId
from mtc.plan.model import DeliverWork
from mtc.stages.base import HitsTakenBack, ObjectDropped, StepDone
from mtc.stages.delivering.deliverer import Delivered
from mtc.stages.importing.again import Again
from mtc.stages.importing.archiving import archive_objects
from mtc.stages.importing.context import StepContext
from mtc.stages.importing.judging import judge_step, messages_note
from mtc.stages.importing.loading import Loading
from mtc.stages.importing.rejected import sweep_rejected

_SHOWN = 3


def import_step(context: StepContext) -> None:
    """Do the step. Whatever it raises, what was recorded before that stays good."""
    work, desk = context.work, context.desk
    desk.check()
    finished, opened = _finish(context)
    if work.drop:
        desk.record(*(ObjectDropped(context.step, gone.object.key) for gone in work.drop))
    again = Again(context)
    loaded, notes = _load(context, again)
    delivered = finished + _deliver(context, opened, [*work.keep, *loaded], again)
    archived = archive_objects(context, [*work.archive, *loaded])
    faults.point("import.done")
    copies = copies_among([*work.keep, *loaded]) if context.site.source.duplicates == "skip" else {}
    desk.record(StepDone(_receipt(context.step, [*work.keep, *loaded], copies, archived, delivered, notes)))


def _finish(context: StepContext) -> tuple[Delivered, tuple[Delivery, ...]]:
    """Go on with open deliveries; then stop if that is all that may be done. Gives also those that wait for parts."""
    deliver, deliverer, work = context.work.deliver, context.deliverer, context.work
    if deliver is None or deliverer is None:
        return Delivered(), ()
    listed = (*work.keep, *work.drop, *work.replaced)
    finished, left = deliverer.finish(context.errand, deliver.opened, listed)
    if deliver.refused:
        raise PermanentError(
            f"hits would count twice in Matomo: {'; '.join(deliver.refused[:_SHOWN])}",
            hint=f"to count them again: --accept {context.step}",
        )
    if deliver.taken_back:
        context.desk.record(HitsTakenBack(context.step, deliver.taken_back))
        left = ()  # given up
    return finished, left


def _deliver(
    context: StepContext, opened: Sequence[Delivery], loaded: Sequence[LoadedObject], again: Again
) -> Delivered:
    """Finish what waited for its parts, then deliver what no delivery covers."""
    deliver, deliverer = context.work.deliver, context.deliverer
    if deliver is None or deliverer is None:
        return Delivered()
    finished, left = deliverer.finish(context.errand, opened, loaded)
    if left:
        raise PermanentError(
            "a delivery cannot be finished, as parts of it are gone",
            hint=f"restore the warehouse; or give it up, and count what it sent twice: --accept {context.step}",
        )
    return finished + deliverer.deliver(context.errand, deliver.number, _uncovered(deliver, loaded, again))


def _uncovered(deliver: DeliverWork, loaded: Sequence[LoadedObject], again: Again) -> tuple[LoadedObject, ...]:
    """The objects whose hits no delivery covers, but for copies; what an operator lets be sent again is no copy."""
    taken_back = {*deliver.taken_back, *again.taken_back}
    new = uncovered(loaded, (*deliver.covered, *again.covered.values()))
    return tuple(item for item in new if item.text not in deliver.sent or item.object.key in taken_back)


def _load(context: StepContext, again: Again) -> tuple[list[LoadedObject], Sequence[str]]:
    """Load what is new; gives it, and what there is to say of its lines."""
    loading = Loading(context, again)
    loaded = loading.run() if context.work.load else []
    kept = [item.object.key for item in context.work.keep]
    sweep_rejected(context.warehouse, context.site.name, context.step.day, published=loading.published, kept=kept)
    judge_step([*context.work.keep, *loaded], context.site.filters.max_rejected, loading.samples)
    return loaded, loading.notes


def _receipt(
    step: StepId,
    objects: Sequence[LoadedObject],
    copies: Mapping[str, str],
    archived: int,
    delivered: Delivered,
    said: Sequence[str],
) -> Receipt:
    """What the step reports. `copies` are those of the objects whose lines another of them has, which count once."""
    account = Accounting.total(counted_account(item, copies) for item in objects)
    lines = {item.object.key: item.accounting.lines for item in objects}
    told = tuple(copy_note(key, original, lines[key]) for key, original in copies.items())
    figures = {
        "objects": len(objects),
        "bytes": sum(item.object.size for item in objects),
        "lines": account.lines,
        "hits": account.hits,
        "rejected": sum(account.rejected.values()),
        "archived": archived,
        **delivered.figures,
    }
    status = Status.DONE if objects else Status.EMPTY
    return Receipt(
        step,
        status,
        accounting=account,
        figures=figures,
        notes=(*delivered.notes, *said, *told, *messages_note(objects)),
    )
