"""The same log under several keys counts once, in the warehouse and in Matomo, and every line is accounted for."""

import bz2
import datetime as dt
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from applied import DAY, Applied, hours

from mtc.core.model import Accounting
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import SUPER, Settings, Site

NEXT = DAY + dt.timedelta(days=1)
BOTH = "dates: {from: 2026-05-01, to: 2026-05-02}\n"
LOG = hours("2026-05-01 01:00", 12)
OTHER = hours("2026-05-02 01:00", 7)
SQUEEZE: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.compress,
    ".1": bytes,
}


@pytest.fixture
def place(tmp_path: Path) -> Applied:
    """A project of two days."""
    made = Applied(tmp_path)
    made.manifest(BOTH)
    return made


@pytest.mark.parametrize("ending", SQUEEZE)
def test_a_copy_beside_its_log_counts_once(place: Applied, ending: str) -> None:
    """Identical logs count once, compressed or renamed; the copy is noted once, and its lines count as duplicates."""
    place.log("docs/2026-05-01.log", LOG)
    place.log(f"docs/2026-05-01.log{ending}", SQUEEZE[ending](LOG))
    place.apply()
    assert place.actions() == 12
    assert place.account() == Accounting(24, 12, {"duplicate": 12})
    assert place.stat()["accounting"] == {"lines": 24, "hits": 12, "filtered": {"duplicate": 12}, "rejected": {}}
    said = f"docs/2026-05-01.log{ending} is a copy of docs/2026-05-01.log: its 12 lines count once"
    assert place.notes == [said]
    (day, _) = place.verified()
    assert day.disagreements == ()
    place.apply()
    assert place.notes == []


@pytest.mark.parametrize(
    "copy",
    [LOG.replace(b"\n", b"\r\n"), LOG[:-1], b"\xef\xbb\xbf" + LOG, gzip.compress(LOG.replace(b"\n", b"\r\n")[:-2])],
)
def test_a_copy_with_other_line_ends_counts_once(place: Applied, copy: bytes) -> None:
    """A copy is recognised despite other line ends, a byte order mark or a missing last line end."""
    place.log("docs/2026-05-01.log", LOG)
    place.log("docs/2026-05-01.log.x", copy)
    place.apply()
    assert place.actions() == 12
    assert place.account() == Accounting(24, 12, {"duplicate": 12})


def test_a_copy_under_another_day_counts_once(place: Applied) -> None:
    """A copy in a log of another day counts once, although another step of the same run loads it."""
    place.log("docs/2026-05-01.log", LOG)
    place.log("docs/2026-05-02.log", LOG + OTHER)
    place.log("docs/2026-05-02-again.log.gz", gzip.compress(LOG))
    place.apply()
    assert (place.actions(DAY), place.actions(NEXT)) == (24, 7), "a log that is more than a copy is none"
    place.log("docs/2026-05-02.log", OTHER)
    place.apply()
    assert (place.actions(DAY), place.actions(NEXT)) == (12, 7)
    assert place.account(NEXT) == Accounting(19, 7, {"duplicate": 12})
    assert all(day.disagreements == () for day in place.verified())


def test_a_late_copy_changes_no_statistics(place: Applied) -> None:
    """A copy of an imported log leaves the statistics as they were, and is noted."""
    place.log("docs/2026-05-01.log", LOG)
    place.apply()
    before = place.stat()["summary"]
    place.log("docs/2026-05-01-copy.log.gz", gzip.compress(LOG))
    place.apply()
    assert place.stat()["summary"] == before
    assert any("is a copy of" in note for note in place.notes)


@pytest.mark.parametrize(
    ("gone", "vanished", "fate"),
    [
        ("2026-05-01.log", "keep", "removed"),
        ("2026-05-01.log", "drop", "removed"),
        ("2026-05-01.log.gz", "drop", "removed"),
        ("2026-05-01.log", "keep", "changed"),
        ("2026-05-01.log.gz", "keep", "changed"),
    ],
)
def test_the_remaining_file_counts_when_the_other_is_gone(tmp_path: Path, gone: str, vanished: str, fate: str) -> None:
    """If either file of a pair is removed or changed, the lines still count once."""
    place = Applied(tmp_path)
    place.manifest(BOTH, sites=f"docs: {{source: {{vanished: {vanished}}}}}")
    place.log("docs/2026-05-01.log", LOG)
    place.log("docs/2026-05-01.log.gz", gzip.compress(LOG))
    place.apply()
    path = tmp_path / "logs" / "docs" / gone
    if fate == "removed":
        path.unlink()
    else:
        path.write_bytes(hours("2026-05-01 20:00", 3))
    place.apply()
    assert place.actions() == 12 + (3 if fate == "changed" else 0)
    assert all(day.disagreements == () for day in place.verified())


def test_a_log_compressed_after_import_counts_once(place: Applied) -> None:
    """A log that is rotated from `x.log` to `x.log.gz` counts once."""
    place.log("docs/2026-05-01.log", LOG)
    place.apply()
    (place.root / "logs/docs/2026-05-01.log").unlink()
    place.log("docs/2026-05-01.log.gz", gzip.compress(LOG))
    place.apply()
    assert place.actions() == 12
    assert place.account() == Accounting(12, 12)


def test_empty_logs_are_not_copies(place: Applied) -> None:
    """Empty logs are not reported as copies of each other."""
    for name in ("a", "b", "c"):
        place.log(f"docs/2026-05-01{name}.log", b"")
    place.log("docs/2026-05-01d.log", LOG)
    place.apply()
    assert place.account() == Accounting(12, 12)
    assert place.notes == []


def test_with_duplicates_keep_every_copy_counts(tmp_path: Path) -> None:
    """With `duplicates: keep` identical logs count separately, and changing it loads nothing again."""
    place = Applied(tmp_path)
    place.manifest(BOTH)
    for name in ("a", "b"):
        place.log(f"docs/2026-05-01{name}.log", LOG)
    place.apply()
    assert place.actions() == 12
    place.manifest(BOTH, sites="docs: {source: {duplicates: keep}}")
    loaded = {path: path.stat().st_mtime_ns for path in tmp_path.glob("warehouse/hits/**/*.parquet")}
    place.apply()
    assert place.actions() == 24
    assert place.account() == Accounting(24, 24)
    assert loaded == {path: path.stat().st_mtime_ns for path in tmp_path.glob("warehouse/hits/**/*.parquet")}


def test_the_same_log_counts_for_both_sites(place: Applied) -> None:
    """Copies are recognised within a site: the same log of two sites counts for both."""
    place.manifest(BOTH, sites="docs: {}, shop: {}")
    place.log("docs/2026-05-01.log", LOG)
    place.log("shop/2026-05-01.log", LOG)
    place.apply()
    assert (place.actions(), place.actions(site="shop")) == (12, 12)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_copy_is_not_delivered(tmp_path: Path, jobs: int) -> None:
    """Matomo gets each hit once: copies in one step, in another day, in a later run, and after the original is gone."""
    with FakeMatomo(Settings(sites=(Site(1, "docs", ("http://docs.example.org",)),))) as matomo:
        place = Applied(tmp_path, {"TOKEN": SUPER})
        server = f"matomo: {{url: '{matomo.url}', token: '${{TOKEN}}'}}\nstages: [import, stat]\n"
        place.manifest(BOTH + server, sites="docs: {matomo_id: 1, url: 'http://docs.example.org'}")
        text = (tmp_path / "mtc.yaml").read_text()
        (tmp_path / "mtc.yaml").write_text(text.replace("jobs: 1", f"jobs: {jobs}"))
        place.log("docs/2026-05-01.log", LOG)
        place.log("docs/2026-05-01.log.gz", gzip.compress(LOG))
        place.log("docs/2026-05-02.log", OTHER)
        place.log("docs/2026-05-02-again.log", LOG)
        place.apply()
        assert len(matomo.hits(1)) == 19
        place.log("docs/2026-05-02-once-more.log.xz", lzma.compress(LOG))
        place.apply()
        (tmp_path / "logs/docs/2026-05-01.log").unlink()
        place.apply()
        assert len(matomo.hits(1)) == 19
        assert (place.actions(DAY), place.actions(NEXT)) == (12, 7)
        assert [day.disagreements for day in place.verified()] == [(), ()]
