"""Lines and hits of an import step, as the state has them: every line is accounted for, twice. No I/O."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mtc.model import Accounting, LoadedObject, Status
from mtc.plan.model import StepRecord
from mtc.run.verifying.values import Disagreement, differ
from mtc.sources.keys import printable


@dataclass(frozen=True, slots=True)
class Imported:
    """An import step; `accounting` is None where it never came to an end."""

    accounting: Accounting | None
    disagreements: tuple[Disagreement, ...] = ()
    notes: tuple[str, ...] = ()


def imported(record: StepRecord | None, objects: Sequence[LoadedObject]) -> Imported:
    """Hold a step's receipt against its objects, and their hits against their parts."""
    accounting = record.accounting if record else None
    wrong = (*_receipt(accounting, objects), *(one for item in objects for one in _object(item)))
    return Imported(accounting, wrong, tuple(_notes(record)))


def _notes(record: StepRecord | None) -> Iterator[str]:
    if record is None or record.status is Status.PLANNED:
        yield "not imported"
    elif record.status in {Status.FAILED, Status.BLOCKED, Status.RUNNING}:
        yield f"the import is {record.status.value}"


def _receipt(accounting: Accounting | None, objects: Sequence[LoadedObject]) -> Iterator[Disagreement]:
    if accounting is None:
        return
    if not accounting.balanced:
        yield _unbalanced("the import", accounting)
    total = Accounting.total(item.accounting for item in objects)
    yield from differ("the import has {one} lines, its log files {other}", accounting.lines, total.lines)
    yield from differ("the import has {one} hits, its log files {other}", accounting.hits, total.hits)
    sums = [(sum(account.filtered.values()), sum(account.rejected.values())) for account in (accounting, total)]
    yield from differ("the import has {one} lines filtered, its log files {other}", sums[0][0], sums[1][0])
    yield from differ("the import has {one} lines rejected, its log files {other}", sums[0][1], sums[1][1])


def _object(item: LoadedObject) -> Iterator[Disagreement]:
    name = printable(item.object.key).replace("{", "{{").replace("}", "}}")
    if not item.accounting.balanced:
        yield _unbalanced(printable(item.object.key), item.accounting)
    parts = sum(part.hits for part in item.parts)
    yield from differ(f"{name} has {{one}} hits, its parts {{other}}", item.accounting.hits, parts)


def _unbalanced(what: str, account: Accounting) -> Disagreement:
    told = account.hits + sum(account.filtered.values()) + sum(account.rejected.values())
    where = f"{account.lines:,} lines, and says where {told:,} of them went"
    return Disagreement(f"{what} has {where}", abs(account.lines - told))
