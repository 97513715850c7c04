"""Each comparison of `verify` on its own, without a project: what agrees, and which differences are reported."""

import datetime as dt
from typing import Any

import pytest
from pydantic import SecretStr

from mtc.core.deliveries import Cut, DeliveredObject, Delivery, DeliveryStatus
from mtc.core.findings import DayNumbers, DayVerified, Disagreement, Verified
from mtc.core.model import Accounting, LoadedObject, Part, SourceObject, Stage, Status, StepId
from mtc.core.records import History, StepRecord
from mtc.formats.settings import Filters
from mtc.manifest.models import Source
from mtc.manifest.project import SiteSettings
from mtc.matomo.reports import ReportSummary
from mtc.matomo.settings import Matomo
from mtc.plan.stat_inputs import PartsByDay
from mtc.report.check_text import verify_json, verify_text
from mtc.verify.chain import DayEvidence, compare
from mtc.verify.evidence import DeliveryEvidence, ImportEvidence, StatEvidence, delivery_evidence, import_evidence
from mtc.warehouse.stat_document import Inputs, LineAccounting, StatDocument, Summary
from mtc.warehouse.stat_tables import Tables

DAY = dt.date(2026, 5, 1)
NEXT = dt.date(2026, 5, 2)
STEP = StepId(Stage.IMPORT, "docs", DAY)
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
MATOMO = Matomo(url="https://stats.example.org", token=SecretStr("t"))
SITE = SiteSettings("docs", "", "UTC", Source(url="x"), None, Filters(), 1, matomo=MATOMO)


def loaded(key: str = "a.log", *, hits: int = 3, next_day: int = 0, parts: int | None = None) -> LoadedObject:
    """Return an object with hits of one or two days; `parts` is the number of hits that its part declares."""
    mine = [Part("docs", DAY, f"{key}-1", key, hits if parts is None else parts)]
    mine += [Part("docs", NEXT, f"{key}-2", key, next_day)] if next_day else []
    account = Accounting(hits + next_day + 1, hits + next_day, {"static": 1})
    return LoadedObject(SourceObject(key, 1), key, "", "combined", account, tuple(mine), made_with="m")


def record(account: Accounting | None, status: Status = Status.DONE) -> StepRecord:
    return StepRecord(STEP, status, accounting=account)


def delivery(*objects: LoadedObject, hits: int, **more: Any) -> Delivery:
    covered = tuple(DeliveredObject.of(item) for item in objects)
    values = {"status": DeliveryStatus.DONE, **more}
    return Delivery(1, "stats.example.org", 1, Cut("u", 1, 5, NOW), covered, hits, **values)


def terminal(
    site: SiteSettings, objects: tuple[LoadedObject, ...], *made: Delivery, day: dt.date = DAY
) -> DeliveryEvidence | None:
    history = History(objects={STEP: objects}, deliveries={STEP: made})
    return delivery_evidence(site, history, day, PartsByDay("docs", history).by_day.get(day, ()))


def words(found: DeliveryEvidence | ImportEvidence | None) -> list[tuple[str, int | None]]:
    assert found is not None
    return [(one.what, one.by) for one in found.disagreements]


def test_every_line_is_accounted_for_in_the_import_and_in_each_object() -> None:
    """Lines equal hits, filtered and rejected lines; sums of the objects and of their parts are equal."""
    good = (loaded("a"), loaded("b", hits=2, next_day=2))
    assert import_evidence(record(Accounting(9, 7, {"static": 2})), good) == ImportEvidence(
        Accounting(9, 7, {"static": 2})
    )
    assert words(import_evidence(record(Accounting(10, 8, {"static": 1}, {"bad": 2})), good)) == [
        ("the import has 10 lines, and says where 11 of them went", 1),
        ("the import has 10 lines, its log files 9", 1),
        ("the import has 8 hits, its log files 7", 1),
        ("the import has 1 lines filtered, its log files 2", 1),
        ("the import has 2 lines rejected, its log files 0", 2),
    ]
    braces = loaded("{b}", parts=5)
    assert words(import_evidence(record(braces.accounting), (braces,))) == [("{b} has 3 hits, its parts 5", 2)]


@pytest.mark.parametrize(
    ("status", "notes", "failed"),
    [
        (Status.DONE, (), False),
        (Status.PLANNED, ("not imported",), False),
        (Status.FAILED, ("the import failed",), True),
        (Status.BLOCKED, ("the import is blocked",), True),
        (Status.RUNNING, ("the import is running",), False),
    ],
)
def test_an_unfinished_import_is_noted(status: Status, notes: tuple[str, ...], failed: bool) -> None:  # noqa: FBT001
    """An unfinished import has nothing to compare, and its status is noted."""
    assert import_evidence(record(None, status), ()) == ImportEvidence(None, (), notes, failed)


def test_the_delivered_hits_of_a_day_come_from_all_deliveries_of_its_objects() -> None:
    """A delivery covers an import step, which can have hits of several days."""
    item = loaded(hits=3, next_day=2)
    whole = delivery(item, hits=5)
    assert terminal(SITE, (item,), whole) == DeliveryEvidence(3, 0)
    assert terminal(SITE, (item,), whole, day=NEXT) == DeliveryEvidence(2, 0)
    assert terminal(SiteSettings("docs", "", "UTC", SITE.source, None, Filters()), (item,), whole) is None


def test_refused_and_unsent_hits_may_be_missing_in_matomo() -> None:
    """The day of refused and unsendable hits is not recorded, so they may be missing on any day."""
    item = loaded(hits=3, next_day=2)
    assert terminal(SITE, (item,), delivery(item, hits=4, unsendable=1, invalid=2)) == DeliveryEvidence(3, 3)


def test_a_delivery_has_the_hits_of_its_objects() -> None:
    """Sent and unsendable hits together equal the hits of the objects."""
    item = loaded(hits=3)
    assert words(terminal(SITE, (item,), delivery(item, hits=5))) == [("delivery 1 has 5 hits, its log files 3", 2)]


def test_loaded_objects_must_be_the_delivered_ones() -> None:
    """Loaded objects must be the delivered ones; deliveries to another server or site do not count."""
    item, other = loaded(), loaded("b.log")
    assert words(terminal(SITE, (item,), delivery(other, hits=3))) == [
        ("b.log was delivered, and is not what is loaded now", None),
        ("3 hits of 1 log file are not delivered", 3),
    ]
    elsewhere = SiteSettings("docs", "", "UTC", SITE.source, None, Filters(), 2, matomo=MATOMO)
    assert words(terminal(elsewhere, (item,), delivery(item, hits=3))) == [
        ("3 hits of 1 log file are not delivered", 3)
    ]


def test_a_delivery_that_was_given_up_is_ignored() -> None:
    """A delivery that was given up is not compared."""
    item = loaded()
    given_up = delivery(hits=9, status=DeliveryStatus.GIVEN_UP)
    assert terminal(SITE, (item,), given_up, delivery(item, hits=3)) == DeliveryEvidence(3, 0)


def stat(source: Any, visits: int, actions: int) -> StatEvidence:
    summary = Summary.of(visits=visits, pageviews=actions)
    document = StatDocument(
        site="docs",
        day=DAY,
        timezone="UTC",
        source=source,
        generator="mtc",
        inputs=Inputs(objects=1, fingerprint=""),
        summary=summary,
        tables=Tables.model_construct(),
        accounting=LineAccounting.of(Accounting(4, 3, {"static": 1})),
    )
    return StatEvidence(document)


def chain(
    found: StatEvidence, *, counted: ReportSummary | None = None, sent: DeliveryEvidence | None = None
) -> DayVerified:
    account = ImportEvidence(Accounting(4, 3, {"static": 1}))
    return compare(DayEvidence("docs", DAY, account, 3, (), sent, counted, found, None, None))


def test_a_stat_file_from_matomo_equals_its_current_reports() -> None:
    """A `.stat` file read from Matomo is compared with Matomo's current reports."""
    own = stat("matomo", 2, 3)
    assert chain(own, counted=ReportSummary(visits=2, actions=3), sent=DeliveryEvidence(3, 0)).disagreements == ()
    later = chain(own, counted=ReportSummary(visits=3, actions=5), sent=DeliveryEvidence(3, 0))
    assert later.disagreements == (
        Disagreement("more than delivered: Matomo counts 5 actions of 3 hits (sent twice, or others track)", 2),
        Disagreement("the .stat has 3 actions, Matomo 5", 2),
        Disagreement("the .stat has 2 visits, Matomo 3", 1),
    )


def test_only_refused_hits_may_be_missing_in_matomo() -> None:
    """Refused hits may be missing in Matomo; only a larger difference is reported."""
    own = stat("warehouse", 2, 3)
    assert chain(own, counted=ReportSummary(visits=1, actions=2), sent=DeliveryEvidence(3, 1)).disagreements == ()
    assert chain(own, counted=ReportSummary(visits=1, actions=1), sent=DeliveryEvidence(3, 1)).disagreements == (
        Disagreement("Matomo counts 1 actions, of 3 hits delivered (and 1 refused or not sent)", 1),
    )


def test_a_day_without_a_stat_file_is_noted() -> None:
    """A day whose stat step has not run is noted, and has no disagreement."""
    day = chain(StatEvidence(None))
    assert (day.disagreements, day.notes) == ((), ("no .stat file yet",))


def test_the_table_has_a_row_for_each_day_and_escapes_control_characters() -> None:
    """A row ends with ok, its note or its first disagreement; control characters are escaped."""
    bad = (Disagreement("a\x1b[31m.log has 3 hits", 2), Disagreement("more"))
    days = (
        DayVerified("docs", DAY, DayNumbers(lines=1234, hits=3)),
        DayVerified("docs", NEXT, DayNumbers(), bad),
        DayVerified("shop", DAY, DayNumbers(), (), ("not imported",)),
    )
    text = verify_text(Verified(days, ("summary.csv: \x1b[2J damaged",)))
    assert text.splitlines() == [
        "site  day         lines  hits  of the day  .stat  CSV  .stat visits",
        "docs  2026-05-01  1,234     -           3      -    -             -  ok",
        r"docs  2026-05-02      -     -           -      -    -             -  a\x1b[31m.log has 3 hits (and 1 more)",
        "shop  2026-05-01      -     -           -      -    -             -  not imported",
        "",
        r"not verified: summary.csv: \x1b[2J damaged",
        "3 days checked: 1 with differences",
    ]
    assert "\x1b" not in verify_json(Verified(days))
