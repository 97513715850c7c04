"""Logs in a bucket: listed in ranges, and fetched only if they are as listed. Nothing is written there."""

import contextlib
import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mtc.core.atomic_files import explain_write_error
from mtc.core.background import run_watched
from mtc.core.errors import ObjectChangedError, PermanentError, TransientError
from mtc.core.model import SourceObject
from mtc.core.sanitize import key_problem, printable
from mtc.formats.compression import PLAIN, compression_of_head
from mtc.sources.etags import plain_md5
from mtc.sources.listing import ListRange, list_ranges
from mtc.sources.log_text import MAGIC, LogText, RangedText, open_text
from mtc.sources.near_misses import NearMisses
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
    is_listing,
    service_of,
    size_of,
)
from mtc.sources.source import Note, ObjectsByDay, Progress, RemoteObject, ignore
from mtc.sources.url_pattern import SourceUrl
from mtc.sources.url_template import Text

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, ListObjectsV2OutputTypeDef, ObjectTypeDef

_CHUNK = 64 << 10  # small, so that progress on a slow line is seen
_TRIES = 3


@dataclass(frozen=True, slots=True)
class S3Source:
    """The logs of one site in a bucket. The ETag is an object's version."""

    pattern: SourceUrl
    login: Login
    clients: Clients
    tuning: Tuning = DEFAULT_TUNING

    def list_days(self, days: Collection[dt.date], *, note: Note = ignore) -> ObjectsByDay:
        """List the objects of these days: one listing for each range of keys, a page at a time.

        Where globs are before the date, the folders that match them are listed first. Markers of folders, whose keys
        end with a slash, match no URL.
        """
        requested = frozenset(days)
        found: dict[dt.date, dict[str, SourceObject]] = {}
        near, misses = NearMisses.of(self.pattern, requested), list[str]()
        for each in list_ranges(self.pattern, requested, self._folders):
            for item in self._list(each):
                key = item["Key"]
                day = self.pattern.match(key)
                if day is None and near.matches(key) and not key_problem(key):
                    misses.append(key)
                if day is None or day not in requested:
                    continue
                if reason := key_problem(key):
                    note(f"{printable(key)} is skipped: {reason}")
                else:
                    found.setdefault(day, {})[key] = self._read(item)
        for text in near.notes(misses, {key for objects in found.values() for key in objects}):
            note(text)
        return {day: tuple(obj for _, obj in sorted(found[day].items())) for day in sorted(found)}

    def list_files(self, *, note: Note = ignore) -> tuple[SourceObject, ...]:
        """List all objects that fit a URL without a date."""
        prefix = "".join(atom.text for atom in self.pattern.fixed() if isinstance(atom, Text))
        found = {}
        for item in self._list(ListRange(prefix)):
            key = item["Key"]
            if not self.pattern.accepts(key):
                continue
            if reason := key_problem(key):
                note(f"{printable(key)} is skipped: {reason}")
            else:
                found[key] = self._read(item)
        return tuple(obj for _, obj in sorted(found.items()))

    def text(self, file: SourceObject, spool: Path) -> LogText:
        """The text of an object, read in ranges; of a compressed one after it was fetched into `spool`."""
        if compression_of_head(_again(lambda: self.peek(file, MAGIC))) == PLAIN:
            return RangedText(file.size, lambda start, stop: _again(lambda: self._read_range(file, start, stop)))
        return open_text(self.fetch(file, spool), self.where(file))

    def fingerprint(self, file: SourceObject) -> str:
        """The version of an object."""
        return f"{file.etag} {file.size}" if file.etag else ""

    def empty_listing_doubt(self) -> str:
        """Empty: an empty listing can be trusted, as answers that are not listings are refused."""
        return ""

    def fetch(self, obj: SourceObject, spool: Path, *, progress: Progress = ignore) -> Path:
        """Download the object into `spool`, by way of a `.part` file, and check it against the listing.

        Raises:
            ObjectChangedError: the object is not the listed version, or does not exist.
            TransientError: the transfer was cut short, damaged or too slow; nothing is left behind.
        """
        target = spool / _spool_name(obj)
        part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
        try:
            spool.mkdir(parents=True, exist_ok=True)
            run_watched(lambda moved: self._download(obj, part, moved), self.tuning.reading, progress, self.where(obj))
            part.replace(target)
        except OSError as error:
            raise explain_write_error(error, str(target)) from error
        finally:
            part.unlink(missing_ok=True)
        return target

    def peek(self, obj: SourceObject, size: int) -> bytes:
        """Request the beginning only; if a service sends everything, the rest is not read."""
        return run_watched(
            lambda moved: self._read_beginning(obj, size, moved), self.tuning.reading, ignore, self.where(obj)
        )

    def confirm_unchanged(self, obj: SourceObject) -> None:
        """Nothing to do: a fetched object was checked, and is in the spool."""

    def remote(self, obj: SourceObject) -> RemoteObject | None:
        """Where the object is."""
        return RemoteObject(service_of(self._client), self.pattern.bucket, obj.key)

    def where(self, obj: SourceObject) -> str:
        """The object's URL."""
        return printable(f"s3://{self.pattern.bucket}/{obj.key}")

    def describe(self) -> str:
        """The URL as written in the manifest."""
        return self.pattern.url

    @property
    def _client(self) -> "S3Client":
        return self.clients.get(self.login, self.tuning)

    def _pages(
        self, pages: "Iterable[ListObjectsV2OutputTypeDef]", access: Access
    ) -> Iterator["ListObjectsV2OutputTypeDef"]:
        """The pages of a listing; raises TransientError for one that takes too long or is not whole."""
        remaining = iter(pages)
        while (
            page := run_watched(lambda _: next(remaining, None), self.tuning.calling, ignore, access.where)
        ) is not None:
            _check_page(page, access)
            yield page

    def _access(self, key: str, permission: str) -> Access:
        return Access(str(self.login), printable(f"s3://{self.pattern.bucket}/{key}"), permission)

    def _list(self, keys: ListRange) -> Iterator["ObjectTypeDef"]:
        client, access = self._client, self._access(keys.prefix, "s3:ListBucket")
        with explaining(access):
            pages = client.get_paginator("list_objects_v2").paginate(
                Bucket=self.pattern.bucket,
                Prefix=keys.prefix,
                StartAfter=keys.start_after,
                PaginationConfig={"PageSize": self.tuning.page},
            )
            for page in self._pages(pages, access):
                for item in page.get("Contents", []):
                    if not item.get("Key"):
                        raise TransientError("the listing names an object without a key", where=access.where)
                    if keys.is_past(item["Key"]):
                        return
                    yield item

    def _folders(self, start: str) -> Iterator[str]:
        """The folders that begin with a text: the common prefixes of its keys up to the next slash."""
        client, access = self._client, self._access(start, "s3:ListBucket")
        with explaining(access):
            pages = client.get_paginator("list_objects_v2").paginate(
                Bucket=self.pattern.bucket,
                Prefix=start,
                Delimiter="/",
                PaginationConfig={"PageSize": self.tuning.page},
            )
            for page in self._pages(pages, access):
                yield from (item["Prefix"] for item in page.get("CommonPrefixes", []))

    def _download(self, obj: SourceObject, part: Path, moved: Progress) -> None:
        with explaining(self._access(obj.key, "s3:GetObject (and s3:ListBucket)")):
            self._read_into(obj, part, moved)

    def _read_into(self, obj: SourceObject, part: Path, moved: Progress) -> None:
        client = self._client
        condition = {"IfMatch": f'"{obj.etag}"'} if obj.etag else {}
        answer = client.get_object(Bucket=self.pattern.bucket, Key=obj.key, **condition)  # type: ignore[arg-type] # a dict of texts only
        with contextlib.closing(answer["Body"]) as body:
            self._check_answer(obj, answer)
            digest, size = hashlib.md5(usedforsecurity=False), 0
            with part.open("xb") as writer:
                while chunk := body.read(_CHUNK):
                    moved(len(chunk))
                    digest.update(chunk)
                    size += len(chunk)
                    writer.write(chunk)
        where = self.where(obj)
        if size != obj.size:
            raise TransientError(f"the transfer ended after {size} of {obj.size} bytes", where=where)
        if not is_encrypted(answer) and digest.hexdigest() != (plain_md5(obj.etag) or digest.hexdigest()):
            raise TransientError("the object was damaged on its way: its MD5 is not its ETag", where=where)

    def _read_beginning(self, obj: SourceObject, size: int, moved: Progress) -> bytes:
        client, head = self._client, b""
        byte_range = {"Range": f"bytes=0-{size - 1}"} if obj.size else {}  # an empty object has no first byte
        with explaining(self._access(obj.key, "s3:GetObject")):
            answer = client.get_object(Bucket=self.pattern.bucket, Key=obj.key, **byte_range)  # type: ignore[arg-type] # a dict of texts only
            with contextlib.closing(answer["Body"]) as body:
                while chunk := body.read(min(_CHUNK, size - len(head))):
                    moved(len(chunk))
                    head += chunk
        return head

    def _read_range(self, obj: SourceObject, start: int, stop: int) -> bytes:
        return run_watched(
            lambda moved: self._read_stretch(obj, start, stop, moved), self.tuning.reading, ignore, self.where(obj)
        )

    def _read_stretch(self, obj: SourceObject, start: int, stop: int, moved: Progress) -> bytes:
        client = self._client
        asked = {"Range": f"bytes={start}-{stop - 1}"} | ({"IfMatch": f'"{obj.etag}"'} if obj.etag else {})
        with explaining(self._access(obj.key, "s3:GetObject")):
            answer = client.get_object(Bucket=self.pattern.bucket, Key=obj.key, **asked)  # type: ignore[arg-type] # a dict of texts only
            with contextlib.closing(answer["Body"]) as body:
                if obj.etag and etag_of(answer) not in {"", obj.etag}:
                    raise ObjectChangedError("the object has changed since it was listed", where=self.where(obj))
                skipped = 0 if answer.get("ContentRange") else start  # a service that sends everything
                data = b""
                while len(data) < skipped + stop - start and (chunk := body.read(_CHUNK)):
                    moved(len(chunk))
                    data += chunk
        if len(data) < skipped + stop - start:
            raise TransientError("the transfer was cut short", where=self.where(obj))
        return data[skipped : skipped + stop - start]

    def _check_answer(self, obj: SourceObject, answer: "GetObjectOutputTypeDef") -> None:
        """Raise ObjectChangedError for another version: some services ignore If-Match."""
        if is_another(answer, obj):
            raise ObjectChangedError("the object has changed since it was listed", where=self.where(obj))

    def _read(self, item: "ObjectTypeDef") -> SourceObject:
        """An object of a listing; raises PermanentError if the listing does not identify its version."""
        etag, size, at = etag_of(item), size_of(item, "Size"), item.get("LastModified")
        if size is None or not (etag or at):
            what = "the listing does not say the object's size, or neither its ETag nor when it was changed"
            hint = "ask whoever runs the service: a changed object could not be noticed"
            raise PermanentError(what, where=printable(f"s3://{self.pattern.bucket}/{item['Key']}"), hint=hint)
        modified = int(at.timestamp()) * 1_000_000_000 if at else 0
        return SourceObject(item["Key"], size, etag=etag, modified=modified)


def _check_page(page: "ListObjectsV2OutputTypeDef", access: Access) -> None:
    """Raise TransientError for an answer that is not a listing, and for a truncated page without a token for the next.

    An empty body, an HTML page of a proxy or a login, or any other document has none of a listing's fields.
    """
    if not is_listing(page):
        what = "the answer is not a listing: was it the service that answered, or a proxy?"
        raise TransientError(what, where=access.where)
    if page.get("IsTruncated") and not page.get("NextContinuationToken"):
        raise TransientError("the listing is incomplete: it has no token for its next page", where=access.where)


def _again(read: Callable[[], bytes]) -> bytes:
    """Read, and again where a transfer was cut short: a look at a source is no step, which would be repeated."""
    for _ in range(_TRIES - 1):
        with contextlib.suppress(TransientError):
            return read()
    return read()


def _spool_name(obj: SourceObject) -> str:
    """A digest with the ending of the object's name, which shows its compression."""
    digest = hashlib.sha256(f"{obj.key}\0{obj.version}".encode()).hexdigest()[:32]
    ending = re.search(r"(?:\.[A-Za-z0-9]{1,8}){1,2}\Z", obj.name)
    return digest + (ending[0] if ending else "")
