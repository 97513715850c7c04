"""Statistics from a Matomo server that fails: which days fail, with which errors, and what is requested afterwards."""

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
    """A server that answers with `report`; an error for one day is an error for every range with that day."""

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
def statistics_and_script(answer: Callable[[Asked], Reply]) -> Iterator[tuple[MatomoStatistics, Scripted]]:
    with running(answer) as script:
        tracker = MatomoTracker(
            Matomo.model_validate({"url": script.url, "token": TOKEN}), Path(), lambda: dt.datetime.now(dt.UTC)
        )
        with tracker.client:
            yield MatomoStatistics(tracker), script


def statistics(report: Report, days: Mapping[dt.date, StatWork] | None = None) -> tuple[list[DayResult], list[str]]:
    """Return the answers, and the date ranges that were requested."""
    with statistics_and_script(server(report)) as (source, script):
        found = list(source.statistics(SITE, DAYS if days is None else days))
    forms = [asked.form.get("urls[0]", "") for asked in script.asked]
    return found, [parse_qs(form)["date"][0] for form in forms if "VisitsSummary" in form]


def failed(answers: list[DayResult]) -> dict[int, str]:
    """Return the error messages by day of the month."""
    return {answer.day.day: str(answer.error) for answer in answers if isinstance(answer, DayFailure)}


def test_only_the_day_with_a_failing_report_fails() -> None:
    """Ranges are split until the failing day is found; the other days have documents, in order."""

    def report(method: str, day: dt.date) -> object:
        return error("Something is odd.") if (method, day.day) == ("Actions.getPageUrls", 3) else []

    answers, ranges = statistics(report)
    assert list(failed(answers)) == [3]
    assert "Actions.getPageUrls" in failed(answers)[3]
    assert "Something is odd." in failed(answers)[3]
    days = [answer.day if isinstance(answer, StatDocument | DayFailure) else None for answer in answers]
    assert days == list(DAYS)
    assert len(ranges) == 7


def test_a_malformed_report_is_a_failure_and_not_a_day_of_zeros() -> None:
    """A malformed answer to any request fails the day."""
    for wrong in ("VisitsSummary.get", "Referrers.getSocials", "Actions.getEntryPageUrls"):

        def report(method: str, day: dt.date, wrong: str = wrong) -> object:
            return [7] if (method, day.day) == (wrong, 2) else []

        assert list(failed(statistics(report)[0])) == [2]


def test_a_range_that_is_too_large_for_the_server_is_split() -> None:
    """A range that exhausts the server's memory is split until it succeeds."""
    most = 2

    def answer(asked: Asked) -> Reply:
        told = server(nothing)(asked)
        bulk = json.loads(told.body) if asked.form["method"] == "API.getBulkRequest" else []
        too_much = any(len(days) > most for days in bulk)
        return Reply(b"<html>Allowed memory size exhausted", 500, "text/html") if too_much else told

    with statistics_and_script(answer) as (source, _):
        found = list(source.statistics(SITE, DAYS))
    assert [type(item) for item in found] == [StatDocument] * len(DAYS)


def test_an_unreachable_server_ends_the_reading() -> None:
    """A refused connection ends the reading with a transient error, so that all days are retried together."""
    with FakeMatomo() as matomo:
        url = matomo.url
    tracker = MatomoTracker(
        Matomo.model_validate({"url": url, "token": TOKEN}), Path(), lambda: dt.datetime.now(dt.UTC)
    )
    with tracker.client, pytest.raises(TransientError, match="no connection"):
        list(MatomoStatistics(tracker).statistics(SITE, DAYS))


def test_days_read_before_a_failure_are_kept() -> None:
    """Days read before the server failed are kept, and the rest fails after a few requests for smaller ranges."""
    days = {DAY + dt.timedelta(days=n): StatWork() for n in range(60)}

    def report(_method: str, day: dt.date) -> object:
        return error("SQLSTATE[HY000]: server has gone away") if day >= DAY + dt.timedelta(days=30) else []

    found: list[DayResult] = []
    with statistics_and_script(server(report)) as (source, script), pytest.raises(ServerBusyError, match="gone away"):
        found.extend(source.statistics(SITE, days))
    assert [type(answer) for answer in found] == [StatDocument] * 30
    assert len(script.asked) < 10


def test_a_refused_token_ends_the_reading_and_is_not_shown() -> None:
    """A refused token ends the reading after one request, and is not shown."""
    refusal = as_json(error(f"Unable to authenticate with the provided token {TOKEN}."))
    with statistics_and_script(lambda _: refusal) as (source, script), pytest.raises(TokenRefusedError) as caught:
        list(source.statistics(SITE, DAYS))
    assert TOKEN not in str(caught.value)
    assert TOKEN not in repr(source)
    assert isinstance(caught.value, PermanentError)
    assert len(script.asked) == 1


def test_a_disabled_plugin_is_noted_and_its_table_is_empty() -> None:
    """The note names the missing reports, and their tables are empty or null."""
    off = {"Referrers.getSocials", "UserCountry.getCountry"}
    answers, ranges = statistics(lambda method, _: error(OFF) if method in off else [])
    (first, *_) = answers
    assert isinstance(first, NotedDocument)
    assert first.notes == ("Matomo does not have Referrers.getSocials, UserCountry.getCountry: a plugin is off",)
    assert (first.document.tables.social_networks, first.document.tables.countries) == ((), None)
    assert len(ranges) == 1


def test_only_selected_days_are_requested() -> None:
    """Ranges contain the selected days only, and no more hits than a server can count in one request."""
    big = StatWork((Part("docs", DAY, "f", "o", WINDOW_HITS),))
    asked_for = dict(zip((*list(DAYS)[:2], *list(DAYS)[3:5]), (StatWork(), StatWork(), big, StatWork()), strict=True))
    _, ranges = statistics(nothing, {**asked_for, list(DAYS)[4]: big})
    assert ranges == [
        "2026-05-01,2026-05-02",
        "2026-05-04,2026-05-04",
        "2026-05-05,2026-05-05",
    ]


def test_no_request_is_sent_during_a_requested_pause() -> None:
    """After a long Retry-After, the client sends no request and fails at once."""
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


def test_untrusted_labels_stay_text() -> None:
    """Formulas, HTML entities and lone surrogates stay text."""
    row = {"label": "=cmd|x&lt;script&gt;", "nb_visits": 1, "nb_actions": "1"}
    page = {"label": "x", "url": "http://h/\ud800\u202e<b>", "nb_hits": 1, "nb_visits": 1}

    def report(method: str, _day: dt.date) -> object:
        return [page] if method == "Actions.getPageUrls" else [row] if method == "Referrers.getWebsites" else []

    (answer, *_), _ = statistics(report)
    assert isinstance(answer, StatDocument)
    assert [one.label for one in answer.tables.websites] == ["=cmd|x<script>"]
    assert [one.label for one in answer.tables.pages] == ["/?\u202e<b>"]


def test_days_whose_delivered_hits_are_not_counted_fail() -> None:
    """Days before the site's creation fail with the creation date; the first one has the fix for all of them."""
    days = {DAY + dt.timedelta(days=n): StatWork(delivered=n * 5) for n in range(4)}
    with statistics_and_script(server(nothing)) as (source, _):
        empty, *failed = source.statistics(SITE, days)
    assert not isinstance(empty, DayFailure)
    assert all(isinstance(one, DayFailure) for one in failed)
    errors = [one.error for one in failed if isinstance(one, DayFailure)]
    assert [f"none of the {n * 5} hits of {DAY + dt.timedelta(days=n)}" in str(errors[n - 1]) for n in (1, 2, 3)]
    assert all(str(CREATED) in str(error) for error in errors)
    first = f"idSite=1 and startDate={DAY + dt.timedelta(days=1)}"
    assert [first in str(error) for error in errors] == [True, False, False]
    assert [isinstance(error, PermanentError) for error in errors] == [True] * 3
