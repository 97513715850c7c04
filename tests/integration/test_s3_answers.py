"""S3 services with incomplete or malformed answers: never an unexpected exception.

Every field of a listing and of the answers to HEAD and GET is missing or malformed in turn: the call succeeds or raises
a `StepError`, which stops no other site.
"""

import datetime as dt
import gc
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from s3_faults import Alter, Fault, Headers, Proxy
from s3_server import S3Server, credentials

from mtc.core.errors import PermanentError, StepError, TransientError
from mtc.core.model import SourceObject
from mtc.sources.s3_archive import S3Archive
from mtc.sources.s3_client import Clients, Login, Tuning
from mtc.sources.s3_source import S3Source
from mtc.sources.url_pattern import ArchiveUrl, SourceUrl

# boto3 may leave a body unread, and its socket is closed when collected: do that here, not in another file's tests.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")

DAY = dt.date(2026, 5, 1)
KEY = "docs/2026-05-01.log"
DATA = b"a line\n" * 1_000
ONCE = Tuning(connect_timeout=1, read_timeout=5, attempts=1, single=1_000, part=5 << 20)
CLIENTS = Clients()
ODD = (None, "", "-1", "x", "1e99", "9" * 40, "é")


def field(name: str, value: str | None) -> Alter:
    """Return a change that sets a field of a listing, or removes it."""

    def alter(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        new = "" if value is None else f"<{name}>{value}</{name}>"
        changed, count = re.subn(f"<{name}>[^<]*</{name}>".encode(), new.encode(), body)
        assert count, name
        return headers, changed

    return alter


def header(name: str, value: str | None) -> Alter:
    """Return a change that sets a header, or removes it; without a length, the body ends with the connection."""

    def alter(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        kept = [(key, text) for key, text in headers if key.lower() != name.lower()]
        if name == "Content-Length":
            kept += [
                ("Transfer-Encoding", "none"),
                ("Connection", "close"),
            ]  # by RFC 9112, so that the connection is not reused
        elif value is not None:
            kept.append((name, value.encode().decode("latin-1")))
        return kept, body

    return alter


@pytest.fixture(autouse=True, scope="module")
def collected() -> Iterator[None]:
    """Collect the unread bodies of these tests before the next file's tests."""
    yield
    gc.collect()


def source_at(url: str, bucket: str) -> S3Source:
    """The bucket as a source."""
    pattern = SourceUrl.compile(f"s3://{bucket}/{{site}}/{{date:%Y-%m-%d}}.log", "docs")
    return S3Source(pattern, Login("pull", credentials(url)), CLIENTS, ONCE)


@pytest.fixture(scope="module")
def proxy(s3: S3Server) -> Iterator[Proxy]:
    """One proxy for all tests, as a client is created for each address."""
    with Proxy(s3.url) as made:
        yield made


@pytest.fixture
def bucket(s3: S3Server, proxy: Proxy) -> str:
    """A bucket with one log, and a proxy without faults."""
    proxy.faults = []
    name = s3.bucket()
    s3.put(name, KEY, DATA)
    return name


def outcome(act: Callable[[], bytes]) -> bytes | StepError:
    """Return the result of a call, or the StepError that it raises."""
    try:
        return act()
    except StepError as error:
        return error


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("name", ["Key", "Size", "ETag", "LastModified"])
def test_a_malformed_listing(proxy: Proxy, bucket: str, tmp_path: Path, name: str, value: str | None) -> None:
    """With any field missing or malformed, the log is listed as it is or a step error is raised."""
    proxy.faults = [Fault("GET .*list-type", alter=field(name, value))]
    source = source_at(proxy.url, bucket)

    def read() -> bytes:
        days = source.list_days([DAY])
        assert list(days) == [DAY] or name == "Key", "the log has vanished without a word"
        return b"".join(source.fetch(obj, tmp_path).read_bytes() for objs in days.values() for obj in objs)

    found = outcome(read)
    assert isinstance(found, StepError) or found == (b"" if name == "Key" and value else DATA)
    if name == "ETag" and value is None:
        assert found == DATA, "the time of change tells versions apart as well"
    if name == "LastModified" and value is None:
        assert found == DATA, "the ETag tells versions apart"


def test_an_object_without_a_version_is_refused(proxy: Proxy, bucket: str) -> None:
    """Without ETag and modification time, a changed object could not be detected."""

    def both(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        return field("LastModified", None)(*field("ETag", None)(headers, body))

    proxy.faults = [Fault("GET .*list-type", alter=both)]
    with pytest.raises(PermanentError, match="neither its ETag nor when"):
        source_at(proxy.url, bucket).list_days([DAY])


def test_a_truncated_listing_without_a_token_is_an_error(proxy: Proxy, bucket: str) -> None:
    """A truncated listing without a continuation token is an error, as objects would be missing."""
    proxy.faults = [Fault("GET .*list-type", alter=field("IsTruncated", "true"))]
    with pytest.raises(TransientError, match="no token for its next page"):
        source_at(proxy.url, bucket).list_days([DAY])


@pytest.mark.parametrize("value", [None, "", "x", "1e99"])
@pytest.mark.parametrize("name", ["ETag", "Content-Length", "Last-Modified", "x-amz-server-side-encryption"])
def test_a_malformed_download(proxy: Proxy, bucket: str, tmp_path: Path, name: str, value: str | None) -> None:
    """With any header missing or malformed, the bytes are complete or a step error is raised."""
    source = source_at(proxy.url, bucket)
    ((obj,),) = source.list_days([DAY]).values()
    proxy.faults = [Fault("GET .*2026-05-01.log", alter=header(name, value))]
    found = outcome(lambda: source.fetch(obj, tmp_path).read_bytes())
    assert isinstance(found, StepError) or found == DATA
    if value is None:
        assert found == DATA


@pytest.mark.parametrize("size", [500, 7_000], ids=["single", "parts"])
@pytest.mark.parametrize("value", [None, "x"])
@pytest.mark.parametrize("name", ["ETag", "Content-Length", "Last-Modified", "UploadId"])
@pytest.mark.parametrize("way", ["sent", "copied"])
def test_a_malformed_answer_to_an_archive(  # noqa: PLR0913, PLR0917 - fixtures and parameters
    s3: S3Server, proxy: Proxy, bucket: str, tmp_path: Path, way: str, name: str, value: str | None, size: int
) -> None:
    """With any answer missing or malformed, the copy exists or a step error is raised."""
    s3.put(bucket, KEY, DATA[:size])
    template = ArchiveUrl.compile(f"s3://{bucket}/kept/{{name}}", "docs")
    archive = S3Archive(tmp_path, template, Login("push", credentials(proxy.url)), CLIENTS, ONCE)
    ((obj,),) = source_at(s3.url, bucket).list_days([DAY]).values()
    local = tmp_path / "local.log"
    local.write_bytes(DATA[:size])
    source = source_at(
        proxy.url if way == "copied" else s3.url, bucket
    )  # objects of another service are not copied by the server
    alter = field(name, value) if name == "UploadId" else header(name, value)
    if name == "UploadId" and (way == "copied" or size < ONCE.single):
        return  # these are not sent in parts
    proxy.faults = [Fault("POST .*uploads" if name == "UploadId" else "(HEAD|PUT) ", alter=alter)]

    def push() -> bytes:
        archive.push("docs", DAY, obj, local, source)
        return s3.get(bucket, "kept/2026-05-01.log")

    found = outcome(push)
    assert isinstance(found, StepError) or found == DATA[:size]
    if value is None and name in {"Content-Length", "Last-Modified"}:
        assert found == DATA[:size]


def test_a_log_without_an_etag_is_versioned_by_time(proxy: Proxy, bucket: str) -> None:
    """Its version is size and modification time, as in a folder."""
    proxy.faults = [Fault("GET .*list-type", alter=field("ETag", None))]
    ((obj,),) = source_at(proxy.url, bucket).list_days([DAY]).values()
    assert obj == SourceObject(KEY, len(DATA), modified=obj.modified)
    assert obj.modified > 0
