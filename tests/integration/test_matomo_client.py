"""The client's connection and tracking against a server with scripted answers: what it received, and the outcome."""

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
def client_and_script(*answers: Answer) -> Iterator[tuple[MatomoClient, Scripted]]:
    with running(in_turn(*answers)) as script:
        server = server_at(script.url)
        with MatomoClient(server, jobs=2, environ={}) as client:
            yield client, script


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_batch_is_one_request_with_the_token_in_its_body() -> None:
    """The token is in the body, as a server would ignore it in the query string and write it to its log."""
    with client_and_script(ALL_WELL) as (client, script):
        assert send(client, HITS) == Recorded(2, 0, ())
    asked = script.asked[0]
    assert asked.path == "/matomo.php?queuedtracking=0"
    assert json.loads(asked.body) == {"requests": HITS, "token_auth": TOKEN}
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["user-agent"].startswith("mtc/")


def test_batches_of_a_lane_share_a_connection() -> None:
    """Ten batches use one keep-alive connection."""
    with client_and_script(ALL_WELL) as (client, script):
        for _ in range(10):
            send(client, HITS)
    assert {asked.connection for asked in script.asked} == {1}


def test_a_connection_closed_by_the_server_is_not_reused() -> None:
    """A connection that the server closed is replaced, so that the next batch is not in doubt."""
    with client_and_script(ALL_WELL) as (client, script):
        send(client, HITS)
        script.drop()
        assert send(client, HITS) == Recorded(2, 0, ())
    assert [asked.connection for asked in script.asked] == [1, 2]


def test_threads_have_separate_connections() -> None:
    """Every thread has its own connection and gets its own answers."""
    slow = replace(ALL_WELL, delay=0.01)
    outcomes: list[TrackingResult] = []
    with client_and_script(slow) as (client, script):
        lanes = [
            threading.Thread(target=lambda: outcomes.extend(send(client, HITS) for _ in range(5))) for _ in range(4)
        ]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
    assert outcomes == [Recorded(2, 0, ())] * 20
    assert len(script.asked) == 20


def test_a_refused_connection_means_not_sent() -> None:
    """A refused connection means that nothing was recorded, so the batch may be sent again without a look-up."""
    server = server_at(f"http://127.0.0.1:{free_port()}")
    with MatomoClient(server, environ={}) as client:
        with pytest.raises(NotSentError, match="no connection: Connection refused"):
            client.post("matomo.php", b"x", {})
        outcome = send(client, HITS)
    assert isinstance(outcome, NotRecorded)
    assert isinstance(NotSentError("x"), TransientError)


def test_an_invalid_host_name_means_not_sent() -> None:
    """A label of more than 63 characters fails before any name server is asked."""
    server = server_at(f"http://{'x' * 64}.example.org")
    with MatomoClient(server, environ={}) as client, pytest.raises(NotSentError, match="no connection"):
        client.post("matomo.php", b"x", {})


def test_a_server_without_tls_means_not_sent() -> None:
    """A failed TLS handshake means that nothing was sent."""
    with running(in_turn(ALL_WELL)) as script:
        server = server_at(script.url.replace("http:", "https:"))
        with MatomoClient(server, environ={}) as client, pytest.raises(NotSentError, match="no TLS connection"):
            client.post("matomo.php", b"x", {})
        assert script.asked == []


def test_an_untrusted_certificate_is_refused_with_a_hint(tmp_path: Path) -> None:
    """An untrusted certificate is a permanent error with a hint; neither hits nor the token are sent."""
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


def test_a_custom_certificate_authority_is_trusted(tmp_path: Path) -> None:
    """`ca_bundle` replaces the certificate authorities of the system."""
    tls = certificate(tmp_path)
    with running(in_turn(ALL_WELL), tls=tls) as script:
        server = replace(server_at(script.url), ca_bundle=tls[0])
        with MatomoClient(server, environ={}) as client:
            assert send(client, HITS) == Recorded(2, 0, ())


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_an_unreadable_ca_bundle_fails_before_anything_is_sent(text: str | None, tmp_path: Path) -> None:
    """A missing file, or one that is not PEM, fails when the client is created."""
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
def test_a_failure_after_sending_has_an_unknown_outcome(answer: Answer, reason: str) -> None:
    """After a broken, late or oversized answer it is unknown whether the hits were recorded."""
    with client_and_script(answer) as (client, script), pytest.raises(UnknownOutcomeError, match=reason):
        client.post("matomo.php", b"x", {}, 0.3, largest=100)
    assert len(script.asked) == 1


@pytest.mark.parametrize("answer", [RESET, replace(ALL_WELL, promised=500), Answer(b"")], ids=["reset", "cut", "empty"])
def test_a_batch_with_a_broken_answer_is_in_doubt_and_not_sent_again(answer: Answer) -> None:
    """A batch in doubt is not sent again, as its hits could count twice."""
    with client_and_script(answer) as (client, script):
        assert isinstance(send(client, HITS), InDoubt)
    assert len(script.asked) == 1


def test_a_redirect_is_reported_and_not_followed() -> None:
    """The error gives the new URL, and neither hits nor the token are sent to it."""
    with running(in_turn(ALL_WELL)) as other:
        moved = html("moved", 301, Location=f"{other.url}/stats/matomo.php?x=1")
        with client_and_script(moved) as (client, _):
            outcome = send(client, HITS)
    assert isinstance(outcome, Refused)
    assert f"set matomo.url to {other.url}/stats" in outcome.hint
    assert "not sent there" in outcome.reason
    assert other.asked == []


def test_basic_authentication_is_sent_with_the_first_request() -> None:
    """Credentials are sent with the first request, encoded as UTF-8."""
    with running(in_turn(ALL_WELL)) as script:
        server = replace(server_at(script.url), username="mtc", password=SecretStr(PASSWORD))
        with MatomoClient(server, environ={}) as client:
            send(client, HITS)
    assert script.asked[0].headers["authorization"] == "Basic bXRjOnA6c3Mgd8O2cmQ="


def test_a_proxy_from_the_environment_is_used() -> None:
    """An HTTP request goes to the proxy with its absolute URL and the proxy's credentials."""
    with running(in_turn(ALL_WELL)) as proxy:
        environ = {"HTTP_PROXY": proxy.url.replace("//", "//me:p%40ss@")}
        server = server_at("http://stats.example.org/matomo")
        with MatomoClient(server, environ=environ) as client:
            assert send(client, HITS) == Recorded(2, 0, ())
    assert proxy.asked[0].path == "http://stats.example.org/matomo/matomo.php?queuedtracking=0"
    assert proxy.asked[0].headers["proxy-authorization"] == "Basic bWU6cEBzcw=="


def test_a_refused_tunnel_means_not_sent() -> None:
    """If the proxy refuses the tunnel, neither the request nor the token is sent."""
    with running(in_turn(html("no", 407))) as proxy:
        server = server_at("https://stats.example.org")
        refused = pytest.raises(NotSentError, match="proxy refused the connection: 407")
        with MatomoClient(server, environ={"https_proxy": proxy.url}) as client, refused:
            client.post("matomo.php", TOKEN.encode(), {})
    assert [(asked.method, asked.path) for asked in proxy.asked] == [("CONNECT", "stats.example.org:443")]
    assert proxy.asked[0].body == b""


def test_an_unreachable_proxy_means_not_sent() -> None:
    """An unreachable proxy means that nothing was sent."""
    server = server_at("http://stats.example.org")
    environ = {"ALL_PROXY": f"http://127.0.0.1:{free_port()}"}
    with MatomoClient(server, environ=environ) as client, pytest.raises(NotSentError, match="no connection"):
        client.post("matomo.php", b"x", {})


def test_a_pickled_error_contains_no_secret() -> None:
    """A pickled error keeps its text, which contains no token."""
    with client_and_script(RESET) as (client, _), pytest.raises(UnknownOutcomeError) as caught:
        client.post("matomo.php", TOKEN.encode(), {})
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert TOKEN not in str(again) + repr(again)
    assert caught.value.__cause__ is None
