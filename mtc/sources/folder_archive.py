"""An archive in a folder: copies are made under another name, verified, and renamed into place."""

import datetime as dt
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from mtc.errors import ObjectChangedError, PermanentError
from mtc.files import explain_os_error, inside, sha256, staged_beside
from mtc.model import SourceObject
from mtc.sources.archive_url import ArchiveUrl
from mtc.sources.base import Progress, Source, borrowed, ignore
from mtc.sources.digests import md5, plain_md5
from mtc.sources.keys import printable

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FolderArchive:
    """A folder that copies go to. `project` is what a relative URL starts from; `spool` takes what must be fetched."""

    project: Path
    spool: Path
    template: ArchiveUrl

    def push(
        self,
        site: str,  # noqa: ARG002 - the template knows its site
        day: dt.date,
        obj: SourceObject,
        local: Path | None,
        source: Source,
        *,
        replacing: str = "",
        progress: Progress = ignore,
    ) -> str:
        """Copy, verify by SHA-256, rename. A different file of that name is left alone, unless it is our own."""
        key = self.template.render(day, obj)
        url = self.template.full(key)
        try:
            target = inside(self.project / self.template.root, key)
            if _has_digest(target, obj):
                return url
            with borrowed(local, source, obj, self.spool) as path:
                if not self._is_there(target, path, obj, mine=replacing == url):
                    _copy(path, target, obj, source, progress, mark=self._mark)
        except OSError as error:
            raise explain_os_error(error, printable(url)) from error
        return url

    def describe(self) -> str:
        """The URL as the manifest has it."""
        return self.template.url

    @property
    def _mark(self) -> str:
        """Marks half-made copies of this project, so that a killed one is found by the next: runs never overlap."""
        return hashlib.sha256(os.fsencode(self.project)).hexdigest()[:8]

    def _is_there(self, target: Path, local: Path, obj: SourceObject, *, mine: bool) -> bool:
        """Whether the copy is in place; raises PermanentError when something else is."""
        if not target.exists():
            return False
        if target.samefile(local):
            hint = "let the archive's URL lead to another place"
            raise PermanentError("the archive's copy would be the source's file itself", where=str(target), hint=hint)
        if target.is_file() and target.stat().st_size == obj.size and sha256(target) == sha256(local):
            return True
        if mine and target.is_file():
            return False
        hint = "move the file away, or put {key} or more of the date into the archive's URL"
        raise PermanentError(
            f"another file is where the copy of {printable(obj.key)} belongs", where=printable(str(target)), hint=hint
        )


def _has_digest(target: Path, obj: SourceObject) -> bool:
    """Whether the copy can be told to be in place from the listing alone."""
    digest = plain_md5(obj.etag)
    return bool(digest) and target.is_file() and target.stat().st_size == obj.size and md5(target).hex() == digest


def _copy(local: Path, target: Path, obj: SourceObject, source: Source, progress: Progress, *, mark: str) -> None:
    with staged_beside(target, mark=mark) as staged:
        digest = _write(local, staged, progress)
        source.confirm(obj)
        if staged.stat().st_size != obj.size:
            raise ObjectChangedError("the file's size is not what was listed", where=printable(obj.key))
        if sha256(staged) != digest:
            raise PermanentError(
                "the copy does not read back as it was written", where=str(target), hint="check the disk"
            )


def _write(local: Path, staged: Path, progress: Progress) -> str:
    digest = hashlib.sha256()
    with local.open("rb") as reader, staged.open("xb") as writer:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            writer.write(chunk)
            progress(len(chunk))
        os.fsync(writer.fileno())
    return digest.hexdigest()
