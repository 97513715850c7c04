"""Which format an object is in: the one that the manifest names, or the one that detection finds. Both say why.

What is found is then made to read what the manifest says of its fields (`fields`, `client`). A day may have thousands
of small objects, most of them in one format. So an object is first only glanced at: if the few lines read as those of
the object before, and all of them, its format is taken to be the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mtc.errors import PermanentError
from mtc.formats import any_csv, any_json
from mtc.formats.base import Format
from mtc.formats.behind import led_by_clients, with_forwarded
from mtc.formats.cells import Cells
from mtc.formats.custom import custom
from mtc.formats.detect import detect, glance, is_surely, reads_all
from mtc.formats.layers import fitted
from mtc.formats.mapping import mapped
from mtc.formats.peeking import lacking
from mtc.formats.proxied import Remark, behind_proxies
from mtc.formats.registry import get
from mtc.manifest.client import Client
from mtc.manifest.formats import CustomFormat, FormatChoice
from mtc.manifest.models import Source
from mtc.stages.importing.bundle import Chooser

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
    client: Client | None = None

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
        if wanted.fields and (form := fitted(any_json.bind_any, sample)) is not None:
            return Choice(form, "JSON lines, read as `fields` says")
        if wanted.fields and (form := fitted(any_csv.bind_table, sample)) is not None:
            return Choice(form, "CSV with a header row, read as `fields` says")
        raise
    return Choice(found.format, found.why)


def _told(choice: Choice, wanted: Wanted, sample: Sequence[str], where: str) -> Choice:
    """The choice with the fields that are wanted, and what there is to say of it."""
    form = _with_fields(choice.format, wanted, sample, where)
    note = behind_proxies(form, sample) if wanted.client is None else None
    return replace(choice, format=form, notes=(note,) if note else (), refused=_refused(form, wanted, sample, where))


def _with_fields(form: Format, wanted: Wanted, sample: Sequence[str], where: str) -> Format:
    led = led_by_clients(form, sample) if wanted.format == AUTO else form
    made = mapped(led, wanted.fields, sample, where)
    asked = wanted.client is not None and "forwarded_for" in wanted.client.from_
    return with_forwarded(made, sample) if asked else made


def _refused(form: Format, wanted: Wanted, sample: Sequence[str], where: str) -> PermanentError | None:
    """Why a format is not taken: it was found and lacks what counts, or nobody could read such a file with it."""
    shape = form.shape
    if isinstance(shape, Cells) and shape.count > any_csv.MOST_COLUMNS:
        what = f"the header row has {shape.count} columns, and {form.name} reads {any_csv.MOST_COLUMNS} at most"
        return PermanentError(what, where=where, hint="export the columns that are needed")
    missing = lacking(form, sample)
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
    return fitted(lambda _: form, sample) or form


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
        if (few := glance(sample)) is None:
            return False
        wanted = self.wanted.format
        if isinstance(wanted, CustomFormat):
            return described(wanted, few) is last and reads_all(last, few)
        if wanted == AUTO:
            return is_surely(last, few)
        return get(wanted, few, where=where) is last and reads_all(last, few)
