"""What an answer of S3 says of an object. Services that speak S3 leave fields out, or spell them in their own way."""

from collections.abc import Mapping
from typing import Any

from mtc.model import SourceObject

Answer = Mapping[str, Any]
"""An answer of boto3's, or an entry of a listing; only what was in it is there."""


def etag_of(answer: Answer) -> str:
    """The ETag without quotes and without the mark of a weak one; empty where there is none."""
    return str(answer.get("ETag") or "").removeprefix("W/").strip('"')


def size_of(answer: Answer, name: str = "ContentLength") -> int | None:
    """The size in bytes; None where it is not told, or is none."""
    size = answer.get(name)
    return size if isinstance(size, int) and size >= 0 else None


def is_another(answer: Answer, obj: SourceObject) -> bool:
    """Whether an answer is about another version of the object than the listed one, as far as it tells."""
    etag, size = etag_of(answer), size_of(answer)
    return bool(etag and obj.etag and etag != obj.etag) or (size is not None and size != obj.size)


def is_encrypted(answer: Answer) -> bool:
    """Whether a key of KMS or of the customer makes the ETag something else than a digest of the content."""
    return str(answer.get("ServerSideEncryption") or "").startswith("aws:kms") or bool(
        answer.get("SSECustomerAlgorithm")
    )


def is_listing(page: Answer) -> bool:
    """Whether a page of a listing is one: it has keys, or says of itself what a listing says, and that it has none."""
    if page.get("Contents") or page.get("CommonPrefixes"):
        return True
    return ("IsTruncated" in page or "Name" in page) and not page.get("KeyCount")
