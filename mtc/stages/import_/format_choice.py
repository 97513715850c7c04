"""Chooses the format of an object, and checks that enough of its lines could be read in it.

The format is the one that the manifest names, or the one that detection finds; both come with a reason. The manifest's
settings of fields (`fields`, `client`) are then applied to it. A day may have thousands of small objects, most of them
in one format: so a few lines of an object are tried first, and if all of them can be read in the format of the object
before, that format is kept.

A wrong format must not look like a quiet day: an object, or a whole step, with too few readable lines is refused.
Filtered lines are readable, and so are those without a request (`no request`). Blank lines, headers and messages of
servers (`other`) say nothing about the format.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mtc.core.errors import PermanentError
from mtc.core.model import Accounting, LoadedObject, SourceObject
from mtc.core.sanitize import printable
from mtc.formats import csv_lines, json_formats
from mtc.formats.csv_lines import Cells
from mtc.formats.custom_formats import CustomFormat, FormatChoice
from mtc.formats.described_formats import custom
from mtc.formats.detection import (
    detect,
    fit_layers,
    is_certain,
    named_format,
    quick_sample,
    reads_all,
    typical_format,
)
from mtc.formats.field_mapping import unread_fields, with_mapped_fields
from mtc.formats.forwarded import Remark, behind_proxies, with_client_in_front, with_forwarded_behind
from mtc.formats.model import Format
from mtc.formats.registry import NAMES
from mtc.formats.settings import ClientSettings, Filters
from mtc.manifest.models import Source
from mtc.stages.import_.bundle_loader import SegmentResult
from mtc.stages.import_.object_text import ChooseFormat
from mtc.stages.import_.rejected_files import SAMPLES

AUTO = "auto"
_AS_BEFORE = "as the lines before it"
_UNREAD = "no known format reads it; its lines are rejected, as `max_rejected: 1` allows"
_CONSEQUENCES = {
    "status": "errors and redirects would count as hits",
    "time": "no line would have a day",
    "path": "no line would have a page",
    "ip": "no line would have a client",
    "user_agent": "robots would count as visitors",
}
_SHOWN = 300  # characters

_ENOUGH_LINES = 100
_ENOUGH_TO_STOP = 1_000_000
_UNREADABLE = ("malformed", "bad time", "bad address", "too long")
_SAYS_NOTHING = ("other", "blank", "header")
_NONE = "nothing of it was loaded; "
_HINT = "name the right `format:`, or raise `filters.max_rejected`"
_ALLOW = "name the right `format:`, or allow it with `filters: {max_rejected: 1}`"
_NAMES = "clients that are host names count with `source: {client: {host_names: true}}`; else "
_LEAVE_OUT = f"leave it out of the source's `url`, {_ALLOW}"


@dataclass(frozen=True, slots=True)
class SourceFormat:
    """The manifest's settings of a source's lines: the format, its fields, who the client is.

    `allows_all` is whether objects may have nothing but lines that cannot be read (`max_rejected: 1`).
    """

    format: FormatChoice = AUTO
    fields: tuple[tuple[str, str], ...] = ()
    client: ClientSettings | None = None
    allows_all: bool = False

    @classmethod
    def of(cls, source: Source, filters: Filters) -> "SourceFormat":
        """Take them from a site's settings."""
        return cls(source.format, tuple(sorted(source.fields.items())), source.client, filters.max_rejected >= 1)


@dataclass(frozen=True, slots=True)
class ChosenFormat:
    """A format and why it was chosen, with notes, and the error with which an import would refuse it."""

    format: Format
    why: str
    notes: tuple[Remark, ...] = ()
    refused: PermanentError | None = None


def choose(named: FormatChoice | SourceFormat, sample: Sequence[str], where: str) -> ChosenFormat:
    """Choose the format of an object that begins with the lines `sample`; `where` names it in errors.

    Raises:
        PermanentError: no format reads the sample.
    """
    source_format = named if isinstance(named, SourceFormat) else SourceFormat(named)
    return _with_notes(_found(source_format, sample, where), source_format, sample, where)


def _found(source_format: SourceFormat, sample: Sequence[str], where: str) -> ChosenFormat:
    if isinstance(source_format.format, CustomFormat):
        return ChosenFormat(custom_format(source_format.format, sample), "described in the manifest")
    if source_format.format != AUTO:
        return ChosenFormat(named_format(source_format.format, sample, where=where), "named, not detected")
    try:
        found = detect(sample, where=where)
    except PermanentError:
        if source_format.fields and (format_ := fit_layers(json_formats.bind_json_objects, sample)) is not None:
            return ChosenFormat(format_, "JSON lines, read as `fields` says")
        if source_format.fields and (format_ := fit_layers(csv_lines.bind_table, sample)) is not None:
            return ChosenFormat(format_, "CSV with a header row, read as `fields` says")
        raise
    return ChosenFormat(found.format, found.why)


def _with_notes(choice: ChosenFormat, source_format: SourceFormat, sample: Sequence[str], where: str) -> ChosenFormat:
    """Add the manifest's fields to a choice, notes, and the reason to refuse it if there is one."""
    format_ = _with_fields(choice.format, source_format, sample, where)
    note = behind_proxies(format_, sample) if source_format.client is None else None
    return replace(
        choice,
        format=format_,
        notes=(note,) if note else (),
        refused=_refusal_of(format_, source_format, sample, where),
    )


def _with_fields(format_: Format, source_format: SourceFormat, sample: Sequence[str], where: str) -> Format:
    with_client = with_client_in_front(format_, sample) if source_format.format == AUTO else format_
    with_fields = with_mapped_fields(with_client, source_format.fields, sample, where)
    uses_forwarded = source_format.client is not None and "forwarded_for" in source_format.client.from_
    return with_forwarded_behind(with_fields, sample) if uses_forwarded else with_fields


def _refusal_of(
    format_: Format, source_format: SourceFormat, sample: Sequence[str], where: str
) -> PermanentError | None:
    """Why an import would refuse a format: it was detected and lacks an important field, or cannot read the file."""
    shape = format_.shape
    if isinstance(shape, Cells) and shape.count > csv_lines.MOST_COLUMNS:
        what = f"the header row has {shape.count} columns, and {format_.name} reads {csv_lines.MOST_COLUMNS} at most"
        return PermanentError(what, where=where, hint="export the columns that are needed")
    missing = unread_fields(format_, sample)
    by_name = source_format.format != AUTO and not (
        isinstance(shape, Cells) and {"status", "user_agent"}.isdisjoint(missing)
    )
    return None if by_name or not missing else _refusal(format_, missing, where)


def _refusal(format_: Format, missing: Sequence[str], where: str) -> PermanentError:
    what = " and ".join(missing).replace("_", " ")
    named = f"or name the format: `{format_.name}`"
    if isinstance(format_.shape, Cells) and "status" not in missing:
        named = f"its columns are {', '.join(filter(None, format_.shape.columns))[:_SHOWN]}"
    return PermanentError(
        f"{format_.name} finds no {what} in this file: {_CONSEQUENCES[missing[0]]}",
        where=where,
        hint=f"say where it is: `source: {{fields: {{{missing[0]}: NAME}}}}`; {named}",
    )


def custom_format(described: CustomFormat, sample: Sequence[str]) -> Format:
    """The format that a manifest describes, with the line prefix that the sample has."""
    format_ = custom(described)
    return fit_layers(lambda _: format_, sample) or format_


def format_chooser(named: FormatChoice | SourceFormat, notes: list[str] | None = None) -> ChooseFormat:
    """Make a function that chooses the formats of a step's objects in order; their notes are added to `notes`."""
    source_format = named if isinstance(named, SourceFormat) else SourceFormat(named)
    return _FormatChooser(source_format, [] if notes is None else notes)


@dataclass(slots=True)
class _FormatChooser:
    """Chooses the formats of objects in order, and remembers that of the last one."""

    source_format: SourceFormat
    notes: list[str] = field(default_factory=list)
    last: Format | None = None

    def __call__(self, sample: Sequence[str], where: str, before: str = "") -> Format:
        if self.last is not None and self._is_still(self.last, sample, where):
            return _with_fields(self.last, self.source_format, sample, where)
        choice = self._find(sample, where, before)
        self.last = choice.format
        chosen = _with_notes(choice, self.source_format, sample, where)
        if chosen.refused is not None and choice.why not in {_AS_BEFORE, _UNREAD}:
            self.last = None
            raise chosen.refused
        self.notes += [str(note) for note in chosen.notes if str(note) not in self.notes]
        if choice.why == _UNREAD and not any(note.endswith(_UNREAD) for note in self.notes):
            self.notes.append(f"{printable(where)}: {_UNREAD}")
        return chosen.format

    def _find(self, sample: Sequence[str], where: str, before: str) -> ChosenFormat:
        """The format of a sample; of the few lines of a slice that tell none, that of the lines before them.

        Where all lines may be rejected, a sample that no format reads is taken to be in that of the object before.
        """
        if self.source_format.format == AUTO and (typical := typical_format(sample)) is not None:
            return ChosenFormat(typical, "its lines are typical")
        try:
            return _found(self.source_format, sample, where)
        except PermanentError:
            if before in NAMES:
                return ChosenFormat(named_format(before, sample, where=where), _AS_BEFORE)
            if not self.source_format.allows_all or self.source_format.format != AUTO:
                raise
            return ChosenFormat(self.last or named_format("combined", sample, where=where), _UNREAD)

    def _is_still(self, last: Format, sample: Sequence[str], where: str) -> bool:
        if (few := quick_sample(sample)) is None:
            return False
        named = self.source_format.format
        if isinstance(named, CustomFormat):
            return custom_format(named, few) is last and reads_all(last, few)
        if named == AUTO:
            return is_certain(last, few)
        return named_format(named, few, where=where) is last and reads_all(last, few)


def check_quality(
    object_: SourceObject, results: Sequence[SegmentResult], format_: Format, max_rejected: float
) -> Accounting:
    """Check that enough of an object's lines could be read; returns its accounting.

    An object is refused if none of its lines could be read, however few there are; if it has at least 100 lines and a
    larger share than `max_rejected` (0 to 1) could not be read; or if all of these are messages. A share of 1 allows
    everything. A slice of a log that was read before is judged with the others of its step.

    Raises:
        PermanentError: the object is refused: it probably has another format.
    """
    accounting = Accounting.total(part.accounting for part in results)
    goes_on = object_.slice is not None and object_.slice.format
    if max_rejected < 1 and not goes_on:
        _check_lines(accounting, object_.label, format_, results, max_rejected)
    return accounting


def _check_lines(
    accounting: Accounting, key: str, format_: Format, results: Sequence[SegmentResult], max_rejected: float
) -> None:
    rejected, lines = sum(accounting.rejected.values()), accounting.lines
    shown = "; ".join([sample for part in results for sample in part.samples][:SAMPLES])
    if lines >= _ENOUGH_LINES and rejected > max_rejected * lines:
        what = f"{rejected} of {lines} lines could not be read as {format_.name}: {shown}"
        raise PermanentError(what, where=key, hint=_NONE + _names(accounting) + _HINT)
    if _readable(accounting) == 0 and _unreadable(accounting):
        what = f"none of its {_lines(lines)} could be read as {format_.name}: {shown}"
        raise PermanentError(what, where=key, hint=_NONE + _names(accounting) + _ALLOW)
    if lines >= _ENOUGH_LINES and _only_messages(accounting):
        what = f"none of the {lines} lines is a request in the format {format_.name}: they are messages of a server"
        raise PermanentError(what, where=key, hint=_NONE + _LEAVE_OUT)


def check_quality_early(
    object_: SourceObject, results: Sequence[SegmentResult], format_: Format, max_rejected: float
) -> None:
    """Refuse a very long object as soon as none of its first million lines could be read.

    Raises:
        PermanentError: the object is refused.
    """
    accounting = Accounting.total(part.accounting for part in results)
    if (
        accounting.lines >= _ENOUGH_TO_STOP
        and max_rejected < 1
        and _readable(accounting) == 0
        and _unreadable(accounting)
    ):
        _check_lines(accounting, object_.label, format_, results, max_rejected)


def check_step_quality(objects: Sequence[LoadedObject], max_rejected: float, samples: Sequence[str]) -> None:
    """Refuse a step if too few lines of its objects together could be read. `samples` are rejected lines.

    Raises:
        PermanentError: the step is refused.
    """
    accounting = Accounting.total(item.accounting for item in objects)
    rejected = sum(accounting.rejected.values())
    if accounting.lines < _ENOUGH_LINES or max_rejected >= 1:
        return
    if rejected > max_rejected * accounting.lines:
        shown = "; ".join(samples[:SAMPLES]) or "see `rejected/` in the warehouse"
        what = (
            f"{rejected} of the step's {accounting.lines} lines, in {len(objects)} objects, could not be read: {shown}"
        )
        raise PermanentError(what, hint=_names(accounting) + _HINT)
    if _only_messages(accounting):
        what = f"none of the step's {accounting.lines} lines is a request: they are messages of a server"
        raise PermanentError(what, hint=_LEAVE_OUT.replace("it out", "such objects out"))


def messages_note(objects: Sequence[LoadedObject]) -> tuple[str, ...]:
    """A note on objects that contain messages of a server and no request."""
    found = [item.object.label for item in objects if _only_messages(item.accounting)]
    if not found:
        return ()
    rest = f" and {len(found) - 1} more objects" if len(found) > 1 else ""
    return (f"{found[0]}{rest}: messages of a server and no request",)


def _names(accounting: Accounting) -> str:
    """A hint about clients that are host names, if that is why most lines are rejected."""
    return _NAMES if 2 * accounting.rejected.get("bad address", 0) > sum(accounting.rejected.values()) else ""


def _unreadable(accounting: Accounting) -> int:
    return sum(accounting.rejected.get(reason, 0) for reason in _UNREADABLE)


def _readable(accounting: Accounting) -> int:
    return (
        accounting.lines - _unreadable(accounting) - sum(accounting.filtered.get(reason, 0) for reason in _SAYS_NOTHING)
    )


def _only_messages(accounting: Accounting) -> bool:
    return _readable(accounting) == 0 and not _unreadable(accounting) and accounting.filtered.get("other", 0) > 0


def _lines(number: int) -> str:
    return f"{number} line" if number == 1 else f"{number} lines"
