"""S3 sources and archives when the network, the service or the credentials fail: clear errors and no wrong data."""

import contextlib
import datetime as dt
import socket
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from s3_faults import Fault, Headers, Kind, Proxy
from s3_server import ACCESS_KEY, SECRET_KEY, S3Server, credentials

from mtc.core.background import LowSpeedLimit
from mtc.core.errors import InterruptedRunError, MtcError, ObjectChangedError, PermanentError, TransientError
from mtc.core.model import SourceObject
from mtc.sources.s3_archive import S3Archive
from mtc.sources.s3_client import Clients, Login, Tuning
from mtc.sources.s3_source import S3Source
from mtc.sources.settings import Credentials
from mtc.sources.url_pattern import ArchiveUrl, SourceUrl

DAY = dt.date(2026, 5, 1)
KEY = "docs/2026-05-01.log"
DATA = bytes(range(256)) * 4_000
ONCE = Tuning(connect_timeout=1, read_timeout=1.5, attempts=1)
TWICE = Tuning(connect_timeout=1, read_timeout=1.5, attempts=2)


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """A bucket with one log."""
    name = s3.bucket()
    s3.put(name, KEY, DATA)
    return name


@pytest.fixture
def source(bucket: str, proxy: Proxy) -> S3Source:
    """The bucket as a source, read through the proxy."""
    return source_at(proxy.url, bucket)


def source_at(url: str, bucket: str, tuning: Tuning = ONCE, entry: Credentials | None = None) -> S3Source:
    """A source that uses the credentials `pull`."""
    pattern = SourceUrl.compile(f"s3://{bucket}/{{site}}/{{date:%Y-%m-%d}}*.log", "docs")
    return S3Source(pattern, Login("pull", entry or credentials(url)), Clients(), tuning)


def archive_at(url: str, bucket: str, spool: Path, tuning: Tuning = ONCE) -> S3Archive:
    """An archive that uses the credentials `push`."""
    template = ArchiveUrl.compile(f"s3://{bucket}/kept/{{site}}/{{name}}", "docs")
    return S3Archive(spool, template, Login("push", credentials(url)), Clients(), tuning)


def listed(source: S3Source) -> SourceObject:
    """Return the log as listed."""
    (obj,) = source.list_days([DAY])[DAY]
    return obj


@contextlib.contextmanager
def failing(kind: type[MtcError], *words: str) -> Iterator[None]:
    """Expect an error of exactly this class with these words, and without credentials in it or its traceback."""
    with pytest.raises(MtcError) as caught:
        yield
    assert type(caught.value) is kind, caught.value
    text = "".join(traceback.format_exception(caught.value))
    assert ACCESS_KEY not in text
    assert SECRET_KEY not in text
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("status", "code"),
    [(503, "SlowDown"), (503, "ServiceUnavailable"), (429, "TooManyRequests"), (500, "InternalError")],
)
def test_a_busy_service_is_a_transient_error(
    status: int, code: str, source: S3Source, proxy: Proxy, tmp_path: Path
) -> None:
    """Throttling and server errors are transient, in listings and downloads."""
    obj = listed(source)
    proxy.faults.append(Fault("GET", "answer", status, code))
    with failing(TransientError, code):
        source.list_days([DAY])
    with failing(TransientError, code, KEY):
        source.fetch(obj, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_single_error_is_retried_by_boto3(bucket: str, proxy: Proxy, tmp_path: Path) -> None:
    """A single error is hidden by the retries of boto3."""
    source = source_at(proxy.url, bucket, TWICE)
    proxy.faults.append(Fault("GET", "answer", times=1))
    assert source.fetch(listed(source), tmp_path).read_bytes() == DATA
    assert proxy.faults[0].seen == 1


def test_only_the_requested_beginning_is_read(source: S3Source, proxy: Proxy) -> None:
    """Only the requested bytes are read, also if the service ignores ranges and sends the whole object."""
    sizes: list[int] = []

    def measured(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        sizes.append(len(body))
        return headers, body

    proxy.faults = [Fault(f"^GET .*{KEY}", alter=measured)]
    assert source.peek(listed(source), 100) == DATA[:100]
    assert sizes == [100]

    def whole(_: Headers, __: bytes) -> tuple[Headers, bytes]:
        return [("Content-Length", str(len(DATA)))], DATA

    proxy.faults = [Fault(f"^GET .*{KEY}", alter=whole)]
    assert source.peek(listed(source), 100) == DATA[:100]


@pytest.mark.parametrize("kind", ["truncate", "reset", "stall"])
def test_an_incomplete_beginning_is_a_transient_error(source: S3Source, proxy: Proxy, kind: Kind) -> None:
    """An incomplete range is a transient error, and never taken for a shorter object."""
    obj = listed(source)
    proxy.faults = [Fault(f"^GET .*{KEY}", kind)]
    with pytest.raises(TransientError):
        source.peek(obj, 100_000)


@pytest.mark.parametrize("kind", ["truncate", "reset", "damage", "forge"])
def test_a_truncated_or_damaged_download_is_discarded(
    kind: str, source: S3Source, proxy: Proxy, tmp_path: Path
) -> None:
    """A truncated or damaged download is discarded, and the next attempt is complete."""
    obj = listed(source)
    proxy.faults.append(Fault(f"GET .*{KEY}", kind, times=1))  # type: ignore[arg-type] # one of the kinds
    with failing(TransientError):
        source.fetch(obj, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert source.fetch(obj, tmp_path).read_bytes() == DATA


def test_a_hanging_service_times_out(source: S3Source, proxy: Proxy, tmp_path: Path) -> None:
    """A time-out is a transient error."""
    obj = listed(source)
    proxy.faults.append(Fault(f"GET .*{KEY}", "hang"))
    with failing(TransientError, "connection failed"):
        source.fetch(obj, tmp_path)


def test_an_unreachable_service_is_a_transient_error(bucket: str) -> None:
    """A refused connection is a transient error."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with failing(TransientError, "connection failed"):
        source_at(url, bucket).list_days([DAY])


def test_an_object_replaced_after_listing_is_detected(
    source: S3Source, proxy: Proxy, s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    """`If-Match` asks for the listed version, and a 412 is reported as a changed object."""
    obj = listed(source)
    proxy.faults.append(Fault(f"GET .*{KEY}", before=lambda: s3.put(bucket, KEY, b"x" * len(DATA)), times=1))
    with failing(ObjectChangedError, KEY):
        source.fetch(obj, tmp_path)
    assert proxy.statuses[-1] == 412
    assert list(tmp_path.iterdir()) == []


def test_an_answer_with_another_etag_is_detected(source: S3Source, proxy: Proxy, tmp_path: Path) -> None:
    """The ETag of the answer is checked, in case the service ignores `If-Match`."""
    obj = listed(source)
    proxy.faults.append(Fault(f"GET .*{KEY}", "etag"))
    with failing(ObjectChangedError, KEY):
        source.fetch(obj, tmp_path)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "AccessDenied", ("s3:GetObject", "s3:ListBucket")),
        (403, "InvalidAccessKeyId", ("access_key_id",)),
        (403, "SignatureDoesNotMatch", ("secret_access_key",)),
        (400, "ExpiredToken", ("session",)),
        (403, "RequestTimeTooSkewed", ("clock",)),
        (301, "PermanentRedirect", ("region",)),
        (400, "AuthorizationHeaderMalformed", ("region",)),
        (403, "InvalidObjectState", ("restore",)),
    ],
)
def test_invalid_credentials_fail_with_a_hint(
    status: int, code: str, words: tuple[str, ...], source: S3Source, proxy: Proxy, tmp_path: Path
) -> None:
    """The error names the credentials entry and a fix, and shows no secret."""
    obj = listed(source)
    proxy.faults.append(Fault(f"GET .*{KEY}", "answer", status, code))
    with failing(PermanentError, code, *words):
        source.fetch(obj, tmp_path)


def test_a_denied_listing_names_the_entry_and_the_permission(source: S3Source, proxy: Proxy) -> None:
    """The error names the credentials entry and the missing permission."""
    proxy.faults.append(Fault("GET .*list-type", "answer", 403, "AccessDenied"))
    with failing(PermanentError, "access denied", "credentials.pull", "s3:ListBucket"):
        source.list_days([DAY])


def test_a_missing_bucket_is_a_permanent_error(proxy: Proxy) -> None:
    """A missing bucket is a permanent error."""
    with failing(PermanentError, "no such bucket", "no-such-bucket-here"):
        source_at(proxy.url, "no-such-bucket-here").list_days([DAY])


def test_a_missing_profile_is_a_permanent_error(bucket: str, proxy: Proxy) -> None:
    """A missing AWS profile is a permanent error that names the entry."""
    entry = Credentials(profile="nobody", endpoint_url=proxy.url)
    with failing(PermanentError, "no such profile", "credentials.pull"):
        source_at(proxy.url, bucket, entry=entry).list_days([DAY])


def test_missing_credentials_are_a_permanent_error(bucket: str, proxy: Proxy) -> None:
    """If boto3 finds no credentials, the permanent error suggests `anonymous`."""
    with failing(PermanentError, "no credentials", "anonymous"):
        source_at(proxy.url, bucket, entry=Credentials(endpoint_url=proxy.url)).list_days([DAY])


def test_a_malformed_endpoint_url_is_a_permanent_error(bucket: str) -> None:
    """A malformed URL is a permanent error that names its setting."""
    with failing(PermanentError, "endpoint_url", "credentials.pull"):
        source_at("http://no_good host", bucket).list_days([DAY])


def test_a_denied_upload_names_the_entry_and_the_permission(
    source: S3Source, proxy: Proxy, s3: S3Server, tmp_path: Path
) -> None:
    """The error names the push credentials and the permission, for server-side copies and uploads."""
    archive = archive_at(proxy.url, s3.bucket(), tmp_path / "spool")
    obj = listed(source)
    proxy.faults.append(Fault("PUT", "answer", 403, "AccessDenied"))
    with failing(PermanentError, "access denied", "credentials.push", "s3:PutObject"):
        archive.push("docs", DAY, obj, None, source)
    assert list((tmp_path / "spool").iterdir()) == []


def test_an_upload_replaces_a_denied_server_side_copy(
    source: S3Source, proxy: Proxy, s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    """If the push credentials cannot read the source, the object is downloaded and uploaded."""
    archive = archive_at(proxy.url, s3.bucket(), tmp_path / "spool")
    obj = listed(source)
    proxy.faults.append(Fault(f"HEAD /{bucket}/", "answer", 403, "AccessDenied"))
    url = archive.push("docs", DAY, obj, None, source)
    assert s3.get(*url.removeprefix("s3://").split("/", 1)) == DATA
    assert proxy.faults[0].seen == 1


@pytest.mark.parametrize("tuning", [ONCE, Tuning(attempts=1, copied=0, single=0)], ids=["whole", "in parts"])
def test_a_busy_archive_is_a_transient_error(
    tuning: Tuning, source: S3Source, proxy: Proxy, s3: S3Server, tmp_path: Path
) -> None:
    """A throttled copy is a transient error that leaves no incomplete object, and the next attempt succeeds."""
    kept = s3.bucket()
    archive = archive_at(proxy.url, kept, tmp_path / "spool", tuning)
    obj = listed(source)
    proxy.faults.append(Fault("PUT", "answer", 503, "SlowDown", times=1))
    with failing(TransientError, "SlowDown"):
        archive.push("docs", DAY, obj, None, source)
    assert s3.keys(kept) == []
    assert not s3.client.list_multipart_uploads(Bucket=kept).get("Uploads")
    archive.push("docs", DAY, obj, None, source)
    assert s3.keys(kept) == ["kept/docs/2026-05-01.log"]


def test_a_copy_that_differs_from_its_source_is_an_error(
    source: S3Source, proxy: Proxy, s3: S3Server, tmp_path: Path
) -> None:
    """Every copy is verified after it was made."""
    archive = archive_at(proxy.url, s3.bucket(), tmp_path / "spool")
    obj = listed(source)
    proxy.faults.append(Fault("HEAD .*kept/", times=1))
    proxy.faults.append(Fault("HEAD .*kept/", "etag", times=1))
    with failing(TransientError, "not what was sent"):
        archive.push("docs", DAY, obj, None, source)


NO_LISTINGS = {
    "nothing": b"",
    "blanks": b"\n\n",
    "html": b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Sign in<br></body></html>",
    "xhtml": b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><body><p>Sign in</p></body></html>",
    "json": b'{"error": "no such tenant"}',
    "text": b"It works!",
    "other xml": b"<?xml version='1.0'?><ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>",
    "cut off": b"<?xml version='1.0'?><ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated><Cont",
    "less than it says": b"<ListBucketResult><Name>b</Name><KeyCount>3</KeyCount><IsTruncated>false</IsTruncated>"
    b"</ListBucketResult>",
}


@pytest.mark.parametrize("body", NO_LISTINGS.values(), ids=NO_LISTINGS)
def test_an_answer_that_is_not_a_listing_is_an_error(body: bytes, source: S3Source, proxy: Proxy) -> None:
    """An answer with status 200 that is not a listing is a transient error, and not an empty listing."""
    proxy.faults.append(Fault("GET .*list-type", alter=lambda headers, _: (headers, body)))
    with pytest.raises(TransientError, match="answer") as caught:
        source.list_days([DAY])
    assert "Sign in" not in str(caught.value)


def test_an_empty_listing_is_valid(source: S3Source) -> None:
    """A day without objects gives an empty listing."""
    assert source.list_days([DAY + dt.timedelta(days=1)]) == {}


class Hours:
    """A clock that advances one hour on every call."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time, advanced by one hour."""
        self.now += 3600
        return self.now


def test_a_stalled_download_is_aborted(bucket: str, proxy: Proxy, tmp_path: Path) -> None:
    """A download below the minimum speed is a transient error, and leaves no file."""
    patient = Tuning(connect_timeout=1, read_timeout=60, attempts=1, reading=LowSpeedLimit(60, 1 << 10, Hours(), 0.001))
    source = source_at(proxy.url, bucket, patient)
    obj = listed(source)
    proxy.faults = [Fault("GET .*2026-05-01.log", "stall")]
    with pytest.raises(TransientError, match="too slow"):
        source.fetch(obj, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_stalled_listing_is_aborted(bucket: str, proxy: Proxy) -> None:
    """A listing below the minimum speed is a transient error."""
    patient = Tuning(connect_timeout=1, read_timeout=60, attempts=1, calling=LowSpeedLimit(900, 1, Hours(), 0.001))
    proxy.faults = [Fault("GET .*list-type", "stall")]
    with pytest.raises(TransientError, match="too slow"):
        source_at(proxy.url, bucket, patient).list_days([DAY])


def test_a_stalled_download_can_be_interrupted(bucket: str, proxy: Proxy, tmp_path: Path) -> None:
    """A run can be interrupted while a download stalls."""
    source = source_at(proxy.url, bucket, Tuning(connect_timeout=1, read_timeout=60, attempts=1))
    obj = listed(source)
    proxy.faults = [Fault("GET .*2026-05-01.log", "stall")]

    def stop(size: int) -> None:
        if not size:
            raise InterruptedRunError(15)

    with pytest.raises(InterruptedRunError):
        source.fetch(obj, tmp_path, progress=stop)
