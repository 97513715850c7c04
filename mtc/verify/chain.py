"""One day's links held against one another, from its log's lines to its row of CSV. Pure: all comes in as arguments.

Matomo may count less than was delivered only by what it refused, and more by nothing: such hits were sent twice, or
others track to the site, and whose numbers these are nobody could say. Visits agree only where the hits are the same.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mtc.core.model import Accounting, Status
from mtc.core.records import StepRecord
from mtc.core.sanitize import csv_cell
from mtc.core.verification import DayNumbers, DayVerified, Disagreement, differ
from mtc.matomo.api import ReportSummary
from mtc.verify.evidence import Imported, Row, StatEvidence
from mtc.verify.matomo_counts import Delivered, Reports, compare_tables
from mtc.warehouse.stat_document import LineAccounting, StatDocument


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was found of a site's day; None is what is not there, or was not asked for.

    `hits` are those that the state lists for the day, `parts` what is wrong with the files that hold them. `row` is the
    day's of summary.csv, `lines` that of accounting.csv: empty where it has none. `tables` are Matomo's.
    `astray` says which hits of the day's logs are of other days, in no statistics.
    """

    site: str
    day: dt.date
    imported: Imported
    hits: int | None
    parts: tuple[Disagreement, ...]
    delivered: Delivered | None
    counted: ReportSummary | None
    stat: StatEvidence
    row: Row | None
    csv: StepRecord | None
    lines: Row | None = None
    tables: Reports = field(default_factory=dict)
    astray: tuple[str, ...] = ()

    @property
    def document(self) -> StatDocument | None:
        """The `.stat` file's content."""
        return self.stat.document


def compare(found: Evidence) -> DayVerified:
    """Hold every link against the one before it."""
    disagreements = (
        *found.imported.disagreements,
        *found.parts,
        *(found.delivered.disagreements if found.delivered else ()),
        *_matomo(found),
        *found.stat.disagreements,
        *_stat(found),
        *_csv(found),
    )
    notes = (*found.imported.notes, *found.astray, *_not_yet(found), *_not_whole(found))
    return DayVerified(found.site, found.day, _numbers(found), disagreements, notes)


def _numbers(found: Evidence) -> DayNumbers:
    account = found.imported.accounting
    summary = found.document.summary if found.document else None
    row = dict(found.row or ())
    return DayNumbers(
        lines=account.lines if account else None,
        filtered=sum(account.filtered.values()) if account else None,
        rejected=sum(account.rejected.values()) if account else None,
        imported=account.hits if account else None,
        hits=found.hits,
        delivered=found.delivered.hits if found.delivered else None,
        matomo_actions=found.counted.actions if found.counted else None,
        matomo_visits=found.counted.visits if found.counted else None,
        stat_actions=summary.actions if summary else None,
        stat_visits=summary.visits if summary else None,
        csv_actions=_count(row.get("actions", "")),
        csv_visits=_count(row.get("visits", "")),
    )


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _matomo(found: Evidence) -> Iterator[Disagreement]:
    """Matomo against what was delivered, and its visits against those that the warehouse counted of the same hits."""
    if found.counted is None or found.delivered is None:
        return
    actions, hits = found.counted.actions, found.delivered.hits
    if actions < hits - found.delivered.lost:
        lost = f" (and {found.delivered.lost:,} refused or not sent)" if found.delivered.lost else ""
        what = f"Matomo counts {actions:,} actions, of {hits:,} hits delivered{lost}"
        yield Disagreement(what, hits - found.delivered.lost - actions)
    if actions > hits:
        what = f"more than delivered: Matomo counts {actions:,} actions of {hits:,} hits (sent twice, or others track)"
        yield Disagreement(what, actions - hits)
    document = found.document
    if document is not None and document.source == "warehouse" and actions == hits == found.hits:
        what = "Matomo counts {one} visits, the warehouse {other}, of the same hits"
        yield from differ(what, found.counted.visits, document.summary.visits)
        if found.counted.visits == document.summary.visits:
            yield from compare_tables(found.tables, document, found.counted.searches)


def _not_yet(found: Evidence) -> Iterator[str]:
    if found.hits and found.document is None and not found.stat.disagreements:
        yield "no .stat file yet"


def _not_whole(found: Evidence) -> Iterator[str]:
    if found.document is not None:
        yield from found.document.lacking


def _stat(found: Evidence) -> Iterator[Disagreement]:
    """The `.stat` file against who answered for it, and its lines against the import's."""
    document = found.document
    if document is None:
        return
    summary = document.summary
    if document.source == "warehouse":
        yield from differ("the .stat has {one} actions, the warehouse {other} hits", summary.actions, found.hits or 0)
    elif found.counted is not None:
        yield from differ("the .stat has {one} actions, Matomo {other}", summary.actions, found.counted.actions)
        yield from differ("the .stat has {one} visits, Matomo {other}", summary.visits, found.counted.visits)
    yield from _accounting(document.accounting, found.imported.accounting)


def _accounting(told: LineAccounting | None, account: Accounting | None) -> Iterator[Disagreement]:
    lines = told.lines if told else 0
    known = account.lines if account else 0
    yield from differ("the .stat tells of {one} lines, the import of {other}", lines, known)
    if told and account and lines == known and told != LineAccounting.of(account):
        yield Disagreement("the .stat tells otherwise than the import where its lines went")


def _csv(found: Evidence) -> Iterator[Disagreement]:
    """The rows of summary.csv and accounting.csv, cell by cell; the first that differs is told."""
    document, row = found.document, found.row
    if row is None:
        if document is not None and found.csv is not None and found.csv.status is Status.DONE:
            yield Disagreement("summary.csv has no row of the day")
        return
    if document is None:
        if not found.stat.disagreements:
            yield Disagreement("summary.csv has a row of the day, and there is no .stat file")
        return
    yield from _cells("summary.csv", row, _summary(document))
    if found.lines is not None:
        yield from _cells("accounting.csv", found.lines, _lines(document))


def _cells(file: str, row: Row, expected: Mapping[str, str]) -> Iterator[Disagreement]:
    if not row and expected:
        yield Disagreement(f"{file} has no row of the day")
    for name, text in row:
        if name in expected and expected[name] != text:
            yield Disagreement(f"{file} has {name} {text[:40] or 'empty'}, the .stat {expected[name]}")
            return


def _summary(document: StatDocument) -> Mapping[str, str]:
    """What the cells of a document's row say, but for its key."""
    cells = {name: "" if value is None else str(value) for name, value in document.summary.__dict__.items()}
    return {"timezone": csv_cell(document.timezone), **cells}


def _lines(document: StatDocument) -> Mapping[str, str]:
    """The same of the accounting; nothing where no import of the day is known."""
    account = document.accounting
    if account is None:
        return {}
    return {
        "lines": str(account.lines),
        "hits": str(account.hits),
        "filtered": str(sum(account.filtered.values())),
        "rejected": str(sum(account.rejected.values())),
    }
