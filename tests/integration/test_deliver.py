"""What a run delivers to Matomo, hit by hit, and what it says of it."""

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
    """A server that has nothing."""
    with FakeMatomo() as server:
        yield server


@pytest.fixture
def trial(tmp_path: Path, matomo: FakeMatomo) -> MatomoTrial:
    """A project without logs, of one day."""
    return MatomoTrial(tmp_path / "project", matomo).write(more=f"dates: {DAYS[0]}\n", span=False)


def line(
    path: str, *, at: str = "01/May/2026:10:00:00 +0000", status: int = 200, ip: str = "192.0.2.1", referrer: str = "-"
) -> str:
    """A line of a log in combined format."""
    return f'{ip} - ada [{at}] "GET {path} HTTP/1.1" {status} 512 "{referrer}" "{AGENT}"'


def sent(matomo: FakeMatomo) -> list[dict[str, str]]:
    """The parameters of every stored hit, in order of time."""
    hits = sorted(matomo.hits(), key=lambda hit: (hit.time, hit.url))
    return [{name: values[-1] for name, values in parse_qs(hit.query[1:]).items()} for hit in hits]


def test_a_hit_carries_what_the_log_says_of_it(trial: MatomoTrial, matomo: FakeMatomo) -> None:
    """Address, time in UTC, referrer, user agent, user and size; Matomo is told that robots were seen to."""
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


def test_downloads_and_answers_other_than_success_are_told_as_such(trial: MatomoTrial, matomo: FakeMatomo) -> None:
    """As the official importer tells them."""
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


def test_custom_dimensions_hold_what_the_manifest_says(trial: MatomoTrial, matomo: FakeMatomo) -> None:
    """Those without a value are left out."""
    trial.write(more=f"dates: {DAYS[0]}\n", span=False, extra=', dimensions: {"2": status, "5": method, "7": host}')
    trial.log(NAME, [line("/a")])
    assert trial.apply().code == 0
    (hit,) = sent(matomo)
    assert (hit["dimension2"], hit["dimension5"], hit.get("dimension7")) == ("200", "GET", None)


@pytest.mark.parametrize(
    "path",
    ["/\x01\x7f", '/\\"]}],', "/\\\\", "/%00%0a", "/Ã¿Ã¾", "/é漢字", "/" + "x" * 3000],
)
def test_what_strangers_write_stays_a_value(path: str, trial: MatomoTrial, matomo: FakeMatomo) -> None:
    """No byte of a log line ends a string, adds a parameter or costs a batch."""
    trial.log(NAME, [line("/before"), line(path + "&token_auth=x&idsite=2"), line("/after")])
    assert trial.apply().code == 0
    hits = sent(matomo)
    assert [hit["idsite"] for hit in hits] == ["1", "1", "1"]
    assert not any("token_auth" in hit for hit in hits)


def test_a_second_run_sends_nothing(trial: MatomoTrial, matomo: FakeMatomo) -> None:
    """Not even a question."""
    trial.with_logs()
    assert trial.apply().code == 0
    before = matomo.posts.requests
    assert "1 up to date" in trial.apply().err
    assert matomo.posts.requests == before


def test_a_late_object_is_a_delivery_of_its_own(trial: MatomoTrial, matomo: FakeMatomo) -> None:
    """What was delivered is not sent again."""
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
def test_who_may_write_may_deliver(token: str, tmp_path: Path, matomo: FakeMatomo) -> None:
    """Such a token is not told which hits are invalid."""
    trial = MatomoTrial(tmp_path / "project", matomo, token).write().with_logs()
    assert trial.apply().code == 0
    trial.is_exact()


def test_lanes_and_days_keep_a_visitors_hits_in_order(tmp_path: Path, matomo: FakeMatomo) -> None:
    """Visits are those that one lane and one task at a time make, also around midnight."""
    trial = MatomoTrial(tmp_path / "many", matomo).write(lanes=4, jobs=3, batch=7).with_logs(early=6)
    assert trial.apply().code == 0
    trial.is_exact()
    with FakeMatomo() as calm:
        alone = MatomoTrial(tmp_path / "one", calm).write(lanes=1, jobs=1, batch=1000).with_logs(early=6)
        assert alone.apply().code == 0
        assert trial.visits() == alone.visits()


def test_a_hit_lost_to_a_lock_wait_is_sent_again_alone(tmp_path: Path, matomo: FakeMatomo) -> None:
    """The answer tells how many are lost, the look-up which."""
    matomo.faults.next(Fault.LOCK_WAIT, hit=3)
    matomo.faults.next(Fault.LOCK_WAIT, hit=0)
    trial = MatomoTrial(tmp_path / "project", matomo).write().with_logs()
    assert trial.apply().code == 0
    trial.is_exact()


@pytest.mark.parametrize("fault", [Fault.TOO_MANY, Fault.DEADLOCK, Fault.DATABASE_DOWN, Fault.UNAVAILABLE])
def test_what_can_pass_is_tried_again(fault: Fault, tmp_path: Path, matomo: FakeMatomo) -> None:
    """Within the step, after a pause."""
    matomo.faults.next(fault, count=2, retry_after="0")
    trial = MatomoTrial(tmp_path / "project", matomo).write().with_logs()
    assert trial.apply().code == 0
    trial.is_exact()


@pytest.mark.parametrize(
    ("fault", "said"), [(Fault.MAINTENANCE, "record_statistics"), (Fault.REDIRECT, "redirect")]
)  # fmt: skip
def test_what_cannot_pass_stops_the_site_with_cause_and_remedy(
    fault: Fault, said: str, tmp_path: Path, matomo: FakeMatomo
) -> None:
    """Nothing of it is sent again; when it is mended, the same command goes on."""
    matomo.faults.always(fault)
    trial = MatomoTrial(tmp_path / "project", matomo).write().with_logs()
    last = trial.apply()
    assert last.code == 3
    assert said in last.err
    assert matomo.posts.bulks <= 2
    matomo.faults.clear()
    assert trial.apply().code == 0
    trial.is_exact()


def test_a_token_that_may_only_view_is_found_before_anything_is_sent(tmp_path: Path, matomo: FakeMatomo) -> None:
    """With what to do; the token itself is nowhere."""
    trial = MatomoTrial(tmp_path / "project", matomo, VIEW).write().with_logs()
    last = trial.apply()
    assert last.code == 3
    assert "may only view site 1" in last.err
    assert "write access" in last.err
    assert matomo.posts.bulks == 0
    assert VIEW not in last.err + "".join(map(str, (trial.root / ".mtc").rglob("*")))


@pytest.mark.parametrize("sees", [False, True])
def test_a_token_that_lacks_one_site_stops_that_site_alone(tmp_path: Path, *, sees: bool) -> None:
    """Which site and which right are told, by a run and by `doctor`; the other site is delivered."""
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
    """The token may look at every site."""

    def sites(self, text: str, *roles: Role) -> frozenset[int]:
        """As the settings say, and to view all."""
        return frozenset({1, 2}) if Role.VIEW in roles else super().sites(text, *roles)


def test_a_wrong_token_is_found_before_anything_is_sent(tmp_path: Path, matomo: FakeMatomo) -> None:
    """And is not repeated anywhere."""
    wrong = "0123456789abcdef0123456789abcdef"
    trial = MatomoTrial(tmp_path / "project", matomo, wrong).write().with_logs()
    last = trial.apply()
    assert last.code == 3
    assert "token" in last.err
    assert wrong not in last.err
    for file in (trial.root / ".mtc").rglob("*"):
        assert not file.is_file() or wrong.encode() not in file.read_bytes()


def test_a_site_is_found_by_its_address(tmp_path: Path) -> None:
    """Where the manifest gives no number."""
    with FakeMatomo(Settings(sites=(Site(7, "docs", ("https://docs.example.org",)),))) as matomo:
        trial = MatomoTrial(tmp_path / "project", matomo).write()
        manifest = trial.root / "mtc.yaml"
        manifest.write_text(manifest.read_text().replace("matomo_id: 1, ", ""))
        trial.log(NAME, [line("/a")])
        assert trial.apply().code == 0
        assert [hit["idsite"] for hit in sent(matomo)] == ["7"]


def test_hits_of_a_time_that_matomo_would_not_keep_are_not_sent_and_told(
    trial: MatomoTrial, matomo: FakeMatomo
) -> None:
    """It would file them under the time of the request."""
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
def test_other_days_are_refused_before_the_first_byte(theirs: str, ours: str, tmp_path: Path, *, well: bool) -> None:
    """Numbers of days that are not the same hours would never agree; the remedy is told, and works."""
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


def test_days_before_the_site_began_are_no_zeros(tmp_path: Path) -> None:
    """Its first batch was rolled back, and its date stays: no statistic, the date and the remedy, which works."""
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


def test_sites_may_stay_out(trial: MatomoTrial, matomo: FakeMatomo) -> None:
    """Their hits stay in the warehouse."""
    manifest = trial.root / "mtc.yaml"
    manifest.write_text(manifest.read_text().replace("matomo_id: 1,", "matomo: false,"))
    trial.log(NAME, [line("/a")])
    assert trial.apply().code == 0
    assert matomo.posts.bulks == 0


@pytest.mark.parametrize("token", [SUPER, WRITE])
@pytest.mark.parametrize("good", [3, 0])
def test_hits_that_matomo_refuses_are_told_with_their_lines(token: str, good: int, tmp_path: Path) -> None:
    """Also when all of a batch are, which looks as a wrong token does; `verify` knows of them."""
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
def test_hits_that_matomo_fails_over_are_refused_and_the_others_recorded(
    places: tuple[int, ...], trial: MatomoTrial, matomo: FakeMatomo
) -> None:
    """The step is done and names them; nothing is sent by the next run."""
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
def test_batches_of_nothing_but_such_hits_are_settled_after_others(
    bad: range, lanes: int, trial: MatomoTrial, matomo: FakeMatomo
) -> None:
    """Wherever they stand in the delivery, and in whatever lane."""
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
