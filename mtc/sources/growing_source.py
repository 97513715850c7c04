"""A source whose names tell no day: logs that grow, are rotated and compressed, and are loaded slice by slice.

The files lie in a folder or a bucket (`LogFiles`). What is new is found by a look at all of them, against what was
loaded before (`log_slices`). A slice is copied into the spool before it is read, from whatever file its log is in then:
a log may be renamed, copied and cut between the look and the copy.
"""

import contextlib
import datetime as dt
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mtc.core.atomic_files import explain_write_error, read_json_cache, write_json_cache
from mtc.core.clock import Clock, utc_now
from mtc.core.errors import DamagedFileError, ObjectChangedError, PermanentError
from mtc.core.model import LoadedObject, Slice, SourceObject
from mtc.core.sanitize import printable
from mtc.sources.log_identity import LogFile, digest, holds, known_logs
from mtc.sources.log_slices import BEING_WRITTEN, Look, Seen, by_day, is_loaded, look, mark_of
from mtc.sources.log_text import HEAD, CompressedFile, LogText, PlainFile
from mtc.sources.source import Note, ObjectsByDay, Progress, RemoteObject, ignore

_TRIES = 2

_Problem = tuple[SourceObject, str]
"""A file that cannot be read, and what is wrong with it."""


class LogFiles(Protocol):
    """The files of a source whose names tell no day. Every method raises `StepError`s only."""

    def list_files(self, *, note: Note = ignore) -> Sequence[SourceObject]:
        """List all files that fit the URL."""

    def text(self, file: SourceObject, spool: Path) -> LogText:
        """The text of a file as it is now; what has to be fetched for it goes into `spool`.

        Raises:
            ObjectChangedError: the file is gone.
        """

    def fingerprint(self, file: SourceObject) -> str:
        """What is the same as long as the file's content is; empty where a look is as cheap.

        Raises:
            ObjectChangedError: the file is gone.
        """

    def peek(self, obj: SourceObject, size: int) -> bytes:
        """The first bytes of a file as it is stored.

        Raises:
            ObjectChangedError: the file is gone.
        """

    def fetch(self, obj: SourceObject, spool: Path) -> Path:
        """A local file with the bytes of a file as they are stored: in `spool`, or the original.

        Raises:
            ObjectChangedError: the file is no longer as listed.
        """

    def empty_listing_doubt(self) -> str:
        """Why an empty listing may be wrong where there were files before; empty where it is right."""

    def where(self, file: SourceObject) -> str:
        """Name the file for people; harmless to show."""

    def describe(self) -> str:
        """Name the source for people."""


@dataclass(frozen=True, slots=True)
class LogListing:
    """What a look found, by day: the slices, and of files that cannot be read what is wrong with them."""

    days: ObjectsByDay
    unreadable: Mapping[dt.date, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GrowingSource:
    """The growing logs of one site. `zone` is the site's, `settle` how long a line without its end is waited for.

    `encoding` is that of the logs where no byte order mark says another. `memory` is a file that remembers which files
    were read to their ends, so that compressed ones are not decompressed again: it may be removed at any time. `spool`
    is a folder for what has to be fetched for a look.
    """

    files: LogFiles
    zone: dt.tzinfo
    settle: dt.timedelta
    memory: Path
    spool: Path
    encoding: str | None = None
    clock: Clock = utc_now
    _held: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    _seen: dict[str, LogFile] = field(default_factory=dict, init=False, repr=False)

    def look(
        self,
        loaded: Mapping[dt.date, Sequence[LoadedObject]],
        last: dt.date,
        *,
        note: Note = ignore,
    ) -> LogListing:
        """What is there now: loaded slices under the day that they were loaded for, and new ones.

        A new slice is of the day on which its file was last written to, or of `last` where that is earlier; so is a
        file that cannot be read. A compressed file that is damaged may be one that is being written: it counts as one
        that cannot be read when the source has settled.

        Args:
            loaded: what was loaded for each day, of all days.
            last: the last day that is asked for.
            note: called with what a person should know.
        """
        items = [item for objects in loaded.values() for item in objects]
        found, unreadable = self._look(items, self.clock(), note)
        for text in found.notes:
            note(text)
        problems: dict[dt.date, list[str]] = {}
        for file, text in unreadable:
            problems.setdefault(min(last, self._day_of(file)), []).append(text)
        days = by_day(found, loaded, lambda new: min(last, self._day_of(new)))
        return LogListing(days, {day: tuple(problems[day]) for day in sorted(problems)})

    def _look(self, loaded: Sequence[LoadedObject], now: dt.datetime, note: Note) -> tuple[Look, list[_Problem]]:
        """Look, and once more where files were rotated meanwhile."""
        for _ in range(_TRIES):
            with contextlib.suppress(ObjectChangedError):
                return self._look_once(loaded, now, note)
        return self._look_once(loaded, now, note, skips=True)

    def _look_once(
        self, loaded: Sequence[LoadedObject], now: dt.datetime, note: Note, *, skips: bool = False
    ) -> tuple[Look, list[_Problem]]:
        from mtc.sources.adopted import WholeObjects  # noqa: PLC0415 - loads formats, for logs that grow

        objects = WholeObjects(self.memory.with_suffix(".whole"), list(loaded), self.encoding)
        known = known_logs(item.object.slice for item in objects.loaded if item.object.slice is not None)
        remembered = read_memory(self.memory)
        fingerprints: dict[str, str] = {}
        unchanged: dict[str, Seen] = {}
        files, unreadable = [], []
        with spool_folder(self.spool) as spool:
            for file in self.files.list_files(note=note):
                try:
                    fingerprints[file.key] = self.files.fingerprint(file)
                    seen = remembered.get(fingerprints[file.key])
                    if seen is not None and is_loaded(seen, known):
                        unchanged[file.key] = seen
                    elif (text := self.files.text(file, spool)).size:
                        files.append(LogFile(file, text))
                except ObjectChangedError:
                    if not skips:
                        raise  # it was renamed or written again since it was listed
                except PermanentError as error:
                    problem = f"{printable(file.key)}: {error.what}"
                    age = now - file.modified_at
                    if not isinstance(error, DamagedFileError) or age >= max(self.settle, BEING_WRITTEN):
                        unreadable.append((file, problem))
                    elif age >= BEING_WRITTEN:
                        note(f"{problem}; it is skipped until it is whole")
            objects.add(files, lambda file: self.files.fetch(file, spool))
            found = look(files, objects.loaded, now, settle=self.settle, encoding=self.encoding, unchanged=unchanged)
        self._remember(found, files)
        seen_now = {fingerprints[key]: seen for key, seen in found.seen.items() if fingerprints.get(key)}
        if seen_now != remembered:
            write_json_cache(self.memory, seen_now)
        return found, unreadable

    def _remember(self, found: Look, files: Sequence[LogFile]) -> None:
        """Keep which file each log is in, and the files that something is to be loaded from."""
        loading = {item.slice.log for item in (*found.new, *found.changed.values()) if item.slice}
        seen = {file.object.key: file for file in files}
        self._held.clear()
        self._held.update(found.files)
        self._seen.clear()
        self._seen.update({log: seen[found.files[log]] for log in loading if found.files.get(log) in seen})

    def _day_of(self, file: SourceObject) -> dt.date:
        return file.modified_at.astimezone(self.zone).date()

    def list_days(self, days: Collection[dt.date], *, note: Note = ignore) -> ObjectsByDay:
        """The files by the day on which they were last written to, those of other days under the nearest of `days`."""
        found: dict[dt.date, list[SourceObject]] = {}
        for file in self.files.list_files(note=note) if days else ():
            day = self._day_of(file)
            found.setdefault(min(days, key=lambda each: abs(each - day)), []).append(file)
        return {day: tuple(sorted(found[day])) for day in sorted(found)}

    def empty_listing_doubt(self) -> str:
        """As the files have it."""
        return self.files.empty_listing_doubt()

    def fetch(self, obj: SourceObject, spool: Path, *, progress: Progress = ignore) -> Path:
        """Copy a slice into `spool`, with the byte order mark of its log in front.

        Raises:
            ObjectChangedError: no file holds the slice as it was found.
        """
        part = _slice_of(obj)
        target = spool / digest(f"{obj.key}\0{obj.version}".encode("utf-8", "surrogateescape"))[:32]
        try:
            spool.mkdir(parents=True, exist_ok=True)
            if part.start == part.stop:  # nothing is left of it
                target.touch()
                return target
            text = self._text_with(part, obj, spool)
            with target.open("wb") as stream:
                for block in copied(text, part):
                    stream.write(block)
                    progress(len(block))
        except OSError as error:
            raise explain_write_error(error, str(target)) from error
        if isinstance(text, PlainFile) and not holds(text, part):
            raise ObjectChangedError("the log was changed while it was read", where=self.where(obj))
        return target

    def peek(self, obj: SourceObject, size: int) -> bytes:
        """The first bytes of a file as it is stored, or of a slice's text."""
        if obj.slice is None:
            return self.files.peek(obj, size)
        with spool_folder(self.spool) as spool:
            start = obj.slice.start
            return self._text_with(obj.slice, obj, spool).read(start, min(start + size, obj.slice.stop))

    def confirm_unchanged(self, obj: SourceObject) -> None:
        """Nothing to do: a slice is copied before it is read, and checked then."""

    def remote(self, obj: SourceObject) -> RemoteObject | None:  # noqa: ARG002 - of slices no service has a copy
        """No service copies slices."""
        return None

    def where(self, obj: SourceObject) -> str:
        """The file, and of a slice its place in the text."""
        if obj.slice is None:
            return self.files.where(obj)
        file = SourceObject(obj.slice.file, obj.size)
        return f"{self.files.where(file)} (bytes {obj.slice.start:,} to {obj.slice.stop:,})"

    def describe(self) -> str:
        """The URL as the manifest has it."""
        return self.files.describe()

    def _text_with(self, part: Slice, obj: SourceObject, spool: Path) -> LogText:
        """The text that holds a slice: as it was seen, else of the file that its log was seen in, else of any."""
        seen = self._seen.get(part.log)
        with contextlib.suppress(ObjectChangedError, PermanentError):
            if seen and isinstance(seen.text, CompressedFile):
                seen.text.confirm_unchanged()
            if seen and holds(seen.text, part):
                return seen.text
        with contextlib.suppress(ObjectChangedError, PermanentError):  # an object of S3 that was fetched for the look
            if seen and holds(text := self.files.text(seen.object, spool), part):
                return text
        names = [self._held.get(part.log, part.file), part.file]
        listed = {file.key: file for file in self.files.list_files()}
        order = [listed[name] for name in names if name in listed]
        for file in (*order, *(item for item in listed.values() if item.key not in names)):
            with contextlib.suppress(ObjectChangedError, PermanentError):
                text = self.files.text(file, spool)
                if holds(text, part):
                    self._held[part.log], self._seen[part.log] = file.key, LogFile(file, text)
                    return text
        raise ObjectChangedError("no file holds this part of the log any more", where=self.where(obj))


@contextlib.contextmanager
def spool_folder(spool: Path) -> Iterator[Path]:
    """A folder below `spool` that is removed afterwards."""
    spool.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="look-", dir=spool) as folder:
        yield Path(folder)


def read_memory(memory: Path) -> dict[str, Seen]:
    """What is remembered; nothing where it cannot be read."""
    try:
        return {name: (str(log), int(size)) for name, (log, size) in read_json_cache(memory).items()}
    except (ValueError, TypeError):
        return {}


def copied(text: LogText, part: Slice) -> Iterator[bytes]:
    """What a slice is read from: its bytes, with the byte order mark of the log in front.

    A compressed text of which the slice is all stays compressed.

    Raises:
        ObjectChangedError: the text became shorter.
    """
    if isinstance(text, CompressedFile) and (part.start, part.stop) == (0, text.size):
        yield from text.packed()
        return
    if part.start:
        yield mark_of(text.read(0, HEAD))
    size = 0
    for block in text.blocks(part.start, part.stop):
        size += len(block)
        yield block
    if size != part.stop - part.start:
        raise ObjectChangedError("the log became shorter while it was read", where=printable(part.file))


def _slice_of(obj: SourceObject) -> Slice:
    if obj.slice is None:
        raise PermanentError("the object is a whole file, and the source has slices", where=printable(obj.key))
    return obj.slice
