"""What a look at growing logs finds: the slices that were loaded before, and what is new of each log.

A slice ends with a line. What follows the last line's end is left for the next look, unless nothing more can come: the
file is compressed, or was not written to for as long as a source takes to settle.
"""

import codecs
import dataclasses
import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from mtc.core.model import LoadedObject, Slice, SourceObject
from mtc.formats.compression import bom_encoding
from mtc.sources.log_identity import Identified, KnownLog, LogFile, Sighting, digest, identify, known_logs, line_ends
from mtc.sources.log_text import HEAD, LogText
from mtc.sources.merged_slices import bounds, merged_content, slice_etag

MOST = 128 << 20
"""How many bytes of text a slice has at most: it is copied into the spool, and loaded from there in one piece."""

_BLOCK = 64 << 10
_REPLACED = "replaced"

BEING_WRITTEN = dt.timedelta(minutes=10)
"""How long after the last write a file is taken for one that is being written."""

Seen = tuple[str, int]
"""What an earlier look found in a file: the id of the log, and how many bytes of its text the file has."""


@dataclass(slots=True)
class Look:
    """What a look found.

    `loaded` are the slices of the logs that are there still, as they were loaded, by key. `new` are those to load, in
    order of their logs. `changed` are loaded slices, by key, whose text is another now, to be loaded again.
    `files` names the file that each log is in, `seen` what is in each file. `notes` are for people.
    """

    loaded: dict[str, SourceObject] = field(default_factory=dict)
    new: list[SourceObject] = field(default_factory=list)
    changed: dict[str, SourceObject] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def look(
    files: Sequence[LogFile],
    loaded: Sequence[LoadedObject],
    now: dt.datetime,
    *,
    settle: dt.timedelta,
    encoding: str | None = None,
    unchanged: Mapping[str, Seen] = MappingProxyType({}),
    most: int = MOST,
) -> Look:
    """Compare the files of a source with what was loaded of its logs.

    Args:
        files: the files that are there, without those that are `unchanged`; empty ones may be left out.
        loaded: the slices that were loaded, of all days.
        now: the time of the look, with a zone.
        settle: how long after the last write a line without an end counts as a whole one.
        encoding: that of the text where no byte order mark says another; None is UTF-8.
        unchanged: files, by key, that are as an earlier look found them, and of which all was loaded.
        most: how many bytes a slice may have.
    """
    by_log: dict[str, list[LoadedObject]] = {}
    for item in loaded:
        if item.object.slice is not None:
            by_log.setdefault(item.object.slice.log, []).append(item)
    known = known_logs(item.object.slice for item in loaded if item.object.slice is not None)
    latest = max(
        (item for items in by_log.values() for item in items), key=lambda item: item.object.modified, default=None
    )
    by_key = {file.object.key: file for file in files}
    elsewhere = {log_id for log_id, _ in unchanged.values()}
    seen = identify([file for file in files if file.text.size], known, elsewhere)
    found = Look(seen=dict(unchanged))
    for key, (log_id, size) in unchanged.items():
        found.files.setdefault(log_id, key)
        found.loaded |= {item.object.key: item.object for item in by_log.get(log_id, ()) if _ends_by(item, size)}
    for each in seen:
        file, log = by_key[each.key], known.get(each.log)
        found.seen[each.key] = (each.log, file.text.size)
        if each.sighting is Sighting.COPY:
            continue
        found.files[each.log] = each.key
        is_over = file.text.is_final or now - file.object.modified_at >= settle
        items = by_log.get(each.log, [])
        ends = line_end(file.text.read(0, HEAD), encoding)
        cutter = _Cutter(file.object, file.text, each.log, ends, most, items, latest.format if latest else "")
        if each.sighting is Sighting.CHANGED:
            found.changed |= _changed(items, cutter, is_over=is_over)
        there = {item.object.key: item.object for item in items if _ends_by(item, file.text.size)}
        found.loaded |= {key: item for key, item in there.items() if key not in found.changed}
        found.notes += _notes(each, log, file.text)
        if each.sighting in {Sighting.NEW, Sighting.KNOWN}:
            for start, stop in log.gaps() if log else ():
                found.new += cutter.between(start, stop)
            found.new += cutter.slices(log.stop if log else 0, is_over=is_over)
    return found


def line_end(head: bytes, encoding: str | None) -> bytes:
    """What a line of a text that begins with `head` ends with: a line feed, of as many bytes as its encoding has."""
    name = bom_encoding(head) or encoding or "utf-8"
    mark = next((bom for bom in _MARKS if head.startswith(bom)), b"")
    if name in {"utf-16", "utf-32"}:
        name += "-be" if mark in {codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE} else "-le"
    try:
        return "\n".encode(name)
    except (LookupError, UnicodeError):
        return b"\n"


_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF8)


def mark_of(head: bytes) -> bytes:
    """The byte order mark that a text begins with, if any."""
    return next((bom for bom in _MARKS if head.startswith(bom)), b"")


@dataclass(frozen=True, slots=True)
class _Cutter:
    """Cuts what is new of a log into slices.

    `line_end` is what its lines end with, `loaded` what was loaded of it, `format` that of the site's last slice.
    """

    file: SourceObject
    text: LogText
    log: str
    line_end: bytes
    most: int
    loaded: Sequence[LoadedObject]
    format: str

    def slices(self, start: int, *, is_over: bool) -> Iterator[SourceObject]:
        """The slices from `start` on; none where no whole line has come."""
        return self.between(start, self.text.size if is_over else self.last_line_end(start, self.text.size))

    def between(self, start: int, end: int) -> Iterator[SourceObject]:
        """The slices of the lines from `start` to before `end`; a whole compressed text is one and stays compressed."""
        most = end if self.text.is_final and (start, end) == (0, self.text.size) else self.most
        while start < end:
            stop = end if end - start <= most else self.last_line_end(start, start + most) or end
            yield self.object(f"{self.file.key}@{self.log}+{start}", start, stop)
            start = stop

    def last_line_end(self, start: int, stop: int) -> int:
        """The place behind the last line end between two places; 0 if there is none."""
        width = len(self.line_end)
        stop -= (stop - start) % width
        while stop > start:
            begin = max(start, stop - _BLOCK)
            block = self.text.read(begin, stop)
            at = block.rfind(self.line_end)
            while at >= 0 and at % width:
                at = block.rfind(self.line_end, 0, at + width - 1)
            if at >= 0:
                return begin + at + width
            stop = begin
        return 0

    def object(self, key: str, start: int, stop: int) -> SourceObject:
        """The slice between two places, as an object of the source."""
        size = min(stop, HEAD)
        first = self.text.read(0, size)
        head, tail, lines = digest(first), digest(self.text.read(stop - size, stop)), "".join(line_ends(first, start))
        before = self._before(start)
        header = before.object.slice.next_header if before and before.object.slice else ""
        log_format = before.format if before else self.format
        since = before.object.modified if before else 0
        at = (self.log, self.file.key, start, stop)
        part = Slice(*at, head, size, tail, size, log_format, header, since=since, first_lines=lines)
        return SourceObject(key, stop - start, slice_etag(part), self.file.modified, part)

    def _before(self, start: int) -> LoadedObject | None:
        """The loaded slice that ends where this one begins."""
        return next((item for item in self.loaded if item.object.slice and item.object.slice.stop == start), None)


def _ends_by(item: LoadedObject, size: int) -> bool:
    """Whether a loaded slice could be read again from a file whose text has this size."""
    return item.object.slice is not None and item.object.slice.stop <= size


def is_loaded(seen: Seen, loaded: Mapping[str, KnownLog]) -> bool:
    """Whether all was loaded of what an earlier look found in a file."""
    log, size = seen
    return log in loaded and loaded[log].stop >= size and not any(loaded[log].gaps())


def _changed(loaded: Sequence[LoadedObject], cutter: _Cutter, *, is_over: bool) -> dict[str, SourceObject]:
    """The loaded slices whose text is another now: the first of them has all from there on, the others nothing."""
    found: dict[str, SourceObject] = {}
    for item in sorted(loaded, key=lambda each: each.object.slice.start if each.object.slice else 0):
        part = item.object.slice
        if part is None or (not found and _digest(cutter.text, part) == item.content):
            continue
        if not found:
            stop = cutter.text.size if is_over else cutter.last_line_end(part.start, cutter.text.size)
            found[item.object.key] = cutter.object(item.object.key, part.start, max(stop, part.start))
        else:
            found[item.object.key] = emptied(item.object)
    return found


def emptied(obj: SourceObject) -> SourceObject:
    """A slice of which nothing is left; a whole object as it is."""
    if (part := obj.slice) is None:
        return obj
    empty = dataclasses.replace(part, stop=part.start, pieces=())
    return SourceObject(obj.key, 0, _REPLACED, obj.modified, empty)


def _digest(text: LogText, part: Slice) -> str:
    """The digest of a slice as it was fetched, piece by piece if it was merged."""
    mark = mark_of(text.read(0, HEAD))
    return merged_content(digest_of(text.blocks(start, stop), mark if start else b"") for start, stop in bounds(part))


def digest_of(blocks: Iterable[bytes], before: bytes = b"") -> str:
    """SHA-256, hex, of bytes that come in blocks, with others before them."""
    value = hashlib.sha256(before)
    for block in blocks:
        value.update(block)
    return value.hexdigest()


def _notes(each: Identified, log: KnownLog | None, text: LogText) -> Iterator[str]:
    if log is None:
        return
    if each.sighting is Sighting.SHORTER:
        yield (
            f"{each.key} is shorter than what was read of it ({text.size:,} of {log.stop:,} bytes): "
            "what was read stays, and what is new counts when it is longer again"
        )
    elif each.sighting is Sighting.CHANGED:
        yield f"{each.key} was changed in what had been read of it"


DayOf = Callable[[SourceObject], dt.date]


def by_day(
    found: Look, loaded: Mapping[dt.date, Sequence[LoadedObject]], day_of: DayOf
) -> dict[dt.date, tuple[SourceObject, ...]]:
    """The objects of each day: those that were loaded for it, and new ones as `day_of` says."""
    days: dict[dt.date, list[SourceObject]] = {}
    for day, items in loaded.items():
        for item in items:
            now = found.changed.get(item.object.key) or found.loaded.get(item.object.key)
            if now is not None:
                days.setdefault(day, []).append(now)
    for new in found.new:
        days.setdefault(day_of(new), []).append(new)
    return {day: tuple(sorted(objects)) for day, objects in sorted(days.items())}
