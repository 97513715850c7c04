"""What an answer of S3 says of an object: its ETag, size and encryption; and MD5 as S3 uses it, never for security.

Services that speak S3 leave fields out, or write them in their own way.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtc.core.model import SourceObject

_CHUNK = 1 << 20

Answer = Mapping[str, Any]
"""An answer of boto3's, or an entry of a listing; only what was in it is there."""


def etag_of(answer: Answer) -> str:
    """The ETag without quotes and without the mark of a weak one; empty where there is none."""
    return str(answer.get("ETag") or "").removeprefix("W/").strip('"')


def size_of(answer: Answer, name: str = "ContentLength") -> int | None:
    """The size in bytes; None where there is none, or it is not valid."""
    size = answer.get(name)
    return size if isinstance(size, int) and size >= 0 else None


def is_another(answer: Answer, obj: SourceObject) -> bool:
    """Whether an answer is about another version of the object than the listed one, as far as it says."""
    etag, size = etag_of(answer), size_of(answer)
    return bool(etag and obj.etag and etag != obj.etag) or (size is not None and size != obj.size)


def is_encrypted(answer: Answer) -> bool:
    """Whether a key of KMS or of the customer makes the ETag something else than a digest of the content."""
    return str(answer.get("ServerSideEncryption") or "").startswith("aws:kms") or bool(
        answer.get("SSECustomerAlgorithm")
    )


def is_listing(page: Answer) -> bool:
    """Whether an answer is a page of a listing: it has keys, or has a listing's fields and says that there are none."""
    if page.get("Contents") or page.get("CommonPrefixes"):
        return True
    return ("IsTruncated" in page or "Name" in page) and not page.get("KeyCount")


def plain_md5(etag: str) -> str:
    """The MD5 that an ETag is, in lower-case hex; empty for the ETag of an upload in parts, and for any other.

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
