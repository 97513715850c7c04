"""Growing logs in a bucket: each line counts once, and little more than the new data is read."""

import datetime as dt
import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from applied import Applied, hit
from s3_faults import Fault, Headers, Kind, Proxy
from s3_server import ACCESS_KEY, SECRET_KEY, S3Server

from mtc.core.model import Verdict

DAY = dt.date(2026, 5, 1)
NOW = dt.datetime(2026, 11, 28, 13, tzinfo=dt.UTC)
TEN = dt.datetime(2026, 5, 1, 10, tzinfo=dt.UTC)


@dataclass(slots=True)
class Bucket:
    """A bucket with logs, and a project that reads them through the proxy."""

    s3: S3Server
    proxy: Proxy
    applied: Applied
    url: str
    key: str
    bucket: str = ""
    data: dict[str, bytes] = field(default_factory=dict)
    number: int = 0

    def __post_init__(self) -> None:
        self.bucket = self.s3.bucket()
        entry = f"access_key_id: {ACCESS_KEY}, secret_access_key: {SECRET_KEY}, region: us-east-1"
        manifest = f"""\
version: 1
dates: {DAY}
source: {{url: 's3://{self.bucket}/{self.url}', credentials: pull}}
run: {{jobs: 1, retries: 2, backoff: 0s}}
sites: {{docs: {{}}}}
credentials: {{pull: {{{entry}, endpoint_url: '{self.proxy.url}'}}}}
"""
        (self.applied.root / "mtc.yaml").write_text(manifest)

    def write(self, count: int = 1, key: str = "") -> None:
        """Write a log again, with additional hits."""
        lines = [hit(TEN, f"/{number}") for number in range(self.number + 1, self.number + count + 1)]
        self.number += count
        self.put(key or self.key, self.data.get(key or self.key, b"") + "".join(lines).encode())

    def put(self, key: str, data: bytes) -> None:
        """Put an object."""
        self.data[key] = data
        self.s3.put(self.bucket, key, data)

    def rename(self, old: str, new: str, change: Callable[[bytes], bytes] = bytes) -> None:
        """Put an object under another key."""
        self.put(new, change(self.data.pop(old)))
        self.s3.client.delete_object(Bucket=self.bucket, Key=old)

    def apply(self, code: int = 0) -> None:
        """Apply the project."""
        self.applied.apply(now=NOW, code=code)

    @property
    def gets(self) -> list[str]:
        """Return the requests for objects since `proxy.requests` was cleared."""
        return [each for each in self.proxy.requests if each.startswith("GET") and "list-type" not in each]

    def paths(self) -> list[str]:
        """Return the paths of all hits in the state, in order."""
        return self.applied.hit_paths()

    def expect_all(self) -> None:
        """Assert that every hit counts once, that nothing is left to do, and that a run then reads no object."""
        assert self.paths() == [f"/{number}" for number in range(1, self.number + 1)]
        assert self.applied.actions() == self.number
        self.proxy.requests.clear()
        plan = self.applied.plan(now=NOW)
        assert {step.verdict for step in plan.steps} == {Verdict.UP_TO_DATE}, [step.reasons for step in plan.steps]
        assert self.gets == []


@pytest.fixture(params=["logs/*", "logs/{date:%Y-%m-%d}.log*"], ids=["growing", "dated"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path, s3: S3Server, proxy: Proxy) -> Bucket:
    """A bucket with one log, whose key has a date or not."""
    key = "logs/access.log" if request.param == "logs/*" else "logs/2026-05-01.log"
    return Bucket(s3, proxy, Applied(tmp_path), request.param, key)


@pytest.mark.parametrize("versioned", [pytest.param(False, marks=pytest.mark.slow), True])
def test_a_rewritten_larger_object_counts_once(bucket: Bucket, *, versioned: bool) -> None:
    """A rewritten larger object counts once, also in a versioned bucket."""
    if versioned:
        bucket.s3.client.put_bucket_versioning(Bucket=bucket.bucket, VersioningConfiguration={"Status": "Enabled"})
    for count in (3, 1, 2):
        bucket.write(count)
        bucket.apply()
        bucket.expect_all()


def test_only_new_data_is_read(bucket: Bucket) -> None:
    """Once a log has grown, only its tail is read, with range requests."""
    bucket.write(3000)
    bucket.apply()
    bucket.write(1)
    bucket.apply()
    read = []

    def count(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        read.append(len(body))
        return headers, body

    bucket.write(1)
    bucket.proxy.faults.append(Fault(f"GET .*{bucket.key}", alter=count))
    bucket.apply()
    bucket.proxy.faults.clear()
    assert sum(read) < 60_000 < len(bucket.data[bucket.key])
    bucket.expect_all()


@pytest.mark.parametrize("grows", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_renamed_and_compressed_object_counts_once(bucket: Bucket, *, grows: bool) -> None:
    """A log that is renamed and then compressed counts once, whether or not it grows in between."""
    bucket.write(3)
    bucket.apply()
    bucket.write(2)
    bucket.apply()
    if grows:
        bucket.write(2)
    bucket.rename(bucket.key, f"{bucket.key}.1")
    bucket.apply()
    bucket.expect_all()
    if grows:
        bucket.write(2, f"{bucket.key}.1")
    bucket.rename(f"{bucket.key}.1", f"{bucket.key}.1.gz", lambda data: gzip.compress(data, mtime=0))
    bucket.apply()
    bucket.expect_all()


@pytest.mark.parametrize("at", [1, 4, *(pytest.param(at, marks=pytest.mark.slow) for at in (2, 7))])
def test_an_object_rewritten_during_a_run_counts_once(bucket: Bucket, at: int) -> None:
    """An object rewritten at any request of a run does not fail it, and the next run loads the rest."""
    bucket.write(3)
    bucket.apply()
    bucket.write(2)
    calls = []

    def write() -> None:
        calls.append(at)
        if len(calls) == at:
            bucket.write(2)

    bucket.proxy.faults.append(Fault(f"GET .*{bucket.key}", before=write))
    bucket.apply()
    bucket.proxy.faults.clear()
    bucket.apply()
    bucket.expect_all()


@pytest.mark.parametrize(
    ("kind", "at"), [("truncate", 1), pytest.param("reset", 3, marks=pytest.mark.slow), ("answer", 5)]
)
def test_a_failed_download_is_retried(bucket: Bucket, kind: Kind, at: int) -> None:
    """A download that fails once is retried."""
    bucket.write(30)
    bucket.apply()
    bucket.write(20)
    passed, failing = Fault(f"GET .*{bucket.key}", times=at - 1), Fault(f"GET .*{bucket.key}", kind, times=1)
    bucket.proxy.faults += [passed, failing]
    bucket.apply()
    bucket.proxy.faults.clear()
    bucket.apply()
    bucket.expect_all()


@pytest.mark.parametrize("header", ["Range", "If-Match"])
def test_a_service_that_ignores_a_header_is_recognised(bucket: Bucket, header: str) -> None:
    """A service that ignores `Range` or `If-Match` is recognised by its answers."""
    bucket.proxy.faults.append(Fault(f"GET .*{bucket.key}", ignored=header))
    for _ in range(3):
        bucket.write(30)
        bucket.apply()
    bucket.expect_all()


@pytest.mark.parametrize(
    "name",
    [
        "a b+c%20d é😀.log",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("x@1a2b3c4d+17", "q?v=1&w=2#f'\"<&>", "a/b.log@")),
    ],
)
def test_keys_with_special_characters(tmp_path: Path, s3: S3Server, proxy: Proxy, name: str) -> None:
    """Keys with special characters work like others."""
    for number, (url, key) in enumerate(
        (("logs/**", f"logs/{name}"), ("logs/{date:%Y-%m-%d}/**", f"logs/2026-05-01/{name}"))
    ):
        root = tmp_path / str(number)
        root.mkdir()
        bucket = Bucket(s3, proxy, Applied(root), url, key)
        for count in (2, 1, 1):
            bucket.write(count)
            bucket.apply()
            bucket.expect_all()
