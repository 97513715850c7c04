"""One day's numbers compared link by link, from the lines of its logs to its row of CSV. Pure.

Matomo may count fewer actions than were delivered only by those it refused, and never more: else hits were sent twice,
or other software tracks to the site, and nobody can say whose numbers these are. Visits must agree only where hits do.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mtc.core.model import Accounting, Status
from mtc.core.records import StepRecord
from mtc.core.sanitize import csv_cell
from mtc.core.verification import DayNumbers, DayVerified, Disagreement, differ
from mtc.matomo.api import ReportSummary
from mtc.verify.evidence import ImportEvidence, Row, StatEvidence
from mtc.verify.matomo_counts import DeliveryEvidence, Reports, compare_tables
from mtc.warehouse.stat_document import LineAccounting, StatDocument


@dataclass(frozen=True, slots=True)
class DayEvidence:
    """All that was found of a site's day; None is what does not exist, or was not asked for.

    `hits` are those that the state lists for the day, `parts` what is wrong with the files that hold them. `row` is the
    day's of summary.csv, `lines` that of accounting.csv: empty where it has none. `tables` are Matomo's.
    `astray` says which hits of the day's logs are of other days, in no statistics.
    """

    site: str
    day: dt.date
    imported: ImportEvidence
    hits: int | None
    parts: tuple[Disagreement, ...]
    delivered: DeliveryEvidence | None
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


def compare(evidence: DayEvidence) -> DayVerified:
    """Compare every link with the one before it."""
    disagreements = (
        *evidence.imported.disagreements,
        *evidence.parts,
        *(evidence.delivered.disagreements if evidence.delivered else ()),
        *_matomo(evidence),
        *evidence.stat.disagreements,
        *_stat(evidence),
        *_csv(evidence),
    )
    notes = (*evidence.imported.notes, *evidence.astray, *_not_yet(evidence), *_not_whole(evidence))
    return DayVerified(evidence.site, evidence.day, _numbers(evidence), disagreements, notes)


def _numbers(evidence: DayEvidence) -> DayNumbers:
    accounting = evidence.imported.accounting
    summary = evidence.document.summary if evidence.document else None
    row = dict(evidence.row or ())
    return DayNumbers(
        lines=accounting.lines if accounting else None,
        filtered=sum(accounting.filtered.values()) if accounting else None,
        rejected=sum(accounting.rejected.values()) if accounting else None,
        imported=accounting.hits if accounting else None,
        hits=evidence.hits,
        delivered=evidence.delivered.hits if evidence.delivered else None,
        matomo_actions=evidence.counted.actions if evidence.counted else None,
        matomo_visits=evidence.counted.visits if evidence.counted else None,
        stat_actions=summary.actions if summary else None,
        stat_visits=summary.visits if summary else None,
        csv_actions=_count(row.get("actions", "")),
        csv_visits=_count(row.get("visits", "")),
    )


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _matomo(evidence: DayEvidence) -> Iterator[Disagreement]:
    """Matomo against what was delivered, and its visits against those that the warehouse counted of the same hits."""
    if evidence.counted is None or evidence.delivered is None:
        return
    actions, hits = evidence.counted.actions, evidence.delivered.hits
    if actions < hits - evidence.delivered.lost:
        lost = f" (and {evidence.delivered.lost:,} refused or not sent)" if evidence.delivered.lost else ""
        what = f"Matomo counts {actions:,} actions, of {hits:,} hits delivered{lost}"
        yield Disagreement(what, hits - evidence.delivered.lost - actions)
    if actions > hits:
        what = f"more than delivered: Matomo counts {actions:,} actions of {hits:,} hits (sent twice, or others track)"
        yield Disagreement(what, actions - hits)
    document = evidence.document
    if document is not None and document.source == "warehouse" and actions == hits == evidence.hits:
        what = "Matomo counts {one} visits, the warehouse {other}, of the same hits"
        yield from differ(what, evidence.counted.visits, document.summary.visits)
        if evidence.counted.visits == document.summary.visits:
            yield from compare_tables(evidence.tables, document, evidence.counted.searches)


def _not_yet(evidence: DayEvidence) -> Iterator[str]:
    if evidence.hits and evidence.document is None and not evidence.stat.disagreements:
        yield "no .stat file yet"


def _not_whole(evidence: DayEvidence) -> Iterator[str]:
    if evidence.document is not None:
        yield from evidence.document.lacking


def _stat(evidence: DayEvidence) -> Iterator[Disagreement]:
    """The `.stat` file against who answered for it, and its lines against the import's."""
    document = evidence.document
    if document is None:
        return
    summary = document.summary
    if document.source == "warehouse":
        yield from differ(
            "the .stat has {one} actions, the warehouse {other} hits", summary.actions, evidence.hits or 0
        )
    elif evidence.counted is not None:
        yield from differ("the .stat has {one} actions, Matomo {other}", summary.actions, evidence.counted.actions)
        yield from differ("the .stat has {one} visits, Matomo {other}", summary.visits, evidence.counted.visits)
    yield from _accounting(document.accounting, evidence.imported.accounting)


def _accounting(recorded: LineAccounting | None, accounting: Accounting | None) -> Iterator[Disagreement]:
    lines = recorded.lines if recorded else 0
    known = accounting.lines if accounting else 0
    yield from differ("the .stat tells of {one} lines, the import of {other}", lines, known)
    if recorded and accounting and lines == known and recorded != LineAccounting.of(accounting):
        yield Disagreement("the .stat tells otherwise than the import where its lines went")


def _csv(evidence: DayEvidence) -> Iterator[Disagreement]:
    """The rows of summary.csv and accounting.csv, cell by cell; the first that differs is told."""
    document, row = evidence.document, evidence.row
    if row is None:
        if document is not None and evidence.csv is not None and evidence.csv.status is Status.DONE:
            yield Disagreement("summary.csv has no row of the day")
        return
    if document is None:
        if not evidence.stat.disagreements:
            yield Disagreement("summary.csv has a row of the day, and there is no .stat file")
        return
    yield from _cells("summary.csv", row, _summary(document))
    if evidence.lines is not None:
        yield from _cells("accounting.csv", evidence.lines, _lines(document))


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
    accounting = document.accounting
    if accounting is None:
        return {}
    return {
        "lines": str(accounting.lines),
        "hits": str(accounting.hits),
        "filtered": str(sum(accounting.filtered.values())),
        "rejected": str(sum(accounting.rejected.values())),
    }
