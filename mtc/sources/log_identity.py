"""Which log a file holds: growing logs are known again after they were renamed, copied, cut or compressed.

A log is known by its text, never by its name, inode or time: by its first bytes, and by the bytes before the place up
to which it was read. So a file is

- a known log, grown or not, whatever it is called now;
- a copy of one that another file holds as well, as far as it goes;
- a shorter piece of one, as while it is being copied;
- a known log whose text was changed before that place;
- or a new log.

Limits: two logs that are equal from their first byte to their last count as one until one of them continues
differently; a log that is changed in its first bytes is another one.
"""

import hashlib
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from mtc.core.model import Slice, SourceObject
from mtc.sources.log_text import HEAD, LogText

_ID_LENGTH = 8

LINE_DIGITS = 16
"""How many digits each digest in `Slice.first_lines` has."""


@dataclass(frozen=True, slots=True)
class KnownLog:
    """What was read of a log: its slices, in order, and the one that ends last. A forgotten step leaves a gap."""

    id: str
    slices: tuple[Slice, ...]
    last: Slice

    @property
    def stop(self) -> int:
        """Up to where it was read."""
        return self.last.stop

    @property
    def file(self) -> str:
        """The key of the file that it was last read from."""
        return self.last.file

    def gaps(self) -> Iterator[tuple[int, int]]:
        """The ranges before `stop` that no slice has."""
        at = 0
        for each in self.slices:
            if each.start > at:
                yield at, each.start
            at = max(at, each.stop)


def known_logs(slices: Iterable[Slice]) -> Mapping[str, KnownLog]:
    """The logs that these slices are of, by id."""
    by_log: dict[str, list[Slice]] = {}
    for each in slices:
        if each.start < each.stop:
            by_log.setdefault(each.log, []).append(each)
    return {
        log: KnownLog(log, tuple(sorted(parts, key=_start)), max(parts, key=_stop)) for log, parts in by_log.items()
    }


def _start(part: Slice) -> int:
    return part.start


def _stop(part: Slice) -> int:
    return part.stop


class Sighting(Enum):
    """How a file holds a log."""

    NEW = auto()
    KNOWN = auto()
    COPY = auto()
    SHORTER = auto()
    CHANGED = auto()


@dataclass(frozen=True, slots=True)
class Identified:
    """A file, the id of the log that it holds, and how. The first file of a log is the one to read it from."""

    key: str
    log: str
    sighting: Sighting


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file of a source as it is now: its listing, and its text."""

    object: SourceObject
    text: LogText

    @property
    def key(self) -> str:
        """The file's key."""
        return self.object.key


def digest(data: bytes) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(data).hexdigest()


def line_ends(head: bytes, start: int) -> Iterator[str]:
    """Digests of a text up to each of its line ends behind `start`, and up to its end. `head` is its beginning."""
    value, at = hashlib.sha256(head[:start]), start
    while at < len(head):
        end = head.find(b"\n", at) + 1 or len(head)
        value.update(head[at:end])
        yield value.hexdigest()[:LINE_DIGITS]
        at = end


def identify(
    files: Sequence[LogFile], known: Mapping[str, KnownLog], elsewhere: Collection[str] = ()
) -> list[Identified]:
    """Tell which log each file holds; the longest file of a log comes before its copies.

    Costs two short reads of each plain file. `known` are the logs that were read before, `elsewhere` those of them that
    are whole in other files.
    """
    names = {log.file for log in known.values()}
    order = sorted(files, key=lambda file: (-file.text.size, file.text.is_final, file.key not in names, file.key))
    matcher = _Matcher(known, elsewhere)
    return [matcher.identify(file) for file in order]


class _Matcher:
    """The logs that are known or were found in this look, and the file that each is read from.

    Logs are looked up by how they begin, so that a file is compared with few of them, however many there are.
    """

    def __init__(self, known: Mapping[str, KnownLog], elsewhere: Collection[str]) -> None:
        self._known = known
        self._elsewhere = elsewhere
        self._held: dict[str, LogFile] = {}
        self._by_head: dict[tuple[int, str], set[str]] = {}
        self._by_lines: dict[str, set[str]] = {}
        for log in known.values():
            self._by_head.setdefault((log.last.head_size, log.last.head), set()).add(log.id)
            for each in log.slices:
                for at in range(0, len(each.first_lines), LINE_DIGITS):
                    self._by_lines.setdefault(each.first_lines[at : at + LINE_DIGITS], set()).add(log.id)
        self._head_sizes = {size for size, _ in self._by_head}
        self._heads: dict[str, bytes] = {}

    def identify(self, file: LogFile) -> Identified:
        head = file.text.read(0, HEAD)
        alike = self._alike(head)
        found = max(self._matches(file, alike), default=None)
        if found is not None:
            log, is_first = found[-1], found[-1] not in self._held
            sighting = Sighting.KNOWN if is_first else Sighting.COPY
        else:
            sighting, log = self._weak_match(file, alike) or (Sighting.NEW, new_id(head, {*self._known, *self._held}))
        if log not in self._held:
            self._held[log], self._heads[log] = file, head
        return Identified(file.key, log, sighting)

    def _alike(self, head: bytes) -> set[str]:
        """The logs that a file with this head may hold: those that begin so, as far as both go."""
        sizes = [size for size in self._head_sizes if size <= len(head)]
        alike = set[str]().union(*(self._by_head.get((size, digest(head[:size])), ()) for size in sizes))
        if len(head) < HEAD:  # a copy of a piece of the beginning: as far as it has whole lines
            lines = head[: head.rfind(b"\n") + 1]
            alike |= self._by_lines.get(digest(lines)[:LINE_DIGITS], set()) if lines else set()
        return alike | {log for log, other in self._heads.items() if other.startswith(head)}

    def _matches(self, file: LogFile, alike: Iterable[str]) -> Iterator[tuple[int, bool, str]]:
        """The logs that a file holds as far as it goes: how far they were read, whether the name is theirs, the id."""
        for log in alike:
            known, held = self._known.get(log), self._held.get(log)
            stop = known.stop if known else 0
            if known and file.text.size >= stop and not holds(file.text, known.last):
                continue
            if held is None and file.text.size < stop:
                continue
            if held is None or _ends_alike(file.text, held.text):
                yield stop, known is not None and known.file == file.key, log

    def _weak_match(self, file: LogFile, alike: Iterable[str]) -> tuple[Sighting, str] | None:
        """The known log, in no longer file, that the file is a shorter piece of, or was before it changed."""
        for log in sorted(alike):
            known = self._known.get(log)
            if known is None or log in self._held:
                continue
            if file.text.size < known.stop:
                return Sighting.COPY if log in self._elsewhere else Sighting.SHORTER, log
            if known.last.head_size >= HEAD and log not in self._elsewhere:
                return Sighting.CHANGED, log
        return None


def new_id(head: bytes, taken: Collection[str]) -> str:
    """The id of a log that begins so: a digest, with a number where another log begins in the same way."""
    name = digest(head)[:_ID_LENGTH]
    ids = itertools.chain((name,), (f"{name}-{number}" for number in itertools.count(2)))
    return next(log for log in ids if log not in taken)


def holds(text: LogText, part: Slice) -> bool:
    """Whether a text begins as the slice's log does, and has at the slice's end what the slice has."""
    return (
        text.size >= part.stop
        and digest(text.read(0, part.head_size)) == part.head
        and digest(text.read(part.stop - part.tail_size, part.stop)) == part.tail
    )


def _ends_alike(shorter: LogText, longer: LogText) -> bool:
    """Whether two texts are equal at their beginning and at the end of the shorter one."""
    size = shorter.size
    if shorter.read(0, HEAD) != longer.read(0, min(HEAD, size)):
        return False
    return shorter.read(max(size - HEAD, 0), size) == longer.read(max(size - HEAD, 0), size)
