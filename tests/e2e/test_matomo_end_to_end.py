"""From logs to statistics through a Matomo server: a fake one, or a real one given by environment variables.

    MTC_TEST_MATOMO_URL=https://stats.example.org MTC_TEST_MATOMO_TOKEN=... MTC_TEST_MATOMO_SITE=7 pytest tests/e2e/test_matomo_end_to_end.py

Use a site for tests only: a random day between 2015 and 2024 gets hits that cannot be removed.
"""  # noqa: E501 - a command line

import datetime as dt
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import mtc
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import SUPER

REAL = os.environ.get("MTC_TEST_MATOMO_URL", "")
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
)
HITS = 120
SETTLE = 130 if REAL else 1


@dataclass(frozen=True, slots=True)
class Server:
    """A Matomo server with a token and a site."""

    url: str
    token: str
    site: int


@pytest.fixture
def server() -> Iterator[Server]:
    """The real server from the environment, or a fake one."""
    if REAL:
        yield Server(REAL, os.environ["MTC_TEST_MATOMO_TOKEN"], int(os.environ["MTC_TEST_MATOMO_SITE"]))
        return
    with FakeMatomo() as matomo:
        yield Server(matomo.url, SUPER, 1)


@dataclass(frozen=True, slots=True)
class Place:
    """A project of one day."""

    root: Path
    server: Server
    day: dt.date

    def mtc(self, *arguments: str, crash_at: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command."""
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HTTPS_PROXY", "HTTP_PROXY") if name in os.environ},
            "PYTHONPATH": str(Path(mtc.__file__).parents[1]),
            "HOME": str(self.root),
            "TOKEN": self.server.token,
        }
        if crash_at:
            environment["MTC_CRASH_AT"] = crash_at
        command = [sys.executable, "-m", "mtc", *arguments]
        return subprocess.run(command, cwd=self.root, env=environment, text=True, capture_output=True, check=False)


@pytest.fixture
def place(tmp_path: Path, server: Server) -> Place:
    """A project with a log of a day for which the site has no hits yet."""
    dice = random.Random() if REAL else random.Random("a day")
    day = dt.date(2015, 1, 1) + dt.timedelta(days=dice.randrange(3600))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / f"{day}.log").write_text("".join(_lines(dice, day)))
    (tmp_path / "mtc.yaml").write_text(
        f"version: 1\ndates: {day}\nsource: {{url: 'logs/{{date:%Y-%m-%d}}.log'}}\n"
        f"matomo: {{url: '{server.url}', token: '${{TOKEN}}', batch: 20, settle: {SETTLE}s, timeout: {SETTLE + 5}s}}\n"
        f"sites: {{docs: {{matomo_id: {server.site}, url: 'http://docs.example.org'}}}}\n"
    )
    return Place(tmp_path, server, day)


def _lines(dice: random.Random, day: dt.date) -> Iterator[str]:
    """Return lines around midday, so that they are on one day in any time zone near UTC."""
    for second in sorted(dice.sample(range(30_000), HITS)):
        time = dt.datetime.combine(day, dt.time(8), dt.UTC) + dt.timedelta(seconds=second)
        request = f"GET /{dice.choice('abcdef')}.html?n={dice.randrange(1000)} HTTP/1.1"
        yield f'198.51.100.{dice.randrange(9)} - - [{time:%d/%b/%Y:%H:%M:%S} +0000] "{request}" 200 512 "-" "{AGENT}"\n'


def test_a_day_is_delivered_counted_and_verified(place: Place) -> None:
    """Doctor, apply and verify succeed, and a second apply has nothing to do."""
    assert place.mtc("doctor", "mtc.yaml").returncode == 0
    applied = place.mtc("apply", "mtc.yaml")
    assert applied.returncode == 0, applied.stderr
    stat = json.loads((place.root / "stats" / "docs" / f"{place.day}.stat").read_text())
    assert (stat["source"], stat["summary"]["actions"]) == ("matomo", HITS)
    verified = place.mtc("verify", "mtc.yaml")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "3 up to date" in place.mtc("apply", "mtc.yaml").stderr


@pytest.mark.parametrize("point", ["deliver.sending:2", "deliver.sent:3"])
def test_a_killed_delivery_is_completed_and_verified(point: str, place: Place) -> None:
    """The next run finds out whether the batch in progress was recorded."""
    assert place.mtc("apply", "mtc.yaml", crash_at=point).returncode == -signal.SIGKILL
    applied = place.mtc("apply", "mtc.yaml")
    assert applied.returncode == 0, applied.stderr
    verified = place.mtc("verify", "mtc.yaml")
    assert verified.returncode == 0, verified.stdout + verified.stderr
