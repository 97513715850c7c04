"""An archive in a bucket: an object is copied by the service where possible, otherwise uploaded; then verified.

A copy carries digests of the site, key and version of its object as metadata. So a copy made by mtc is recognised
after a crash, and any other object is not overwritten. What the state records is not decided here.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mtc.core.atomic_files import explain_write_error
from mtc.core.background import run_watched
from mtc.core.errors import MtcError, ObjectChangedError, PermanentError, TransientError
from mtc.core.model import SourceObject
from mtc.core.sanitize import printable
from mtc.sources.etags import plain_md5
from mtc.sources.s3_client import (
    DEFAULT_TUNING,
    Access,
    Clients,
    Login,
    Tuning,
    etag_of,
    explaining,
    is_another,
    is_encrypted,
    service_of,
    size_of,
    status_of,
)
from mtc.sources.s3_upload import UploadTarget, complete, etag_of_part, part_size, parts, upload
from mtc.sources.source import LogSource, Progress, RemoteObject, ignore, local_copy
from mtc.sources.url_pattern import ArchiveUrl

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, CopySourceTypeDef, HeadObjectOutputTypeDef

_CONTENT_HEADERS = ("ContentType", "ContentEncoding", "ContentLanguage", "ContentDisposition", "CacheControl")


def copy_inside(
    client: "S3Client", remote: RemoteObject, obj: SourceObject, target: UploadTarget, tuning: Tuning
) -> str | None:
    """Copy on the service; return the ETag that the copy must have, empty if unknown, or None to upload instead.

    It is not an error if the service does not let this client read the source, or does not copy.
    """
    reading = Access(target.access.login, printable(f"s3://{remote.bucket}/{remote.key}"), "s3:GetObject")
    try:
        with explaining(reading):
            head = client.head_object(Bucket=remote.bucket, Key=remote.key)
            _check_unchanged(head, obj, reading)
            if obj.size <= tuning.copied:
                return _copy(client, remote, obj, target, head)
            _copy_in_parts(client, remote, obj, target, tuning, head)
            return ""
    except ObjectChangedError:
        # gone, changed, or in another service's bucket of that name: fetching with the source's client will tell
        return None
    except PermanentError:
        return None


def _check_unchanged(head: "HeadObjectOutputTypeDef", obj: SourceObject, reading: Access) -> None:
    """Raise ObjectChangedError for another version: some services ignore If-Match."""
    if is_another(head, obj):
        raise ObjectChangedError("the object has changed since it was listed", where=reading.where)


def _content_headers(head: "HeadObjectOutputTypeDef") -> dict[str, str]:
    """The headers of the source that describe its content; they are copied too."""
    return {name: str(head[name]) for name in _CONTENT_HEADERS if head.get(name)}  # type: ignore[literal-required] # names of texts


def _metadata(head: "HeadObjectOutputTypeDef", target: UploadTarget) -> Mapping[str, str]:
    return {**(head.get("Metadata") or {}), **target.marks}


def _as_listed(obj: SourceObject) -> dict[str, str]:
    """The condition that the object is still the listed one; empty if the listing has no ETag."""
    return {"CopySourceIfMatch": f'"{obj.etag}"'} if obj.etag else {}


def _from(remote: RemoteObject) -> "CopySourceTypeDef":
    return {"Bucket": remote.bucket, "Key": remote.key}


def _copy(
    client: "S3Client", remote: RemoteObject, obj: SourceObject, target: UploadTarget, head: "HeadObjectOutputTypeDef"
) -> str:
    client.copy_object(
        Bucket=target.bucket,
        Key=target.key,
        CopySource=_from(remote),
        MetadataDirective="REPLACE",
        TaggingDirective="REPLACE",  # tags would take one more permission, on both sides
        Metadata=_metadata(head, target),
        **_as_listed(obj),  # type: ignore[arg-type] # a dict of texts only
        **_content_headers(head),  # type: ignore[arg-type] # a dict of texts only
    )
    return "" if is_encrypted(head) else plain_md5(obj.etag)


def _copy_in_parts(
    client: "S3Client",
    remote: RemoteObject,
    obj: SourceObject,
    target: UploadTarget,
    tuning: Tuning,
    head: "HeadObjectOutputTypeDef",
) -> None:
    step = part_size(obj.size, tuning.copied_part)
    done: list[CompletedPartTypeDef] = []
    with parts(client, target, _content_headers(head), _metadata(head, target)) as upload_id:
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


_PERMISSIONS = "s3:GetObject, s3:ListBucket and s3:PutObject"


@dataclass(frozen=True, slots=True)
class S3Archive:
    """A bucket that copies go to. Objects to upload are fetched into `spool`."""

    spool: Path
    template: ArchiveUrl
    login: Login
    clients: Clients
    tuning: Tuning = DEFAULT_TUNING

    def push(
        self,
        site: str,
        day: dt.date,
        obj: SourceObject,
        local: Path | None,
        source: LogSource,
        *,
        replacing: str = "",
        progress: Progress = ignore,
    ) -> str:
        """Copy and verify. No object is replaced except the object's earlier copy."""
        key = self.template.render(day, obj)
        url = self.template.copy_url(key)
        client = self.clients.get(self.login, self.tuning)
        target = UploadTarget(
            self.template.bucket, key, _marks(site, obj), Access(str(self.login), printable(url), _PERMISSIONS)
        )
        remote = source.remote(obj)
        if remote == RemoteObject(service_of(client), target.bucket, key):
            hint = "use another URL for the archive"
            raise PermanentError(
                "the archive's copy would be the source's object itself", where=printable(url), hint=hint
            )

        def push(moved: Progress) -> None:
            if not self._is_there(client, target, obj, may_replace=replacing == url):
                self._send(client, target, obj, local, source, moved)

        run_watched(push, self.tuning.calling, progress, target.access.where)
        return url

    def describe(self) -> str:
        """The URL as written in the manifest."""
        return self.template.url

    def _is_there(self, client: "S3Client", target: UploadTarget, obj: SourceObject, *, may_replace: bool) -> bool:
        """Whether the copy is in place; raises PermanentError when another object is."""
        found = _head(client, target)
        if found is None:
            return False
        marks = found.get("Metadata") or {}
        is_copy = marks.get("mtc-object") == target.marks["mtc-object"]
        if size_of(found) in {None, obj.size} and _same(
            found, obj, known=is_copy and target.marks.items() <= marks.items()
        ):
            return True
        if is_copy or may_replace:
            return False
        hint = "move that object away, or put {key} or more of the date into the archive's URL"
        what = f"another object is where the copy of {printable(obj.key)} belongs"
        raise PermanentError(what, where=target.access.where, hint=hint)

    def _send(
        self,
        client: "S3Client",
        target: UploadTarget,
        obj: SourceObject,
        local: Path | None,
        source: LogSource,
        progress: Progress,
    ) -> None:
        remote = source.remote(obj)
        etag = None
        if remote is not None and remote.service == service_of(client):
            etag = copy_inside(client, remote, obj, target, self.tuning)
        if etag is not None:
            progress(obj.size)
        else:
            try:
                with local_copy(local, source, obj, self.spool) as path:
                    etag = upload(
                        client, path, obj, target, self.tuning, lambda: source.confirm_unchanged(obj), progress
                    )
            except OSError as error:
                raise _explain(error, target) from error
        _verify(client, target, obj, etag)


def _explain(error: OSError, target: UploadTarget) -> MtcError:
    return explain_write_error(error, target.access.where)


def _marks(site: str, obj: SourceObject) -> Mapping[str, str]:
    """Metadata of a copy: digests, as keys may be long and contain any character."""
    return {
        "mtc-object": hashlib.sha256(f"{site}\0{obj.key}".encode()).hexdigest(),
        "mtc-version": hashlib.sha256(obj.version.encode()).hexdigest(),
    }


def _head(client: "S3Client", target: UploadTarget) -> "HeadObjectOutputTypeDef | None":
    from botocore.exceptions import ClientError  # noqa: PLC0415 - heavy: loaded when used

    with explaining(target.access):
        try:
            return client.head_object(Bucket=target.bucket, Key=target.key)
        except ClientError as error:
            if status_of(error) == 404:  # noqa: PLR2004 - HTTP's own number
                return None
            raise


def _same(found: "HeadObjectOutputTypeDef", obj: SourceObject, *, known: bool) -> bool:
    """Whether the object found is the copy: by MD5 where both have one, else by the copy's metadata."""
    found_md5, listed_md5 = plain_md5(etag_of(found)), plain_md5(obj.etag)
    if found_md5 and listed_md5 and not is_encrypted(found):
        return found_md5 == listed_md5
    return known


def _verify(client: "S3Client", target: UploadTarget, obj: SourceObject, etag: str) -> None:
    """Check the finished copy. `etag` is what its ETag must be; empty if unknown."""
    found = _head(client, target)
    if found is None:
        raise TransientError("the copy does not exist after it was made", where=target.access.where)
    wrong_etag = bool(etag) and not is_encrypted(found) and etag_of(found).lower() not in {"", etag}
    if size_of(found) not in {None, obj.size} or wrong_etag or not (etag_of(found) or size_of(found) is not None):
        raise TransientError("the copy is not what was sent", where=target.access.where)
