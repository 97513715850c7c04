"""What was delivered is never delivered again by itself: objects that change, vanish, move, or are forgotten."""

import dataclasses
import gzip
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from matomo_trial import DAYS, MatomoTrial
from trial import Ended

from mtc.core.model import Stage, Status, StepId
from tests.fake_matomo.server import FakeMatomo

STEP = StepId(Stage.IMPORT, "docs", DAYS[0])
NAME = f"docs/{DAYS[0]}-a.log"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"


def line(path: str) -> str:
    """A line of a log in combined format."""
    return f'192.0.2.1 - - [01/May/2026:10:00:00 +0000] "GET {path} HTTP/1.1" 200 512 "-" "{AGENT}"'


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[MatomoTrial]:
    """A project of one day with one log of three hits, which are delivered."""
    with FakeMatomo() as matomo:
        made = MatomoTrial(tmp_path / "project", matomo).write(more=f"dates: {DAYS[0]}\n", span=False)
        made.log(NAME, [line("/a"), line("/b"), line("/c")])
        assert made.apply().code == 0
        assert paths(made) == ["/a", "/b", "/c"]
        yield made


def paths(trial: MatomoTrial) -> list[str]:
    """What the server has."""
    return sorted(hit.url.removeprefix("https://docs.example.org") for hit in trial.matomo.hits())


def more(trial: MatomoTrial, text: str) -> None:
    """Add to the manifest."""
    with (trial.root / "mtc.yaml").open("a") as manifest:
        manifest.write(text)


def is_refused(trial: MatomoTrial, reason: str) -> Ended:
    """The plan has a verdict of its own, `apply` refuses, and nothing is sent."""
    told = trial.mtc("plan", "--json")
    (step,) = [one for one in json.loads(told.out)["plan"] if one["step"] == str(STEP)]
    assert step["verdict"] == "would count twice"
    assert reason in step["reasons"][0]
    before = trial.matomo.posts.bulks
    refused = trial.apply()
    assert refused.code == 3
    assert reason in refused.err
    assert f"--accept {STEP}" in refused.err
    assert trial.matomo.posts.bulks == before
    return refused


def test_of_an_object_that_has_grown_the_tail_is_a_delivery(trial: MatomoTrial) -> None:
    """Nothing is refused that only grew, nor was compressed since."""
    lines = [line("/a"), line("/b"), line("/c")]
    for more_lines in ([line("/d")], [line("/e"), line("/f")]):
        lines += more_lines
        trial.log(NAME, lines)
        done = trial.apply()
        assert done.code == 0, done.err
        assert paths(trial) == [f"/{letter}" for letter in "abcdef"[: len(lines)]]
    bulks = trial.matomo.posts.bulks
    manifest, log = trial.root / "mtc.yaml", trial.root / "logs" / NAME
    manifest.write_text(manifest.read_text().replace("*.log", "*.log*"))
    log.with_name(f"{log.name}.gz").write_bytes(gzip.compress(log.read_bytes() + f"{line('/g')}\n".encode()))
    log.unlink()
    assert trial.apply().code == 0
    assert paths(trial) == [f"/{letter}" for letter in "abcdefg"]
    assert trial.matomo.posts.bulks == bulks + 1
    assert "up to date" in trial.apply().err


def test_a_step_of_a_grown_object_that_is_forgotten_sends_nothing_again(trial: MatomoTrial) -> None:
    """The log is loaded as one object then; what Matomo has of it in pieces is refused, not sent twice."""
    trial.log(NAME, [line("/a"), line("/b"), line("/c"), line("/d")])
    assert trial.apply().code == 0
    assert trial.mtc("state", "forget", str(STEP)).code == 0
    trial.apply()
    assert paths(trial) == ["/a", "/b", "/c", "/d"]


def test_an_object_that_has_changed_is_refused_and_accepted_by_name(trial: MatomoTrial) -> None:
    """The word of the operator is in the state; after it all is well again."""
    trial.log(NAME, [line("/a"), line("/b"), line("/d"), line("/cc")])
    is_refused(trial, "delivered, and changed since")
    accepted = trial.apply("--accept", str(STEP))
    assert accepted.code == 0, accepted.err
    assert paths(trial) == ["/a", "/a", "/b", "/b", "/c", "/cc", "/d"]
    assert "up to date" in trial.apply().err
    exported = [json.loads(row) for row in trial.mtc("state", "export").out.splitlines()]
    assert [(row["step"], row["keys"]) for row in exported if row["kind"] == "acceptance"] == [(str(STEP), [NAME])]


def test_acceptance_survives_the_run_that_was_given_it(trial: MatomoTrial) -> None:
    """Killed right after, the next run needs not be told again, and sends once."""
    trial.log(NAME, [line("/a"), line("/d"), line("/e"), line("/f")])
    assert trial.apply("--accept", str(STEP), crash_at="fetch.done").code != 0
    assert trial.apply().code == 0
    assert paths(trial) == ["/a", "/a", "/b", "/c", "/d", "/e", "/f"]


CHANGES_NOTHING = [
    ('"https://docs.example.org"', '"https://docs.example.org/"'),
    ("matomo_id: 1,", "matomo_id: 1, timezone: Etc/UTC,"),
    ("matomo_id: 1,", "matomo_id: 1, source: {timezone: Asia/Tokyo},"),
    ("matomo_id: 1,", "matomo_id: 1, source: {encoding: latin-1},"),
    ("matomo_id: 1,", "matomo_id: 1, format: combined,"),
    (
        "matomo_id: 1,",
        "matomo_id: 1, filters: {exclude_paths: [/nowhere*], static: true, exclude_ips: [203.0.113.0/24]},",
    ),
    ("matomo_id: 1,", "matomo_id: 1, hits: {add_download_extensions: [epub]},"),
]


def test_settings_that_change_nothing_that_was_sent_send_nothing(trial: MatomoTrial) -> None:
    """A delivery is compared by what it sent: neither the plan nor a run says that hits would count twice."""
    manifest = trial.root / "mtc.yaml"
    text, bulks = manifest.read_text(), trial.matomo.posts.bulks
    for old, new in CHANGES_NOTHING:
        assert old in text
        manifest.write_text(text.replace(old, new))
        assert "would count twice" not in trial.mtc("plan").out, new
        done = trial.apply()
        assert done.code == 0, (new, done.err)
    assert "up to date" in trial.apply().err
    assert trial.matomo.posts.bulks == bulks
    assert paths(trial) == ["/a", "/b", "/c"]


def test_a_time_zone_that_moves_hits_to_other_days_sends_nothing(trial: MatomoTrial) -> None:
    """Lines have their offset: what Matomo was sent is the same moment. Its remedy for other zones leads here."""
    trial.log(f"docs/{DAYS[0]}-late.log", [line("/late").replace("10:00:00", "22:30:00")])
    assert trial.apply().code == 0
    site = trial.matomo.backend.sites[1]
    trial.matomo.backend.sites[1] = dataclasses.replace(site, timezone="Europe/Paris")
    manifest = trial.root / "mtc.yaml"
    text, bulks = manifest.read_text(), trial.matomo.posts.bulks
    manifest.write_text(text.replace("matomo_id: 1,", "matomo_id: 1, timezone: Europe/Paris,"))
    done = trial.apply()
    assert done.code == 0, done.err
    assert trial.matomo.posts.bulks == bulks
    with trial.state() as store:
        days = [part.day for item in store.objects_of(STEP) for part in item.parts]
    assert sorted(days) == list(DAYS)
    assert "up to date" in trial.apply().err


def test_other_settings_by_which_other_hits_count_are_refused_and_accepted(trial: MatomoTrial) -> None:
    """What would count otherwise now was counted already; also where there are as many hits as before."""
    manifest = trial.root / "mtc.yaml"
    text, bulks = manifest.read_text(), trial.matomo.posts.bulks
    manifest.write_text(text + "filters: {exclude_paths: [/a]}\n")
    for _ in range(2):
        refused = trial.apply()
        assert refused.code == 3
        assert "delivered with other settings" in refused.err
        assert "would count twice" in refused.err
        assert f"--accept {STEP}" in refused.err
    assert trial.matomo.posts.bulks == bulks
    manifest.write_text(text)
    assert trial.apply().code == 0, "the old settings are what was sent"
    assert trial.matomo.posts.bulks == bulks
    manifest.write_text(text + "filters: {exclude_paths: [/a]}\n")
    accepted = trial.apply("--accept", str(STEP))
    assert accepted.code == 0, accepted.err
    assert paths(trial) == ["/a", "/b", "/b", "/c", "/c"]
    assert "up to date" in trial.apply().err
    manifest.write_text(text + "filters: {exclude_paths: [/b]}\n")  # as many hits, and filtered for the same reason
    assert "delivered with other settings" in trial.apply().err
    assert paths(trial) == ["/a", "/b", "/b", "/c", "/c"]


def test_an_object_that_is_gone_is_refused_only_where_its_hits_would_go(trial: MatomoTrial) -> None:
    """By default they are kept, and nothing differs."""
    trial.log(f"docs/{DAYS[0]}-b.log", [line("/x")])
    assert trial.apply().code == 0
    (trial.root / "logs" / NAME).unlink()
    assert trial.apply().code == 0
    manifest = trial.root / "mtc.yaml"
    manifest.write_text(manifest.read_text().replace('*.log"}', '*.log", vanished: drop}'))
    is_refused(trial, "delivered, and gone from the source")


def test_a_file_that_was_only_touched_or_copied_is_read_again_and_not_sent(trial: MatomoTrial) -> None:
    """It holds the same lines."""
    os.utime(trial.root / "logs" / NAME, (1, 1))
    assert trial.apply().code == 0
    assert paths(trial) == ["/a", "/b", "/c"]
    assert "up to date" in trial.apply().err


def test_a_log_that_was_compressed_since_is_not_sent_again(trial: MatomoTrial) -> None:
    """As logs are rotated; a late one beside it is."""
    manifest = trial.root / "mtc.yaml"
    manifest.write_text(manifest.read_text().replace('*.log"}', '*.log*"}'))
    log = trial.root / "logs" / NAME
    log.with_suffix(".log.gz").write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    trial.log(f"docs/{DAYS[0]}-z.log", [line("/z")])
    last = trial.apply()
    assert last.code == 0, last.err
    assert paths(trial) == ["/a", "/b", "/c", "/z"]
    assert "up to date" in trial.apply().err


def test_other_lines_in_a_file_of_the_same_size_are_found_when_it_is_read(trial: MatomoTrial) -> None:
    """Nothing of it is recorded, and the way out is told."""
    trial.log(NAME, [line("/a"), line("/b").replace('" 200', '" 404'), line("/c")])
    os.utime(trial.root / "logs" / NAME, (1, 1))
    refused = trial.apply()
    assert refused.code == 3
    assert "it holds other lines now" in refused.err
    assert f"--accept {STEP}" in refused.err
    assert paths(trial) == ["/a", "/b", "/c"]
    assert trial.apply("--accept", str(STEP)).code == 0
    assert paths(trial) == ["/a", "/a", "/b", "/c", "/c"]


def test_a_part_that_is_lost_is_made_again_and_not_sent(trial: MatomoTrial) -> None:
    """The warehouse is one thing, Matomo another."""
    shutil.rmtree(trial.root / "warehouse" / "hits")
    assert trial.apply().code == 0
    assert paths(trial) == ["/a", "/b", "/c"]


def test_what_the_state_forgets_of_a_step_is_not_sent_again(trial: MatomoTrial) -> None:
    """Matomo has forgotten nothing."""
    assert trial.mtc("state", "forget", str(STEP)).code == 0
    assert trial.apply().code == 0
    assert paths(trial) == ["/a", "/b", "/c"]
    assert trial.mtc("state", "forget", str(STEP)).code == 0
    trial.log(NAME, [line("/a")])
    is_refused(trial, "delivered in another version")


def test_a_server_that_is_called_by_another_name_is_another_server(trial: MatomoTrial) -> None:
    """Unless the manifest gives it the name that it had."""
    manifest = trial.root / "mtc.yaml"
    text = manifest.read_text()
    old, new = trial.matomo.url, trial.matomo.url.replace("127.0.0.1", "localhost")
    manifest.write_text(text.replace(f'"{old}"', f'"{new}", name: "{old.removeprefix("http://")}"'))
    assert trial.apply().code == 0
    assert paths(trial) == ["/a", "/b", "/c"]


def test_an_open_delivery_is_finished_before_its_object_is_refused(tmp_path: Path) -> None:
    """Killed half-way, and the log changes: each hit of before is there once."""
    with FakeMatomo() as matomo:
        trial = MatomoTrial(tmp_path / "project", matomo).write(
            batch=1, lanes=1, more=f"dates: {DAYS[0]}\n", span=False
        )
        trial.log(NAME, [line(f"/{number}") for number in range(5)])
        assert trial.apply(crash_at="deliver.sent:3").code != 0
        trial.log(NAME, [line("/other")])
        refused = trial.apply()
        assert refused.code == 3
        assert "count twice" in refused.err
        assert paths(trial) == [f"/{number}" for number in range(5)]
        is_refused(trial, "delivered, and changed since")


def test_only_steps_of_the_plan_can_be_accepted(trial: MatomoTrial) -> None:
    """A mistyped one changes nothing."""
    for step in ("import:docs:2026-04-01", "csv:docs:2026-05-01", "import:nowhere:2026-05-01"):
        refused = trial.apply("--accept", step)
        assert refused.code == 2
        assert step in refused.err
    with trial.state() as store:
        record = store.record(STEP)
    assert record is not None
    assert record.status is Status.DONE
