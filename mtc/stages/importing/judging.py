"""Whether lines could be read well enough, of an object and of a step: a wrong format must not pass for a quiet day.

Lines that are filtered are read, and so is one whose request is none (`no request`). Blank lines, headers and messages
of servers (`other`) say nothing of the format either way.
"""

from collections.abc import Sequence

from mtc.errors import PermanentError
from mtc.formats.base import Format
from mtc.model import Accounting, LoadedObject, SourceObject
from mtc.stages.importing.load import Slice
from mtc.stages.importing.rejected import SAMPLES

_ENOUGH_TO_JUDGE = 100
_ENOUGH_TO_STOP = 1_000_000
_UNREADABLE = ("malformed", "bad time", "bad address", "too long")
_SAYS_NOTHING = ("other", "blank", "header")
_NONE = "nothing of it was loaded; "
_HINT = "name the right `format:`, or raise `filters.max_rejected`"
_ALLOW = "name the right `format:`, or allow it with `filters: {max_rejected: 1}`"
_NAMES = "clients that are host names count with `source: {client: {host_names: true}}`; else "
_LEAVE_OUT = f"leave it out of the source's `url`, {_ALLOW}"


def judge(object_: SourceObject, slices: Sequence[Slice], form: Format, max_rejected: float) -> Accounting:
    """Give the object's account; PermanentError where it is in another format.

    That is so where none of its lines could be read, however few there are, or, of a hundred or more, a larger share
    than `max_rejected` could not, or all are messages. A share of 1 allows all of that.
    """
    account = Accounting.total(part.accounting for part in slices)
    if max_rejected < 1:
        _judge_lines(account, object_.key, form, slices, max_rejected)
    return account


def _judge_lines(account: Accounting, key: str, form: Format, slices: Sequence[Slice], max_rejected: float) -> None:
    rejected, lines = sum(account.rejected.values()), account.lines
    shown = "; ".join([sample for part in slices for sample in part.samples][:SAMPLES])
    if lines >= _ENOUGH_TO_JUDGE and rejected > max_rejected * lines:
        what = f"{rejected} of {lines} lines could not be read as {form.name}: {shown}"
        raise PermanentError(what, where=key, hint=_NONE + _names(account) + _HINT)
    if _readable(account) == 0 and _unreadable(account):
        what = f"none of its {_lines(lines)} could be read as {form.name}: {shown}"
        raise PermanentError(what, where=key, hint=_NONE + _names(account) + _ALLOW)
    if lines >= _ENOUGH_TO_JUDGE and _only_messages(account):
        what = f"none of the {lines} lines is a request in the format {form.name}: they are messages of a server"
        raise PermanentError(what, where=key, hint=_NONE + _LEAVE_OUT)


def judge_early(object_: SourceObject, slices: Sequence[Slice], form: Format, max_rejected: float) -> None:
    """PermanentError where nothing of a very long object could be read so far: the rest is not waited for."""
    account = Accounting.total(part.accounting for part in slices)
    if account.lines >= _ENOUGH_TO_STOP and max_rejected < 1 and _readable(account) == 0 and _unreadable(account):
        _judge_lines(account, object_.key, form, slices, max_rejected)


def judge_step(objects: Sequence[LoadedObject], max_rejected: float, samples: Sequence[str]) -> None:
    """PermanentError where the objects of a step together could not be read well enough. `samples` are such lines."""
    account = Accounting.total(item.accounting for item in objects)
    rejected = sum(account.rejected.values())
    if account.lines < _ENOUGH_TO_JUDGE or max_rejected >= 1:
        return
    if rejected > max_rejected * account.lines:
        shown = "; ".join(samples[:SAMPLES]) or "see `rejected/` in the warehouse"
        what = f"{rejected} of the step's {account.lines} lines, in {len(objects)} objects, could not be read: {shown}"
        raise PermanentError(what, hint=_names(account) + _HINT)
    if _only_messages(account):
        what = f"none of the step's {account.lines} lines is a request: they are messages of a server"
        raise PermanentError(what, hint=_LEAVE_OUT.replace("it out", "such objects out"))


def messages_note(objects: Sequence[LoadedObject]) -> tuple[str, ...]:
    """What to say of objects in which there are messages of a server, and no request."""
    found = [item.object.key for item in objects if _only_messages(item.accounting)]
    if not found:
        return ()
    more = f" and {len(found) - 1} more objects" if len(found) > 1 else ""
    return (f"{found[0]}{more}: messages of a server and no request",)


def _names(account: Accounting) -> str:
    """What to do about clients that are no addresses, where that is what most rejected lines have."""
    return _NAMES if 2 * account.rejected.get("bad address", 0) > sum(account.rejected.values()) else ""


def _unreadable(account: Accounting) -> int:
    return sum(account.rejected.get(reason, 0) for reason in _UNREADABLE)


def _readable(account: Accounting) -> int:
    return account.lines - _unreadable(account) - sum(account.filtered.get(reason, 0) for reason in _SAYS_NOTHING)


def _only_messages(account: Accounting) -> bool:
    return _readable(account) == 0 and not _unreadable(account) and account.filtered.get("other", 0) > 0


def _lines(number: int) -> str:
    return f"{number} line" if number == 1 else f"{number} lines"
