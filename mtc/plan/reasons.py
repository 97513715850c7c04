"""Reasons in words: which setting, which object, which line of the manifest."""

from collections.abc import Iterable

from mtc.manifest.project import Project
from mtc.model import LoadedObject, SourceObject
from mtc.plan.fingerprint import Changes, Fingerprint

_SHOWN = 3


def setting_changes(project: Project, site: str, before: Fingerprint, now: Fingerprint) -> tuple[str, ...]:
    """Each setting that differs from the recorded one, with the place where it now stands."""
    changes = []
    for name in now.since(before).settings:
        old, new = before.setting(name), now.setting(name)
        changes.append(f"{name}: {old or 'none'} → {new or 'none'}{_place(project, site, name, unset=not new)}")
    return tuple(changes)


def input_changes(changes: Changes) -> tuple[str, ...]:
    """Which inputs are new, changed or gone."""
    return (
        *few("new input", changes.added),
        *few("changed input", changes.changed),
        *few("input gone", changes.gone),
    )


def older_recipe(before: int, now: int) -> str:
    """That an earlier way of counting made it."""
    return f"counted by an older mtc (recipe {before}, now {now})"


def _place(project: Project, site: str, name: str, *, unset: bool) -> str:
    """Where a setting is written, the site's own place first; one that is `null` has only its parent's place."""
    names = [name.partition(".")[0]] if unset else [name, name.removeprefix("source.")]
    for path in (*(f"sites.{site}.{each}" for each in names), names[0]):
        if path in project.places:
            return f" ({project.places[path]})"
    return ""


def few(prefix: str, names: Iterable[str]) -> tuple[str, ...]:
    """One reason for each of the first names, then how many more there are."""
    listed = list(names)
    shown = [f"{prefix}: {name}" for name in listed[:_SHOWN]]
    return (*shown, f"{prefix}: {len(listed) - _SHOWN} more") if len(listed) > _SHOWN else tuple(shown)


def changed_object(old: LoadedObject, new: SourceObject) -> str:
    """How an object differs from what was loaded."""
    if old.object.size != new.size:
        return f"{new.key} ({old.object.size} → {new.size} bytes)"
    return f"{new.key} (same size, other {'ETag' if new.etag else 'time'})"


def lost_object(old: LoadedObject, *, part: bool) -> str:
    """An object that cannot be loaded again, as it is gone, and `part` says that its hits are too; its copy may be."""
    copy = f"; its copy is {old.archived}" if old.archived else ""
    return f"{old.object.key} is gone from the source{', and so is its part' if part else ''}{copy}"
