"""The files of one day of a dated source compared with what was loaded of them: which have grown, or changed."""

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mtc.core.errors import PermanentError
from mtc.core.model import LoadedObject, Slice, SourceObject
from mtc.sources.adopted import as_slice, before_slices, without_compression
from mtc.sources.log_identity import KnownLog, LogFile, known_logs
from mtc.sources.log_slices import BEING_WRITTEN, Look, Seen, emptied, is_loaded, line_end, look
from mtc.sources.log_text import HEAD, LogText
from mtc.sources.source import Note

_MOST_COMPARED = 8
"""How many new files are compared with a loaded one that is gone."""

_PARQUET = b"PAR1"
_LINE_END = 8
"""How many bytes a line end has at most, in any encoding."""


@dataclass(frozen=True, slots=True)
class DayRules:
    """How the files of a day are read.

    `ends` is when the day ends, `settle` how long after that its files may still grow. `open_text` opens the text of a
    file, and may use a folder for it. `in_place` is whether logs are written where they are read.
    """

    ends: dt.datetime
    settle: dt.timedelta
    open_text: Callable[[SourceObject, Path], LogText]
    encoding: str | None = None
    in_place: bool = False


class DayOfLogs:
    """The files of one day compared with what was loaded of them.

    Afterwards `seen` is what was found in each file that holds a known log, and `grown` are the whole objects whose
    files went on.
    """

    def __init__(
        self,
        rules: DayRules,
        listed: Sequence[SourceObject],
        loaded: Sequence[LoadedObject],
        now: dt.datetime,
    ) -> None:
        self._rules, self._now, self._listed = rules, now, listed
        self._files = {file.key: file for file in listed}
        self._whole = {item.object.key: item for item in loaded if item.object.slice is None}
        self._slices = [item for item in loaded if item.object.slice is not None]
        self._read = [item for item in self._slices if item.object.size]
        self._owners = {file_key(item.object) for item in self._read}
        self._linked: set[str] = set()
        self.seen: dict[str, Seen] = {}
        self.grown: dict[tuple[str, str], tuple[Slice, str]] = {}

    @property
    def may_have_grown(self) -> bool:
        """Whether a file may hold more than what was loaded of it, or is to be loaded in slices."""
        if self._slices or any(map(self._is_being_written, self._listed)):
            return True
        is_new = any(file.key not in self._whole for file in self._listed)
        return any(map(self._is_longer, self._listed)) or (is_new and bool(self._vanished()))

    def _is_longer(self, file: SourceObject) -> bool:
        item = self._whole.get(file.key)
        return item is not None and 0 < item.object.size < file.size

    def _vanished(self) -> list[LoadedObject]:
        """Whole objects that are not listed, of logs that were not compressed then."""
        return [
            item
            for key, item in self._whole.items()
            if key not in self._files and item.object.size and without_compression(key) == key
        ]

    def _is_being_written(self, file: SourceObject) -> bool:
        """Whether a file that is new may still be written to."""
        rules = self._rules
        if not rules.in_place or file.key in self._whole or not file.size or without_compression(file.key) != file.key:
            return False
        return self._now < rules.ends + rules.settle and abs(self._now - file.modified_at) < rules.settle

    def compare(self, remembered: Mapping[str, Seen], spool: Path, note: Note) -> list[SourceObject]:
        """The objects of the day."""
        loaded = self._known()
        known = known_logs(item.object.slice for item in loaded if item.object.slice)
        unchanged = {
            file.key: remembered[name]
            for file in self._listed
            if (name := _name(file)) in remembered and is_loaded(remembered[name], known)
        }
        texts = self._open([file for file in self._listed if file.key not in unchanged], spool)
        loaded += self._adopted(texts, {*known})
        settle = dt.timedelta.min if self._now >= self._rules.ends + self._rules.settle else self._rules.settle
        files = [LogFile(self._files[key], text) for key, text in texts.items()]
        found = look(files, loaded, self._now, settle=settle, encoding=self._rules.encoding, unchanged=unchanged)
        for text in found.notes:
            note(text)
        return _Result(self, found, loaded, texts, unchanged).objects()

    def _known(self) -> list[LoadedObject]:
        """The slices, and the whole objects before them."""
        first: dict[str, LoadedObject] = {}
        for item in sorted(self._read, key=_start):
            first.setdefault(log_of(item.object), item)
        before = []
        for item in first.values():
            whole, part = self._whole.get(file_key(item.object)), item.object.slice
            if whole and part and 0 <= part.start - whole.object.size <= _LINE_END < part.start:
                before.append(self._as_part(whole, before_slices(whole, part)))
                self._linked.add(whole.object.key)
        return [*before, *self._slices]

    def _as_part(self, item: LoadedObject, part: Slice) -> LoadedObject:
        self.grown[item.object.key, item.object.version] = (part, item.content)
        return dataclasses.replace(item, object=dataclasses.replace(item.object, slice=part))

    def _open(self, files: Sequence[SourceObject], spool: Path) -> dict[str, LogText]:
        """The texts of those files that may hold more than was loaded. One that cannot be read is left out."""
        may_grow = any(self._is_longer(file) or self._is_being_written(file) for file in files)
        are_compared = bool(self._read or self._vanished() or may_grow)
        texts = {}
        for file in files:
            is_new = file.key not in self._whole
            is_opened = file.key in self._owners or self._is_longer(file) or self._is_being_written(file)
            if is_opened or (is_new and are_compared):
                with contextlib.suppress(*(() if file.key in self._owners else (PermanentError,))):
                    text = self._rules.open_text(file, spool)
                    if text.size:
                        texts[file.key] = text
        return texts

    def _adopted(self, texts: Mapping[str, LogText], taken: set[str]) -> Iterator[LoadedObject]:
        """The whole objects that a longer text begins with, as slices."""
        for item in (*(self._whole[key] for key in texts if key in self._whole), *self._vanished()):
            if item.object.key in self._linked:
                continue
            for key in self._candidates(item, texts):
                part = as_slice(item, texts[key], taken, self._rules.encoding)
                if part is not None:
                    taken.add(part.log)
                    self._owners.add(item.object.key)
                    yield self._as_part(item, part)
                    break

    def _candidates(self, item: LoadedObject, texts: Mapping[str, LogText]) -> list[str]:
        """The files that may hold an object and more: its own, then new ones, nearest names first."""
        key, size = item.object.key, item.object.size
        if key in texts and texts[key].is_final:
            return []
        own = [key] if key in texts and texts[key].size > size else []
        others = [
            each
            for each, text in texts.items()
            if each not in self._whole and text.size >= size + (not self._is_being_written(self._files[each]))
        ]
        return own + sorted(others, key=lambda each: (not each.startswith(key), each))[:_MOST_COMPARED]

    def is_cut(self, file: SourceObject, text: LogText) -> bool:
        """Whether a file that is new is loaded up to its last line end only: more of it is to come."""
        if not self._is_being_written(file) or text.is_final or text.read(0, len(_PARQUET)) == _PARQUET:
            return False
        if self._now < self._rules.ends and abs(self._now - file.modified_at) < BEING_WRITTEN:
            return True
        ends = line_end(text.read(0, HEAD), self._rules.encoding)
        return text.read(max(text.size - len(ends), 0), text.size) != ends

    @property
    def files(self) -> Mapping[str, SourceObject]:
        """The listed files by key."""
        return self._files

    @property
    def slices(self) -> Sequence[LoadedObject]:
        """The loaded slices, also empty ones."""
        return self._slices

    @property
    def whole(self) -> Mapping[str, LoadedObject]:
        """The loaded whole objects by key."""
        return self._whole

    def is_owner(self, key: str) -> bool:
        """Whether slices were loaded, or are to be, under the key of this file."""
        return key in self._owners


@dataclass(frozen=True, slots=True)
class _Result:
    """The objects of a day from what a look at its files found."""

    day: DayOfLogs
    found: Look
    loaded: Sequence[LoadedObject]
    texts: Mapping[str, LogText]
    unchanged: Mapping[str, Seen]

    def objects(self) -> list[SourceObject]:
        """The objects as they are to be listed."""
        owners = {
            item.object.slice.log: file_key(item.object)
            for item in self.loaded
            if item.object.slice and item.object.size
        }
        stops = {log: known.stop for log, known in self._known.items()}
        result = {item.object.key: item.object for item in self.day.slices if not item.object.size}
        for key, now in (*self.found.loaded.items(), *self.found.changed.items()):
            result[key] = now if key not in self.day.whole or key in self.found.changed else self.day.whole[key].object
        for new in self.found.new:
            if new.slice and (owner := owners.get(new.slice.log)):
                key = f"{owner}@{new.slice.log}+{new.slice.start}"
                result[key] = dataclasses.replace(new, key=key)
        for key, file in self.day.files.items():
            if key in self.unchanged:
                self.day.seen[_name(file)] = self.unchanged[key]
            else:
                result |= self._file(file, stops)
        return list(result.values())

    @property
    def _known(self) -> Mapping[str, KnownLog]:
        return known_logs(item.object.slice for item in self.loaded if item.object.slice)

    def _file(self, file: SourceObject, stops: Mapping[str, int]) -> dict[str, SourceObject]:
        """What a file is listed as, besides the slices of known logs that it holds."""
        seen = self.found.seen.get(file.key)
        if seen is None:
            return {file.key: file}
        log, size = seen
        moved, is_known = self._moved(file.key, stops), log in stops
        if is_known:
            holds = self.found.files.get(log) == file.key
            is_shorter = holds and size < stops[log] and self.day.is_owner(file.key)
            is_whole = is_shorter or (holds and file.key in self.found.changed and file.key in self.day.whole)
        else:
            is_whole = self.day.is_owner(file.key) or file.key in self.day.whole
        if is_whole and not moved:
            return self._as_whole(file)
        if not (is_known or moved or self._is_sliced(self.found.files[log], stops)):
            return {file.key: file}
        self.day.seen[_name(file)] = seen
        return {} if is_known else self._new(log)

    def _new(self, log: str) -> dict[str, SourceObject]:
        return {new.key: new for new in self.found.new if new.slice and new.slice.log == log}

    def _is_sliced(self, key: str, stops: Mapping[str, int]) -> bool:
        """Whether a file that holds a log of which nothing was loaded is loaded in slices."""
        return self._moved(key, stops) or self.day.is_cut(self.day.files[key], self.texts[key])

    def _moved(self, key: str, stops: Mapping[str, int]) -> bool:
        """Whether a log that was loaded from a file of this name is in a file of another name now."""
        logs = {log_of(item.object) for item in self.loaded if item.object.size and file_key(item.object) == key}
        return any(
            log in logs and place != key and size >= stops[log] for place, (log, size) in self.found.seen.items()
        )

    def _as_whole(self, file: SourceObject) -> dict[str, SourceObject]:
        """The file as one object, in place of what was loaded of it in slices."""
        replaced = {
            item.object.key: emptied(item.object) for item in self.day.slices if file_key(item.object) == file.key
        }
        return {**replaced, file.key: file}


def file_key(obj: SourceObject) -> str:
    """The key of the file that a slice is named for, or of a whole object."""
    part = obj.slice
    return obj.key if part is None else obj.key.removesuffix(f"@{part.log}+{part.start}")


def log_of(obj: SourceObject) -> str:
    """The id of the log that a slice is of; empty for a whole object."""
    return obj.slice.log if obj.slice else ""


def _start(item: LoadedObject) -> int:
    return item.object.slice.start if item.object.slice else 0


def _name(file: SourceObject) -> str:
    return f"{file.key} {file.version}"
