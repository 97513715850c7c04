"""Which ranges of a bucket to list where globs stand before the date: one level of folders at a time. No I/O.

`AWSLogs/*/elb/{date:%Y/%m/%d}/*.gz` has no prefix of a day but `AWSLogs/`, which the keys of all years share. So the
folders that the glob stands for are listed first, and each of them gives the days a long prefix.
"""

import datetime as dt
import functools
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from mtc.sources import url_template
from mtc.sources.list_ranges import ListRange, plan_ranges
from mtc.sources.url_pattern import DEEP, SourceUrl, is_settled, regex_of
from mtc.sources.url_template import Atom, Directive, Text

Folders = Callable[[str], Iterator[str]]
"""Gives the folders whose paths, with a slash at the end, begin with a text and have no further slash."""


@dataclass(frozen=True, slots=True)
class DayIndex:
    """Some days, indexed by how the directives of a date write them."""

    days: frozenset[dt.date]
    _spelled: dict[tuple[str, ...], dict[tuple[str, ...], set[dt.date]]] = field(default_factory=dict)

    def spelled(self, values: Mapping[str, str]) -> Collection[dt.date]:
        """The days that these directives write with these values."""
        codes = tuple(sorted(values))
        if codes not in self._spelled:
            table = self._spelled.setdefault(codes, {})
            for day in self.days:
                table.setdefault(tuple(url_template.format_directive(code, day) for code in codes), set()).add(day)
        return self._spelled[codes].get(tuple(values[code] for code in codes), ())

    def below(self, pattern: SourceUrl, folder: str) -> Collection[dt.date]:
        """The days whose keys may lie below a folder (without a slash at its end), as far as its names show."""
        pieces = pattern.pieces[: min(folder.count("/") + 1, len(pattern.pieces) - 1)]
        if DEEP in pieces:
            pieces = pieces[: pieces.index(DEEP)]
        if not pieces:
            return self.days
        names = "/".join(folder.split("/", len(pieces))[: len(pieces)])
        match = _regex(pieces).fullmatch(names)
        return () if match is None else self.spelled(match.groupdict())


def ranges(pattern: SourceUrl, days: Collection[dt.date], folders: Folders) -> tuple[ListRange, ...]:
    """Plan the listing of some days. `folders` is asked for each level of globs before the date."""
    return tuple(_Levels(pattern, DayIndex(frozenset(days)), folders).below("", 0, frozenset(days)))


@dataclass(frozen=True, slots=True)
class _Levels:
    pattern: SourceUrl
    index: DayIndex
    folders: Folders

    def below(self, folder: str, piece: int, days: frozenset[dt.date]) -> Iterator[ListRange]:
        """The ranges below a folder that stands for the pieces before `piece`, for the days that it may hold."""
        level = self._globbed(piece)
        if level is None:
            texts = {day: folder + _text(self.pattern.fixed(piece), day) for day in days}
            codes = tuple(atom.code for atom in self.pattern.fixed(piece) if isinstance(atom, Directive))
            yield from plan_ranges(texts, in_order=url_template.sort_as_dates(codes))
            return
        starts: dict[str, set[dt.date]] = {}
        for day in days:
            starts.setdefault(folder + _text(self.pattern.fixed(piece), day), set()).add(day)
        for start, days_there in sorted(starts.items()):
            for found in self.folders(start):
                if days_below := days_there.intersection(self.index.below(self.pattern, found.removesuffix("/"))):
                    yield from self.below(found, level + 1, frozenset(days_below))

    def _globbed(self, index: int) -> int | None:
        """The first level of globs from `index` on that stands before the date, or in its folder, if there is one."""
        pieces = self.pattern.pieces
        level = next((at for at in range(index, len(pieces) - 1) if not is_settled(pieces[at])), None)
        if level is None or pieces[level] == DEEP:
            return None
        return level if any(_is_dated(piece) for piece in pieces[level:]) else None


def _is_dated(piece: tuple[Atom, ...]) -> bool:
    return any(isinstance(atom, Directive) and atom.code not in url_template.TIME_CODES for atom in piece)


def _text(atoms: Iterator[Text | Directive], day: dt.date) -> str:
    return "".join(
        atom.text if isinstance(atom, Text) else url_template.format_directive(atom.code, day) for atom in atoms
    )


@functools.lru_cache(maxsize=64)
def _regex(pieces: tuple[tuple[Atom, ...], ...]) -> re.Pattern[str]:
    return re.compile(regex_of(pieces), re.DOTALL)
