"""Reasons in words: which setting, which object, which line of the manifest."""

from collections.abc import Iterable, Mapping

from mtc.manifest.project import Project
from mtc.model import LoadedObject, SourceObject
from mtc.plan.fingerprint import DEFAULTS, RECIPE

_SHOWN = 3


def setting_changes(
    project: Project, site: str, recorded: Mapping[str, str], settings: Mapping[str, str]
) -> tuple[str, ...]:
    """Each setting that differs from the recorded one, with the place where it now stands."""
    changes = []
    for name, new in sorted(settings.items()):
        old = recorded.get(name, DEFAULTS.get(name, ""))
        if old != new and name != RECIPE:
            changes.append(f"{name}: {old or 'none'} → {new or 'none'}{_place(project, site, name, unset=not new)}")
    return tuple(changes)


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


def lost_object(old: LoadedObject) -> str:
    """An object whose hits cannot be made again, as neither they nor the object are there; its copy may be."""
    copy = f"; its copy is {old.archived}" if old.archived else ""
    return f"{old.object.key} is gone from the source, and so is its part{copy}"
