"""A bucket on loopback, in a process of its own (moto), that tells which requests it was sent."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_KEY = "benchmark"
_WAIT = 30


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket `logs`. `said` is what the server printed: a line for each request."""

    url: str
    said: Path

    @classmethod
    @contextlib.contextmanager
    def running(cls, folder: Path) -> Iterator[Self]:
        """A server on a free port for as long as the block lasts."""
        folder.mkdir(parents=True, exist_ok=True)
        said = folder / "server.txt"
        with said.open("wb") as out:
            server = subprocess.Popen([sys.executable, "-m", "moto.server", "-p", "0"], stdout=out, stderr=out)
        try:
            bucket = cls(_address(said), said)
            bucket._client().create_bucket(Bucket="logs")
            yield bucket
        finally:
            server.terminate()
            server.wait()

    def _client(self) -> "S3Client":
        import boto3  # noqa: PLC0415 - slow

        return boto3.session.Session(_KEY, _KEY, region_name="us-east-1").client("s3", endpoint_url=self.url)

    def put(self, folder: Path, pattern: str = "**/*") -> None:
        """Put the files of a folder."""
        client = self._client()
        for path in sorted(path for path in folder.glob(pattern) if path.is_file()):
            client.upload_file(str(path), "logs", str(path.relative_to(folder)))

    def add_credentials(self, manifest: Path) -> None:
        """Let a manifest use the bucket."""
        keys = f"access_key_id: {_KEY}, secret_access_key: {_KEY}, region: us-east-1"
        text = manifest.read_text("utf-8").replace("source: {", "source: {credentials: moto, ")
        manifest.write_text(f'{text}credentials: {{moto: {{{keys}, endpoint_url: "{self.url}"}}}}\n', "utf-8")

    def requests(self) -> list[str]:
        """The requests until now, such as `GET /logs?list-type=2 HTTP/1.1`."""
        return [line.split('"')[1] for line in self.said.read_text("utf-8").splitlines() if '] "' in line]


def _address(said: Path) -> str:
    end = time.monotonic() + _WAIT
    while time.monotonic() < end:
        for line in said.read_text("utf-8").splitlines():
            if "Running on http://" in line:
                return "http://" + line.partition("Running on http://")[2].split()[0]
        time.sleep(0.1)
    raise SystemExit(f"moto does not start: {said.read_text('utf-8')}")
