"""Statistics from a Matomo that does not answer well: which days fail, with what, and what is asked after that."""

import contextlib
import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from scripted_http import Answer as Reply
from scripted_http import Asked, Scripted, as_json, running
from stat_hits import DAY, settings

from mtc.core.errors import PermanentError, TransientError
from mtc.core.model import Part
from mtc.matomo.client import ServerBusyError, TokenRefusedError
from mtc.matomo.settings import Matomo
from mtc.plan.work import StatWork
from mtc.stages.deliver.tracker import MatomoTracker
from mtc.stages.stat.matomo_provider import WINDOW_HITS, MatomoStatistics
from mtc.stages.stat.stat_stage import DayResult, NotedDocument
from mtc.warehouse.stat_document import StatDocument
from mtc.warehouse.statistics import DayFailure
from tests.fake_matomo.faults import Fault, Place
from tests.fake_matomo.server import FakeMatomo

TOKEN = "0123456789abcdef0123456789abcdef"
SITE = dataclasses.replace(settings(), matomo_id=1, answers="matomo")
DAYS = {DAY + dt.timedelta(days=n): StatWork() for n in range(8)}
CREATED = DAY + dt.timedelta(days=2)
OFF = "The method 'getSocials' does not exist or is not available in the module 'Referrers'."

Report = Callable[[str, dt.date], object]
"""What a report says of a day, by its method: rows, figures, or an error of the whole answer."""


def nothing(_method: str, _day: dt.date) -> object:
    return []


def error(message: str) -> dict[str, str]:
    return {"result": "error", "message": message}


def server(report: Report) -> Callable[[Asked], Reply]:
    """A server whose reports are told by `report`; an error of a day is that of every range it is in."""

    def answer(asked: Asked) -> Reply:
        form = asked.form
        if form["method"] == "SitesManager.getSiteFromId":
            site = {"idsite": 1, "name": "docs", "main_url": "http://docs.example.org", "timezone": "UTC"}
            return as_json([{**site, "ts_created": f"{CREATED} 10:00:00"}])
        if form["method"] == "CoreAdminHome.invalidateArchivedReports":
            return as_json(["Success. The following dates were invalidated successfully: all"])
        calls = [parse_qs(form[name]) for name in sorted(form, key=_place) if name.startswith("urls[")]
        return as_json([_ranged(report, call["method"][0], *call["date"][0].split(",")) for call in calls])

    return answer


def _place(name: str) -> int:
    return int(name[5:-1]) if name.startswith("urls[") else -1


def _ranged(report: Report, method: str, first: str, last: str) -> object:
    begin, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    days = [begin + dt.timedelta(days=n) for n in range((end - begin).days + 1)]
    told = {day.isoformat(): report(method, day) for day in days}
    errors = [value for value in told.values() if isinstance(value, dict) and "result" in value]
    return errors[0] if errors else told


@contextlib.contextmanager
def asking(answer: Callable[[Asked], Reply]) -> Iterator[tuple[MatomoStatistics, Scripted]]:
    with running(answer) as script:
        tracker = MatomoTracker(
            Matomo.model_validate({"url": script.url, "token": TOKEN}), Path(), lambda: dt.datetime.now(dt.UTC)
        )
        with tracker.client:
            yield MatomoStatistics(tracker), script


def statistics(report: Report, days: Mapping[dt.date, StatWork] | None = None) -> tuple[list[DayResult], list[str]]:
    """The answers, and the ranges of days that were asked for."""
    with asking(server(report)) as (source, script):
        found = list(source.statistics(SITE, DAYS if days is None else days))
    forms = [asked.form.get("urls[0]", "") for asked in script.asked]
    return found, [parse_qs(form)["date"][0] for form in forms if "VisitsSummary" in form]


def failed(answers: list[DayResult]) -> dict[int, str]:
    """The failures, by the day of the month."""
    return {answer.day.day: str(answer.error) for answer in answers if isinstance(answer, DayFailure)}


def test_a_day_whose_report_cannot_be_made_fails_alone() -> None:
    """Its range is cut until it is found; the days around it have their documents, in order."""

    def report(method: str, day: dt.date) -> object:
        return error("Something is odd.") if (method, day.day) == ("Actions.getPageUrls", 3) else []

    answers, ranges = statistics(report)
    assert list(failed(answers)) == [3]
    assert "Actions.getPageUrls" in failed(answers)[3]
    assert "Something is odd." in failed(answers)[3]
    days = [answer.day if isinstance(answer, StatDocument | DayFailure) else None for answer in answers]
    assert days == list(DAYS)
    assert len(ranges) == 7


def test_what_is_no_report_is_a_failure_and_not_a_day_of_zeros() -> None:
    """Of either of the two requests."""
    for wrong in ("VisitsSummary.get", "Referrers.getSocials", "Actions.getEntryPageUrls"):

        def report(method: str, day: dt.date, wrong: str = wrong) -> object:
            return [7] if (method, day.day) == (wrong, 2) else []

        assert list(failed(statistics(report)[0])) == [2]


def test_a_range_that_is_too_much_for_the_server_is_read_in_pieces() -> None:
    """It fails with a message that may pass, and would fail the same way for ever."""
    most = 2

    def answer(asked: Asked) -> Reply:
        told = server(nothing)(asked)
        bulk = json.loads(told.body) if asked.form["method"] == "API.getBulkRequest" else []
        too_much = any(len(days) > most for days in bulk)
        return Reply(b"<html>Allowed memory size exhausted", 500, "text/html") if too_much else told

    with asking(answer) as (source, _):
        found = list(source.statistics(SITE, DAYS))
    assert [type(item) for item in found] == [StatDocument] * len(DAYS)


def test_a_server_that_is_down_ends_the_reading_at_once() -> None:
    """All days that are left are tried again together, and not one after the other."""
    with FakeMatomo() as matomo:
        url = matomo.url
    tracker = MatomoTracker(
        Matomo.model_validate({"url": url, "token": TOKEN}), Path(), lambda: dt.datetime.now(dt.UTC)
    )
    with tracker.client, pytest.raises(TransientError, match="no connection"):
        list(MatomoStatistics(tracker).statistics(SITE, DAYS))


def test_answers_given_before_the_server_failed_hold() -> None:
    """The first month is there; the second comes to nothing after a few tries of smaller and smaller ranges."""
    days = {DAY + dt.timedelta(days=n): StatWork() for n in range(60)}

    def report(_method: str, day: dt.date) -> object:
        return error("SQLSTATE[HY000]: server has gone away") if day >= DAY + dt.timedelta(days=30) else []

    found: list[DayResult] = []
    with asking(server(report)) as (source, script), pytest.raises(ServerBusyError, match="gone away"):
        found.extend(source.statistics(SITE, days))
    assert [type(answer) for answer in found] == [StatDocument] * 30
    assert len(script.asked) < 10


def test_a_token_that_is_refused_ends_the_reading_and_is_told_nowhere() -> None:
    """It would be refused for every day."""
    refusal = as_json(error(f"Unable to authenticate with the provided token {TOKEN}."))
    with asking(lambda _: refusal) as (source, script), pytest.raises(TokenRefusedError) as caught:
        list(source.statistics(SITE, DAYS))
    assert TOKEN not in str(caught.value)
    assert TOKEN not in repr(source)
    assert isinstance(caught.value, PermanentError)
    assert len(script.asked) == 1


def test_a_plugin_that_is_off_is_noted_and_its_table_is_left_empty() -> None:
    """Which ones, for the receipt."""
    off = {"Referrers.getSocials", "UserCountry.getCountry"}
    answers, ranges = statistics(lambda method, _: error(OFF) if method in off else [])
    (first, *_) = answers
    assert isinstance(first, NotedDocument)
    assert first.notes == ("Matomo does not have Referrers.getSocials, UserCountry.getCountry: a plugin is off",)
    assert (first.document.tables.social_networks, first.document.tables.countries) == ((), None)
    assert len(ranges) == 1


def test_days_that_were_not_asked_for_are_not_read() -> None:
    """Nor are more at once than a server can count in one request."""
    big = StatWork((Part("docs", DAY, "f", "o", WINDOW_HITS),))
    asked_for = dict(zip((*list(DAYS)[:2], *list(DAYS)[3:5]), (StatWork(), StatWork(), big, StatWork()), strict=True))
    _, ranges = statistics(nothing, {**asked_for, list(DAYS)[4]: big})
    assert ranges == [
        "2026-05-01,2026-05-02",
        "2026-05-04,2026-05-04",
        "2026-05-05,2026-05-05",
    ]


def test_a_server_that_asks_for_a_pause_is_not_asked_meanwhile() -> None:
    """By anybody: what is delivered to it waits as well. A long pause is no reason to hold a worker."""
    with FakeMatomo() as matomo:
        tracker = MatomoTracker(
            Matomo.model_validate({"url": matomo.url, "token": TOKEN}), Path(), lambda: dt.datetime.now(dt.UTC)
        )
        matomo.faults.next(Fault.TOO_MANY, on=Place.REPORTS, retry_after="600")
        with tracker.client:
            with pytest.raises(ServerBusyError):
                list(MatomoStatistics(tracker).statistics(SITE, DAYS))
            assert tracker.client.limiter.pause_left() > 500
            with pytest.raises(ServerBusyError, match="asks for no requests"):
                list(MatomoStatistics(tracker).statistics(SITE, DAYS))
        assert matomo.posts.calls == {}


def test_labels_of_strangers_come_through_as_text() -> None:
    """Formulas, marks of HTML, halves of characters: kept as labels, and the file stays ASCII."""
    row = {"label": "=cmd|x&lt;script&gt;", "nb_visits": 1, "nb_actions": "1"}
    page = {"label": "x", "url": "http://h/\ud800\u202e<b>", "nb_hits": 1, "nb_visits": 1}

    def report(method: str, _day: dt.date) -> object:
        return [page] if method == "Actions.getPageUrls" else [row] if method == "Referrers.getWebsites" else []

    (answer, *_), _ = statistics(report)
    assert isinstance(answer, StatDocument)
    assert [one.label for one in answer.tables.websites] == ["=cmd|x<script>"]
    assert [one.label for one in answer.tables.pages] == ["/?\u202e<b>"]


def test_hits_that_were_delivered_and_are_not_counted_are_no_statistic() -> None:
    """Of days before the site began Matomo makes no reports: each fails, with that date and the remedy for all."""
    days = {DAY + dt.timedelta(days=n): StatWork(delivered=n * 5) for n in range(4)}
    with asking(server(nothing)) as (source, _):
        empty, *failed = source.statistics(SITE, days)
    assert not isinstance(empty, DayFailure)
    assert all(isinstance(one, DayFailure) for one in failed)
    errors = [one.error for one in failed if isinstance(one, DayFailure)]
    assert [f"none of the {n * 5} hits of {DAY + dt.timedelta(days=n)}" in str(errors[n - 1]) for n in (1, 2, 3)]
    assert all(str(CREATED) in str(error) for error in errors)
    first = f"idSite=1 and startDate={DAY + dt.timedelta(days=1)}"
    assert [first in str(error) for error in errors] == [True, False, False]
    assert [isinstance(error, PermanentError) for error in errors] == [True] * 3
