"""What a source and an archive in S3 do when the network, the service or the keys fail: nothing wrong, and say why."""

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
    """The bucket as a source, by way of the proxy."""
    return source_at(proxy.url, bucket)


def source_at(url: str, bucket: str, tuning: Tuning = ONCE, entry: Credentials | None = None) -> S3Source:
    """A source that signs in with the entry `pull`."""
    pattern = SourceUrl.compile(f"s3://{bucket}/{{site}}/{{date:%Y-%m-%d}}*.log", "docs")
    return S3Source(pattern, Login("pull", entry or credentials(url)), Clients(), tuning)


def archive_at(url: str, bucket: str, spool: Path, tuning: Tuning = ONCE) -> S3Archive:
    """An archive that signs in with the entry `push`."""
    template = ArchiveUrl.compile(f"s3://{bucket}/kept/{{site}}/{{name}}", "docs")
    return S3Archive(spool, template, Login("push", credentials(url)), Clients(), tuning)


def listed(source: S3Source) -> SourceObject:
    """The log, as listed."""
    (obj,) = source.list_days([DAY])[DAY]
    return obj


@contextlib.contextmanager
def failing(kind: type[MtcError], *words: str) -> Iterator[None]:
    """Expect an error of exactly this class that has these words, and no key in it or in its traceback."""
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
def test_a_service_that_is_busy_is_tried_again_later(
    status: int, code: str, source: S3Source, proxy: Proxy, tmp_path: Path
) -> None:
    """Throttling and server errors may pass, in a listing as in a download."""
    obj = listed(source)
    proxy.faults.append(Fault("GET", "answer", status, code))
    with failing(TransientError, code):
        source.list_days([DAY])
    with failing(TransientError, code, KEY):
        source.fetch(obj, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_short_hiccup_is_not_even_noticed(bucket: str, proxy: Proxy, tmp_path: Path) -> None:
    """boto3's own retries hide what passes at once."""
    source = source_at(proxy.url, bucket, TWICE)
    proxy.faults.append(Fault("GET", "answer", times=1))
    assert source.fetch(listed(source), tmp_path).read_bytes() == DATA
    assert proxy.faults[0].seen == 1


def test_of_the_beginning_no_more_is_asked_for_or_read(source: S3Source, proxy: Proxy) -> None:
    """A service that does not know ranges sends all: it is not waited for, and nothing of it is kept."""
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
def test_a_beginning_that_does_not_arrive_may_pass(source: S3Source, proxy: Proxy, kind: Kind) -> None:
    """It is never taken for a shorter one."""
    obj = listed(source)
    proxy.faults = [Fault(f"^GET .*{KEY}", kind)]
    with pytest.raises(TransientError):
        source.peek(obj, 100_000)


@pytest.mark.parametrize("kind", ["truncate", "reset", "damage", "forge"])
def test_a_transfer_that_was_cut_short_or_damaged_leaves_nothing_behind(
    kind: str, source: S3Source, proxy: Proxy, tmp_path: Path
) -> None:
    """Half a log, or one with a flipped bit, is never to be loaded; the next try gets it whole."""
    obj = listed(source)
    proxy.faults.append(Fault(f"GET .*{KEY}", kind, times=1))  # type: ignore[arg-type] # one of the kinds
    with failing(TransientError):
        source.fetch(obj, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert source.fetch(obj, tmp_path).read_bytes() == DATA


def test_a_service_that_hangs_is_given_up_on(source: S3Source, proxy: Proxy, tmp_path: Path) -> None:
    """No answer within the time-out may pass."""
    obj = listed(source)
    proxy.faults.append(Fault(f"GET .*{KEY}", "hang"))
    with failing(TransientError, "connection failed"):
        source.fetch(obj, tmp_path)


def test_a_service_that_is_not_there_may_come_back(bucket: str) -> None:
    """A refused connection may pass."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with failing(TransientError, "connection failed"):
        source_at(url, bucket).list_days([DAY])


def test_an_object_replaced_between_listing_and_reading_is_not_taken_for_the_listed_one(
    source: S3Source, proxy: Proxy, s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    """The service is asked for the listed version, and says that it has gone."""
    obj = listed(source)
    proxy.faults.append(Fault(f"GET .*{KEY}", before=lambda: s3.put(bucket, KEY, b"x" * len(DATA)), times=1))
    with failing(ObjectChangedError, KEY):
        source.fetch(obj, tmp_path)
    assert proxy.statuses[-1] == 412
    assert list(tmp_path.iterdir()) == []


def test_an_answer_with_another_etag_is_not_taken_for_the_listed_object(
    source: S3Source, proxy: Proxy, tmp_path: Path
) -> None:
    """A service that ignores If-Match is held to it."""
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
def test_keys_that_do_not_open_fail_at_once_with_a_remedy(
    status: int, code: str, words: tuple[str, ...], source: S3Source, proxy: Proxy, tmp_path: Path
) -> None:
    """The error names the entry of the credentials and what to do, and never a key."""
    obj = listed(source)
    proxy.faults.append(Fault(f"GET .*{KEY}", "answer", status, code))
    with failing(PermanentError, code, *words):
        source.fetch(obj, tmp_path)


def test_a_listing_that_is_denied_names_the_entry_and_the_permission(source: S3Source, proxy: Proxy) -> None:
    """The operator learns which keys lack what."""
    proxy.faults.append(Fault("GET .*list-type", "answer", 403, "AccessDenied"))
    with failing(PermanentError, "access denied", "credentials.pull", "s3:ListBucket"):
        source.list_days([DAY])


def test_a_bucket_that_does_not_exist_fails_at_once(proxy: Proxy) -> None:
    """A misspelt bucket will not appear by waiting."""
    with failing(PermanentError, "no such bucket", "no-such-bucket-here"):
        source_at(proxy.url, "no-such-bucket-here").list_days([DAY])


def test_a_missing_profile_fails_at_once(bucket: str, proxy: Proxy) -> None:
    """A misspelt profile names its entry."""
    entry = Credentials(profile="nobody", endpoint_url=proxy.url)
    with failing(PermanentError, "no such profile", "credentials.pull"):
        source_at(proxy.url, bucket, entry=entry).list_days([DAY])


def test_no_credentials_at_all_fail_at_once(bucket: str, proxy: Proxy) -> None:
    """boto3's own search that finds nothing says so."""
    with failing(PermanentError, "no credentials", "anonymous"):
        source_at(proxy.url, bucket, entry=Credentials(endpoint_url=proxy.url)).list_days([DAY])


def test_an_endpoint_that_is_no_address_fails_at_once(bucket: str) -> None:
    """A URL that boto3 cannot read names its setting."""
    with failing(PermanentError, "endpoint_url", "credentials.pull"):
        source_at("http://no_good host", bucket).list_days([DAY])


def test_an_archive_that_denies_writing_names_the_entry_and_the_permission(
    source: S3Source, proxy: Proxy, s3: S3Server, tmp_path: Path
) -> None:
    """Both ways of copying are refused, and the push entry is the one to mend."""
    archive = archive_at(proxy.url, s3.bucket(), tmp_path / "spool")
    obj = listed(source)
    proxy.faults.append(Fault("PUT", "answer", 403, "AccessDenied"))
    with failing(PermanentError, "access denied", "credentials.push", "s3:PutObject"):
        archive.push("docs", DAY, obj, None, source)
    assert list((tmp_path / "spool").iterdir()) == []


def test_an_archive_that_cannot_read_the_source_gets_the_bytes(
    source: S3Source, proxy: Proxy, s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    """Two accounts on one service: what the one may not copy, the other has read."""
    archive = archive_at(proxy.url, s3.bucket(), tmp_path / "spool")
    obj = listed(source)
    proxy.faults.append(Fault(f"HEAD /{bucket}/", "answer", 403, "AccessDenied"))
    url = archive.push("docs", DAY, obj, None, source)
    assert s3.get(*url.removeprefix("s3://").split("/", 1)) == DATA
    assert proxy.faults[0].seen == 1


@pytest.mark.parametrize("tuning", [ONCE, Tuning(attempts=1, copied=0, single=0)], ids=["whole", "in parts"])
def test_an_archive_that_is_busy_is_tried_again_later(
    tuning: Tuning, source: S3Source, proxy: Proxy, s3: S3Server, tmp_path: Path
) -> None:
    """A throttled copy may pass; nothing half is to be seen in the archive, and the next try makes it."""
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


def test_a_copy_that_does_not_look_like_what_was_sent_is_not_counted_as_one(
    source: S3Source, proxy: Proxy, s3: S3Server, tmp_path: Path
) -> None:
    """Every copy is looked at after it was made."""
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
def test_an_answer_that_is_no_listing_is_not_one_without_objects(body: bytes, source: S3Source, proxy: Proxy) -> None:
    """A status of 200 and whatever a proxy, a login or a bad line makes of it: it may pass, and nothing is believed."""
    proxy.faults.append(Fault("GET .*list-type", alter=lambda headers, _: (headers, body)))
    with pytest.raises(TransientError, match="answer") as caught:
        source.list_days([DAY])
    assert "Sign in" not in str(caught.value)


def test_a_listing_without_objects_is_one(source: S3Source) -> None:
    """Nothing came on that day."""
    assert source.list_days([DAY + dt.timedelta(days=1)]) == {}


class Hours:
    """A clock that is an hour later at every look."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        self.now += 3600
        return self.now


def test_a_transfer_that_stalls_is_given_up(bucket: str, proxy: Proxy, tmp_path: Path) -> None:
    """A line that brings next to nothing would hold a run for ever; it may be better next time."""
    patient = Tuning(connect_timeout=1, read_timeout=60, attempts=1, reading=LowSpeedLimit(60, 1 << 10, Hours(), 0.001))
    source = source_at(proxy.url, bucket, patient)
    obj = listed(source)
    proxy.faults = [Fault("GET .*2026-05-01.log", "stall")]
    with pytest.raises(TransientError, match="too slow"):
        source.fetch(obj, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_listing_that_stalls_is_given_up(bucket: str, proxy: Proxy) -> None:
    """So is a page of a listing that never ends."""
    patient = Tuning(connect_timeout=1, read_timeout=60, attempts=1, calling=LowSpeedLimit(900, 1, Hours(), 0.001))
    proxy.faults = [Fault("GET .*list-type", "stall")]
    with pytest.raises(TransientError, match="too slow"):
        source_at(proxy.url, bucket, patient).list_days([DAY])


def test_a_stop_is_heard_in_the_middle_of_a_transfer(bucket: str, proxy: Proxy, tmp_path: Path) -> None:
    """Also while no byte comes."""
    source = source_at(proxy.url, bucket, Tuning(connect_timeout=1, read_timeout=60, attempts=1))
    obj = listed(source)
    proxy.faults = [Fault("GET .*2026-05-01.log", "stall")]

    def stop(size: int) -> None:
        if not size:
            raise InterruptedRunError(15)

    with pytest.raises(InterruptedRunError):
        source.fetch(obj, tmp_path, progress=stop)
