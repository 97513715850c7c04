"""The doctor and the services of a run: S3 pulled from and pushed to, and a Matomo server with its sites."""

import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from s3_faults import Fault, Proxy
from s3_server import ACCESS_KEY, SECRET_KEY, S3Server

from mtc.core.clock import utc_now
from mtc.core.findings import Finding, Level
from mtc.doctor.doctor import DoctorResult, run_checks
from mtc.engine.selection import Scope
from mtc.manifest.load import load
from tests.fake_matomo.faults import Fault as MatomoFault
from tests.fake_matomo.faults import Place
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import SUPER, VIEW, WRITE, Role, Settings, Site, Token

DOCS = Site(1, "docs", ("http://docs.example.org",))
SHOP = Site(2, "shop", ("http://shop.example.org",))
S3 = """\
version: 1
dates: 2026-05-01
source: {url: "s3://SOURCE/{site}/{date:%Y-%m-%d}*.log", credentials: store}
archive: {url: "s3://ARCHIVE/kept/{site}/{date:%Y/%m/%d}/{name}", credentials: store}
sites: {docs: {}}
credentials:
  store: {access_key_id: "${KEY}", secret_access_key: "${SECRET}", region: us-east-1, endpoint_url: "URL"}
"""
MATOMO = """\
version: 1
dates: 2026-05-01
source: {url: "logs/{site}/{date:%Y-%m-%d}*.log"}
matomo: {url: "URL", token: "${TOKEN}"}
sites:
"""
SITES = "  docs: {matomo_id: 1}\n  shop: {url: 'https://shop.example.org'}\n"


def of(found: DoctorResult, about: str) -> list[tuple[Level, str]]:
    """What is said about something."""
    return [(one.level, one.what) for one in found.findings if one.about == about]


def bad(findings: Iterable[Finding]) -> list[Finding]:
    """What is not well, but for what this machine has to say, and logs that are not there."""
    return [one for one in findings if one.level is not Level.OK and not one.about.startswith(("source", "spool"))]


def in_s3(root: Path, url: str, source: str, archive: str) -> DoctorResult:
    text = S3.replace("SOURCE", source).replace("ARCHIVE", archive).replace("URL", url)
    (root / "mtc.yaml").write_text(text)
    project = load(root / "mtc.yaml", environ={"KEY": ACCESS_KEY, "SECRET": SECRET_KEY})
    return run_checks(project, Scope(), utc_now, limit=20)


def in_matomo(root: Path, url: str, sites: str = SITES, token: str = SUPER, *, limit: float = 20) -> DoctorResult:
    (root / "mtc.yaml").write_text(MATOMO.replace("URL", url) + sites)
    for site in ("docs", "shop"):
        (root / "logs" / site).mkdir(parents=True, exist_ok=True)
    project = load(root / "mtc.yaml", environ={"TOKEN": token})
    return run_checks(project, Scope(), utc_now, limit=limit)


@pytest.fixture
def buckets(s3: S3Server) -> tuple[str, str]:
    """A bucket with a log, and an empty one."""
    source, archive = s3.bucket(), s3.bucket()
    s3.put(source, "docs/2026-05-01.log", b"a line\n")
    return source, archive


@pytest.fixture
def matomo() -> Iterator[FakeMatomo]:
    with FakeMatomo(Settings(sites=(DOCS, SHOP))) as fake:
        yield fake
        assert fake.errors == []
        assert fake.hits() == []


def test_buckets_that_can_be_read_and_written_are_well_and_stay_as_they_were(
    s3: S3Server, buckets: tuple[str, str], tmp_path: Path
) -> None:
    """The probe is put there and taken away."""
    found = in_s3(tmp_path, s3.url, *buckets)
    assert of(found, "source of docs") == [(Level.OK, "1 object on 2026-05-01, on every day")]
    assert of(found, "archive of docs") == [(Level.OK, "can be written")]
    assert (s3.keys(buckets[0]), s3.keys(buckets[1])) == (["docs/2026-05-01.log"], [])


def test_a_bucket_that_is_not_there_is_a_problem(s3: S3Server, buckets: tuple[str, str], tmp_path: Path) -> None:
    """On either side."""
    pulled = in_s3(tmp_path, s3.url, "no-such-bucket", buckets[1])
    assert of(pulled, "source of docs") == [(Level.PROBLEM, "there is no such bucket (NoSuchBucket)")]
    pushed = in_s3(tmp_path, s3.url, buckets[0], "no-such-bucket")
    assert of(pushed, "archive of docs") == [(Level.PROBLEM, "there is no such bucket (NoSuchBucket)")]


@pytest.mark.parametrize(
    ("request_", "about"), [(r"^GET /[^?]*\.log", "source of docs"), ("^PUT .*mtc-probe", "archive of docs")]
)
def test_a_right_that_is_missing_is_a_problem_with_its_name(
    proxy: Proxy, buckets: tuple[str, str], tmp_path: Path, request_: str, about: str
) -> None:
    """Listing alone is not enough to pull, nor reading to push. No key is shown, though the service says it."""
    proxy.faults = [Fault(request_, "answer", 403, "AccessDenied")]
    found = in_s3(tmp_path, proxy.url, *buckets)
    (denied,) = [one for one in found.findings if one.about == about]
    assert (denied.level, denied.what) == (Level.PROBLEM, "access denied (AccessDenied)")
    assert "s3:GetObject" in denied.hint or "s3:PutObject" in denied.hint
    assert ACCESS_KEY not in repr(found)
    assert SECRET_KEY not in repr(found)


def test_an_archive_that_keeps_what_it_is_given_is_a_warning(
    s3: S3Server, proxy: Proxy, buckets: tuple[str, str], tmp_path: Path
) -> None:
    """A push needs no right to delete; the probe that stays is named."""
    proxy.faults = [Fault("^DELETE", "answer", 403, "AccessDenied")]
    ((level, what),) = of(in_s3(tmp_path, proxy.url, *buckets), "archive of docs")
    assert level is Level.WARNING
    assert f"s3://{buckets[1]}/kept/docs/2026/05/01/.mtc-probe stays" in what
    assert s3.keys(buckets[1]) == ["kept/docs/2026/05/01/.mtc-probe"]


def test_a_server_that_is_as_it_should_be_has_nothing_said_against_it(matomo: FakeMatomo, tmp_path: Path) -> None:
    """Sites by number and by address; no hit is sent."""
    found = in_matomo(tmp_path, matomo.url)
    assert bad(found.findings) == []
    assert of(found, "matomo for shop") == [(Level.OK, "is site 2, shop, and may be written to")]


def test_without_a_server_in_the_manifest_none_is_asked(matomo: FakeMatomo, tmp_path: Path) -> None:
    """Sites may be left out of the delivery one by one."""
    found = in_matomo(tmp_path, matomo.url, "  docs: {matomo: false}\n  shop: {matomo: false}\n")
    assert not [one for one in found.findings if "matomo" in one.about]


def test_a_wrong_token_is_a_problem_and_is_not_shown(matomo: FakeMatomo, tmp_path: Path) -> None:
    """With the remedy."""
    found = in_matomo(tmp_path, matomo.url, token="5ecre7" * 5)
    ((level, what),) = of(found, "matomo")
    assert (level, what) == (Level.PROBLEM, "Matomo does not accept the token")
    assert "5ecre7" not in repr(found)


def test_a_token_that_may_only_look_is_a_problem_for_each_site(matomo: FakeMatomo, tmp_path: Path) -> None:
    """Matomo would answer that all is well, and record nothing."""
    found = in_matomo(tmp_path, matomo.url, token=VIEW)
    for number, name in ((1, "docs"), (2, "shop")):
        what = f"the token may only view site {number}, {name}: it lacks 'write' access to it"
        assert of(found, f"matomo for {name}") == [(Level.PROBLEM, what)]


def test_a_token_that_may_write_is_enough_but_for_a_warning(matomo: FakeMatomo, tmp_path: Path) -> None:
    """Only a super user may have reports made again."""
    found = in_matomo(tmp_path, matomo.url, token=WRITE)
    assert not found.has_problem
    (warned,) = bad(found.findings)
    assert "not a super user's" in warned.what


def test_sites_that_matomo_does_not_have_are_problems(matomo: FakeMatomo, tmp_path: Path) -> None:
    """By number and by address."""
    found = in_matomo(tmp_path, matomo.url, "  docs: {matomo_id: 9}\n  shop: {url: 'https://other.example.org'}\n")
    assert [level for level, _ in of(found, "matomo for docs") + of(found, "matomo for shop")] == [Level.PROBLEM] * 2
    assert "no site 9" in of(found, "matomo for docs")[0][1]


def test_an_address_that_several_sites_have_is_a_problem(tmp_path: Path) -> None:
    """Which of them is meant has to be written down."""
    twin = Site(3, "twin", SHOP.urls)
    with FakeMatomo(Settings(sites=(DOCS, SHOP, twin))) as fake:
        ((level, what),) = of(in_matomo(tmp_path, fake.url), "matomo for shop")
    assert level is Level.PROBLEM
    assert what.startswith("several sites")


def test_two_sites_with_one_number_are_a_problem(matomo: FakeMatomo, tmp_path: Path) -> None:
    """Their hits would be one site's."""
    found = in_matomo(tmp_path, matomo.url, "  docs: {url: 'https://shop.example.org'}\n  shop: {matomo_id: 2}\n")
    assert (Level.PROBLEM, "site 2 of Matomo is used by several sites: docs, shop") in of(found, "matomo")


@pytest.mark.parametrize(
    ("zone", "own", "wrong"),
    [
        ("Europe/Paris", "UTC", True),
        ("Europe/Paris", "Europe/Paris", False),
        ("Europe/Paris", "Europe/Berlin", False),
        ("UTC", "Etc/UTC", False),
        ("UTC+2", "Europe/Paris", True),
        ("Europe/London", "UTC", True),
    ],
)
def test_a_zone_with_other_days_than_the_manifests_is_a_problem(
    tmp_path: Path, zone: str, own: str, *, wrong: bool
) -> None:
    """What counts is the time there, not the name."""
    site = Site(1, "docs", DOCS.urls, zone)
    with FakeMatomo(Settings(sites=(site,))) as fake:
        found = in_matomo(tmp_path, fake.url, f"  docs: {{matomo_id: 1, timezone: {own}}}\n")
    assert found.has_problem is wrong
    assert any("time zone" in what for _, what in of(found, "matomo for docs")) is wrong


@pytest.mark.parametrize(
    ("created", "warned"), [(dt.date(2026, 4, 30), False), (dt.date(2026, 5, 1), False), (dt.date(2026, 5, 2), True)]
)
def test_a_site_that_began_after_the_first_day_is_warned_of(tmp_path: Path, created: dt.date, *, warned: bool) -> None:
    """Its reports may stay empty; both dates are told, and what a super user can do."""
    site = Site(1, "docs", DOCS.urls, created=created)
    with FakeMatomo(Settings(sites=(site,))) as fake:
        found = in_matomo(tmp_path, fake.url, "  docs: {matomo_id: 1}\n")
    warnings = [one for one in found.findings if one.about == "matomo for docs" and one.level is Level.WARNING]
    assert not found.has_problem
    assert len(warnings) == warned
    for one in warnings:
        assert "created there on 2026-05-02, and `dates` begins with 2026-05-01" in one.what
        assert "idSite=1 and startDate=2026-05-01" in one.hint


@pytest.mark.parametrize(
    ("skew", "level"), [(0, Level.OK), (-20, Level.WARNING), (20, Level.WARNING), (90, Level.PROBLEM)]
)
def test_clocks_that_differ_are_told(tmp_path: Path, skew: float, level: Level) -> None:
    """A little is a warning; a minute would have hits filed under the wrong time."""
    with FakeMatomo(Settings(sites=(DOCS,), clock_skew=skew)) as fake:
        found = in_matomo(tmp_path, fake.url, "  docs: {matomo_id: 1}\n")
    assert [one for one, _ in of(found, "matomo's clock")] == [level]


def test_an_old_version_is_a_warning(tmp_path: Path) -> None:
    """4.0 is the first that all of this is known of."""
    with FakeMatomo(Settings(sites=(DOCS,), version="3.14.1")) as fake:
        found = in_matomo(tmp_path, fake.url, "  docs: {matomo_id: 1}\n")
    assert not found.has_problem
    assert (Level.WARNING, "is of version 3.14.1; mtc is made for 4.0 and later") in of(found, "matomo")


def test_a_server_that_does_not_answer_is_a_problem(tmp_path: Path) -> None:
    """Nobody listens there any more."""
    with FakeMatomo() as fake:
        url = fake.url
    found = in_matomo(tmp_path, url)
    ((level, what),) = of(found, "matomo")
    assert level is Level.PROBLEM
    assert "no connection" in what
    assert all(one.hint for one in bad(found.findings))


def test_a_server_that_takes_too_long_is_a_problem_and_is_not_waited_for(matomo: FakeMatomo, tmp_path: Path) -> None:
    """The limit is for each question; the others are answered."""
    matomo.faults.next(MatomoFault.SLOW, on=Place.REPORTS, seconds=3)
    found = in_matomo(tmp_path, matomo.url, limit=0.5)
    assert of(found, "matomo") == [(Level.PROBLEM, "no answer within 0.5 s")]
    assert of(found, "source of docs") == [(Level.WARNING, "no objects on 2026-05-01")]


def test_a_password_in_the_address_is_not_shown(tmp_path: Path) -> None:
    """It belongs into keys of its own."""
    found = in_matomo(tmp_path, "http://user:5ecre7@127.0.0.1:1")
    ((level, _),) = of(found, "matomo")
    assert level is Level.PROBLEM
    assert "5ecre7" not in repr(found.findings)


def test_a_page_of_a_proxy_is_no_matomo(matomo: FakeMatomo, tmp_path: Path) -> None:
    """The right address is to be written down."""
    matomo.faults.always(MatomoFault.PROXY_PAGE, on=Place.REPORTS)
    ((level, _),) = of(in_matomo(tmp_path, matomo.url), "matomo")
    assert level is Level.PROBLEM


def test_a_site_that_the_token_may_not_see_is_a_problem(tmp_path: Path) -> None:
    """As if it were not there: Matomo does not tell the two apart."""
    token = Token("f" * 32, Role.WRITE, frozenset({1}))
    with FakeMatomo(Settings(sites=(DOCS, SHOP), tokens=(token,))) as fake:
        found = in_matomo(tmp_path, fake.url, "  docs: {matomo_id: 1}\n  shop: {matomo_id: 2}\n", token.text)
    assert of(found, "matomo for docs") == [(Level.OK, "is site 1, docs, and may be written to")]
    assert of(found, "matomo for shop")[0][0] is Level.PROBLEM


def test_no_finding_without_a_remedy_but_those_that_are_well(matomo: FakeMatomo, tmp_path: Path) -> None:
    """Whatever is wrong, it is said what to do."""
    worst = in_matomo(
        tmp_path, matomo.url, "  docs: {matomo_id: 9}\n  shop: {matomo_id: 2, timezone: Asia/Tokyo}\n", VIEW
    )
    assert all(one.hint for one in worst.findings if one.level is not Level.OK)
