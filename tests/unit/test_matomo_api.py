"""Calls of the reporting API over a real socket: the requests, and the meaning of each kind of error."""

import datetime as dt
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from scripted_http import Answer, Scripted, as_json, html, in_turn, running

from mtc.core.errors import PermanentError, TransientError
from mtc.core.retry import RetryPolicy
from mtc.matomo.api import Call, bulk, call
from mtc.matomo.client import (
    ApiError,
    CallRefusedError,
    MatomoClient,
    NoRightError,
    NotMatomoError,
    Server,
    ServerBusyError,
    TokenRefusedError,
    UnknownSiteError,
)
from mtc.matomo.http_reply import retry_after
from mtc.matomo.sites import Rights, SiteInfo, clock_skew, rights, site_id, site_info, version

TOKEN = "0123456789abcdef"


@contextmanager
def client_for(*answers: Answer) -> Iterator[tuple[MatomoClient, Scripted]]:
    with running(in_turn(*answers)) as script:
        server = Server(script.url, SecretStr(TOKEN), timeout=5)
        with MatomoClient(server, environ={}) as client:
            yield client, script


def error(message: str) -> Answer:
    return as_json({"result": "error", "message": message})


def test_a_call_is_a_form_with_the_token_in_its_body() -> None:
    """The answer is parsed JSON; messages and labels are requested in English."""
    with client_for(as_json({"nb_visits": 60})) as (client, script):
        assert call(client, "VisitsSummary.get", idSite=1, date="2026-11-20") == {"nb_visits": 60}
    asked = script.asked[0]
    assert asked.path == "/index.php"
    assert asked.form == {
        "module": "API",
        "method": "VisitsSummary.get",
        "format": "JSON",
        "language": "en",
        "idSite": "1",
        "date": "2026-11-20",
        "token_auth": TOKEN,
    }


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (html("<html>Unable to authenticate", 401), TokenRefusedError, "new token"),
        (as_json({"result": "error", "message": "no token"}, 401), TokenRefusedError, "new token"),
        (error("Unable to authenticate with the provided token."), TokenRefusedError, "new token"),
        (html("login", 401, WWW_Authenticate="Basic"), NotMatomoError, "matomo.username"),
        (error("The method 'X.y' does not exist or is not available in the module 'X'."), NoRightError, "plugin"),
        (error("You can&#039;t access this resource as it requires &#039;view&#039; access"), NoRightError, "right"),
        (error("An unexpected website was found in the request: website id was set to '9' ."), UnknownSiteError, "id"),
        (error("Please specify a value for 'date'."), CallRefusedError, "specify"),
        (error("SQLSTATE[HY000]: Lock wait timeout exceeded"), ServerBusyError, "Lock wait"),
        (html("Error: SQLSTATE[HY000] [2002] Connection refused"), ServerBusyError, "SQLSTATE"),
        (html("<html>Bad Gateway</html>", 502), ServerBusyError, "Bad Gateway"),
        (html("<html>Sign in</html>"), NotMatomoError, "login page"),
        (html("moved", 301, Location="https://x.example.org/index.php"), NotMatomoError, "https://x.example.org"),
        (html("", 404), NotMatomoError, "matomo.url"),
        (html("", 403), NotMatomoError, "denied"),
        (Answer(b""), ServerBusyError, "empty"),
        (Answer(b'{"a": '), ServerBusyError, "not complete JSON"),
        (html("teapot", 418), CallRefusedError, "teapot"),
    ],
)
def test_every_kind_of_error_has_its_class_and_fix(answer: Answer, kind: type[ApiError], words: str) -> None:
    """Only errors that may pass are transient."""
    with client_for(answer) as (client, _), pytest.raises(ApiError) as caught:
        call(client, "VisitsSummary.get")
    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert isinstance(caught.value, TransientError) != isinstance(caught.value, PermanentError)


def test_no_error_contains_the_token() -> None:
    """A server may echo the request, including HTML tags."""
    for answer in (error(f"bad {TOKEN}"), html(f"<html>{TOKEN}", 500), html(TOKEN)):
        with client_for(answer) as (client, _), pytest.raises(ApiError) as caught:
            call(client, "API.getMatomoVersion")
        assert TOKEN not in str(caught.value)


def test_several_calls_share_a_request_and_a_failed_call_has_its_error_in_its_place() -> None:
    """More than twenty calls need further requests; the order is kept."""
    failing = {"result": "error", "message": "website id was set to '99'"}
    with client_for(as_json([1, failing, *range(18)]), as_json([[]])) as (client, script):
        answers = bulk(client, [Call("A.b", (("date", "A,B & C"),))] * 21)
    assert [type(answer) for answer in answers[:3]] == [int, UnknownSiteError, int]
    assert answers[20] == []
    first, second = (asked.form for asked in script.asked)
    assert first["urls[0]"] == "method=A.b&date=A%2CB+%26+C&language=en"
    assert [name for name in second if name.startswith("urls")] == ["urls[0]"]
    assert second["token_auth"] == TOKEN


@pytest.mark.parametrize("answer", [as_json([1]), as_json({}), as_json("x")])
def test_answers_that_do_not_match_the_calls_are_refused(answer: Answer) -> None:
    """Otherwise one report would be taken for another."""
    with client_for(answer) as (client, _), pytest.raises(ServerBusyError, match="one by one"):
        bulk(client, [Call("A.b"), Call("A.c")])


def test_a_read_is_retried_after_growing_pauses_until_it_works() -> None:
    """Pauses vary by half either way, and are never shorter than the server requests."""
    busy = html("", 503), html("", 429, Retry_After="30")
    pauses: list[float] = []
    with client_for(*busy, as_json(5)) as (client, _):
        policy = RetryPolicy(pauses.append, attempts=4, first_pause=1.0, jitter=random.Random(1))
        assert policy.run(lambda: call(client, "A.b")) == 5
    assert 0.5 <= pauses[0] <= 1.5
    assert pauses[1] == 30


def test_a_read_that_keeps_failing_raises_its_last_error() -> None:
    """Permanent errors are not retried at all."""
    pauses: list[float] = []
    policy = RetryPolicy(pauses.append, attempts=3)
    with client_for(html("", 503)) as (client, script), pytest.raises(ServerBusyError):
        policy.run(lambda: call(client, "A.b"))
    assert (len(script.asked), len(pauses)) == (3, 2)
    with client_for(html("", 404)) as (client, script), pytest.raises(NotMatomoError):
        policy.run(lambda: call(client, "A.b"))
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("Fri, 01 May 2026 12:00:30 GMT", 30.0),
        ("Fri, 01 May 2026 11:00:00 GMT", 0.0),
        ("9" * 400, 3600.0),
        ("-1", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_an_hour(value: str, seconds: float | None) -> None:
    """The value is untrusted."""
    assert retry_after({"retry-after": value}, datetime(2026, 5, 1, 12, tzinfo=UTC)) == seconds


def test_a_site_is_found_by_its_address_or_else_by_its_host() -> None:
    """Ids may be numbers or text."""
    with client_for(as_json([{"idsite": "3"}])) as (client, _):
        assert site_id(client, "https://docs.example.org/") == 3
    with client_for(as_json([]), as_json([{"idsite": 4}])) as (client, script):
        assert site_id(client, "https://docs.example.org/") == 4
    assert [asked.form["url"] for asked in script.asked] == ["https://docs.example.org/", "docs.example.org"]


@pytest.mark.parametrize(
    ("found", "words"),
    [([], "no site of Matomo has the address"), ([{"idsite": 7}, {"idsite": 2}], "several sites.*: 2, 7")],
)
def test_no_site_or_several_is_an_error_with_a_fix(found: list[object], words: str) -> None:
    """The right site is not guessed."""
    with client_for(as_json(found)) as (client, _), pytest.raises(PermanentError, match=words) as caught:
        site_id(client, "docs.example.org")
    assert "matomo_id" in caught.value.hint


def test_a_site_is_described_or_missing() -> None:
    """Its first day is included if the server reports it."""
    site = {"idsite": 1, "name": "docs\ud800", "main_url": "http://docs.example.org", "timezone": "Europe/Paris"}
    for told, created in ((None, None), ("2026-05-03 08:00:00", dt.date(2026, 5, 3)), ("0000-00-00 00:00:00", None)):
        with client_for(as_json({**site, "ts_created": told})) as (client, _):
            expected = SiteInfo(1, "docs?", "http://docs.example.org", "Europe/Paris", created)
            assert site_info(client, 1) == expected
    with client_for(error("website id was set to '1' .")) as (client, _):
        assert site_info(client, 1) is None


@pytest.mark.parametrize("right", ["view", "write", "admin"])
@pytest.mark.parametrize("quote", ["'", "&#039;", "&apos;"])
@pytest.mark.parametrize("status", [200, 401, 403])
def test_a_token_without_access_to_a_site_differs_from_a_wrong_one(right: str, quote: str, status: int) -> None:
    """The error names site and right, for a single call and for one of several."""
    message = f"You can't access this resource as it requires {quote}{right}{quote} access for the website id = 2."
    with client_for(as_json({"result": "error", "message": message}, status)) as (client, _):
        with pytest.raises(NoRightError) as caught:
            site_info(client, 2)
        assert caught.value.what == f"the token lacks '{right}' access to site 2 of Matomo"
        assert f"give its user '{right}' access to site 2" in caught.value.hint
    with client_for(as_json([{"result": "error", "message": message}])) as (client, _):
        (answer,) = bulk(client, [Call("SitesManager.getSiteFromId", (("idSite", 2),))])
        assert isinstance(answer, NoRightError)


@pytest.mark.parametrize(
    "body", [b"<html>no", b"", b"[", b"[1]", b'{"result": "error", "message": "You must be logged in"}']
)
def test_a_401_without_a_site_is_a_wrong_token(body: bytes) -> None:
    """The answer may be HTML."""
    with client_for(Answer(body, 401)) as (client, _), pytest.raises(TokenRefusedError):
        site_info(client, 2)


def test_the_version_must_be_that_of_a_matomo() -> None:
    """Any other server that answers JSON is recognised."""
    with client_for(as_json({"value": "5.1.2"})) as (client, _):
        assert version(client) == "5.1.2"
    with client_for(as_json({"hello": "world"})) as (client, _), pytest.raises(NotMatomoError, match="folder"):
        version(client)


def test_the_rights_of_a_token_are_known_from_its_allowed_calls() -> None:
    """A writer cannot list all sites, an admin may write, and a super user may do everything."""
    refused = {"result": "error", "message": "does not exist or is not available"}
    with client_for(as_json([[1, 2], [{"idsite": "2"}], ["3"], refused])) as (client, _):
        found = rights(client)
    assert found == Rights(superuser=False, view=frozenset({1, 2, 3}), write=frozenset({2, 3}))
    assert [found.may_write(one) for one in (1, 2, 3)] == [False, True, True]
    with client_for(as_json([[1], refused, [1], [{"idsite": 1}]])) as (client, _):
        assert rights(client).may_write(99)
    denied = {"result": "error", "message": "Unable to authenticate with the provided token."}
    with client_for(as_json([denied] * 4)) as (client, _), pytest.raises(TokenRefusedError):
        rights(client)


def test_the_servers_clock_is_compared_with_the_local_one() -> None:
    """The Date header is compared with the times before and after the request."""
    ticks = iter([datetime(2026, 5, 1, 12, tzinfo=UTC), datetime(2026, 5, 1, 12, 0, 2, tzinfo=UTC)])

    def answer(_: object) -> Answer:
        return Answer(json.dumps({"value": "5.1.2"}).encode())

    with running(answer) as script:
        server = Server(script.url, SecretStr(TOKEN))
        with MatomoClient(server, environ={}) as client:
            skew = clock_skew(client, lambda: next(ticks))
    assert skew is not None
    assert abs(datetime.now(UTC) - skew - datetime(2026, 5, 1, 12, 0, 1, tzinfo=UTC)) < timedelta(minutes=1)
