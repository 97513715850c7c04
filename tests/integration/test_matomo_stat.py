"""Statistics read from Matomo over HTTP, compared with those of the warehouse for the same hits."""

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from memory_recorder import MemoryRecorder
from stat_hits import DAY, Hit, answers, connect, project, rows, settings, stat_step, task, write_part

from mtc.core.errors import PermanentError
from mtc.core.model import Accounting, Part
from mtc.formats.agents import classify
from mtc.formats.settings import HitSettings
from mtc.manifest.project import SiteSettings
from mtc.matomo.settings import Matomo
from mtc.plan.work import StatWork
from mtc.stages.deliver.tracker import MatomoTracker
from mtc.stages.stat.matomo_provider import MatomoStatistics
from mtc.stages.stat.stat_stage import DayResult, NotedDocument, ProviderBySite, StatStage
from mtc.warehouse.stat_document import StatDocument, dumps, loads
from mtc.warehouse.stat_tables import metrics
from mtc.warehouse.statistics import WarehouseStatistics
from tests.fake_matomo.client import NOW, ask_day, hit, send
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import DOCS, SUPER, VIEW, WRITE, Settings, Site

NEXT = DAY + dt.timedelta(days=1)
AFTER = DAY + dt.timedelta(days=2)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
)
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 "
    "Safari/605.1.15"
)
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 "
    "Mobile/15E148 Safari/604.1"
)


@dataclasses.dataclass(frozen=True)
class Seen:
    """A log line, as a warehouse hit and as a tracking request to Matomo."""

    clock: str
    path: str = "/"
    ip: str = "198.51.100.7"
    agent: str = FIREFOX
    referrer: str = ""
    query: str = ""
    download: bool = False
    day: dt.date = DAY

    @property
    def hit(self) -> Hit:
        (agent,) = classify([self.agent])
        return Hit(
            f"{self.day} {self.clock}",
            self.path,
            self.ip,
            agent.browser,
            agent.version,
            agent.os,
            agent.device,
            self.referrer or None,
            self.query or None,
            self.download,
        )

    @property
    def request(self) -> str:
        url = f"http://docs.example.org{self.path}{'?' if self.query else ''}{self.query}"
        more = {"urlref": self.referrer, "cip": self.ip, "ua": self.agent, "cdt": f"{self.day} {self.clock}"}
        return hit(url=url, **more, **({"download": url} if self.download else {}))


LOG = (
    Seen("00:10:00"),
    Seen("00:25:00", "/a", query="x=1&sid=9"),
    Seen("00:55:00", "/a"),  # exactly half an hour later: another visit
    Seen("01:00:00", "/f.pdf", download=True),
    Seen("01:00:07", "/f.pdf", download=True),
    Seen("09:00:00", "/b", "198.51.100.8", CHROME, "https://www.google.de/"),
    Seen("09:29:59", "/c/", "198.51.100.8", CHROME),
    Seen("09:30:00", "/b", "198.51.100.8", CHROME),
    Seen("11:00:00", "/f.pdf", "198.51.100.9", PHONE, "https://news.ycombinator.com/", download=True),
    Seen("12:00:00", "/", "198.51.100.10", SAFARI, "https://blog.example.net/post"),
    Seen("12:00:01", "/", "198.51.100.11", PHONE, "http://docs.example.org/a"),
    Seen("13:00:00", "/a", "198.51.100.12", CHROME, query="utm_campaign=may"),
    Seen("14:00:00", "/", "198.51.100.13", CHROME),  # direct, until the third hit
    Seen("14:01:00", "/find", "198.51.100.13", CHROME, "http://docs.example.org/", "q=green+tea&page=2"),
    Seen("14:02:00", "/a", "198.51.100.13", CHROME, "https://t.co/x"),
    Seen("14:03:00", "/find", "198.51.100.13", CHROME, "https://www.bing.com/search?q=x", "Q=green%20tea"),
    Seen("15:00:00", "/find", "198.51.100.14", PHONE, "https://claude.ai/", "s=caf%C3%A9"),  # no entry page
    Seen("15:01:00", "/b", "198.51.100.14", PHONE),
    Seen("15:02:00", "/f.pdf", "198.51.100.14", PHONE, query="q=x", download=True),
    Seen("08:00:00", "/next", day=AFTER),
)


@pytest.fixture
def matomo() -> Iterator[FakeMatomo]:
    """A server whose clock is frozen at noon on 1 June 2026."""
    with FakeMatomo() as server:
        server.clock.frozen = NOW
        yield server
        assert not server.errors


@contextlib.contextmanager
def matomo_statistics(matomo: FakeMatomo, token: str = SUPER) -> Iterator[MatomoStatistics]:
    tracker = MatomoTracker(
        Matomo.model_validate({"url": matomo.url, "token": token, "name": "stats.example.org"}), Path(), now
    )
    with tracker.client:
        yield MatomoStatistics(tracker)


def now() -> dt.datetime:
    return dt.datetime.fromtimestamp(NOW, dt.UTC)


def site(**changes: int | str | None) -> SiteSettings:
    return dataclasses.replace(settings(), **{"matomo_id": 1, "answers": "matomo", **changes})  # type: ignore[arg-type]


def document_of(answer: DayResult) -> StatDocument:
    document = answer.document if isinstance(answer, NotedDocument) else answer
    assert isinstance(document, StatDocument), document
    return document


def numbers(document: StatDocument, table: str) -> list[tuple[object, ...]]:
    """Return a table's rows without the columns that only the warehouse has."""
    names = ("label", *metrics(table))
    known = [place for place, name in enumerate(names) if name != "bytes"]
    return [tuple(row[place] for place in known) for row in rows(document, table)]


def both(root: Path, matomo: FakeMatomo, log: Sequence[Seen]) -> tuple[list[StatDocument], list[StatDocument]]:
    """Return the documents of the warehouse and of Matomo for the three days of a log."""
    days = (DAY, NEXT, AFTER)
    parts = {day: [write_part(root, [one.hit for one in log if one.day == day], day=day)] for day in days}
    counted = [document_of(answer) for answer in answers(root, parts, site())]
    send(matomo, [one.request for one in sorted(log, key=lambda one: (one.day, one.clock))])
    work = {day: StatWork(tuple(parts[day])) for day in days}
    with matomo_statistics(matomo) as source:
        return counted, [document_of(answer) for answer in source.statistics(site(), work)]


def test_matomo_and_the_warehouse_agree_on_the_same_hits(tmp_path: Path, matomo: FakeMatomo) -> None:
    """All summary figures that Matomo has are equal, for days with and without hits."""
    counted, asked = both(tmp_path, matomo, LOG)
    unknown = {"longest_visit_seconds": None, "bytes": None}
    assert [one.summary.model_dump() for one in asked] == [one.summary.model_dump() | unknown for one in counted]
    assert [(one.site, one.day, one.timezone) for one in asked] == [("docs", day, "UTC") for day in (DAY, NEXT, AFTER)]
    assert {one.source for one in asked} == {"matomo"}
    assert (asked[0].summary.visits, asked[0].summary.actions, asked[0].summary.bounces) == (9, 19, 4)
    assert (asked[0].summary.pageviews, asked[0].summary.downloads, asked[0].summary.searches) == (12, 4, 3)


@pytest.mark.parametrize(
    "table",
    [
        "pages", "entry_pages", "exit_pages", "downloads", "site_searches", "referrer_types", "websites",
        "search_engines", "social_networks", "ai_assistants", "browsers", "operating_systems", "device_types",
    ],
)  # fmt: skip
def test_a_table_of_matomo_equals_that_of_the_warehouse(tmp_path: Path, table: str) -> None:
    """Labels, order and numbers of each table are equal, except for bytes; the server is 5.5, with AI assistants."""
    with FakeMatomo(Settings(version="5.5.0")) as matomo:
        matomo.clock.frozen = NOW
        counted, asked = both(tmp_path, matomo, LOG)
    for mine, theirs in zip(counted, asked, strict=True):
        assert numbers(theirs, table) == numbers(mine, table)
    assert rows(asked[0], table)


def test_a_server_before_5_5_has_no_ai_assistants_table(tmp_path: Path, matomo: FakeMatomo) -> None:
    """Before 5.5, visits from AI assistants are in `websites`, the table is null, and there is no note."""
    counted, (asked, *_) = both(tmp_path, matomo, LOG)
    assert [row[:2] for row in rows(counted[0], "ai_assistants")] == [("Claude", 1)]
    assert asked.tables.ai_assistants is None
    assert ("claude.ai", 1) in [row[:2] for row in rows(asked, "websites")]
    with matomo_statistics(matomo) as source:
        (answer,) = source.statistics(site(), {DAY: StatWork()})
    assert isinstance(answer, StatDocument)


def test_with_searches_disabled_they_count_as_pages(tmp_path: Path) -> None:
    """With search parameters disabled in Matomo and in the manifest, searches count as page views in both."""
    off = dataclasses.replace(DOCS, search_parameters=())
    with FakeMatomo(Settings(sites=(off,))) as matomo:
        matomo.clock.frozen = NOW
        _, (asked, *_) = both(tmp_path, matomo, LOG)
    part = write_part(tmp_path, [one.hit for one in LOG if one.day == DAY], name="off")
    own = dataclasses.replace(site(), hits=HitSettings(search_parameters=()))
    (counted,) = map(document_of, answers(tmp_path, {DAY: [part]}, own))
    assert asked.summary.searches == counted.summary.searches == 0
    assert rows(asked, "site_searches") == rows(counted, "site_searches") == []
    assert numbers(asked, "pages") == numbers(counted, "pages")
    assert "/find?q=green+tea&page=2" in [row[0] for row in rows(asked, "pages")]


def test_hours_and_countries_are_those_of_matomo(tmp_path: Path, matomo: FakeMatomo) -> None:
    """Hours equal those of the warehouse; Matomo has countries, and no report of status codes."""
    counted, asked = both(tmp_path, matomo, LOG)
    for mine, theirs in zip(counted, asked, strict=True):
        assert [row[:3] for row in rows(theirs, "hours")] == [row[:3] for row in rows(mine, "hours")]
        assert theirs.tables.status_codes is None
    assert rows(asked[0], "countries") == [("Unknown", 9, 8, 19, 4, asked[0].summary.total_visit_seconds)]
    assert rows(asked[1], "countries") == []


def test_a_document_records_the_server_the_objects_and_the_lines(tmp_path: Path, matomo: FakeMatomo) -> None:
    """The document has the server, objects and lines; its fingerprint depends on hits, server and site."""
    work = StatWork((Part("docs", DAY, "f", "o", 3), Part("docs", DAY, "g", "p", 1)), Accounting(5, 4, {"bots": 1}))
    with matomo_statistics(matomo) as source:
        (first,) = map(document_of, source.statistics(site(), {DAY: work}))
        (again,) = map(document_of, source.statistics(site(), {DAY: work}))
        (more,) = map(document_of, source.statistics(site(), {DAY: dataclasses.replace(work, parts=work.parts[:1])}))
        (other,) = map(document_of, source.statistics(site(matomo_id=3), {DAY: work}))
    assert (first.inputs.objects, first.inputs.server, first.inputs.server_site) == (2, "stats.example.org", 1)
    assert first.accounting is not None
    assert (first.accounting.lines, first.accounting.filtered) == (5, {"bots": 1})
    assert dumps(first) == dumps(again)
    assert len({one.inputs.fingerprint for one in (first, more, other)}) == 3
    assert loads(dumps(first), "x") == first
    (plain,) = map(document_of, answers(tmp_path, {DAY: [write_part(tmp_path, [])]}))
    assert b'"server' not in dumps(plain)


def test_many_days_take_few_requests(matomo: FakeMatomo) -> None:
    """62 days take eight requests: two for each month, one for the site and one for the invalidation."""
    days = {DAY + dt.timedelta(days=n - 70): StatWork() for n in range(62)}
    with matomo_statistics(matomo) as source:
        found = [document_of(answer).day for answer in source.statistics(site(), days)]
    assert found == list(days)
    assert matomo.posts.calls["API.getBulkRequest"] == 6
    assert matomo.posts.calls["CoreAdminHome.invalidateArchivedReports"] == 1
    assert matomo.posts.calls["SitesManager.getSiteFromId"] == 1


def test_an_outdated_report_is_invalidated(matomo: FakeMatomo) -> None:
    """An outdated report is invalidated with super user access; without it, the document has a note."""
    matomo.clock.frozen = NOW
    today = now().date()
    first, second = (Seen(clock, day=today).request for clock in ("08:00:00", "09:00:00"))
    send(matomo, [first])
    assert ask_day(matomo, "VisitsSummary.get", today.isoformat())["nb_visits"] == 1
    send(matomo, [second])
    with matomo_statistics(matomo, WRITE) as source:
        (stale,) = source.statistics(site(), {today: StatWork()})
    assert isinstance(stale, NotedDocument)
    assert "super user" in stale.notes[0]
    assert stale.document.summary.visits == 1
    with matomo_statistics(matomo) as source:
        (fresh,) = source.statistics(site(), {today: StatWork()})
    assert document_of(fresh).summary.visits == 2
    assert not isinstance(fresh, NotedDocument)


def test_the_stage_uses_the_configured_source_of_each_site(tmp_path: Path, matomo: FakeMatomo) -> None:
    """One site is read from Matomo with a note in its receipt, the other from the warehouse."""
    plan, recorder = project(tmp_path, site(), settings(name="shop")), MemoryRecorder()
    send(matomo, [one.request for one in LOG])
    part = write_part(plan.warehouse, [Hit("08:00:00")], site="shop")
    steps = (stat_step([], lines=12), stat_step([part], site="shop"))
    with matomo_statistics(matomo, WRITE) as source:
        StatStage(plan, connect, ProviderBySite(WarehouseStatistics(plan.warehouse, connect), lambda: source)).run(
            task(*steps), recorder
        )
    found = {step.site: (receipt.figures["visits"], len(receipt.notes)) for step, receipt in recorder.receipts.items()}
    assert found == {"docs": (9, 1), "shop": (1, 0)}
    documents = [loads((plan.stats / name / f"{DAY}.stat").read_bytes(), name) for name in ("docs", "shop")]
    assert [document.source for document in documents] == ["matomo", "warehouse"]


def test_a_view_only_token_can_read_statistics(matomo: FakeMatomo) -> None:
    """View access is enough to read statistics."""
    send(matomo, [one.request for one in LOG])
    with matomo_statistics(matomo, VIEW) as source:
        (answer,) = source.statistics(site(), {DAY: StatWork()})
    assert document_of(answer).summary.visits == 9


def test_a_site_is_found_by_its_url(matomo: FakeMatomo) -> None:
    """Without `matomo_id`, the site is looked up by its URL."""
    with matomo_statistics(matomo) as source:
        (answer,) = source.statistics(site(matomo_id=None, url="http://blog.example.org"), {DAY: StatWork()})
    assert document_of(answer).inputs.server_site == 3


def test_a_missing_site_is_an_error_and_not_zeros(matomo: FakeMatomo) -> None:
    """A missing or inaccessible site is an error with a hint."""
    for token, said in ((SUPER, "no site 99"), (WRITE, "lacks 'view' access to site 99")):
        with matomo_statistics(matomo, token) as source, pytest.raises(PermanentError, match=said) as caught:
            list(source.statistics(site(matomo_id=99), {DAY: StatWork()}))
        assert "matomo_id" in caught.value.hint


def test_a_different_time_zone_is_noted(matomo: FakeMatomo) -> None:
    """A time zone with other hours gives a note; an alias of the same zone does not."""
    with matomo_statistics(matomo) as source:
        (noted,) = source.statistics(site(zone="Europe/Paris"), {DAY: StatWork()})
        (plain,) = source.statistics(site(zone="Etc/UTC"), {DAY: StatWork()})
    assert isinstance(noted, NotedDocument)
    assert "those of UTC, not of Europe/Paris" in noted.notes[0]
    assert isinstance(plain, StatDocument)


def test_hours_are_in_the_time_zone_of_the_site() -> None:
    """A hit at 08:00 UTC is counted at 10 in Paris."""
    paris = Site(1, "docs", DOCS.urls, "Europe/Paris")
    with FakeMatomo(Settings(sites=(paris,))) as matomo, matomo_statistics(matomo) as source:
        send(matomo, [Seen("08:00:00").request])
        (answer,) = source.statistics(site(zone="Europe/Paris"), {DAY: StatWork()})
    assert [row[0] for row in rows(document_of(answer), "hours") if row[1]] == ["10"]


def test_a_truncated_table_ends_with_a_row_of_the_others(tmp_path: Path) -> None:
    """A table that Matomo truncates ends with a row of the others, and its sums stay the same."""
    log = [Seen("10:00:00", f"/{number}", f"198.51.100.{number}") for number in range(1, 12)]
    with FakeMatomo(Settings(row_limit=5)) as matomo:
        counted, asked = both(tmp_path, matomo, log)
    mine, theirs = counted[0].tables.pages, asked[0].tables.pages
    assert theirs[-1].label == "Others"
    assert [row.label for row in theirs[:-1]] == ["/1", "/10", "/11", "/2"]
    assert sum(row.views for row in theirs) == sum(row.views for row in mine) == 11
