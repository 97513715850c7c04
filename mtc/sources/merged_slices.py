"""Consecutive slices of a log as one: where it lies, and what proves that its text is as it was read."""

import dataclasses
import functools
import itertools
from collections.abc import Iterable, Iterator, Sequence

from mtc.core.model import Slice, SourceObject
from mtc.sources.log_identity import digest


def slice_etag(part: Slice) -> str:
    """The ETag of a slice: a digest of where it is, and of what its text ends with."""
    return f"slice-{digest(f'{part.log} {part.start} {part.stop} {part.tail}'.encode())[:32]}"


def bounds(part: Slice) -> Iterator[tuple[int, int]]:
    """Where the pieces begin and stop that a slice was fetched in: one, unless it was merged."""
    return itertools.pairwise((part.start, *(part.pieces or (part.stop,))))


def merged_content(contents: Iterable[str]) -> str:
    """The digest of what was fetched in these pieces, from theirs; of one piece it is the piece's own."""
    return functools.reduce(lambda before, after: digest(f"{before} {after}".encode()), contents)


def merged_slice(objects: Sequence[SourceObject]) -> SourceObject:
    """The slice from the first one's start to the last one's stop; none of them may have been merged.

    It has the key of the first one, so that it replaces that.

    Raises:
        ValueError: they are not consecutive slices of one log.
    """
    parts = [item.slice for item in objects if item.slice is not None and not item.slice.pieces]
    if len(parts) != len(objects) or any(
        (after.log, after.start) != (before.log, before.stop) for before, after in itertools.pairwise(parts)
    ):
        raise ValueError("only consecutive slices of one log can be merged")
    first, last = parts[0], parts[-1]
    part = dataclasses.replace(
        last,
        start=first.start,
        format=first.format,
        header=first.header,
        since=first.since,
        pieces=tuple(part.stop for part in parts),
        first_lines="".join(part.first_lines for part in parts),
    )
    modified = max(item.modified for item in objects)
    return SourceObject(objects[0].key, part.stop - part.start, slice_etag(part), modified, part)
