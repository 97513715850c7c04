"""The fake Matomo's API: what is found by a look-up, what the reports count, when they are stale, who may ask what."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fake_matomo.client import DAY, FORM_TYPE, NOW, ask, ask_day, hit, post, send, send_and_see
from tests.fake_matomo.faults import Fault, Place
from tests.fake_matomo.hits import moment
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import SUPER, VIEW, WRITE, Role, Settings, Token


@pytest.fixture
def matomo() -> Iterator[FakeMatomo]:
    """A server on the 1st of June 2026, at noon."""
    with FakeMatomo() as server:
        server.clock.frozen = NOW
        yield server
        assert not server.errors


def test_live_finds_a_hit_near_its_time(matomo: FakeMatomo) -> None:
    """`minTimestamp` leaves visits that went on after it; order, limit and offset page through them."""
    send(
        matomo,
        [hit(f"{hour:02}:00:00", pv_id=f"pv{hour:04}", download="http://docs.example.org/a.zip") for hour in range(8)],
    )
    after = (moment(f"{DAY} 03:00:00") or 0) - 1
    found = ask_day(matomo, "Live.getLastVisitsDetails", minTimestamp=after, filter_sort_order="asc", filter_limit=2)
    assert [visit["actionDetails"][0]["idpageview"] for visit in found] == ["pv0003", "pv0004"]
    action = found[0]["actionDetails"][0]
    assert (action["type"], action["url"], action["timestamp"]) == (
        "download",
        "http://docs.example.org/a.zip",
        after + 1,
    )
    assert found[0]["firstActionTimestamp"] == found[0]["lastActionTimestamp"] == after + 1
    assert found[0]["visitIp"] == "198.51.0.0"
    last = ask_day(matomo, "Live.getLastVisitsDetails", filter_limit=1, filter_offset=1)
    assert last[0]["actionDetails"][0]["idpageview"] == "pv0006"


def test_live_lists_five_hundred_actions_of_a_visit(matomo: FakeMatomo) -> None:
    """The rest is counted and not listed."""
    send(matomo, [hit(pv_id=f"p{number:05}") for number in range(520)])
    visit = ask_day(matomo, "Live.getLastVisitsDetails")[0]
    assert (visit["actions"], len(visit["actionDetails"])) == (520, 500)


def fill(matomo: FakeMatomo) -> None:
    """Three visits: two of one action, one of two pages and a download that came from a search engine."""
    search = {"cip": "198.51.100.9", "urlref": "https://www.google.de/"}
    send(matomo, [hit("08:00:00"), hit("10:00:00", url="http://docs.example.org/a?x=1&utm_source=n&sid=2")])
    send(matomo, [hit("11:00:00", **search), hit("11:05:00", **search, url="http://docs.example.org/b")])
    send(matomo, [hit("11:06:00", **search, download="http://docs.example.org/f.pdf")])


def test_summaries_add_up(matomo: FakeMatomo) -> None:
    """Visits, actions, bounces, lengths, with the names and kinds of a real reply."""
    fill(matomo)
    assert ask_day(matomo, "VisitsSummary.get") == {
        "nb_uniq_visitors": 3, "nb_users": 0, "nb_visits": 3, "nb_actions": 5, "nb_visits_converted": 0,
        "bounce_count": 2, "sum_visit_length": 361, "max_actions": 3, "bounce_rate": "67%",
        "nb_actions_per_visit": 1.7, "avg_time_on_site": 120,
    }  # fmt: skip
    actions = ask_day(matomo, "Actions.get")
    assert (actions["nb_pageviews"], actions["nb_downloads"]) == (4, 1)


def labels(rows: list[dict[str, Any]], number: str = "nb_visits") -> dict[str, Any]:
    """Labels with one of their numbers."""
    return {row["label"]: row[number] for row in rows if row[number]}


def test_tables_count_visits_by_what_they_have_in_common(matomo: FakeMatomo) -> None:
    """Every table has the labels of a real one; some numbers are texts."""
    fill(matomo)
    assert labels(ask_day(matomo, "Actions.getPageUrls", flat=1), "nb_hits") == {"/": 2, "/a?x=1": 1, "/b": 1}
    assert labels(ask_day(matomo, "Actions.getEntryPageUrls", flat=1), "entry_nb_visits") == {"/": "2", "/a?x=1": "1"}
    assert labels(ask_day(matomo, "Actions.getExitPageUrls", flat=1), "exit_nb_visits") == {
        "/": "1", "/a?x=1": "1", "/b": "1",
    }  # fmt: skip
    assert labels(ask_day(matomo, "Actions.getDownloads", flat=1)) == {"docs.example.org/f.pdf": 1}
    assert labels(ask_day(matomo, "Referrers.getReferrerType")) == {
        "Direct Entry": 1,
        "Search Engines": 1,
        "Campaigns": 1,
    }
    assert labels(ask_day(matomo, "Referrers.getSearchEngines"), "nb_actions") == {"Google": 3}
    assert ask_day(matomo, "Referrers.getWebsites") == []
    assert labels(ask_day(matomo, "DevicesDetection.getBrowsers"), "nb_actions") == {"Chrome": "5"}
    assert labels(ask_day(matomo, "DevicesDetection.getOsFamilies"), "sum_visit_length") == {"Windows": "361"}
    assert labels(ask_day(matomo, "DevicesDetection.getType")) == {"Desktop": 3}
    assert labels(ask_day(matomo, "UserCountry.getCountry")) == {"Unknown": 3}
    hours = ask_day(matomo, "VisitTime.getVisitInformationPerServerTime")
    assert (len(hours), labels(hours)) == (24, {"08": 1, "10": 1, "11": 1})


def test_ranges_are_objects_of_days_and_empty_days_empty_lists(matomo: FakeMatomo) -> None:
    """A single empty day is zeros in a summary and no rows in a table."""
    fill(matomo)
    summary = ask_day(matomo, "VisitsSummary.get", "2026-04-30,2026-05-02")
    assert list(summary) == ["2026-04-30", DAY, "2026-05-02"]
    assert (summary["2026-04-30"], summary[DAY]["nb_visits"]) == ([], 3)
    assert ask_day(matomo, "VisitsSummary.get", "2026-04-30")["nb_visits"] == 0
    assert ask_day(matomo, "DevicesDetection.getType", "2026-04-30") == []
    assert len(ask_day(matomo, "Actions.getPageUrls", f"{DAY},{DAY}", flat=1)[DAY]) == 3


def test_tables_are_cut_and_the_rest_is_summed_up(matomo: FakeMatomo) -> None:
    """100 rows unless asked otherwise; never more than 500, the last of which sums up the others."""
    send(matomo, [hit(url=f"http://docs.example.org/{number}", cip=f"10.0.{number % 250}.1") for number in range(510)])
    assert len(ask_day(matomo, "Actions.getPageUrls", flat=1)) == 100
    rows = ask_day(matomo, "Actions.getPageUrls", flat=1, filter_limit=-1)
    assert (len(rows), rows[-1]["label"], rows[-1]["nb_hits"]) == (500, "Others", 11)
    assert "url" not in rows[-1]


def visits_of(matomo: FakeMatomo) -> int:
    """The number of visits that the report tells."""
    return int(ask_day(matomo, "VisitsSummary.get")["nb_visits"])


def test_a_report_read_while_a_bulk_is_under_way_stays_wrong(matomo: FakeMatomo) -> None:
    """Tracking marks a past day, a read clears the mark; a commit after that is not seen until invalidated."""
    send(matomo, [hit(cip="198.51.100.1")])
    assert visits_of(matomo) == 1
    send(matomo, [hit(cip="198.51.100.2")])
    assert visits_of(matomo) == 2
    matomo.faults.next(Fault.DROP_THEN_COMMIT, seconds=0.2)
    send_and_see(matomo, [hit(cip="198.51.100.3")])
    assert visits_of(matomo) == 2
    matomo.settle()
    assert (visits_of(matomo), len(matomo.visits())) == (2, 3)
    told = ask(matomo, "CoreAdminHome.invalidateArchivedReports", idSites=1, dates=DAY)
    assert told == [f"Success. The following dates were invalidated successfully: {DAY}"]
    assert visits_of(matomo) == 3


def test_reports_of_today_are_kept_for_a_while(matomo: FakeMatomo) -> None:
    """Today's reports are made again after 900 s, and once the day is over."""
    for number, (later, seen) in enumerate([(0, 1), (10, 1), (901, 3), (902, 3), (86400, 4)]):
        send(matomo, [hit(without="cdt", cip=f"198.51.100.{number}")] if number < 4 else [hit()])
        matomo.clock.frozen = NOW + later
        assert ask_day(matomo, "VisitsSummary.get", "2026-06-01")["nb_visits"] == seen


def test_rights_decide_what_is_told() -> None:
    """No token: JSON 401; a wrong one: HTML 401; no right: HTTP 200 with an error that may hide the method."""
    tokens = (
        Token(VIEW, Role.VIEW, frozenset({1})),
        Token(SUPER, Role.SUPER),
        Token(WRITE, Role.WRITE, frozenset({2})),
    )
    with FakeMatomo(Settings(tokens=tokens)) as matomo:
        none = post(matomo, "/index.php", b"module=API&method=API.getMatomoVersion&format=JSON", FORM_TYPE)
        wrong = post(matomo, "/", b"module=API&method=X.y&format=JSON&token_auth=x", FORM_TYPE)
        assert (none.status, none.json["result"], wrong.status, wrong.type) == (401, "error", 401, "text/html")
        assert ask(matomo, "API.getMatomoVersion", VIEW) == {"value": "5.1.2"}
        assert "view" in ask(matomo, "SitesManager.getSiteFromId", VIEW, idSite=2)["message"]
        assert "'99'" in ask(matomo, "SitesManager.getSiteFromId", idSite=99)["message"]
        for method in ("SitesManager.getAllSites", "CoreAdminHome.invalidateArchivedReports"):
            assert "does not exist or is not available" in ask(matomo, method, WRITE)["message"]
        assert ask(matomo, "SitesManager.getSitesIdWithAtLeastViewAccess", VIEW) == [1]
        assert ask(matomo, "SitesManager.getSitesIdWithWriteAccess", WRITE) == [2]
        assert ask(matomo, "SitesManager.getSitesIdWithAdminAccess") == [1, 2, 3]
        assert [ask(matomo, "UsersManager.hasSuperUserAccess", token)["value"] for token in (SUPER, VIEW)] == [
            True,
            False,
        ]


def test_sites_are_found_by_their_addresses(matomo: FakeMatomo) -> None:
    """A bare host will do, and a view token; a site that is not there gives an empty list."""
    for url in ("docs.example.org", "http://docs.example.org/", "https://www.docs.example.org"):
        assert ask(matomo, "SitesManager.getSitesIdFromSiteUrl", VIEW, url=url) == [{"idsite": 1}]
    assert ask(matomo, "SitesManager.getSitesIdFromSiteUrl", VIEW, url="other.example.org") == []
    assert ask(matomo, "SitesManager.getSiteFromId", VIEW, idSite=2)["timezone"] == "Europe/Paris"
    assert [site["idsite"] for site in ask(matomo, "SitesManager.getAllSites")] == [1, 2, 3]


def test_several_calls_come_back_in_order_with_errors_in_place(matomo: FakeMatomo) -> None:
    """`API.getBulkRequest` shares the token only."""
    fill(matomo)
    day = f"period=day&date={DAY}"
    urls = [
        f"method=VisitsSummary.get&idSite=1&{day}",
        f"method=Actions.get&idSite=99&{day}",
        "method=API.getMatomoVersion",
    ]
    found = ask(matomo, "API.getBulkRequest", **{f"urls[{place}]": url for place, url in enumerate(urls)})
    assert [found[0]["nb_visits"], found[1]["result"], found[2]["value"]] == [3, "error", "5.1.2"]
    assert matomo.posts.calls["VisitsSummary.get"] == 1


def test_reports_have_faults_of_their_own(matomo: FakeMatomo) -> None:
    """A fault for reports does not touch tracking."""
    matomo.faults.next(Fault.GATEWAY_TIMEOUT, on=Place.REPORTS)
    assert send(matomo, [hit()]).status == 200
    assert post(matomo, "/index.php", b"", FORM_TYPE).status == 504
    assert ask(matomo, "API.getMatomoVersion")["value"]
