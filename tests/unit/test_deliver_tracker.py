"""The server and its sites: a problem that would make every hit fail is found before the first one is sent."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from mtc.core.errors import PermanentError, TransientError
from mtc.formats.settings import Filters
from mtc.manifest.models import Source
from mtc.manifest.project import SiteSettings
from mtc.matomo.settings import Matomo
from mtc.stages.deliver.tracker import MatomoTracker, TrackedSite, server_of, zone_of
from tests.fake_matomo.faults import Fault, Place
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import ADMIN, SUPER, VIEW, WRITE

PARIS, NEW_YORK = ZoneInfo("Europe/Paris"), ZoneInfo("America/New_York")
WRONG = "0123456789abcdef" * 2


def settings_of(url: str, token: str = SUPER, **more: object) -> Matomo:
    """The settings of a server as a manifest has them."""
    return Matomo.model_validate({"url": url, "token": SecretStr(token), "timeout": "5s", **more})


def site(number: int | None = 1, url: str = "", zone: str = "UTC", name: str = "docs") -> SiteSettings:
    """A site of the manifest."""
    source = Source.model_validate({"url": "logs/{site}/{date:%Y-%m-%d}*"})
    return SiteSettings(name, url, zone, source, None, Filters(), number)


@contextmanager
def tracker_for(matomo: FakeMatomo, token: str = SUPER) -> Iterator[tuple[MatomoTracker, list[float]]]:
    """A tracker, and the list of its pauses."""
    rests: list[float] = []
    tracker = MatomoTracker(
        settings_of(matomo.url, token), Path("/project"), lambda: dt.datetime.now(dt.UTC), rests.append
    )
    with tracker.client:
        yield tracker, rests


@pytest.fixture
def matomo() -> Iterator[FakeMatomo]:
    """A server with three sites."""
    with FakeMatomo() as made:
        yield made


def test_a_site_has_the_servers_data_for_its_id(matomo: FakeMatomo) -> None:
    """The manifest's address takes precedence over the server's; the time zone is the server's."""
    with tracker_for(matomo) as (tracker, _):
        assert tracker.site(site(1)) == TrackedSite(1, "http://docs.example.org", ZoneInfo("UTC"))
        shop = site(2, "https://shop.example.org", "Europe/Paris", name="shop")
        assert tracker.site(shop) == TrackedSite(2, "https://shop.example.org", PARIS)


def test_a_site_without_an_id_is_found_by_its_address(matomo: FakeMatomo) -> None:
    """Otherwise it is not found."""
    with tracker_for(matomo) as (tracker, _):
        assert tracker.site(site(None, "http://blog.example.org", "America/New_York")).id == 3
        with pytest.raises(PermanentError, match="no site of Matomo has the address"):
            tracker.site(site(None, "http://nowhere.example.org", name="other"))


def test_a_site_is_requested_once_in_a_run(matomo: FakeMatomo) -> None:
    """It is requested again after it was marked as doubtful."""
    with tracker_for(matomo) as (tracker, _):
        first = tracker.site(site())
        asked = sum(matomo.posts.calls.values())
        assert tracker.site(site()) is first
        assert sum(matomo.posts.calls.values()) == asked
        tracker.recheck(site())
        assert sum(matomo.posts.calls.values()) == 2 * asked


@pytest.mark.parametrize("token", [SUPER, ADMIN, WRITE])
def test_write_access_is_enough_to_deliver(token: str, matomo: FakeMatomo) -> None:
    """Tokens with more rights are accepted too."""
    with tracker_for(matomo, token) as (tracker, _):
        assert tracker.site(site()).id == 1


@pytest.mark.parametrize(
    ("token", "number", "said"),
    [
        (VIEW, 1, "the token may only view site 1"),
        (WRITE, 99, "the token may not even see site 99"),
        (SUPER, 99, "Matomo has no site 99"),
    ],
)
def test_a_problem_that_would_fail_every_hit_is_an_error_with_a_fix(
    token: str, number: int, said: str, matomo: FakeMatomo
) -> None:
    """No hit is sent and no request repeated; a later check asks the server again."""
    with tracker_for(matomo, token) as (tracker, rests):
        with pytest.raises(PermanentError, match=said) as caught:
            tracker.site(site(number))
        assert "matomo_id" in caught.value.hint
        assert caught.value.where == matomo.url
        assert token not in f"{caught.value}{caught.value!r}{tracker!r}"
        assert rests == []
    assert matomo.posts.bulks == 0


def test_a_wrong_token_is_an_error_that_does_not_show_it(matomo: FakeMatomo) -> None:
    """It is not retried either."""
    with tracker_for(matomo, WRONG) as (tracker, rests):
        with pytest.raises(PermanentError, match="token") as caught:
            tracker.site(site())
        assert WRONG not in f"{caught.value}{caught.value!r}{tracker!r}"
        assert rests == []


def test_a_temporary_server_error_is_retried(matomo: FakeMatomo) -> None:
    """The attempt ends if the error persists."""
    with tracker_for(matomo) as (tracker, rests):
        matomo.faults.next(Fault.BAD_GATEWAY, on=Place.REPORTS, count=2)
        assert tracker.site(site()).id == 1
        assert len(rests) == 2
        matomo.faults.always(Fault.BAD_GATEWAY, on=Place.REPORTS)
        with pytest.raises(TransientError):
            tracker.recheck(site())


def test_the_times_of_the_manifest_are_durations() -> None:
    """Timeout and settle time are settings of the server."""
    tracker = MatomoTracker(
        settings_of("http://127.0.0.1:9", settle="2m"), Path("/project"), lambda: dt.datetime.now(dt.UTC)
    )
    assert (tracker.settle, tracker.timeout) == (dt.timedelta(seconds=120), dt.timedelta(seconds=5))
    assert (tracker.client.limiter.width, tracker.client.server.timeout) == (2, 5.0)


def test_a_certificate_path_is_relative_to_the_project(tmp_path: Path) -> None:
    """An absolute path stays unchanged."""
    for written, meant in (("ca.pem", tmp_path / "ca.pem"), ("/etc/ca.pem", Path("/etc/ca.pem"))):
        server = server_of(settings_of("https://stats.example.org", ca_bundle=written, tracker="piwik.php"), tmp_path)
        assert (server.ca_bundle, server.tracker) == (meant, "piwik.php")


@pytest.mark.parametrize(
    ("name", "hours"),
    [("UTC", 0), ("UTC+0", 0), ("UTC+5.5", 5.5), ("UTC-11.5", -11.5), ("UTC+14", 14), ("UTC-2", -2)],
)
def test_time_zones_are_read_as_matomo_names_them(name: str, hours: float) -> None:
    """A zone is an offset or a name of the time zone database."""
    assert dt.datetime(2026, 5, 1, tzinfo=zone_of(name, NEW_YORK)).utcoffset() == dt.timedelta(hours=hours)
    assert zone_of("Europe/Paris", NEW_YORK) == PARIS


@pytest.mark.parametrize(
    "name", ["", "nowhere", "UTC+99", "UTC-24", "UTC+1e9", "../../etc/passwd", "a\0b", "/", "Europe"]
)
def test_an_invalid_time_zone_is_replaced_by_that_of_the_site(name: str) -> None:
    """The server may answer anything."""
    assert zone_of(name, NEW_YORK) == NEW_YORK
