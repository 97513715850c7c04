"""Uploads of a file to a bucket. Each request has an MD5, so that the service refuses damaged data."""

import base64
import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtc.core.errors import ObjectChangedError, TransientError
from mtc.core.model import SourceObject
from mtc.sources.etags import etag_of_parts, md5, md5_of
from mtc.sources.s3_client import (
    Access,
    Tuning,
    explaining,
)
from mtc.sources.source import Progress

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_MOST_PARTS = 10_000


@dataclass(frozen=True, slots=True)
class UploadTarget:
    """Where a copy goes: bucket, key, its metadata, and how errors name it."""

    bucket: str
    key: str
    marks: Mapping[str, str]
    access: Access


def upload(
    client: "S3Client",
    local: Path,
    obj: SourceObject,
    target: UploadTarget,
    tuning: Tuning,
    confirm: Callable[[], None],
    progress: Progress,
) -> str:
    """Upload a file and return the ETag that the copy must have.

    Args:
        client: the client of the archive's service.
        local: the file.
        obj: the object as listed; the file must have its size.
        target: where the copy goes.
        tuning: the sizes of requests and parts.
        confirm: called when all bytes have been read and before the copy exists; raises if they are not as listed.
        progress: called with how many more bytes have been sent.

    Raises:
        StepError: the upload failed, or the file has changed.
    """
    if local.stat().st_size != obj.size:
        raise ObjectChangedError("the file's size is not what was listed", where=target.access.where)
    with explaining(target.access):
        if obj.size <= tuning.single:
            return _put(client, local, target, confirm, progress)
        return _put_in_parts(client, local, obj, target, tuning, confirm, progress)


def part_size(size: int, usual: int) -> int:
    """The size of parts in bytes: `usual`, or more if there would be more parts than S3 allows."""
    return max(usual, -(-size // _MOST_PARTS))


@contextlib.contextmanager
def parts(
    client: "S3Client", target: UploadTarget, extra: Mapping[str, str], marks: Mapping[str, str]
) -> Iterator[str]:
    """Begin a multipart upload and give its id; it is aborted if the body fails."""
    answer = client.create_multipart_upload(
        Bucket=target.bucket,
        Key=target.key,
        Metadata=marks,
        **extra,  # type: ignore[arg-type] # a dict of texts only
    )
    if not (upload_id := answer.get("UploadId")):
        raise TransientError("the service began an upload in parts without naming it", where=target.access.where)
    try:
        yield upload_id
    except BaseException:
        with contextlib.suppress(Exception):  # the first error is the one to report
            client.abort_multipart_upload(Bucket=target.bucket, Key=target.key, UploadId=upload_id)
        raise


def etag_of_part(answer: Mapping[str, Any] | None, where: str) -> str:
    """The ETag of a part with its quotes, as the service expects it back; raises TransientError if there is none."""
    if not (etag := (answer or {}).get("ETag")):
        raise TransientError("the service took a part of an upload without naming its ETag", where=where)
    return str(etag)


def complete(client: "S3Client", target: UploadTarget, upload_id: str, done: "list[CompletedPartTypeDef]") -> None:
    """Complete a multipart upload."""
    client.complete_multipart_upload(
        Bucket=target.bucket, Key=target.key, UploadId=upload_id, MultipartUpload={"Parts": done}
    )


def _put(client: "S3Client", local: Path, target: UploadTarget, confirm: Callable[[], None], progress: Progress) -> str:
    digest = md5(local)
    confirm()
    with local.open("rb") as body:
        client.put_object(
            Bucket=target.bucket, Key=target.key, Body=body, ContentMD5=_header(digest), Metadata=dict(target.marks)
        )
        progress(body.tell())
    return digest.hex()


def _put_in_parts(
    client: "S3Client",
    local: Path,
    obj: SourceObject,
    target: UploadTarget,
    tuning: Tuning,
    confirm: Callable[[], None],
    progress: Progress,
) -> str:
    done: list[CompletedPartTypeDef] = []
    digests: list[bytes] = []
    with parts(client, target, {}, target.marks) as upload_id, local.open("rb") as reader:
        while data := reader.read(part_size(obj.size, tuning.part)):
            digests.append(md5_of(data))
            answer = client.upload_part(
                Bucket=target.bucket,
                Key=target.key,
                UploadId=upload_id,
                PartNumber=len(digests),
                Body=data,
                ContentMD5=_header(digests[-1]),
            )
            done.append({"ETag": etag_of_part(answer, target.access.where), "PartNumber": len(digests)})
            progress(len(data))
        confirm()
        complete(client, target, upload_id, done)
    return etag_of_parts(digests)


def _header(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
