"""S3 on loopback: moto's server, with new buckets for each test."""

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from mtc.sources.settings import Credentials

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACCESS_KEY = "AKIATESTTESTTEST0001"
SECRET_KEY = "never-to-be-shown-anywhere-0001"
_NUMBERS = itertools.count(1)


def credentials(endpoint_url: str) -> Credentials:
    """Return a key pair for a server."""
    return Credentials(
        access_key_id=SecretStr(ACCESS_KEY),
        secret_access_key=SecretStr(SECRET_KEY),
        region="us-east-1",
        endpoint_url=endpoint_url,
    )


@dataclass(frozen=True, slots=True)
class S3Server:
    """A server, its address, and a client for tests to prepare and read buckets."""

    url: str
    client: "S3Client" = field(repr=False)

    def bucket(self) -> str:
        """Create a bucket."""
        name = f"bucket-{next(_NUMBERS)}"
        self.client.create_bucket(Bucket=name)
        return name

    def put(self, bucket: str, key: str, data: bytes, *, storage: str = "STANDARD") -> None:
        """Put an object."""
        self.client.put_object(Bucket=bucket, Key=key, Body=data, StorageClass=storage)  # type: ignore[arg-type] # a class's name

    def get(self, bucket: str, key: str) -> bytes:
        """Read an object."""
        return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def keys(self, bucket: str) -> list[str]:
        """Return every key of a bucket."""
        return [item["Key"] for item in self.client.list_objects_v2(Bucket=bucket).get("Contents", [])]


@contextlib.contextmanager
def running() -> Iterator[S3Server]:
    """Run a server on a free port during the block."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        client = boto3.session.Session(ACCESS_KEY, SECRET_KEY, region_name="us-east-1").client("s3", endpoint_url=url)
        yield S3Server(url, client)
        client.close()
    finally:
        server.stop()
