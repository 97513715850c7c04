"""Reports of days: the requests, and the conversion of Matomo's various figures to numbers."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr
from scripted_http import Answer, Asked, Scripted, as_json, html, in_turn, running

from mtc.matomo.client import MatomoClient, NotMatomoError, Server, ServerBusyError, UnknownSiteError
from mtc.matomo.reports import DayReports, Report, ReportRow, ReportSummary, invalidate, number, reports

FIRST, LAST = dt.date(2026, 11, 19), dt.date(2026, 11, 21)
VISITS = {"nb_uniq_visitors": 5, "nb_visits": 6, "nb_actions": "17", "bounce_count": 2, "sum_visit_length": 190.0,
          "max_actions": 4, "bounce_rate": "33%"}  # fmt: skip
ACTIONS = {"nb_pageviews": 15, "nb_uniq_pageviews": 12, "nb_downloads": "2", "nb_uniq_downloads": 1}
SUMMARY = ReportSummary(6, 5, 17, 2, 190, 4, 15, 12, 2, 1)


@contextmanager
def client_for(answer: Callable[[Asked], Answer]) -> Iterator[tuple[MatomoClient, Scripted]]:
    with running(answer) as script:
        server = Server(script.url, SecretStr("0123456789abcdef"), timeout=5)
        with MatomoClient(server, environ={}) as client:
            yield client, script


def error(message: str) -> dict[str, str]:
    return {"result": "error", "message": message}


def by_day(value: object) -> dict[str, object]:
    return {"2026-11-19": [], "2026-11-20": value, "2026-11-21": []}


def test_a_range_of_days_is_one_request_for_all_reports() -> None:
    """All rows of every table are requested, trees in flat form; a day without visits has zeros."""
    page = {"label": "/", "nb_visits": 4, "nb_hits": 7, "entry_nb_visits": "3", "exit_nb_visits": "2",
            "entry_bounce_count": "1", "bounce_rate": "18%", "url": "http://docs.example.org/"}  # fmt: skip
    country = {"label": "France", "nb_visits": 6, "nb_uniq_visitors": 5, "nb_actions": "17", "bounce_count": "2",
               "sum_visit_length": "190", "code": "fr", "max_actions": 4}  # fmt: skip
    told = as_json([by_day(VISITS), by_day(ACTIONS), by_day([page]), by_day([country])])
    with client_for(in_turn(told)) as (client, script):
        found = reports(client, 1, FIRST, LAST, [Report.PAGES, Report.COUNTRIES])
    assert list(found) == [dt.date(2026, 11, day) for day in (19, 20, 21)]
    assert found[FIRST] == DayReports(FIRST, ReportSummary(), {Report.PAGES: (), Report.COUNTRIES: ()})
    assert found[dt.date(2026, 11, 20)].summary == SUMMARY
    assert found[dt.date(2026, 11, 20)].tables == {
        Report.PAGES: (ReportRow("/", "http://docs.example.org/", "", 4, 0, 7, 0, 3, 2, 1),),
        Report.COUNTRIES: (ReportRow("France", "", "fr", 6, 5, 0, 17, bounces=2, seconds=190, max_actions=4),),
    }
    form = script.asked[0].form
    assert form["method"] == "API.getBulkRequest"
    usual = "idSite=1&period=day&date=2026-11-19%2C2026-11-21&filter_limit=-1"
    assert form["urls[0]"] == f"method=VisitsSummary.get&{usual}&language=en"
    assert form["urls[2]"] == f"method=Actions.getPageUrls&{usual}&flat=1&language=en"
    assert form["urls[3]"] == f"method=UserCountry.getCountry&{usual}&language=en"


@pytest.mark.parametrize("shape", [lambda value: value, lambda value: {"2026-11-19": value}], ids=["bare", "by day"])
def test_a_single_day_may_be_answered_with_or_without_its_date(shape: Callable[[object], object]) -> None:
    """It is requested as a range of one day; both forms are accepted."""
    told = as_json([shape(VISITS), shape(ACTIONS), shape([{"label": "/"}])])
    with client_for(in_turn(told)) as (client, _):
        found = reports(client, 1, FIRST, FIRST, [Report.PAGES])
    assert found == {FIRST: DayReports(FIRST, SUMMARY, {Report.PAGES: (ReportRow("/"),)})}


def test_a_long_range_is_requested_month_by_month() -> None:
    """Answers fit into memory."""
    last = FIRST + dt.timedelta(days=39)
    with client_for(lambda _: as_json([[], []])) as (client, script):
        found = reports(client, 1, FIRST, last, [])
    assert len(found) == 40
    assert all(one.summary == ReportSummary() for one in found.values())
    assert [asked.form["urls[0]"].partition("date=")[2][:23] for asked in script.asked] == [
        "2026-11-19%2C2026-12-19",
        "2026-12-20%2C2026-12-28",
    ]


def test_the_table_of_a_disabled_plugin_is_missing_and_others_are_read() -> None:
    """The summary must be present; any other error stops."""
    off = error("The method 'getCountry' does not exist or is not available in the module 'UserCountry'.")
    told = as_json([by_day(VISITS), by_day(ACTIONS), off])
    with client_for(in_turn(told)) as (client, _):
        found = reports(client, 1, FIRST, LAST, [Report.COUNTRIES])
    assert found[FIRST].missing == (Report.COUNTRIES,)
    assert found[FIRST].tables == {}


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([error("website id was set to '99'"), [], []], UnknownSiteError),
        ([[], [], error("SQLSTATE: gone away")], ServerBusyError),
        ([[], [], {"label": "x"}], NotMatomoError),
        ([[], [], by_day({"label": "x"})], NotMatomoError),
        ([[], [], by_day([1])], NotMatomoError),
        ([by_day([1]), [], []], NotMatomoError),
        ([by_day({"nb_visits": "many"}), [], []], NotMatomoError),
        ([by_day({"nb_visits": -1}), [], []], NotMatomoError),
    ],
)
def test_an_invalid_report_is_an_error_and_not_a_day_without_visits(answers: object, kind: type[Exception]) -> None:
    """Zeros are used only for answers of Matomo that mean no visits."""
    with client_for(in_turn(as_json(answers))) as (client, _), pytest.raises(kind):
        reports(client, 1, FIRST, LAST, [Report.PAGES])


def test_the_row_that_sums_up_the_rest_is_marked() -> None:
    """Matomo keeps 500 rows of a table; the last one is not a page."""
    rows = [{"label": "/Others", "segment": "x", "nb_hits": 2}, {"label": "Others", "nb_hits": "40"}]
    told = as_json([[], [], by_day(rows)])
    with client_for(in_turn(told)) as (client, _):
        found = reports(client, 1, FIRST, LAST, [Report.PAGES])
    table = found[dt.date(2026, 11, 20)].tables[Report.PAGES]
    assert [(row.label, row.hits, row.rest) for row in table] == [("/Others", 2, False), ("Others", 40, True)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(4, 4), (4.0, 4), ("4", 4), ("20%", 20), ("2.8", 2.8), ("4s", 4), ("", 0), (None, 0), (False, 0)],
)
def test_figures_may_have_several_forms(value: object, expected: float) -> None:
    """They are numbers or strings, depending on the method."""
    assert number(value) == expected


@pytest.mark.parametrize("value", ["x", "nan", "inf", -1, 1e300, [], {}, "1" * 5000, 10**400])
def test_invalid_figures_are_an_error(value: object) -> None:
    """The content of a report is untrusted."""
    with pytest.raises(NotMatomoError, match="not a number"):
        number(value)


def test_days_are_invalidated() -> None:
    """Each day is sent once, in order and without a period, so that weeks and months are computed again too."""
    told = as_json(["Success. The following dates were invalidated successfully: 2026-11-19, 2026-11-21"])
    with client_for(in_turn(told)) as (client, script):
        assert invalidate(client, 7, [LAST, FIRST, LAST]) == ""
        assert invalidate(client, 7, []) == ""
    form = script.asked[0].form
    assert len(script.asked) == 1
    assert form["method"] == "CoreAdminHome.invalidateArchivedReports"
    assert (form["idSites"], form["dates"]) == ("7", "2026-11-19,2026-11-21")
    assert "period" not in form


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (error("The method 'x' does not exist or is not available in the module 'y'."), "super user"),
        (error("No valid site"), "No valid site"),
        (["Warning: 2026-11-19 is older than the logs that are kept"], "older than the logs"),
    ],
)
def test_the_reason_for_a_failed_invalidation_is_in_the_receipt(answer: object, words: str) -> None:
    """The failure does not stop the delivery."""
    with client_for(in_turn(as_json(answer))) as (client, _):
        assert words in invalidate(client, 1, [FIRST])


def test_an_invalidation_is_retried_when_the_server_is_busy() -> None:
    """A busy server is no reason to keep old reports."""
    with client_for(in_turn(html("", 503))) as (client, _), pytest.raises(ServerBusyError):
        invalidate(client, 1, [FIRST])
