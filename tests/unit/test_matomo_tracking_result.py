"""The table of Matomo's answers, row by row, and the body of a batch."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import SecretStr

from mtc.matomo.client import Reply, Server
from mtc.matomo.tracking import (
    WRONG_TOKEN,
    InDoubt,
    NotRecorded,
    Recorded,
    Refused,
    Short,
    TrackingResult,
    body,
    read_result,
)

TOKEN = "0123456789abcdef"
LACKS = "You can't access this resource as it requires &#039;write&#039; access for the website id"
SERVER = Server("https://stats.example.org", SecretStr(TOKEN))


def answer(value: object, status: int = 200, **headers: str) -> Reply:
    return Reply(status, "application/json", json.dumps(value).encode(), _named(headers))


def page(text: str, status: int = 200, **headers: str) -> Reply:
    return Reply(status, "text/html; charset=utf-8", text.encode(), _named(headers))


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def said(tracked: object, invalid: object, indices: object = None, **more: object) -> Reply:
    named = {} if indices is None else {"invalid_indices": indices}
    return answer({"status": "success", "tracked": tracked, "invalid": invalid, **named, **more})


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (said(3, 0, []), Recorded(3, 0, ())),
        (said(3, 0), Recorded(3, 0, None)),
        (said(2, 1, [1]), Recorded(2, 1, (1,))),
        (said(2, 1), Recorded(2, 1, None)),
        (said(2, 0, []), Short(2, 0, ())),
        (said(1, 1, [2]), Short(1, 1, (2,))),
        (said(0, 2, [0, 1]), Short(0, 2, (0, 1))),
    ],
)
def test_a_success_is_checked_by_its_counts(reply: Reply, expected: TrackingResult) -> None:
    """Three hits were sent: the batch is recorded if the counts add up to three, and short if they are less."""
    assert read_result(reply, 3, SERVER) == expected


@pytest.mark.parametrize("indices", [[3], [-1], [0, 0], ["1"], [True], {"0": 1}, "x", [0, 1, 2]])
def test_impossible_positions_are_ignored(indices: object) -> None:
    """Two of three hits are invalid, but it is unknown which ones."""
    assert read_result(said(1, 2, indices), 3, SERVER) == Recorded(1, 2, None)


def test_none_recorded_and_all_invalid_is_a_wrong_token_or_site() -> None:
    """The next batch would fail in the same way; the hint names both causes."""
    refused = read_result(said(0, 3), 3, SERVER)
    assert isinstance(refused, Refused)
    assert refused.invalid == 3
    assert "matomo.token" in refused.hint
    assert "matomo_id" in refused.hint


def test_none_recorded_and_none_invalid_is_maintenance() -> None:
    """Matomo reports success while its statistics are switched off."""
    refused = read_result(said(0, 0), 3, SERVER)
    assert isinstance(refused, Refused)
    assert "record_statistics" in refused.hint
    assert refused.invalid == 0


def test_a_single_hit_may_have_been_lost_to_a_lock_wait() -> None:
    """It looks the same: the hit is retried, and the other cause is named."""
    found = read_result(said(0, 0), 1, SERVER)
    assert isinstance(found, NotRecorded)
    assert "record_statistics" in found.reason


IN_PART = "in doubt, and perhaps kept in part"
SERVER_FAILED = "Error: SQLSTATE[HY000]: General error: 2006 MySQL server has gone away"
TABLE = [
    ("all well, a super user", said(3, 0, []), Recorded),
    ("all well, admin or write", said(3, 0), Recorded),
    ("one bad site among three", said(2, 1, [1]), Recorded),
    ("a wrong token, told where", said(0, 3, [0, 1, 2]), Refused),
    ("a token that may only view", said(0, 3), Refused),
    ("a time that cannot be", said(3, 0, []), Recorded),
    ("broken JSON, or no list", said(0, 0), Refused),
    ("statistics switched off", said(0, 0), Refused),
    ("no requests in the body", page("This resource is part of Matomo.", 400), Refused),
    ("a hit that is counted and not stored", said(3, 0, []), Recorded),
    ("a request without its mark", said(2, 0, []), Short),
    ("no image", Reply(204, "application/json", b""), InDoubt),
    ("a deadlock, all counted", answer({"status": "error", "tracked": 3, "invalid": 0}, 500), IN_PART),
    ("a deadlock half way", answer({"status": "error", "tracked": 1, "message": "SQLSTATE[40001]"}, 500), IN_PART),
    ("a lock wait", said(2, 0, []), Short),
    ("the database lost half way", page(SERVER_FAILED), InDoubt),
    ("the database down", answer({"status": "error", "tracked": 0, "invalid": 0}, 500), IN_PART),
    ("no counts", answer({"status": "error"}, 500), IN_PART),
    ("a worker killed", page("<html>Bad Gateway</html>", 502), InDoubt),
    ("none free", page("<html>Gateway Time-out</html>", 504), InDoubt),
    ("strict, bad token", answer({"status": "error", "tracked": 0, "message": "token_auth"}, 500), IN_PART),
    ("strict, bad site", answer({"status": "error", "tracked": 0, "message": "Invalid idSite"}, 400), Refused),
    ("an error of another kind", answer({"status": "error", "tracked": 3, "invalid": 0}), IN_PART),
    ("an error after some", answer({"status": "error", "tracked": 2, "message": "Invalid idSite"}, 400), IN_PART),
]


@pytest.mark.parametrize(("reply", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_each_row_of_the_table_of_answers(reply: Reply, expected: object) -> None:
    """Three hits were sent. No error of Matomo itself means that no hit was stored."""
    found = read_result(reply, 3, SERVER)
    if expected is IN_PART:
        assert isinstance(found, InDoubt)
        assert found.in_part
    else:
        assert type(found) is expected
        assert not getattr(found, "in_part", False)


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ("token_auth has no permission", WRONG_TOKEN),
        ("SQLSTATE: authentication plugin is not there", ""),
        ("SQLSTATE[40001]: Deadlock", ""),
        ("", ""),
    ],
)
def test_an_access_error_has_a_fix(message: str, hint: str) -> None:
    """It is shown if it turns out that no hit was stored."""
    found = read_result(answer({"status": "error", "tracked": 0, "message": message}, 500, retry_after="9"), 3, SERVER)
    assert isinstance(found, InDoubt)
    assert found.hint == hint
    assert found.retry_after == 9.0


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        (page("slow down", 429, retry_after="7"), 7.0),
        (page("slow down", 429), None),
        (page("later", 503, retry_after="120"), 120.0),
    ],
)
def test_a_request_that_certainly_stored_nothing_may_be_sent_again(reply: Reply, wait: float | None) -> None:
    """It was refused before it reached Matomo."""
    found = read_result(reply, 3, SERVER)
    assert isinstance(found, NotRecorded)
    assert found.retry_after == wait


@pytest.mark.parametrize(
    "reply",
    [
        page("<html>Bad Gateway</html>", 502),
        page("<html>Gateway Time-out</html>", 504),
        page("busy", 503),
        page("<html>Internal Server Error</html>", 500),
        page("Error: SQLSTATE[HY000]: General error: 2006 MySQL server has gone away"),
        page("<html><title>Sign in</title></html>"),
        page("teapot", 418),
        Reply(200, "application/json", b""),
        Reply(204, "application/json", b""),
        Reply(200, "application/json", b'{"status":"success","tra'),
        Reply(200, "application/json", b"[" * 100_000),
        answer({"status": "success"}),
        answer({"status": "error", "tracked": 3, "invalid": 0}),
        answer([1]),
        answer({"status": 1, "tracked": 3, "invalid": 0}),
        said(4, 0),
        said(3, 1),
        said("3", 0),
        said(3.0, 0),
        said(True, 2),
        said(-1, 4),
    ],
)
def test_an_uncertain_result_is_in_doubt(reply: Reply) -> None:
    """A look-up is cheap, and a wrong guess loses or duplicates hits."""
    assert isinstance(read_result(reply, 3, SERVER), InDoubt)


def test_an_html_page_is_named_in_the_error() -> None:
    """The operator is told to look for a proxy or a login page."""
    found = read_result(page("<html><title>Sign in</title>"), 3, SERVER)
    assert found == InDoubt("answered with an HTML page; a proxy or a login page? Sign in")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (page("This resource is part of Matomo.", 400), "did not find the hits"),
        (answer({"status": "error", "tracked": 0, "message": "Invalid idSite"}, 400), "Invalid idSite"),
        (page("no", 401), "token"),
        (answer({"result": "error", "message": f"{LACKS} = 2"}, 401), "lacks 'write' access to site 2"),
        (page("no", 401, www_authenticate="Basic"), "requires a login"),
        (page("no", 403), "denied"),
        (page("no", 404), "no Matomo at this address"),
        (page("no", 405), "does not accept POST"),
        (page("no", 407), "proxy requires a login"),
        (page("no", 413), "too large"),
        (page("", 302, location="https://x.example.org/login?next=1"), "https://x.example.org/login;"),
        (page("", 301), "without a target"),
        (page("", 308, location="http://["), "without a target"),
    ],
)
def test_an_error_that_affects_every_batch_stops_the_delivery_with_a_fix(reply: Reply, words: str) -> None:
    """The error names the cause and what to do."""
    found = read_result(reply, 3, SERVER)
    assert isinstance(found, Refused)
    assert words in found.reason
    assert found.hint


@given(some.integers(200, 599), some.sampled_from(["", f"<html>{TOKEN}", f'{{"status":"error","message":"{TOKEN}"}}']))
def test_no_message_contains_the_token(status: int, text: str) -> None:
    """A server may echo the request, with any status."""
    found = read_result(Reply(status, "text/html", text.encode(), {"location": f"https://x/{TOKEN}"}), 3, SERVER)
    assert TOKEN not in repr(found)


@given(some.lists(some.text(max_size=20).map(lambda text: f"?{text}"), min_size=1, max_size=5), some.text(max_size=10))
def test_a_body_is_the_json_of_its_hits_whatever_they_contain(requests: list[str], token: str) -> None:
    """Strings are joined without escaping only where that is safe."""
    server = Server("https://stats.example.org", SecretStr(token))
    assert json.loads(body(requests, server)) == {"requests": requests, "token_auth": token}


@pytest.mark.parametrize("requests", [['?a","?b'], ["?a\\"], ["?a\n"], ['?"', "?b"], ["?é"], ["?a", '?b"]']])
def test_a_hit_that_needs_escaping_stays_one_string(requests: list[str]) -> None:
    """A value of a log line may look like JSON."""
    assert json.loads(body(requests, SERVER))["requests"] == requests


@pytest.mark.parametrize("requests", [[], ["idsite=1"], ["?a", ""]])
def test_a_hit_without_its_question_mark_is_never_sent(requests: list[str]) -> None:
    """Matomo drops it silently, which shifts the positions of invalid hits."""
    with pytest.raises(ValueError, match="question mark"):
        body(requests, SERVER)
