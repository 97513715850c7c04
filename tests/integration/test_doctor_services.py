"""Doctor checks of S3 sources and archives, and of the Matomo server with its sites."""

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


def findings_about(found: DoctorResult, about: str) -> list[tuple[Level, str]]:
    """Return the level and text of the findings about a subject."""
    return [(one.level, one.what) for one in found.findings if one.about == about]


def failures(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that are not OK, except those about disk space and missing logs."""
    return [one for one in findings if one.level is not Level.OK and not one.about.startswith(("source", "spool"))]


def run_doctor_on_s3(root: Path, url: str, source: str, archive: str) -> DoctorResult:
    text = S3.replace("SOURCE", source).replace("ARCHIVE", archive).replace("URL", url)
    (root / "mtc.yaml").write_text(text)
    project = load(root / "mtc.yaml", environ={"KEY": ACCESS_KEY, "SECRET": SECRET_KEY})
    return run_checks(project, Scope(), utc_now, limit=20)


def run_doctor_on_matomo(
    root: Path, url: str, sites: str = SITES, token: str = SUPER, *, limit: float = 20
) -> DoctorResult:
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


def test_accessible_buckets_are_ok_and_stay_unchanged(s3: S3Server, buckets: tuple[str, str], tmp_path: Path) -> None:
    """Accessible buckets are OK, and the probe object is removed from the archive."""
    found = run_doctor_on_s3(tmp_path, s3.url, *buckets)
    assert findings_about(found, "source of docs") == [(Level.OK, "1 object on 2026-05-01, on every day")]
    assert findings_about(found, "archive of docs") == [(Level.OK, "can be written")]
    assert (s3.keys(buckets[0]), s3.keys(buckets[1])) == (["docs/2026-05-01.log"], [])


def test_a_missing_bucket_is_a_problem(s3: S3Server, buckets: tuple[str, str], tmp_path: Path) -> None:
    """A missing bucket of the source or the archive is a problem."""
    pulled = run_doctor_on_s3(tmp_path, s3.url, "no-such-bucket", buckets[1])
    assert findings_about(pulled, "source of docs") == [(Level.PROBLEM, "there is no such bucket (NoSuchBucket)")]
    pushed = run_doctor_on_s3(tmp_path, s3.url, buckets[0], "no-such-bucket")
    assert findings_about(pushed, "archive of docs") == [(Level.PROBLEM, "there is no such bucket (NoSuchBucket)")]


@pytest.mark.parametrize(
    ("request_", "about"), [(r"^GET /[^?]*\.log", "source of docs"), ("^PUT .*mtc-probe", "archive of docs")]
)
def test_a_missing_permission_is_a_problem_that_names_it(
    proxy: Proxy, buckets: tuple[str, str], tmp_path: Path, request_: str, about: str
) -> None:
    """A missing permission to get or put objects is a problem that names it; no credentials are shown."""
    proxy.faults = [Fault(request_, "answer", 403, "AccessDenied")]
    found = run_doctor_on_s3(tmp_path, proxy.url, *buckets)
    (denied,) = [one for one in found.findings if one.about == about]
    assert (denied.level, denied.what) == (Level.PROBLEM, "access denied (AccessDenied)")
    assert "s3:GetObject" in denied.hint or "s3:PutObject" in denied.hint
    assert ACCESS_KEY not in repr(found)
    assert SECRET_KEY not in repr(found)


def test_an_archive_without_delete_permission_is_a_warning(
    s3: S3Server, proxy: Proxy, buckets: tuple[str, str], tmp_path: Path
) -> None:
    """An archive without permission to delete is a warning that names the probe object which stays."""
    proxy.faults = [Fault("^DELETE", "answer", 403, "AccessDenied")]
    ((level, what),) = findings_about(run_doctor_on_s3(tmp_path, proxy.url, *buckets), "archive of docs")
    assert level is Level.WARNING
    assert f"s3://{buckets[1]}/kept/docs/2026/05/01/.mtc-probe stays" in what
    assert s3.keys(buckets[1]) == ["kept/docs/2026/05/01/.mtc-probe"]


def test_a_correctly_configured_server_has_no_warning(matomo: FakeMatomo, tmp_path: Path) -> None:
    """A correct server has no warning, with sites found by number and by URL; no hit is sent."""
    found = run_doctor_on_matomo(tmp_path, matomo.url)
    assert failures(found.findings) == []
    assert findings_about(found, "matomo for shop") == [(Level.OK, "is site 2, shop, and may be written to")]


def test_the_server_is_not_checked_if_no_site_uses_it(matomo: FakeMatomo, tmp_path: Path) -> None:
    """If every site has `matomo: false`, the server is not checked."""
    found = run_doctor_on_matomo(tmp_path, matomo.url, "  docs: {matomo: false}\n  shop: {matomo: false}\n")
    assert not [one for one in found.findings if "matomo" in one.about]


def test_a_wrong_token_is_a_problem_and_is_not_shown(matomo: FakeMatomo, tmp_path: Path) -> None:
    """A wrong token is a problem, and is not shown."""
    found = run_doctor_on_matomo(tmp_path, matomo.url, token="5ecre7" * 5)
    ((level, what),) = findings_about(found, "matomo")
    assert (level, what) == (Level.PROBLEM, "Matomo does not accept the token")
    assert "5ecre7" not in repr(found)


def test_a_view_only_token_is_a_problem_for_each_site(matomo: FakeMatomo, tmp_path: Path) -> None:
    """A view-only token is a problem for each site, as Matomo would record nothing."""
    found = run_doctor_on_matomo(tmp_path, matomo.url, token=VIEW)
    for number, name in ((1, "docs"), (2, "shop")):
        what = f"the token may only view site {number}, {name}: it lacks 'write' access to it"
        assert findings_about(found, f"matomo for {name}") == [(Level.PROBLEM, what)]


def test_a_token_with_write_access_is_a_warning(matomo: FakeMatomo, tmp_path: Path) -> None:
    """A token with write access delivers; it is a warning, as only a super user may invalidate reports."""
    found = run_doctor_on_matomo(tmp_path, matomo.url, token=WRITE)
    assert not found.has_problem
    (warned,) = failures(found.findings)
    assert "not a super user's" in warned.what


def test_sites_that_matomo_does_not_have_are_problems(matomo: FakeMatomo, tmp_path: Path) -> None:
    """Sites that Matomo does not have are problems, by number and by URL."""
    found = run_doctor_on_matomo(
        tmp_path, matomo.url, "  docs: {matomo_id: 9}\n  shop: {url: 'https://other.example.org'}\n"
    )
    assert [
        level for level, _ in findings_about(found, "matomo for docs") + findings_about(found, "matomo for shop")
    ] == [Level.PROBLEM] * 2
    assert "no site 9" in findings_about(found, "matomo for docs")[0][1]


def test_a_url_of_several_sites_is_a_problem(tmp_path: Path) -> None:
    """A URL that several sites in Matomo have is a problem, as the site is ambiguous."""
    twin = Site(3, "twin", SHOP.urls)
    with FakeMatomo(Settings(sites=(DOCS, SHOP, twin))) as fake:
        ((level, what),) = findings_about(run_doctor_on_matomo(tmp_path, fake.url), "matomo for shop")
    assert level is Level.PROBLEM
    assert what.startswith("several sites")


def test_two_sites_with_one_number_are_a_problem(matomo: FakeMatomo, tmp_path: Path) -> None:
    """Two sites that resolve to one number are a problem, as their hits would be mixed."""
    found = run_doctor_on_matomo(
        tmp_path, matomo.url, "  docs: {url: 'https://shop.example.org'}\n  shop: {matomo_id: 2}\n"
    )
    assert (Level.PROBLEM, "site 2 of Matomo is used by several sites: docs, shop") in findings_about(found, "matomo")


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
def test_a_different_time_zone_is_a_problem(tmp_path: Path, zone: str, own: str, *, wrong: bool) -> None:
    """Time zones are compared by their offsets in the days of the run, not by name."""
    site = Site(1, "docs", DOCS.urls, zone)
    with FakeMatomo(Settings(sites=(site,))) as fake:
        found = run_doctor_on_matomo(tmp_path, fake.url, f"  docs: {{matomo_id: 1, timezone: {own}}}\n")
    assert found.has_problem is wrong
    assert any("time zone" in what for _, what in findings_about(found, "matomo for docs")) is wrong


@pytest.mark.parametrize(
    ("created", "warned"), [(dt.date(2026, 4, 30), False), (dt.date(2026, 5, 1), False), (dt.date(2026, 5, 2), True)]
)
def test_a_site_created_after_the_first_day_is_a_warning(tmp_path: Path, created: dt.date, *, warned: bool) -> None:
    """A site created after the first day is a warning with both dates and a fix."""
    site = Site(1, "docs", DOCS.urls, created=created)
    with FakeMatomo(Settings(sites=(site,))) as fake:
        found = run_doctor_on_matomo(tmp_path, fake.url, "  docs: {matomo_id: 1}\n")
    warnings = [one for one in found.findings if one.about == "matomo for docs" and one.level is Level.WARNING]
    assert not found.has_problem
    assert len(warnings) == warned
    for one in warnings:
        assert "created there on 2026-05-02, and `dates` begins with 2026-05-01" in one.what
        assert "idSite=1 and startDate=2026-05-01" in one.hint


@pytest.mark.parametrize(
    ("skew", "level"), [(0, Level.OK), (-20, Level.WARNING), (20, Level.WARNING), (90, Level.PROBLEM)]
)
def test_clock_skew_is_reported(tmp_path: Path, skew: float, level: Level) -> None:
    """A small clock skew is a warning; one above a minute is a problem, as hits would get a wrong time."""
    with FakeMatomo(Settings(sites=(DOCS,), clock_skew=skew)) as fake:
        found = run_doctor_on_matomo(tmp_path, fake.url, "  docs: {matomo_id: 1}\n")
    assert [one for one, _ in findings_about(found, "matomo's clock")] == [level]


def test_an_old_version_is_a_warning(tmp_path: Path) -> None:
    """A server older than 4.0 is a warning."""
    with FakeMatomo(Settings(sites=(DOCS,), version="3.14.1")) as fake:
        found = run_doctor_on_matomo(tmp_path, fake.url, "  docs: {matomo_id: 1}\n")
    assert not found.has_problem
    assert (Level.WARNING, "is of version 3.14.1; mtc is made for 4.0 and later") in findings_about(found, "matomo")


def test_a_server_that_does_not_answer_is_a_problem(tmp_path: Path) -> None:
    """A server that refuses connections is a problem with a hint."""
    with FakeMatomo() as fake:
        url = fake.url
    found = run_doctor_on_matomo(tmp_path, url)
    ((level, what),) = findings_about(found, "matomo")
    assert level is Level.PROBLEM
    assert "no connection" in what
    assert all(one.hint for one in failures(found.findings))


def test_a_slow_server_is_a_problem_and_blocks_no_other_check(matomo: FakeMatomo, tmp_path: Path) -> None:
    """The time limit applies to each request: a slow server is a problem, and the other checks finish."""
    matomo.faults.next(MatomoFault.SLOW, on=Place.REPORTS, seconds=3)
    found = run_doctor_on_matomo(tmp_path, matomo.url, limit=0.5)
    assert findings_about(found, "matomo") == [(Level.PROBLEM, "no answer within 0.5 s")]
    assert findings_about(found, "source of docs") == [(Level.WARNING, "no objects on 2026-05-01")]


def test_a_password_in_the_url_is_not_shown(tmp_path: Path) -> None:
    """A password in the URL is not shown."""
    found = run_doctor_on_matomo(tmp_path, "http://user:5ecre7@127.0.0.1:1")
    ((level, _),) = findings_about(found, "matomo")
    assert level is Level.PROBLEM
    assert "5ecre7" not in repr(found.findings)


def test_a_proxy_page_is_a_problem(matomo: FakeMatomo, tmp_path: Path) -> None:
    """An HTML page of a proxy instead of Matomo's response is a problem."""
    matomo.faults.always(MatomoFault.PROXY_PAGE, on=Place.REPORTS)
    ((level, _),) = findings_about(run_doctor_on_matomo(tmp_path, matomo.url), "matomo")
    assert level is Level.PROBLEM


def test_a_site_without_access_for_the_token_is_a_problem(tmp_path: Path) -> None:
    """A site without access for the token is a problem, as if it did not exist."""
    token = Token("f" * 32, Role.WRITE, frozenset({1}))
    with FakeMatomo(Settings(sites=(DOCS, SHOP), tokens=(token,))) as fake:
        found = run_doctor_on_matomo(tmp_path, fake.url, "  docs: {matomo_id: 1}\n  shop: {matomo_id: 2}\n", token.text)
    assert findings_about(found, "matomo for docs") == [(Level.OK, "is site 1, docs, and may be written to")]
    assert findings_about(found, "matomo for shop")[0][0] is Level.PROBLEM


def test_every_warning_and_problem_has_a_hint(matomo: FakeMatomo, tmp_path: Path) -> None:
    """Every warning and problem has a hint."""
    worst = run_doctor_on_matomo(
        tmp_path, matomo.url, "  docs: {matomo_id: 9}\n  shop: {matomo_id: 2, timezone: Asia/Tokyo}\n", VIEW
    )
    assert all(one.hint for one in worst.findings if one.level is not Level.OK)
