"""Renamed keys of the manifest: the old name is still read, with a warning at its place that gives the new one.

A key is renamed by one line in `RENAMED`. The old name is replaced as soon as a file is read, so that nothing above
this module knows of it; the JSON Schema lists it as deprecated. `docs/stability.md` says how long an old name is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mtc.core.errors import Problem
from mtc.manifest.nodes import KeyPath, Map, MapEntry, Node, Seq

ANY = "NAME"
"""Any one name in the path of a section: `("credentials", "NAME")` is every entry of `credentials`."""

_SITE_SECTIONS = frozenset({"source", "archive", "filters", "hits", "freshness"})
"""The sections of a manifest that sites may have too."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """A key with a new name in the same section.

    `section` is the path of the section in a manifest, such as `("source",)`, and `()` for the manifest's own keys.
    The key is renamed wherever the section is allowed: in sites and environments too. The value keeps its meaning.
    `since` is the version of mtc that renamed it.
    """

    section: KeyPath
    old: str
    new: str
    since: str


RENAMED: tuple[Renamed, ...] = ()
"""Every old name that is still read; empty while no key has been renamed."""


@dataclass(slots=True)
class OldNames:
    """Replaces old names of keys in trees, and collects a warning for each."""

    warnings: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def replaced(self, tree: Map) -> Map:
        """The tree of one file with new names only. Trees are merged afterwards, as any base may have old names."""
        return self._map(tree, ()) if RENAMED else tree

    def _map(self, node: Map, path: KeyPath) -> Map:
        names = {each.old: each for each in renamed_in(path)}
        entries: dict[str, MapEntry] = {}
        for key, entry in node.entries.items():
            known = names.get(key)
            if known is None:
                entries[key] = MapEntry(entry.mark, self._node(entry.node, (*path, key)))
            elif known.new in node.entries:
                self.problems.append(_both(known, entry, path))
            else:
                self.warnings.append(_warning(known, entry, path))
                entries[known.new] = MapEntry(entry.mark, self._node(entry.node, (*path, known.new)))
        return replace(node, entries=entries)

    def _node(self, node: Node, path: KeyPath) -> Node:
        if isinstance(node, Map):
            return self._map(node, path)
        if isinstance(node, Seq):
            return replace(node, items=tuple(self._node(item, (*path, str(n))) for n, item in enumerate(node.items)))
        return node


def renamed_in(path: KeyPath) -> Iterator[Renamed]:
    """The old names that are read in the map at a path of a manifest's file."""
    section = _section(path)
    for each in RENAMED:
        if _fits(each.section, section):
            yield each


def _fits(pattern: KeyPath, section: KeyPath) -> bool:
    return len(pattern) == len(section) and all(
        expected in {ANY, key} for expected, key in zip(pattern, section, strict=True)
    )


def _section(path: KeyPath) -> KeyPath:
    """The section at a path, as a path without the environment or the site that it is in."""
    section = path[2:] if path[:1] == ("environments",) and len(path) > 1 else path
    if section[:1] != ("sites",) or len(section) < 3:  # noqa: PLR2004 (sites.NAME.SECTION)
        return section
    # a site's `format` is short for its source's
    inner = ("source", *section[2:]) if section[2] == "format" else section[2:]
    return inner if inner[0] in _SITE_SECTIONS else section


def _warning(known: Renamed, entry: MapEntry, path: KeyPath) -> Problem:
    what = f"{known.old} is an old name of this key, deprecated since mtc {known.since}"
    return entry.mark.problem(".".join((*path, known.old)), what, f"write {known.new}, which means the same")


def _both(known: Renamed, entry: MapEntry, path: KeyPath) -> Problem:
    what = f"{known.old} and {known.new} are both given, but are the same key"
    return entry.mark.problem(".".join((*path, known.old)), what, f"keep {known.new}; {known.old} is its old name")
