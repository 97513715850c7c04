"""Folders and patterns that would get into each other's way: copies read as logs, outputs among logs."""

import datetime as dt
import itertools
import os.path
import re
from collections.abc import Iterator
from pathlib import Path, PurePath

from mtc.manifest.urls import Location, fill, glob_matches, locate

_DAY = dt.date(2001, 2, 3)
_GLOBS = re.compile(r"\*\*|\*|\?")


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
    location = locate(url)
    folder = absolute(root, location.root)
    return None if location.is_s3 or within(PurePath(root), folder) else folder


def archive_meets_source(source: str, archive: str, site: str, root: Path) -> bool:
    """Whether a copy in the archive would fit the source's pattern: it would be read as a log again."""
    ours, theirs = locate(source), locate(archive)
    if ours.bucket != theirs.bucket:
        return False
    pattern, sample = _filled(ours, site), _GLOBS.sub("x", _filled(ours, site))
    key = sample if ours.is_s3 else sample[len(ours.root) :].lstrip("/")
    copy = fill(theirs.path, site=site, day=_DAY, name=sample.rpartition("/")[2], key=key)
    if ours.is_s3:
        return glob_matches(pattern, copy)
    return glob_matches(str(absolute(root, pattern)), str(absolute(root, copy)))


def _filled(location: Location, site: str) -> str:
    return fill(location.path, site=site, day=_DAY)


def copies_collide(source: str, archive: str, field: str) -> bool:
    """Whether objects that differ in `field` (site or date) could get one name in the archive."""
    piece = re.compile(rf"\{{{field}[:}}]")
    if "{key}" in archive or piece.search(archive):
        return False
    return piece.search(source.rpartition("/")[2]) is None
