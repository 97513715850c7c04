"""Delivered hits are never sent twice unless accepted: logs that change, vanish or move, and forgotten steps."""

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
    """Return a log line in combined format."""
    return f'192.0.2.1 - - [01/May/2026:10:00:00 +0000] "GET {path} HTTP/1.1" 200 512 "-" "{AGENT}"'


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[MatomoTrial]:
    """A project of one day whose log of three hits is delivered."""
    with FakeMatomo() as matomo:
        made = MatomoTrial(tmp_path / "project", matomo).write(more=f"dates: {DAYS[0]}\n", span=False)
        made.log(NAME, [line("/a"), line("/b"), line("/c")])
        assert made.apply().code == 0
        assert paths(made) == ["/a", "/b", "/c"]
        yield made


def paths(trial: MatomoTrial) -> list[str]:
    """Return the sorted paths of all hits on the server."""
    return sorted(hit.url.removeprefix("https://docs.example.org") for hit in trial.matomo.hits())


def append_to_manifest(trial: MatomoTrial, text: str) -> None:
    """Append text to the manifest."""
    with (trial.root / "mtc.yaml").open("a") as manifest:
        manifest.write(text)


def assert_refused(trial: MatomoTrial, reason: str) -> Ended:
    """Assert that the plan's verdict is "would count twice", and that `apply` refuses and sends nothing."""
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


def test_only_the_new_tail_of_a_grown_object_is_delivered(trial: MatomoTrial) -> None:
    """Only the added lines of a log are sent when it grows, also if it is compressed afterwards."""
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


def test_forgetting_the_step_of_a_grown_object_sends_nothing_again(trial: MatomoTrial) -> None:
    """After `state forget` the log is loaded as one object, and its delivered hits are not sent again."""
    trial.log(NAME, [line("/a"), line("/b"), line("/c"), line("/d")])
    assert trial.apply().code == 0
    assert trial.mtc("state", "forget", str(STEP)).code == 0
    trial.apply()
    assert paths(trial) == ["/a", "/b", "/c", "/d"]


def test_a_changed_object_is_refused_until_accepted(trial: MatomoTrial) -> None:
    """A changed log is refused; with `--accept` it is sent, and the acceptance is recorded in the state."""
    trial.log(NAME, [line("/a"), line("/b"), line("/d"), line("/cc")])
    assert_refused(trial, "delivered, and changed since")
    accepted = trial.apply("--accept", str(STEP))
    assert accepted.code == 0, accepted.err
    assert paths(trial) == ["/a", "/a", "/b", "/b", "/c", "/cc", "/d"]
    assert "up to date" in trial.apply().err
    exported = [json.loads(row) for row in trial.mtc("state", "export").out.splitlines()]
    assert [(row["step"], row["keys"]) for row in exported if row["kind"] == "acceptance"] == [(str(STEP), [NAME])]


def test_an_acceptance_survives_a_crash(trial: MatomoTrial) -> None:
    """After a crash, the next run needs no second `--accept`, and sends the hits once."""
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


def test_settings_that_do_not_affect_sent_hits_send_nothing(trial: MatomoTrial) -> None:
    """Settings that do not affect what was sent cause no refusal in the plan or the run, and no request."""
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
    """Lines carry their own offset, so another `timezone` moves hits to other days without sending them again."""
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


def test_settings_that_select_other_hits_are_refused_until_accepted(trial: MatomoTrial) -> None:
    """Settings that select other hits are refused until accepted, even if the number of hits is the same."""
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


def test_a_vanished_object_is_refused_only_with_vanished_drop(trial: MatomoTrial) -> None:
    """Hits of a removed log are kept by default; with `vanished: drop` the step is refused."""
    trial.log(f"docs/{DAYS[0]}-b.log", [line("/x")])
    assert trial.apply().code == 0
    (trial.root / "logs" / NAME).unlink()
    assert trial.apply().code == 0
    manifest = trial.root / "mtc.yaml"
    manifest.write_text(manifest.read_text().replace('*.log"}', '*.log", vanished: drop}'))
    assert_refused(trial, "delivered, and gone from the source")


def test_a_touched_file_is_read_again_and_not_sent(trial: MatomoTrial) -> None:
    """A log with a new modification time and the same lines is read again, and not sent."""
    os.utime(trial.root / "logs" / NAME, (1, 1))
    assert trial.apply().code == 0
    assert paths(trial) == ["/a", "/b", "/c"]
    assert "up to date" in trial.apply().err


def test_a_log_compressed_after_delivery_is_not_sent_again(trial: MatomoTrial) -> None:
    """A rotated and compressed log is recognised, and only the late log beside it is sent."""
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


def test_changed_lines_in_a_file_of_the_same_size_are_found(trial: MatomoTrial) -> None:
    """Changed lines are found on reading even if the size is the same; the step is refused until accepted."""
    trial.log(NAME, [line("/a"), line("/b").replace('" 200', '" 404'), line("/c")])
    os.utime(trial.root / "logs" / NAME, (1, 1))
    refused = trial.apply()
    assert refused.code == 3
    assert "it holds other lines now" in refused.err
    assert f"--accept {STEP}" in refused.err
    assert paths(trial) == ["/a", "/b", "/c"]
    assert trial.apply("--accept", str(STEP)).code == 0
    assert paths(trial) == ["/a", "/a", "/b", "/c", "/c"]


def test_a_lost_part_is_rebuilt_and_not_sent(trial: MatomoTrial) -> None:
    """Lost warehouse parts are rebuilt, and their hits are not sent again."""
    shutil.rmtree(trial.root / "warehouse" / "hits")
    assert trial.apply().code == 0
    assert paths(trial) == ["/a", "/b", "/c"]


def test_a_forgotten_step_is_not_sent_again(trial: MatomoTrial) -> None:
    """A step that the state forgot is not delivered again; if its log changed, it is refused."""
    assert trial.mtc("state", "forget", str(STEP)).code == 0
    assert trial.apply().code == 0
    assert paths(trial) == ["/a", "/b", "/c"]
    assert trial.mtc("state", "forget", str(STEP)).code == 0
    trial.log(NAME, [line("/a")])
    assert_refused(trial, "delivered in another version")


def test_a_renamed_server_keeps_its_deliveries_with_name(trial: MatomoTrial) -> None:
    """A new server URL sends nothing again if `name` keeps the old server's name."""
    manifest = trial.root / "mtc.yaml"
    text = manifest.read_text()
    old, new = trial.matomo.url, trial.matomo.url.replace("127.0.0.1", "localhost")
    manifest.write_text(text.replace(f'"{old}"', f'"{new}", name: "{old.removeprefix("http://")}"'))
    assert trial.apply().code == 0
    assert paths(trial) == ["/a", "/b", "/c"]


def test_an_open_delivery_is_completed_before_its_object_is_refused(tmp_path: Path) -> None:
    """After a crash in mid-delivery, the old delivery is completed before its changed log is refused."""
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
        assert_refused(trial, "delivered, and changed since")


def test_only_steps_of_the_plan_can_be_accepted(trial: MatomoTrial) -> None:
    """`--accept` with an unknown step is a usage error, and changes nothing."""
    for step in ("import:docs:2026-04-01", "csv:docs:2026-05-01", "import:nowhere:2026-05-01"):
        refused = trial.apply("--accept", step)
        assert refused.code == 2
        assert step in refused.err
    with trial.state() as store:
        record = store.record(STEP)
    assert record is not None
    assert record.status is Status.DONE
