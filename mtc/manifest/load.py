"""A manifest's file into a resolved project, or into every problem that it has.

One merged tree, from references to models: filled in, resolved site by site, and checked. All problems at once.
"""

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mtc.core.errors import ManifestError, Problem
from mtc.core.frozen_model import Model
from mtc.core.suggest import nearest
from mtc.manifest.error_text import Spot, check, not_a_map
from mtc.manifest.inheritance import assemble, inherit
from mtc.manifest.models import DateRange, DateText, LastDays, Manifest, Source
from mtc.manifest.nodes import KeyPath, Map, MapEntry, Node, Scalar, Seq, is_null, text_of
from mtc.manifest.project import Project, project_root, resolve_project
from mtc.manifest.redaction import is_secret
from mtc.manifest.references import ListFiles, Substitution
from mtc.manifest.rules import Checks
from mtc.sources.settings import Archive

_DATES = "write today, yesterday, 2026-05-01, {last: 7} or {from: 2026-01-01, to: 2026-03-31}"
_MAX_RESOLVED_VALUES = 1_000_000
_SHORT = {"format": "source", "hosts": "filters"}


class _Day(Model):
    """A date that stands alone under `dates`."""

    dates: DateText


@dataclass(frozen=True, slots=True)
class ValidatedTree:
    """A tree's models, unless there are problems."""

    tree: Map
    manifest: Manifest | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class TreeValidation:
    """How to look at a tree.

    Without `environ` no reference is followed; without `secrets`, none that stands for a secret. `sites` are those
    whose credentials are needed, None for all.
    A `partial` tree is only a base: nothing counts as missing from it.
    """

    root: Path
    environ: Mapping[str, str] | None = None
    secrets: bool = True
    sites: Collection[str] | None = None
    partial: bool = False

    def validate(self, tree: Map) -> ValidatedTree:
        """Fill in, settle, check."""
        substitution = Substitution(self.environ)
        filled = substitution.fill_map(tree.without("credentials"), needed=self._needed)
        listed = ListFiles(self.root)
        filled = listed.fill(filled)
        if too_much := _too_much(filled):
            return ValidatedTree(filled, None, (too_much,))
        resolved = self._credentials(resolve_sites(filled), tree, substitution)
        shaped = self._shape(resolved)
        problems = [*substitution.problems, *listed.problems, *sites_problems(resolved, tree)]
        problems += shaped if isinstance(shaped, list) else []
        problems += Checks(resolved, self.root, self.partial).run()
        return ValidatedTree(resolved, None if isinstance(shaped, list) else shaped, in_order(problems))

    def _credentials(self, resolved: Map, tree: Map, substitution: Substitution) -> Map:
        """Fill in the credentials that are used; of the others only what stands there as text is kept."""
        entry, written = tree.entries.get("credentials"), tree.map("credentials")
        if entry is None or written is None:
            return resolved if entry is None else resolved.with_("credentials", entry)
        used = {*self._used(resolved)}
        filled = substitution.fill_map(
            written, ("credentials",), needed=lambda path: path[1] in used and self._needed(path)
        )
        if self.environ is not None:
            kept = {name: MapEntry(each.mark, _closed(each.node)) for name, each in filled.entries.items()}
            filled = replace(filled, entries=kept)
        return resolved.with_("credentials", MapEntry(entry.mark, filled))

    def _needed(self, path: KeyPath) -> bool:
        return self.secrets or not is_secret(path)

    def _used(self, resolved: Map) -> Iterable[str]:
        sites = resolved.map("sites")
        for name in sites.entries if sites else ():
            for part in ("source", "archive"):
                used = text_of(resolved.get("sites", name, part, "credentials"))
                if used and (self.sites is None or name in self.sites):
                    yield used

    def _shape(self, resolved: Map) -> Manifest | list[Problem]:
        """Read the tree into the models; the manifest's own source and archive may be pieces for sites to complete."""
        problems: list[Problem] = []
        for key, model in (("source", Source), ("archive", Archive)):
            node = resolved.map(key)
            piece = check(model, node, (key,), partial=True) if node else _no_map(resolved, key)
            problems += piece if isinstance(piece, list) else []
        problems += (dates := dates_problems(resolved))
        whole = resolved.without("source", "archive", *(["dates"] if dates else []))
        shaped = check(Manifest, whole, partial=self.partial)
        if isinstance(shaped, list) or problems:
            return [*problems, *(shaped if isinstance(shaped, list) else [])]
        return shaped


def _closed(credentials: Node) -> Node:
    """Credentials without the settings, other than secrets, that are left open: no rule could hold for them."""
    if not isinstance(credentials, Map):
        return credentials
    nodes = {key: each.node for key, each in credentials.entries.items() if not is_secret(("credentials", "", key))}
    return credentials.without(*(key for key, node in nodes.items() if isinstance(node, Scalar) and node.open))


def _no_map(resolved: Map, key: str) -> list[Problem]:
    entry = resolved.entries.get(key)
    if entry is None or is_null(entry.node) or isinstance(entry.node, Map):
        return []
    return [not_a_map(Spot(entry.mark, entry.node, (key,)), Source if key == "source" else Archive)]


def _too_much(tree: Map) -> Problem | None:
    """Every site holds what it inherits: refuse a manifest that would not fit into memory so."""
    sites = tree.map("sites")
    shared = sum(node.weight for key in ("source", "archive", "filters", "hits") if (node := tree.get(key)))
    if sites is None or len(sites.entries) * shared <= _MAX_RESOLVED_VALUES:
        return None
    return tree.key_mark("sites").problem("sites", "too many sites for so many shared settings", "split the manifest")


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


def sites_problems(resolved: Map, tree: Map) -> list[Problem]:
    """Sites without any text, and what is given twice: by a short form of a site, and in full."""
    found: list[Problem] = []
    sites, written = resolved.map("sites"), tree.map("sites")
    for name, entry in (sites.entries if sites else {}).items():
        if is_null(entry.node):
            hint = f"write `{name}: {{}}` for a site without settings of its own"
            found.append(entry.mark.problem(f"sites.{name}", "there is nothing in it, and nothing to remove", hint))
        for short, section in _SHORT.items():
            if written and _is_given(written.get(name, short)) and _is_given(written.get(name, section, short)):
                mark = written.key_mark(name, short)
                what = f"{short} and {section}.{short} are both given"
                found.append(mark.problem(f"sites.{name}", what, "keep one"))
    return found


def _is_given(node: Node | None) -> bool:
    """Whether there is something: an empty list is nothing."""
    return node is not None and not (isinstance(node, Seq) and not node.items)


def dates_problems(tree: Map) -> list[Problem]:
    """What is wrong with `dates`: each form has its own rules, so a union's list of failures would say too much."""
    entry = tree.entries.get("dates")
    if entry is None or is_null(entry.node) or text_of(entry.node) in {"today", "yesterday"}:
        return []
    node = entry.node
    if isinstance(node, Map):
        found: object = check(_dates_model(node), node, ("dates",))
    elif isinstance(node, Seq) or not isinstance(node.value, str):
        return [(node.mark if isinstance(node, Scalar) else entry.mark).problem("dates", "no choice of days", _DATES)]
    else:
        found = check(_Day, Map(entry.mark, {"dates": entry}))
        word = nearest(node.text, ("today", "yesterday"))
        if word and isinstance(found, list):
            return [replace(each, hint=f"did you mean {word}?") for each in found]
    return found if isinstance(found, list) else []


def _dates_model(node: Map) -> type[LastDays | DateRange]:
    """Which form of a map is meant: the one whose keys it has, or nearly has."""
    meant = {nearest(key, ("last", "from", "to")) for key in node.entries}
    return LastDays if "last" in meant and not {"from", "to"} & set(node.entries) else DateRange


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem once, however many sites inherit it, in order of place."""
    first: dict[tuple[object, ...], Problem] = {}
    for each in problems:
        first.setdefault((each.file, each.line, each.column, each.what), each)
    return tuple(sorted(first.values()))


def load(
    path: Path,
    *,
    env: str | None = None,
    environ: Mapping[str, str] | None = None,
    secrets_needed: bool = True,
    sites: Collection[str] | None = None,
) -> Project:
    """Read a manifest.

    Args:
        path: The manifest's file.
        env: The environment to lay over it.
        environ: What `${NAME}` is looked up in; the process's environment by default.
        secrets_needed: Whether secrets must resolve. If not, none is looked up, and each keeps its `${NAME}` as a
            placeholder. Other references always must: a folder called `${LOGS}` would be worse than a message.
        sites: The sites whose credentials must resolve; all by default.

    Raises:
        ManifestError: With every problem that was found.
    """
    file = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would leave the folder of a linked manifest)
    made = assemble(file)
    tree = made.environment(env) if env else made.tree
    problems = list(made.problems)
    if made.tree is not None and tree is None:
        problems.append(made.unknown_environment(env or ""))
        tree = made.tree
    if tree is None:
        raise ManifestError(in_order(problems))
    root = project_root(file)
    values = os.environ if environ is None else environ
    validated = TreeValidation(root, values, secrets_needed, sites, partial=not made.whole).validate(tree)
    problems += validated.problems
    if problems or validated.manifest is None:
        raise ManifestError(in_order(problems))
    return resolve_project(validated.manifest, validated.tree, file, env or "")
