"""Merged slices of a site that is delivered to Matomo: their deliveries become one, and nothing is sent again."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from matomo_trial import DAYS, MatomoTrial

from mtc.core.deliveries import DeliveryStatus
from mtc.core.model import Stage, StepId
from mtc.core.records import History
from tests.fake_matomo.server import FakeMatomo

STEP = StepId(Stage.IMPORT, "docs", DAYS[0])
NOON = 1_777_636_800  # the first day's, in seconds
SLICES = 9
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[MatomoTrial]:
    """A project with a day of slices, each sent by a run of its own; the next run merges them."""
    with FakeMatomo() as matomo:
        made = MatomoTrial(tmp_path / "project", matomo).write(stages="import, stat, csv")
        manifest = made.root / "mtc.yaml"
        manifest.write_text(manifest.read_text().replace("{site}/{date:%Y-%m-%d}*.log", "docs/access.log*"))
        for number in range(SLICES):
            grow(made, number)
            ended = made.apply()
            assert ended.code == 0, ended.err
        yield made


def grow(trial: MatomoTrial, number: int, *, day: int = 0) -> None:
    """Append two hits, and one that Matomo does not take: it is from long ago."""
    path = trial.root / "logs" / "docs" / "access.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as log:
        for second in range(2):
            at = f"{DAYS[day]:%d/%b/%Y}:12:{number:02}:{second:02} +0000"
            log.write(f'192.0.2.1 - - [{at}] "GET /{number}-{second} HTTP/1.1" 200 512 "-" "{AGENT}"\n')
        log.write(f'192.0.2.1 - - [01/May/1999:10:00:00 +0000] "GET /old HTTP/1.1" 200 512 "-" "{AGENT}"\n')
    written = NOON + day * 86_400 + number * 60
    os.utime(path, (written, written))


def history(trial: MatomoTrial) -> History:
    """What the state holds."""
    with trial.state() as store:
        return store.history(("docs",))


def sent(trial: MatomoTrial) -> list[str]:
    """The paths that the server has."""
    return sorted(hit.url.removeprefix("https://docs.example.org/") for hit in trial.matomo.hits())


ALL = sorted(f"{number}-{second}" for number in range(SLICES + 1) for second in range(2))


def test_the_deliveries_of_a_day_become_one(trial: MatomoTrial) -> None:
    """With all their counts; the merged slice is delivered, and stays so when it is loaded again."""
    before = history(trial).deliveries[STEP]
    assert len(before) == SLICES
    grow(trial, SLICES, day=1)
    ended = trial.apply()
    assert ended.code == 0, ended.err
    [loaded], [delivery] = history(trial).objects[STEP], history(trial).deliveries[STEP]
    assert delivery.status is DeliveryStatus.DONE
    assert [item.covers(loaded) for item in delivery.objects] == [True]
    for name in ("hits", "unsendable", "invalid"):
        assert getattr(delivery, name) == sum(getattr(each, name) for each in before), name
    assert delivery.number == before[-1].number
    assert sent(trial) == ALL
    with (trial.root / "mtc.yaml").open("a") as manifest:
        manifest.write("filters: {bots: true}\n")
    ended = trial.apply()
    assert ended.code == 0, ended.err
    [again] = history(trial).objects[STEP]
    assert again.made_with != loaded.made_with
    assert sent(trial) == ALL
    verified = trial.mtc("verify")
    assert verified.code == 0, verified.out + verified.err


def test_an_interrupted_delivery_is_finished_before_its_slices_are_merged(trial: MatomoTrial) -> None:
    """Its hits are looked up by the ids of its objects."""
    grow(trial, SLICES)
    assert trial.apply(crash_at="deliver.sending").code < 0
    grow(trial, SLICES + 1, day=1)
    ended = trial.apply()
    assert ended.code == 0, ended.err
    assert len(history(trial).objects[STEP]) == 1
    assert sent(trial) == sorted([*ALL, f"{SLICES + 1}-0", f"{SLICES + 1}-1"])
