"""A source whose names tell the day, of logs that may go on after they were loaded.

A file that was loaded as one object and has only grown since stays loaded; what is new of it is a slice. The same holds
when the file has been renamed or compressed meanwhile. A file that became shorter, or differs in what was loaded of it,
is a changed object. Only files that are not as they were loaded are opened.
"""

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mtc.core.atomic_files import sha256, write_json_cache
from mtc.core.clock import Clock, utc_now
from mtc.core.errors import ObjectChangedError, PermanentError
from mtc.core.model import LoadedObject, Slice, SourceObject
from mtc.core.sanitize import printable
from mtc.sources.growing_source import GrowingSource, read_memory, spool_folder
from mtc.sources.log_slices import Seen
from mtc.sources.log_text import LogText
from mtc.sources.source import LogSource, Note, ObjectsByDay, Progress, RemoteObject, ignore
from mtc.sources.url_pattern import SourceUrl

if TYPE_CHECKING:
    from mtc.sources.dated_day import DayOfLogs

_TRIES = 2


class DatedFiles(LogSource, Protocol):
    """A folder or a bucket."""

    @property
    def pattern(self) -> SourceUrl:
        """The URL."""

    def text(self, file: SourceObject, spool: Path) -> LogText:
        """The text of a file as it is now; what has to be fetched for it goes into `spool`.

        Raises:
            ObjectChangedError: the file is gone.
        """


@dataclass(frozen=True, slots=True)
class _FilesOfDay:
    """The files of one day, as a source of slices reads them."""

    files: DatedFiles
    day: dt.date

    def list_files(self, *, note: Note = ignore) -> Sequence[SourceObject]:
        return self.files.list_days((self.day,), note=note).get(self.day, ())

    def text(self, file: SourceObject, spool: Path) -> LogText:
        return self.files.text(file, spool)

    def fingerprint(self, file: SourceObject) -> str:
        return f"{file.key} {file.version}"

    def peek(self, obj: SourceObject, size: int) -> bytes:
        return self.files.peek(obj, size)

    def fetch(self, obj: SourceObject, spool: Path) -> Path:
        return self.files.fetch(obj, spool)

    def empty_listing_doubt(self) -> str:
        return self.files.empty_listing_doubt()

    def where(self, file: SourceObject) -> str:
        return self.files.where(file)

    def describe(self) -> str:
        return self.files.describe()


@dataclass(frozen=True, slots=True)
class DatedSource:
    """The logs of one site, by day. `zone`, `settle`, `memory`, `spool` and `encoding` are as in `GrowingSource`.

    `in_place` is whether logs are written where they are read: then one that is being written to is loaded up to its
    last line end.
    """

    files: DatedFiles
    zone: dt.tzinfo
    settle: dt.timedelta
    memory: Path
    spool: Path
    encoding: str | None = None
    clock: Clock = utc_now
    in_place: bool = False
    _grown: dict[tuple[str, str], tuple[Slice, str]] = field(default_factory=dict, init=False, repr=False)
    """Whole objects whose file went on, by key and version: the slice that each is of it, and its digest."""

    def look(
        self,
        days: Collection[dt.date],
        loaded: Mapping[dt.date, Sequence[LoadedObject]],
        *,
        note: Note = ignore,
    ) -> ObjectsByDay:
        """The objects of these days: those that were loaded and are there still, new ones and changed ones.

        Args:
            days: the days that are asked for.
            loaded: what was loaded for each day.
            note: called with what a person should know.
        """
        for _ in range(_TRIES):
            with contextlib.suppress(ObjectChangedError):
                return self._look_once(days, loaded, note)
        return self._look_once(days, loaded, note)

    def _look_once(
        self, days: Collection[dt.date], loaded: Mapping[dt.date, Sequence[LoadedObject]], note: Note
    ) -> ObjectsByDay:
        now, found = self.clock(), dict(self.files.list_days(days, note=note))
        remembered: dict[str, Seen] | None = None
        seen: dict[str, Seen] = {}
        for day in sorted(days):
            listed, before = found.get(day, ()), loaded.get(day, ())
            if _are_as_loaded(listed, before):
                continue
            each = self._day(day, listed, before, now)
            if not each.may_have_grown:
                continue
            remembered = read_memory(self.memory) if remembered is None else remembered
            with spool_folder(self.spool) as spool:
                objects = each.compare(remembered, spool, note)
            seen |= each.seen
            self._grown.update(each.grown)
            found.pop(day, None)
            if objects:
                found[day] = tuple(sorted(objects))
        if remembered is not None and seen != remembered:
            write_json_cache(self.memory, seen)
        return dict(sorted(found.items()))

    def _day(
        self, day: dt.date, listed: Sequence[SourceObject], loaded: Sequence[LoadedObject], now: dt.datetime
    ) -> "DayOfLogs":
        from mtc.sources.dated_day import DayOfLogs, DayRules  # noqa: PLC0415 - not loaded where all is as it was

        ends = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), self.zone)
        rules = DayRules(ends, self.settle, self.files.text, self.encoding, self.in_place)
        return DayOfLogs(rules, listed, loaded, now)

    def list_days(self, days: Collection[dt.date], *, note: Note = ignore) -> ObjectsByDay:
        """The files of these days, whatever was loaded of them."""
        return self.files.list_days(days, note=note)

    def empty_listing_doubt(self) -> str:
        """As the files have it."""
        return self.files.empty_listing_doubt()

    def fetch(self, obj: SourceObject, spool: Path, *, progress: Progress = ignore) -> Path:
        """As the files have it; of a file that has grown what the object is of it.

        Raises:
            ObjectChangedError: the object is no longer what was found.
        """
        if obj.slice is not None:
            return self._slices(obj.slice.file).fetch(obj, spool, progress=progress)
        if (grown := self._grown.get((obj.key, obj.version))) is None:
            return self.files.fetch(obj, spool, progress=progress)
        part, content = grown
        path = self._slices(part.file).fetch(dataclasses.replace(obj, slice=part), spool, progress=progress)
        with path.open("r+b") as stream:
            stream.truncate(obj.size)
        if sha256(path) != content:
            raise ObjectChangedError("the beginning of the file is not what was loaded", where=self.where(obj))
        return path

    def peek(self, obj: SourceObject, size: int) -> bytes:
        """The beginning of a file's or a slice's text."""
        return self.files.peek(obj, size) if obj.slice is None else self._slices(obj.slice.file).peek(obj, size)

    def confirm_unchanged(self, obj: SourceObject) -> None:
        """As the files have it. A slice is copied before it is read, and checked then."""
        if not self._is_copied(obj):
            self.files.confirm_unchanged(obj)

    def remote(self, obj: SourceObject) -> RemoteObject | None:
        """Where the object is; no service copies a part of one."""
        return None if self._is_copied(obj) else self.files.remote(obj)

    def where(self, obj: SourceObject) -> str:
        """The file, and of a slice its place in the text."""
        return self.files.where(obj) if obj.slice is None else self._slices(obj.slice.file).where(obj)

    def describe(self) -> str:
        """The URL as the manifest has it."""
        return self.files.describe()

    def _is_copied(self, obj: SourceObject) -> bool:
        return obj.slice is not None or (obj.key, obj.version) in self._grown

    def _slices(self, key: str) -> GrowingSource:
        """What reads slices of the files of the day of this one."""
        if (day := self.files.pattern.match(key)) is None:
            raise PermanentError("the file's name does not say which day", where=printable(key))
        files = _FilesOfDay(self.files, day)
        return GrowingSource(files, self.zone, self.settle, self.memory, self.spool, self.encoding, self.clock)


def _are_as_loaded(listed: Sequence[SourceObject], loaded: Sequence[LoadedObject]) -> bool:
    """Whether the files are all that was loaded, whole and in these versions, as on nearly every day."""
    return len(listed) == len(loaded) and all(
        item.object.slice is None and item.object == file for file, item in zip(listed, loaded, strict=True)
    )
