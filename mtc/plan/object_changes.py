"""The objects of a day in the source compared with those that are loaded. Pure."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from mtc.core.model import LoadedObject, SourceObject

_COMPRESSED = re.compile(r"\.(gz|bz2|xz|zst)\Z")

Pair = tuple[LoadedObject, SourceObject]


@dataclass(slots=True)
class ObjectChanges:
    """Every object in one list, in the order of keys.

    late            in the source, and not loaded
    changed         loaded in another version
    moved           loaded under another key that is gone: renamed or compressed since
    other_settings  loaded with other settings than today's
    missing_parts   loaded, but the files of its hits are gone
    older           loaded by an older recipe, and to be loaded again
    same            loaded as it should be
    vanished        loaded, and no longer in the source, or emptied there
    unrecoverable   vanished, and the files of its hits are gone too
    emptied         the empty object in the source where a vanished one was
    """

    late: list[SourceObject] = field(default_factory=list)
    changed: list[Pair] = field(default_factory=list)
    moved: list[Pair] = field(default_factory=list)
    other_settings: list[Pair] = field(default_factory=list)
    missing_parts: list[Pair] = field(default_factory=list)
    older: list[Pair] = field(default_factory=list)
    same: list[LoadedObject] = field(default_factory=list)
    vanished: list[LoadedObject] = field(default_factory=list)
    unrecoverable: list[LoadedObject] = field(default_factory=list)
    emptied: list[SourceObject] = field(default_factory=list)

    @property
    def is_same(self) -> bool:
        """Whether all that was loaded is in the source as it should be, and nothing else."""
        pairs = self.changed or self.moved or self.other_settings or self.missing_parts or self.older
        return not (self.late or self.vanished or self.emptied or pairs)

    @property
    def to_load(self) -> tuple[SourceObject, ...]:
        """The objects that have to be loaded, by key."""
        pairs = (*self.changed, *self.moved, *self.other_settings, *self.missing_parts, *self.older)
        return tuple(sorted((*self.late, *(new for _, new in pairs))))


def compare(
    objects: Iterable[SourceObject],
    loaded: Iterable[LoadedObject],
    made_with: str,
    missing: Collection[str],
    recipe: int = 0,
) -> ObjectChanges:
    """Compare the objects in the source with the loaded ones. `missing` are listed part files that do not exist.

    `made_with` is the digest of today's settings. Objects that a recipe before `recipe` loaded are to be loaded again.
    """
    found = ObjectChanges()
    before = {item.object.key: item for item in sorted(loaded, key=lambda item: item.object.key)}
    for item in sorted(objects):
        if _is_emptied(item, before.get(item.key)):
            found.emptied.append(item)
            continue
        old = before.pop(item.key, None)
        if old is None:
            found.late.append(item)
        else:
            _sort_known(found, old, item, made_with, missing)
            if recipe > old.recipe and found.same and found.same[-1] is old:
                found.older.append((found.same.pop(), item))
    _sort_vanished(found, before, missing)
    return found


def _is_emptied(item: SourceObject, old: LoadedObject | None) -> bool:
    """Whether a loaded log is empty now, which counts as removed. A slice that is empty was replaced by others."""
    return old is not None and item.size == 0 and old.object.size > 0 and item.slice is None


def _sort_known(
    found: ObjectChanges, old: LoadedObject, item: SourceObject, made_with: str, missing: Collection[str]
) -> None:
    if old.object.version != item.version:
        found.changed.append((old, item))
    elif old.made_with != made_with:
        found.other_settings.append((old, item))
    elif _lacks_parts(old, missing):
        found.missing_parts.append((old, item))
    else:
        found.same.append(old)


def _sort_vanished(found: ObjectChanges, vanished: dict[str, LoadedObject], missing: Collection[str]) -> None:
    """Pair late objects with vanished ones that are the same log under another key: lines must not count twice."""
    if vanished and found.late:
        late, found.late = found.late, []
        for item in late:
            old = _earlier(item, vanished)
            if old is None:
                found.late.append(item)
            else:
                found.moved.append((vanished.pop(old.object.key), item))
    found.vanished = list(vanished.values())
    found.unrecoverable = [old for old in found.vanished if _lacks_parts(old, missing)]


def without_compression(key: str) -> str:
    """The key that a log had before it was compressed, or would have."""
    return _COMPRESSED.sub("", key)


def _earlier(item: SourceObject, vanished: dict[str, LoadedObject]) -> LoadedObject | None:
    name = without_compression(item.key)
    return next((old for key, old in vanished.items() if without_compression(key) == name or _same(old, item)), None)


def _same(old: LoadedObject, item: SourceObject) -> bool:
    """Whether both are the same object: by ETag, which depends on the content; else by size, time and file name."""
    alike = item.size > 0 and (old.object.size, old.object.version) == (item.size, item.version)
    return alike and (bool(item.etag) or old.object.name == item.name)


def _lacks_parts(old: LoadedObject, missing: Collection[str]) -> bool:
    return bool(missing) and any(part.file in missing for part in old.parts)
