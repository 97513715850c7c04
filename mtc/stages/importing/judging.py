"""Whether an object's lines could be read well enough: a wrong format must not pass for a quiet day."""

from collections.abc import Sequence

from mtc.errors import PermanentError
from mtc.formats.base import Format
from mtc.model import Accounting, SourceObject
from mtc.stages.importing.load import Slice
from mtc.stages.importing.rejected import SAMPLES

_ENOUGH_TO_JUDGE = 100


def judge(object_: SourceObject, slices: Sequence[Slice], form: Format, max_rejected: float) -> Accounting:
    """Give the object's account; PermanentError when a larger share than `max_rejected` of it could not be read.

    An object without one line of its format is in another, unless every share is allowed: a format that knows lines of
    other programs would pass over all of it.
    """
    account = Accounting.total(part.accounting for part in slices)
    rejected = sum(account.rejected.values())
    if account.lines >= _ENOUGH_TO_JUDGE and rejected > max_rejected * account.lines:
        raise PermanentError(
            f"{rejected} of {account.lines} lines could not be read as {form.name}: {_first(slices)}",
            where=object_.key,
            hint="nothing of it was loaded; name the right `format:`, or raise `filters.max_rejected`",
        )
    if account.lines >= _ENOUGH_TO_JUDGE and account.filtered.get("other") == account.lines and max_rejected < 1:
        raise PermanentError(
            f"none of the {account.lines} lines is a request in the format {form.name}",
            where=object_.key,
            hint="nothing of it was loaded; name the right `format:`, or allow it with `filters: {max_rejected: 1}`",
        )
    return account


def _first(slices: Sequence[Slice]) -> str:
    return "; ".join([sample for part in slices for sample in part.samples][:SAMPLES])
