"""The contract of every source and archive: in memory, in a folder and in a bucket."""

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from memory_source import MemoryArchive, MemorySource
from s3_server import S3Server, credentials

from mtc.core.errors import ObjectChangedError, PermanentError
from mtc.core.model import SourceObject
from mtc.engine.wiring import open_archive, open_source
from mtc.formats.settings import Filters
from mtc.manifest import models
from mtc.manifest.project import SiteSettings
from mtc.sources.settings import Archive as ArchiveSettings
from mtc.sources.settings import Credentials
from mtc.sources.source import LogArchive, LogSource
from mtc.sources.url_pattern import ArchiveUrl, SourceUrl

MAY_1, MAY_2, MAY_3 = (dt.date(2026, 5, day) for day in (1, 2, 3))
KEYS = "logs/{site}/{date:%Y/%m/%d}/*.gz"
COPIES = "copies/{site}/{date:%Y-%m-%d}/{name}"


@dataclass(frozen=True, slots=True)
class There:
    """A source, with functions to put and remove objects."""

    source: LogSource
    put: Callable[[str, bytes], None]
    remove: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """An archive, with functions to read a copy and to put another object."""

    archive: LogArchive
    read: Callable[[str], bytes]
    put: Callable[[str, bytes], None]
    count: Callable[[], int]


def settings(source: str, archive: str | None = None) -> SiteSettings:
    """Return the settings of a site whose source and archive use the credentials `s3`."""
    kept = None if archive is None else ArchiveSettings(url=archive, credentials="s3")
    return SiteSettings(
        name="docs",
        url="",
        zone="UTC",
        source=models.Source(url=source, credentials="s3"),
        archive=kept,
        filters=Filters(),
    )


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 1_000))


def memory_source(_: Path, __: S3Server) -> There:
    source = MemorySource(SourceUrl.compile(f"mem/{KEYS}", "docs"))

    def put(key: str, data: bytes) -> None:
        source.objects[key.removeprefix("logs/")] = data

    def remove(key: str) -> None:
        del source.objects[key.removeprefix("logs/")]

    return There(source, put, remove)


def folder_source(root: Path, _: S3Server) -> There:
    (root / "logs").mkdir(exist_ok=True)
    source = open_source(settings(KEYS), {"s3": Credentials()}, root)

    def put(key: str, data: bytes) -> None:
        _write(root / key, data)

    def remove(key: str) -> None:
        (root / key).unlink()

    return There(source, put, remove)


def s3_source(root: Path, s3: S3Server) -> There:
    bucket = s3.bucket()
    source = open_source(settings(f"s3://{bucket}/{KEYS}"), {"s3": credentials(s3.url)}, root)

    def put(key: str, data: bytes) -> None:
        s3.put(bucket, key, data)

    def remove(key: str) -> None:
        s3.client.delete_object(Bucket=bucket, Key=key)

    return There(source, put, remove)


def memory_archive(root: Path, _: S3Server) -> Kept:
    archive = MemoryArchive(ArchiveUrl.compile(COPIES, "docs"), root / "spool")
    return Kept(archive, archive.copies.__getitem__, archive.copies.__setitem__, lambda: len(archive.copies))


def folder_archive(root: Path, _: S3Server) -> Kept:
    archive = open_archive(settings(KEYS, COPIES), {"s3": Credentials()}, root)
    assert archive is not None

    def read(url: str) -> bytes:
        return (root / url).read_bytes()

    def put(url: str, data: bytes) -> None:
        _write(root / url, data)

    return Kept(archive, read, put, lambda: sum(path.is_file() for path in (root / "copies").rglob("*")))


def s3_archive(root: Path, s3: S3Server) -> Kept:
    bucket = s3.bucket()
    archive = open_archive(settings(KEYS, f"s3://{bucket}/{COPIES}"), {"s3": credentials(s3.url)}, root)
    assert archive is not None

    def read(url: str) -> bytes:
        return s3.get(bucket, url.removeprefix(f"s3://{bucket}/"))

    def put(url: str, data: bytes) -> None:
        s3.put(bucket, url.removeprefix(f"s3://{bucket}/"), data)

    return Kept(archive, read, put, lambda: len(s3.keys(bucket)))


@pytest.fixture(params=[memory_source, folder_source, s3_source], ids=["memory", "folder", "s3"])
def there(request: pytest.FixtureRequest, tmp_path: Path, s3: S3Server) -> There:
    """A source of each kind."""
    made: There = request.param(tmp_path, s3)
    return made


@pytest.fixture(params=[memory_archive, folder_archive, s3_archive], ids=["memory", "folder", "s3"])
def kept(request: pytest.FixtureRequest, tmp_path: Path, s3: S3Server) -> Kept:
    """An archive of each kind."""
    made: Kept = request.param(tmp_path, s3)
    return made


def one(there: There, key: str, day: dt.date) -> SourceObject:
    """Return one object of a listing."""
    (found,) = [obj for obj in there.source.list_days([day])[day] if obj.name == key.rsplit("/", 1)[-1]]
    return found


def test_a_listing_has_only_the_requested_days(there: There) -> None:
    """Objects are listed by day and sorted by key; days that are empty or not requested are absent."""
    there.put("logs/docs/2026/05/01/b.gz", b"bb")
    there.put("logs/docs/2026/05/01/a.gz", b"a")
    there.put("logs/docs/2026/05/03/c.gz", b"ccc")
    there.put("logs/docs/2026/05/02/notes.txt", b"no log")
    there.put("logs/shop/2026/05/01/x.gz", b"another site's")
    listed = there.source.list_days([MAY_1, MAY_2])
    assert {day: [(obj.name, obj.size) for obj in objects] for day, objects in listed.items()} == {
        MAY_1: [("a.gz", 1), ("b.gz", 2)]
    }
    assert all(obj.version for obj in listed[MAY_1])


def test_an_empty_source_is_not_an_error(there: There) -> None:
    """A source without objects gives an empty listing."""
    assert there.source.list_days([MAY_1, MAY_2]) == {}
    assert there.source.list_days([]) == {}


def test_an_unsafe_key_is_skipped_with_a_note(there: There) -> None:
    """Keys with control characters or backslashes are skipped with an escaped note."""
    there.put("logs/docs/2026/05/01/good.gz", b"1")
    there.put("logs/docs/2026/05/01/bad\x1b[31m.gz", b"2")
    there.put("logs/docs/2026/05/01/up\\..\\x.gz", b"3")
    notes: list[str] = []
    listed = there.source.list_days([MAY_1], note=notes.append)
    assert [obj.name for obj in listed[MAY_1]] == ["good.gz"]
    assert len(notes) == 2
    assert all("skipped" in note and "\x1b" not in note for note in notes)


def test_a_fetched_file_has_the_bytes_of_the_object(there: There, tmp_path: Path) -> None:
    """The file has the bytes of the object, compressed or not, and the progress adds up to its size."""
    data = bytes(range(256)) * 9_000
    there.put("logs/docs/2026/05/01/a.gz", data)
    there.put("logs/docs/2026/05/01/empty.gz", b"")
    moved: list[int] = []
    path = there.source.fetch(one(there, "a.gz", MAY_1), tmp_path / "spool", progress=moved.append)
    assert path.read_bytes() == data
    assert path.name.endswith(".gz") or isinstance(there.source, MemorySource)
    assert sum(moved) == len(data)
    assert there.source.fetch(one(there, "empty.gz", MAY_1), tmp_path / "spool").read_bytes() == b""


def test_the_beginning_of_an_object_can_be_read(there: There) -> None:
    """`peek` reads the current object, even if it has changed since it was listed; `where` names it."""
    there.put("logs/docs/2026/05/01/a.gz", b"0123456789")
    there.put("logs/docs/2026/05/01/b.gz", b"")
    full, empty = there.source.list_days([MAY_1])[MAY_1]
    assert [there.source.peek(full, size) for size in (1, 4, 10)] == [b"0", b"0123", b"0123456789"]
    assert there.source.peek(full, 1_000_000) == b"0123456789"
    assert there.source.peek(empty, 100) == b""
    assert there.source.where(full).endswith("docs/2026/05/01/a.gz")
    there.put("logs/docs/2026/05/01/a.gz", b"another")
    assert there.source.peek(full, 4) == b"anot"
    there.remove("logs/docs/2026/05/01/a.gz")
    with pytest.raises(ObjectChangedError):
        there.source.peek(full, 4)


def test_an_object_changed_after_the_listing_is_not_fetched(there: There, tmp_path: Path) -> None:
    """Fetching an object that changed after the listing raises ObjectChangedError and leaves no file."""
    there.put("logs/docs/2026/05/01/a.gz", b"first")
    obj = one(there, "a.gz", MAY_1)
    there.put("logs/docs/2026/05/01/a.gz", b"other")
    with pytest.raises(ObjectChangedError):
        there.source.fetch(obj, tmp_path / "spool")
    assert list(tmp_path.glob("spool/*")) == []


def test_an_object_removed_after_the_listing_is_not_fetched(there: There, tmp_path: Path) -> None:
    """Fetching an object that was removed after the listing raises ObjectChangedError."""
    there.put("logs/docs/2026/05/01/a.gz", b"first")
    obj = one(there, "a.gz", MAY_1)
    there.remove("logs/docs/2026/05/01/a.gz")
    with pytest.raises(ObjectChangedError):
        there.source.fetch(obj, tmp_path / "spool")


def test_every_source_can_be_copied_to_every_archive(there: There, kept: Kept) -> None:
    """The copy is exact without a local file, and the source stays unchanged."""
    there.put("logs/docs/2026/05/01/a.gz", b"the bytes")
    obj = one(there, "a.gz", MAY_1)
    url = kept.archive.push("docs", MAY_1, obj, None, there.source)
    assert url.endswith("copies/docs/2026-05-01/a.gz")
    assert kept.read(url) == b"the bytes"
    assert one(there, "a.gz", MAY_1) == obj


def test_pushing_again_sends_nothing(there: There, kept: Kept, tmp_path: Path) -> None:
    """A copy that exists already is not sent again, with or without a local file."""
    there.put("logs/docs/2026/05/01/a.gz", b"the bytes")
    obj = one(there, "a.gz", MAY_1)
    local = there.source.fetch(obj, tmp_path / "spool")
    moved: list[int] = []
    url = kept.archive.push("docs", MAY_1, obj, local, there.source, progress=moved.append)
    assert sum(moved) == obj.size
    assert kept.archive.push("docs", MAY_1, obj, local, there.source, progress=moved.append) == url
    assert kept.archive.push("docs", MAY_1, obj, None, there.source, progress=moved.append) == url
    assert sum(moved) == obj.size
    assert kept.count() == 1


def test_another_object_of_the_same_name_is_never_overwritten(there: There, kept: Kept) -> None:
    """The error names both objects, and the existing one stays unchanged."""
    there.put("logs/docs/2026/05/01/a.gz", b"mine")
    obj = one(there, "a.gz", MAY_1)
    url = kept.archive.push("docs", MAY_1, obj, None, there.source)
    kept.put(url, b"them")
    with pytest.raises(PermanentError) as caught:
        kept.archive.push("docs", MAY_1, obj, None, there.source)
    assert "copies/docs/2026-05-01/a.gz" in str(caught.value)
    assert obj.key in str(caught.value)
    assert kept.read(url) == b"them"


def test_the_copy_of_an_older_version_is_replaced(there: There, kept: Kept) -> None:
    """The copy of a changed object is replaced."""
    there.put("logs/docs/2026/05/01/a.gz", b"old")
    url = kept.archive.push("docs", MAY_1, one(there, "a.gz", MAY_1), None, there.source)
    there.put("logs/docs/2026/05/01/a.gz", b"newer")
    again = kept.archive.push("docs", MAY_1, one(there, "a.gz", MAY_1), None, there.source, replacing=url)
    assert again == url
    assert kept.read(url) == b"newer"


def test_an_object_changed_after_the_listing_is_not_archived(there: There, kept: Kept) -> None:
    """An object that changed after the listing is not copied."""
    there.put("logs/docs/2026/05/01/a.gz", b"first")
    obj = one(there, "a.gz", MAY_1)
    there.put("logs/docs/2026/05/01/a.gz", b"other")
    with pytest.raises(ObjectChangedError):
        kept.archive.push("docs", MAY_1, obj, None, there.source)
    assert kept.count() == 0


def test_an_unsafe_key_is_never_archived(there: There, kept: Kept, tmp_path: Path) -> None:
    """A key that would leave the archive's folder is refused."""
    local = tmp_path / "local"
    local.write_bytes(b"x")
    for key in ("..", "a/..", "/etc/cron.d/x", "a\\b", "a\0b", "a//b", "", "a/", "a\nb"):
        with pytest.raises(PermanentError):
            kept.archive.push("docs", MAY_1, SourceObject(key, 1, "e"), local, there.source)
    assert kept.count() == 0
    assert there.source.describe()
    assert kept.archive.describe().endswith("{name}")
