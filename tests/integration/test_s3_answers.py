"""Services that speak S3 in their own way: whatever an answer leaves out or misspells, it is no bug of ours.

Every field of a listing, of the answer to HEAD and to GET, missing or odd: either all goes well, or the error is one of
the step (a `StepError`), which stops no other site.
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

# boto3 lets go of a body unread, and its socket is closed when it is collected: here, not in another file's tests.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")

DAY = dt.date(2026, 5, 1)
KEY = "docs/2026-05-01.log"
DATA = b"a line\n" * 1_000
ONCE = Tuning(connect_timeout=1, read_timeout=5, attempts=1, single=1_000, part=5 << 20)
CLIENTS = Clients()
ODD = (None, "", "-1", "x", "1e99", "9" * 40, "é")


def field(name: str, value: str | None) -> Alter:
    """A field of a listing with another value, or gone."""

    def alter(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        new = "" if value is None else f"<{name}>{value}</{name}>"
        changed, count = re.subn(f"<{name}>[^<]*</{name}>".encode(), new.encode(), body)
        assert count, name
        return headers, changed

    return alter


def header(name: str, value: str | None) -> Alter:
    """A header with another value, or gone; without a length, a body ends with the connection."""

    def alter(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        kept = [(key, text) for key, text in headers if key.lower() != name.lower()]
        if name == "Content-Length":
            kept += [
                ("Transfer-Encoding", "none"),
                ("Connection", "close"),
            ]  # as RFC 9112 has it, lest it be used again
        elif value is not None:
            kept.append((name, value.encode().decode("latin-1")))
        return kept, body

    return alter


@pytest.fixture(autouse=True, scope="module")
def collected() -> Iterator[None]:
    """What these tests have let go of is gone when they end."""
    yield
    gc.collect()


def source_at(url: str, bucket: str) -> S3Source:
    """The bucket as a source."""
    pattern = SourceUrl.compile(f"s3://{bucket}/{{site}}/{{date:%Y-%m-%d}}.log", "docs")
    return S3Source(pattern, Login("pull", credentials(url)), CLIENTS, ONCE)


@pytest.fixture(scope="module")
def proxy(s3: S3Server) -> Iterator[Proxy]:
    """One proxy for all, as a client is made for each address."""
    with Proxy(s3.url) as made:
        yield made


@pytest.fixture
def bucket(s3: S3Server, proxy: Proxy) -> str:
    """A bucket with one log, and no fault yet."""
    proxy.faults = []
    name = s3.bucket()
    s3.put(name, KEY, DATA)
    return name


def outcome(act: Callable[[], bytes]) -> bytes | StepError:
    """What an act gives, or the error of the step that it raises; any other error is a bug."""
    try:
        return act()
    except StepError as error:
        return error


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("name", ["Key", "Size", "ETag", "LastModified"])
def test_a_listing(proxy: Proxy, bucket: str, tmp_path: Path, name: str, value: str | None) -> None:
    """Each field missing or odd: the log as it is, or a step error; never a log of another size or none at all."""
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


def test_what_tells_no_version_apart_is_refused(proxy: Proxy, bucket: str) -> None:
    """Neither ETag nor time: a changed object would pass for the same."""

    def both(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        return field("LastModified", None)(*field("ETag", None)(headers, body))

    proxy.faults = [Fault("GET .*list-type", alter=both)]
    with pytest.raises(PermanentError, match="neither its ETag nor when"):
        source_at(proxy.url, bucket).list_days([DAY])


def test_a_listing_that_does_not_say_where_to_go_on(proxy: Proxy, bucket: str) -> None:
    """What comes after it would be left out in silence."""
    proxy.faults = [Fault("GET .*list-type", alter=field("IsTruncated", "true"))]
    with pytest.raises(TransientError, match="no token for its next page"):
        source_at(proxy.url, bucket).list_days([DAY])


@pytest.mark.parametrize("value", [None, "", "x", "1e99"])
@pytest.mark.parametrize("name", ["ETag", "Content-Length", "Last-Modified", "x-amz-server-side-encryption"])
def test_a_download(proxy: Proxy, bucket: str, tmp_path: Path, name: str, value: str | None) -> None:
    """Each header missing or odd: the bytes as they are, or a step error."""
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
def test_an_archive(  # noqa: PLR0913, PLR0917 - fixtures and what is varied
    s3: S3Server, proxy: Proxy, bucket: str, tmp_path: Path, way: str, name: str, value: str | None, size: int
) -> None:
    """Each answer on the way of a copy, missing or odd: the copy is there, or a step error says that it is not."""
    s3.put(bucket, KEY, DATA[:size])
    template = ArchiveUrl.compile(f"s3://{bucket}/kept/{{name}}", "docs")
    archive = S3Archive(tmp_path, template, Login("push", credentials(proxy.url)), CLIENTS, ONCE)
    ((obj,),) = source_at(s3.url, bucket).list_days([DAY]).values()
    local = tmp_path / "local.log"
    local.write_bytes(DATA[:size])
    source = source_at(proxy.url if way == "copied" else s3.url, bucket)  # of another service nothing is copied
    alter = field(name, value) if name == "UploadId" else header(name, value)
    if name == "UploadId" and (way == "copied" or size < ONCE.single):
        return  # nothing is sent in parts
    proxy.faults = [Fault("POST .*uploads" if name == "UploadId" else "(HEAD|PUT) ", alter=alter)]

    def push() -> bytes:
        archive.push("docs", DAY, obj, local, source)
        return s3.get(bucket, "kept/2026-05-01.log")

    found = outcome(push)
    assert isinstance(found, StepError) or found == DATA[:size]
    if value is None and name in {"Content-Length", "Last-Modified"}:
        assert found == DATA[:size]


def test_a_log_without_an_etag_is_followed_by_its_time(proxy: Proxy, bucket: str) -> None:
    """Its version is size and time, as in a folder."""
    proxy.faults = [Fault("GET .*list-type", alter=field("ETag", None))]
    ((obj,),) = source_at(proxy.url, bucket).list_days([DAY]).values()
    assert obj == SourceObject(KEY, len(DATA), modified=obj.modified)
    assert obj.modified > 0
