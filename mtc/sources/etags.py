"""MD5 digests of files, as ETags of S3 have them."""

import hashlib
import re
from pathlib import Path

_CHUNK = 1 << 20


def plain_md5(etag: str) -> str:
    """The ETag in lower case if it is an MD5 in hex; empty for a multipart upload's ETag, and for any other.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html says when an ETag is the MD5 of the content.
    """
    return etag.lower() if re.fullmatch("[0-9a-fA-F]{32}", etag) else ""


def md5(path: Path) -> bytes:
    """The MD5 of a file."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()


def md5_of(data: bytes) -> bytes:
    """The MD5 of some bytes."""
    return hashlib.md5(data, usedforsecurity=False).digest()


def etag_of_parts(digests: list[bytes]) -> str:
    """The ETag of a multipart upload, from the MD5 of each part."""
    return f"{md5_of(b''.join(digests)).hex()}-{len(digests)}"
