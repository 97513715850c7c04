"""How values become columns of the state file, and rows become records. No SQL and no queries.

Decoding a damaged row raises ValueError, KeyError or TypeError, which the caller turns into a StateError. Decoding is
made for tens of thousands of rows at once: repeated values are decoded once.
"""

import contextlib
import dataclasses
import datetime as dt
import gc
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from mtc.core.deliveries import Batch, BatchId, BatchStatus, Cut, DeliveredObject, Delivery, DeliveryStatus
from mtc.core.model import Accounting, LoadedObject, Output, Part, Receipt, Slice, SourceObject, Stage, Status, StepId
from mtc.core.records import StepRecord

INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class StepResult:
    """A finished step: its receipt, and from its plan what later verdicts compare.

    `checked` is when its source was last listed; None keeps the recorded time.
    """

    receipt: Receipt
    fingerprint: str
    settings: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    checked: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class StepFilter:
    """Which steps to list. An empty tuple or None means all; `first` and `last` are inclusive."""

    sites: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    statuses: tuple[Status, ...] = ()
    first: dt.date | None = None
    last: dt.date | None = None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt of a step in one run. `outcome` is a status, `interrupted`, or empty while the attempt runs."""

    step: StepId
    run: str
    number: int
    started: dt.datetime
    ended: dt.datetime | None = None
    outcome: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One `apply`. Without `ended` it is running, or was killed and no later run has closed it yet."""

    run: str
    manifest: str
    command: str
    started: dt.datetime
    ended: dt.datetime | None = None
    exit_code: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def killed(self) -> bool:
        """Whether the run was killed, as a later run found."""
        return self.ended is not None and self.exit_code is None


T = TypeVar("T")

_READ_JSON = json.JSONDecoder().raw_decode


def to_text(value: str) -> str | bytes:
    """A text as SQLite can store it. Text that cannot be encoded as UTF-8, such as some file names, becomes a BLOB."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
    return value


def from_text(value: str | bytes) -> str:
    """The inverse of `to_text`."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")


def to_timestamp(at: dt.datetime | None) -> str | None:
    """A time as ISO 8601 in UTC. Raises ValueError for a time without a zone."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError("a time in the state file needs a zone")
    return at.astimezone(dt.UTC).isoformat()


def from_timestamp(value: str | None) -> dt.datetime | None:
    """The inverse of `to_timestamp`."""
    return None if value is None else dt.datetime.fromisoformat(value)


def to_json(value: Mapping[str, object] | Iterable[object]) -> str:
    """A mapping with text keys, or a sequence, as JSON: ASCII, sorted keys, the same text for the same value."""
    plain = dict(value) if isinstance(value, Mapping) else list(value)
    return json.dumps(plain, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def from_json(value: str, kind: type[T]) -> T:
    """The inverse of `to_json`. Raises ValueError if the value is not of the `kind`."""
    found: object
    found, end = _READ_JSON(value)  # json.loads spends more time on whitespace and encodings than on decoding
    if not isinstance(found, kind) or end != len(value):
        raise ValueError(f"a {kind.__name__} was expected")
    return found


def to_accounting(value: Accounting | None) -> str | None:
    """The accounting of lines as JSON."""
    if value is None:
        return None
    counts: dict[str, object] = {"lines": value.lines, "hits": value.hits}
    return to_json(counts | {"filtered": dict(value.filtered), "rejected": dict(value.rejected)})


def from_accounting(value: str | None) -> Accounting | None:
    """The inverse of `to_accounting`."""
    if value is None:
        return None
    fields: dict[str, Any] = from_json(value, dict)
    return Accounting(fields["lines"], fields["hits"], fields["filtered"], fields["rejected"])


def to_outputs(value: Iterable[Output]) -> str:
    """Files with their sizes and digests, as JSON."""
    return to_json([output.path, output.size, output.digest] for output in value)


def from_outputs(value: str) -> tuple[Output, ...]:
    """The inverse of `to_outputs`."""
    rows: list[Any] = from_json(value, list)
    return tuple(Output(path, size, digest) for path, size, digest in rows)


def to_slice(value: Slice | None) -> str | None:
    """Where in a growing log an object lies, as JSON; None for a whole file."""
    if value is None:
        return None
    fields = dataclasses.asdict(value)
    return to_json({name: field for name, field in fields.items() if field or name not in _OMITTED})


_OMITTED = frozenset({"pieces", "first_lines"})


def from_slice(value: str | None) -> Slice | None:
    """The opposite of `to_slice`."""
    if value is None:
        return None
    fields: dict[str, Any] = from_json(value, dict)
    if "pieces" in fields:
        fields["pieces"] = tuple(fields["pieces"])
    return Slice(**fields)


def step_columns(step: StepId) -> tuple[str, str, str]:
    """Site, stage and day: the columns that identify a step."""
    return step.site, step.stage.value, step.day.isoformat()


Row = tuple[Any, ...]

_shared = sys.intern
"""One copy of a text that very many rows have in common: a site, a format, settings."""

_STAGES = {stage.value: stage for stage in Stage}
_STATUSES = {status.value: status for status in Status}


@contextlib.contextmanager
def no_collecting() -> Iterator[None]:
    """Turn the garbage collector off: with very many live records it takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Decoder:
    """Decodes the rows of one read of the state. The mappings that it returns may be shared: never change them."""

    __slots__ = ("_accountings", "_days", "_maps", "_steps", "_times")

    def __init__(self) -> None:
        self._accountings: dict[str | None, Accounting | None] = {}
        self._days: dict[str, dt.date] = {}
        self._maps: dict[str, dict[str, Any]] = {}
        self._steps: dict[tuple[str, str, str], StepId] = {}
        self._times: dict[str | None, dt.datetime | None] = {None: None}

    def day(self, text: str) -> dt.date:
        """A date."""
        found = self._days.get(text)
        if found is None:
            found = self._days[text] = dt.date.fromisoformat(text)
        return found

    def mapping(self, text: str) -> Mapping[str, Any]:
        """A JSON object as a mapping."""
        found = self._maps.get(text)
        if found is None:
            found = self._maps[text] = from_json(text, dict)
        return found

    def accounting(self, text: str | None) -> Accounting | None:
        """An accounting of lines: that of a day's import is often that of its only object, and of its statistics."""
        if text not in self._accountings:
            self._accountings[text] = from_accounting(text)
        return self._accountings[text]

    def time(self, text: str | None) -> dt.datetime | None:
        """A time: many steps were listed, or recorded, at one."""
        if text not in self._times:
            self._times[text] = from_timestamp(text)
        return self._times[text]

    def step(self, site: str, stage: str, day: str) -> StepId:
        """A step id."""
        columns = (site, stage, day)
        found = self._steps.get(columns)
        if found is None:
            found = self._steps[columns] = StepId(_STAGES[stage], _shared(site), self.day(day))
        return found

    def record(self, row: Row) -> StepRecord:
        """A step record, from the columns of a query of steps."""
        site, stage, day, status, fingerprint, settings, inputs, outputs, accounting, figures, notes, *rest = row
        error, attempts, finished, checked = rest
        return StepRecord(
            self.step(site, stage, day),
            _STATUSES[status],
            fingerprint,
            self.mapping(settings),
            from_json(inputs, dict) if inputs != "{}" else self.mapping(inputs),
            from_outputs(outputs) if outputs != "[]" else (),
            self.accounting(accounting),
            self.mapping(figures),
            tuple(from_json(notes, list)) if notes != "[]" else (),
            from_text(error),
            attempts,
            self.time(finished),
            self.time(checked),
        )

    def part(self, row: Row, known_id: str = "") -> Part:
        """A part, from site, day, file, object id, hits and digest. `known_id` is most likely the object id."""
        site, day, file, object_id, hits, digest = row
        object_id = known_id if object_id == known_id else object_id  # one copy
        return Part(_shared(site), self.day(day), from_text(file), object_id, hits, digest or "")

    def loaded(self, row: Row, parts: Iterable[Part]) -> LoadedObject:
        """A loaded object, from the columns of its table that follow those of its step."""
        key, size, etag, modified, object_id, content, log_format, accounting, archived, made_with, *added = row
        text, recipe, part = added
        source = SourceObject(from_text(key), size, from_text(etag), modified, from_slice(part))
        lines = self.accounting(accounting) or Accounting()
        made = (from_text(archived), _shared(made_with), text, recipe)
        return LoadedObject(source, object_id, content, _shared(log_format), lines, tuple(parts), *made)

    def attempt(self, row: Row) -> AttemptRow:
        """An attempt, from the columns of a query of attempts."""
        site, stage, day, run, number, started, ended, outcome, error = row
        started_at = dt.datetime.fromisoformat(started)
        step = self.step(site, stage, day)
        return AttemptRow(step, run, number, started_at, from_timestamp(ended), outcome, from_text(error))

    def run(self, row: Row) -> RunRow:
        """A run, from the columns of a query of runs."""
        run, manifest, command, started, ended, exit_code, counts = row
        started_at = dt.datetime.fromisoformat(started)
        texts = (from_text(manifest), from_text(command))
        return RunRow(run, *texts, started_at, from_timestamp(ended), exit_code, self.mapping(counts))


def group_objects(
    decoder: Decoder, objects: Iterable[Row], parts: Iterable[Row]
) -> dict[StepId, tuple[LoadedObject, ...]]:
    """Loaded objects by their import step, each with its parts.

    Rows of `objects` begin with the object's row id and the columns of its step, and have its id in the ninth place;
    rows of `parts` begin with the row id of their object.
    """
    listed = list(objects)
    ids = {row[0]: row[8] for row in listed}
    parts_of: dict[int, list[Part]] = {}
    for row in parts:
        parts_of.setdefault(row[0], []).append(decoder.part(row[1:], ids.get(row[0], "")))
    found: dict[StepId, list[LoadedObject]] = {}
    for row in listed:
        loaded = decoder.loaded(row[4:], parts_of.get(row[0], ()))
        found.setdefault(decoder.step(*row[1:4]), []).append(loaded)
    return {step: tuple(loaded) for step, loaded in found.items()}


def group_deliveries(
    deliveries: Iterable[Row], delivered: Iterable[Row], batches: Iterable[Row]
) -> dict[StepId, tuple[Delivery, ...]]:
    """Deliveries by their import step, each with the objects that it covers and its batches."""
    objects: dict[int, list[DeliveredObject]] = {}
    for row, *columns in delivered:
        objects.setdefault(row, []).append(_object(*columns))
    batches_of: dict[int, list[Batch]] = {}
    for row, *columns in batches:
        batches_of.setdefault(row, []).append(_batch(*columns))
    found: dict[StepId, list[Delivery]] = {}
    for row, site, day, *columns in deliveries:
        step = StepId(Stage.IMPORT, site, dt.date.fromisoformat(day))
        delivery = _delivery(tuple(columns), tuple(objects.get(row, ())), tuple(batches_of.get(row, ())))
        found.setdefault(step, []).append(delivery)
    return {step: tuple(deliveries_of_step) for step, deliveries_of_step in found.items()}


def _delivery(columns: Row, objects: tuple[DeliveredObject, ...], batches: tuple[Batch, ...]) -> Delivery:
    number, server, site_id, uid, lanes, size, until, hits, unsendable, invalid, status = columns
    cut = Cut(uid, lanes, size, dt.datetime.fromisoformat(until))
    counts = (hits, unsendable, invalid)
    return Delivery(number, from_text(server), site_id, cut, objects, *counts, DeliveryStatus(status), batches)


def _object(key: str, version: str, *digests: str) -> DeliveredObject:
    return DeliveredObject(from_text(key), from_text(version), *digests)


def _batch(  # noqa: PLR0913, PLR0917 - a row's columns
    lane: int, number: int, hits: int, status: str, moved: str | None, places: str | None, invalid: int, refused: str
) -> Batch:
    unsent = None if places is None else tuple(from_json(places, list))
    counts = (invalid, tuple(from_json(refused, list)))
    return Batch(BatchId(lane, number), hits, BatchStatus(status), from_timestamp(moved), unsent, *counts)
