"""What to list for some days, so that few requests are made and few keys of other days are read. No I/O.

Without a glob before the date, each day has a long prefix, and runs of days are ranges of keys. With one, as in
`AWSLogs/*/elb/{date:%Y/%m/%d}/*.gz`, the only prefix is `AWSLogs/`, which the keys of all years share. So the folders
that match the glob are listed first, level by level, and each of them gives the days a long prefix.
"""

import datetime as dt
import functools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mtc.sources import url_template
from mtc.sources.url_pattern import DEEP, SourceUrl, is_fixed, regex_of
from mtc.sources.url_template import Atom, Directive, Text

_NEAR_DAYS = dt.timedelta(days=3)
_MAX_RANGES = 62
_LAST_KEY = "~~~~"

Folders = Callable[[str], Iterator[str]]
"""Lists the folders, as paths that end with a slash, that begin with a text and have no further slash after it."""


@dataclass(frozen=True, slots=True, order=True)
class ListRange:
    """Keys that begin with `prefix`, sort after `start_after`, and not after the keys that begin with `stop`.

    An empty text is no bound. S3 lists keys in the order of their UTF-8 bytes, which is that of code points.
    """

    prefix: str
    start_after: str = ""
    stop: str = ""

    def is_past(self, key: str) -> bool:
        """Whether a sorted listing that has reached `key` is past this range."""
        return bool(self.stop) and key[: len(self.stop)] > self.stop

    def holds(self, key: str) -> bool:
        """Whether `key` lies in this range."""
        return key.startswith(self.prefix) and key > self.start_after and not self.is_past(key)

    def may_hold_below(self, folder: str) -> bool:
        """Whether this range may hold a key below `folder`, which ends with a slash."""
        if not (folder.startswith(self.prefix) or self.prefix.startswith(folder)):
            return False
        before = folder < self.start_after and not self.start_after.startswith(folder)
        return not before and not (bool(self.stop) and folder[: len(self.stop)] > self.stop[: len(folder)])


def plan_ranges(
    days: Collection[dt.date], prefix: Callable[[dt.date], str], *, in_order: bool
) -> tuple[ListRange, ...]:
    """The ranges for some days. `prefix` gives the longest known prefix of a day's keys.

    With `in_order` the prefixes sort as their days do, and days close together are one range with bounds on both
    sides. Without it each prefix is a range, and very many are replaced by their common prefix.
    """
    if in_order:
        return tuple(_range(prefix(first), prefix(last)) for first, last in _runs(sorted(days), prefix))
    distinct = sorted(set(map(prefix, days)))
    if len(distinct) > _MAX_RANGES:
        return (ListRange(_common_prefix(distinct[0], distinct[-1])),)
    return tuple(ListRange(prefix) for prefix in distinct)


def _runs(days: Iterable[dt.date], prefix: Callable[[dt.date], str]) -> Iterator[tuple[dt.date, dt.date]]:
    """First and last of days that share a prefix, or are so close that reading on costs less than another request."""
    first: dt.date | None = None
    last = dt.date.min
    for day in days:
        if first is not None and day - last > _NEAR_DAYS and prefix(day) != prefix(last):
            yield first, last
            first = None
        first, last = first or day, day
    if first is not None:
        yield first, last


def _range(first: str, last: str) -> ListRange:
    if first == last:
        return ListRange(first)
    return ListRange(_common_prefix(first, last), _key_before(first), last)


def _key_before(prefix: str) -> str:
    """A key that sorts before all keys that begin with `prefix`, and after nearly all earlier keys."""
    return f"{prefix[:-1]}{chr(ord(prefix[-1]) - 1)}{_LAST_KEY}"


def _common_prefix(first: str, last: str) -> str:
    """The common prefix of two texts, and of all that sort between them."""
    length = next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), None)
    return first[:length] if length is not None else min(first, last, key=len)


@dataclass(frozen=True, slots=True)
class DayIndex:
    """Some days, indexed by their texts in the directives of a date."""

    days: frozenset[dt.date]
    _by_texts: dict[tuple[str, ...], dict[tuple[str, ...], set[dt.date]]] = field(default_factory=dict)

    def matching(self, values: Mapping[str, str]) -> Collection[dt.date]:
        """The days for which these directives give these texts."""
        codes = tuple(sorted(values))
        if codes not in self._by_texts:
            table = self._by_texts.setdefault(codes, {})
            for day in self.days:
                table.setdefault(tuple(url_template.format_directive(code, day) for code in codes), set()).add(day)
        return self._by_texts[codes].get(tuple(values[code] for code in codes), ())

    def below(self, pattern: SourceUrl, folder: str) -> Collection[dt.date]:
        """The days whose keys may be below a folder (without a slash at its end), judged by the folder's path."""
        pieces = pattern.pieces[: min(folder.count("/") + 1, len(pattern.pieces) - 1)]
        if DEEP in pieces:
            pieces = pieces[: pieces.index(DEEP)]
        if not pieces:
            return self.days
        names = "/".join(folder.split("/", len(pieces))[: len(pieces)])
        match = _regex(pieces).fullmatch(names)
        return () if match is None else self.matching(match.groupdict())


def list_ranges(pattern: SourceUrl, days: Collection[dt.date], folders: Folders | None = None) -> tuple[ListRange, ...]:
    """The ranges of keys to list for some days.

    `folders` is called for each level of globs before the date; without it, what stands before the first glob is the
    prefix.
    """
    if folders is None:
        return tuple(_ranges_of(pattern, 0, "", days))
    return tuple(_LevelPlanner(pattern, DayIndex(frozenset(days)), folders).below("", 0, frozenset(days)))


@dataclass(frozen=True, slots=True)
class _LevelPlanner:
    """Lists the folders that match globs, one level at a time."""

    pattern: SourceUrl
    index: DayIndex
    folders: Folders

    def below(self, folder: str, piece: int, days: frozenset[dt.date]) -> Iterator[ListRange]:
        """The ranges below a folder that matches the pieces before `piece`, for the days that it may hold."""
        level = self._next_glob(piece)
        if level is None:
            yield from _ranges_of(self.pattern, piece, folder, days)
            return
        starts: dict[str, set[dt.date]] = {}
        for day in days:
            starts.setdefault(folder + _text(self.pattern.fixed(piece), day), set()).add(day)
        for start, days_of_start in sorted(starts.items()):
            for found in self.folders(start):
                if days_below := days_of_start.intersection(self.index.below(self.pattern, found.removesuffix("/"))):
                    yield from self.below(found, level + 1, frozenset(days_below))

    def _next_glob(self, index: int) -> int | None:
        """The first piece from `index` on that has a glob, before the date or in its folder; None without one."""
        pieces = self.pattern.pieces
        level = next((at for at in range(index, len(pieces) - 1) if not is_fixed(pieces[at])), None)
        if level is None or pieces[level] == DEEP:
            return None
        return level if any(_is_dated(piece) for piece in pieces[level:]) else None


def _ranges_of(pattern: SourceUrl, piece: int, folder: str, days: Collection[dt.date]) -> tuple[ListRange, ...]:
    """The ranges below a folder that matches the pieces before `piece`, by what is fixed from there on."""
    fixed = tuple(pattern.fixed(piece))
    codes = tuple(atom.code for atom in fixed if isinstance(atom, Directive))
    in_order = url_template.sort_as_dates(codes)
    return plan_ranges(days, lambda day: folder + _text(fixed, day), in_order=in_order)


def _is_dated(piece: tuple[Atom, ...]) -> bool:
    return any(isinstance(atom, Directive) and atom.code not in url_template.TIME_CODES for atom in piece)


def _text(atoms: Iterable[Text | Directive], day: dt.date) -> str:
    return "".join(
        atom.text if isinstance(atom, Text) else url_template.format_directive(atom.code, day) for atom in atoms
    )


@functools.lru_cache(maxsize=64)
def _regex(pieces: tuple[tuple[Atom, ...], ...]) -> re.Pattern[str]:
    return re.compile(regex_of(pieces), re.DOTALL)
