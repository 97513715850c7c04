"""The client against the fake Matomo: sending hits, looking them up, site information, reports and invalidation."""

import datetime as dt
from collections.abc import Iterator
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from mtc.matomo.client import MatomoClient, NoRightError, Server, TokenRefusedError
from mtc.matomo.lookup import Probe, Stored, glance, stored
from mtc.matomo.reports import Report, invalidate, reports
from mtc.matomo.sites import Rights, SiteInfo, clock_skew, rights, site_id, site_info, version
from mtc.matomo.tracking import InDoubt, NotRecorded, Recorded, Refused, Short, send
from tests.fake_matomo.faults import Fault
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import SUPER, VIEW, WRITE, Settings

DAY = dt.date(2026, 5, 1)
NOON = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
UTC_ZONE = ZoneInfo("UTC")
PARIS = ZoneInfo("Europe/Paris")
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"


@pytest.fixture
def matomo() -> Iterator[FakeMatomo]:
    with FakeMatomo(Settings()) as fake:
        yield fake
        assert fake.errors == []


def client_of(matomo: FakeMatomo, token: str = SUPER) -> MatomoClient:
    server = Server(matomo.url, SecretStr(token), timeout=5)
    return MatomoClient(server, jobs=2, environ={})


def hit(pv_id: str, time: dt.datetime, site: int = 1, address: int = 1, page: str = "") -> str:
    when = quote(f"{time.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}")
    url = quote(f"http://docs.example.org/{page or pv_id}", safe="")
    tail = f"&cip=198.51.{address // 250}.{address % 250}&cdt={when}&ua={quote(CHROME)}&pv_id={pv_id}"
    return f"?idsite={site}&rec=1&apiv=1&url={url}{tail}"


def batch(name: str, start: dt.datetime = NOON, site: int = 1, count: int = 20) -> list[tuple[str, dt.datetime, str]]:
    """Return hits a minute apart, three for each visitor."""
    made = [(f"{name}{number:04d}", start + dt.timedelta(minutes=number), number // 3 + 1) for number in range(count)]
    return [(pv_id, time, hit(pv_id, time, site, address)) for pv_id, time, address in made]


def probes(hits: list[tuple[str, dt.datetime, str]]) -> list[Probe]:
    return [Probe(pv_id, time) for pv_id, time, _ in hits]


def sent(client: MatomoClient, hits: list[tuple[str, dt.datetime, str]]) -> object:
    return send(client, [request for _, _, request in hits])


def test_the_look_up_finds_only_recorded_hits(matomo: FakeMatomo) -> None:
    """The look-up finds the recorded hits only, also with a token that has write access."""
    hits = batch("aa")
    for token in (SUPER, WRITE):
        client = client_of(matomo, token)
        with client:
            assert isinstance(sent(client, batch(f"{token[0]}x")), Recorded)
            assert stored(client, 1, UTC_ZONE, probes(hits)) == Stored(frozenset())
    with client:
        sent(client, hits)
        assert all(glance(client, 1, UTC_ZONE, [hit]) for hit in probes(hits))
    assert matomo.doubles() == {}


def test_a_look_up_uses_the_day_of_the_sites_time_zone(matomo: FakeMatomo) -> None:
    """Hits just before and after midnight in Paris are looked up on the right day."""
    midnight = dt.datetime(2026, 5, 1, 22, tzinfo=dt.UTC)
    hits = batch("pp", midnight - dt.timedelta(minutes=10), site=2)
    client = client_of(matomo)
    with client:
        sent(client, hits)
        assert all(glance(client, 2, PARIS, [hit]) for hit in probes(hits))
        found = stored(client, 2, PARIS, [*probes(hits), Probe("none", midnight)])
    assert found == Stored(frozenset(pv_id for pv_id, _, _ in hits))


@pytest.mark.parametrize(
    ("fault", "kind", "there"),
    [
        (Fault.COMMIT_THEN_DROP, InDoubt, True),
        (Fault.COMMIT_THEN_BAD_GATEWAY, InDoubt, True),
        (Fault.RESET, InDoubt, False),
        (Fault.CUT, InDoubt, None),
        (Fault.DEADLOCK, InDoubt, None),
        (Fault.DEADLOCK_KEEPS_ALL, InDoubt, True),
        (Fault.DEADLOCK_KEEPS_NONE, InDoubt, False),
        (Fault.DATABASE_DOWN, InDoubt, False),
        (Fault.BAD_GATEWAY, InDoubt, False),
        (Fault.PROXY_PAGE, InDoubt, False),
        (Fault.MAINTENANCE, Refused, False),
        (Fault.TOO_MANY, NotRecorded, False),
        (Fault.SQLSTATE, InDoubt, False),
        (Fault.REDIRECT, Refused, False),
    ],
)
def test_faults_have_their_outcome_and_the_look_up_finds_the_rest(
    matomo: FakeMatomo, fault: Fault, kind: type[object], *, there: bool | None
) -> None:
    """Each fault gives its outcome, and the look-up finds what the server recorded."""
    hits = batch("ff")
    client = client_of(matomo)
    with client:
        matomo.faults.next(fault)
        assert type(sent(client, hits)) is kind
        found = stored(client, 1, UTC_ZONE, probes(hits))
        assert found == Stored(frozenset(hit.pv_id for hit in matomo.hits(1)))
    assert there is None or len(matomo.hits(1)) == (len(hits) if there else 0)


def test_the_look_up_finds_the_lost_hit_of_a_short_batch(matomo: FakeMatomo) -> None:
    """If the server records fewer hits than sent, the look-up shows which one is missing."""
    hits = batch("ss")
    client = client_of(matomo)
    with client:
        matomo.faults.next(Fault.LOCK_WAIT)
        assert sent(client, hits) == Short(len(hits) - 1, 0, ())
        found = stored(client, 1, UTC_ZONE, probes(hits))
    assert found == Stored(frozenset(stored_hit.pv_id for stored_hit in matomo.hits(1)))
    assert len(found.found) == len(hits) - 1


def test_a_view_only_token_is_refused(matomo: FakeMatomo) -> None:
    """A view-only token is refused, although Matomo answers with success and records nothing."""
    client = client_of(matomo, VIEW)
    with client:
        outcome = sent(client, batch("vv"))
    assert isinstance(outcome, Refused)
    assert outcome.invalid == 20
    assert matomo.hits() == []


def test_version_sites_rights_and_clock_skew_are_read(matomo: FakeMatomo) -> None:
    """The client reads the version, sites, rights of the token and clock skew."""
    matomo.clock.skew = 120
    client = client_of(matomo, WRITE)
    with client:
        assert version(client) == "5.1.2"
        assert site_id(client, "https://docs.example.org/") == 1
        shop = SiteInfo(2, "shop", "http://shop.example.org", "Europe/Paris", dt.date(2010, 1, 1))
        assert site_info(client, 2) == shop
        with pytest.raises(NoRightError, match="lacks 'view' access to site 99 of Matomo") as caught:
            site_info(client, 99)
        assert "'view' access to site 99" in caught.value.hint
        every = frozenset({1, 2, 3})
        assert rights(client) == Rights(superuser=False, view=every, write=every)
        skew = clock_skew(client, lambda: dt.datetime.now(dt.UTC))
    assert skew is not None
    assert abs(skew.total_seconds() - 120) < 5
    client = client_of(matomo, VIEW)
    with client:
        assert rights(client).write == frozenset()
    client = client_of(matomo)
    with client:
        assert rights(client).superuser
        assert site_info(client, 99) is None


def test_every_call_reports_a_wrong_token(matomo: FakeMatomo) -> None:
    """Every call raises TokenRefusedError, although Matomo answers with an HTML page."""
    client = client_of(matomo, "e" * 32)
    with client:
        for ask in (rights, version):
            with pytest.raises(TokenRefusedError):
                ask(client)


def test_daily_reports_contain_the_sent_hits(matomo: FakeMatomo) -> None:
    """All known tables are read, for days with and without visits and for a single day."""
    hits = batch("rr")
    client = client_of(matomo)
    with client:
        sent(client, hits)
        assert invalidate(client, 1, [DAY]) == ""
        days = reports(client, 1, DAY - dt.timedelta(days=1), DAY + dt.timedelta(days=1))
        alone = reports(client, 1, DAY, DAY)
    assert [day.summary.visits for day in days.values()] == [0, 7, 0]
    found = days[DAY]
    assert alone == {DAY: found}
    assert found.missing == ()
    assert (found.summary.actions, found.summary.pageviews, found.summary.downloads) == (20, 20, 0)
    assert sum(row.hits for row in found.tables[Report.PAGES]) == 20
    assert sum(row.entries for row in found.tables[Report.ENTRY_PAGES]) == 7
    assert sum(row.exits for row in found.tables[Report.EXIT_PAGES]) == 7
    assert [(row.label, row.visits) for row in found.tables[Report.BROWSERS]] == [("Chrome", 7)]
    assert sum(row.visits for row in found.tables[Report.HOURS]) == 7


def test_invalidation_without_permission_returns_the_reason(matomo: FakeMatomo) -> None:
    """Without super user access, `invalidate` returns the reason and raises no error."""
    client = client_of(matomo, WRITE)
    with client:
        assert "super user" in invalidate(client, 1, [DAY])


def test_a_missing_site_has_no_reports(matomo: FakeMatomo) -> None:
    """Reading the reports of a missing site is an error, not a day of zeros."""
    server = Server(matomo.url, SecretStr(WRITE))
    with MatomoClient(server, environ={}) as client, pytest.raises(NoRightError):
        reports(client, 99, DAY, DAY)
