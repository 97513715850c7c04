"""Near misses are reported: logs of the day with another ending or date format, and no other keys."""

import datetime as dt

import pytest

from mtc.sources.near_misses import NearMisses
from mtc.sources.url_pattern import SourceUrl

DAY = dt.date(2026, 5, 1)


def near(url: str, key: str) -> bool:
    """Whether a key that does not match is reported."""
    pattern = SourceUrl.compile(url, "docs")
    assert pattern.match(key) is None
    return NearMisses.of(pattern, [DAY]).matches(key)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("{site}/{date:%Y-%m-%d}*.log*", "docs/20260501.log"),
        ("{site}/{date:%Y-%m-%d}*.log*", "docs/01.05.2026.log.gz"),
        ("{site}/{date:%Y-%m-%d}*.log*", "docs/2026_05_01-a.log"),
        ("{site}/{date:%Y-%m-%d}*.log*", "docs/01-May-2026.log"),
        ("{site}/{date:%Y-%m-%d}*.log*", "docs/2026-05-01.txt"),
        ("{site}/{date:%Y-%m-%d}*.log*", "docs/2026-05-01"),
        ("{site}/{date:%Y-%m-%d}.gz", "docs/2026-05-01.log.zst"),
        ("{site}/{date:%Y-%m-%d}.gz", "docs/2026-05-01.log"),
        ("{site}/{date:%Y-%m-%d}.gz", "docs/2026-05-01-b.gz"),
        ("{site}/{date:%Y-%m-%d}.gz", "docs/2026-05-01.GZ"),
        ("{date:%Y/%m/%d}/*.gz", "2026/05/01/a.log"),
        ("{date:%Y/%m/%d}/x_{date:%Y%m%d}.gz", "2026/05/01/x_2026-05-01.gz"),
        ("access.log-{date:%Y%m%d}.gz", "access.log-20260501.bz2"),
        ("access.log-{date:%Y%m%d}.gz", "access.log-2026-05-01.gz"),
        ("*access*{date:%Y%m%d}.gz", "my-access-x-2026-05-01.log"),
    ],
)
def test_a_log_of_the_day_with_another_name_is_reported(url: str, key: str) -> None:
    """The date format, the ending or the case differs."""
    assert near(url, key)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("{site}/{date:%Y-%m-%d}*.log*", "docs/20260502.log"),
        ("{site}/{date:%Y-%m-%d}*.log*", "docs/notes.log"),
        ("{site}/{date:%Y-%m-%d}*.log*", "shop/20260501.log"),
        ("{site}/{date:%Y-%m-%d}.gz", "docs/2026-05-01.gz.md5"),
        ("{site}/{date:%Y-%m-%d}.gz", "docs/2026-05-01.gz.tmp"),
        ("{site}/{date:%Y-%m-%d}.gz", "docs/2026-05-01.html"),
        ("{date:%Y/%m/%d}/*.gz", "2026/05/01/manifest.json"),
        ("{date:%Y/%m/%d}/*.gz", "2026/05/02/a.log"),
        ("{date:%Y/%m/%d}/*.gz", "2026/05/01/"),
        ("*access.log-{date:%Y%m%d}", "error.log-20260501.gz"),
        ("access.log-{date:%Y%m%d}", "error.log-20260501"),
    ],
)
def test_other_keys_are_not_reported(url: str, key: str) -> None:
    """Logs of other days, sites and programs, checksums, partial files and lists are ignored."""
    assert not near(url, key)


def test_a_log_that_exists_with_the_right_ending_is_not_reported() -> None:
    """`x.log` next to `x.log.gz`: the log is read."""
    misses = NearMisses.of(SourceUrl.compile("{date:%Y-%m-%d}.log.gz", "docs"), [DAY])
    assert list(misses.notes(["2026-05-01.log"], ["2026-05-01.log.gz"])) == []
    assert list(misses.notes(["2026-05-01.log.xz"], [])) == [
        "2026-05-01.log.xz is skipped: its name does not fit {date:%Y-%m-%d}.log.gz"
    ]


def test_no_key_makes_it_slow() -> None:
    """Keys are untrusted."""
    pattern = SourceUrl.compile("{site}/*1*2*3*{date:%Y-%m-%d}*4*5*x.gz", "docs")
    misses = NearMisses.of(pattern, [DAY])
    assert not misses.matches("docs/" + "1234" * 250 + "2026-05-01" * 20 + "45" * 200)
