"""Matomo's tables of a day against the warehouse's, of the same hits: referrers, and searches within the site. Pure.

A server before Matomo 5.5 has no AI assistants: it files them under websites or search engines, whichever its list has
them in, so that these are held against one another together, and their names are left out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from mtc.matomo.reports import Report
from mtc.matomo.rows import Row
from mtc.run.verifying.values import Disagreement, differ
from mtc.sources.keys import printable
from mtc.stages.answering import labels
from mtc.warehouse.known import assistant, known
from mtc.warehouse.statfile import StatDocument
from mtc.warehouse.tables import OTHERS, SearchRow, VisitRow

READ = (Report.REFERRER_TYPES, Report.WEBSITES, Report.SEARCH_ENGINES, Report.SITE_SEARCHES)
"""The tables that are read."""

_FILED_ANYWHERE = ("search", "social", "website", "ai")
_ANYWHERE = "/".join(_FILED_ANYWHERE)

Reports = Mapping[Report, tuple[Row, ...]]
Counts = Mapping[str, int]


def compare_tables(reports: Reports, document: StatDocument, searches: int) -> Iterator[Disagreement]:
    """What differs. A table that one of both cut, or that the server does not have, is left out.

    `searches` is how many Matomo counts. A document of an earlier mtc was counted otherwise, and tells nothing.
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
        theirs = _counts(reports, Report.SITE_SEARCHES, labels.plain, lambda row: row.hits)
        yield from _differing("searches for", theirs, _own(tables.site_searches or ()))
    yield from _origins(reports, document)


def _origins(reports: Reports, document: StatDocument) -> Iterator[Disagreement]:
    tables = document.tables
    own = {row.label: row.visits for row in tables.referrer_types}
    types = _counts(reports, Report.REFERRER_TYPES, labels.referrer_type, _visits)
    mixed = types is not None and own.get("ai", 0) > 0 and not types.get("ai", 0)
    yield from _differing("visits of type", _mixed(types) if mixed else types, _mixed(own) if mixed else own)
    for what, report, rows in (
        ("visits from website", Report.WEBSITES, tables.websites),
        ("visits from search engine", Report.SEARCH_ENGINES, tables.search_engines),
    ):
        theirs = _counts(reports, report, labels.plain, _visits)
        yield from _differing(what, _without_assistants(theirs) if mixed else theirs, _own(rows))


def _mixed(types: Counts | None) -> Counts | None:
    """The types that an AI assistant may be filed under as one."""
    if types is None:
        return None
    kept = {name: count for name, count in types.items() if name not in _FILED_ANYWHERE}
    return kept | {_ANYWHERE: sum(types.get(name, 0) for name in _FILED_ANYWHERE)}


def _without_assistants(names: Counts | None) -> Counts | None:
    if names is None:
        return None
    called = {one.name for one in known().assistants}
    return {name: count for name, count in names.items() if name not in called and not assistant(name)}


def _visits(row: Row) -> int:
    return row.visits


def _counts(
    reports: Reports, report: Report, label: Callable[[Row], str], number: Callable[[Row], int]
) -> Counts | None:
    """A table of Matomo's as names and numbers; None if it is not there, or not all of it."""
    if report not in reports or any(row.rest for row in reports[report]):
        return None
    return {label(row): number(row) for row in reports[report] if number(row)}


def _own(rows: Iterable[VisitRow | SearchRow]) -> Counts | None:
    counts = {row.label: row.searches if isinstance(row, SearchRow) else row.visits for row in rows}
    return None if OTHERS in counts else counts


def _differing(what: str, theirs: Counts | None, own: Counts | None) -> Iterator[Disagreement]:
    """One disagreement for a table: its first name that differs, and how many more do."""
    if theirs is None or own is None:
        return
    names = sorted(name for name in theirs.keys() | own.keys() if theirs.get(name, 0) != own.get(name, 0))
    if names:
        name, by = names[0], sum(abs(theirs.get(name, 0) - own.get(name, 0)) for name in names)
        more = f" (and {len(names) - 1:,} more of that table)" if len(names) > 1 else ""
        told = (
            f"Matomo counts {theirs.get(name, 0):,} {what} {printable(name)}, the warehouse {own.get(name, 0):,}{more}"
        )
        yield Disagreement(told, by)
