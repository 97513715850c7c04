"""Logs in a folder, and an archive in a folder.

Logs are read in place; nothing is written, moved or copied there. Copies for the archive are written under another
name, verified, and renamed into place.
"""

import contextlib
import datetime as dt
import errno
import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from mtc.core.atomic_files import explain_write_error, path_inside, sha256, staged_beside
from mtc.core.errors import ObjectChangedError, PermanentError, StepError, TransientError, explain_read_error
from mtc.core.model import SourceObject
from mtc.core.sanitize import key_problem, printable
from mtc.sources.etags import md5, plain_md5
from mtc.sources.listing import DayIndex, ListRange, list_ranges
from mtc.sources.log_text import LogText, compressed_fingerprint, open_text
from mtc.sources.near_misses import NearMisses
from mtc.sources.source import LogSource, Note, ObjectsByDay, Progress, RemoteObject, ignore, local_copy
from mtc.sources.url_pattern import ArchiveUrl, SourceUrl

_UNFINISHED = (".tmp", ".part")


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A folder with logs of one site. Keys are relative to `root`; an object's version is its size and mtime."""

    root: Path
    pattern: SourceUrl

    def list_days(self, days: Collection[dt.date], *, note: Note = ignore) -> ObjectsByDay:
        """List the objects of these days; dot-files and unfinished files are skipped."""
        requested = frozenset(days)
        found: dict[dt.date, list[SourceObject]] = {}
        near, misses = NearMisses.of(self.pattern, requested), list[str]()
        try:
            ranges, index = list_ranges(self.pattern, requested), DayIndex(requested)
            for key, entry in self._walk(lambda folder: self._may_enter(folder, ranges, index)):
                day = self.pattern.match(key) if any(each.holds(key) for each in ranges) else None
                if day is None and near.matches(key) and not key_problem(key) and self.pattern.match(key) is None:
                    misses.append(key)
                if day not in requested or day is None:
                    continue
                if reason := key_problem(key):
                    note(f"{printable(key)} is skipped: {reason}")
                elif (obj := _listed_object(key, entry)) is not None:
                    found.setdefault(day, []).append(obj)
                elif entry.is_symlink():
                    raise _broken_link(Path(entry.path))
        except OSError as error:
            raise self._explain(error) from error
        for text in near.notes(misses, {obj.key for objects in found.values() for obj in objects}):
            note(text)
        return {day: tuple(sorted(found[day])) for day in sorted(found)}

    def list_files(self, *, note: Note = ignore) -> tuple[SourceObject, ...]:
        """List all files that fit a URL without a date; dot-files and unfinished files are skipped."""
        found = []
        try:
            for key, entry in self._walk(self.pattern.may_enter):
                if not self.pattern.accepts(key):
                    continue
                if reason := key_problem(key):
                    note(f"{printable(key)} is skipped: {reason}")
                elif (obj := _listed_object(key, entry)) is not None:
                    found.append(obj)
        except OSError as error:
            raise self._explain(error) from error
        return tuple(sorted(found))

    def text(self, file: SourceObject, spool: Path) -> LogText:  # noqa: ARG002 - nothing is copied
        """The text of a file as it is now."""
        return open_text(self._path(file), self.where(file))

    def fingerprint(self, file: SourceObject) -> str:
        """The size, beginning and end of a compressed file; its end has a checksum of the content."""
        return compressed_fingerprint(self._path(file), self.where(file))

    def fetch(self, obj: SourceObject, spool: Path, *, progress: Progress = ignore) -> Path:  # noqa: ARG002 - nothing is copied
        """Return the file itself, after a check that it is as listed and can be read."""
        path = self._path(obj)
        self.confirm_unchanged(obj)
        try:
            with path.open("rb"):
                progress(obj.size)
        except OSError as error:
            raise explain_read_error(error, printable(str(path))) from error
        return path

    def peek(self, obj: SourceObject, size: int) -> bytes:
        """The beginning of the file, which may have grown since the listing."""
        path = self._path(obj)
        with _looking_at(path), path.open("rb") as stream:
            return stream.read(size)

    def confirm_unchanged(self, obj: SourceObject) -> None:
        """Raise ObjectChangedError when size or mtime are no longer as listed, or the file is gone."""
        path = self._path(obj)
        with _looking_at(path):
            now = path.stat()
        if (now.st_size, now.st_mtime_ns) != (obj.size, obj.modified):
            raise ObjectChangedError("the file has changed since it was listed", where=printable(str(path)))

    def remote(self, obj: SourceObject) -> RemoteObject | None:  # noqa: ARG002 - no file is remote
        """None: a folder has no service that copies."""
        return None

    def where(self, obj: SourceObject) -> str:
        """The file's path."""
        return printable(str(self.root / obj.key))

    def describe(self) -> str:
        """The URL as written in the manifest."""
        return self.pattern.url

    def _path(self, obj: SourceObject) -> Path:
        if reason := key_problem(obj.key):
            raise PermanentError(f"the key cannot be read: {reason}", where=printable(obj.key))
        return self.root / obj.key

    def _walk(self, may_enter: Callable[[str], bool]) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Every file, with its key, in folders that may be entered. Links to a parent are not followed."""
        todo = [("", self.root, frozenset[tuple[int, int]]())]
        while todo:
            prefix, folder, above = todo.pop()
            found = folder.stat()
            if (found.st_dev, found.st_ino) in above:
                continue
            inside = above | {(found.st_dev, found.st_ino)}
            for entry in _entries(folder, top=not prefix):
                key = prefix + entry.name
                if not _is_folder(entry):
                    if self._is_broken_folder_link(entry, key, may_enter):
                        raise _broken_link(Path(entry.path))
                    yield key, entry
                elif may_enter(key):
                    todo.append((f"{key}/", Path(entry.path), inside))

    def _is_broken_folder_link(self, entry: os.DirEntry[str], key: str, may_enter: Callable[[str], bool]) -> bool:
        """Whether a broken link has the name of a folder that may be entered."""
        if not entry.is_symlink() or Path(entry.path).exists():
            return False
        return self.pattern.names_folder(key) and may_enter(key)

    def empty_listing_doubt(self) -> str:
        """Why an empty listing may be wrong: there is no file at all, as in a mount point whose disk is missing."""
        if any(files for _, _, files in os.walk(self.root)):
            return ""
        return f"there is no file at all in {printable(str(self.root))}: is its disk mounted?"

    def _may_enter(self, folder: str, ranges: tuple[ListRange, ...], days: DayIndex) -> bool:
        near = any(each.may_hold_below(f"{folder}/") for each in ranges)
        return near and self.pattern.may_enter(folder) and bool(days.below(self.pattern, folder))

    def _explain(self, error: OSError) -> StepError:
        where = printable(os.fsdecode(error.filename or self.root))
        if error.errno in {errno.ENOENT, errno.ENOTDIR}:
            hint = f"check the source's url ({self.pattern.url}), or whether a disk is not mounted"
            return PermanentError("the source's folder does not exist", where=where, hint=hint)
        return explain_read_error(error, where)


@contextlib.contextmanager
def _looking_at(path: Path) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise ObjectChangedError("the file is gone since it was listed", where=printable(str(path))) from None
    except OSError as error:
        raise explain_read_error(error, printable(str(path))) from error


def _entries(folder: Path, *, top: bool) -> list[os.DirEntry[str]]:
    """The entries of a folder, sorted; none if it has just been removed, unless it is the top folder."""
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not _is_unfinished(entry.name)]
    except FileNotFoundError:
        if top:
            raise
        return []
    return sorted(found, key=lambda entry: entry.name)


def _broken_link(path: Path) -> StepError:
    hint = "is its disk mounted? if its target is gone for good, remove the link"
    return TransientError("the link is broken", where=printable(str(path)), hint=hint)


def _is_unfinished(name: str) -> bool:
    return name.startswith(".") or name.endswith(_UNFINISHED)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a broken link, or a loop of links
        return False


def _listed_object(key: str, entry: os.DirEntry[str]) -> SourceObject | None:
    """Size and mtime of a regular file; None for anything else, such as a pipe, and for a removed file."""
    try:
        now = entry.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise
    if not stat.S_ISREG(now.st_mode):
        return None
    return SourceObject(key, now.st_size, modified=now.st_mtime_ns)


_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FolderArchive:
    """A folder that copies go to. Relative URLs start from `project`; objects are fetched into `spool`."""

    project: Path
    spool: Path
    template: ArchiveUrl

    def push(
        self,
        site: str,  # noqa: ARG002 - the template knows its site
        day: dt.date,
        obj: SourceObject,
        local: Path | None,
        source: LogSource,
        *,
        replacing: str = "",
        progress: Progress = ignore,
    ) -> str:
        """Copy, verify by SHA-256, rename. No file is replaced except the object's earlier copy."""
        key = self.template.render(day, obj)
        url = self.template.copy_url(key)
        try:
            target = path_inside(self.project / self.template.root, key)
            if _has_digest(target, obj):
                return url
            with local_copy(local, source, obj, self.spool) as path:
                if not self._is_there(target, path, obj, may_replace=replacing == url):
                    _copy(path, target, obj, source, progress, mark=self._mark)
        except OSError as error:
            raise explain_write_error(error, printable(url)) from error
        return url

    def describe(self) -> str:
        """The URL as written in the manifest."""
        return self.template.url

    @property
    def _mark(self) -> str:
        """Marks unfinished copies of this project: the next run finds those of a killed one, as runs never overlap."""
        return hashlib.sha256(os.fsencode(self.project)).hexdigest()[:8]

    def _is_there(self, target: Path, local: Path, obj: SourceObject, *, may_replace: bool) -> bool:
        """Whether the copy is in place; raises PermanentError when another file is."""
        if not target.exists():
            return False
        if target.samefile(local):
            hint = "use another URL for the archive"
            raise PermanentError("the archive's copy would be the source's file itself", where=str(target), hint=hint)
        if target.is_file() and target.stat().st_size == obj.size and sha256(target) == sha256(local):
            return True
        if may_replace and target.is_file():
            return False
        hint = "move the file away, or put {key} or more of the date into the archive's URL"
        raise PermanentError(
            f"another file is where the copy of {printable(obj.key)} belongs", where=printable(str(target)), hint=hint
        )


def _has_digest(target: Path, obj: SourceObject) -> bool:
    """Whether the copy is in place, by the MD5 in the listing, so that the object need not be fetched."""
    digest = plain_md5(obj.etag)
    return bool(digest) and target.is_file() and target.stat().st_size == obj.size and md5(target).hex() == digest


def _copy(local: Path, target: Path, obj: SourceObject, source: LogSource, progress: Progress, *, mark: str) -> None:
    with staged_beside(target, mark=mark) as staged:
        digest = _write(local, staged, progress)
        source.confirm_unchanged(obj)
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
