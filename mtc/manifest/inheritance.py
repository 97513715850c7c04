"""How settings are inherited: a file over what it extends, an environment over the file, a site over the manifest.

Maps merge, lists and values replace, null removes. What comes out is one tree in which each value knows its place.
"""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from mtc.core.errors import Problem
from mtc.core.suggest import suggest
from mtc.manifest.deprecations import OldNames
from mtc.manifest.nodes import KeyPath, Map, MapEntry, Node, Scalar, is_null, text_of
from mtc.manifest.yaml import read_file

_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_RELATIVE = "the path is relative to this file"
_MAX_CHAIN = 20
_MAX_ENVIRONMENTS = 100


def merge(base: Node, over: Node, path: KeyPath = ()) -> Node:
    """Merge `over` into `base`. A null stays in the tree, so that it hides what would be inherited."""
    if not (isinstance(base, Map) and isinstance(over, Map)) or _is_one_value(path):
        return over
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        known = entries.get(key)
        if known is None:
            entries[key] = entry
        elif path == ("sites",) and is_null(entry.node):
            del entries[key]
        else:
            entries[key] = MapEntry(entry.mark, merge(known.node, entry.node, (*path, key)))
    return replace(over, entries=entries, weight=base.weight + over.weight)


def _is_one_value(path: KeyPath) -> bool:
    """Whether the setting is replaced as a whole: `{last: 7}` over `{from: .., to: ..}`, or one format over another."""
    below_environment = path[2:] if path[:1] == ("environments",) else path
    key = below_environment[2:] if below_environment[:1] == ("sites",) else below_environment
    is_of_site = key != below_environment
    return below_environment == ("dates",) or key == ("source", "format") or (is_of_site and key == ("format",))


def inherit(top: Map, site: Map) -> Map:
    """A site's settings merged over those of the manifest, section by section and key by key."""
    resolved = site
    for key in ("source", "archive", "filters", "hits", "freshness"):
        base, over = top.entries.get(key), site.entries.get(key)
        if base is not None and over is None:
            resolved = resolved.with_(key, base)
        elif base is not None and over is not None:
            resolved = resolved.with_(key, MapEntry(over.mark, merge(base.node, over.node, (key,))))
    return _short_format(resolved)


def _short_format(site: Map) -> Map:
    """`format` of a site is short for `source: {format: ...}`."""
    short, source = site.entries.get("format"), site.map("source")
    if short is None or is_null(short.node) or source is None:
        return site
    return site.with_("source", MapEntry(site.entries["source"].mark, source.with_("format", short)))


def resolve_sites(tree: Map) -> Map:
    """The tree with each site holding what it inherits."""
    entry, sites = tree.entries.get("sites"), tree.map("sites")
    if entry is None or sites is None:
        return tree
    resolved = {
        name: MapEntry(each.mark, inherit(tree, each.node)) if isinstance(each.node, Map) else each
        for name, each in sites.entries.items()
    }
    return tree.with_("sites", MapEntry(entry.mark, replace(sites, entries=resolved)))


@dataclass(slots=True)
class Assembly:
    """A manifest as read: the merged tree (without `extends` and `environments`), the environments, the bases.

    `whole` is false when a base could not be read: a missing key may be in that base. `warnings` are about renamed
    keys.
    """

    file: Path
    tree: Map | None = None
    environments: Map | None = None
    bases: tuple[Path, ...] = ()
    whole: bool = True
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def environment(self, name: str) -> Map | None:
        """The tree with an environment merged over it; None when there is no such environment."""
        entry = self.environments.entries.get(name) if self.environments else None
        if self.tree is None or entry is None:
            return None
        merged = merge(self.tree, entry.node)
        return merged if isinstance(merged, Map) else self.tree

    def unknown_environment(self, name: str) -> Problem:
        """The problem that there is no environment of this name."""
        known = self.environments.entries if self.environments else {}
        what = f"there is no environment {name}"
        hint = suggest(name, known) or "this manifest has none"
        if self.tree is None or self.environments is None:
            return Problem(str(self.file), 1, 1, "environments", what, hint)
        return self.environments.mark.problem("environments", what, hint)


def assemble(file: Path) -> Assembly:
    """Read a manifest and what it extends."""
    assembly = Assembly(file)
    merged = _read(file, assembly, (file,))
    if merged is None:
        return assembly
    _read_environments(assembly, merged)
    assembly.tree = merged.without("extends", "environments")
    return assembly


def _read(file: Path, assembly: Assembly, chain: tuple[Path, ...]) -> Map | None:
    tree, problems = read_file(file)
    assembly.problems += problems
    if tree is None:
        assembly.whole = False
        return None
    names = OldNames()
    tree = names.replaced(tree)
    assembly.problems += names.problems
    assembly.warnings += names.warnings
    entry = tree.entries.get("extends")
    if entry is None or is_null(entry.node):
        return tree
    base = _base(entry, file, assembly, chain)
    merged = merge(base, tree) if base is not None else tree
    return merged if isinstance(merged, Map) else tree


def _base(entry: MapEntry, file: Path, assembly: Assembly, chain: tuple[Path, ...]) -> Map | None:
    """The tree of the file that `extends` names, merged with what that file extends."""
    name = text_of(entry.node)
    if not name:
        what = "extends takes the path of one file"
        assembly.problems.append(entry.mark.problem("extends", what, "write it like `extends: sites.yaml`"))
        assembly.whole = False
        return None
    base = file.parent / name
    if (problem := _base_problem(base, chain)) is not None:
        assembly.problems.append(entry.node.mark.problem("extends", *problem))
        assembly.whole = False
        return None
    assembly.bases = (*assembly.bases, base)
    return _read(base, assembly, (*chain, base))


def _is_in_project(base: Path, manifest: Path) -> bool:
    """Whether a base is inside the manifest's project, with links resolved."""
    return any(base.resolve().is_relative_to(_project(each)) for each in (manifest, manifest.resolve()))


def _project(manifest: Path) -> Path:
    """The project's folder: the one above `manifests`, else the manifest's own."""
    above = next((each.parent for each in reversed(manifest.parents) if each.name == "manifests"), manifest.parent)
    return above.resolve()


def _base_problem(base: Path, chain: tuple[Path, ...]) -> tuple[str, str] | None:
    """What is wrong with a base, and a hint; None if nothing is. One outside the project could be any file."""
    if len(chain) > _MAX_CHAIN:
        return f"more than {_MAX_CHAIN} files extend one another", "put some of them together"
    try:
        if base.resolve() in {each.resolve() for each in chain}:
            chain_text = " -> ".join(each.name for each in (*chain, base))
            return f"{base.name} extends itself", f"remove one `extends` from {chain_text}"
        if not _is_in_project(base, chain[0]):
            return f"{base.name} is outside the project", f"move it into {_project(chain[0])}"
        return None if base.is_file() else (f"there is no file {base.name} to extend", _RELATIVE)
    except (OSError, ValueError, RuntimeError):
        return "the path of the base cannot be resolved", _RELATIVE


def _read_environments(assembly: Assembly, merged: Map) -> None:
    """Read the environments that are maps; report what is wrong with the others."""
    entry = merged.entries.get("environments")
    if entry is None or is_null(entry.node):
        return
    if not isinstance(entry.node, Map):
        assembly.problems.append(entry.mark.problem("environments", "not a map", "write `NAME: {...}` lines below it"))
        return
    if len(entry.node.entries) > _MAX_ENVIRONMENTS:
        assembly.problems.append(entry.mark.problem("environments", f"more than {_MAX_ENVIRONMENTS} environments"))
        return
    environments: dict[str, MapEntry] = {}
    for name, each in entry.node.entries.items():
        where = f"environments.{name}"
        if not _ENVIRONMENT.fullmatch(name):
            hint = "use letters, digits, dashes and underscores"
            assembly.problems.append(each.mark.problem(where, f"{name} cannot be a name", hint))
        elif isinstance(each.node, Map):
            environments[name] = MapEntry(each.mark, _environment_keys(assembly, each.node, where))
        elif not (isinstance(each.node, Scalar) and each.node.value is None):
            hint = "write `key: value` lines below it"
            assembly.problems.append(each.mark.problem(where, "an environment is a map of settings", hint))
    assembly.environments = Map(entry.mark, environments)


def _environment_keys(assembly: Assembly, node: Map, where: str) -> Map:
    for key in ("extends", "environments"):
        if key in node.entries:
            mark, hint = node.entries[key].mark, "move it to the top level"
            assembly.problems.append(mark.problem(where, f"{key} is not allowed in an environment", hint))
    return node.without("extends", "environments")
