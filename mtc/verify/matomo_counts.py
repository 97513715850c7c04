"""The evidence of a day in Matomo: what was delivered, what Matomo counts, and its tables against the warehouse's.

A report that is read while hits of its day arrive stays short until it is invalidated: looking would do damage. Days
with an unfinished delivery are therefore never read, not even inside a range.

Matomo before 5.5 has no AI assistants: it counts them as websites or search engines, whichever of its lists has them.
So these types are compared together, and assistants' names are left out.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mtc.core.deliveries import BatchStatus, DeliveredObject, Delivery, DeliveryStatus, undelivered
from mtc.core.model import LoadedObject, Stage, StepId
from mtc.core.records import History
from mtc.core.retry import RetryPolicy
from mtc.core.sanitize import printable
from mtc.core.verification import Disagreement, differ
from mtc.manifest.project import SiteSettings
from mtc.matomo.api import ReportRow
from mtc.matomo.client import MatomoClient
from mtc.matomo.reports import DayReports, Report, reports
from mtc.matomo.settings import Matomo
from mtc.matomo.sites import site_id
from mtc.plan.delivered_hits import count_delivered_hits, deliveries_to_site
from mtc.plan.duplicates import sent_texts
from mtc.plan.stat_inputs import DayPart
from mtc.stages.deliver.tracker import server_of
from mtc.stages.stat import matomo_tables
from mtc.warehouse.referrers import assistant_of, referrer_list
from mtc.warehouse.stat_document import StatDocument
from mtc.warehouse.stat_tables import OTHERS, SearchRow, VisitRow

READ = (Report.REFERRER_TYPES, Report.WEBSITES, Report.SEARCH_ENGINES, Report.SITE_SEARCHES)
"""The tables that are read."""

_FILED_ANYWHERE = ("search", "social", "website", "ai")
_ANYWHERE = "/".join(_FILED_ANYWHERE)

Reports = Mapping[Report, tuple[ReportRow, ...]]
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
        in_matomo = _counts(reports, Report.SITE_SEARCHES, matomo_tables.label_text, lambda row: row.hits)
        yield from _table_difference("searches for", in_matomo, _warehouse_counts(tables.site_searches or ()))
    yield from _origins(reports, document)


def _origins(reports: Reports, document: StatDocument) -> Iterator[Disagreement]:
    tables = document.tables
    in_warehouse = {row.label: row.visits for row in tables.referrer_types}
    types = _counts(reports, Report.REFERRER_TYPES, matomo_tables.referrer_type, _visits)
    mixed = types is not None and in_warehouse.get("ai", 0) > 0 and not types.get("ai", 0)
    yield from _table_difference(
        "visits of type", _mixed(types) if mixed else types, _mixed(in_warehouse) if mixed else in_warehouse
    )
    for what, report, rows in (
        ("visits from website", Report.WEBSITES, tables.websites),
        ("visits from search engine", Report.SEARCH_ENGINES, tables.search_engines),
    ):
        in_matomo = _counts(reports, report, matomo_tables.label_text, _visits)
        yield from _table_difference(
            what, _without_assistants(in_matomo) if mixed else in_matomo, _warehouse_counts(rows)
        )


def _mixed(types: Counts | None) -> Counts | None:
    """The types that an AI assistant may be filed under as one."""
    if types is None:
        return None
    unmixed = {name: count for name, count in types.items() if name not in _FILED_ANYWHERE}
    return unmixed | {_ANYWHERE: sum(types.get(name, 0) for name in _FILED_ANYWHERE)}


def _without_assistants(names: Counts | None) -> Counts | None:
    if names is None:
        return None
    assistants = {one.name for one in referrer_list().assistants}
    return {name: count for name, count in names.items() if name not in assistants and not assistant_of(name)}


def _visits(row: ReportRow) -> int:
    return row.visits


def _counts(
    reports: Reports, report: Report, label: Callable[[ReportRow], str], number: Callable[[ReportRow], int]
) -> Counts | None:
    """A table of Matomo's as names and numbers; None if it is not there, or not all of it."""
    if report not in reports or any(row.rest for row in reports[report]):
        return None
    return {label(row): number(row) for row in reports[report] if number(row)}


def _warehouse_counts(rows: Iterable[VisitRow | SearchRow]) -> Counts | None:
    counts = {row.label: row.searches if isinstance(row, SearchRow) else row.visits for row in rows}
    return None if OTHERS in counts else counts


def _table_difference(what: str, in_matomo: Counts | None, in_warehouse: Counts | None) -> Iterator[Disagreement]:
    """One disagreement for a table: its first name that differs, and how many more do."""
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


_WINDOW = dt.timedelta(days=30)
_ATTEMPTS = 2


def counts(
    matomo: Matomo, root: Path, site: SiteSettings, days: Sequence[dt.date], spared: Collection[dt.date] = ()
) -> Mapping[dt.date, DayReports]:
    """The figures of these days, but for the `spared` ones, and the tables that are held against the warehouse's.

    `root` is what a relative `ca_bundle` starts from.

    Raises:
        StepError: the server does not answer, or does not let the token see the site.
    """
    server = server_of(matomo, root)
    policy = RetryPolicy(attempts=_ATTEMPTS)
    asked = [day for day in days if day not in spared]
    methods = READ if site.answers == "warehouse" else ()
    found: dict[dt.date, DayReports] = {}
    with MatomoClient(server) as client:
        number = site.matomo_id or policy.run(partial(site_id, client, site.url))
        for first, last in _date_windows(asked, spared):
            found |= policy.run(partial(reports, client, number, first, last, methods))
    return {day: found[day] for day in asked}


def _date_windows(days: Sequence[dt.date], spared: Collection[dt.date]) -> Iterator[tuple[dt.date, dt.date]]:
    """The fewest stretches, of a month at most, that hold all days and none of the spared ones."""
    left = sorted(days)
    while left:
        end = min((day for day in spared if day > left[0]), default=dt.date.max)
        last = max(day for day in left if day - left[0] <= _WINDOW and day < end)
        yield left[0], last
        left = [day for day in left if day > last]


@dataclass(frozen=True, slots=True)
class DeliveryEvidence:
    """How many hits of a day were delivered, and how many of them Matomo may lack, refused or not to be sent."""

    hits: int
    lost: int
    disagreements: tuple[Disagreement, ...] = ()


def delivery_evidence(
    site: SiteSettings, history: History, day: dt.date, hits: Sequence[DayPart]
) -> DeliveryEvidence | None:
    """The deliveries of a day's import, and what was delivered of the day's `hits`; None where nothing is."""
    if site.matomo is None:
        return None
    sent = count_delivered_hits(site, history, hits)
    step = StepId(Stage.IMPORT, site.name, day)
    wrong = _of_step(
        deliveries_to_site(site, history, step), history.objects.get(step, ()), _undelivered(site, history, step)
    )
    return DeliveryEvidence(sent.hits, sent.lacking, tuple(wrong))


def unfinished_days(site: SiteSettings, history: History) -> frozenset[dt.date]:
    """The days with hits of deliveries that are not finished: what Matomo counts of them is in between."""
    steps = [step for step in history.deliveries if step.site == site.name]
    opened = [
        step
        for step in steps
        if any(one.status is DeliveryStatus.OPEN for one in deliveries_to_site(site, history, step))
    ]
    parts = (part.day for step in opened for item in history.objects.get(step, ()) for part in item.parts)
    return frozenset({*(step.day for step in opened), *parts})


def _name(loaded: LoadedObject) -> tuple[str, str, str]:
    """What an object has to have in common with what was delivered, so that those are its hits."""
    return loaded.object.key, loaded.object_id, loaded.made_with


def _name_of(item: DeliveredObject) -> tuple[str, str, str]:
    return item.key, item.object_id, item.made_with


def _undelivered(site: SiteSettings, history: History, step: StepId) -> tuple[LoadedObject, ...]:
    """The objects of a step that no delivery covers, nor is their every line in one of another day."""
    sent = sent_texts(site, history)
    covered = (item for one in deliveries_to_site(site, history, step) for item in one.objects)
    return tuple(item for item in undelivered(history.counted(step), covered) if item.text not in sent)


def _of_step(
    deliveries: Sequence[Delivery], loaded: Sequence[LoadedObject], missing: Sequence[LoadedObject]
) -> Iterator[Disagreement]:
    """What disagrees between the objects of a step and its deliveries. Of those `missing`, no delivery has hits."""
    for delivery in deliveries:
        if delivery.status is DeliveryStatus.OPEN:
            yield _open(delivery)
        elif delivery.status is DeliveryStatus.DONE:
            yield from _done(delivery, loaded)
    hits = sum(part.hits for item in missing for part in item.parts)
    if hits:
        files = "1 log file" if len(missing) == 1 else f"{len(missing):,} log files"
        yield Disagreement(f"{hits:,} hits of {files} are not delivered", hits)


def _open(delivery: Delivery) -> Disagreement:
    recorded = sum(batch.hits for batch in delivery.batches if batch.status is BatchStatus.RECORDED)
    what = f"delivery {delivery.number} is not finished: {recorded:,} of {delivery.hits:,} hits are recorded"
    return Disagreement(what, delivery.hits - recorded)


def _done(delivery: Delivery, loaded: Sequence[LoadedObject]) -> Iterator[Disagreement]:
    hits = {_name(item): sum(part.hits for part in item.parts) for item in loaded}
    changed = [one for one in delivery.objects if _name_of(one) not in hits]
    for one in changed:
        yield Disagreement(f"{printable(one.key)} was delivered, and is not what is loaded now")
    if delivery.objects and not changed:
        loaded_hits = sum(hits[_name_of(one)] for one in delivery.objects)
        what = f"delivery {delivery.number} has {{one}} hits, its log files {{other}}"
        yield from differ(what, delivery.hits + delivery.unsendable, loaded_hits)
