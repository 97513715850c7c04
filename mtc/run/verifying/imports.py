"""Lines and hits of an import step, as the state has them: every line is accounted for, twice. No I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mtc.copies import copy_note, counted_account
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


def imported(
    record: StepRecord | None, objects: Sequence[LoadedObject], copies: Mapping[str, str] | None = None
) -> Imported:
    """Hold a step's receipt against its objects, and their hits against their parts. `copies` are those not counted."""
    copies = copies or {}
    accounting = record.accounting if record else None
    accounts = [counted_account(item, copies) for item in objects]
    wrong = (*_receipt(accounting, accounts), *(one for item in objects for one in _object(item)))
    told = (
        copy_note(printable(key), printable(copies[key]), item.accounting.lines)
        for key, item in _copied(objects, copies)
    )
    return Imported(accounting, wrong, (*_notes(record), *told))


def _copied(objects: Sequence[LoadedObject], copies: Mapping[str, str]) -> Iterator[tuple[str, LoadedObject]]:
    return ((item.object.key, item) for item in objects if item.object.key in copies)


def _notes(record: StepRecord | None) -> Iterator[str]:
    if record is None or record.status is Status.PLANNED:
        yield "not imported"
    elif record.status in {Status.FAILED, Status.BLOCKED, Status.RUNNING}:
        yield f"the import is {record.status.value}"


def _receipt(accounting: Accounting | None, accounts: Sequence[Accounting]) -> Iterator[Disagreement]:
    if accounting is None:
        return
    if not accounting.balanced:
        yield _unbalanced("the import", accounting)
    total = Accounting.total(accounts)
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
