"""The rules for URL templates."""

import datetime as dt
from pathlib import Path

import pytest

from mtc.core.errors import PermanentError
from mtc.sources.url_overlap import archive_meets_source, copies_collide
from mtc.sources.url_pattern import ArchiveUrl, SourceUrl
from mtc.sources.url_rules import archive_findings, source_findings
from mtc.sources.url_template import fill, fixed_folder


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d", "%Y/%m/%d", "%y%m%d", "%d-%b-%Y", "%Y%j", "day%%%Y.%j", "%F", "%F-%H%M", "%d %B %y"]
)
def test_a_date_format_with_a_whole_day_is_accepted(form: str) -> None:
    """It has year, month and day, or year and day of the year."""
    assert list(source_findings(f"logs/{{date:{form}}}")) == []


@pytest.mark.parametrize("form", ["", "%Y", "%Y-%m", "%m-%d", "%j", "%Y-%d", "%H:%M", "%-d", "%", "%c", "text"])
def test_a_date_format_without_a_whole_day_is_refused(form: str) -> None:
    """An object's day is read only from its key."""
    assert len(list(source_findings(f"logs/{{date:{form}}}"))) == 1


@pytest.mark.parametrize("bucket", ["acme-logs", "acme.logs", "{site}-logs"])
def test_a_bucket_may_contain_the_site(bucket: str) -> None:
    """No other field is allowed in a bucket's name."""
    assert list(source_findings(f"s3://{bucket}/{{date:%Y-%m-%d}}")) == []


@pytest.mark.parametrize("bucket", ["", "-logs", "x{date:%Y%m%d}", "a b", "a*"])
def test_an_invalid_bucket_is_refused(bucket: str) -> None:
    """S3 would refuse it later, with a worse message."""
    assert list(source_findings(f"s3://{bucket}/{{date:%Y-%m-%d}}"))


def test_a_file_url_is_refused_with_a_hint() -> None:
    """The hint says to write a path."""
    (finding,) = source_findings("file:///logs/{date:%Y-%m-%d}")
    assert finding[1] == "write the folder's path alone"


@pytest.mark.parametrize(
    "url",
    [
        "logs/{site}/{date:%Y/%m/%d}/*.gz",
        "/var/log/{date:%F}/**/x-[0-9].log",
        "./logs/{date:%F}.log",
        "logs/{date:%F}",
        "logs//{date:%F}",
        "logs/./{date:%F}",
        "logs/**x/{date:%F}",
        "logs/**/a/**/{date:%F}",
        "logs/[]/{date:%F}",
        "logs/[z-a]/{date:%F}",
        "logs/[]-a]/{date:%F}",
        "logs/[!a-c]/{date:%F}",
        "logs/***/{date:%F}",
        "logs/{date:%F-%H}",
        "logs/{date:%F-%Z}",
        "logs/{date:%Y-%m}",
        "AWSLogs/{date:%Y/%m/%d}/x_{date:%Y%m%d}.gz",
        "logs/{date:%Y}/{date:%m}/{date:%d}/*.gz",
        "logs/{date:%Y}/{site}/{date:%j}.gz",
        "logs/{date:%Y}/{date:%d}.gz",
        "logs/{date:%Y-%m-%d}/{date:%H}.gz",
        "logs/{date:%Y-%m-%d}/{date:%Z}.gz",
        "logs/{date:%Y-%m-%d}/{date}.gz",
        "logs/{date}",
        "logs/{name}-{date:%F}",
        "logs/{site:x}-{date:%F}",
        "logs/{date:%F",
        "logs/{date:%F}}",
        "s3://acme/{date:%F}/*",
        "s3://acme/a//{date:%F}/*",
        "s3://{site}-x/{date:%F}/*",
        "s3:///{date:%F}/*",
        "gs://acme/{date:%F}/*",
        "s3://acme/../{date:%F}",
        "logs/[{date:%F}].log",
        "logs/[{site}]-{date:%F}.log",
        "logs/[{]{date:%F}",
        "logs/{Site}/{date:%F}",
        "file:///logs/{date:%F}",
    ],
)
def test_a_pattern_is_accepted_exactly_if_the_source_can_read_it(url: str) -> None:
    """CI and `apply` have the same rules."""
    try:
        SourceUrl.compile(url, "docs")
    except PermanentError:
        assert list(source_findings(url))
    else:
        assert not list(source_findings(url))


@pytest.mark.parametrize(
    "url",
    ["a/{site}/{date:%Y/%m/%d}/{name}", "s3://b/{key}", "a/{site}", "a/*/{name}", "a/{date:%F-%H}/{name}", "a//{key}"],
)
def test_an_archive_is_accepted_exactly_if_its_copies_can_be_named(url: str) -> None:
    """CI and `apply` have the same rules."""
    try:
        ArchiveUrl.compile(url, "docs")
    except PermanentError:
        assert list(archive_findings(url))
    else:
        assert not list(archive_findings(url))


def test_fields_depend_on_the_kind_of_template() -> None:
    """A source has site and date; an archive also name and key; other fields have no format."""
    assert any("{key}" in what for what, _ in source_findings("{key}/{date:%Y-%m-%d}"))
    assert list(archive_findings("s3://copies/{site}/{key}")) == []
    assert any("takes no format" in what for what, _ in archive_findings("s3://copies/{site:x}/{key}"))
    assert any("not a field" in what for what, _ in archive_findings("s3://copies/{}/{Site}/{key}"))


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("logs/{site}/{date:%Y}.log", "logs"),
        ("logs/access*.log", "logs"),
        ("/var/log/nginx/x-{date:%Y}", "/var/log/nginx"),
        ("{site}/x", ""),
        ("/{site}", "/"),
        ("p/q{date:%Y}", "p"),
    ],
)
def test_the_root_of_a_pattern_is_its_constant_part(path: str, root: str) -> None:
    """It consists of the whole names before the first field or glob."""
    assert fixed_folder(path) == root


def test_the_fields_of_a_pattern_are_filled_in() -> None:
    """Globs are kept."""
    day = dt.date(2026, 5, 1)
    assert fill("a/{site}/{date:%Y/%m/%d}/{name}*", site="docs", day=day, name="x.gz") == "a/docs/2026/05/01/x.gz*"


@pytest.mark.parametrize(
    ("source", "archive", "meets"),
    [
        ("s3://b/{site}/{date:%Y-%m-%d}/*", "s3://b/{site}/{date:%Y-%m-%d}/{name}", True),
        ("s3://b/{site}/{date:%Y-%m-%d}/*", "s3://b/{key}", True),
        ("s3://b/{site}/{date:%Y-%m-%d}/*", "s3://b/old/{key}", False),
        ("s3://b/**/{date:%Y-%m-%d}*", "s3://b/old/{key}", True),
        ("s3://b/{site}/{date:%Y-%m-%d}/*", "s3://c/{site}/{date:%Y-%m-%d}/{name}", False),
        ("logs/{site}/{date:%Y-%m-%d}.log", "/p/logs/{key}", True),
        ("logs/{site}/{date:%Y-%m-%d}.log", "archive/{key}", False),
        ("logs/{site}/{date:%Y-%m-%d}.log", "s3://logs/{key}", False),
    ],
)
def test_copies_that_would_be_read_as_logs_are_found(source: str, archive: str, *, meets: bool) -> None:
    """The archive may share a bucket with the source, but not the source's pattern."""
    assert archive_meets_source(source, archive, "docs", Path("/p")) is meets


def test_names_shared_by_two_days_are_found() -> None:
    """`{name}` alone is enough only if the source's file names contain the date."""
    assert copies_collide("s3://b/{date:%Y-%m-%d}/*.gz", "s3://c/{name}", "date")
    assert not copies_collide("s3://b/x-{date:%Y-%m-%d}.gz", "s3://c/{name}", "date")
    assert not copies_collide("s3://b/{date:%Y-%m-%d}/*.gz", "s3://c/{key}", "date")
