"""Keys that nearly fit a source's URL: logs of a requested day with another ending or date format. No I/O.

Other files beside logs (lists, checksums, files of other programs) are expected, and get no note.
"""

import datetime as dt
import functools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from mtc.core.sanitize import printable
from mtc.sources import url_template
from mtc.sources.url_pattern import DEEP, SourceUrl, between_stars, regex_of, stars_regex
from mtc.sources.url_template import Atom, Directive, Glob, Text

_SPELLINGS = (
    *("%Y-%m-%d", "%Y%m%d", "%Y_%m_%d", "%Y.%m.%d", "%d-%m-%Y", "%d.%m.%Y", "%d%m%Y", "%d_%m_%Y"),
    *("%d-%b-%Y", "%d%b%Y", "%b-%d-%Y", "%m-%d-%Y", "%m%d%Y", "%y-%m-%d", "%y%m%d", "%Y-%j", "%Y%j"),
)
_ANY: tuple[Atom, ...] = (Glob("*"),)
_LENGTHS = range(6, 12)
_MAY_BEGIN = re.compile(r"(?<![0-9])[0-9]|(?<![A-Za-z])[A-Za-z](?=[a-z]{2}-)")
_PACKED = frozenset(("gz", "bz2", "xz", "zst", "zip", "tar", "tgz", "7z", "lz4", "lzma", "z", "br", "snappy"))
_LOGS = _PACKED | frozenset(("log", "txt", "json", "jsonl", "ndjson", "csv", "tsv", "parquet"))
_PACKED_ENDING = re.compile(rf"(?:\.(?:{'|'.join(sorted(_PACKED))}))+\Z", re.IGNORECASE)


@dataclass(frozen=True)
class NearMisses:
    """Finds, among the keys of a listing that do not fit the URL, those that look like a log of the requested days.

    `name` matches a key's last piece with any ending; where it has a date, two patterns match what is before and after
    the date.
    """

    pattern: SourceUrl
    folders: re.Pattern[str]
    name: tuple[re.Pattern[str], ...]
    days: frozenset[dt.date]

    @classmethod
    def of(cls, pattern: SourceUrl, days: Collection[dt.date]) -> "NearMisses":
        """For a source's URL and the requested days."""
        *folders, name = pattern.pieces
        distinct = _without_repeats(folders)
        front = "".join(f"{regex_of((piece,))}/" if piece != DEEP else "(?:[^/]+/)*" for piece in distinct)
        return cls(pattern, re.compile(front, re.DOTALL), tuple(_loosened(name)), frozenset(days))

    @functools.cached_property
    def spelled(self) -> frozenset[str]:
        """The days in all date formats. Most listings have nothing that they would have to be looked up for."""
        return frozenset(text for day in self.days for text in _spell(day))

    def matches(self, key: str) -> bool:
        """Whether a key that does not fit the URL looks like a log of one of the days."""
        folder, slash, name = key.rpartition("/")
        match = self.folders.fullmatch(folder + slash)
        if match is None or not _is_like_a_log(name):
            return False
        values = match.groupdict()
        if values and url_template.names_a_day(frozenset(values)) and url_template.parse_day(values) not in self.days:
            return False
        return self._is_named(name)

    def _is_named(self, name: str) -> bool:
        if len(self.name) == 1:
            return self.name[0].fullmatch(name) is not None
        before, after = self.name
        return any(before.fullmatch(name[:begin]) and after.fullmatch(name[end:]) for begin, end in self._dates(name))

    def _dates(self, name: str) -> Iterator[tuple[int, int]]:
        """Begin and end of each of the days in a name, in any date format."""
        for start in _MAY_BEGIN.finditer(name):
            for length in _LENGTHS:
                if name[start.start() : start.start() + length].lower() in self.spelled:
                    yield start.start(), start.start() + length

    def notes(self, keys: Collection[str], listed: Collection[str]) -> Iterator[str]:
        """A note for each of these keys, except where the same log is `listed` with another ending."""
        logs = {_unpacked(key) for key in listed}
        for key in sorted(keys):
            if _unpacked(key) not in logs:
                yield f"{printable(key)} is skipped: its name does not fit {self.pattern.url}"


def _spell(day: dt.date) -> Iterator[str]:
    for spelling in _SPELLINGS:
        codes = re.split("%(.)", spelling)
        yield "".join(
            url_template.format_directive(part, day) if index % 2 else part for index, part in enumerate(codes)
        ).lower()


def _unpacked(key: str) -> str:
    return _PACKED_ENDING.sub("", key)


def _is_like_a_log(name: str) -> bool:
    """Whether a name has the ending of a log or an archive, no ending, or a number."""
    _, dot, ending = _unpacked(name).lower().rpartition(".")
    is_other = bool(dot) and re.fullmatch("[a-z]{1,5}[0-9]{0,3}", ending) is not None and ending not in _LOGS
    return bool(name) and not is_other and "manifest" not in name.lower()


def _without_repeats(folders: Sequence[tuple[Atom, ...]]) -> Iterator[tuple[Atom, ...]]:
    """The folders; one that repeats a directive of the date becomes a glob, as a regex names each group once."""
    seen: set[str] = set()
    for piece in folders:
        known = any(isinstance(atom, Directive) and atom.code in seen for atom in piece)
        yield piece if not known else _ANY
        seen.update(atom.code for atom in piece if isinstance(atom, Directive))


def _loosened(name: tuple[Atom, ...]) -> Iterator[re.Pattern[str]]:
    """Patterns of a name with any ending: one, or for a name with a date what is before and after the date."""
    dated = [
        index
        for index, atom in enumerate(name)
        if isinstance(atom, Directive) and atom.code not in url_template.TIME_CODES
    ]
    if name == DEEP:
        yield re.compile("[^/]+", re.DOTALL)
        return
    if dated:
        yield re.compile(stars_regex(between_stars(name[: dated[0]], set())), re.DOTALL)
        name = name[dated[-1] + 1 :]
    yield re.compile(stars_regex([*between_stars(_without_ending(name), set()), ""]), re.DOTALL)


def _without_ending(name: tuple[Atom, ...]) -> tuple[Atom, ...]:
    """A name without its ending, such as `.gz` or `.log*`."""
    while name and name[-1] == Glob("*"):
        name = name[:-1]
    last = name[-1] if name else None
    if isinstance(last, Text) and (cut := re.sub(r"(?:\.[A-Za-z0-9]{1,7})+\Z", "", last.text)) != last.text:
        return (*name[:-1], Text(cut)) if cut else name[:-1]
    return name
