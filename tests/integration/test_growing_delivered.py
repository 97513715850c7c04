"""Growing logs of a site that is delivered to Matomo: what is new is sent, once, and visits go on across slices."""

import datetime as dt
import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from matomo_trial import DAYS, MatomoTrial

from mtc.core.model import Stage, StepId
from tests.fake_matomo.server import FakeMatomo

STEP = StepId(Stage.IMPORT, "docs", DAYS[0])
MIDNIGHT = dt.datetime.combine(DAYS[0], dt.time(), dt.UTC)
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"


class Site:
    """A site's growing log, and the server that its hits are sent to."""

    def __init__(self, trial: MatomoTrial) -> None:
        self.trial = trial
        manifest = trial.root / "mtc.yaml"
        manifest.write_text(manifest.read_text().replace("{site}/{date:%Y-%m-%d}*.log", "docs/access.log*"))
        self.log = trial.root / "logs" / "docs" / "access.log"
        self.log.parent.mkdir(parents=True)
        self.number = 0

    def write(self, *minutes: int, visitor: int = 1) -> None:
        """Append a hit at each of these minutes of the day."""
        with self.log.open("a", encoding="utf-8") as log:
            for minute in minutes:
                self.number += 1
                at = MIDNIGHT + dt.timedelta(minutes=minute)
                request = f'"GET /{self.number:04} HTTP/1.1" 200 512 "-" "{AGENT}"'
                log.write(f"192.0.2.{visitor} - - [{at:%d/%b/%Y:%H:%M:%S %z}] {request}\n")
        self.touch(max(minutes))

    def touch(self, minute: int) -> None:
        """The log was written to at this minute of the day."""
        os.utime(self.log, ((MIDNIGHT + dt.timedelta(minutes=minute)).timestamp(),) * 2)

    def apply(self, code: int = 0, *arguments: str) -> str:
        """Apply; gives what was said."""
        ended = self.trial.apply(*arguments)
        assert ended.code == code, ended.err
        return ended.err

    @property
    def sent(self) -> list[int]:
        """The numbers of the hits that the server has, sorted."""
        return sorted(int(hit.url.rpartition("/")[2]) for hit in self.trial.matomo.hits(1))

    def deliveries(self) -> list[int]:
        """How many hits each delivery of the day's step has."""
        with self.trial.state() as store:
            return [delivery.hits for delivery in store.history(("docs",)).deliveries.get(STEP, ())]

    def verdict(self) -> tuple[str, str]:
        """What a plan says of the day's import."""
        plan = json.loads(self.trial.mtc("plan", "--json").out)["plan"]
        [step] = [step for step in plan if step["step"] == str(STEP)]
        return step["verdict"], " ".join(step["reasons"])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site without hits."""
    with FakeMatomo() as matomo:
        yield Site(MatomoTrial(tmp_path / "project", matomo).write())


def test_what_is_new_is_a_delivery_of_its_own(site: Site) -> None:
    """Whether the log grew, was rotated, or was compressed: nothing is refused, and nothing sent again."""
    site.write(600, 601, 602)
    site.apply()
    site.write(610, 611)
    site.apply()
    assert site.deliveries() == [3, 2]
    site.write(615)
    rotated = site.log.with_name("access.log.1")
    site.log.rename(rotated)
    site.write(620)
    site.apply()
    assert sorted(site.deliveries()) == [1, 1, 2, 3] or site.deliveries() == [3, 2, 2]
    site.log.with_name("access.log.1.gz").write_bytes(gzip.compress(rotated.read_bytes()))
    rotated.unlink()
    posts = site.trial.matomo.posts.bulks
    site.apply()
    assert site.trial.matomo.posts.bulks == posts
    assert site.sent == list(range(1, site.number + 1))


def test_visits_go_on_across_slices(site: Site) -> None:
    """As Matomo joins them: within half an hour of the last hit, whatever run has sent that."""
    site.write(600, 605)
    site.write(601, visitor=2)
    site.apply()
    site.write(620, 640)
    site.write(700, visitor=2)
    site.apply()
    assert sorted((visitor, actions) for visitor, _, _, actions in site.trial.visits()) == [
        ("192.0.2.1", 4),
        ("192.0.2.2", 1),
        ("192.0.2.2", 1),
    ]
    assert site.sent == list(range(1, site.number + 1))


@pytest.mark.parametrize("grows", [True, False])
def test_a_changed_prefix_would_count_twice(site: Site, grows: bool) -> None:  # noqa: FBT001 - a case
    """It is refused until an operator accepts it, and sends nothing before; of the same size, once it was read."""
    site.write(*range(600, 700))
    site.apply()
    text = site.log.read_text()
    assert len(text) > 8192
    site.log.write_text(text.replace("GET /0099 ", "GET /0999 "))
    site.touch(705)
    if grows:
        site.write(710)
        verdict, reasons = site.verdict()
        assert verdict == "would count twice"
        assert "delivered, and changed since" in reasons
    posts = site.trial.matomo.posts.bulks
    assert f"--accept {STEP}" in site.apply(3)
    assert site.trial.matomo.posts.bulks == posts
    site.apply(0, "--accept", str(STEP))
    again = [number for number in range(1, 101) if number != 99]
    assert site.sent == sorted([*range(1, 101), *again, 999, *([101] if grows else [])])
    assert site.verdict()[0] == "up to date"


def test_a_damaged_file_does_not_hold_up_what_is_delivered(site: Site) -> None:
    """The step fails, and all hits of the other logs are sent in the same run, once."""
    site.write(600, 601)
    site.log.with_name("access.log.4.gz").write_bytes(gzip.compress(b"x" * 9999)[:30])
    os.utime(site.log.with_name("access.log.4.gz"), (MIDNIGHT.timestamp(),) * 2)
    said = site.apply(3)
    assert "cannot be read: access.log.4.gz: the file is cut off in mid-stream" in said
    assert site.sent == [1, 2]
    site.write(610)
    site.apply(3)
    assert site.sent == [1, 2, 3]
    site.log.with_name("access.log.4.gz").unlink()
    posts = site.trial.matomo.posts.bulks
    site.apply()
    assert site.sent == [1, 2, 3]
    assert site.trial.matomo.posts.bulks == posts
