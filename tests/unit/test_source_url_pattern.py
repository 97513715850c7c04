"""The keys that match a source's URL template for a day, and the ranges that are listed."""

import datetime as dt
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtc.core.errors import PermanentError
from mtc.sources.listing import ListRange, list_ranges
from mtc.sources.url_pattern import SourceUrl

DATE_FORMATS = ["%Y/%m/%d", "%Y-%m-%d", "%Y%m%d", "%F", "%d.%m.%Y", "%y%j", "%d-%b-%Y", "%B/%d/%Y", "%Y/%j", "%Y/%b/%d"]
URLS = [
    "s3://b/{site}/{date:FMT}/*.gz",
    "s3://b/x/{site}-{date:FMT}-*.gz",
    "s3://b/{date:FMT}/**/{site}.*.gz",
    "s3://b/**/{site}/a?[0-9]_{date:FMT}.*gz",
    "s3://b/{date:%Y}/{site}/{date:%Y-%m}/{date:FMT}T{date:%H%M}Z_*.gz",
]
FILL = {"**": "deep/er", "*": "some-0", "?": "q", "[0-9]": "7"}


def compiled(url: str) -> SourceUrl:
    """A pattern for the site `docs`."""
    return SourceUrl.compile(url, "docs")


def rendered(url: str, day: dt.date) -> str:
    """A key of a day, written with strftime and not with the tested module."""
    text = url.removeprefix("s3://b/").replace("{site}", "docs")
    for field, value in FILL.items():
        text = text.replace(field, value)
    while "{date:" in text:
        head, _, rest = text.partition("{date:")
        form, _, tail = rest.partition("}")
        moment = dt.datetime.combine(day, dt.time(23, 59)).strftime(form.replace("%Y", f"{day.year:04}"))
        text = head + moment + tail
    return text


def day_of(url: str, key: str) -> str:
    """Return the day of a key, or `none`."""
    return str(compiled(url).match(key)).lower()


@given(
    url=st.sampled_from(URLS),
    form=st.sampled_from(DATE_FORMATS),
    day=st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)),
)
def test_a_key_written_for_a_day_is_read_as_that_day(url: str, form: str, day: dt.date) -> None:
    """Rendering and matching are inverse, and each listing of the day covers the key."""
    url = url.replace("FMT", form)
    key = rendered(url, day)
    pattern = compiled(url)
    assert pattern.match(key) == day
    assert pattern.may_enter(key.rpartition("/")[0])
    assert [stretch.holds(key) for stretch in list_ranges(pattern, [day])] == [True]


@given(
    url=st.sampled_from(URLS),
    form=st.sampled_from(DATE_FORMATS),
    wanted=st.sets(st.dates(dt.date(2025, 11, 1), dt.date(2026, 3, 31)), min_size=1, max_size=90),
)
def test_planned_listings_cover_every_wanted_day_once(url: str, form: str, wanted: set[dt.date]) -> None:
    """For any days and format no key is missed or read twice, and no folder skipped."""
    url = url.replace("FMT", form)
    stretches = list_ranges(compiled(url), wanted)
    assert len(stretches) <= len(wanted)
    for day in wanted:
        key = rendered(url, day)
        assert sum(stretch.holds(key) for stretch in stretches) == 1
        folders = [key[: at + 1] for at, char in enumerate(key) if char == "/"]
        assert all(any(stretch.may_hold_below(folder) for stretch in stretches) for folder in folders)


@given(key=st.text(alphabet="docs/2026-0513.gz\x00\n\\日", max_size=60))
def test_no_key_breaks_a_pattern(key: str) -> None:
    """Keys are untrusted: the answer is always a day or none."""
    for url in URLS:
        assert isinstance(compiled(url.replace("FMT", "%Y-%m-%d")).match(key), dt.date | None)


@pytest.mark.parametrize(
    "key", ["docs/" + "2026-05-01" * 3_000, "docs/" + "a" * 30_000, "a/" * 15_000 + "x", "docs/" + "1" * 30_000 + "/"]
)
def test_no_key_makes_a_pattern_slow(key: str) -> None:
    """A key may be made to cause backtracking."""
    begin = time.monotonic()
    for url in (
        "{site}/*1*2*3*{date:%Y-%m-%d}*4*5*x",
        "**/*a*a*a*a*{date:%Y-%m-%d}*b/c",
        "{site}/*-*{date:%Y%m%d}*-*-*-y",
    ):
        compiled(url).match(key)
    assert time.monotonic() - begin < 2


def test_dates_that_do_not_exist_or_disagree_are_not_days() -> None:
    """Examples are the 30th of February, and a file of June in a folder of May."""
    url = "{site}/{date:%Y/%m}/{date:%Y-%m-%d}.log"
    assert day_of(url, "docs/2026/05/2026-05-01.log") == "2026-05-01"
    assert day_of(url, "docs/2026/02/2026-02-30.log") == "none"
    assert day_of(url, "docs/2026/05/2026-06-01.log") == "none"
    assert day_of("{date:%y-%m-%d}/{date:%Y}.log", "26-05-01/2025.log") == "none"
    assert day_of("{date:%Y-%j}/{date:%d}.log", "2026-121/02.log") == "none"
    assert day_of("{date:%Y-%j}.log", "2025-366.log") == "none"
    assert day_of("{date:%Y-%j}.log", "9999-366.log") == "none"
    assert day_of("{date:%Y-%m-%d}.log", "0000-01-01.log") == "none"


def test_digits_of_other_scripts_are_not_dates() -> None:
    """Only 0 to 9 count."""
    assert day_of("{date:%Y-%m-%d}.log", "٢٠٢٦-05-01.log") == "none"


def test_globs_stop_at_slashes_and_two_stars_do_not() -> None:
    """`*`, `?` and classes match within one part; `**` matches any number of folders, also none."""
    assert day_of("{date:%F}/*.log", "2026-05-01/a/b.log") == "none"
    assert day_of("{date:%F}?a.log", "2026-05-01/a.log") == "none"
    assert day_of("{date:%F}[!x]a.log", "2026-05-01/a.log") == "none"
    assert day_of("{date:%F}[!x]a.log", "2026-05-01ya.log") == "2026-05-01"
    assert day_of("{date:%F}[.x]a.log", "2026-05-01ya.log") == "none"
    for key in ("2026-05-01/a.log", "2026-05-01/b/a.log", "2026-05-01/b/c/a.log"):
        assert day_of("{date:%F}/**/a.log", key) == "2026-05-01"
        assert day_of("{date:%F}/**", key) == "2026-05-01"


def test_a_date_is_found_after_other_numbers() -> None:
    """Load balancers write account numbers and ports before a date."""
    url = "{site}/*_{date:%Y%m%d}T*.log.gz"
    assert day_of(url, "docs/123456789012_elb_20260501T2355Z_10.0.0.1.log.gz") == "2026-05-01"
    repeated = "{date:%Y-%m-%d}/*{date:%Y%m%d}*"
    assert day_of(repeated, "2026-05-01/99991231-20260501-x") == "2026-05-01"


def test_regex_characters_in_a_url_are_literal() -> None:
    """A template is not a regex."""
    assert day_of("a+(b)/{date:%F}.log", "a+(b)/2026-05-01.log") == "none"
    assert compiled("a+(b)/{date:%F}.log").root == "a+(b)"
    assert day_of("s3://b/a+(b)/{date:%F}.log", "a+(b)/2026-05-01.log") == "2026-05-01"
    assert day_of("s3://b/{date:%F}.log", "2026-05-01xlog") == "none"
    assert day_of("s3://b/{date:%F}.log", "2026-05-01.log\n") == "none"


@pytest.mark.parametrize(
    ("url", "bucket", "root"),
    [
        ("s3://logs/{site}/{date:%F}.gz", "logs", ""),
        ("s3://{site}-logs/{date:%F}.gz", "docs-logs", ""),
        ("logs/{site}/{date:%F}.gz", "", "logs"),
        ("/var/log/{site}/{date:%F}.gz", "", "/var/log"),
        ("/{site}/{date:%F}.gz", "", "/"),
        ("{site}-{date:%F}.gz", "", "."),
        ("../logs/a*/{date:%F}.gz", "", "../logs"),
    ],
)
def test_a_url_has_a_fixed_prefix(url: str, bucket: str, root: str) -> None:
    """Keys start at the bucket, or below the folders without a field."""
    pattern = compiled(url)
    assert (pattern.bucket, pattern.root) == (bucket, root)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://logs/{site}/{date:%Y-%m}.gz", "which day"),
        ("s3://logs/{date:%Y-%m-%d}/{name}", "archive"),
        ("s3://logs/{date}/x", "not a field"),
        ("s3://logs/{sight}/{date:%F}", "not a field"),
        ("s3://logs/{date:%Y-%m-%q}", "%q"),
        ("s3://logs/{date:%Y-%m-%d}/}", "has no partner"),
        ("s3://logs/**/{date:%F}/**", "allowed once"),
        ("s3://logs/a**/{date:%F}", "allowed once"),
        ("s3://logs/***/{date:%F}", "not a glob"),
        ("s3://logs//{date:%F}", "empty"),
        ("logs/{site}/../{date:%F}", "dots"),
        ("s3://logs/{date:%F}/", "empty"),
        ("s3://logs/{date:%F}[z-a]", "class"),
        ("s3://logs/{date:%F}[!]", "not a glob"),
        ("s3://{date:%Y}/x{date:%F}", "bucket"),
        ("ftp://logs/{date:%F}", "not supported"),
        ("file:///logs/{date:%F}", "not supported"),
    ],
)
def test_an_invalid_url_is_explained(url: str, words: str) -> None:
    """The error quotes the URL and says what is wrong."""
    with pytest.raises(PermanentError) as caught:
        compiled(url)
    assert words in str(caught.value)
    assert caught.value.where == url


def dates(*texts: str) -> list[dt.date]:
    """Dates for examples."""
    return [dt.date.fromisoformat(text) for text in texts]


def test_consecutive_days_are_one_range_with_bounds() -> None:
    """A quarter is one listing, not ninety."""
    wanted = [dt.date(2026, 1, 1) + dt.timedelta(days=offset) for offset in range(90)]
    (stretch,) = list_ranges(compiled("s3://b/{site}/{date:%Y/%m/%d}/*"), wanted)
    assert stretch == ListRange("docs/2026/0", "docs/2026/01/01.~~~~", "docs/2026/03/31/")
    assert not stretch.holds("docs/2025/12/31/x")
    assert not stretch.holds("docs/2026/04/01/x")
    assert not stretch.may_hold_below("docs/2026/04/")
    assert not stretch.may_hold_below("docs/2025/")


def test_distant_days_are_listed_separately_and_near_ones_together() -> None:
    """Days in between are read only if that costs less than another request."""
    pattern = compiled("s3://b/{site}/{date:%Y/%m/%d}/*")
    assert [stretch.prefix for stretch in list_ranges(pattern, dates("2026-05-01", "2026-05-03", "2026-07-01"))] == [
        "docs/2026/05/0",
        "docs/2026/07/01/",
    ]


def test_days_with_the_same_prefix_are_one_listing() -> None:
    """If the URL has only the month before its first glob, a month is read once."""
    pattern = compiled("s3://b/{site}/{date:%Y-%m}/*{date:%d}.log")
    assert list_ranges(pattern, dates("2026-05-01", "2026-05-20")) == (ListRange("docs/2026-05/"),)


def test_formats_that_do_not_sort_as_dates_are_listed_by_prefix() -> None:
    """A range with bounds would read other years, or miss days."""
    pattern = compiled("s3://b/{date:%d-%m-%Y}/*")
    assert [stretch.prefix for stretch in list_ranges(pattern, dates("2026-05-01", "2026-05-02"))] == [
        "01-05-2026/",
        "02-05-2026/",
    ]
    many = [dt.date(2026, 1, 1) + dt.timedelta(days=offset) for offset in range(300)]
    assert list_ranges(pattern, many) == (ListRange(""),)
    named = list_ranges(compiled("s3://b/{date:%Y/%b/%d}/*"), dates("2026-01-31", "2026-02-01"))
    assert [stretch.prefix for stretch in named] == ["2026/Feb/01/", "2026/Jan/31/"]


def test_folders_that_cannot_contain_a_log_are_not_entered() -> None:
    """Other folders of a project are not walked."""
    pattern = compiled("{site}/{date:%Y}/*-{date:%m%d}.log")
    assert pattern.may_enter("docs")
    assert pattern.may_enter("docs/2026")
    assert not pattern.may_enter("shop")
    assert not pattern.may_enter("docs/tmp")
    assert not pattern.may_enter("docs/2026/more")
    assert compiled("{site}/**/{date:%F}.log").may_enter("docs/any/thing")
    assert compiled("{site}/{date:%F}/**").may_enter("docs/2026-05-01/any/thing")
