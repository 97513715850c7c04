"""MD5 as S3 uses it: an ETag that is one, and the digests of files and their pieces. Never for security."""

import hashlib
import re
from pathlib import Path

_CHUNK = 1 << 20


def plain_md5(etag: str) -> str:
    """The MD5 that an ETag is, in lower-case hex; empty for one of an upload in parts and for any other.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html says when an ETag is the MD5 of the content.
    """
    return etag.lower() if re.fullmatch("[0-9a-fA-F]{32}", etag) else ""


def md5(path: Path) -> bytes:
    """Digest a file."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()


def md5_of(data: bytes) -> bytes:
    """Digest some bytes."""
    return hashlib.md5(data, usedforsecurity=False).digest()


def etag_of_parts(digests: list[bytes]) -> str:
    """The ETag of an upload in parts, from the MD5 of each."""
    return f"{md5_of(b''.join(digests)).hex()}-{len(digests)}"
