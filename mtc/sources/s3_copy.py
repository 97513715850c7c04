"""Has the service copy an object by itself, where the archive's credentials can read the source."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mtc.errors import ObjectChangedError, PermanentError
from mtc.model import SourceObject
from mtc.sources.base import RemoteObject
from mtc.sources.digests import plain_md5
from mtc.sources.keys import printable
from mtc.sources.s3_answers import is_another, is_encrypted
from mtc.sources.s3_client import Tuning
from mtc.sources.s3_errors import Access, explaining
from mtc.sources.s3_upload import Target, complete, etag_of_part, part_size, parts

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, CopySourceTypeDef, HeadObjectOutputTypeDef

_KEPT = ("ContentType", "ContentEncoding", "ContentLanguage", "ContentDisposition", "CacheControl")


def copy_inside(
    client: "S3Client", remote: RemoteObject, obj: SourceObject, target: Target, tuning: Tuning
) -> str | None:
    """Copy, and give the ETag that the copy must have (empty where it cannot be told); None when it must be uploaded.

    A service that does not let this client read the source, or does not copy, is no error: the bytes are sent then.
    """
    reading = Access(target.access.login, printable(f"s3://{remote.bucket}/{remote.key}"), "s3:GetObject")
    try:
        with explaining(reading):
            head = client.head_object(Bucket=remote.bucket, Key=remote.key)
            _check(head, obj, reading)
            if obj.size <= tuning.copied:
                return _copy(client, remote, obj, target, head)
            _copy_in_parts(client, remote, obj, target, tuning, head)
            return ""
    except ObjectChangedError:
        # gone, changed, or in a bucket of that name that is another's: who fetches with the source's own client knows
        return None
    except PermanentError:
        return None


def _check(head: "HeadObjectOutputTypeDef", obj: SourceObject, reading: Access) -> None:
    """Services that do not know If-Match are held to it here."""
    if is_another(head, obj):
        raise ObjectChangedError("the object has changed since it was listed", where=reading.where)


def _kept(head: "HeadObjectOutputTypeDef") -> dict[str, str]:
    """What the source says of its content goes along."""
    return {name: str(head[name]) for name in _KEPT if head.get(name)}  # type: ignore[literal-required] # names of texts


def _metadata(head: "HeadObjectOutputTypeDef", target: Target) -> Mapping[str, str]:
    return {**(head.get("Metadata") or {}), **target.marks}


def _as_listed(obj: SourceObject) -> dict[str, str]:
    """The condition that the object is still the listed one; none where the listing names no ETag."""
    return {"CopySourceIfMatch": f'"{obj.etag}"'} if obj.etag else {}


def _from(remote: RemoteObject) -> "CopySourceTypeDef":
    return {"Bucket": remote.bucket, "Key": remote.key}


def _copy(
    client: "S3Client", remote: RemoteObject, obj: SourceObject, target: Target, head: "HeadObjectOutputTypeDef"
) -> str:
    client.copy_object(
        Bucket=target.bucket,
        Key=target.key,
        CopySource=_from(remote),
        MetadataDirective="REPLACE",
        TaggingDirective="REPLACE",  # tags would take one more permission, on both sides
        Metadata=_metadata(head, target),
        **_as_listed(obj),  # type: ignore[arg-type] # a dict of texts only
        **_kept(head),  # type: ignore[arg-type] # a dict of texts only
    )
    return "" if is_encrypted(head) else plain_md5(obj.etag)


def _copy_in_parts(
    client: "S3Client",
    remote: RemoteObject,
    obj: SourceObject,
    target: Target,
    tuning: Tuning,
    head: "HeadObjectOutputTypeDef",
) -> None:
    step = part_size(obj.size, tuning.copied_part)
    done: list[CompletedPartTypeDef] = []
    with parts(client, target, _kept(head), _metadata(head, target)) as upload_id:
        for first in range(0, obj.size, step):
            answer = client.upload_part_copy(
                Bucket=target.bucket,
                Key=target.key,
                UploadId=upload_id,
                PartNumber=len(done) + 1,
                CopySource=_from(remote),
                CopySourceRange=f"bytes={first}-{min(first + step, obj.size) - 1}",
                **_as_listed(obj),  # type: ignore[arg-type] # a dict of texts only
            )
            done.append(
                {"ETag": etag_of_part(answer.get("CopyPartResult"), target.access.where), "PartNumber": len(done) + 1}
            )
        complete(client, target, upload_id, done)
