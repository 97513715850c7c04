"""One merged tree of settings into the models, or every problem that it has.

References and lists are filled in, each site gets what it inherits, the models read the tree, and the rules compare
settings with one another. No step stops at the first problem.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mtc.core.errors import Problem
from mtc.core.frozen_model import Model
from mtc.core.suggest import nearest
from mtc.manifest.dates import DateRange, DateText, LastDays
from mtc.manifest.inheritance import resolve_sites
from mtc.manifest.model_errors import parse_model
from mtc.manifest.models import Manifest, Source
from mtc.manifest.nodes import KeyPath, Map, MapEntry, Node, Scalar, Seq, is_null, is_secret, text_of
from mtc.manifest.references import ListFiles, Substitution
from mtc.manifest.rules import ManifestRules
from mtc.manifest.value_messages import Position, not_a_map
from mtc.sources.settings import Archive

_DATES_HINT = "write today, yesterday, 2026-05-01, {last: 7} or {from: 2026-01-01, to: 2026-03-31}"
_MAX_RESOLVED_VALUES = 1_000_000
_SHORT_FORMS = {"format": "source", "hosts": "filters"}


class _Day(Model):
    """A single date under `dates`."""

    dates: DateText


@dataclass(frozen=True, slots=True)
class ValidatedTree:
    """The result: the filled tree, and its model unless there are problems."""

    tree: Map
    manifest: Manifest | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class TreeValidation:
    """How to validate a tree.

    Without `environ` no reference is resolved; without `secrets`, none in a secret setting. `sites` are those whose
    credentials are needed, None for all. A `partial` tree is a base: nothing counts as missing from it.
    """

    root: Path
    environ: Mapping[str, str] | None = None
    secrets: bool = True
    sites: Collection[str] | None = None
    partial: bool = False

    def validate(self, tree: Map) -> ValidatedTree:
        """Fill in references and lists, give each site what it inherits, read the models, check the rules."""
        substitution = Substitution(self.environ)
        filled = substitution.fill_map(tree.without("credentials"), needed=self._needed)
        lists = ListFiles(self.root)
        filled = lists.fill(filled)
        if too_large := _size_problem(filled):
            return ValidatedTree(filled, None, (too_large,))
        resolved = self._credentials(resolve_sites(filled), tree, substitution)
        parsed = self._parse(resolved)
        problems = [*substitution.problems, *lists.problems, *_sites_problems(resolved, tree)]
        problems += parsed if isinstance(parsed, list) else []
        problems += ManifestRules(resolved, self.root, self.partial).problems()
        return ValidatedTree(resolved, None if isinstance(parsed, list) else parsed, in_order(problems))

    def _credentials(self, resolved: Map, tree: Map, substitution: Substitution) -> Map:
        """Fill in the credentials that are used; settings of the others with an unresolved `${NAME}` are dropped."""
        entry, written = tree.entries.get("credentials"), tree.map("credentials")
        if entry is None or written is None:
            return resolved if entry is None else resolved.with_("credentials", entry)
        used = {*self._used(resolved)}
        filled = substitution.fill_map(
            written, ("credentials",), needed=lambda path: path[1] in used and self._needed(path)
        )
        if self.environ is not None:
            entries = {
                name: MapEntry(each.mark, _without_open_settings(each.node)) for name, each in filled.entries.items()
            }
            filled = replace(filled, entries=entries)
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

    def _parse(self, resolved: Map) -> Manifest | list[Problem]:
        """Read the tree into the models. The manifest's own source and archive may be incomplete: sites add to them."""
        problems: list[Problem] = []
        for key, model in (("source", Source), ("archive", Archive)):
            node = resolved.map(key)
            piece = parse_model(model, node, (key,), partial=True) if node else _not_a_map_problems(resolved, key)
            problems += piece if isinstance(piece, list) else []
        problems += (dates := _dates_problems(resolved))
        whole = resolved.without("source", "archive", *(["dates"] if dates else []))
        parsed = parse_model(Manifest, whole, partial=self.partial)
        if isinstance(parsed, list) or problems:
            return [*problems, *(parsed if isinstance(parsed, list) else [])]
        return parsed


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem once, however many sites inherit it, in order of place."""
    first: dict[tuple[object, ...], Problem] = {}
    for each in problems:
        first.setdefault((each.file, each.line, each.column, each.what), each)
    return tuple(sorted(first.values()))


def _without_open_settings(credentials: Node) -> Node:
    """Credentials without settings, other than secrets, whose `${NAME}` is unresolved: they cannot be checked."""
    if not isinstance(credentials, Map):
        return credentials
    nodes = {key: each.node for key, each in credentials.entries.items() if not is_secret(("credentials", "", key))}
    return credentials.without(*(key for key, node in nodes.items() if isinstance(node, Scalar) and node.open))


def _not_a_map_problems(resolved: Map, key: str) -> list[Problem]:
    entry = resolved.entries.get(key)
    if entry is None or is_null(entry.node) or isinstance(entry.node, Map):
        return []
    return [not_a_map(Position(entry.mark, entry.node, (key,)), Source if key == "source" else Archive)]


def _size_problem(tree: Map) -> Problem | None:
    """The problem of a manifest that would not fit into memory, as every site gets a copy of what it inherits."""
    sites = tree.map("sites")
    shared = sum(node.weight for key in ("source", "archive", "filters", "hits") if (node := tree.get(key)))
    if sites is None or len(sites.entries) * shared <= _MAX_RESOLVED_VALUES:
        return None
    return tree.key_mark("sites").problem("sites", "too many sites for so many shared settings", "split the manifest")


def _sites_problems(resolved: Map, tree: Map) -> list[Problem]:
    """Sites with nothing in them, and settings given twice: by a short form and in full."""
    found: list[Problem] = []
    sites, written = resolved.map("sites"), tree.map("sites")
    for name, entry in (sites.entries if sites else {}).items():
        if is_null(entry.node):
            hint = f"write `{name}: {{}}` for a site without settings of its own"
            found.append(entry.mark.problem(f"sites.{name}", "it is empty, and there is nothing to remove", hint))
        for short, section in _SHORT_FORMS.items():
            if written and _is_given(written.get(name, short)) and _is_given(written.get(name, section, short)):
                mark = written.key_mark(name, short)
                what = f"{short} and {section}.{short} are both given"
                found.append(mark.problem(f"sites.{name}", what, "keep one"))
    return found


def _is_given(node: Node | None) -> bool:
    """Whether a setting is given; an empty list is not."""
    return node is not None and not (isinstance(node, Seq) and not node.items)


def _dates_problems(tree: Map) -> list[Problem]:
    """What is wrong with `dates`. Only the form that is meant is checked: the errors of all forms would confuse."""
    entry = tree.entries.get("dates")
    if entry is None or is_null(entry.node) or text_of(entry.node) in {"today", "yesterday"}:
        return []
    node = entry.node
    if isinstance(node, Map):
        found: object = parse_model(_dates_model(node), node, ("dates",))
    elif isinstance(node, Seq) or not isinstance(node.value, str):
        mark = node.mark if isinstance(node, Scalar) else entry.mark
        return [mark.problem("dates", "no choice of days", _DATES_HINT)]
    else:
        found = parse_model(_Day, Map(entry.mark, {"dates": entry}))
        word = nearest(node.text, ("today", "yesterday"))
        if word and isinstance(found, list):
            return [replace(each, hint=f"did you mean {word}?") for each in found]
    return found if isinstance(found, list) else []


def _dates_model(node: Map) -> type[LastDays | DateRange]:
    """The form that a map is meant to be, by its keys and what they resemble."""
    meant = {nearest(key, ("last", "from", "to")) for key in node.entries}
    return LastDays if "last" in meant and not {"from", "to"} & set(node.entries) else DateRange
