"""One day's numbers compared link by link, from the lines of its logs to its row of CSV. Pure.

Matomo may count fewer actions than were delivered only by those it refused, and never more: otherwise hits were sent
twice, or other software tracks to the same site, and the numbers cannot be attributed. Visits must agree only where
hits do, and the tables of referrers and searches only where visits do.

Matomo before 5.5 has no AI assistants: it counts them as websites or search engines, whichever of its lists has them.
So these referrer types are compared as one, and assistants' names are left out.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mtc.core.findings import DayNumbers, DayVerified, Disagreement, differ
from mtc.core.model import Accounting, Status
from mtc.core.records import StepRecord
from mtc.core.sanitize import csv_cell, printable
from mtc.matomo.reports import Report, ReportRow, ReportSummary
from mtc.stages.stat import matomo_tables
from mtc.verify.evidence import DeliveryEvidence, ImportEvidence, Row, StatEvidence
from mtc.warehouse.referrers import assistant_of, referrer_list
from mtc.warehouse.stat_document import LineAccounting, StatDocument
from mtc.warehouse.stat_tables import OTHERS, SearchRow, VisitRow

COMPARED_REPORTS = (Report.REFERRER_TYPES, Report.WEBSITES, Report.SEARCH_ENGINES, Report.SITE_SEARCHES)
"""The reports of Matomo whose tables are compared with the warehouse's."""

_ASSISTANT_TYPES = ("search", "social", "website", "ai")
"""The referrer types that Matomo may count an AI assistant as."""

_ANY_ASSISTANT_TYPE = "/".join(_ASSISTANT_TYPES)

Reports = Mapping[Report, tuple[ReportRow, ...]]
Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DayEvidence:
    """All that was found of a site's day; None is what does not exist, or was not read.

    `hits` is how many the state lists for the day, `parts` what is wrong with the files that hold them. `counted` and
    `tables` are Matomo's. `row` is the day's row of summary.csv, `lines` that of accounting.csv, empty where there is
    none. `astray` says which hits of the day's logs belong to other days and are in no statistics.
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
    """Compare each number of a day with the one before it in the chain."""
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
    return DayVerified(evidence.site, evidence.day, _numbers(evidence), disagreements, notes, evidence.imported.failed)


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
    """The `.stat` file against the provider of its statistics, and its accounting against the import's."""
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
    yield from differ("the .stat has {one} lines, the import {other}", lines, known)
    if recorded and accounting and lines == known and recorded != LineAccounting.of(accounting):
        yield Disagreement("the .stat and the import account for these lines differently")


def _csv(evidence: DayEvidence) -> Iterator[Disagreement]:
    """The rows of summary.csv and accounting.csv, cell by cell; the first that differs is reported."""
    document, row = evidence.document, evidence.row
    if row is None:
        if document is not None and evidence.csv is not None and evidence.csv.status is Status.DONE:
            yield Disagreement("summary.csv has no row of the day")
        return
    if document is None:
        if not evidence.stat.disagreements:
            yield Disagreement("summary.csv has a row of the day, but there is no .stat file")
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
    """The expected cells of a document's row in summary.csv, except for its key."""
    cells = {name: "" if value is None else str(value) for name, value in document.summary.__dict__.items()}
    return {"timezone": csv_cell(document.timezone), **cells}


def _lines(document: StatDocument) -> Mapping[str, str]:
    """The expected cells of its row in accounting.csv; empty where no import of the day is known."""
    accounting = document.accounting
    if accounting is None:
        return {}
    return {
        "lines": str(accounting.lines),
        "hits": str(accounting.hits),
        "filtered": str(sum(accounting.filtered.values())),
        "rejected": str(sum(accounting.rejected.values())),
    }


def compare_tables(reports: Reports, document: StatDocument, searches: int) -> Iterator[Disagreement]:
    """Where Matomo's tables differ from a `.stat` document's.

    A table that either side has cut short, or that the server does not have, is skipped, and so is a document of an
    earlier mtc, which counted differently. `searches` is how many site searches Matomo counts.
    """
    if document.summary.searches is None:
        return
    yield from differ(
        "Matomo counts {one} searches within the site, the warehouse {other}: "
        "`hits: {{search_parameters: ...}}` and the site's settings in Matomo have to be the same",
        searches,
        document.summary.searches,
    )
    tables = document.tables
    if searches == document.summary.searches:
        in_matomo = _counts(reports, Report.SITE_SEARCHES, matomo_tables.label_text, lambda row: row.hits)
        yield from _table_difference("searches for", in_matomo, _warehouse_counts(tables.site_searches or ()))
    yield from _origins(reports, document)


def _origins(reports: Reports, document: StatDocument) -> Iterator[Disagreement]:
    tables = document.tables
    types: Counts | None = {row.label: row.visits for row in tables.referrer_types}
    types_in_matomo = _counts(reports, Report.REFERRER_TYPES, matomo_tables.referrer_type, _visits)
    is_old_matomo = bool(
        types_in_matomo is not None and types and types.get("ai", 0) and not types_in_matomo.get("ai", 0)
    )
    if is_old_matomo:
        types_in_matomo, types = _one_assistant_type(types_in_matomo), _one_assistant_type(types)
    yield from _table_difference("visits of type", types_in_matomo, types)
    for what, report, rows in (
        ("visits from website", Report.WEBSITES, tables.websites),
        ("visits from search engine", Report.SEARCH_ENGINES, tables.search_engines),
    ):
        in_matomo = _counts(reports, report, matomo_tables.label_text, _visits)
        in_matomo = _without_assistants(in_matomo) if is_old_matomo else in_matomo
        yield from _table_difference(what, in_matomo, _warehouse_counts(rows))


def _one_assistant_type(types: Counts | None) -> Counts | None:
    """The counts with all types that an AI assistant may be counted as added up under one name."""
    if types is None:
        return None
    others = {name: count for name, count in types.items() if name not in _ASSISTANT_TYPES}
    return others | {_ANY_ASSISTANT_TYPE: sum(types.get(name, 0) for name in _ASSISTANT_TYPES)}


def _without_assistants(names: Counts | None) -> Counts | None:
    if names is None:
        return None
    assistants = {assistant.name for assistant in referrer_list().assistants}
    return {name: count for name, count in names.items() if name not in assistants and not assistant_of(name)}


def _visits(row: ReportRow) -> int:
    return row.visits


def _counts(
    reports: Reports, report: Report, label: Callable[[ReportRow], str], number: Callable[[ReportRow], int]
) -> Counts | None:
    """A table of Matomo's as counts by name; None if it is missing or cut short."""
    if report not in reports or any(row.rest for row in reports[report]):
        return None
    return {label(row): number(row) for row in reports[report] if number(row)}


def _warehouse_counts(rows: Iterable[VisitRow | SearchRow]) -> Counts | None:
    counts = {row.label: row.searches if isinstance(row, SearchRow) else row.visits for row in rows}
    return None if OTHERS in counts else counts


def _table_difference(what: str, in_matomo: Counts | None, in_warehouse: Counts | None) -> Iterator[Disagreement]:
    """One disagreement for a table: the first name whose counts differ, and how many more differ."""
    if in_matomo is None or in_warehouse is None:
        return
    known = in_matomo.keys() | in_warehouse.keys()
    names = sorted(name for name in known if in_matomo.get(name, 0) != in_warehouse.get(name, 0))
    if names:
        name, by = names[0], sum(abs(in_matomo.get(name, 0) - in_warehouse.get(name, 0)) for name in names)
        others = f" (and {len(names) - 1:,} more of that table)" if len(names) > 1 else ""
        counted, expected = in_matomo.get(name, 0), in_warehouse.get(name, 0)
        text = f"Matomo counts {counted:,} {what} {printable(name)}, the warehouse {expected:,}{others}"
        yield Disagreement(text, by)
