"""Globs before the date: which folders are requested, and which ranges are then listed."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtc.sources.listing import DayIndex, list_ranges
from mtc.sources.url_pattern import SourceUrl

DAY = dt.date(2026, 5, 1)
URLS = [
    "AWSLogs/*/elb/{date:%Y/%m/%d}/*.gz",
    "AWSLogs/*/elb/*/{date:%Y/%m/%d}/x_{date:%Y%m%d}.gz",
    "{date:%Y}/*/{date:%m-%d}.gz",
    "{date:%Y}/{date:%m}/?/{date:%d}/*",
    "*/dt={date:%Y-%m-%d}/*.gz",
    "a-*-{date:%Y%m%d}/x.gz",
    "{date:%H}/{date:%Y-%m-%d}.gz",
    "[ab]/*/{date:%d.%m.%Y}.gz",
    "{site}-*-{date:%Y-%m-%d}.gz",
    "**/{date:%Y-%m-%d}/*.gz",
    "*/**/{date:%Y-%m-%d}.gz",
    "{date:%Y/%m/%d}/*/*.gz",
]
FILL = ("**", "deep/er"), ("*", "g"), ("?", "q"), ("[ab]", "a")


def key_of(url: str, day: dt.date, glob: str = "g") -> str:
    """A key of a day, with a text in place of each star."""
    text = url.replace("{site}", "docs")
    while "{date:" in text:
        head, _, rest = text.partition("{date:")
        form, _, tail = rest.partition("}")
        text = head + dt.datetime.combine(day, dt.time(7)).strftime(form) + tail
    for star, value in FILL:
        text = text.replace(star, glob if star == "*" else value)
    return text


@dataclass
class Bucket:
    """Keys, and the requests for them."""

    keys: list[str]
    asked: list[str] = field(default_factory=list)

    def folders(self, start: str) -> Iterator[str]:
        """Answer as S3 does with a delimiter."""
        self.asked.append(start)
        found = {
            key[: key.index("/", len(start)) + 1]
            for key in self.keys
            if key.startswith(start) and "/" in key[len(start) :]
        }
        yield from sorted(found)


def listed(url: str, bucket: Bucket, days: set[dt.date]) -> list[str]:
    """Return every key that is read, as often as it is read."""
    stretches = list_ranges(SourceUrl.compile(f"s3://b/{url}", "docs"), days, bucket.folders)
    return [key for stretch in stretches for key in bucket.keys if stretch.holds(key)]


@given(
    url=st.sampled_from(URLS),
    globs=st.sets(st.sampled_from("gxyz"), min_size=1),
    days=st.sets(st.dates(dt.date(2025, 11, 1), dt.date(2026, 3, 31)), min_size=1, max_size=40),
    wanted=st.sets(st.dates(dt.date(2025, 11, 1), dt.date(2026, 3, 31)), min_size=1, max_size=40),
)
def test_each_wanted_key_is_read_once(url: str, globs: set[str], days: set[dt.date], wanted: set[dt.date]) -> None:
    """For any levels no key of a wanted day is missed, and none is read twice."""
    keys = {key_of(url, day, glob): day for day in days for glob in globs}
    seen = listed(url, Bucket(sorted(keys)), wanted)
    assert len(seen) == len(set(seen))
    assert {key for key, day in keys.items() if day in wanted} <= set(seen)


@given(url=st.sampled_from(URLS), day=st.dates(dt.date(2025, 11, 1), dt.date(2026, 3, 31)))
def test_no_folder_of_a_wanted_day_is_skipped(url: str, day: dt.date) -> None:
    """The walk of a folder is guided by the names on the path."""
    pattern, key = SourceUrl.compile(f"s3://b/{url}", "docs"), key_of(url, day)
    folders = [key[:at] for at, char in enumerate(key) if char == "/"]
    wanted = DayIndex(frozenset({day, day + dt.timedelta(days=40)}))
    assert all(day in wanted.below(pattern, folder) for folder in folders)


@pytest.mark.parametrize(
    ("url", "asked", "read"),
    [
        ("AWSLogs/*/elb/{date:%Y/%m/%d}/*.gz", ["AWSLogs/"], 4),
        ("AWSLogs/*/elb/*/{date:%Y/%m/%d}/x.gz", ["AWSLogs/", *(f"AWSLogs/{one}/elb/" for one in "wxyz")], 4),
        ("{date:%Y}/*/{date:%m-%d}.gz", ["2026/"], 4),
        ("a-*-{date:%Y%m%d}/x.gz", ["a-"], 4),
        ("*/dt={date:%Y-%m-%d}/*.gz", [""], 4),
        ("{date:%Y-%m-%d}/*/x.gz", [], 4),
    ],
)
def test_only_the_day_is_read(url: str, asked: list[str], read: int) -> None:
    """Only its four logs of a year of four load balancers are read; only glob levels before the date are requested."""
    year = [dt.date(2026, 1, 1) + dt.timedelta(days=number) for number in range(365)]
    bucket = Bucket(sorted(key_of(url, day, glob) for day in year for glob in "wxyz"))
    assert len(listed(url, bucket, {DAY})) == read
    assert bucket.asked == asked


def test_folders_of_other_days_are_not_entered() -> None:
    """The date may come after a glob or in several parts of the path."""
    wanted = DayIndex(frozenset({DAY}))
    pattern = SourceUrl.compile("s3://b/*/{date:%Y}/{date:%m}/**/{date:%d}.gz", "docs")
    told = {folder: bool(wanted.below(pattern, folder)) for folder in ("x", "x/2026", "x/2026/05", "x/2026/05/y/z")}
    assert all(told.values())
    assert not wanted.below(pattern, "x/2025")
    assert not wanted.below(pattern, "x/2026/06")
    assert not wanted.below(pattern, "x/2026/06/y")
