"""Folders and patterns that would get into each other's way: copies read as logs, outputs among logs."""

import datetime as dt
import itertools
import os.path
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from mtc.manifest.urls import locate as located
from mtc.sources import days
from mtc.sources.archive_url import ArchiveUrl
from mtc.sources.language import Place, meet
from mtc.sources.pattern import DEEP, Pattern, class_regex
from mtc.sources.template import Atom, Dated, Text, Wild, locate, parse

_DAY = dt.date(2001, 2, 3)


def absolute(root: Path, path: str) -> PurePath:
    """A path from a manifest, from the project's root, without a look at the disk."""
    return PurePath(os.path.normpath(root / path))


def within(inner: PurePath, outer: PurePath) -> bool:
    """Whether one folder is the other, or lies in it."""
    return inner.is_relative_to(outer)


def folder_pairs(folders: dict[str, PurePath]) -> Iterator[tuple[str, str]]:
    """The names of each two folders that overlap, in the order given."""
    for (one, first), (other, second) in itertools.combinations(folders.items(), 2):
        if within(first, second) or within(second, first):
            yield one, other


def log_folder(url: str, root: Path) -> PurePath | None:
    """The folder that a source or an archive keeps to itself; None for S3 and for one that holds the project."""
    location = located(url)
    folder = absolute(root, location.root)
    return None if location.is_s3 or within(PurePath(root), folder) else folder


def archive_meets_source(
    source: str, archive: str, site: str, root: Path, owner: tuple[str, str] | None = None
) -> bool:
    """Whether a copy in the archive would be listed by the source: it would be read as a log again.

    `owner` is the source's URL and name of the site whose archive it is, if that is another than the source's.
    """
    ours = Pattern.compile(source, site)
    theirs = ArchiveUrl.compile(archive, owner[1] if owner else site)
    key = Pattern.compile(*owner).pieces if owner else ours.pieces
    where = _place(ours, root)
    return any(meet(where, copies, key=key) for copies in _places(theirs, root))


def outputs_meet_source(source: str, site: str, root: Path, outputs: Iterable[str]) -> bool:
    """Whether files of mtc's own would be listed by the source. `outputs` are paths with globs."""
    where = _place(Pattern.compile(source, site), root)
    for path in outputs:
        place = locate(path, site)
        if not place.bucket and meet(where, Place(_folder(root, place.root), parse(path, place.path, site))):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of a site's source: where they lie, what they are called, and some keys that stand for all."""

    base: str
    pattern: Pattern
    samples: tuple[str, ...]

    @classmethod
    def of(cls, url: str, site: str, root: Path) -> "Objects":
        """Those of a source's URL that has no findings."""
        pattern = Pattern.compile(url, site)
        return cls(_place(pattern, root).root, pattern, tuple(_samples(pattern)))

    def hold(self, other: "Objects") -> bool:
        """Whether every object of another source is one of this one, whatever its globs stand for."""
        keys = [other.base + key for key in other.samples]
        return bool(keys) and all(
            key.startswith(self.base) and self.pattern.match(key.removeprefix(self.base)) for key in keys
        )


def _place(pattern: Pattern, root: Path) -> Place:
    if pattern.bucket:
        return Place(f"s3://{pattern.bucket}/", pattern.pieces)
    return Place(_folder(root, pattern.root), pattern.pieces, walked=True)


def _places(archive: ArchiveUrl, root: Path) -> Iterator[Place]:
    """Where copies go; a link in a folder's path is followed, where it is there."""
    if archive.bucket:
        yield Place(f"s3://{archive.bucket}/", archive.pieces)
    else:
        yield Place(_folder(root, archive.root), archive.pieces)


def _folder(root: Path, path: str) -> str:
    """A folder's real path with a slash at its end."""
    return os.path.realpath(root / path).rstrip("/") + "/"


def _samples(pattern: Pattern) -> Iterator[str]:
    """Keys of a day in which globs are nothing, or texts that no other template has."""
    for text in ("", "\xf0", "\xf0\xd0\xf0"):
        key = "/".join(_sample(piece, text) for piece in pattern.pieces).removeprefix("/").replace("//", "/")
        if pattern.match(key) is not None:
            yield key


def _sample(piece: tuple[Atom, ...], text: str) -> str:
    if piece == DEEP:
        return "/".join(text)
    return "".join(_written(atom, text) for atom in piece) or "\xf0"


def _written(atom: Atom, text: str) -> str:
    match atom:
        case Text(own):
            return own
        case Dated(code):
            return "00" if code in days.TIME_CODES else days.write(code, _DAY)
        case Wild("*"):
            return text
        case Wild("?"):
            return "\xf0"
        case Wild(glob):
            return next((char for char in map(chr, range(33, 256)) if re.fullmatch(class_regex(glob), char)), "")
        case _:
            return ""


def copies_collide(source: str, archive: str, field: str) -> bool:
    """Whether objects that differ in `field` (site or date) could get one name in the archive."""
    piece = re.compile(rf"\{{{field}[:}}]")
    if "{key}" in archive or piece.search(archive):
        return False
    return piece.search(source.rpartition("/")[2]) is None
