"""The fake Matomo behaves as a measured one: what it answers, what it keeps, and what it shows of it.

Spoken to over HTTP on loopback by the standard library's client: nothing of the product's own hides a mistake.
"""

import contextlib
import datetime as dt
import email.utils
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.fake_matomo.client import CHROME, FORM_TYPE, NOW, Reply, ask, ask_day, hit, post, send, send_and_see
from tests.fake_matomo.faults import Fault
from tests.fake_matomo.hits import moment
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import ADMIN, SUPER, VIEW, WRITE, Settings, Site

BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
WRONG = "e" * 32


@pytest.fixture
def matomo() -> Iterator[FakeMatomo]:
    """A server on the 1st of June 2026, at noon."""
    with FakeMatomo(Settings(control=True)) as server:
        server.clock.frozen = NOW
        yield server
        assert not server.errors


BULKS = [
    ("super user", [hit()] * 3, SUPER, '"tracked":3,"invalid":0,"invalid_indices":[]', 3),
    ("as objects", [{"idsite": 1, "rec": 1}] * 3, SUPER, '"tracked":3,"invalid":0,"invalid_indices":[]', 3),
    ("token per request", [hit(token_auth=SUPER)] * 3, None, '"tracked":3,"invalid":0', 3),
    ("admin", [hit()] * 3, ADMIN, '"tracked":3,"invalid":0', 3),
    ("admin, bad site", [hit(), hit(idsite="99"), hit()], ADMIN, '"tracked":2,"invalid":1', 2),
    ("write", [hit()] * 3, WRITE, '"tracked":3,"invalid":0', 3),
    ("view", [hit()] * 3, VIEW, '"tracked":0,"invalid":3', 0),
    ("bad site", [hit(), hit(idsite="99"), hit()], SUPER, '"tracked":2,"invalid":1,"invalid_indices":[1]', 2),
    ("bad site in all", [hit(idsite="99")] * 2, SUPER, '"tracked":0,"invalid":2,"invalid_indices":[0,1]', 0),
    ("site 0", [hit(idsite="0"), hit()], SUPER, '"tracked":1,"invalid":1,"invalid_indices":[0]', 1),
    ("site abc", [hit(idsite="abc"), hit()], SUPER, '"tracked":1,"invalid":1,"invalid_indices":[0]', 1),
    ("no site", [hit(without="idsite"), hit()], SUPER, '"tracked":1,"invalid":1,"invalid_indices":[0]', 1),
    ("wrong token", [hit()] * 2, WRONG, '"tracked":0,"invalid":2', 0),
    ("no token", [hit()] * 2, None, '"tracked":0,"invalid":2', 0),
    ("no token, now", [hit(without="cip cdt")] * 2, None, '"tracked":2,"invalid":0', 2),
    ("no token, recent", [hit(without="cip", cdt="2026-06-01 02:00:00")], None, '"tracked":1,"invalid":0', 1),
    ("no token, old", [hit(without="cip", cdt="2026-05-30 02:00:00")], None, '"tracked":0,"invalid":1', 0),
    ("bad address", [hit(cip="300.1.1.1")] * 2, SUPER, '"tracked":2,"invalid":0,"invalid_indices":[]', 2),
    ("bad cid", [hit(), hit(cid="xyz")], SUPER, '"tracked":1,"invalid":1,"invalid_indices":[1]', 1),
    ("rec=0", [hit(), hit(rec="0")], SUPER, '"tracked":2,"invalid":0,"invalid_indices":[]', 1),
    ("bot", [hit(), hit(ua=BOT)], SUPER, '"tracked":2,"invalid":0,"invalid_indices":[]', 1),
    ("bot with bots=1", [hit(), hit(ua=BOT, bots="1")], SUPER, '"tracked":2,"invalid":0,"invalid_indices":[]', 2),
    ("null", [hit(), None, hit(idsite="99")], SUPER, '"tracked":2,"invalid":1,"invalid_indices":[2]', 1),
    ("no ?", [hit(), hit()[1:], hit(idsite="99")], SUPER, '"tracked":1,"invalid":1,"invalid_indices":[1]', 1),
    ("empty text", [hit(), "", hit(idsite="99")], SUPER, '"tracked":1,"invalid":1,"invalid_indices":[1]', 1),
    ("nothing", [], SUPER, '"tracked":0,"invalid":0', 0),
    ("a text", "requests", SUPER, '"tracked":0,"invalid":0', 0),
    ("an object", {"0": hit()}, SUPER, '"tracked":1,"invalid":0,"invalid_indices":[]', 1),
    ("no url", [hit(without="url")], SUPER, '"tracked":1,"invalid":0,"invalid_indices":[]', 1),
    ("bad percent, NUL, emoji", ["?idsite=1&rec=1&url=%FF%00%F0%9F%98%80"], SUPER, '"tracked":1,"invalid":0', 1),
]  # fmt: skip


@pytest.mark.parametrize(("requests", "token", "told", "stored"), [b[1:] for b in BULKS], ids=[b[0] for b in BULKS])
def test_a_bulk_is_answered_as_measured(
    matomo: FakeMatomo, requests: Sequence[object], token: str | None, told: str, stored: int
) -> None:
    """Success says nothing of what is stored; places of invalid hits are for super users, and drops shift them."""
    reply = send(matomo, requests, token)
    assert (reply.status, reply.type) == (200, "application/json")
    assert reply.body.decode().startswith('{"status":"success",' + told)
    assert len(matomo.hits()) == stored
    if token != SUPER or not requests:
        assert b"invalid_indices" not in reply.body


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"requests": [broken', 200),
        (b'{"requests": ["?idsite=1&rec=1&url=\xff"]}', 200),
        (b'{"request": [broken', 400),
        (b'{"others": []}', 400),
        (b'"requests"', 400),
        (b"", 400),
    ],
)
def test_a_body_that_is_not_understood_looks_like_success_or_is_no_bulk(
    matomo: FakeMatomo, body: bytes, status: int
) -> None:
    """Broken JSON that mentions requests is answered as if all were well; anything else is an HTML 400."""
    reply = post(matomo, "/matomo.php", body)
    assert (reply.status, reply.type) == (status, "application/json" if status == 200 else "text/html")
    assert status == 400 or reply.json == {"status": "success", "tracked": 0, "invalid": 0}
    assert not matomo.hits()


def test_a_token_in_the_address_gives_no_rights(matomo: FakeMatomo) -> None:
    """The token belongs in the body: elsewhere it only shows the places of the invalid hits."""
    reply = post(matomo, f"/piwik.php?token_auth={SUPER}", json.dumps({"requests": [hit()] * 3}).encode(), {})
    assert reply.json == {"status": "success", "tracked": 0, "invalid": 3, "invalid_indices": [0, 1, 2]}


def test_no_image_is_no_content(matomo: FakeMatomo) -> None:
    """`send_image=0` in the JSON: 204, empty, and all is stored."""
    reply = send(matomo, [hit()] * 3, send_image=0)
    assert (reply.status, reply.body, len(matomo.hits())) == (204, b"", 3)


def test_strict_authentication_refuses_a_whole_bulk() -> None:
    """With `bulk_requests_require_authentication` a bad token is a 500, a bad site a 400, and nothing is stored."""
    with FakeMatomo(Settings(require_authentication=True)) as strict:
        assert send(strict, [hit()], WRONG).status == 500
        assert send(strict, [hit(), hit(idsite="99")]).status == 400
        assert not strict.hits()
        assert send(strict, [hit()]).status == 200


@pytest.mark.parametrize(
    "cdt", ["2026-06-01 12:00:01", "2006-01-01 00:00:00", "yesterday or so", "2026-02-30 10:00:00"]
)
def test_a_time_that_cannot_be_is_now(matomo: FakeMatomo, cdt: str) -> None:
    """In the future, over 20 years old, unreadable: stored at the time of the request."""
    send(matomo, [hit(cdt=cdt), hit(cdt="2010-01-01 00:00:00")])
    assert [stored.time for stored in matomo.hits()] == [NOW, moment("2010-01-01 00:00:00")]


STEPS = [f"10:{minute:02}:00" for minute in (0, 10, 20, 30, 40, 50)]


def lengths(matomo: FakeMatomo) -> list[tuple[int, int]]:
    """Actions and seconds of every visit."""
    return [(visit.actions, visit.seconds) for visit in matomo.visits()]


def test_hits_in_order_make_one_visit_and_reversed_two(matomo: FakeMatomo) -> None:
    """0 .. 50 minutes: one visit of 3001 s; backwards two of 0 s, whether in one bulk or in many."""
    send(matomo, [hit(step) for step in STEPS])
    for step in STEPS:
        send(matomo, [hit(step, cip="198.51.100.8")])
    send(matomo, [hit(step, cip="198.51.100.9") for step in reversed(STEPS)])
    assert lengths(matomo) == [(6, 3001), (6, 3001), (3, 0), (3, 0)]


def test_a_visit_ends_after_thirty_minutes_and_at_the_sites_midnight(matomo: FakeMatomo) -> None:
    """29:59 joins, 30:00 does not; midnight is that of the site's zone (Paris: 22:00 UTC in May)."""
    send(matomo, [hit("10:00:00"), hit("10:29:59"), hit("10:59:59")])
    send(matomo, [hit("21:55:00", idsite="2"), hit("22:00:00", idsite="2"), hit("22:05:00", idsite="2")])
    assert lengths(matomo) == [(2, 1800), (1, 0), (1, 0), (2, 301)]
    assert [str(visit.day) for visit in matomo.visits(2)] == ["2026-05-01", "2026-05-02"]


def test_a_visitor_is_address_system_and_browser_unless_an_id_is_given(matomo: FakeMatomo) -> None:
    """Another address or browser is another visitor; `cid` and `uid` alone decide."""
    newer = CHROME.replace("120", "121")
    send(matomo, [hit(), hit(cip="198.51.100.8"), hit(ua=newer), hit(ua=CHROME.replace("120.0.0", "120.0.1"))])
    assert [visit.actions for visit in matomo.visits()] == [2, 1, 1]
    send(matomo, [hit(cid="0123456789abcdef"), hit(cid="0123456789ABCDEF", cip="203.0.113.1"), hit(uid="ann")])
    assert [visit.actions for visit in matomo.visits()][3:] == [2, 1]


def test_open_transactions_do_not_see_each_other(matomo: FakeMatomo) -> None:
    """Two bulks under way at one time make two visits of one visitor's hits."""
    send(matomo, [hit("01:00:00")])  # the day has begun
    matomo.posts.bulks = 0
    matomo.faults.next(Fault.SLOW, seconds=0.3)
    first = threading.Thread(target=send, args=(matomo, [hit("10:00:00")]))
    first.start()
    while not matomo.posts.bulks:
        time.sleep(0.01)
    time.sleep(0.1)
    send(matomo, [hit("10:01:00")])
    first.join()
    assert lengths(matomo) == [(1, 0), (1, 0), (1, 0)]
    assert matomo.posts.peak == 2


def test_two_first_bulks_of_a_day_at_once_are_a_deadlock(matomo: FakeMatomo) -> None:
    """Both insert the day's option: one loses what it had, stores the rest hit by hit, and answers with an error."""
    matomo.faults.next(Fault.SLOW, seconds=0.3)
    first = threading.Thread(target=send, args=(matomo, [hit("10:00:00", pv_id="aaaaaa")]))
    first.start()
    while not matomo.posts.bulks:
        time.sleep(0.01)
    time.sleep(0.1)
    before = hit("10:00:00", pv_id="bbbbbb", cdt="2026-04-30 10:00:00")
    reply = send(matomo, [before, hit("10:01:00", pv_id="cccccc"), hit("10:02:00", pv_id="dddddd")])
    assert (reply.status, reply.json["status"], reply.json["tracked"]) == (500, "error", 3)
    assert sorted(stored.pv_id for stored in matomo.hits()) == ["cccccc", "dddddd"]
    first.join()
    assert sorted(stored.pv_id for stored in matomo.hits()) == ["aaaaaa", "cccccc", "dddddd"]
    assert send(matomo, [hit("10:03:00"), hit("10:03:00", idsite="3")]).status == 200


def test_after_a_deadlock_without_an_answer_hits_come_in_bit_by_bit(matomo: FakeMatomo) -> None:
    """The gateway has given up long before."""
    matomo.faults.next(Fault.DEADLOCK_THEN_GATEWAY_TIMEOUT, hit=0, seconds=0.2)
    assert send(matomo, [hit(pv_id=pv_id) for pv_id in ("aaaaaa", "bbbbbb")]).status == 504
    end = time.monotonic() + 10
    while len(matomo.hits()) != 1 and time.monotonic() < end:
        time.sleep(0.01)
    assert [stored.pv_id for stored in matomo.hits()] == ["aaaaaa"]
    matomo.settle()
    assert len(matomo.hits()) == 2


def test_days_before_a_site_began_are_empty() -> None:
    """An older hit moves the date back, but not after a first bulk that was rolled back; a super user can set it."""
    site = Site(1, "docs", ("http://docs.example.org",), created=dt.date(2026, 5, 20))
    for first, began in ((None, "2026-05-01 00:00:00"), (Fault.DEADLOCK_KEEPS_NONE, "2026-05-20 00:00:00")):
        with FakeMatomo(Settings(sites=(site,))) as young:
            if first:
                young.faults.next(first)
                assert send(young, [hit()]).status == 500
            assert send(young, [hit()]).status == 200
            assert ask(young, "SitesManager.getSiteFromId", idSite=1)["ts_created"] == began
            assert ask_day(young, "VisitsSummary.get")["nb_actions"] == (0 if first else 1)
            assert len(ask_day(young, "Live.getLastVisitsDetails")) == 1
            ask(young, "SitesManager.updateSite", idSite=1, startDate="2026-05-01")
            ask(young, "CoreAdminHome.invalidateArchivedReports", idSites=1, dates="2026-05-01")
            assert ask_day(young, "VisitsSummary.get")["nb_actions"] == 1


def test_what_a_hit_lacks_comes_from_the_request(matomo: FakeMatomo) -> None:
    """An empty agent is that of the sender; an address that is none is zeros, a missing one the sender's."""
    requests = [hit(ua=""), hit(ua="-"), hit(cip="unknown"), hit(cip="192.0.2.1:80"), hit(without="cip")]
    body = json.dumps({"requests": requests, "token_auth": SUPER}).encode()
    post(matomo, "/matomo.php", body, {"User-Agent": "carrier/1"})
    stored = sorted(matomo.hits(), key=lambda one: one.query not in requests or requests.index(one.query))
    assert [one.agent for one in stored] == ["carrier/1", "-", CHROME, CHROME, CHROME]
    assert [one.ip for one in stored][2:] == ["0.0.0.0", "0.0.0.0", "127.0.0.1"]


def test_a_site_that_a_token_may_not_see_is_a_401_in_json(matomo: FakeMatomo) -> None:
    """Asked alone; among several calls it is an error in its place."""
    form = {"module": "API", "method": "SitesManager.getSiteFromId", "format": "JSON", "token_auth": VIEW, "idSite": 9}
    reply = post(matomo, "/index.php", urlencode(form).encode(), FORM_TYPE)
    assert (reply.status, reply.type) == (401, "application/json")
    assert "requires 'view' access for the website id = 9" in reply.json["message"]
    several = {**form, "method": "API.getBulkRequest", "urls[0]": "method=SitesManager.getSiteFromId&idSite=9"}
    reply = post(matomo, "/index.php", urlencode(several).encode(), FORM_TYPE)
    assert (reply.status, reply.json[0]["result"]) == (200, "error")


LOST = [Fault.DROP, Fault.RESET, Fault.BAD_GATEWAY, Fault.GATEWAY_TIMEOUT, Fault.SQLSTATE, Fault.PROXY_PAGE]
LOST += [Fault.DATABASE_DOWN, Fault.TOO_MANY, Fault.UNAVAILABLE, Fault.REDIRECT, Fault.RESTART, Fault.MAINTENANCE]
LOST += [Fault.DEADLOCK_KEEPS_NONE]
KEPT = [
    Fault.DEADLOCK_KEEPS_ALL,
    Fault.COMMIT_THEN_DROP,
    Fault.COMMIT_THEN_BAD_GATEWAY,
    Fault.COMMIT_THEN_GATEWAY_TIMEOUT,
    Fault.SLOW,
    Fault.CUT,
]
STATUS = {
    Fault.BAD_GATEWAY: 502, Fault.GATEWAY_TIMEOUT: 504, Fault.SQLSTATE: 200, Fault.PROXY_PAGE: 200, Fault.TOO_MANY: 429,
    Fault.DATABASE_DOWN: 500, Fault.UNAVAILABLE: 503, Fault.REDIRECT: 301, Fault.MAINTENANCE: 200,
    Fault.DEADLOCK_KEEPS_ALL: 500, Fault.DEADLOCK_KEEPS_NONE: 500,
    Fault.COMMIT_THEN_BAD_GATEWAY: 502, Fault.COMMIT_THEN_GATEWAY_TIMEOUT: 504, Fault.SLOW: 200,
}  # fmt: skip


@pytest.mark.parametrize("fault", [*LOST, *KEPT], ids="fault-{}".format)
def test_a_fault_keeps_all_or_nothing_and_then_all_is_well(matomo: FakeMatomo, fault: Fault) -> None:
    """Whatever the answer, a bulk is kept whole or not at all; the next one is served on the same port."""
    matomo.faults.next(fault, seconds=0.05)
    assert send_and_see(matomo, [hit()] * 3) == STATUS.get(fault, 0)
    assert len(matomo.hits()) == (3 if fault in KEPT else 0)
    assert send_and_see(matomo, [hit()]) == 200
    assert matomo.faults.happened == {fault: 1}


@pytest.mark.parametrize("fault", [Fault.DROP_THEN_COMMIT, Fault.GATEWAY_TIMEOUT_THEN_COMMIT])
def test_a_bulk_given_up_is_invisible_until_it_is_committed(matomo: FakeMatomo, fault: Fault) -> None:
    """Not found proves nothing: the hits appear later, unless a restart ends the transaction."""
    matomo.faults.next(fault, seconds=0.2, count=2)
    send_and_see(matomo, [hit(pv_id="aaaaaa")])
    assert not matomo.hits()
    assert ask_day(matomo, "Live.getLastVisitsDetails") == []
    matomo.settle()
    assert [stored.pv_id for stored in matomo.hits()] == ["aaaaaa"]
    send_and_see(matomo, [hit(pv_id="bbbbbb")])
    matomo.restart()
    matomo.settle()
    assert len(matomo.hits()) == 1


def test_partial_answers_tell_their_counts(matomo: FakeMatomo) -> None:
    """A lock wait loses one hit and says n-1; after a deadlock all are counted, and those from there on are kept."""
    matomo.faults.next(Fault.LOCK_WAIT, hit=1)
    matomo.faults.next(Fault.DEADLOCK, hit=2)
    pv_ids = ["aaaaaa", "bbbbbb", "cccccc"]
    assert send(matomo, [hit(pv_id=pv_id) for pv_id in pv_ids]).json["tracked"] == 2
    deadlocked = [hit(pv_id=pv_id) for pv_id in ("dddddd", "eeeeee", "ffffff")]
    assert send(matomo, deadlocked).json == {"status": "error", "tracked": 3, "invalid": 0, "invalid_indices": []}
    assert sorted(stored.pv_id for stored in matomo.hits()) == ["aaaaaa", "cccccc", "ffffff"]


def test_retry_after_and_location_are_told(matomo: FakeMatomo) -> None:
    """429 comes with Retry-After; a redirect leads to the same address over https."""
    matomo.faults.next(Fault.TOO_MANY, retry_after="7")
    matomo.faults.next(Fault.REDIRECT)
    assert send(matomo, [hit()]).headers["Retry-After"] == "7"
    assert send(matomo, [hit()]).headers["Location"] == f"https://127.0.0.1:{matomo.port}/matomo.php"


def test_chance_is_seeded_and_ends(matomo: FakeMatomo) -> None:
    """The same seed gives the same faults; `clear` ends them."""
    seen = []
    for _ in range(2):
        matomo.faults.chance(7, {Fault.DATABASE_DOWN: 0.3, Fault.BAD_GATEWAY: 0.3})
        seen.append([send(matomo, [hit()]).status for _ in range(20)])
    assert seen[0] == seen[1]
    assert set(seen[0]) == {200, 500, 502}
    matomo.faults.clear()
    assert {send(matomo, [hit()]).status for _ in range(5)} == {200}


def test_a_client_that_goes_away_leaves_all_or_nothing(matomo: FakeMatomo) -> None:
    """Gone after the upload: committed. Gone during it: nothing."""
    body = json.dumps({"requests": [hit()] * 3, "token_auth": SUPER}).encode()
    head = f"POST /matomo.php HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    matomo.faults.next(Fault.SLOW, seconds=0.1, count=2)
    for sent in (body[:-5], body):
        with socket.create_connection(("127.0.0.1", matomo.port)) as client:
            client.sendall(head + sent)
    end = time.monotonic() + 10
    while not matomo.hits() and time.monotonic() < end:
        time.sleep(0.02)
    assert len(matomo.hits()) == 3


def test_a_restart_drops_kept_connections_and_may_take_a_while(matomo: FakeMatomo) -> None:
    """A connection that is kept alive serves many requests until a restart; then the port is silent, then back."""
    connection = http.client.HTTPConnection("127.0.0.1", matomo.port, timeout=20)
    for _ in range(2):
        connection.request("POST", "/matomo.php", json.dumps({"requests": [hit()], "token_auth": SUPER}))
        assert Reply(connection.getresponse()).status == 200
    down = threading.Thread(target=matomo.restart, args=(0.3,))
    down.start()
    time.sleep(0.15)
    with pytest.raises(ConnectionRefusedError):
        send(matomo, [hit()])
    down.join()
    assert connection.sock.recv(1) == b""
    connection.close()
    assert send(matomo, [hit()]).status == 200
    assert len(matomo.hits()) == 3


def test_a_proxy_in_front_may_ask_for_a_password_and_refuse_large_bodies() -> None:
    """401 in HTML without Basic auth; 413 over the limit; `Date` follows the skewed clock."""
    site = Site(4, "lab", ("http://lab.example.org",))
    settings = Settings(sites=(site,), basic_auth=("ann", "s3:cret"), body_limit=5000, clock_skew=3600)
    with FakeMatomo(settings) as guarded:
        refused = post(guarded, "/matomo.php", b'{"requests": []}')
        assert (refused.status, refused.type) == (401, "text/html")
        assert post(guarded, "/matomo.php", b"x" * 6000).status == 413
        auth = {"Authorization": "Basic YW5uOnMzOmNyZXQ="}
        reply = post(
            guarded, "/matomo.php", json.dumps({"requests": [hit(idsite="4")], "token_auth": ADMIN}).encode(), auth
        )
        ahead = email.utils.parsedate_to_datetime(reply.headers["Date"]).timestamp() - time.time()
        assert (reply.json["tracked"], 3500 < ahead < 3700) == (1, True)


def test_doubles_are_told_by_site(matomo: FakeMatomo) -> None:
    """What was sent twice is seen twice; the same id in two sites is none."""
    send(matomo, [hit(pv_id="aaaaaa"), hit(pv_id="bbbbbb"), hit(pv_id="aaaaaa"), hit(pv_id="bbbbbb", idsite="2")])
    assert matomo.doubles() == {(1, "aaaaaa"): 2}
    assert (matomo.posts.bulks, matomo.posts.requests) == (1, 4)


def test_the_module_serves_another_process() -> None:
    """`python -m tests.fake_matomo` tells its address in one line; faults and hits go over HTTP."""
    command = [sys.executable, "-m", "tests.fake_matomo"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            told = json.loads(process.stdout.readline())
            over_there(int(told["url"].rsplit(":", 1)[1]), told["tokens"]["super"])
        finally:
            process.terminate()


def over_there(port: int, token: str) -> None:
    """Order a fault, meet it, and look at what is stored."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:

        def talk(method: str, path: str, document: object = None) -> Any:
            connection.request(method, path, None if document is None else json.dumps(document))
            return Reply(connection.getresponse()).json

        assert talk("POST", "/_fault", {"fault": "no-such"})["error"]
        assert talk("POST", "/_fault", {"fault": "deadlock-keeps-none", "count": 1, "hit": 1}) == {"ok": True}
        bulk = {"requests": [hit(pv_id="aaaaaa"), hit(pv_id="bbbbbb")], "token_auth": token}
        assert [talk("POST", "/matomo.php", bulk)["status"] for _ in range(2)] == ["error", "success"]
        assert [stored["pv_id"] for stored in talk("GET", "/_hits?site=1")] == ["aaaaaa", "bbbbbb"]
        assert talk("GET", "/_posts")["faults"] == {"deadlock-keeps-none": 1}
        assert talk("GET", "/_visits")[0]["pv_ids"] == ["aaaaaa", "bbbbbb"]
        assert talk("GET", "/_doubles") == []
