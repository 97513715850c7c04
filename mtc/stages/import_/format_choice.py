"""Which format an object is in: the one that the manifest names, or the one that detection finds. Both say why.

What is found is then made to read what the manifest says of its fields (`fields`, `client`). A day may have thousands
of small objects, most of them in one format. So an object is first only glanced at: if the few lines read as those of
the object before, and all of them, its format is taken to be the same.

Whether lines could be read well enough, of an object and of a step: a wrong format must not pass for a quiet day.

Lines that are filtered are read, and so is one whose request is none (`no request`). Blank lines, headers and messages
of servers (`other`) say nothing of the format either way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mtc.core.errors import PermanentError
from mtc.core.model import Accounting, LoadedObject, SourceObject
from mtc.formats import any_json, csv_lines
from mtc.formats.csv_lines import Cells
from mtc.formats.custom import custom
from mtc.formats.detection import detect, is_certain, quick_sample, reads_all
from mtc.formats.field_mapping import unread_fields, with_mapped_fields
from mtc.formats.format_settings import CustomFormat, FormatChoice
from mtc.formats.forwarded import Remark, behind_proxies, with_client_in_front, with_forwarded_behind
from mtc.formats.layers import fit_layers
from mtc.formats.model import Format
from mtc.formats.registry import get
from mtc.formats.settings import ClientSettings
from mtc.manifest.models import Source
from mtc.stages.import_.bundle_loader import SAMPLES, Slice
from mtc.stages.import_.bundles import Chooser

AUTO = "auto"
_FOR = {
    "status": "errors and redirects would count as hits",
    "time": "no line would have a day",
    "path": "no line would have a page",
    "ip": "no line would have a client",
    "user_agent": "robots would count as visitors",
}
_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a source says of its lines: the format, its fields, who the client is."""

    format: FormatChoice = AUTO
    fields: tuple[tuple[str, str], ...] = ()
    client: ClientSettings | None = None

    @classmethod
    def of(cls, source: Source) -> "Wanted":
        """What a source says."""
        return cls(source.format, tuple(sorted(source.fields.items())), source.client)


@dataclass(frozen=True, slots=True)
class Choice:
    """A format, and why it is this one, in words; what is to be told of it, and why an import would refuse it."""

    format: Format
    why: str
    notes: tuple[Remark, ...] = ()
    refused: PermanentError | None = None


def choose(wanted: FormatChoice | Wanted, sample: Sequence[str], where: str) -> Choice:
    """The format of an object that begins with `sample`. PermanentError when there is none."""
    asked = wanted if isinstance(wanted, Wanted) else Wanted(wanted)
    return _told(_found(asked, sample, where), asked, sample, where)


def _found(wanted: Wanted, sample: Sequence[str], where: str) -> Choice:
    if isinstance(wanted.format, CustomFormat):
        return Choice(described(wanted.format, sample), "described in the manifest")
    if wanted.format != AUTO:
        return Choice(get(wanted.format, sample, where=where), "named, not detected")
    try:
        found = detect(sample, where=where)
    except PermanentError:
        if wanted.fields and (form := fit_layers(any_json.bind_any, sample)) is not None:
            return Choice(form, "JSON lines, read as `fields` says")
        if wanted.fields and (form := fit_layers(csv_lines.bind_table, sample)) is not None:
            return Choice(form, "CSV with a header row, read as `fields` says")
        raise
    return Choice(found.format, found.why)


def _told(choice: Choice, wanted: Wanted, sample: Sequence[str], where: str) -> Choice:
    """The choice with the fields that are wanted, and what there is to say of it."""
    form = _with_fields(choice.format, wanted, sample, where)
    note = behind_proxies(form, sample) if wanted.client is None else None
    return replace(choice, format=form, notes=(note,) if note else (), refused=_refused(form, wanted, sample, where))


def _with_fields(form: Format, wanted: Wanted, sample: Sequence[str], where: str) -> Format:
    led = with_client_in_front(form, sample) if wanted.format == AUTO else form
    made = with_mapped_fields(led, wanted.fields, sample, where)
    asked = wanted.client is not None and "forwarded_for" in wanted.client.from_
    return with_forwarded_behind(made, sample) if asked else made


def _refused(form: Format, wanted: Wanted, sample: Sequence[str], where: str) -> PermanentError | None:
    """Why a format is not taken: it was found and lacks what counts, or nobody could read such a file with it."""
    shape = form.shape
    if isinstance(shape, Cells) and shape.count > csv_lines.MOST_COLUMNS:
        what = f"the header row has {shape.count} columns, and {form.name} reads {csv_lines.MOST_COLUMNS} at most"
        return PermanentError(what, where=where, hint="export the columns that are needed")
    missing = unread_fields(form, sample)
    by_name = wanted.format != AUTO and not (isinstance(shape, Cells) and {"status", "user_agent"}.isdisjoint(missing))
    return None if by_name or not missing else _refusal(form, missing, where)


def _refusal(form: Format, missing: Sequence[str], where: str) -> PermanentError:
    what = " and ".join(missing).replace("_", " ")
    named = f"or name the format: `{form.name}`"
    if isinstance(form.shape, Cells) and "status" not in missing:
        named = f"its columns are {', '.join(filter(None, form.shape.columns))[:_SHOWN]}"
    return PermanentError(
        f"{form.name} finds no {what} in this file: {_FOR[missing[0]]}",
        where=where,
        hint=f"say where it is: `source: {{fields: {{{missing[0]}: NAME}}}}`; {named}",
    )


def described(wanted: CustomFormat, sample: Sequence[str]) -> Format:
    """The format that a manifest describes, behind the prefix that a sample has."""
    form = custom(wanted)
    return fit_layers(lambda _: form, sample) or form


def chooser(wanted: FormatChoice | Wanted, notes: list[str] | None = None) -> Chooser:
    """The same for the objects of a step, one after the other; `notes` takes what is to be told of them."""
    asked = wanted if isinstance(wanted, Wanted) else Wanted(wanted)
    return _Chooser(asked, [] if notes is None else notes)


@dataclass(slots=True)
class _Chooser:
    """Remembers the format of the last object, as it was found and with its fields."""

    wanted: Wanted
    notes: list[str] = field(default_factory=list)
    last: Format | None = None

    def __call__(self, sample: Sequence[str], where: str) -> Format:
        if self.last is not None and self._is_still(self.last, sample, where):
            return _with_fields(self.last, self.wanted, sample, where)
        choice = _found(self.wanted, sample, where)
        self.last = choice.format
        told = _told(choice, self.wanted, sample, where)
        if told.refused is not None:
            self.last = None
            raise told.refused
        self.notes += [str(note) for note in told.notes if str(note) not in self.notes]
        return told.format

    def _is_still(self, last: Format, sample: Sequence[str], where: str) -> bool:
        if (few := quick_sample(sample)) is None:
            return False
        wanted = self.wanted.format
        if isinstance(wanted, CustomFormat):
            return described(wanted, few) is last and reads_all(last, few)
        if wanted == AUTO:
            return is_certain(last, few)
        return get(wanted, few, where=where) is last and reads_all(last, few)


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
