"""A source and an archive in memory that fulfil the contract, and write to disk only in the spool."""

import datetime as dt
import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from mtc.core.errors import ObjectChangedError, PermanentError, StepError
from mtc.core.model import SourceObject
from mtc.core.sanitize import key_problem, printable
from mtc.sources.source import LogSource, Note, ObjectsByDay, Progress, RemoteObject, ignore, local_copy
from mtc.sources.url_pattern import ArchiveUrl, SourceUrl


@dataclass(slots=True)
class MemorySource:
    """Objects by key. If `fail` is set, the next call of a method raises it once."""

    pattern: SourceUrl
    objects: dict[str, bytes] = field(default_factory=dict)
    fail: StepError | None = None

    def list_days(self, days: Collection[dt.date], *, note: Note = ignore) -> ObjectsByDay:
        """List the objects of these days."""
        self._fail_once()
        found: dict[dt.date, tuple[SourceObject, ...]] = {}
        for key in sorted(self.objects):
            day = self.pattern.match(key)
            if day is None or day not in days:
                continue
            if reason := key_problem(key):
                note(f"{printable(key)} is skipped: {reason}")
            else:
                found[day] = (*found.get(day, ()), self.look(key))
        return dict(sorted(found.items()))

    def empty_listing_doubt(self) -> str:
        """Return an empty string: an empty listing is reliable."""
        return ""

    def look(self, key: str) -> SourceObject:
        """Return an object as it is listed."""
        data = self.objects[key]
        return SourceObject(key, len(data), etag=hashlib.sha256(data).hexdigest())

    def fetch(self, obj: SourceObject, spool: Path, *, progress: Progress = ignore) -> Path:
        """Write the object into `spool`."""
        self._fail_once()
        self.confirm_unchanged(obj)
        spool.mkdir(parents=True, exist_ok=True)
        path = spool / hashlib.sha256(obj.key.encode()).hexdigest()[:32]
        path.write_bytes(self.objects[obj.key])
        progress(obj.size)
        return path

    def peek(self, obj: SourceObject, size: int) -> bytes:
        """Return the first bytes of the current object."""
        self._fail_once()
        return self._there(obj)[:size]

    def confirm_unchanged(self, obj: SourceObject) -> None:
        """Raise ObjectChangedError if the object was changed or removed."""
        self._there(obj)
        if self.look(obj.key) != obj:
            raise ObjectChangedError("the object has changed since it was listed", where=printable(obj.key))

    def remote(self, obj: SourceObject) -> RemoteObject | None:  # noqa: ARG002 - there is no remote object
        """Return None: memory has no service that copies."""
        return None

    def where(self, obj: SourceObject) -> str:
        """Return the key."""
        return printable(obj.key)

    def describe(self) -> str:
        """Return the URL of the source."""
        return self.pattern.url

    def _there(self, obj: SourceObject) -> bytes:
        if obj.key not in self.objects:
            raise ObjectChangedError("the object is gone since it was listed", where=printable(obj.key))
        return self.objects[obj.key]

    def _fail_once(self) -> None:
        error, self.fail = self.fail, None
        if error is not None:
            raise error


@dataclass(slots=True)
class MemoryArchive:
    """Copies by URL. If `fail` is set, the next push raises it once."""

    template: ArchiveUrl
    spool: Path
    copies: dict[str, bytes] = field(default_factory=dict)
    fail: StepError | None = None

    def push(
        self,
        site: str,  # noqa: ARG002 - the template contains the site
        day: dt.date,
        obj: SourceObject,
        local: Path | None,
        source: LogSource,
        *,
        replacing: str = "",
        progress: Progress = ignore,
    ) -> str:
        """Store a copy."""
        error, self.fail = self.fail, None
        if error is not None:
            raise error
        url = self.template.copy_url(self.template.render(day, obj))
        with local_copy(local, source, obj, self.spool) as path:
            data = path.read_bytes()
        source.confirm_unchanged(obj)
        if self.copies.get(url) == data:
            return url
        if url in self.copies and replacing != url:
            raise PermanentError(
                f"another file is where the copy of {printable(obj.key)} belongs", where=printable(url)
            )
        self.copies[url] = data
        progress(len(data))
        return url

    def describe(self) -> str:
        """Return the URL of the archive."""
        return self.template.url
