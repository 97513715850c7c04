"""Whole objects as slices: a log that was loaded as one object, and has grown or is read as a growing log since.

Of a whole object the state has the size and the SHA-256 of its bytes, which are hashed once to find out that a text
begins with them.
"""

import dataclasses
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mtc.core.atomic_files import read_json_cache, sha256, write_json_cache
from mtc.core.model import LoadedObject, Slice, SourceObject
from mtc.formats.compression import as_utf8
from mtc.formats.line_cleaning import tidy, unmarked, whole_lines
from mtc.formats.w3c import HeaderLines
from mtc.sources.log_identity import LogFile, digest, new_id
from mtc.sources.log_slices import digest_of, line_end
from mtc.sources.log_text import HEAD, LogText

_COMPRESSED = re.compile(r"\.(gz|bz2|xz|zst)\Z")
_EMPTY = digest(b"")


def as_slice(item: LoadedObject, text: LogText, taken: Collection[str], encoding: str | None) -> Slice | None:
    """The slice that a whole object is of a text that begins with its bytes; None if the text does not.

    None as well if the object ends in the middle of a line. `taken` are the ids of other logs.
    """
    size = item.object.size
    if not 0 < size <= text.size:
        return None
    reader = _Reader(item.format, encoding)
    if reader.read(text.blocks(0, size)) != item.content:
        return None
    stop = _line_stop(text, size, encoding)
    if not stop:
        return None
    head, tail = min(stop, HEAD), min(stop, HEAD)
    start = text.read(0, head)
    log = new_id(start, taken)
    end = digest(text.read(stop - tail, stop))
    return Slice(log, item.object.key, 0, stop, digest(start), head, end, tail, item.format, next_header=reader.header)


def before_slices(item: LoadedObject, first: Slice) -> Slice:
    """The slice that a whole object is of a log whose next slice is `first`. It has no tail."""
    return dataclasses.replace(
        first,
        file=item.object.key,
        start=0,
        stop=first.start,
        tail=_EMPTY,
        tail_size=0,
        header="",
        next_header="",
        pieces=(),
    )


def without_compression(key: str) -> str:
    """The key that a log had before it was compressed, or would have."""
    return _COMPRESSED.sub("", key)


def _line_stop(text: LogText, size: int, encoding: str | None) -> int:
    """Where the line ends that a whole object ends with: at its end, or behind a line end that came later; else 0."""
    ends = line_end(text.read(0, HEAD), encoding)
    if text.read(max(size - len(ends), 0), size) == ends or size == text.size:
        return size
    for end in (ends, ends.replace(b"\n", b"\r") + ends):
        if text.read(size, size + len(end)) == end:
            return size + len(end)
    return 0


class _Reader:
    """Hashes a text, and keeps the header for what comes next."""

    def __init__(self, log_format: str, encoding: str | None) -> None:
        self._format, self._encoding = log_format, encoding
        self._hash = hashlib.sha256()
        self.header = ""

    def read(self, blocks: Iterator[bytes]) -> str:
        """Read it all; returns the digest, in hex."""
        headers, first = HeaderLines(), b""
        for block in whole_lines(unmarked(as_utf8(self._hashed(blocks), self._encoding))):
            cleaned = tidy(block)
            first = first or cleaned[: cleaned.find(b"\n") + 1]
            headers.add(cleaned)
        self.header = first.decode("utf-8", "backslashreplace") if self._format == "csv" else headers.text
        return self._hash.hexdigest()

    def _hashed(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._hash.update(block)
            yield block


@dataclass(slots=True)
class WholeObjects:
    """What was loaded of a source, with the objects that were loaded whole as slices of its logs.

    So a site goes on where it was when the day is taken out of its URL. A file is compared once with the object of its
    name: `memory` is a file that remembers what came of it.
    """

    memory: Path
    loaded: list[LoadedObject]
    encoding: str | None
    _remembered: dict[str, dict[str, Any]] = field(default_factory=dict, init=False)
    _open: list[LoadedObject] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        whole = [item for item in self.loaded if item.object.slice is None and item.object.size]
        self._remembered = read_json_cache(self.memory) if whole else {}
        known = [item for item in self.loaded if item.object.slice is not None]
        for item in whole:
            part = _slice(self._remembered.get(item.object_id))
            if part is None:
                self._open.append(item)
            else:
                known.append(_with(item, part))
        self.loaded = known

    def add(self, files: Iterable[LogFile], fetch: Callable[[SourceObject], Path]) -> None:
        """Find those that are in one of these files, and add them to `loaded`. `fetch` gets a whole file.

        Raises:
            StepError: a file cannot be read.
        """
        if not self._open:
            return
        before = dict(self._remembered)
        by_name: dict[str, list[LogFile]] = {}
        for file in files:
            by_name.setdefault(without_compression(file.object.name), []).append(file)
        for item in self._open:
            for file in by_name.get(without_compression(item.object.name), ()):
                compared = f"{item.object_id} {file.object.key} {file.object.version}"
                if compared in self._remembered:
                    continue
                part = self._part(item, file, fetch)
                self._remembered[compared if part is None else item.object_id] = _fields(part)
                if part is not None:
                    self.loaded.append(_with(item, part))
                    break
        if self._remembered != before:
            write_json_cache(self.memory, self._remembered)

    def _part(self, item: LoadedObject, file: LogFile, fetch: Callable[[SourceObject], Path]) -> Slice | None:
        """The slice that an object is of a file's text, and of the log that slices after it are of."""
        key, taken = item.object.key, {each.object.slice.log for each in self.loaded if each.object.slice}
        if without_compression(key) == key:
            part = as_slice(item, file.text, taken, self.encoding)
        else:
            is_same = (item.object.size, item.object.version) == (file.object.size, file.object.version)
            if not is_same and (item.object.size != file.object.size or sha256(fetch(file.object)) != item.content):
                return None
            part = _whole_text(item, file.text, taken, self.encoding)
        after = [
            each.object.slice
            for each in self.loaded
            if each.object.slice and each.object.key == f"{key}@{each.object.slice.log}+{each.object.slice.start}"
        ]
        first = min(after, key=lambda each: each.start, default=None)
        return part if part is None or first is None else dataclasses.replace(part, log=first.log)


def _whole_text(item: LoadedObject, text: LogText, taken: Collection[str], encoding: str | None) -> Slice | None:
    of_text = dataclasses.replace(item.object, size=text.size)
    return as_slice(
        dataclasses.replace(item, object=of_text, content=digest_of(text.blocks(0, text.size))), text, taken, encoding
    )


def _with(item: LoadedObject, part: Slice) -> LoadedObject:
    return dataclasses.replace(item, object=dataclasses.replace(item.object, slice=part))


def _slice(fields: Mapping[str, Any] | None) -> Slice | None:
    try:
        return Slice(**fields) if fields else None
    except TypeError:  # of another mtc
        return None


def _fields(part: Slice | None) -> dict[str, Any]:
    return {} if part is None else {name: value for name, value in dataclasses.asdict(part).items() if value != ()}
