"""S3 sources and archives: paging, date ranges, folder markers, storage classes, multipart copies and metadata."""

import datetime as dt
import hashlib
import os
import threading
from pathlib import Path

import pytest
from s3_faults import Proxy
from s3_server import S3Server, credentials

from mtc.core.errors import ObjectChangedError, PermanentError
from mtc.core.model import SourceObject
from mtc.sources.folder import FolderSource
from mtc.sources.s3_archive import S3Archive
from mtc.sources.s3_client import Clients, Login, Tuning, service_of
from mtc.sources.s3_source import S3Source
from mtc.sources.settings import Credentials
from mtc.sources.url_pattern import ArchiveUrl, SourceUrl

DAY = dt.date(2026, 5, 1)
PATTERN = "{site}/{date:%Y/%m/%d}/*.log"
MIB = 1 << 20


def days(first: str, count: int) -> list[dt.date]:
    """Return consecutive days."""
    return [dt.date.fromisoformat(first) + dt.timedelta(days=offset) for offset in range(count)]


def source_at(url: str, bucket: str, pattern: str = PATTERN, tuning: Tuning = Tuning()) -> S3Source:  # noqa: B008 - frozen
    """A source with a key pattern."""
    return S3Source(
        SourceUrl.compile(f"s3://{bucket}/{pattern}", "docs"), Login("s3", credentials(url)), Clients(), tuning
    )


def archive_at(url: str, bucket: str, spool: Path, tuning: Tuning = Tuning()) -> S3Archive:  # noqa: B008 - frozen
    """An archive whose copies keep the name only."""
    template = ArchiveUrl.compile(f"s3://{bucket}/{{site}}/{{name}}", "docs")
    return S3Archive(spool, template, Login("s3", credentials(url)), Clients(), tuning)


def only_object(source: S3Source) -> SourceObject:
    """Return the only object of the day."""
    (obj,) = source.list_days([DAY])[DAY]
    return obj


def test_a_range_of_days_is_one_paged_listing(s3: S3Server, proxy: Proxy) -> None:
    """Every page of a range is read, and no key before or after it."""
    bucket = s3.bucket()
    for day in days("2026-04-01", 60):
        s3.put(bucket, f"docs/{day:%Y/%m/%d}/a.log", b"x")
    listed = source_at(proxy.url, bucket, tuning=Tuning(page=3)).list_days(days("2026-04-25", 10))
    assert list(listed) == days("2026-04-25", 10)
    assert len(proxy.requests) == 4
    assert sum("start-after" in request for request in proxy.requests) >= 1
    assert sum("continuation-token" in request for request in proxy.requests) == 3


def test_two_distant_days_are_two_listings(s3: S3Server, proxy: Proxy) -> None:
    """Two days a year apart are listed separately, without the keys in between."""
    bucket = s3.bucket()
    for day in ("2025/05/01", "2025/11/11", "2026/05/01"):
        s3.put(bucket, f"docs/{day}/a.log", b"x")
    wanted = [dt.date(2025, 5, 1), dt.date(2026, 5, 1)]
    assert list(source_at(proxy.url, bucket).list_days(wanted)) == wanted
    assert [request.split("prefix=")[1].split("&")[0] for request in proxy.requests] == [
        "docs%2F2025%2F05%2F01%2F",
        "docs%2F2026%2F05%2F01%2F",
    ]


def test_folder_markers_are_not_logs(s3: S3Server) -> None:
    """Empty keys that end with a slash are not logs."""
    bucket = s3.bucket()
    for key in ("docs/2026/05/01/", "docs/2026/05/01/sub/", "docs/2026/05/01/a.log"):
        s3.put(bucket, key, b"")
    notes: list[str] = []
    listed = source_at(s3.url, bucket, "{site}/{date:%Y/%m/%d}/**").list_days([DAY], note=notes.append)
    assert notes == []
    assert [obj.key for obj in listed[DAY]] == ["docs/2026/05/01/a.log"]


def test_keys_with_special_characters_are_read(s3: S3Server, tmp_path: Path) -> None:
    """Keys with spaces, plus and percent signs and non-Latin letters can be listed, downloaded and copied."""
    bucket, kept = s3.bucket(), s3.bucket()
    key = "docs/2026/05/01/a b+c%20d&é=日本.log"
    s3.put(bucket, key, b"odd")
    source = source_at(s3.url, bucket)
    assert source.fetch(only_object(source), tmp_path).read_bytes() == b"odd"
    archive_at(s3.url, kept, tmp_path).push("docs", DAY, only_object(source), None, source)
    assert s3.keys(kept) == [f"docs/{key.rsplit('/', 1)[1]}"]


def test_content_encoding_does_not_decompress_an_object(s3: S3Server, tmp_path: Path) -> None:
    """Objects with Content-Encoding are stored as they are, and the copy keeps the header and the metadata."""
    bucket, kept = s3.bucket(), s3.bucket()
    data = bytes.fromhex("1f8b0800000000000003") + os.urandom(50)
    s3.client.put_object(
        Bucket=bucket, Key="docs/2026/05/01/a.log", Body=data, ContentEncoding="gzip", Metadata={"from": "lb"}
    )
    source = source_at(s3.url, bucket)
    assert source.fetch(only_object(source), tmp_path).read_bytes() == data
    archive_at(s3.url, kept, tmp_path).push("docs", DAY, only_object(source), None, source)
    head = s3.client.head_object(Bucket=kept, Key="docs/a.log")
    assert head["ContentEncoding"] == "gzip"
    assert head["Metadata"]["from"] == "lb"


def test_an_object_in_an_archive_storage_class_is_a_permanent_error(s3: S3Server, tmp_path: Path) -> None:
    """An object in an archive storage class is a permanent error with a hint to restore it."""
    bucket = s3.bucket()
    s3.put(bucket, "docs/2026/05/01/a.log", b"cold", storage="GLACIER")
    source = source_at(s3.url, bucket)
    with pytest.raises(PermanentError, match=r"archived storage class.*restore"):
        source.fetch(only_object(source), tmp_path)


def test_a_multipart_object_is_read(s3: S3Server, tmp_path: Path) -> None:
    """An ETag that is not an MD5 still identifies the version."""
    bucket = s3.bucket()
    data = os.urandom(5 * MIB + 10)
    big = FolderSource(tmp_path, SourceUrl.compile("{date:%Y-%m-%d}.log", "docs"))
    (tmp_path / "2026-05-01.log").write_bytes(data)
    (obj,) = big.list_days([DAY])[DAY]
    archive_at(s3.url, bucket, tmp_path, Tuning(single=MIB, part=5 * MIB)).push("docs", DAY, obj, None, big)
    source = source_at(s3.url, bucket, "{site}/{date:%Y-%m-%d}.log")
    assert "-2" in only_object(source).etag
    assert source.fetch(only_object(source), tmp_path / "spool").read_bytes() == data


def test_copies_within_one_service_are_server_side(s3: S3Server, proxy: Proxy, tmp_path: Path) -> None:
    """Within one service, objects are copied by the server, large ones in parts, without a download."""
    bucket, kept = s3.bucket(), s3.bucket()
    data = os.urandom(5 * MIB + 10)
    s3.put(bucket, "docs/2026/05/01/a.log", data)
    source = source_at(proxy.url, bucket)
    obj = only_object(source)
    archive = archive_at(proxy.url, kept, tmp_path / "spool")
    parts = archive_at(proxy.url, kept, tmp_path / "spool", Tuning(copied=MIB, copied_part=5 * MIB))
    archive.push("docs", DAY, obj, None, source)
    assert s3.get(kept, "docs/a.log") == data
    s3.client.delete_object(Bucket=kept, Key="docs/a.log")
    moved: list[int] = []
    parts.push("docs", DAY, obj, None, source, progress=moved.append)
    assert s3.get(kept, "docs/a.log") == data
    assert sum(moved) == len(data)
    assert not any(request.startswith("GET") and "a.log" in request for request in proxy.requests)
    before = len(proxy.requests)
    parts.push("docs", DAY, obj, None, source, progress=moved.append)
    assert [request.split()[0] for request in proxy.requests[before:]] == ["HEAD"]


def test_a_multipart_copy_is_recognised(s3: S3Server, tmp_path: Path) -> None:
    """The metadata of a copy identifies it if its ETag cannot."""
    bucket, kept = s3.bucket(), s3.bucket()
    s3.put(bucket, "docs/2026/05/01/a.log", os.urandom(5 * MIB + 10))
    source = source_at(s3.url, bucket)
    archive = archive_at(s3.url, kept, tmp_path, Tuning(copied=MIB, copied_part=5 * MIB))
    moved: list[int] = []
    for _ in range(2):
        archive.push("docs", DAY, only_object(source), None, source, progress=moved.append)
    assert sum(moved) == 5 * MIB + 10


def test_an_older_copy_of_mtc_is_replaced_without_the_state(s3: S3Server, tmp_path: Path) -> None:
    """The metadata shows that a copy is mtc's own, so a changed object replaces it without a state."""
    bucket, kept = s3.bucket(), s3.bucket()
    source, archive = source_at(s3.url, bucket), archive_at(s3.url, kept, tmp_path)
    for data in (b"first", b"second"):
        s3.put(bucket, "docs/2026/05/01/a.log", data)
        archive.push("docs", DAY, only_object(source), None, source)
    assert s3.get(kept, "docs/a.log") == b"second"


def test_the_copy_of_another_object_is_not_overwritten(s3: S3Server, tmp_path: Path) -> None:
    """Two objects with the same archive URL: the second fails with a hint to use `{key}`."""
    bucket, kept = s3.bucket(), s3.bucket()
    s3.put(bucket, "docs/2026/05/01/a.log", b"one")
    s3.put(bucket, "docs/2026/05/02/a.log", b"two")
    source, archive = source_at(s3.url, bucket), archive_at(s3.url, kept, tmp_path)
    listed = source.list_days([DAY, DAY + dt.timedelta(days=1)])
    (first,), (second,) = listed.values()
    archive.push("docs", DAY, first, None, source)
    with pytest.raises(PermanentError, match="another object") as caught:
        archive.push("docs", DAY, second, None, source)
    assert "docs/2026/05/02/a.log" in str(caught.value)
    assert "{key}" in caught.value.hint
    assert s3.get(kept, "docs/a.log") == b"one"


def test_an_archive_cannot_be_its_own_source(s3: S3Server, tmp_path: Path) -> None:
    """Copying an object onto itself is a permanent error."""
    bucket = s3.bucket()
    s3.put(bucket, "docs/2026-05-01.log", b"log")
    source = source_at(s3.url, bucket, "{site}/{date:%Y-%m-%d}.log")
    with pytest.raises(PermanentError, match="source's object itself"):
        archive_at(s3.url, bucket, tmp_path).push("docs", DAY, only_object(source), None, source)


def test_a_file_changed_during_its_upload_is_detected(s3: S3Server, tmp_path: Path) -> None:
    """Size and modification time are checked again after the upload, before the copy is accepted."""
    (tmp_path / "2026-05-01.log").write_bytes(b"first")
    folder = FolderSource(tmp_path, SourceUrl.compile("{date:%Y-%m-%d}.log", "docs"))
    (obj,) = folder.list_days([DAY])[DAY]
    (tmp_path / "2026-05-01.log").write_bytes(b"other")
    kept = s3.bucket()
    for tuning in (Tuning(), Tuning(single=0)):
        with pytest.raises(ObjectChangedError):
            archive_at(s3.url, kept, tmp_path, tuning).push("docs", DAY, obj, tmp_path / obj.key, folder)
    assert s3.keys(kept) == []


def test_threads_share_one_client_for_each_entry(s3: S3Server) -> None:
    """All threads share one client for each credentials entry."""
    clients = Clients()
    found = set()

    def take() -> None:
        found.add(id(clients.get(Login("a", credentials(s3.url)), Tuning())))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1
    assert id(clients.get(Login("b", credentials(s3.url)), Tuning())) not in found


def test_several_threads_can_fetch_at_once(s3: S3Server, tmp_path: Path) -> None:
    """Several threads can fetch from one source, including the same object."""
    bucket = s3.bucket()
    data = {f"docs/2026/05/01/{number}.log": os.urandom(100_000) for number in range(4)}
    for key, content in data.items():
        s3.put(bucket, key, content)
    source = source_at(s3.url, bucket)
    objects = source.list_days([DAY])[DAY]
    got: list[tuple[str, str]] = []

    def fetch(obj: SourceObject) -> None:
        got.append((obj.key, hashlib.sha256(source.fetch(obj, tmp_path).read_bytes()).hexdigest()))

    threads = [threading.Thread(target=fetch, args=(obj,)) for obj in (*objects, *objects)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(2 * [(key, hashlib.sha256(content).hexdigest()) for key, content in data.items()])
    assert len(list(tmp_path.iterdir())) == 4


def test_services_are_distinguished_by_endpoint_except_aws_regions() -> None:
    """All regions of AWS are one service; other services are distinguished by their endpoint."""
    clients = Clients()
    services = [
        service_of(clients.get(Login("x", entry), Tuning()))
        for entry in (
            Credentials(anonymous=True, region="eu-west-1"),
            Credentials(anonymous=True, region="us-east-1"),
            Credentials(anonymous=True, region="us-east-1", endpoint_url="http://127.0.0.1:1"),
            Credentials(anonymous=True, region="us-east-1", endpoint_url="http://127.0.0.1:2"),
        )
    ]
    assert services == [".amazonaws.com", ".amazonaws.com", "http://127.0.0.1:1", "http://127.0.0.1:2"]


def test_anonymous_credentials_do_not_sign(s3: S3Server) -> None:
    """Public buckets are read with unsigned requests."""
    bucket = s3.bucket()
    s3.client.put_bucket_acl(Bucket=bucket, ACL="public-read")
    s3.put(bucket, "docs/2026/05/01/a.log", b"x")
    pattern = SourceUrl.compile(f"s3://{bucket}/{PATTERN}", "docs")
    entry = Credentials(anonymous=True, region="us-east-1", endpoint_url=s3.url)
    assert list(S3Source(pattern, Login("open", entry), Clients()).list_days([DAY])) == [DAY]


def test_a_glob_before_the_date_does_not_list_every_key(s3: S3Server, proxy: Proxy) -> None:
    """Folders are listed first, then the day in each: one request for each folder and one more."""
    bucket = s3.bucket()
    for day in days("2026-04-01", 60):
        for account in ("111", "222"):
            s3.put(bucket, f"AWSLogs/{account}/elb/{day:%Y/%m/%d}/x_{day:%Y%m%d}.log", b"x")
    pattern = "AWSLogs/*/elb/{date:%Y/%m/%d}/x_{date:%Y%m%d}.log"
    listed = source_at(proxy.url, bucket, pattern, tuning=Tuning(page=2)).list_days([DAY])
    assert [obj.key for obj in listed[DAY]] == [
        "AWSLogs/111/elb/2026/05/01/x_20260501.log",
        "AWSLogs/222/elb/2026/05/01/x_20260501.log",
    ]
    assert len(proxy.requests) == 3
