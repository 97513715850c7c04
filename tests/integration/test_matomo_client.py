"""The client's connection and tracking against a server that answers as told: what reached it, what was kept."""

import json
import pickle
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from scripted_http import RESET, Answer, Scripted, as_json, certificate, html, in_turn, running

from mtc.core.errors import PermanentError, TransientError
from mtc.matomo.client import MatomoClient, NotSentError, Server, UnknownOutcomeError
from mtc.matomo.tracking import InDoubt, NotRecorded, Recorded, Refused, TrackingResult, send

TOKEN = "0123456789abcdef0123456789abcdef"
PASSWORD = "p:ss wörd"
HITS = [
    "?idsite=1&rec=1&url=https%3A%2F%2Fdocs.example.org%2F",
    "?idsite=1&rec=1&url=https%3A%2F%2Fdocs.example.org%2Fb",
]
ALL_WELL = as_json({"status": "success", "tracked": 2, "invalid": 0, "invalid_indices": []})


def server_at(url: str) -> Server:
    return Server(url, SecretStr(TOKEN), timeout=5)


@contextmanager
def talking(*answers: Answer) -> Iterator[tuple[MatomoClient, Scripted]]:
    with running(in_turn(*answers)) as script:
        server = server_at(script.url)
        with MatomoClient(server, jobs=2, environ={}) as client:
            yield client, script


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_batch_goes_as_one_request_with_the_token_in_its_body() -> None:
    """The token in the query string would be ignored, and be in the server's log."""
    with talking(ALL_WELL) as (client, script):
        assert send(client, HITS) == Recorded(2, 0, ())
    asked = script.asked[0]
    assert asked.path == "/matomo.php?queuedtracking=0"
    assert json.loads(asked.body) == {"requests": HITS, "token_auth": TOKEN}
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["user-agent"].startswith("mtc/")


def test_batches_of_a_lane_share_a_connection() -> None:
    """Kept alive: ten requests, one connection."""
    with talking(ALL_WELL) as (client, script):
        for _ in range(10):
            send(client, HITS)
    assert {asked.connection for asked in script.asked} == {1}


def test_a_kept_connection_that_the_server_closed_is_not_used_again() -> None:
    """Else the next batch would be in doubt for nothing."""
    with talking(ALL_WELL) as (client, script):
        send(client, HITS)
        script.drop()
        assert send(client, HITS) == Recorded(2, 0, ())
    assert [asked.connection for asked in script.asked] == [1, 2]


def test_threads_have_connections_of_their_own() -> None:
    """Lanes do not wait for one another, and no answer goes to the wrong one."""
    slow = replace(ALL_WELL, delay=0.01)
    outcomes: list[TrackingResult] = []
    with talking(slow) as (client, script):
        lanes = [
            threading.Thread(target=lambda: outcomes.extend(send(client, HITS) for _ in range(5))) for _ in range(4)
        ]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
    assert outcomes == [Recorded(2, 0, ())] * 20
    assert len(script.asked) == 20


def test_a_refused_connection_is_certainly_not_sent() -> None:
    """It may be sent again without a look-up."""
    server = server_at(f"http://127.0.0.1:{free_port()}")
    with MatomoClient(server, environ={}) as client:
        with pytest.raises(NotSentError, match="no connection: Connection refused"):
            client.post("matomo.php", b"x", {})
        outcome = send(client, HITS)
    assert isinstance(outcome, NotRecorded)
    assert isinstance(NotSentError("x"), TransientError)


def test_a_name_that_cannot_be_one_is_certainly_not_sent() -> None:
    """A label may have 63 characters: this one fails before anybody is asked."""
    server = server_at(f"http://{'x' * 64}.example.org")
    with MatomoClient(server, environ={}) as client, pytest.raises(NotSentError, match="no connection"):
        client.post("matomo.php", b"x", {})


def test_a_server_that_speaks_no_tls_is_certainly_not_sent_to() -> None:
    """The handshake comes before the first byte of the request."""
    with running(in_turn(ALL_WELL)) as script:
        server = server_at(script.url.replace("http:", "https:"))
        with MatomoClient(server, environ={}) as client, pytest.raises(NotSentError, match="no TLS connection"):
            client.post("matomo.php", b"x", {})
        assert script.asked == []


def test_a_certificate_that_nobody_vouches_for_stops_with_a_remedy(tmp_path: Path) -> None:
    """Trying again would not help; nothing is sent, neither hits nor token."""
    with running(in_turn(ALL_WELL), tls=certificate(tmp_path)) as script:
        server = server_at(script.url)
        with MatomoClient(server, environ={}) as client:
            outcome = send(client, HITS)
            with pytest.raises(PermanentError, match="ca_bundle"):
                client.post("matomo.php", b"x", {})
    assert isinstance(outcome, Refused)
    assert "certificate cannot be trusted" in outcome.reason
    assert "ca_bundle" in outcome.hint
    assert script.asked == []


def test_an_own_authority_is_trusted_when_its_file_is_named(tmp_path: Path) -> None:
    """`ca_bundle` stands in for the system's authorities."""
    tls = certificate(tmp_path)
    with running(in_turn(ALL_WELL), tls=tls) as script:
        server = replace(server_at(script.url), ca_bundle=tls[0])
        with MatomoClient(server, environ={}) as client:
            assert send(client, HITS) == Recorded(2, 0, ())


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_ca_bundle_that_cannot_be_read_is_named_before_anything_is_sent(text: str | None, tmp_path: Path) -> None:
    """A wrong path, or a file that is no PEM."""
    path = tmp_path / "authority.pem"
    if text is not None:
        path.write_text(text)
    with pytest.raises(PermanentError, match=r"authority\.pem.*ca_bundle cannot be read"):
        MatomoClient(replace(server_at("https://stats.example.org"), ca_bundle=path), environ={})


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (RESET, "broke before the answer was complete"),
        (replace(ALL_WELL, promised=500), "broke before the answer was complete"),
        (replace(ALL_WELL, delay=1.0), r"no answer within 0\.3 s"),
        (Answer(b"x" * 500), "longer than 100 bytes"),
        (Answer(b"no gzip", headers=(("Content-Encoding", "gzip"),)), "cut"),
    ],
    ids=["reset", "cut", "late", "long", "garbled"],
)
def test_what_breaks_after_sending_began_has_an_unknown_outcome(answer: Answer, reason: str) -> None:
    """The server may have recorded it: a client that goes away does not stop it."""
    with talking(answer) as (client, script), pytest.raises(UnknownOutcomeError, match=reason):
        client.post("matomo.php", b"x", {}, 0.3, largest=100)
    assert len(script.asked) == 1


@pytest.mark.parametrize("answer", [RESET, replace(ALL_WELL, promised=500), Answer(b"")], ids=["reset", "cut", "empty"])
def test_a_batch_with_a_broken_answer_is_in_doubt_and_not_sent_again(answer: Answer) -> None:
    """Sending again counts again."""
    with talking(answer) as (client, script):
        assert isinstance(send(client, HITS), InDoubt)
    assert len(script.asked) == 1


def test_a_redirect_is_named_and_not_followed() -> None:
    """The token goes to the server that the manifest names, and to no other."""
    with running(in_turn(ALL_WELL)) as other:
        moved = html("moved", 301, Location=f"{other.url}/stats/matomo.php?x=1")
        with talking(moved) as (client, _):
            outcome = send(client, HITS)
    assert isinstance(outcome, Refused)
    assert f"set matomo.url to {other.url}/stats" in outcome.hint
    assert "not sent there" in outcome.reason
    assert other.asked == []


def test_basic_authentication_is_sent_in_front() -> None:
    """Any characters may be in a password; they go as UTF-8."""
    with running(in_turn(ALL_WELL)) as script:
        server = replace(server_at(script.url), username="mtc", password=SecretStr(PASSWORD))
        with MatomoClient(server, environ={}) as client:
            send(client, HITS)
    assert script.asked[0].headers["authorization"] == "Basic bXRjOnA6c3Mgd8O2cmQ="


def test_a_proxy_by_the_usual_variable_takes_the_request() -> None:
    """A plain request goes to the proxy with the whole address; its login goes to the proxy alone."""
    with running(in_turn(ALL_WELL)) as proxy:
        environ = {"HTTP_PROXY": proxy.url.replace("//", "//me:p%40ss@")}
        server = server_at("http://stats.example.org/matomo")
        with MatomoClient(server, environ=environ) as client:
            assert send(client, HITS) == Recorded(2, 0, ())
    assert proxy.asked[0].path == "http://stats.example.org/matomo/matomo.php?queuedtracking=0"
    assert proxy.asked[0].headers["proxy-authorization"] == "Basic bWU6cEBzcw=="


def test_a_proxy_that_refuses_a_tunnel_has_sent_nothing() -> None:
    """No byte of the request went further than the proxy's door, and the token not even there."""
    with running(in_turn(html("no", 407))) as proxy:
        server = server_at("https://stats.example.org")
        refused = pytest.raises(NotSentError, match="proxy refused the connection: 407")
        with MatomoClient(server, environ={"https_proxy": proxy.url}) as client, refused:
            client.post("matomo.php", TOKEN.encode(), {})
    assert [(asked.method, asked.path) for asked in proxy.asked] == [("CONNECT", "stats.example.org:443")]
    assert proxy.asked[0].body == b""


def test_a_proxy_that_is_away_has_sent_nothing() -> None:
    """Also a matter of trying again."""
    server = server_at("http://stats.example.org")
    environ = {"ALL_PROXY": f"http://127.0.0.1:{free_port()}"}
    with MatomoClient(server, environ=environ) as client, pytest.raises(NotSentError, match="no connection"):
        client.post("matomo.php", b"x", {})


def test_an_error_crosses_a_process_border_without_a_secret() -> None:
    """Errors are pickled between processes, and shown."""
    with talking(RESET) as (client, _), pytest.raises(UnknownOutcomeError) as caught:
        client.post("matomo.php", TOKEN.encode(), {})
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert TOKEN not in str(again) + repr(again)
    assert caught.value.__cause__ is None
