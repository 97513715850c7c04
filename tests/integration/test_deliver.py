"""Delivery to Matomo: which hits a run sends, with which parameters, and what it reports."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from matomo_trial import DAYS, MatomoTrial
from stored import deliveries_of

from mtc.core.deliveries import DeliveryStatus
from mtc.core.model import Stage, StepId
from tests.fake_matomo.client import ask
from tests.fake_matomo.faults import Fault
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import ADMIN, SUPER, VIEW, WRITE, Rights, Role, Settings, Site, Token

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"
STEP = StepId(Stage.IMPORT, "docs", DAYS[0])
NAME = f"docs/{DAYS[0]}-a.log"


@pytest.fixture
def matomo() -> Iterator[FakeMatomo]:
    """A fake Matomo server without hits."""
    with FakeMatomo() as server:
        yield server


@pytest.fixture
def trial(tmp_path: Path, matomo: FakeMatomo) -> MatomoTrial:
    """A project of one day, without logs."""
    return MatomoTrial(tmp_path / "project", matomo).write(more=f"dates: {DAYS[0]}\n", span=False)


def line(
    path: str, *, at: str = "01/May/2026:10:00:00 +0000", status: int = 200, ip: str = "192.0.2.1", referrer: str = "-"
) -> str:
    """Return a log line in combined format."""
    return f'{ip} - ada [{at}] "GET {path} HTTP/1.1" {status} 512 "{referrer}" "{AGENT}"'


def sent(matomo: FakeMatomo) -> list[dict[str, str]]:
    """Return the parameters of every stored hit, ordered by time."""
    hits = sorted(matomo.hits(), key=lambda hit: (hit.time, hit.url))
    return [{name: values[-1] for name, values in parse_qs(hit.query[1:]).items()} for hit in hits]


def test_a_hit_carries_the_fields_of_its_log_line(trial: MatomoTrial, matomo: FakeMatomo) -> None:
    """A hit has the client's address, the time in UTC, referrer, user agent, user and size, and `bots=1`."""
    trial.log(
        NAME, [line("/a%20b?q=caf%C3%A9&x=1", at="01/May/2026:12:00:00 +0200", referrer="https://example.net/?a=b&c")]
    )
    assert trial.apply().code == 0
    (hit,) = sent(matomo)
    pv_id = hit.pop("pv_id")
    assert len(pv_id) == 6
    assert hit == {
        "idsite": "1", "rec": "1", "apiv": "1", "bots": "1", "dp": "1", "cdt": "2026-05-01 10:00:00",
        "cip": "192.0.2.1",
        "url": "https://docs.example.org/a%20b?q=caf%C3%A9&x=1", "urlref": "https://example.net/?a=b&c", "ua": AGENT,
        "uid": "ada", "bw_bytes": "512",
    }  # fmt: skip


def test_downloads_errors_and_redirects_are_sent_as_such(trial: MatomoTrial, matomo: FakeMatomo) -> None:
    """Downloads carry `download`, and errors and redirects an `action_name`, as with Matomo's own log importer."""
    trial.write(more=f"dates: {DAYS[0]}\nfilters: {{errors: true, redirects: true}}\n", span=False)
    trial.log(NAME, [line("/a.pdf"), line("/b", status=404, referrer="https://example.net/"), line("/c", status=301)])
    assert trial.apply().code == 0
    told = {hit["url"].rpartition("/")[2]: (hit.get("download"), hit.get("action_name")) for hit in sent(matomo)}
    base = "https%3A%2F%2Fdocs.example.org%2F"
    assert told == {
        "a.pdf": ("https://docs.example.org/a.pdf", None),
        "b": (None, f"404/URL = {base}b/From = https%3A%2F%2Fexample.net%2F"),
        "c": (None, f"301/URL = {base}c"),
    }


def test_custom_dimensions_are_sent_as_configured(trial: MatomoTrial, matomo: FakeMatomo) -> None:
    """Dimensions are filled from the configured fields, and omitted where a line has no value."""
    trial.write(more=f"dates: {DAYS[0]}\n", span=False, extra=', dimensions: {"2": status, "5": method, "7": host}')
    trial.log(NAME, [line("/a")])
    assert trial.apply().code == 0
    (hit,) = sent(matomo)
    assert (hit["dimension2"], hit["dimension5"], hit.get("dimension7")) == ("200", "GET", None)


@pytest.mark.parametrize(
    "path",
    ["/\x01\x7f", '/\\"]}],', "/\\\\", "/%00%0a", "/Ã¿Ã¾", "/é漢字", "/" + "x" * 3000],
)
def test_untrusted_paths_are_sent_as_plain_values(path: str, trial: MatomoTrial, matomo: FakeMatomo) -> None:
    """No byte of a log line ends a string, adds a parameter or makes a batch fail."""
    trial.log(NAME, [line("/before"), line(path + "&token_auth=x&idsite=2"), line("/after")])
    assert trial.apply().code == 0
    hits = sent(matomo)
    assert [hit["idsite"] for hit in hits] == ["1", "1", "1"]
    assert not any("token_auth" in hit for hit in hits)


def test_a_second_run_sends_no_request(trial: MatomoTrial, matomo: FakeMatomo) -> None:
    """A second run without new logs sends no request to Matomo."""
    trial.with_logs()
    assert trial.apply().code == 0
    before = matomo.posts.requests
    assert "1 up to date" in trial.apply().err
    assert matomo.posts.requests == before


def test_a_late_object_becomes_a_separate_delivery(trial: MatomoTrial, matomo: FakeMatomo) -> None:
    """A log that arrives after a delivery becomes a second delivery, and the first is not sent again."""
    trial.log(NAME, [line("/a")])
    assert trial.apply().code == 0
    trial.log(f"docs/{DAYS[0]}-late.log", [line("/late")])
    assert trial.apply().code == 0
    assert Counter(hit["url"].rpartition("/")[2] for hit in sent(matomo)) == {"a": 1, "late": 1}
    with trial.state() as store:
        assert [(one.number, one.hits, one.status) for one in deliveries_of(store, STEP)] == [
            (1, 1, DeliveryStatus.DONE), (2, 1, DeliveryStatus.DONE),
        ]  # fmt: skip


@pytest.mark.parametrize("token", [ADMIN, WRITE])
def test_a_token_with_write_access_can_deliver(token: str, tmp_path: Path, matomo: FakeMatomo) -> None:
    """A token with write or admin access delivers, although Matomo does not report invalid hits to it."""
    trial = MatomoTrial(tmp_path / "project", matomo, token).write().with_logs()
    assert trial.apply().code == 0
    trial.is_exact()


def test_lanes_and_days_keep_the_hits_of_a_visitor_in_order(tmp_path: Path, matomo: FakeMatomo) -> None:
    """Several lanes and tasks produce the same visits as one lane and one task, also around midnight."""
    trial = MatomoTrial(tmp_path / "many", matomo).write(lanes=4, jobs=3, batch=7).with_logs(early=6)
    assert trial.apply().code == 0
    trial.is_exact()
    with FakeMatomo() as calm:
        alone = MatomoTrial(tmp_path / "one", calm).write(lanes=1, jobs=1, batch=1000).with_logs(early=6)
        assert alone.apply().code == 0
        assert trial.visits() == alone.visits()


def test_only_hits_lost_to_a_lock_wait_are_sent_again(tmp_path: Path, matomo: FakeMatomo) -> None:
    """The response gives the number of hits lost to a lock wait; the look-up finds them, and they are sent again."""
    matomo.faults.next(Fault.LOCK_WAIT, hit=3)
    matomo.faults.next(Fault.LOCK_WAIT, hit=0)
    trial = MatomoTrial(tmp_path / "project", matomo).write().with_logs()
    assert trial.apply().code == 0
    trial.is_exact()


@pytest.mark.parametrize("fault", [Fault.TOO_MANY, Fault.DEADLOCK, Fault.DATABASE_DOWN, Fault.UNAVAILABLE])
def test_temporary_errors_are_retried(fault: Fault, tmp_path: Path, matomo: FakeMatomo) -> None:
    """A temporary error of the server is retried within the step, after a pause."""
    matomo.faults.next(fault, count=2, retry_after="0")
    trial = MatomoTrial(tmp_path / "project", matomo).write().with_logs()
    assert trial.apply().code == 0
    trial.is_exact()


@pytest.mark.parametrize(
    ("fault", "said"), [(Fault.MAINTENANCE, "record_statistics"), (Fault.REDIRECT, "redirect")]
)  # fmt: skip
def test_permanent_errors_stop_the_site_and_report_a_fix(
    fault: Fault, said: str, tmp_path: Path, matomo: FakeMatomo
) -> None:
    """The site stops with the cause and a fix; once the server is fixed, the same command continues."""
    matomo.faults.always(fault)
    trial = MatomoTrial(tmp_path / "project", matomo).write().with_logs()
    last = trial.apply()
    assert last.code == 3
    assert said in last.err
    assert matomo.posts.bulks <= 2
    matomo.faults.clear()
    assert trial.apply().code == 0
    trial.is_exact()


def test_a_view_only_token_fails_before_anything_is_sent(tmp_path: Path, matomo: FakeMatomo) -> None:
    """A token with view access only fails before the first hit, with a hint, and is written nowhere."""
    trial = MatomoTrial(tmp_path / "project", matomo, VIEW).write().with_logs()
    last = trial.apply()
    assert last.code == 3
    assert "may only view site 1" in last.err
    assert "write access" in last.err
    assert matomo.posts.bulks == 0
    assert VIEW not in last.err + "".join(map(str, (trial.root / ".mtc").rglob("*")))


@pytest.mark.parametrize("sees", [False, True])
def test_a_token_without_access_to_one_site_stops_only_that_site(tmp_path: Path, *, sees: bool) -> None:
    """A run and `doctor` name the site and the missing access; the other site is delivered."""
    sites = tuple(Site(number, name, (f"https://{name}.example.org",)) for number, name in ((1, "docs"), (2, "shop")))
    tokens = (Token(WRITE, Role.WRITE, frozenset({1})),)
    with FakeMatomo(Settings(sites=sites, tokens=tokens)) as matomo:
        if sees:
            matomo.backend.rights = _ViewsToo(matomo.backend.settings)
        trial = MatomoTrial(tmp_path / "project", matomo, WRITE).write(
            more=f"dates: {DAYS[0]}\n\n", span=False, stages="import, stat"
        )
        manifest = trial.root / "mtc.yaml"
        manifest.write_text(
            manifest.read_text().replace(
                "sites:\n", "sites:\n  shop: {matomo_id: 2, url: 'https://shop.example.org'}\n"
            )
        )
        trial.log(NAME, [line("/a")])
        trial.log(NAME.replace("docs", "shop", 1), [line("/b")])
        last = trial.apply()
        assert last.code == 3
        assert [hit.url for hit in matomo.hits()] == ["https://docs.example.org/a"]
        seen = "may only view" if sees else "may not even see"
        assert f"the token {seen} site 2: it lacks 'write' access to it" in last.err
        assert "new token" not in last.err
        told = trial.mtc("doctor")
        right = "write" if sees else "view"
        assert f"lacks '{right}' access to " in told.out
        assert f"give its user {right if sees else repr(right)} access to site 2" in told.out


class _ViewsToo(Rights):
    """Rights that let the token view every site."""

    def sites(self, text: str, *roles: Role) -> frozenset[int]:
        """Return every site for view access, and the configured sites otherwise."""
        return frozenset({1, 2}) if Role.VIEW in roles else super().sites(text, *roles)


def test_a_wrong_token_fails_before_anything_is_sent(tmp_path: Path, matomo: FakeMatomo) -> None:
    """A wrong token fails before the first hit, and appears in neither the output nor the files."""
    wrong = "0123456789abcdef0123456789abcdef"
    trial = MatomoTrial(tmp_path / "project", matomo, wrong).write().with_logs()
    last = trial.apply()
    assert last.code == 3
    assert "token" in last.err
    assert wrong not in last.err
    for file in (trial.root / ".mtc").rglob("*"):
        assert not file.is_file() or wrong.encode() not in file.read_bytes()


def test_a_site_is_found_by_its_url(tmp_path: Path) -> None:
    """Without `matomo_id`, the site is looked up by its URL."""
    with FakeMatomo(Settings(sites=(Site(7, "docs", ("https://docs.example.org",)),))) as matomo:
        trial = MatomoTrial(tmp_path / "project", matomo).write()
        manifest = trial.root / "mtc.yaml"
        manifest.write_text(manifest.read_text().replace("matomo_id: 1, ", ""))
        trial.log(NAME, [line("/a")])
        assert trial.apply().code == 0
        assert [hit["idsite"] for hit in sent(matomo)] == ["7"]


def test_hits_with_a_time_that_matomo_would_not_keep_are_not_sent(trial: MatomoTrial, matomo: FakeMatomo) -> None:
    """Hits whose time Matomo would replace with the time of the request are not sent, but counted and noted."""
    trial.log(
        NAME,
        [line("/now"), line("/future", at="01/May/2091:10:00:00 +0000"), line("/old", at="01/May/1999:10:00:00 +0000")],
    )
    assert trial.apply().code == 0
    assert [hit["url"] for hit in sent(matomo)] == ["https://docs.example.org/now"]
    with trial.state() as store:
        record = store.record(STEP)
    assert record is not None
    assert record.figures["unsendable"] == 2
    assert f"not sent, as Matomo would not keep its time: {NAME} line 2" in record.notes


ZONES = [
    ("Europe/Paris", "UTC", False),
    ("Europe/Paris", "Europe/Berlin", True),
    ("UTC+2", "UTC", False),
    ("UTC", "Etc/UTC", True),
]


@pytest.mark.parametrize(("theirs", "ours", "well"), ZONES)
def test_different_time_zones_are_refused_before_anything_is_sent(
    theirs: str, ours: str, tmp_path: Path, *, well: bool
) -> None:
    """A site whose time zone has other days in Matomo is refused before the first hit, with a fix that works."""
    with FakeMatomo(Settings(sites=(Site(1, "docs", ("https://docs.example.org",), theirs),))) as matomo:
        trial = MatomoTrial(tmp_path / "project", matomo).write(more=f"dates: {DAYS[0]}\n", span=False)
        manifest = trial.root / "mtc.yaml"
        text = manifest.read_text()
        manifest.write_text(text.replace("matomo_id: 1,", f"matomo_id: 1, timezone: {ours},"))
        trial.log(NAME, [line("/a")])
        last = trial.apply()
        assert last.code == (0 if well else 3), last.err
        assert matomo.posts.bulks == well
        if not well:
            assert f"is {theirs} in Matomo and {ours} in the manifest" in last.err
            assert f"write `timezone: {theirs}` for docs" in last.err
            if "/" in theirs:
                manifest.write_text(text.replace("matomo_id: 1,", f"matomo_id: 1, timezone: {theirs},"))
                assert trial.apply().code == 0
                assert matomo.posts.bulks == 1


def test_days_before_the_site_was_created_get_no_statistics(tmp_path: Path) -> None:
    """Days before the creation date in Matomo get no statistics; the error gives the date and a fix that works."""
    site = Site(1, "docs", ("https://docs.example.org",), created=DAYS[1])
    with FakeMatomo(Settings(sites=(site,))) as matomo:
        trial = MatomoTrial(tmp_path / "project", matomo).write(stages="import, stat, csv").with_logs(hits=20)
        matomo.faults.next(Fault.DEADLOCK_KEEPS_NONE)
        last = trial.apply()
        assert last.code == 3, last.err
        assert f"stat:docs:{DAYS[0]}" in last.err
        assert f"created there on {DAYS[1]}" in last.err
        assert f"startDate={DAYS[0]}" in last.err
        assert not (trial.root / "stats" / "docs" / f"{DAYS[0]}.stat").exists()
        assert (trial.root / "stats" / "docs" / f"{DAYS[1]}.stat").exists()
        assert ask(matomo, "SitesManager.updateSite", idSite=1, startDate=DAYS[0].isoformat())["result"] == "success"
        assert trial.apply().code == 0
        assert trial.mtc("verify").code == 0
        trial.is_exact()


def test_a_site_can_be_excluded_from_delivery(trial: MatomoTrial, matomo: FakeMatomo) -> None:
    """With `matomo: false`, a site's hits are imported and not delivered."""
    manifest = trial.root / "mtc.yaml"
    manifest.write_text(manifest.read_text().replace("matomo_id: 1,", "matomo: false,"))
    trial.log(NAME, [line("/a")])
    assert trial.apply().code == 0
    assert matomo.posts.bulks == 0


@pytest.mark.parametrize("token", [SUPER, WRITE])
@pytest.mark.parametrize("good", [3, 0])
def test_hits_that_matomo_refuses_are_reported_with_their_lines(token: str, good: int, tmp_path: Path) -> None:
    """Refused hits are noted with their log lines, even if Matomo refuses a whole batch; `verify` accepts them."""
    with FakeMatomo(Settings(refused="/no")) as matomo:
        trial = MatomoTrial(tmp_path / "project", matomo, token).write(
            more=f"dates: {DAYS[0]}\n", span=False, stages="import, stat, csv"
        )
        trial.log(NAME, [line("/no/1"), *[line(f"/yes/{number}") for number in range(good)], line("/no/2")])
        last = trial.apply()
        assert last.code == 0, last.err
        assert len(matomo.hits()) == good
        with trial.state() as store:
            record = store.record(STEP)
        assert record is not None
        assert record.figures["invalid"] == 2
        assert record.notes == tuple(f"refused by Matomo: {NAME} line {number}" for number in (1, good + 2))
        assert trial.mtc("verify").code == 0


POISON = "https://www.google.com/search?q[]=x"


@pytest.mark.parametrize("places", [(1,), (11, 12)])
def test_hits_that_crash_matomo_are_refused_and_the_others_recorded(
    places: tuple[int, ...], trial: MatomoTrial, matomo: FakeMatomo
) -> None:
    """The step succeeds, counts such hits as invalid with their lines, and the next run sends nothing."""
    trial.log(NAME, [line(f"/{at}", referrer=POISON if at in places else "-") for at in range(1, 13)])
    last = trial.apply()
    assert last.code == 0, last.err
    assert {hit["url"].rpartition("/")[2] for hit in sent(matomo)} == {str(at) for at in range(1, 13)} - {
        *map(str, places)
    }
    assert matomo.doubles() == {}
    with trial.state() as store:
        record = store.record(STEP)
    assert record is not None
    assert record.figures["invalid"] == len(places)
    assert set(record.notes) == {f"refused by Matomo: {NAME} line {at}: Matomo fails over this hit" for at in places}
    before = matomo.posts.bulks
    assert trial.apply().code == 0
    assert matomo.posts.bulks == before


@pytest.mark.parametrize(("bad", "lanes"), [(range(20), 1), (range(8, 16), 4)])
def test_batches_of_only_such_hits_are_resolved_after_the_others(
    bad: range, lanes: int, trial: MatomoTrial, matomo: FakeMatomo
) -> None:
    """Batches that hold only hits that crash Matomo are resolved, at any position and with several lanes."""
    trial.write(batch=4, lanes=lanes, more=f"dates: {DAYS[0]}\n", span=False)
    lines = [
        line(f"/{at}", at=f"01/May/2026:10:00:{at:02} +0000", ip=f"192.0.2.{at}", referrer=POISON if at in bad else "-")
        for at in range(24)
    ]
    trial.log(NAME, lines)
    last = trial.apply()
    assert last.code == 0, last.err
    assert len(sent(matomo)) == 24 - len(bad)
    assert matomo.doubles() == {}
    with trial.state() as store:
        record = store.record(STEP)
    assert record is not None
    assert record.figures["invalid"] == len(bad)
